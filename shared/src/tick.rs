//! The number of a step of the rules, and the rate at which steps are taken.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits;

/// Number of one step of a room's rules, from 0 (the state at room start, before any step).
///
/// Ticks are ordered and never wrap: a room ends at [`limits::TICK_MAX`], at the fastest rate after 207
/// days, at 30 ticks a second after four and a half years.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
pub struct Tick(pub u32);

impl Tick {
    /// The tick after this one.
    #[must_use]
    pub const fn next(self) -> Tick {
        Tick(self.0 + 1)
    }

    /// How many ticks this one lies after `earlier`; negative when it lies before.
    #[must_use]
    pub const fn since(self, earlier: Tick) -> i64 {
        self.0 as i64 - earlier.0 as i64
    }

    /// The tick `ticks` later, or the last one there is.
    #[must_use]
    pub const fn plus(self, ticks: u32) -> Tick {
        Tick(self.0.saturating_add(ticks))
    }

    /// The tick `ticks` earlier, or tick 0.
    #[must_use]
    pub const fn minus(self, ticks: u32) -> Tick {
        Tick(self.0.saturating_sub(ticks))
    }
}

/// How much older than the tick of an input the picture was that its player acted on, in sixteenths
/// of a tick.
///
/// A game judges a shot that hits at once among the others as they were by so much earlier (lag
/// compensation: Bernier, "Latency Compensating Methods in Client/Server In-game Protocol Design
/// and Optimization", 2001).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
pub struct Rewind(pub u16);

impl Rewind {
    /// The unit in which it is sent: parts of a tick.
    pub const PER_TICK: u16 = 16;

    /// From the moment drawn, in ticks with a fraction, to `tick`. None for what is not before it.
    #[must_use]
    pub fn between(drawn: f64, tick: Tick) -> Rewind {
        // A cast from float saturates, and takes not-a-number to 0.
        Rewind(libm::rint((f64::from(tick.0) - drawn) * f64::from(Rewind::PER_TICK)) as u16)
    }

    /// Of so many whole ticks, or the longest there is.
    #[must_use]
    pub const fn of_ticks(ticks: u32) -> Rewind {
        let parts = ticks.saturating_mul(Rewind::PER_TICK as u32);
        Rewind(if parts > u16::MAX as u32 { u16::MAX } else { parts as u16 })
    }

    /// Whole ticks in it.
    #[must_use]
    pub const fn whole_ticks(self) -> u32 {
        (self.0 / Rewind::PER_TICK) as u32
    }

    /// What part of a tick is left beyond those, from 0 up to and not including 1; exact.
    #[must_use]
    pub fn fraction(self) -> f32 {
        f32::from(self.0 % Rewind::PER_TICK) / f32::from(Rewind::PER_TICK)
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Ticks per second of a room, within the limits; it never changes while the room lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickRate(u16);

impl TickRate {
    /// A rate of `hz` ticks per second, or `None` outside [`limits::TICK_RATE_MIN_HZ`] to
    /// [`limits::TICK_RATE_MAX_HZ`].
    #[must_use]
    pub const fn new(hz: u16) -> Option<TickRate> {
        if hz >= limits::TICK_RATE_MIN_HZ && hz <= limits::TICK_RATE_MAX_HZ {
            Some(TickRate(hz))
        } else {
            None
        }
    }

    /// Ticks per second.
    #[must_use]
    pub const fn hz(self) -> u16 {
        self.0
    }

    /// Length of one tick on the wall, rounded to a nanosecond.
    #[must_use]
    pub fn period(self) -> Duration {
        Duration::from_nanos(1_000_000_000 / u64::from(self.0))
    }

    /// Length of one tick in the rules, in seconds. The rules use this and nothing else.
    #[must_use]
    pub fn dt(self) -> f32 {
        1.0 / f32::from(self.0)
    }

    /// How many whole ticks `seconds` take, rounded up, at least one.
    #[must_use]
    pub fn ticks_in(self, seconds: f32) -> u32 {
        let ticks = (seconds * f32::from(self.0)).ceil();
        if ticks < 1.0 { 1 } else { ticks as u32 }
    }

    /// How far ahead of the room's tick an input may be addressed, in ticks: see
    /// [`limits::INPUT_AHEAD_MAX`].
    #[must_use]
    pub fn input_ahead_max_ticks(self) -> u32 {
        let ticks = self.ticks_in(limits::INPUT_AHEAD_MAX.as_secs_f32());
        if ticks > limits::INPUT_AHEAD_MIN_TICKS { ticks } else { limits::INPUT_AHEAD_MIN_TICKS }
    }

    /// How many ticks `most` takes as a limit: as [`TickRate::ticks_in`], but none of no time.
    #[must_use]
    pub fn ticks_ceil_or_zero(self, most: Duration) -> u32 {
        if most.is_zero() { 0 } else { self.ticks_in(most.as_secs_f32()) }
    }
}

impl Default for TickRate {
    fn default() -> Self {
        TickRate(limits::TICK_RATE_DEFAULT_HZ)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_outside_the_limits_is_refused() {
        assert_eq!(TickRate::new(0), None);
        assert_eq!(TickRate::new(limits::TICK_RATE_MAX_HZ + 1), None);
        assert_eq!(TickRate::new(60).map(TickRate::hz), Some(60));
    }

    #[test]
    fn distance_between_ticks_is_signed() {
        assert_eq!(Tick(5).since(Tick(7)), -2);
        assert_eq!(Tick(0).minus(1), Tick(0));
        assert_eq!(Tick(u32::MAX).plus(1), Tick(u32::MAX));
    }

    #[test]
    fn a_duration_takes_at_least_one_tick() {
        let rate = TickRate::default();
        assert_eq!(rate.ticks_in(0.0), 1);
        assert_eq!(rate.ticks_in(2.0), 60);
    }
}
