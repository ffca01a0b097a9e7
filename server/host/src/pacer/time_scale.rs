//! [`TimeScale`]: how fast a room makes its ticks.

use tickwire_game::limits::PACE_FULL_PERMILLE;

/// How fast a room makes its ticks, from above 0 to 1.0, which is its full tick rate; kept in
/// thousandths. What a tick is worth in the rules never changes: a slower room is in slow motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeScale(u16);

impl TimeScale {
    /// The full tick rate.
    pub const FULL: TimeScale = TimeScale(PACE_FULL_PERMILLE);

    /// So many thousandths, no less than one and no more than all of them.
    #[must_use]
    pub const fn of_permille(permille: u16) -> TimeScale {
        match permille {
            0 => TimeScale(1),
            1..PACE_FULL_PERMILLE => TimeScale(permille),
            _ => TimeScale::FULL,
        }
    }

    /// In thousandths.
    #[must_use]
    pub const fn permille(self) -> u16 {
        self.0
    }

    /// As a number up to 1.0.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / f64::from(PACE_FULL_PERMILLE)
    }
}

impl Default for TimeScale {
    fn default() -> TimeScale {
        TimeScale::FULL
    }
}
