//! [`Lateness`]: how late things came lately, and how late they are to be expected.
//!
//! A window of samples over a few seconds. What is asked of it is the worst that usually happens:
//! a line's jitter, but not its stalls. A value far beyond what nine in ten keep is a spike, and to
//! be ready for it would make everything later by as much all the time; but as soon as one in ten
//! is like that, that is how the line is. (The same question as that of an audio jitter buffer;
//! WebRTC's NetEq asks it by a histogram and a detector of peaks.)

use std::collections::VecDeque;
use std::time::Duration;

use super::tuning::{
    BOUND_EVERY, SAMPLES_MAX, SHORTER_BY_TICKS, SHORTER_FOR, SHORTER_SAMPLES, SPIKE_QUANTILE,
};

/// Samples of a few seconds, in ticks, on a scale of which only differences mean anything.
#[derive(Clone, Debug)]
pub(super) struct Lateness {
    window: Duration,
    /// What part of what is no spike the worst is to cover, up to 1.
    covered: f64,
    samples: VecDeque<(Duration, f64)>,
    answered_at: Option<Duration>,
    usual_worst: Option<f64>,
    scratch: Vec<f64>,
}

impl Lateness {
    pub(super) fn new(window: Duration, covered: f64) -> Lateness {
        Lateness {
            window,
            covered,
            samples: VecDeque::new(),
            answered_at: None,
            usual_worst: None,
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

    /// The worst that usually happens, where what is later than most by `spike_ticks` is not
    /// usual; `None` when nothing has been seen.
    pub(super) fn usual_worst(&mut self, now: Duration, spike_ticks: f64) -> Option<f64> {
        if self.answered_at.is_none_or(|at| at + BOUND_EVERY <= now) {
            self.answered_at = Some(now);
            self.usual_worst = self.work_out(spike_ticks);
        }
        self.usual_worst
    }

    fn work_out(&mut self, spike_ticks: f64) -> Option<f64> {
        self.forget_another_line();
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

    /// When all that came since some moment was sooner than all before, what was before tells of a
    /// line that is no more.
    fn forget_another_line(&mut self) {
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
        let mut soonest = f64::INFINITY;
        let mut last_split = 0;
        for (at, (_, ticks)) in self.samples.iter().enumerate().take(enough + 1) {
            if latest[at] + SHORTER_BY_TICKS < soonest {
                last_split = at;
            }
            if *ticks < soonest {
                soonest = *ticks;
            }
        }
        self.samples.drain(..last_split);
    }
}

/// The value that `part` of all values are not above. There must be one.
fn quantile(values: &mut [f64], part: f64) -> f64 {
    let at = libm::ceil(part * (values.len() - 1) as f64) as usize;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    const MS: Duration = Duration::from_millis(1);

    /// The usual worst of 300 samples of jitter from 0 to 1, every `every`th of which is a spike.
    fn usual_worst(every: u32) -> f64 {
        let mut lateness = Lateness::new(Duration::from_secs(10), 1.0);
        let mut dice = Dice::new(5, 5);
        for sample in 1..=300_u32 {
            let spike = if sample.is_multiple_of(every) { 9.0 } else { 0.0 };
            lateness.push(sample * 33 * MS, f64::from(dice.unit()) + spike);
        }
        lateness.usual_worst(300 * 33 * MS, 3.0).expect("there are samples")
    }

    #[test]
    fn jitter_is_usual_and_a_rare_spike_is_not() {
        assert!((0.97..=1.0).contains(&usual_worst(1_000)));
        assert!((0.97..=1.0).contains(&usual_worst(30)));
    }

    #[test]
    fn spikes_that_come_often_enough_are_how_the_line_is() {
        assert!(usual_worst(8) > 9.0);
    }

    #[test]
    fn a_line_that_has_become_shorter_is_believed_soon() {
        let mut lateness = Lateness::new(Duration::from_secs(10), 1.0);
        let mut dice = Dice::new(5, 5);
        let mut now = Duration::ZERO;
        for (base, samples) in [(9.0, 200), (4.0, 90)] {
            for _ in 0..samples {
                now += 33 * MS;
                lateness.push(now, base + f64::from(dice.unit()));
                lateness.usual_worst(now, 3.0);
            }
        }
        let worst = lateness.usual_worst(now, 3.0).expect("there are samples");
        assert!((4.9..=5.0).contains(&worst), "{worst}");
    }

    #[test]
    fn what_has_left_the_window_is_forgotten() {
        let mut lateness = Lateness::new(Duration::from_secs(2), 1.0);
        lateness.push(Duration::ZERO, 5.0);
        for second in 1..=4 {
            lateness.push(Duration::from_secs(second), 1.0);
        }
        assert_eq!(lateness.usual_worst(Duration::from_secs(4), 3.0), Some(1.0));
    }
}
