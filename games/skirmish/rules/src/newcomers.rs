//! [`Newcomers`]: who was protected as a newcomer lately, so that nobody is again for leaving and
//! coming back.
//!
//! Part of the world, asked when a player has its first ship. Only players with a known identity
//! are remembered; a guest who comes back is a stranger, and waits for a ship like anybody.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::rules::{NEWCOMERS_MAX, Timing};
use tickwire_game::ids::Subject;
use tickwire_game::tick::Tick;

/// Who was protected as a newcomer lately, and when, the oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Newcomers(VecDeque<(Subject, Tick)>);

impl Newcomers {
    /// For how many ticks the first ship of a player cannot be hurt that appears at `now`.
    pub(super) fn protect(&mut self, subject: Option<Subject>, now: Tick, timing: &Timing) -> u32 {
        let is_over = |since: Tick| now.since(since) >= i64::from(timing.newcomer_again_ticks);
        while self.0.front().is_some_and(|(_, since)| is_over(*since)) {
            self.0.pop_front();
        }
        let Some(subject) = subject else { return timing.newcomer_protection_ticks };
        if self.0.iter().any(|(known, _)| *known == subject) {
            return 0;
        }
        if self.0.len() >= NEWCOMERS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((subject, now));
        timing.newcomer_protection_ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tickwire_game::tick::TickRate;

    #[test]
    fn a_subject_is_protected_once_a_minute_and_a_guest_each_time() {
        let timing = Timing::new(TickRate::default());
        let mut newcomers = Newcomers::default();
        let mut protect =
            |who: Option<u64>, tick| newcomers.protect(who.map(Subject), Tick(tick), &timing) > 0;
        let minute = timing.newcomer_again_ticks;
        assert!(protect(Some(1), 10) && protect(Some(2), 20) && protect(None, 20));
        assert!(!protect(Some(1), 9 + minute) && protect(None, 20));
        assert!(protect(Some(1), 10 + minute) && !protect(Some(2), 10 + minute));
    }

    #[test]
    fn no_more_are_remembered_than_the_limit() {
        let timing = Timing::new(TickRate::default());
        let mut newcomers = Newcomers::default();
        for subject in 0..2 * NEWCOMERS_MAX as u64 {
            newcomers.protect(Some(Subject(subject)), Tick(1), &timing);
        }
        assert_eq!(newcomers.0.len(), NEWCOMERS_MAX);
    }
}
