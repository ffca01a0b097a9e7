//! [`Rooms`]: the rooms of a shard, and what it asks all of them at each pass of any.
//!
//! When each is due and what load it is stands apart from the rooms, side by side: a room is
//! kilobytes, and to walk through hundreds of them for a few bytes each would cost a pass more than
//! the bookkeeping of all its players: with 200 rooms of two it was a fifth of the time outside the
//! kernel. Code that changes a room does it through [`Rooms::change`], so that the two agree.

use std::time::Duration;

use tickwire_game::game::Game;

use crate::directory::RoomKey;
use crate::room_host::RoomHost;

/// The rooms of a shard.
pub(super) struct Rooms<G: Game> {
    hosts: Vec<RoomHost<G>>,
    /// What is asked of each, in the same order.
    asked: Vec<Asked>,
}

/// What is asked of a room at each pass of any.
struct Asked {
    key: RoomKey,
    /// When its next pass is due; `None` while it is asleep.
    deadline: Option<Duration>,
    load: f64,
}

impl Asked {
    fn of<G: Game>(host: &RoomHost<G>) -> Asked {
        Asked { key: host.key, deadline: host.deadline(), load: host.load() }
    }
}

impl<G: Game> Rooms<G> {
    pub(super) fn new() -> Rooms<G> {
        Rooms { hosts: Vec::new(), asked: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.hosts.len()
    }

    /// The earliest deadline and where its room stands: the first of several.
    pub(super) fn earliest(&self) -> Option<(Duration, usize)> {
        let deadlines = self.asked.iter().enumerate();
        deadlines.filter_map(|(at, asked)| Some((asked.deadline?, at))).min()
    }

    /// What part of the thread's time all of them would take at the full tick rate.
    pub(super) fn load(&self) -> f64 {
        self.asked.iter().map(|asked| asked.load).sum()
    }

    /// Where a room stands.
    pub(super) fn find(&self, key: RoomKey) -> Option<usize> {
        self.asked.iter().position(|asked| asked.key == key)
    }

    pub(super) fn get(&self, at: usize) -> &RoomHost<G> {
        &self.hosts[at]
    }

    /// Does something with a room that may change what is asked of it.
    pub(super) fn change<T>(&mut self, at: usize, act: impl FnOnce(&mut RoomHost<G>) -> T) -> T {
        let done = act(&mut self.hosts[at]);
        self.asked[at] = Asked::of(&self.hosts[at]);
        done
    }

    pub(super) fn push(&mut self, host: RoomHost<G>) {
        self.asked.push(Asked::of(&host));
        self.hosts.push(host);
    }

    /// Takes a room out; the last takes its place.
    pub(super) fn swap_remove(&mut self, at: usize) -> RoomHost<G> {
        self.asked.swap_remove(at);
        self.hosts.swap_remove(at)
    }

    /// Takes all of them out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = RoomHost<G>> {
        self.asked.clear();
        self.hosts.drain(..)
    }
}
