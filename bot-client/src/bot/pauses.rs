//! [`Pauses`]: which of a bot's ticks fell due while this program was not there to serve them.
//!
//! A machine that stands still says nothing of a server. But an excuse must not be cheap: only a
//! long pause is one, and only for the ticks that fell due in it. What comes late because the
//! program is slow now and then is late; `own_lateness_ms` tells why. It is handed moments and
//! ticks by [`Bot`](super::Bot), and asked about inputs by its notes.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

use tickwire_game::tick::{Tick, TickRate};

/// What is no longer than this, or than so many ticks, is no pause.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MIN_TICKS: u32 = 2;

/// The pauses of this program, as one bot felt them.
#[derive(Clone, Debug, Default)]
pub(super) struct Pauses {
    /// The tick of the newest input sent: the next one is the first that a pause falls on.
    newest: Option<Tick>,
    /// The ticks on which pauses fell, until their snapshots arrive.
    slept: VecDeque<RangeInclusive<Tick>>,
    /// By how much the bot was called late at most since that was taken.
    lateness: Duration,
}

impl Pauses {
    /// The input of `tick` is sent.
    pub(super) fn sent(&mut self, tick: Tick) {
        self.newest = Some(tick);
    }

    /// The bot is called at `now` and was to be called at `due`. One pause may be reported more
    /// than once.
    pub(super) fn called(&mut self, due: Duration, now: Duration, rate: TickRate) {
        let late = now.saturating_sub(due);
        self.lateness = self.lateness.max(late);
        if late <= PAUSE_MIN.max(rate.period() * PAUSE_MIN_TICKS) {
            return;
        }
        let Some(first) = self.newest.map(Tick::next) else { return };
        let ticks = late.as_nanos() / rate.period().as_nanos();
        let last = first.plus(u32::try_from(ticks).unwrap_or(u32::MAX));
        if self.slept.back().is_some_and(|ticks| *ticks.start() == first) {
            self.slept.pop_back();
        }
        self.slept.push_back(first..=last);
    }

    /// By how much the bot was called late at most since the last time.
    pub(super) fn take_lateness(&mut self) -> Duration {
        std::mem::take(&mut self.lateness)
    }

    /// Whether the input of `tick` fell due in a pause.
    pub(super) fn cover(&self, tick: Tick) -> bool {
        self.slept.iter().any(|ticks| ticks.contains(&tick))
    }

    /// Snapshots of all ticks up to this one have arrived.
    pub(super) fn forget(&mut self, newest: Tick) {
        self.slept.retain(|ticks| *ticks.end() > newest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn rate(hz: u16) -> TickRate {
        TickRate::new(hz).expect("within the limits")
    }

    /// The ticks that are excused when the bot is called so late after its input for tick 99.
    fn excused(hz: u16, late: Duration) -> Vec<u32> {
        let (due, rate) = (1_000 * MS, rate(hz));
        let mut pauses = Pauses::default();
        pauses.sent(Tick(99));
        pauses.called(due, due + late, rate);
        (0..1_000).filter(|tick| pauses.cover(Tick(*tick))).collect()
    }

    #[test]
    fn a_pause_excuses_the_ticks_that_fell_due_in_it_and_no_other() {
        assert_eq!(excused(50, 205 * MS), (100..=110).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_longer_than_a_tenth_of_a_second_and_two_ticks_excuses_nothing() {
        assert!(excused(128, 8 * MS).is_empty());
        assert!(excused(128, 100 * MS).is_empty());
        assert_eq!(excused(128, 101 * MS).len(), 13);
        assert!(excused(10, 200 * MS).is_empty());
        assert_eq!(excused(10, 201 * MS), [100, 101, 102]);
    }

    #[test]
    fn a_pause_that_is_told_of_twice_is_one() {
        let (mut pauses, rate) = (Pauses::default(), rate(50));
        pauses.sent(Tick(99));
        pauses.called(1_000 * MS, 1_200 * MS, rate);
        pauses.called(1_000 * MS, 1_220 * MS, rate);
        assert_eq!(pauses.slept, [Tick(100)..=Tick(111)]);
    }

    #[test]
    fn any_lateness_is_told_and_only_once() {
        let (mut pauses, rate) = (Pauses::default(), rate(50));
        pauses.called(1_000 * MS, 1_007 * MS, rate);
        // What has come in has put the clock off.
        pauses.called(1_020 * MS, 1_008 * MS, rate);
        assert_eq!(pauses.take_lateness(), 7 * MS);
        assert_eq!(pauses.take_lateness(), Duration::ZERO);
    }

    #[test]
    fn who_has_sent_nothing_has_nothing_to_excuse() {
        let mut pauses = Pauses::default();
        pauses.called(1_000 * MS, 9_000 * MS, rate(50));
        assert!(pauses.slept.is_empty());
    }

    #[test]
    fn pauses_are_forgotten_when_all_is_told_of_them() {
        let (mut pauses, rate) = (Pauses::default(), rate(50));
        for (newest, due) in [(99, 1_000 * MS), (119, 1_400 * MS)] {
            pauses.sent(Tick(newest));
            pauses.called(due, due + 200 * MS, rate);
        }
        pauses.forget(Tick(109));
        assert!(pauses.cover(Tick(110)) && pauses.cover(Tick(120)), "its last tick is pending");
        pauses.forget(Tick(110));
        assert!(!pauses.cover(Tick(110)) && pauses.cover(Tick(120)));
    }
}
