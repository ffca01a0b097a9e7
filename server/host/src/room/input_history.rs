//! [`InputHistory`]: what each of the last ticks gave one player: where its input came from, and
//! what it was.
//!
//! Published by the room with each tick. A viewer whose client replays its own state reads the
//! ticks since its last snapshot from it, as far back as a snapshot reports. Nearly always these are
//! those of one pass: for so many there is space, and for more once a viewer asks for them.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use tickwire_game::limits::SNAPSHOT_INPUTS_MAX;
use tickwire_game::protocol::snapshot::InputSource;
use tickwire_game::tick::Tick;

use crate::limits::CATCH_UP_STEPS_MAX;

/// A ring addressed by tick. It begins with a few slots, and grows: all of them are 0.4 KB a player.
#[derive(Debug)]
pub(super) struct InputHistory<I> {
    slots: Box<[(InputSource, I)]>,
    /// So many ticks are to be held from the next one on.
    wanted_ticks: AtomicU32,
}

impl<I: Copy + Default> InputHistory<I> {
    pub(super) fn new() -> InputHistory<I> {
        let wanted_ticks = AtomicU32::new(CATCH_UP_STEPS_MAX);
        InputHistory { slots: Box::default(), wanted_ticks }
    }

    pub(super) fn push(&mut self, tick: Tick, input: (InputSource, I)) {
        let wanted = *self.wanted_ticks.get_mut() as usize;
        if wanted > self.slots.len() {
            self.grow(tick, wanted);
        }
        let at = self.slot_of(tick);
        self.slots[at] = input;
    }

    /// What `tick` gave, `now` being the last. It is one of the last [`CATCH_UP_STEPS_MAX`], or of those
    /// that were wanted; any other counts as one without an input.
    pub(super) fn at(&self, tick: Tick, now: Tick) -> (InputSource, I) {
        let is_kept = now.since(tick) < self.slots.len() as i64;
        if is_kept { self.slots[self.slot_of(tick)] } else { (InputSource::Missing, I::default()) }
    }

    /// To be called in each pass in which its viewer was sent nothing, for so many ticks now: it will want
    /// to read them, and those of the next pass.
    pub(super) fn want(&self, ticks: u32) {
        let wanted = ticks.saturating_add(CATCH_UP_STEPS_MAX).min(SNAPSHOT_INPUTS_MAX as u32);
        self.wanted_ticks.fetch_max(wanted, Relaxed);
    }

    /// Makes space for so many ticks, of which `next` is the next.
    #[cold]
    fn grow(&mut self, next: Tick, wanted: usize) {
        let len = wanted.next_power_of_two();
        let mut slots = vec![(InputSource::Missing, I::default()); len];
        for ago in 1..=self.slots.len() as u32 {
            let tick = next.minus(ago);
            slots[tick.0 as usize % len] = self.slots[self.slot_of(tick)];
        }
        self.slots = slots.into();
    }

    fn slot_of(&self, tick: Tick) -> usize {
        tick.0 as usize % self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use tickwire_game::dice::Dice;

    use super::*;

    #[test]
    fn a_viewer_that_is_sent_nothing_finds_all_ticks_that_a_snapshot_reports() {
        let seed = 5;
        let mut dice = Dice::new(seed, 0);
        for _ in 0..200 {
            let mut history = InputHistory::new();
            // Ten passes of which it is sent all, and then none any more.
            let (mut now, mut behind) = (0, 0);
            for pass in 0..30 {
                let steps = 1 + dice.below(CATCH_UP_STEPS_MAX);
                for _ in 0..steps {
                    now += 1;
                    history.push(Tick(now), (InputSource::Received, now));
                }
                behind += steps;
                for ago in 0..behind.min(SNAPSHOT_INPUTS_MAX as u32) {
                    let input = history.at(Tick(now - ago), Tick(now));
                    assert_eq!(input, (InputSource::Received, now - ago), "seed {seed}, at {now}");
                }
                if pass < 10 {
                    behind = 0;
                    assert!(history.slots.len() <= CATCH_UP_STEPS_MAX.next_power_of_two() as usize);
                } else {
                    history.want(behind);
                }
            }
            let forgotten = Tick(now - SNAPSHOT_INPUTS_MAX as u32);
            assert_eq!(history.at(forgotten, Tick(now)), (InputSource::Missing, 0));
        }
    }
}
