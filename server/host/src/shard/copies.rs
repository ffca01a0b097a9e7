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
        // At once, but after those that have waited: until then there is nothing from which it could go on.
        let at = self.turns.partition_point(|(due, ..)| *due <= now);
        self.turns.insert(at, (now, room, None));
    }

    /// A room is gone.
    pub(super) fn remove(&mut self, room: RoomKey) {
        self.turns.retain(|(_, other, _)| *other != room);
    }

    /// No copy is there any more.
    pub(super) fn forget(&mut self) {
        self.turns.iter_mut().for_each(|(.., tick)| *tick = None);
    }
}
