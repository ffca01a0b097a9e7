//! When a room's ticks are due: the arithmetic of deadlines, without a clock of its own.
//!
//! The shard asks it how long to sleep and how many steps to take. Deadlines lie on a fixed
//! grid from the room's start, so they never drift; a room that is late makes up a few ticks
//! and gives up the others, so a stall never becomes a burst.

use std::time::Duration;

use shared::limits::CATCH_UP_STEPS_MAX;
use shared::tick::TickRate;

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Steps to take in this pass, 0 when none is due.
    pub(crate) steps: u32,
    /// Ticks that were due too but are given up.
    pub(crate) skipped: u64,
    /// How long ago the first of them was due.
    pub(crate) late: Duration,
}

/// The deadlines of one room.
#[derive(Clone, Debug)]
pub(crate) struct Pacer {
    origin: Duration,
    hz: u64,
    /// Number on the grid of the next deadline.
    next: u64,
    skipped: u64,
}

impl Pacer {
    /// Deadlines at `origin`, and from there on one every tick.
    pub(crate) fn new(origin: Duration, rate: TickRate) -> Pacer {
        Pacer { origin, hz: u64::from(rate.hz()), next: 0, skipped: 0 }
    }

    /// When the next step is due.
    pub(crate) fn deadline(&self) -> Duration {
        self.origin + self.span(self.next)
    }

    /// Takes what is due at `now`; the next deadline lies after `now`.
    pub(crate) fn take(&mut self, now: Duration) -> Due {
        let deadline = self.deadline();
        let Some(late) = now.checked_sub(deadline) else {
            return Due { steps: 0, skipped: 0, late: Duration::ZERO };
        };
        let reached = now.saturating_sub(self.origin).as_nanos() * u128::from(self.hz);
        let mut behind = (reached / NANOS_PER_SECOND) as u64 + 1 - self.next;
        // Deadlines are rounded down to a nanosecond, so one more may be reached than that.
        if self.origin + self.span(self.next + behind) <= now {
            behind += 1;
        }
        let steps = behind.min(u64::from(CATCH_UP_STEPS_MAX)) as u32;
        let skipped = behind - u64::from(steps);
        self.next += behind;
        self.skipped += skipped;
        Due { steps, skipped, late }
    }

    /// The time that the room has lived through by `now`: without what it gave up, and never
    /// beyond its next deadline. It never goes back.
    ///
    /// Deadlines of clients are judged by it, so that a stall of the server is never taken for
    /// their silence.
    pub(crate) fn lived(&self, now: Duration) -> Duration {
        let now = now.min(self.deadline());
        now.saturating_sub(self.origin).saturating_sub(self.span(self.skipped))
    }

    /// Length of `ticks` ticks.
    fn span(&self, ticks: u64) -> Duration {
        let nanos = u128::from(ticks) * NANOS_PER_SECOND / u128::from(self.hz);
        Duration::from_nanos(nanos as u64)
    }
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn pacer(hz: u16) -> Pacer {
        Pacer::new(Duration::from_millis(7), TickRate::new(hz).expect("a rate within limits"))
    }

    #[test]
    fn nothing_is_due_before_the_first_deadline() {
        let due = pacer(30).take(Duration::from_millis(6));
        assert_eq!(due.steps, 0);
    }

    #[test]
    fn deadlines_do_not_drift_in_an_hour_however_late_each_pass_is() {
        for hz in [1, 7, 30, 60, 144, 240] {
            let mut pacer = pacer(hz);
            let ticks = u32::from(hz) * 3_600;
            for tick in 0..ticks {
                let late = Duration::from_micros(u64::from(tick % 997));
                let due = pacer.take(pacer.deadline() + late);
                assert_eq!((due.steps, due.skipped, due.late), (1, 0, late), "{hz} Hz, {tick}");
            }
            assert_eq!(pacer.deadline(), Duration::from_millis(7) + Duration::from_secs(3_600));
        }
    }

    #[test]
    fn every_deadline_is_due_exactly_when_it_is_reached() {
        for hz in [7, 30, 240] {
            let mut pacer = pacer(hz);
            for _ in 0..1_000 {
                let deadline = pacer.deadline();
                assert_eq!(pacer.take(deadline - Duration::from_nanos(1)).steps, 0);
                assert_eq!(pacer.take(deadline).steps, 1);
                assert!(pacer.deadline() > deadline);
            }
        }
    }

    #[test]
    fn a_little_lateness_is_made_up_in_one_pass() {
        let mut pacer = pacer(30);
        let due = pacer.take(pacer.deadline() + Duration::from_millis(70));
        assert_eq!((due.steps, due.skipped), (3, 0));
    }

    #[test]
    fn a_stall_of_five_seconds_makes_no_burst() {
        let mut pacer = pacer(30);
        let woke = pacer.deadline() + Duration::from_secs(5);
        let due = pacer.take(woke);
        assert_eq!((due.steps, due.skipped), (3, 148));
        assert_eq!(pacer.take(woke).steps, 0, "all that was due is settled");
        assert!(pacer.deadline() > woke);
        assert!(pacer.deadline() <= woke + Duration::from_millis(34));
    }

    #[test]
    fn a_stall_is_not_lived_through() {
        let mut pacer = pacer(30);
        let before = pacer.lived(pacer.deadline());
        let woke = pacer.deadline() + Duration::from_secs(5);
        assert_eq!(pacer.lived(woke), before, "not even before its pass");
        pacer.take(woke);
        assert!(pacer.lived(woke) >= before);
        assert!(pacer.lived(woke) - before < Duration::from_millis(110));
    }
}
