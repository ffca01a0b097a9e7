//! [`Copies`]: which room of a shard is to be copied next, and when.
//!
//! In the round are only rooms that have changed since their last copy: those asleep, however many, take no
//! turn of those that play.

use std::collections::VecDeque;
use std::time::Duration;

use crate::checkpoint::Checkpoints;
use crate::directory::RoomKey;

/// Which room is to be copied next.
#[derive(Debug, Default)]
pub(super) struct Copies {
    pub(super) policy: Checkpoints,
    /// When the next copy is due of each room that has changed, the earliest first.
    round: VecDeque<(Duration, RoomKey)>,
    /// Rooms that are to be copied before any makes another tick.
    newcomers: VecDeque<RoomKey>,
    /// Rooms that were copied and have ended since.
    ended: Vec<RoomKey>,
}

impl Copies {
    /// A room is to be copied, at `due` or after those that were due before.
    pub(super) fn add(&mut self, room: RoomKey, due: Duration) {
        let at = self.round.partition_point(|(other, _)| *other <= due);
        self.round.insert(at, (due, room));
    }

    /// A room in the round cannot wait for its turn.
    pub(super) fn add_newcomer(&mut self, room: RoomKey) {
        self.newcomers.push_back(room);
    }

    /// When the next of the round is due.
    pub(super) fn due(&self) -> Option<Duration> {
        self.round.front().map(|(due, _)| *due)
    }

    /// The next of the round.
    pub(super) fn next(&self) -> Option<RoomKey> {
        self.round.front().map(|(_, room)| *room)
    }

    /// The next that cannot wait.
    pub(super) fn next_newcomer(&self) -> Option<RoomKey> {
        self.newcomers.front().copied()
    }

    /// A room was copied.
    pub(super) fn remove(&mut self, room: RoomKey) {
        if self.next() == Some(room) {
            self.round.pop_front();
        } else {
            self.round.retain(|(_, other)| *other != room);
        }
        self.newcomers.retain(|other| *other != room);
    }

    /// A room has ended, of which a copy was made or not.
    pub(super) fn end(&mut self, room: RoomKey, was_copied: bool) {
        self.remove(room);
        if was_copied {
            self.ended.push(room);
        }
    }

    /// Takes those out that were copied and have ended since.
    pub(super) fn take_ended(&mut self) -> Vec<RoomKey> {
        std::mem::take(&mut self.ended)
    }

    /// Nothing is to be copied, and no copies are there.
    pub(super) fn clear(&mut self) {
        self.ended.clear();
        self.round.clear();
        self.newcomers.clear();
    }
}
