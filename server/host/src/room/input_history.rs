//! [`InputHistory`]: what each of the last ticks gave one player: where its input came from, and
//! what it was.
//!
//! Published by the room with each tick. A viewer whose client replays its own state reads the
//! ticks since its last snapshot from it, as far back as a snapshot reports.

use shared::limits::SNAPSHOT_GIVEN_MAX;
use shared::protocol::snapshot::GivenKind;
use shared::tick::Tick;

/// A ring addressed by tick.
#[derive(Debug)]
pub(super) struct InputHistory<I> {
    slots: Box<[(GivenKind, I)]>,
}

impl<I: Copy + Default> InputHistory<I> {
    pub(super) fn new() -> InputHistory<I> {
        InputHistory { slots: vec![(GivenKind::Absent, I::default()); SNAPSHOT_GIVEN_MAX].into() }
    }

    pub(super) fn push(&mut self, tick: Tick, given: (GivenKind, I)) {
        self.slots[slot_of(tick)] = given;
    }

    /// What `tick` gave, which is one of the last [`SNAPSHOT_GIVEN_MAX`].
    pub(super) fn at(&self, tick: Tick) -> (GivenKind, I) {
        self.slots[slot_of(tick)]
    }
}

fn slot_of(tick: Tick) -> usize {
    tick.0 as usize % SNAPSHOT_GIVEN_MAX
}
