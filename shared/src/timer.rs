//! A span of time in whole ticks, for what a game waits for: part of the world, so that it stands in
//! checkpoints and hashes, and of own states, so that clients predict it.

use serde::{Deserialize, Serialize};

/// How many ticks are left of something that a game waits for. It reads no clock: its owner takes a
/// tick off in each of its own ([`Timer::tick`]).
///
/// ```
/// use tickwire_game::prelude::*;
///
/// let dt = TickRate::default().dt();
/// let mut protection = Timer::seconds(2.0, dt);
/// assert_eq!(protection.ticks_left(), 60);
/// for _ in 0..59 {
///     assert!(!protection.tick());
/// }
/// assert!(protection.is_running());
/// assert!(protection.tick(), "it ends in its last tick");
/// assert!(!protection.is_running());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    left: u32,
}

impl Timer {
    /// One that does not run; so is the default.
    #[must_use]
    pub const fn stopped() -> Timer {
        Timer { left: 0 }
    }

    /// One of so many ticks.
    #[must_use]
    pub const fn ticks(ticks: u32) -> Timer {
        Timer { left: ticks }
    }

    /// One of the fewest ticks of `dt` seconds ([`TickRate::dt`](crate::tick::TickRate::dt)) that last
    /// for `seconds`: 2 s are 60 at 30 ticks a second. Stopped for no time, for less, and for
    /// not-a-number.
    #[must_use]
    pub fn seconds(seconds: f32, dt: f32) -> Timer {
        let ticks = f64::from(seconds) / f64::from(dt);
        // Both were rounded to 24 bits: what is as near to a whole number as that is meant to be one.
        let nearest = libm::rint(ticks);
        let whole =
            if (ticks - nearest).abs() <= ticks * 4e-7 { nearest } else { libm::ceil(ticks) };
        // A cast from float saturates, and takes not-a-number to 0.
        Timer { left: whole as u32 }
    }

    /// Whether ticks are left.
    #[must_use]
    pub const fn is_running(self) -> bool {
        self.left > 0
    }

    /// How many ticks are left.
    #[must_use]
    pub const fn ticks_left(self) -> u32 {
        self.left
    }

    /// How much time is left, in seconds.
    #[must_use]
    pub fn left_s(self, dt: f32) -> f32 {
        (f64::from(self.left) * f64::from(dt)) as f32
    }

    /// A tick has passed. Whether that was the last one: true once, in the tick in which it ends.
    pub const fn tick(&mut self) -> bool {
        let was_running = self.left > 0;
        self.left = self.left.saturating_sub(1);
        was_running && self.left == 0
    }

    /// It does not run any more, and does not end either.
    pub const fn stop(&mut self) {
        self.left = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{TICK_RATE_MAX_HZ, TICK_RATE_MIN_HZ};
    use crate::tick::TickRate;

    #[test]
    fn whole_numbers_of_ticks_are_exact_at_every_rate() {
        for hz in TICK_RATE_MIN_HZ..=TICK_RATE_MAX_HZ {
            let dt = TickRate::new(hz).expect("it is within the limits").dt();
            for ticks in (0..2_000).chain([65_537, 1_000_003, 5_000_011]) {
                let seconds = (f64::from(ticks) / f64::from(hz)) as f32;
                assert_eq!(Timer::seconds(seconds, dt).ticks_left(), ticks, "at {hz} Hz");
                assert_eq!(Timer::ticks(ticks).left_s(dt).to_bits(), {
                    let left = f64::from(ticks) * f64::from(dt);
                    (left as f32).to_bits()
                });
            }
            for seconds in 0..100_u16 {
                let ticks = Timer::seconds(f32::from(seconds), dt).ticks_left();
                assert_eq!(ticks, u32::from(seconds) * u32::from(hz), "at {hz} Hz");
            }
        }
    }

    #[test]
    fn a_part_of_a_tick_takes_a_whole_one() {
        let dt = 1.0 / 30.0;
        assert_eq!(Timer::seconds(0.05, dt).ticks_left(), 2);
        assert_eq!(Timer::seconds(0.001, dt).ticks_left(), 1);
        for none in [0.0, -1.0, f32::NAN, f32::NEG_INFINITY] {
            assert_eq!(Timer::seconds(none, dt), Timer::stopped());
        }
        assert_eq!(Timer::seconds(f32::INFINITY, dt).ticks_left(), u32::MAX);
    }

    #[test]
    fn it_ends_once_and_not_when_it_is_stopped() {
        let mut timer = Timer::ticks(2);
        assert_eq!([timer.tick(), timer.tick(), timer.tick()], [false, true, false]);
        let mut timer = Timer::ticks(2);
        timer.stop();
        assert!(!timer.tick() && !timer.is_running());
    }
}
