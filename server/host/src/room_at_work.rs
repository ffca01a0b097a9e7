//! [`RoomAtWork`]: which room a shard or the builder is at work on, for other threads to see.
//!
//! Code of a game may never come back: then who watches the shard's thread can tell which room's it
//! was.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use slotmap::{Key, KeyData};

use crate::directory::RoomKey;

/// Which room a shard or the builder is at work on, and how often that has changed.
#[derive(Debug, Default)]
pub struct RoomAtWork {
    /// 0 for none.
    room: AtomicU64,
    /// Rises with each beginning and each end: odd while a room is at work.
    turns: AtomicU64,
}

impl RoomAtWork {
    pub(crate) fn begin(&self, room: RoomKey) {
        self.room.store(room.data().as_ffi(), Relaxed);
        self.turns.store(self.turns.load(Relaxed) + 1, Relaxed);
    }

    pub(crate) fn end(&self) {
        self.turns.store(self.turns.load(Relaxed) + 1, Relaxed);
        self.room.store(0, Relaxed);
    }

    /// The same room goes on with something else.
    pub(crate) fn go_on(&self) {
        self.turns.store(self.turns.load(Relaxed) + 2, Relaxed);
    }

    /// The room, and a number that is another at its next turn; `None` while none is at work.
    #[must_use]
    pub fn now(&self) -> Option<(RoomKey, u64)> {
        let turn = self.turns.load(Relaxed);
        let room = self.room.load(Relaxed);
        (turn % 2 == 1 && room != 0).then(|| (RoomKey::from(KeyData::from_ffi(room)), turn))
    }
}
