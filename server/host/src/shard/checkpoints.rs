//! Copies of a shard's rooms, made one at a time between two passes, and rooms that go on from one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tickwire_game::game::Game;
use tracing::{error, info};

use super::{Shard, first_deadline};
use crate::checkpoint::{Checkpoint, Checkpoints, KeptSeat};
use crate::directory::RoomKey;
use crate::mailbox::Effects;
use crate::room_host::RoomHost;

impl<G: Game> Shard<G> {
    /// From now on it makes checkpoints of these rooms.
    pub fn set_checkpoints(&mut self, policy: Checkpoints) {
        self.copies.policy = policy;
    }

    /// Whether it makes checkpoints now: else those that were made grow old.
    #[must_use]
    pub fn makes_checkpoints(&self) -> bool {
        match self.copies.policy {
            Checkpoints::Never => false,
            Checkpoints::Shared => self.rooms.len() > 1,
            Checkpoints::Always => true,
        }
    }

    /// When the next checkpoint is due; `None` while none is made, or no room has changed since its last.
    #[must_use]
    pub fn checkpoint_due(&self) -> Option<Duration> {
        self.copies.due().filter(|_| self.makes_checkpoints())
    }

    /// Copies the room whose turn it is, if one is due at `now`. To be called between passes, when there is
    /// time.
    pub fn checkpoint(&mut self, now: Duration, effects: &mut Effects) -> Option<Checkpoint<G>> {
        if self.checkpoint_due().is_none_or(|due| due > now) {
            return None;
        }
        let room = self.copies.next()?;
        self.copy(room, now, effects)
    }

    /// Copies a room that has just come, or the one that was alone until then. To be called before the next
    /// pass for as long as there is one: the newcomer may be the one that does not come back from it.
    pub fn checkpoint_newcomer(
        &mut self,
        now: Duration,
        effects: &mut Effects,
    ) -> Option<Checkpoint<G>> {
        // One that cannot be copied has failed.
        while let Some(room) = self.copies.next_newcomer() {
            let copy = self.copy(room, now, effects);
            if copy.is_some() {
                return copy;
            }
        }
        None
    }

    fn copy(
        &mut self,
        room: RoomKey,
        now: Duration,
        effects: &mut Effects,
    ) -> Option<Checkpoint<G>> {
        self.copies.remove(room);
        let at = self.rooms.find(room)?;
        // The world is copied by the game's own code.
        let copy = self.guarded(at, effects, |room, _, _, _| room.checkpoint_at(now));
        effects.counters.checkpoints += u64::from(copy.is_some());
        copy
    }

    /// A room has come, at `now`.
    pub(super) fn copy_newcomer(&mut self, room: RoomKey, now: Duration) {
        self.copies.add(room, now);
        if !self.makes_checkpoints() {
            return;
        }
        if self.copies.policy == Checkpoints::Shared && self.rooms.len() == 2 {
            self.copies.add_newcomer(self.rooms.get(0).key);
        }
        self.copies.add_newcomer(room);
    }

    /// The rooms that were copied and have ended since this was last called.
    pub fn take_ended(&mut self) -> Vec<RoomKey> {
        self.copies.take_ended()
    }

    /// Drops what holds a world of a room, which runs code of its game: a panic in that ends nothing else.
    pub fn discard<T>(&self, room: RoomKey, holds_world: T) {
        self.discarding(room, || drop(holds_world));
    }

    /// Does something after which no world is left that a room had.
    pub(super) fn discarding(&self, room: RoomKey, discard: impl FnOnce()) {
        self.at_work.begin(room);
        // What is left of the world by a panic is not used any more.
        if catch_unwind(AssertUnwindSafe(discard)).is_err() {
            error!("a world was not dropped in order: a panic in it");
        }
        self.at_work.end();
    }

    /// The checkpoints that were made are gone: all rooms are to be copied again, once any are.
    pub fn forget_checkpoints(&mut self) {
        self.copies.clear();
        for at in 0..self.rooms.len() {
            let room = self.rooms.change(at, |room| {
                room.forget_copy();
                room.key
            });
            self.copies.add(room, Duration::ZERO);
        }
    }

    /// Takes a room in that goes on from a checkpoint, at `now`, or rather from a copy of it: if this thread
    /// does not come back either, the room goes on from the same once more. Players whose seats are `kept` stay,
    /// until their clients resume or the grace is over; the others have left.
    pub fn restore(
        &mut self,
        checkpoint: &Checkpoint<G>,
        kept: Vec<KeptSeat>,
        now: Duration,
        effects: &mut Effects,
    ) {
        let (key, name) = (checkpoint.key, checkpoint.config.name.clone());
        let origin = first_deadline(now, self.opened, checkpoint.config.tick_rate.period());
        self.opened = self.opened.wrapping_add(1);
        let players = kept.len();
        // The game copies its world and shows it, and players leave it.
        let at_work = &self.at_work;
        at_work.begin(key);
        let restore = || {
            let copy = checkpoint.copy();
            at_work.go_on();
            RoomHost::restore(copy, kept, origin, effects)
        };
        let restored = catch_unwind(AssertUnwindSafe(restore));
        self.at_work.end();
        match restored {
            Ok(mut room) => {
                room.show_work(Arc::clone(&self.at_work));
                room.draining = self.draining;
                info!(room = name, tick = room.room().tick().0, players, "room restored");
                room.note_copy(now);
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
