//! [`Directory`]: which rooms there are, on which shard, and how many are in them; and so who may
//! join which.
//!
//! A plain struct that is handed the time, owned by the lobby. Its counts are the admission; it
//! touches no room. What it shows of a room it reads from the room's [`RoomStatus`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use shared::limits::PACE_FULL_PERMILLE;
use shared::protocol::{Refusal, Role};
use shared::tick::Tick;
use slotmap::SlotMap;

use crate::hello::RequestedRoom;
use crate::limits::ROOM_SPECTATORS_MAX;
use crate::pacer::TimeScale;

slotmap::new_key_type! {
    /// A room while the server runs; a name may pass to another room, a key never does.
    pub struct RoomKey;
}

/// What a room shows to other threads, as of its last pass.
#[derive(Debug)]
pub struct RoomStatus {
    tick: AtomicU32,
    bots: AtomicU16,
    time_scale_permille: AtomicU16,
    refuses_joins: AtomicBool,
}

impl Default for RoomStatus {
    fn default() -> RoomStatus {
        RoomStatus {
            tick: AtomicU32::default(),
            bots: AtomicU16::default(),
            time_scale_permille: AtomicU16::new(PACE_FULL_PERMILLE),
            refuses_joins: AtomicBool::default(),
        }
    }
}

impl RoomStatus {
    pub(crate) fn publish(&self, tick: Tick, bots: u16, scale: TimeScale, refuses_joins: bool) {
        self.tick.store(tick.0, Relaxed);
        self.bots.store(bots, Relaxed);
        self.time_scale_permille.store(scale.permille(), Relaxed);
        self.refuses_joins.store(refuses_joins, Relaxed);
    }

    fn tick(&self) -> Tick {
        Tick(self.tick.load(Relaxed))
    }

    fn bots(&self) -> u16 {
        self.bots.load(Relaxed)
    }

    /// How fast it makes its ticks.
    #[must_use]
    pub fn time_scale(&self) -> TimeScale {
        TimeScale::of_permille(self.time_scale_permille.load(Relaxed))
    }

    /// Whether it is overloaded and takes nobody in.
    #[must_use]
    pub fn refuses_joins(&self) -> bool {
        self.refuses_joins.load(Relaxed)
    }
}

/// One room, to people.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RoomListing {
    /// Its name.
    pub name: String,
    /// Its game.
    pub game: &'static str,
    /// People who play.
    pub players: u16,
    /// Bots that fill it up.
    pub bots: u16,
    /// People who watch.
    pub spectators: u32,
    /// Most players.
    pub players_max: u16,
    /// Ticks per second at full speed.
    pub tick_rate_hz: u16,
    /// Its tick as of its last pass.
    pub tick: u32,
    /// How fast it makes its ticks: 1.0 is the full tick rate.
    pub time_scale: f64,
}

/// How many rooms and people there may be.
#[derive(Clone, Copy, Debug)]
pub struct DirectoryLimits {
    /// Most players in a room.
    pub players_max: u16,
    /// Most rooms.
    pub rooms_max: usize,
    /// Most people in all rooms together, spectators included.
    pub connections_max: usize,
    /// How long a room without people is kept.
    pub empty_max: Duration,
}

/// Which rooms there are, where, and how many are in them.
pub(crate) struct Directory {
    limits: DirectoryLimits,
    rooms: SlotMap<RoomKey, Listed>,
    by_name: HashMap<String, RoomKey>,
    shards: Vec<Load>,
    connections: usize,
    named: u64,
    closing: bool,
}

/// A room as the lobby knows it.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) shard: usize,
    pub(crate) players: u16,
    pub(crate) spectators: u32,
    empty_since: Option<Duration>,
    pub(crate) status: Arc<RoomStatus>,
}

#[derive(Clone, Copy, Default)]
struct Load {
    people: usize,
    rooms: usize,
}

/// In which room someone has a seat now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) room: RoomKey,
    pub(crate) shard: usize,
    /// Whether the room has to be opened first.
    pub(crate) new: bool,
}

impl Directory {
    pub(crate) fn new(limits: DirectoryLimits, shards: usize) -> Directory {
        Directory {
            limits,
            rooms: SlotMap::with_key(),
            by_name: HashMap::new(),
            shards: vec![Load::default(); shards],
            connections: 0,
            named: 0,
            closing: false,
        }
    }

