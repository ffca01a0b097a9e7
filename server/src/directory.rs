//! [`Directory`]: which rooms there are, where, and how many are in them; and so who may come
//! into which.
//!
//! A plain struct that is handed the time, owned by the lobby's task. Its counts are the
//! admission; it touches no room.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use shared::limits::ROOM_SPECTATORS_MAX;
use shared::protocol::{Refusal, Role};
use slotmap::SlotMap;

use crate::hosted::RoomStatus;

slotmap::new_key_type! {
    /// A room while the server runs; a name may pass to another room, a key never does.
    pub(crate) struct RoomKey;
}

/// Where a client wants to be: [`shared::protocol::RoomWish`], checked and owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Any,
    Named(String),
}

/// The limits within which the lobby lets in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) players_max: u16,
    pub(crate) rooms_max: usize,
    pub(crate) connections_max: usize,
    pub(crate) empty_max: Duration,
}

/// Which rooms there are, where, and how many are in them.
pub(crate) struct Directory {
    limits: Limits,
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

/// Where someone is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    pub(crate) room: RoomKey,
    pub(crate) shard: usize,
    /// Whether the room is to be opened first.
    pub(crate) new: bool,
}

impl Directory {
    pub(crate) fn new(limits: Limits, shards: usize) -> Directory {
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

    /// Takes a place, in a room that is made when it is needed.
    pub(crate) fn enter(&mut self, role: Role, wish: &Wish) -> Result<Admission, Refusal> {
        if self.closing {
            return Err(Refusal::Closing);
        }
        if self.connections >= self.limits.connections_max {
            return Err(Refusal::ServerFull);
        }
        let found = match wish {
            Wish::Any => self.fullest(role),
            Wish::Named(name) => self.by_name.get(name).copied(),
        };
        let (room, new) = match (found, wish) {
            (Some(room), _) => (room, false),
            (None, Wish::Named(name)) => (self.open(name.clone())?, true),
            (None, Wish::Any) => {
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
        Ok(Admission { room, shard, new })
    }

    /// The room with the most players that has a place and is not overloaded: people come to meet.
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

    /// A place is free again.
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

    /// All rooms, in no order that means anything.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &Listed> {
        self.rooms.values()
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
        Directory::new(Limits { players_max, rooms_max, connections_max, empty_max }, 2)
    }

    fn named(name: &str) -> Wish {
        Wish::Named(name.to_owned())
    }

    #[test]
    fn any_room_is_the_fullest_with_a_place() {
        let mut directory = of_limits(2, 8, 100);
        let first = directory.enter(Role::Player, &Wish::Any).unwrap();
        assert!(first.new);
        directory.enter(Role::Player, &named("empty-ish")).unwrap();
        let second = directory.enter(Role::Player, &named("busy")).unwrap();
        directory.enter(Role::Player, &named("busy")).unwrap();
        let third = directory.enter(Role::Player, &Wish::Any).unwrap();
        assert!(!third.new, "there was a place");
        assert_ne!(third.room, second.room, "the busy one is full");
        let watcher = directory.enter(Role::Spectator, &Wish::Any).unwrap();
        assert!([second.room, third.room].contains(&watcher.room), "where most is to be seen");
    }

    #[test]
    fn two_hundred_players_fill_rooms_of_64_one_after_the_other() {
        let mut directory = of_limits(64, 256, 10_000);
        let mut rooms: HashMap<RoomKey, u32> = HashMap::new();
        for _ in 0..200 {
            *rooms.entry(directory.enter(Role::Player, &Wish::Any).unwrap().room).or_default() += 1;
        }
        let mut counts: Vec<u32> = rooms.into_values().collect();
        counts.sort_unstable();
        assert_eq!(counts, [8, 64, 64, 64]);
    }

    #[test]
    fn a_full_named_room_refuses_players_and_takes_spectators() {
        let mut directory = of_limits(1, 8, 100);
        let room = directory.enter(Role::Player, &named("duel")).unwrap().room;
        assert_eq!(directory.enter(Role::Player, &named("duel")), Err(Refusal::RoomFull));
        assert!(directory.enter(Role::Spectator, &named("duel")).is_ok());
        directory.leave(room, Role::Player, Duration::ZERO);
        assert!(directory.enter(Role::Player, &named("duel")).is_ok());
    }

    #[test]
    fn a_room_takes_so_many_spectators_and_still_players() {
        let mut directory = of_limits(2, 8, 10_000);
        let room = directory.enter(Role::Player, &named("final")).unwrap().room;
        for _ in 0..ROOM_SPECTATORS_MAX {
            assert_eq!(directory.enter(Role::Spectator, &Wish::Any).unwrap().room, room);
        }
        assert_eq!(directory.enter(Role::Spectator, &named("final")), Err(Refusal::RoomFull));
        assert_ne!(directory.enter(Role::Spectator, &Wish::Any).unwrap().room, room);
        assert_eq!(directory.enter(Role::Player, &named("final")).unwrap().room, room);
        directory.leave(room, Role::Spectator, Duration::ZERO);
        assert!(directory.enter(Role::Spectator, &named("final")).is_ok());
    }

    #[test]
    fn a_server_with_all_its_rooms_or_people_is_full() {
        let mut directory = of_limits(1, 1, 2);
        directory.enter(Role::Player, &Wish::Any).unwrap();
        assert_eq!(directory.enter(Role::Player, &Wish::Any), Err(Refusal::ServerFull));
        directory.enter(Role::Spectator, &Wish::Any).unwrap();
        assert_eq!(directory.enter(Role::Spectator, &Wish::Any), Err(Refusal::ServerFull));
    }

    #[test]
    fn a_room_is_retired_once_it_was_empty_long_enough() {
        let mut directory = of_limits(4, 8, 100);
        let room = directory.enter(Role::Player, &named("a")).unwrap().room;
        assert!(directory.deserted(Duration::from_secs(1_000)).is_empty(), "someone is in it");
        directory.leave(room, Role::Player, Duration::from_secs(1_000));
        assert!(directory.deserted(Duration::from_secs(1_029)).is_empty());
        assert_eq!(directory.deserted(Duration::from_secs(1_030)), [room]);
        directory.forget(room);
        assert!(directory.enter(Role::Player, &named("a")).unwrap().new);
    }

    #[test]
    fn places_of_a_failed_room_come_back() {
        let mut directory = of_limits(4, 8, 1);
        let room = directory.enter(Role::Player, &named("a")).unwrap().room;
        directory.forget(room);
        directory.leave(room, Role::Player, Duration::ZERO);
        let again = directory.enter(Role::Player, &named("a")).unwrap();
        assert!(again.new);
        assert_ne!(again.room, room);
    }

    #[test]
    fn rooms_go_to_the_shard_with_the_fewest_people() {
        let mut directory = of_limits(64, 8, 100);
        let a = directory.enter(Role::Player, &named("a")).unwrap();
        let b = directory.enter(Role::Player, &named("b")).unwrap();
        assert_ne!(a.shard, b.shard);
        directory.enter(Role::Player, &named("a")).unwrap();
        assert_eq!(directory.enter(Role::Player, &named("c")).unwrap().shard, b.shard);
    }

    #[test]
    fn nobody_comes_into_an_overloaded_room_nor_is_one_opened_beside_it() {
        let mut directory = of_limits(64, 8, 100);
        let slow = directory.enter(Role::Player, &named("slow")).unwrap();
        let overload = |directory: &Directory, room, is_overloaded| {
            directory.room(room).status.refuse_joins(is_overloaded);
        };
        overload(&directory, slow.room, true);
        for role in [Role::Player, Role::Spectator] {
            assert_eq!(directory.enter(role, &named("slow")), Err(Refusal::Overloaded));
        }
        let other = directory.enter(Role::Player, &Wish::Any).unwrap();
        assert_ne!((other.room, other.shard), (slow.room, slow.shard));
        assert_eq!(directory.enter(Role::Player, &named("new")).unwrap().shard, other.shard);
        overload(&directory, other.room, true);
        let third = directory.enter(Role::Player, &Wish::Any).unwrap();
        assert!(!third.new, "one is as it should be");
        overload(&directory, third.room, true);
        assert_eq!(directory.enter(Role::Player, &Wish::Any), Err(Refusal::Overloaded));
        assert_eq!(directory.enter(Role::Player, &named("newer")), Err(Refusal::Overloaded));
        overload(&directory, slow.room, false);
        assert_eq!(directory.enter(Role::Player, &Wish::Any).unwrap().room, slow.room);
    }

    #[test]
    fn a_closing_lobby_lets_nobody_in() {
        let mut directory = of_limits(4, 8, 100);
        directory.close();
        assert_eq!(directory.enter(Role::Player, &Wish::Any), Err(Refusal::Closing));
    }
}
