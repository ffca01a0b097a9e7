//! When a link stands still, and what of that may be said on a command line.
//!
//! [`Stalls`] draws the stalls of one link as time goes on and remembers those of the last few
//! seconds. Owned by a [`Link`](super::Link).

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::dice::Dice;
use crate::duration;
use crate::limits::{LINK_DELAY_MAX, LINK_STALLS_KEPT};

/// How long a link is open at least between two stalls, whatever was asked for: no stall lasts
/// for ever.
const OPEN_MIN: Duration = Duration::from_millis(1);
/// The least and the largest share of time, in percent, that stalls may be said to take. Up to
/// the largest no stall runs into the next, however they are drawn.
const SHARE_PERCENT: std::ops::RangeInclusive<f64> = 0.01..=50.0;

/// How evenly stalls come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// As drawn: from one beginning to the next 0.5 to 1.5 times the mean, the first after 0 to 1.
    Uneven,
    /// Like clockwork.
    Even,
}

/// How often a link stands still, and for how long: nothing comes through until it goes on, and
/// then all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// From the beginning of one to that of the next, in the mean. A link is open for a moment
    /// between two of them even if this is less than `lasts`.
    pub every: Duration,
    /// How long each lasts.
    pub lasts: Duration,
    /// How evenly they come.
    pub rhythm: Rhythm,
}

impl Stall {
    /// Stalls that come unevenly, each as long as `lasts`, and so often that a link stands still
    /// for `percent` of all time.
    ///
    /// # Errors
    /// When it would for less than 0.01 or more than 50 percent, or for less than a millisecond
    /// or more than [`LINK_DELAY_MAX`] at a time.
    pub fn of_share(percent: f64, lasts: Duration) -> Result<Stall, StallError> {
        let is_long_enough = (OPEN_MIN..=LINK_DELAY_MAX).contains(&lasts);
        if !is_long_enough || !SHARE_PERCENT.contains(&percent) {
            return Err(StallError::Range);
        }
        Ok(Stall { every: lasts.mul_f64(100.0 / percent), lasts, rhythm: Rhythm::Uneven })
    }
}

/// Why a text says nothing of stalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StallError {
    /// It is another text.
    #[error("not a share of time and a length like 2%/300ms")]
    Text,
    /// It says what cannot be.
    #[error("a link can stand still for 0.01% to 50% of time, for 1ms to 10s at a time")]
    Range,
}

/// As in `2%/300ms`: each lasts for 300 ms, and so often that the link stands still for 2 % of
/// all time.
impl FromStr for Stall {
    type Err = StallError;

    fn from_str(text: &str) -> Result<Stall, StallError> {
        let (share, lasts) = text.split_once('/').ok_or(StallError::Text)?;
        let percent = share.trim().strip_suffix('%').ok_or(StallError::Text)?;
        let percent = percent.trim().parse().map_err(|_| StallError::Text)?;
        let lasts = duration::parse(lasts.trim()).map_err(|_| StallError::Text)?;
        Stall::of_share(percent, lasts)
    }
}

/// Likewise, the share to a hundredth of a percent.
impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = self.lasts.as_secs_f64() / self.every.as_secs_f64();
        let percent = (share * 10_000.0).round() / 100.0;
        write!(f, "{percent}%/{}ms", self.lasts.as_secs_f64() * 1e3)
    }
}

/// One stall: what would pass while it lasts passes at its end.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: Duration,
    to: Duration,
    /// Since when what was sent was held up: jitter brings some into it that was sent before.
    caught_from: Duration,
}

/// The stalls of one link.
#[derive(Clone, Debug)]
pub(super) struct Stalls {
    /// By time; the last of them has not begun yet at the moment that was asked for last.
    windows: VecDeque<Window>,
    to_come: ToCome,
}

impl Stalls {
    pub(super) fn new(stall: Stall, now: Duration, dice: Dice) -> Stalls {
        let mut to_come = ToCome::new(stall, now, dice);
        Stalls { windows: to_come.next().into_iter().collect(), to_come }
    }

    /// When what was sent at `sent` passes that would pass at `passes`.
    pub(super) fn hold(&mut self, sent: Duration, passes: Duration) -> Duration {
        while self.windows.back().is_none_or(|last| last.from <= passes) {
            self.windows.extend(self.to_come.next());
        }
        while self.windows.front().is_some_and(|first| first.to + LINK_STALLS_KEPT < sent) {
            self.windows.pop_front();
        }
        let begun = self.windows.iter_mut().rev().find(|window| window.from <= passes);
        match begun.filter(|window| passes < window.to) {
            Some(window) => {
                window.caught_from = window.caught_from.min(sent);
                window.to
            }
            None => passes,
        }
    }

    /// Whether what is sent at `moment` is held up.
    pub(super) fn hold_at(&self, moment: Duration) -> bool {
        let lies_in = |window: &Window| window.caught_from <= moment && moment < window.to;
        let drawn = self.windows.iter().any(lies_in);
        let mut to_come = self.to_come.clone();
        drawn || to_come.by_ref().take_while(|next| next.from <= moment).any(|next| lies_in(&next))
    }
}

/// The stalls that were not drawn yet; there is always another.
#[derive(Clone, Debug)]
struct ToCome {
    stall: Stall,
    dice: Dice,
    from: Duration,
}

impl ToCome {
    fn new(stall: Stall, now: Duration, mut dice: Dice) -> ToCome {
        let first = match stall.rhythm {
            Rhythm::Uneven => stall.every.mul_f32(dice.unit()),
            Rhythm::Even => stall.every,
        };
        ToCome { stall, dice, from: now + first }
    }
}

impl Iterator for ToCome {
    type Item = Window;

    fn next(&mut self) -> Option<Window> {
        let (from, to) = (self.from, self.from + self.stall.lasts);
        let wait = match self.stall.rhythm {
            Rhythm::Uneven => self.stall.every.mul_f32(self.dice.between(0.5, 1.5)),
            Rhythm::Even => self.stall.every,
        };
        self.from = (from + wait).max(to + OPEN_MIN);
        Some(Window { from, to, caught_from: from })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_a_share_of_time_and_a_length() {
        let stall: Stall = "2%/300ms".parse().expect("it is one");
        assert_eq!(stall.lasts, Duration::from_millis(300));
        assert_eq!((stall.every, stall.rhythm), (Duration::from_secs(15), Rhythm::Uneven));
        assert_eq!(stall.to_string(), "2%/300ms");
        assert_eq!("0.5 % / 1.5s".parse::<Stall>().map(|stall| stall.every.as_secs()), Ok(300));
        for wrong in ["", "2%", "2/300ms", "300ms/2%", "%/1s", "2%/300", "two%/1s", "2%/300ms/1"] {
            assert_eq!(wrong.parse::<Stall>(), Err(StallError::Text), "{wrong}");
        }
        for too_much in ["0%/300ms", "-1%/1s", "51%/1s", "nan%/1s", "2%/0s", "2%/11s"] {
            assert_eq!(too_much.parse::<Stall>(), Err(StallError::Range), "{too_much}");
        }
    }
}