    /// How many are in all rooms together, spectators included.
    pub(crate) fn people(&self) -> usize {
        self.connections
    }

    /// Takes a seat, in a room that is made when it is needed.
    pub(crate) fn join(
        &mut self,
        role: Role,
        requested: &RequestedRoom,
    ) -> Result<Placement, Refusal> {
        if self.closing {
            return Err(Refusal::Closing);
        }
        if self.connections >= self.limits.connections_max {
            return Err(Refusal::ServerFull);
        }
        let found = match requested {
            RequestedRoom::Any => self.fullest(role),
            RequestedRoom::Named(name) => self.by_name.get(name).copied(),
        };
        let (room, new) = match (found, requested) {
            (Some(room), _) => (room, false),
            (None, RequestedRoom::Named(name)) => (self.open(name.clone())?, true),
            (None, RequestedRoom::Any) => {
                let name = self.free_name();
                (self.open(name)?, true)
            }
        };
        let listed = &mut self.rooms[room];
        if listed.status.refuses_joins() {
            return Err(Refusal::Overloaded);
        }
        match role {
            Role::Player if listed.players >= self.limits.players_max => {
                return Err(Refusal::RoomFull);
            }
            Role::Player => listed.players += 1,
            Role::Spectator if listed.spectators >= ROOM_SPECTATORS_MAX => {
                return Err(Refusal::RoomFull);
            }
            Role::Spectator => listed.spectators += 1,
        }
        listed.empty_since = None;
        let shard = listed.shard;
        self.shards[shard].people += 1;
        self.connections += 1;
        Ok(Placement { room, shard, new })
    }

    /// The room with the most players that has a seat and is not overloaded: people come to meet.
    fn fullest(&self, role: Role) -> Option<RoomKey> {
        self.rooms
            .iter()
            .filter(|(_, listed)| !listed.status.refuses_joins())
            .filter(|(_, listed)| match role {
                Role::Player => listed.players < self.limits.players_max,
                Role::Spectator => listed.spectators < ROOM_SPECTATORS_MAX,
            })
            .max_by_key(|(_, listed)| listed.players)
            .map(|(room, _)| room)
    }

    fn free_name(&mut self) -> String {
        loop {
            self.named += 1;
            let name = format!("room-{}", self.named);
            if !self.by_name.contains_key(&name) {
                return name;
            }
        }
    }

    fn open(&mut self, name: String) -> Result<RoomKey, Refusal> {
        if self.rooms.len() >= self.limits.rooms_max {
            return Err(Refusal::ServerFull);
        }
        // One more room would slow all rooms of an overloaded shard even further.
        let mut overloaded = vec![false; self.shards.len()];
        for listed in self.rooms.values() {
            overloaded[listed.shard] |= listed.status.refuses_joins();
        }
        let (shard, load) = self
            .shards
            .iter_mut()
            .enumerate()
            .filter(|(shard, _)| !overloaded[*shard])
            .min_by_key(|(_, load)| (load.people, load.rooms))
            .ok_or(Refusal::Overloaded)?;
        load.rooms += 1;
        let room = self.rooms.insert(Listed {
            name: name.clone(),
            shard,
            players: 0,
            spectators: 0,
            empty_since: None,
            status: Arc::default(),
        });
        self.by_name.insert(name, room);
        Ok(room)
    }

    /// A seat is free again.
    pub(crate) fn leave(&mut self, room: RoomKey, role: Role, now: Duration) {
        self.connections -= 1;
        // A room that failed is gone before those who were in it.
        let Some(listed) = self.rooms.get_mut(room) else { return };
        match role {
            Role::Player => listed.players -= 1,
            Role::Spectator => listed.spectators -= 1,
        }
        self.shards[listed.shard].people -= 1;
        if listed.players == 0 && listed.spectators == 0 {
            listed.empty_since = Some(now);
        }
    }

    /// Forgets a room, and says which shard had it.
    pub(crate) fn forget(&mut self, room: RoomKey) -> Option<usize> {
        let listed = self.rooms.remove(room)?;
        self.by_name.remove(&listed.name);
        let load = &mut self.shards[listed.shard];
        load.rooms -= 1;
        load.people -= usize::from(listed.players) + listed.spectators as usize;
        Some(listed.shard)
    }

