//! [`BackOff`]: how long a client waits before each try to come back, so that a crowd whose server was
//! away does not come back all at once.

use std::time::Duration;

use tickwire_game::game::Dice;

/// The longest wait before the first try; each failure doubles it.
const FIRST_MAX: Duration = Duration::from_millis(250);
/// The longest wait before any try.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// Waits that are random from nothing to a bound that grows, known as full jitter.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BackOff {
    tries: u32,
}

impl BackOff {
    /// How long to wait before the next try.
    pub(crate) fn wait(&mut self, dice: &mut Dice) -> Duration {
        let bound = FIRST_MAX.saturating_mul(1_u32 << self.tries.min(8)).min(WAIT_MAX);
        self.tries = self.tries.saturating_add(1);
        bound.mul_f32(dice.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_spread_from_nothing_to_a_bound_that_doubles_up_to_three_seconds() {
        let mut longest = [Duration::ZERO; 40];
        let mut shortest = [Duration::MAX; 40];
        for seed in 0..500_u64 {
            let (mut back_off, mut dice) = (BackOff::default(), Dice::new(seed, 0));
            for (longest, shortest) in longest.iter_mut().zip(&mut shortest) {
                let wait = back_off.wait(&mut dice);
                (*longest, *shortest) = (wait.max(*longest), wait.min(*shortest));
            }
        }
        let bounds_ms = [250, 500, 1_000, 2_000].into_iter().chain([3_000; 36]);
        for ((bound_ms, longest), shortest) in bounds_ms.zip(longest).zip(shortest) {
            let bound = Duration::from_millis(bound_ms);
            assert!(longest < bound && longest > bound * 9 / 10, "{longest:?} of {bound:?}");
            assert!(shortest < bound / 10, "{shortest:?} of {bound:?}");
        }
    }
}
