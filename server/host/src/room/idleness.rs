//! Since when a player does the same, or nothing; and what the room thinks of it.
//!
//! Part of the room's state, one [`InputActivity`] per player. Time is the room's own, in ticks: a
//! server that stands still or is slowed makes nobody idle. A change of the decoded input counts as
//! acting, whether it came in time or not; an input that stays the same does not, however often it
//! is sent. Sent by nobody, repeated by the room, late by a bad path: all of that is not the
//! player's doing.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tickwire_game::tick::{Tick, TickRate};

use crate::limits::{IDLE_WARNING, SEEMS_IDLE_AFTER};

/// When a player last acted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InputActivity<I> {
    /// Its newest input, in the order in which they came; to do nothing before the first.
    input: I,
    /// The room's tick when that last changed.
    changed: Tick,
}

impl<I: Copy + Default + PartialEq> InputActivity<I> {
    /// That of a player who joins: for now it counts as acting.
    pub(super) fn new(now: Tick) -> InputActivity<I> {
        InputActivity { input: I::default(), changed: now }
    }

    /// An input came.
    pub(super) fn note(&mut self, now: Tick, input: I) {
        if input != self.input {
            (self.input, self.changed) = (input, now);
        }
    }

    /// For how many ticks it has not acted.
    pub(super) fn idle_ticks(&self, now: Tick) -> u32 {
        u32::try_from(now.since(self.changed)).unwrap_or(0)
    }
}

/// What the room thinks of a player that does not act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idleness {
    /// It is to be warned.
    Warned,
    /// It is to make way.
    Over,
}

/// After how many ticks what is thought of a player that does not act.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdleLimits {
    /// It is not worth joining a room for its sake.
    seems_idle: Option<u32>,
    warned: Option<u32>,
    over: Option<u32>,
}

impl IdleLimits {
    /// Those of a room whose players make way `after` so much time, if ever; none at all where players
    /// `may_idle` by the game's rules.
    pub(super) fn new(rate: TickRate, after: Option<Duration>, may_idle: bool) -> IdleLimits {
        let after = after.filter(|after| !may_idle && !after.is_zero());
        let ticks = |time: Duration| rate.ticks_ceil_or_zero(time);
        IdleLimits {
            seems_idle: (!may_idle).then(|| ticks(SEEMS_IDLE_AFTER)),
            warned: after.map(|after| ticks(after - warning_before(after))),
            over: after.map(ticks),
        }
    }

    /// Whether a player seems idle.
    pub(super) fn seems_idle(&self, idle_ticks: u32) -> bool {
        self.seems_idle.is_some_and(|most| idle_ticks >= most)
    }

    /// What there is to be done about a player, once when it is to be warned and from its end on.
    pub(super) fn judge(&self, idle_ticks: u32) -> Option<Idleness> {
        if self.over.is_some_and(|over| idle_ticks >= over) {
            Some(Idleness::Over)
        } else if self.warned == Some(idle_ticks) {
            Some(Idleness::Warned)
        } else {
            None
        }
    }
}

/// What an idle player is sent as its warning.
pub(super) fn warning(after: Duration) -> String {
    let seconds = warning_before(after).as_secs_f32().ceil();
    format!("Still there? Act within {seconds} s, or you will only watch.")
}

/// How long before its end an idle player is warned.
fn warning_before(after: Duration) -> Duration {
    IDLE_WARNING.min(after / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(after_s: u64, may_idle: bool) -> IdleLimits {
        IdleLimits::new(TickRate::default(), Some(Duration::from_secs(after_s)), may_idle)
    }

    #[test]
    fn a_player_is_warned_once_and_in_time_and_then_makes_way() {
        let limits = limits(60, false);
        let judged: Vec<(u32, Idleness)> =
            (0..1_802).filter_map(|ticks| Some((ticks, limits.judge(ticks)?))).collect();
        let expected =
            [(1_350, Idleness::Warned), (1_800, Idleness::Over), (1_801, Idleness::Over)];
        assert_eq!(judged, expected);
        assert!(!limits.seems_idle(599) && limits.seems_idle(600));
    }

    #[test]
    fn a_short_limit_warns_halfway() {
        assert_eq!(limits(3, false).judge(45), Some(Idleness::Warned));
        assert_eq!(limits(3, false).judge(90), Some(Idleness::Over));
    }

    #[test]
    fn no_limit_is_never_and_a_game_may_let_its_players_idle() {
        let never = limits(0, false);
        assert_eq!(never.judge(u32::MAX), None);
        assert!(never.seems_idle(600), "nobody is led there all the same");
        let by_the_rules = limits(60, true);
        assert_eq!(by_the_rules.judge(u32::MAX), None);
        assert!(!by_the_rules.seems_idle(u32::MAX));
    }

    #[test]
    fn only_another_input_is_an_act() {
        let mut activity = InputActivity::<u8>::new(Tick(5));
        activity.note(Tick(9), 0);
        assert_eq!(activity.idle_ticks(Tick(10)), 5, "to do nothing is no act");
        activity.note(Tick(11), 3);
        activity.note(Tick(15), 3);
        assert_eq!(activity.idle_ticks(Tick(20)), 9);
        activity.note(Tick(21), 0);
        assert_eq!(activity.idle_ticks(Tick(21)), 0, "to let go is one");
    }
}