    /// The rooms that have been empty for too long.
    pub(crate) fn deserted(&self, now: Duration) -> Vec<RoomKey> {
        self.rooms
            .iter()
            .filter(|(_, listed)| {
                listed
                    .empty_since
                    .is_some_and(|since| now.saturating_sub(since) >= self.limits.empty_max)
            })
            .map(|(room, _)| room)
            .collect()
    }

    /// All rooms by name, as people are shown them.
    pub(crate) fn list(&self, game: &'static str, tick_rate_hz: u16) -> Vec<RoomListing> {
        let players_max = self.limits.players_max;
        let listing = |listed: &Listed| RoomListing {
            name: listed.name.clone(),
            game,
            players: listed.players,
            // The room's bots make way at its next tick; here they have already.
            bots: listed.status.bots().min(players_max - listed.players),
            spectators: listed.spectators,
            players_max,
            tick_rate_hz,
            tick: listed.status.tick().0,
            time_scale: listed.status.time_scale().as_f64(),
        };
        let mut rooms: Vec<RoomListing> = self.rooms.values().map(listing).collect();
        rooms.sort_by(|a, b| a.name.cmp(&b.name));
        rooms
    }

    /// A room that has not been forgotten.
    pub(crate) fn room(&self, room: RoomKey) -> &Listed {
        &self.rooms[room]
    }

