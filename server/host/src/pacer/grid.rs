//! [`DeadlineGrid`]: the deadlines of a room at one time scale. Multiples of the period, so that none drifts.

use std::time::Duration;

use tickwire_game::limits::PACE_FULL_PERMILLE;
use tickwire_game::tick::TickRate;

use super::time_scale::TimeScale;

const NANOS_PER_SECOND: u128 = Duration::from_secs(1).as_nanos();

/// Deadlines at one time scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeadlineGrid {
    pub(super) rate: TickRate,
    pub(super) scale: TimeScale,
    /// Where it begins.
    base: Duration,
    /// Number of the next deadline.
    next: u64,
}

impl DeadlineGrid {
    /// The first deadline is at `base`.
    pub(super) fn new(base: Duration, rate: TickRate) -> DeadlineGrid {
        DeadlineGrid { rate, scale: TimeScale::FULL, base, next: 0 }
    }

    /// From now on another time scale, and its first deadline at `base`.
    pub(super) fn begin(&mut self, base: Duration, scale: TimeScale) {
        *self = DeadlineGrid { rate: self.rate, scale, base, next: 0 };
    }

    pub(super) fn deadline(&self) -> Duration {
        self.at(self.next)
    }

    /// How long a tick takes.
    pub(super) fn period(&self) -> Duration {
        self.span(1)
    }

    /// How many deadlines have been reached by `now` and not been taken.
    pub(super) fn reached(&self, now: Duration) -> u64 {
        let nanos = now.saturating_sub(self.base).as_nanos();
        let last = (nanos * self.speed() / DeadlineGrid::SPEED_OF_ONE_A_SECOND) as u64;
        let reached = (last + 1).saturating_sub(self.next);
        // Deadlines are rounded down to a nanosecond, so one more may be reached than that.
        reached + u64::from(self.at(self.next + reached) <= now)
    }

    /// Takes so many deadlines, one at least, and gives the time from the `kept`th of them to the
    /// last.
    pub(super) fn pass(&mut self, deadlines: u64, kept: u64) -> Duration {
        let beyond = self.at(self.next + deadlines - 1) - self.at(self.next + kept - 1);
        self.next += deadlines;
        beyond
    }

    fn at(&self, number: u64) -> Duration {
        self.base + self.span(number)
    }

    /// Length of so many ticks.
    fn span(&self, ticks: u64) -> Duration {
        let nanos = u128::from(ticks) * DeadlineGrid::SPEED_OF_ONE_A_SECOND / self.speed();
        Duration::from_nanos(nanos as u64)
    }

    /// Thousandths of ticks a second, by which nothing need be rounded.
    fn speed(&self) -> u128 {
        u128::from(self.rate.hz()) * u128::from(self.scale.permille())
    }

    /// The speed of one tick a second, times the nanoseconds of that.
    const SPEED_OF_ONE_A_SECOND: u128 = PACE_FULL_PERMILLE as u128 * NANOS_PER_SECOND;
}
