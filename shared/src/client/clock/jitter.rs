//! [`JitterEstimator`]: how long recent messages were delayed, and what to expect of the next.
//!
//! A window of samples over a few seconds, and an upper bound of them that covers the path's jitter
//! but not its stalls. A delay far beyond nine in ten others is a spike: allowing for it would make
//! everything later by as much all the time. As soon as one in ten is like that, it is jitter. (An
//! audio jitter buffer answers the same question; WebRTC's NetEq by a histogram and a detector of
//! peaks.)

use std::collections::VecDeque;
use std::time::Duration;

use super::tuning::{
    BOUND_EVERY, SAMPLES_MAX, SHORTER_BY_TICKS, SHORTER_FOR, SHORTER_SAMPLES, SPIKE_QUANTILE,
};

/// Delays of a few seconds, in ticks. Only differences between them mean anything.
#[derive(Clone, Debug)]
pub(super) struct JitterEstimator {
    window: Duration,
    /// Part of the samples that the bound covers, spikes left out, up to 1.
    covered: f64,
    samples: VecDeque<(Duration, f64)>,
    computed_at: Option<Duration>,
    jitter_bound: Option<f64>,
    scratch: Vec<f64>,
}

impl JitterEstimator {
    pub(super) fn new(window: Duration, covered: f64) -> JitterEstimator {
        JitterEstimator {
            window,
            covered,
            samples: VecDeque::new(),
            computed_at: None,
            jitter_bound: None,
            scratch: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, now: Duration, ticks: f64) {
        let over = |(at, _): &(Duration, f64)| *at + self.window < now;
        while self.samples.len() >= SAMPLES_MAX || self.samples.front().is_some_and(over) {
            self.samples.pop_front();
        }
        self.samples.push_back((now, ticks));
    }

    /// The upper bound of usual delays; those beyond most by `spike_ticks` are spikes. `None`
    /// without samples.
    pub(super) fn jitter_bound(&mut self, now: Duration, spike_ticks: f64) -> Option<f64> {
        if self.computed_at.is_none_or(|at| at + BOUND_EVERY <= now) {
            self.computed_at = Some(now);
            self.jitter_bound = self.compute(spike_ticks);
        }
        self.jitter_bound
    }

    fn compute(&mut self, spike_ticks: f64) -> Option<f64> {
        self.forget_longer_path();
        let all = &mut self.scratch;
        all.clear();
        all.extend(self.samples.iter().map(|(_, ticks)| *ticks));
        if all.is_empty() {
            return None;
        }
        let most = quantile(all, SPIKE_QUANTILE) + spike_ticks;
        all.retain(|ticks| *ticks <= most);
        Some(quantile(all, self.covered))
    }

    /// When all samples since some moment are earlier than all before, the path has become shorter:
    /// the samples before are dropped.
    fn forget_longer_path(&mut self) {
        let Some((newest, _)) = self.samples.back() else { return };
        let from = newest.saturating_sub(SHORTER_FOR);
        let enough = self.samples.partition_point(|(at, _)| *at <= from);
        let enough = enough.min(self.samples.len().saturating_sub(SHORTER_SAMPLES));
        // The latest of each sample and those after it.
        let latest = &mut self.scratch;
        latest.clear();
        latest.extend(self.samples.iter().map(|(_, ticks)| *ticks));
        for at in (1..latest.len()).rev() {
            if latest[at] > latest[at - 1] {
                latest[at - 1] = latest[at];
            }
        }
        let mut earliest = f64::INFINITY;
        let mut last_split = 0;
        for (at, (_, ticks)) in self.samples.iter().enumerate().take(enough + 1) {
            if latest[at] + SHORTER_BY_TICKS < earliest {
                last_split = at;
            }
            if *ticks < earliest {
                earliest = *ticks;
            }
        }
        self.samples.drain(..last_split);
    }
}

/// The value that `part` of all values do not exceed. There must be one.
fn quantile(values: &mut [f64], part: f64) -> f64 {
    let at = libm::ceil(part * (values.len() - 1) as f64) as usize;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    const MS: Duration = Duration::from_millis(1);

    /// The bound of 300 samples of jitter from 0 to 1, every `every`th of which is a spike.
    fn jitter_bound(every: u32) -> f64 {
        let mut jitter = JitterEstimator::new(Duration::from_secs(10), 1.0);
        let mut dice = Dice::new(5, 5);
        for sample in 1..=300_u32 {
            let spike = if sample.is_multiple_of(every) { 9.0 } else { 0.0 };
            jitter.push(sample * 33 * MS, f64::from(dice.unit()) + spike);
        }
        jitter.jitter_bound(300 * 33 * MS, 3.0).expect("there are samples")
    }

    #[test]
    fn jitter_is_usual_and_a_rare_spike_is_not() {
        assert!((0.97..=1.0).contains(&jitter_bound(1_000)));
        assert!((0.97..=1.0).contains(&jitter_bound(30)));
    }

    #[test]
    fn spikes_that_come_often_enough_are_jitter() {
        assert!(jitter_bound(8) > 9.0);
    }

    #[test]
    fn a_path_that_has_become_shorter_is_believed_soon() {
        let mut jitter = JitterEstimator::new(Duration::from_secs(10), 1.0);
        let mut dice = Dice::new(5, 5);
        let mut now = Duration::ZERO;
        for (base, samples) in [(9.0, 200), (4.0, 90)] {
            for _ in 0..samples {
                now += 33 * MS;
                jitter.push(now, base + f64::from(dice.unit()));
                jitter.jitter_bound(now, 3.0);
            }
        }
        let bound = jitter.jitter_bound(now, 3.0).expect("there are samples");
        assert!((4.9..=5.0).contains(&bound), "{bound}");
    }

    #[test]
    fn what_has_left_the_window_is_forgotten() {
        let mut jitter = JitterEstimator::new(Duration::from_secs(2), 1.0);
        jitter.push(Duration::ZERO, 5.0);
        for second in 1..=4 {
            jitter.push(Duration::from_secs(second), 1.0);
        }
        assert_eq!(jitter.jitter_bound(Duration::from_secs(4), 3.0), Some(1.0));
    }
}
