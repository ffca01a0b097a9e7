//! Copies of a shard's rooms, made one at a time between two passes, and rooms that go on from one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tickwire_game::game::Game;
use tracing::{error, info};

use super::{Shard, first_deadline};
use crate::checkpoint::{Checkpoint, Checkpoints, KeptSeat};
use crate::limits::CHECKPOINT_EVERY;
use crate::mailbox::Effects;
use crate::room_host::RoomHost;

impl<G: Game> Shard<G> {
    /// From now on it makes checkpoints of these rooms.
    pub fn set_checkpoints(&mut self, policy: Checkpoints) {
        self.copies.policy = policy;
    }

    /// When the next checkpoint is due; `None` while none is made.
    #[must_use]
    pub fn checkpoint_due(&self) -> Option<Duration> {
        let is_made = match self.copies.policy {
            Checkpoints::Never => false,
            Checkpoints::Shared => self.rooms.len() > 1,
            Checkpoints::Always => true,
        };
        let (due, ..) = self.copies.turns.front().filter(|_| is_made)?;
        Some(*due)
    }

    /// Copies the room whose turn it is, if one is due at `now` and has changed since its last. To be
    /// called between passes, when there is time.
    pub fn checkpoint(&mut self, now: Duration, effects: &mut Effects) -> Option<Checkpoint<G>> {
        if self.checkpoint_due().is_none_or(|due| due > now) {
            return None;
        }
        let (_, room, before) = self.copies.turns.pop_front()?;
        // It may have ended since.
        let at = self.rooms.find(room)?;
        let tick = self.rooms.get(at).room().tick();
        self.copies.turns.push_back((now + CHECKPOINT_EVERY, room, Some(tick)));
        if before == Some(tick) {
            return None;
        }
        // The world is copied by the game's own code.
        let copy = self.guarded(at, effects, |room, _, _, _| room.checkpoint());
        effects.counters.checkpoints += u64::from(copy.is_some());
        copy
    }

    /// The checkpoints that were made are gone: those of rooms that have not changed since are made again.
    pub fn forget_checkpoints(&mut self) {
        self.copies.forget();
    }

    /// Takes a room in that goes on from a checkpoint, at `now`. Players whose seats are `kept` stay, until
    /// their clients resume or the grace is over; the others have left.
    pub fn restore(
        &mut self,
        checkpoint: Checkpoint<G>,
        kept: Vec<KeptSeat>,
        now: Duration,
        effects: &mut Effects,
    ) {
        let (key, name) = (checkpoint.key, checkpoint.config.name.clone());
        let origin = first_deadline(now, self.opened, checkpoint.config.tick_rate.period());
        self.opened = self.opened.wrapping_add(1);
        let players = kept.len();
        // The game shows its world, and players leave it.
        self.at_work.begin(key);
        let restore = || RoomHost::restore(checkpoint, kept, origin, effects);
        let restored = catch_unwind(AssertUnwindSafe(restore));
        self.at_work.end();
        match restored {
            Ok(mut room) => {
                room.show_work(Arc::clone(&self.at_work));
                room.draining = self.draining;
                info!(room = name, tick = room.room().tick().0, players, "room restored");
                self.rooms.push(room);
                self.copies.add(key, now);
            }
            Err(_) => {
                error!(room = name, "room cannot be restored: a panic in it");
                effects.failed.push(key);
            }
        }
    }
}
