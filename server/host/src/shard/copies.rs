//! [`Copies`]: which room of a shard is to be copied next, and when.

use std::collections::VecDeque;
use std::time::Duration;

use tickwire_game::tick::Tick;

use crate::checkpoint::Checkpoints;
use crate::directory::RoomKey;

/// Which room is to be copied next.
#[derive(Debug, Default)]
pub(super) struct Copies {
    pub(super) policy: Checkpoints,
    /// When the next copy of each is due, the earliest first, and of which tick its last was.
    pub(super) turns: VecDeque<(Duration, RoomKey, Option<Tick>)>,
}

impl Copies {
    /// A room came, at `now`.
    pub(super) fn add(&mut self, room: RoomKey, now: Duration) {
        // At once: until then there is nothing from which it could go on.
        self.turns.push_front((now, room, None));
    }
}
