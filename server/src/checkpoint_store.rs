//! [`CheckpointStore`]: the newest checkpoints of a shard's rooms, where its thread and the keeper of the
//! shards can reach them.
//!
//! No world is copied or dropped under its lock: code of a game may never come back from that.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tickwire_game::game::Game;
use tickwire_host::{Checkpoint, RoomKey};

/// The newest checkpoints of a shard's rooms, for who takes them over.
#[derive(Debug)]
pub(crate) struct CheckpointStore<G: Game>(Mutex<HashMap<RoomKey, Checkpoint<G>>>);

impl<G: Game> Default for CheckpointStore<G> {
    fn default() -> CheckpointStore<G> {
        CheckpointStore(Mutex::default())
    }
}

impl<G: Game> CheckpointStore<G> {
    /// One with these.
    pub(crate) fn of(checkpoints: Vec<Checkpoint<G>>) -> CheckpointStore<G> {
        let all = checkpoints.into_iter().map(|checkpoint| (checkpoint.room(), checkpoint));
        CheckpointStore(Mutex::new(all.collect()))
    }

    /// Puts one in; gives the one that it replaces.
    #[must_use]
    pub(crate) fn put(&self, checkpoint: Checkpoint<G>) -> Option<Checkpoint<G>> {
        self.all().insert(checkpoint.room(), checkpoint)
    }

    /// Takes that of one room out.
    pub(crate) fn take_one(&self, room: RoomKey) -> Option<Checkpoint<G>> {
        self.all().remove(&room)
    }

    /// Takes all of them out.
    pub(crate) fn take(&self) -> Vec<Checkpoint<G>> {
        self.all().drain().map(|(_, checkpoint)| checkpoint).collect()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<RoomKey, Checkpoint<G>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