    /// Lets nobody in from now on.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    /// Whether nobody is let in any more and all have left.
    pub(crate) fn is_done(&self) -> bool {
        self.closing && self.connections == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_limits(players_max: u16, rooms_max: usize, connections_max: usize) -> Directory {
        let empty_max = Duration::from_secs(30);
        Directory::new(DirectoryLimits { players_max, rooms_max, connections_max, empty_max }, 2)
    }

    fn named(name: &str) -> RequestedRoom {
        RequestedRoom::Named(name.to_owned())
    }

    #[test]
    fn any_room_is_the_fullest_with_a_place() {
        let mut directory = of_limits(2, 8, 100);
        let first = directory.join(Role::Player, &RequestedRoom::Any).unwrap();
        assert!(first.new);
        directory.join(Role::Player, &named("empty-ish")).unwrap();
        let second = directory.join(Role::Player, &named("busy")).unwrap();
        directory.join(Role::Player, &named("busy")).unwrap();
        let third = directory.join(Role::Player, &RequestedRoom::Any).unwrap();
        assert!(!third.new, "there was a place");
        assert_ne!(third.room, second.room, "the busy one is full");
        let watcher = directory.join(Role::Spectator, &RequestedRoom::Any).unwrap();
        assert!([second.room, third.room].contains(&watcher.room), "where most is to be seen");
    }

    #[test]
    fn two_hundred_players_fill_rooms_of_64_one_after_the_other() {
        let mut directory = of_limits(64, 256, 10_000);
        let mut rooms: HashMap<RoomKey, u32> = HashMap::new();
        for _ in 0..200 {
            *rooms
                .entry(directory.join(Role::Player, &RequestedRoom::Any).unwrap().room)
                .or_default() += 1;
        }
        let mut counts: Vec<u32> = rooms.into_values().collect();
        counts.sort_unstable();
        assert_eq!(counts, [8, 64, 64, 64]);
    }

    #[test]
    fn a_full_named_room_refuses_players_and_takes_spectators() {
        let mut directory = of_limits(1, 8, 100);
        let room = directory.join(Role::Player, &named("duel")).unwrap().room;
        assert_eq!(directory.join(Role::Player, &named("duel")), Err(Refusal::RoomFull));
        assert!(directory.join(Role::Spectator, &named("duel")).is_ok());
        directory.leave(room, Role::Player, Duration::ZERO);
        assert!(directory.join(Role::Player, &named("duel")).is_ok());
    }

    #[test]
    fn a_room_takes_so_many_spectators_and_still_players() {
        let mut directory = of_limits(2, 8, 10_000);
        let room = directory.join(Role::Player, &named("final")).unwrap().room;
        for _ in 0..ROOM_SPECTATORS_MAX {
            assert_eq!(directory.join(Role::Spectator, &RequestedRoom::Any).unwrap().room, room);
        }
        assert_eq!(directory.join(Role::Spectator, &named("final")), Err(Refusal::RoomFull));
        assert_ne!(directory.join(Role::Spectator, &RequestedRoom::Any).unwrap().room, room);
        assert_eq!(directory.join(Role::Player, &named("final")).unwrap().room, room);
        directory.leave(room, Role::Spectator, Duration::ZERO);
        assert!(directory.join(Role::Spectator, &named("final")).is_ok());
    }

    #[test]
    fn a_server_with_all_its_rooms_or_people_is_full() {
        let mut directory = of_limits(1, 1, 2);
        directory.join(Role::Player, &RequestedRoom::Any).unwrap();
        assert_eq!(directory.join(Role::Player, &RequestedRoom::Any), Err(Refusal::ServerFull));
        directory.join(Role::Spectator, &RequestedRoom::Any).unwrap();
        assert_eq!(directory.join(Role::Spectator, &RequestedRoom::Any), Err(Refusal::ServerFull));
    }

    #[test]
    fn a_room_is_retired_once_it_was_empty_long_enough() {
        let mut directory = of_limits(4, 8, 100);
        let room = directory.join(Role::Player, &named("a")).unwrap().room;
        assert!(directory.deserted(Duration::from_secs(1_000)).is_empty(), "someone is in it");
        directory.leave(room, Role::Player, Duration::from_secs(1_000));
        assert!(directory.deserted(Duration::from_secs(1_029)).is_empty());
        assert_eq!(directory.deserted(Duration::from_secs(1_030)), [room]);
        directory.forget(room);
        assert!(directory.join(Role::Player, &named("a")).unwrap().new);
    }

    #[test]
    fn places_of_a_failed_room_come_back() {
        let mut directory = of_limits(4, 8, 1);
        let room = directory.join(Role::Player, &named("a")).unwrap().room;
        directory.forget(room);
        directory.leave(room, Role::Player, Duration::ZERO);
        let again = directory.join(Role::Player, &named("a")).unwrap();
        assert!(again.new);
        assert_ne!(again.room, room);
    }

    #[test]
    fn rooms_go_to_the_shard_with_the_fewest_people() {
        let mut directory = of_limits(64, 8, 100);
        let a = directory.join(Role::Player, &named("a")).unwrap();
        let b = directory.join(Role::Player, &named("b")).unwrap();
        assert_ne!(a.shard, b.shard);
        directory.join(Role::Player, &named("a")).unwrap();
        assert_eq!(directory.join(Role::Player, &named("c")).unwrap().shard, b.shard);
    }

    #[test]
    fn nobody_comes_into_an_overloaded_room_nor_is_one_opened_beside_it() {
        let mut directory = of_limits(64, 8, 100);
        let slow = directory.join(Role::Player, &named("slow")).unwrap();
        let overload = |directory: &Directory, room, is_overloaded| {
            let status = &directory.room(room).status;
            status.publish(Tick(0), 0, TimeScale::FULL, is_overloaded);
        };
        overload(&directory, slow.room, true);
        for role in [Role::Player, Role::Spectator] {
            assert_eq!(directory.join(role, &named("slow")), Err(Refusal::Overloaded));
        }
        let other = directory.join(Role::Player, &RequestedRoom::Any).unwrap();
        assert_ne!((other.room, other.shard), (slow.room, slow.shard));
        assert_eq!(directory.join(Role::Player, &named("new")).unwrap().shard, other.shard);
        overload(&directory, other.room, true);
        let third = directory.join(Role::Player, &RequestedRoom::Any).unwrap();
        assert!(!third.new, "one is as it should be");
        overload(&directory, third.room, true);
        assert_eq!(directory.join(Role::Player, &RequestedRoom::Any), Err(Refusal::Overloaded));
        assert_eq!(directory.join(Role::Player, &named("newer")), Err(Refusal::Overloaded));
        overload(&directory, slow.room, false);
        assert_eq!(directory.join(Role::Player, &RequestedRoom::Any).unwrap().room, slow.room);
    }

    #[test]
    fn a_closing_lobby_lets_nobody_in() {
        let mut directory = of_limits(4, 8, 100);
        directory.close();
        assert_eq!(directory.join(Role::Player, &RequestedRoom::Any), Err(Refusal::Closing));
    }
}
