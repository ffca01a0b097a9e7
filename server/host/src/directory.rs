//! [`Directory`]: which rooms there are, on which shard, and how many are in them; and so who may
//! join which.
//!
//! A plain struct that is handed the time, owned by the lobby. Its counts are the admission; it
//! touches no room. What it shows of a room it reads from the room's [`RoomStatus`].
//!
//! A room that was asked for by its name counts for the client that had it opened until it is gone.
//! One that was opened since all others were full does not, only against the rate: a client that
//! would hold many such rooms must fill them. When a room is wanted and there may be no more, a
//! deserted one makes way: nobody is in it, and since seats are counted here nobody can be on the
//! way to it.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use slotmap::SlotMap;
use tickwire_game::protocol::{JoinError, Role};
use tracing::info;

use crate::hello::{PeerKey, RequestedRoom};
use crate::limits::{ROOM_SPECTATORS_MAX, ROOMS_BUILDING_MAX};

pub use openers::OpenerLimits;
use openers::{Charge, OpenerLimit, Openers};
pub use status::RoomStatus;

mod openers;
mod status;

slotmap::new_key_type! {
    /// A room while the server runs; a name may pass to another room, a key never does.
    pub struct RoomKey;
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
    /// Whether it makes none, since nobody is in it.
    pub asleep: bool,
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
    /// How long a room without people is kept, unless it makes way for another.
    pub empty_max: Duration,
    /// How many rooms one client may have opened.
    pub opener: OpenerLimits,
}

/// How many rooms are being built: each of their orders holds a clone, whatever becomes of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct BuildCount(Arc<()>);

