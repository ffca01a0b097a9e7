//! [`Work`]: what the steps of a room cost lately, by how long its passes took.
//!
//! The pacer reports each pass that took steps; nothing is judged here.

use std::collections::VecDeque;
use std::time::Duration;

/// One pass, as far as it tells what steps cost.
#[derive(Clone, Copy, Debug)]
struct Pass {
    ended: Duration,
    took: Duration,
    steps: u32,
}

impl Pass {
    fn per_step(&self) -> f64 {
        self.took.as_secs_f64() / f64::from(self.steps)
    }
}

/// What steps cost lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    /// The last ones, the newest last: [`Work::PASSES_MIN`], and of the time before no more than
    /// [`Work::WINDOW`].
    passes: VecDeque<Pass>,
}

impl Work {
    /// Of how much time it is the mean.
    const WINDOW: Duration = Duration::from_millis(250);
    /// Of fewer passes nothing is concluded.
    pub(super) const PASSES_MIN: usize = 3;
    /// A pass whose steps took so many times as long as those of all others stood still in the
    /// middle: that is not what they cost.
    const STALL_TIMES: f64 = 4.0;

    /// A pass that took so many steps ended then, and took so long.
    pub(super) fn add(&mut self, ended: Duration, took: Duration, steps: u32) {
        self.passes.push_back(Pass { ended, took, steps });
        let from = ended.saturating_sub(Work::WINDOW);
        while self.passes.len() > Work::PASSES_MIN
            && self.passes.front().is_some_and(|first| first.ended < from)
        {
            self.passes.pop_front();
        }
    }

    /// Seconds that one step takes: the mean of the window, or of the very last if that is more, so
    /// that what has just become dear shows at once and what has become cheap when it stays so.
    pub(super) fn per_step(&self) -> f64 {
        let Some(last) = self.passes.len().checked_sub(Work::PASSES_MIN) else { return 0.0 };
        self.mean_from(0).max(self.mean_from(last))
    }

    fn mean_from(&self, first: usize) -> f64 {
        let (mut took, mut steps) = (0.0, 0.0);
        let (mut longest, mut longest_took, mut longest_steps) = (0.0, 0.0, 0.0);
        for pass in self.passes.range(first..) {
            let (pass_took, pass_steps) = (pass.took.as_secs_f64(), f64::from(pass.steps));
            took += pass_took;
            steps += pass_steps;
            if pass.per_step() >= longest {
                (longest, longest_took, longest_steps) = (pass.per_step(), pass_took, pass_steps);
            }
        }
        let others = (took - longest_took) / (steps - longest_steps);
        if longest > Work::STALL_TIMES * others { others } else { took / steps }
    }
}
