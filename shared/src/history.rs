//! [`History`]: what of a world was to be seen some ticks ago, for games that judge what a player
//! did by the picture that it did it on.
//!
//! A game makes it part of its world, pushes what matters of every tick (the places of all that can
//! be hit, say), and asks it by [`crate::game::Step::rewind`]. It judges nothing: what has died
//! since, and what is in the way now, is the game's to say. The world itself is never turned back.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::tick::{Rewind, Tick};

/// The last ticks of a list of values, for lag compensation (Bernier, "Latency Compensating Methods
/// in Client/Server In-game Protocol Design and Optimization", 2001).
///
/// It keeps a bounded number of ticks and reuses their memory. What is made of equal pushes is
/// equal, and serialised so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History<T> {
    rewind_max_ticks: u32,
    newest: Tick,
    /// One list for each tick up to the newest, the oldest first.
    lists: VecDeque<Vec<T>>,
}

/// A moment between two ticks that follow one another, or at one tick, which is then both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment<'a, T> {
    /// What was pushed for the tick at or before it.
    pub older: &'a [T],
    /// What was pushed for the tick at or after it.
    pub newer: &'a [T],
    /// How far it lies on the way from the older to the newer, from 0 up to and not including 1.
    pub fraction: f32,
}

impl<T> History<T> {
    /// Of as many ticks as the longest rewind needs ([`crate::game::Setup::rewind_max_ticks`]): one
    /// more than that, for both of its ends. For 0 it keeps nothing.
    #[must_use]
    pub fn new(rewind_max_ticks: u32) -> History<T> {
        History { rewind_max_ticks, newest: Tick(0), lists: VecDeque::new() }
    }

    /// Keeps the values of a tick, once a tick. They are found in the order given: a
    /// sorted one can be searched.
    ///
    /// # Panics
    /// When `tick` does not follow the last one pushed.
    pub fn push(&mut self, tick: Tick, values: impl IntoIterator<Item = T>) {
        assert!(self.lists.is_empty() || tick == self.newest.next(), "a history has no gaps");
        self.newest = tick;
        if self.rewind_max_ticks == 0 {
            return;
        }
        let is_full = self.lists.len() > self.rewind_max_ticks as usize;
        let mut list = if is_full { self.lists.pop_front() } else { None }.unwrap_or_default();
        list.clear();
        list.extend(values);
        self.lists.push_back(list);
    }

    /// The moment that lies `rewind` before tick `now`; what is beyond either end of what is kept
    /// counts as that end. `None` when nothing is kept: then there is only the present.
    #[must_use]
    pub fn at(&self, now: Tick, rewind: Rewind) -> Option<Moment<'_, T>> {
        let newest = self.lists.len().checked_sub(1)?;
        let per_tick = i64::from(Rewind::PER_TICK);
        let oldest_tick = self.newest.minus(newest as u32);
        // Both in parts of a tick after the oldest.
        let last = newest as i64 * per_tick;
        let asked = (now.since(oldest_tick) * per_tick - i64::from(rewind.0)).clamp(0, last);
        let (at, parts) = ((asked / per_tick) as usize, (asked % per_tick) as u16);
        let newer = if parts == 0 { at } else { at + 1 };
        Some(Moment {
            older: &self.lists[at],
            newer: &self.lists[newer],
            fraction: f32::from(parts) / f32::from(Rewind::PER_TICK),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In tick t there is one value, t.
    fn counting(rewind_max_ticks: u32, ticks: u32) -> History<u32> {
        let mut history = History::new(rewind_max_ticks);
        (1..=ticks).for_each(|tick| history.push(Tick(tick), [tick]));
        history
    }

    fn moment(history: &History<u32>, now: u32, rewind: Rewind) -> (u32, u32, f32) {
        let moment = history.at(Tick(now), rewind).unwrap();
        (moment.older[0], moment.newer[0], moment.fraction)
    }

    #[test]
    fn a_moment_lies_between_its_two_ticks() {
        let history = counting(8, 100);
        assert_eq!(moment(&history, 100, Rewind(0)), (100, 100, 0.0));
        assert_eq!(moment(&history, 100, Rewind(1)), (99, 100, 15.0 / 16.0));
        assert_eq!(moment(&history, 100, Rewind(16)), (99, 99, 0.0));
        assert_eq!(moment(&history, 100, Rewind(16 * 3 + 4)), (96, 97, 0.75));
        assert_eq!(moment(&history, 100, Rewind::of_ticks(8)), (92, 92, 0.0));
    }

    #[test]
    fn beyond_its_ends_are_its_ends() {
        let history = counting(8, 100);
        assert_eq!(moment(&history, 100, Rewind::of_ticks(9)), (92, 92, 0.0));
        assert_eq!(moment(&history, 101, Rewind(4)), (100, 100, 0.0));
        assert_eq!(moment(&counting(8, 3), 3, Rewind::of_ticks(8)), (1, 1, 0.0));
        assert_eq!(moment(&counting(8, 3), 3, Rewind(u16::MAX)), (1, 1, 0.0));
    }

    #[test]
    fn without_rewinds_nothing_is_kept() {
        let history = counting(0, 100);
        assert_eq!(history.at(Tick(100), Rewind(0)), None);
        assert!(history.lists.is_empty());
        assert_eq!(History::<u32>::new(8).at(Tick(1), Rewind(3)), None);
    }

    #[test]
    fn it_keeps_no_more_however_long_it_lasts() {
        assert_eq!(counting(8, 1_000).lists.len(), 9);
    }
}