impl BuildCount {
    fn others(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

/// Which rooms there are, where, and how many are in them.
pub(crate) struct Directory {
    limits: DirectoryLimits,
    building: BuildCount,
    rooms: SlotMap<RoomKey, ListedRoom>,
    by_name: HashMap<String, RoomKey>,
    /// The rooms that nobody is in, the longest deserted first.
    deserted: BTreeSet<(Duration, RoomKey)>,
    openers: Openers,
    shards: Vec<Load>,
    connections: usize,
    /// How many of them play.
    players: usize,
    named: u64,
    intake: Intake,
}

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Intake {
    Everybody,
    /// Only who resumes a session: the server drains.
    Returning,
    Nobody,
}

/// A room as the lobby knows it.
pub(crate) struct ListedRoom {
    pub(crate) name: String,
    pub(crate) shard: usize,
    pub(crate) players: u16,
    pub(crate) spectators: u32,
    empty_since: Option<Duration>,
    /// Whose limit it counts for; `None` for a client without limits, and if all others were full.
    opener: Option<PeerKey>,
    /// Whether it stays until it was empty for long enough, even if another client needs its place.
    is_recorded: bool,
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
    /// The room that made way for it, and its shard.
    pub(crate) made_way: Option<(RoomKey, usize)>,
}

impl Directory {
    pub(crate) fn new(limits: DirectoryLimits, shards: usize) -> Directory {
        Directory {
            limits,
            building: BuildCount::default(),
            rooms: SlotMap::with_key(),
            by_name: HashMap::new(),
            deserted: BTreeSet::new(),
            openers: Openers::new(limits.opener),
            shards: vec![Load::default(); shards],
            connections: 0,
            players: 0,
            named: 0,
            intake: Intake::Everybody,
        }
    }

    /// How many are in all rooms together, spectators included.
    pub(crate) fn people(&self) -> usize {
        self.connections
    }

    /// How many of them play.
    pub(crate) fn players(&self) -> usize {
        self.players
    }

    /// To be held for as long as one more room is being built.
    pub(crate) fn count_build(&self) -> BuildCount {
        self.building.clone()
    }

    /// Takes a seat at `now`, in a room that is made when it is needed, if it `may_open`, and then counts
    /// for `opener` if it was named; `None` is a client that may open as many as there may be.
    pub(crate) fn join(
        &mut self,
        role: Role,
        requested: &RequestedRoom,
        opener: Option<PeerKey>,
        may_open: Result<(), JoinError>,
        now: Duration,
    ) -> Result<Placement, JoinError> {
        self.check_intake(Intake::Everybody)?;
        let found = match requested {
            RequestedRoom::Any => self.fullest(role, false),
            RequestedRoom::Named { name, .. } => self.by_name.get(name).copied(),
        };
        let (room, new, made_way) = match found {
            Some(room) => (room, false, None),
            None => {
                let opened = may_open.and_then(|()| match requested {
                    RequestedRoom::Named { name, .. } => {
                        self.open(name.clone(), opener, Charge::RateAndRooms, now)
                    }
                    RequestedRoom::Any => {
                        let name = self.free_name();
                        self.open(name, opener, Charge::Rate, now)
                    }
                });
                match (opened, requested) {
                    (Ok((room, made_way)), _) => (room, true, made_way),
                    // One that nears its last tick only where no other can be opened.
                    (Err(refusal), RequestedRoom::Any) => {
                        (self.fullest(role, true).ok_or(refusal)?, false, None)
                    }
                    (Err(refusal), RequestedRoom::Named { .. }) => return Err(refusal),
                }
            }
        };
        let shard = self.take_seat(role, room)?;
        Ok(Placement { room, shard, new, made_way })
    }

    /// Takes a seat in a room for a client that had one there before. Gives its shard.
    pub(crate) fn rejoin(&mut self, role: Role, room: RoomKey) -> Result<usize, JoinError> {
        self.check_intake(Intake::Returning)?;
        self.take_seat(role, room)
    }

    /// Whether a player who would be in any room would get a seat now, in one that is there or in another that
    /// `may_open`, if it is not its own limits that are against it.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn admits_newcomers(
        &self,
        may_open: Result<(), JoinError>,
    ) -> Result<(), JoinError> {
        self.check_intake(Intake::Everybody)?;
        if self.fullest(Role::Player, true).is_some() {
            return Ok(());
        }
        may_open?;
        self.overloaded_shards()?;
        self.makes_way_for(None, Charge::Rate, Duration::ZERO).map(drop)
    }

    fn check_intake(&self, least: Intake) -> Result<(), JoinError> {
        if self.intake > least {
            return Err(JoinError::Closing);
        }
        if self.connections >= self.limits.connections_max {
            return Err(JoinError::ServerFull);
        }
        Ok(())
    }

    fn take_seat(&mut self, role: Role, room: RoomKey) -> Result<usize, JoinError> {
        let listed = &mut self.rooms[room];
        if listed.status.refuses_joins() {
            return Err(JoinError::Overloaded);
        }
        match role {
            Role::Player if listed.players >= self.limits.players_max => {
                return Err(JoinError::RoomFull);
            }
            Role::Player => listed.players += 1,
            Role::Spectator if listed.spectators >= ROOM_SPECTATORS_MAX => {
                return Err(JoinError::RoomFull);
            }
            Role::Spectator => listed.spectators += 1,
        }
        let shard = listed.shard;
        if let Some(since) = listed.empty_since.take() {
            self.deserted.remove(&(since, room));
        }
        self.shards[shard].people += 1;
        self.connections += 1;
        self.players += usize::from(role == Role::Player);
        Ok(shard)
    }

    /// The room with the most players who act that has a seat and is not overloaded: people come to
    /// meet. Of several, the one with the fewest who do not act.
    fn fullest(&self, role: Role, may_be_ending: bool) -> Option<RoomKey> {
        self.rooms
            .iter()
            .filter(|(_, listed)| !listed.status.refuses_joins())
            .filter(|(_, listed)| may_be_ending || !listed.status.is_ending())
            .filter(|(_, listed)| match role {
                Role::Player => listed.players < self.limits.players_max,
                Role::Spectator => listed.spectators < ROOM_SPECTATORS_MAX,
            })
            .max_by_key(|(_, listed)| {
                let idle = listed.status.idle();
                (listed.players.saturating_sub(idle), Reverse(idle))
            })
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

    /// Makes a room, and gives the one that had to make way for it with its shard.
    fn open(
        &mut self,
        name: String,
        opener: Option<PeerKey>,
        charge: Charge,
        now: Duration,
    ) -> Result<(RoomKey, Option<(RoomKey, usize)>), JoinError> {
        let overloaded = self.overloaded_shards()?;
        let makes_way = self.makes_way_for(opener, charge, now)?;
        let made_way = makes_way.and_then(|room| {
            info!(room = self.rooms[room].name, "room closes, deserted, and makes way");
            Some((room, self.forget(room)?))
        });
        let (shard, load) = self
            .shards
            .iter_mut()
            .enumerate()
            .filter(|(shard, _)| !overloaded[*shard])
            .min_by_key(|(_, load)| (load.people, load.rooms))
            .expect("one of them is not overloaded");
        load.rooms += 1;
        let room = self.rooms.insert(ListedRoom {
            name: name.clone(),
            shard,
            players: 0,
            spectators: 0,
            empty_since: None,
            opener: opener.filter(|_| charge == Charge::RateAndRooms),
            is_recorded: false,
            status: Arc::default(),
        });
        self.by_name.insert(name, room);
        if let Some(opener) = opener {
            self.openers.opened(opener, charge, now);
        }
        Ok((room, made_way))
    }

    /// Which shards take no more rooms, when others do: one more would slow all rooms of an overloaded shard
    /// even further.
    fn overloaded_shards(&self) -> Result<Vec<bool>, JoinError> {
        if self.building.others() >= ROOMS_BUILDING_MAX {
            return Err(JoinError::RoomsBuilding);
        }
        let mut overloaded = vec![false; self.shards.len()];
        for listed in self.rooms.values() {
            overloaded[listed.shard] |= listed.status.refuses_joins();
        }
        if overloaded.iter().all(|is_overloaded| *is_overloaded) {
            return Err(JoinError::Overloaded);
        }
        Ok(overloaded)
    }

    /// The deserted room that has to make way for one more of `opener`, if any has to.
    fn makes_way_for(
        &self,
        opener: Option<PeerKey>,
        charge: Charge,
        now: Duration,
    ) -> Result<Option<RoomKey>, JoinError> {
        match opener.map(|opener| self.openers.check(opener, charge, now)) {
            Some(Err(OpenerLimit::Rate)) => Err(JoinError::OwnRoomsRate),
            Some(Err(OpenerLimit::Rooms)) => {
                let own = self.longest_deserted(|listed| listed.opener == opener);
                own.ok_or(JoinError::OwnRoomsMax).map(Some)
            }
            Some(Ok(())) | None if self.rooms.len() < self.limits.rooms_max => Ok(None),
            Some(Ok(())) | None => {
                self.longest_deserted(|_| true).ok_or(JoinError::RoomsMax).map(Some)
            }
        }
    }

    fn longest_deserted(&self, may_go: impl Fn(&ListedRoom) -> bool) -> Option<RoomKey> {
        let mut by_age = self.deserted.iter().map(|(_, room)| *room);
        by_age.find(|room| {
            let listed = &self.rooms[*room];
            !listed.is_recorded && may_go(listed)
        })
    }

    /// Whether the scenes of a room are recorded: it goes on without people then, and makes way for none.
    pub(crate) fn set_recorded(&mut self, room: RoomKey, is_recorded: bool) {
        self.rooms[room].is_recorded = is_recorded;
    }

    /// Whether there is a room of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// How many rooms there are, and how many of them nobody is in.
    pub(crate) fn rooms(&self) -> (usize, usize) {
        (self.rooms.len(), self.deserted.len())
    }

    /// A seat is free again.
    pub(crate) fn leave(&mut self, room: RoomKey, role: Role, now: Duration) {
        self.connections -= 1;
        self.players -= usize::from(role == Role::Player);
        // A room that failed is gone before those who were in it.
        let Some(listed) = self.rooms.get_mut(room) else { return };
        match role {
            Role::Player => listed.players -= 1,
            Role::Spectator => listed.spectators -= 1,
        }
        self.shards[listed.shard].people -= 1;
        if listed.players == 0 && listed.spectators == 0 {
            listed.empty_since = Some(now);
            self.deserted.insert((now, room));
        }
    }

    /// Forgets a room, and says which shard had it.
    pub(crate) fn forget(&mut self, room: RoomKey) -> Option<usize> {
        let listed = self.rooms.remove(room)?;
        self.by_name.remove(&listed.name);
        if let Some(since) = listed.empty_since {
            self.deserted.remove(&(since, room));
        }
        if let Some(opener) = listed.opener {
            self.openers.gone(opener);
        }
        let load = &mut self.shards[listed.shard];
        load.rooms -= 1;
        load.people -= usize::from(listed.players) + listed.spectators as usize;
        Some(listed.shard)
    }

    /// The rooms that have been empty for too long; forgets clients that there is no need to know.
    pub(crate) fn deserted(&mut self, now: Duration) -> Vec<RoomKey> {
        self.openers.expire(now);
        let is_over = |since: Duration| now.saturating_sub(since) >= self.limits.empty_max;
        let by_age = self.deserted.iter();
        by_age.take_while(|(since, _)| is_over(*since)).map(|(_, room)| *room).collect()
    }

    /// All rooms by name, as people are shown them.
    pub(crate) fn list(&self, game: &'static str, tick_rate_hz: u16) -> Vec<RoomListing> {
        let players_max = self.limits.players_max;
        let listing = |listed: &ListedRoom| RoomListing {
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
            // One that has just been joined wakes up.
            asleep: listed.empty_since.is_some() && listed.status.is_asleep(),
        };
        let mut rooms: Vec<RoomListing> = self.rooms.values().map(listing).collect();
        rooms.sort_by(|a, b| a.name.cmp(&b.name));
        rooms
    }

    /// A room, unless it has been forgotten.
    pub(crate) fn find(&self, room: RoomKey) -> Option<&ListedRoom> {
        self.rooms.get(room)
    }

    /// The rooms of a shard.
    pub(crate) fn rooms_of(&self, shard: usize) -> Vec<RoomKey> {
        let rooms = self.rooms.iter().filter(|(_, listed)| listed.shard == shard);
        rooms.map(|(room, _)| room).collect()
    }

    /// A room that has not been forgotten.
    pub(crate) fn room(&self, room: RoomKey) -> &ListedRoom {
        &self.rooms[room]
    }

    /// Lets in only who resumes a session from now on.
    pub(crate) fn drain(&mut self) {
        self.intake = self.intake.max(Intake::Returning);
    }

    /// Lets nobody in from now on.
    pub(crate) fn close(&mut self) {
        self.intake = Intake::Nobody;
    }

    /// Whether no newcomers are let in any more and nobody plays.
    pub(crate) fn is_drained(&self) -> bool {
        self.intake >= Intake::Returning && self.players == 0
    }

    /// Whether nobody is let in any more and all have left.
    pub(crate) fn is_done(&self) -> bool {
        self.intake == Intake::Nobody && self.connections == 0
    }
}

#[cfg(test)]
mod tests;
