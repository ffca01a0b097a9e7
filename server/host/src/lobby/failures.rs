//! [`Failures`]: kinds of room that fail again and again, and for how long nobody may open another.
//!
//! A kind is a name, the settings that a client chose, or that no room was named: what makes a room fail
//! is most likely in the settings, or in what is done in a room of that name. A room that fails once is opened again at once;
//! one that does so each time would keep the thread that makes rooms busy and fill the log.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limits::{FAILING_KINDS_MAX, FAILURE_WAIT_MAX, FAILURES_FORGOTTEN_AFTER, FAILURES_FREE};

/// What rooms may have in common that fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FailingKind {
    /// Their name.
    Name(String),
    /// What the client that opened them chose.
    Settings(String),
    /// That nobody asked for one by name: each of them has another, and the server's settings.
    Unnamed,
}

/// Kinds of room that have failed lately.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// The one that failed last is the last.
    kinds: VecDeque<Failing>,
}

#[derive(Debug)]
struct Failing {
    kind: FailingKind,
    times: u32,
    last: Duration,
}

impl Failures {
    /// A room of this kind has failed, at `now`.
    pub(super) fn note(&mut self, kind: FailingKind, now: Duration) {
        let before = self.kinds.iter().position(|failing| failing.kind == kind);
        let before = before.and_then(|at| self.kinds.remove(at));
        let recent = before.filter(|failing| now - failing.last < FAILURES_FORGOTTEN_AFTER);
        let times = recent.map_or(1, |failing| failing.times.saturating_add(1));
        if self.kinds.len() >= FAILING_KINDS_MAX {
            self.kinds.pop_front();
        }
        self.kinds.push_back(Failing { kind, times, last: now });
    }

    /// Whether a room of this kind may be opened at `now`.
    pub(super) fn allows(&self, kind: &FailingKind, now: Duration) -> bool {
        let failing = self.kinds.iter().find(|failing| failing.kind == *kind);
        failing.is_none_or(|failing| now >= failing.last + failing.wait())
    }
}

impl Failing {
    /// For how long after its last failure it is not opened: twice as long each time.
    fn wait(&self) -> Duration {
        let Some(again) = self.times.checked_sub(FAILURES_FREE + 1) else { return Duration::ZERO };
        Duration::from_secs(1_u64 << again.min(16)).min(FAILURE_WAIT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(number: usize) -> FailingKind {
        FailingKind::Name(number.to_string())
    }

    #[test]
    fn a_kind_of_room_that_fails_again_and_again_has_to_wait_longer_each_time() {
        let (mut failures, mut now) = (Failures::default(), Duration::ZERO);
        let mut waits = Vec::new();
        for _ in 0..12 {
            failures.note(named(1), now);
            let began = now;
            while !failures.allows(&named(1), now) {
                now += Duration::from_millis(500);
            }
            waits.push((now - began).as_secs());
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        assert!(failures.allows(&named(2), Duration::ZERO), "another has done nothing");
        now += FAILURES_FORGOTTEN_AFTER;
        failures.note(named(1), now);
        assert!(failures.allows(&named(1), now), "that was long ago");
    }

    #[test]
    fn no_more_kinds_are_remembered_than_may_be() {
        let mut failures = Failures::default();
        for number in 0..2 * FAILING_KINDS_MAX {
            failures.note(named(number), Duration::ZERO);
        }
        assert_eq!(failures.kinds.len(), FAILING_KINDS_MAX);
    }
}
