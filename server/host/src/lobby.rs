//! [`Lobby`]: finds or makes the room for a client, and counts who is in it.
//!
//! A plain struct with one owner. The [`Directory`] decides; the lobby gives out sessions and
//! seats, and says which rooms shards have to open or end. A seat is taken before a connection is
//! sent to a shard and is free again when its [`Reservation`] is dropped, whatever ended it, so
//! that joins at the same moment never overfill a room. It touches no world and no connection.

use std::sync::Arc;
use std::time::Duration;

use shared::game::Seed;
use shared::ids::SessionId;
use shared::protocol::{Refusal, Role};
use shared::tick::TickRate;
use tracing::info;

use crate::directory::{Directory, DirectoryLimits, RoomKey, RoomListing};
use crate::hello::{GameVersion, RequestedRoom};
use crate::mailbox::Command;
use crate::reservation::{ReleaseSeat, Reservation};
use crate::room_builder::RoomOrder;

/// A seat in a room, and the shard that has the room.
#[derive(Debug)]
pub struct Admission {
    /// The session that begins.
    pub session: SessionId,
    /// The number of the shard.
    pub shard: usize,
    /// Its seat.
    pub reservation: Reservation,
}

/// What a lobby is made from.
#[derive(Clone, Copy, Debug)]
pub struct LobbySettings {
    /// The game that all rooms run.
    pub game: GameVersion,
    /// Ticks per second of all rooms.
    pub tick_rate: TickRate,
    /// How many rooms and people there may be.
    pub limits: DirectoryLimits,
    /// How many shards there are.
    pub shards: usize,
    /// Where the randomness of all rooms comes from. A secret: it gives every room's.
    pub seed: Seed,
    /// Whether the first room is to be recorded.
    pub records_first: bool,
}

/// Which rooms there are and who may join them.
pub struct Lobby {
    settings: LobbySettings,
    directory: Directory,
    release: ReleaseSeat,
    sessions: u64,
    rooms_opened: u64,
    /// For the shards, in order.
    commands: Vec<(usize, Command)>,
    /// For whoever builds rooms, in order.
    orders: Vec<RoomOrder>,
}

impl Lobby {
    /// A lobby without rooms, that hears by `release` of seats that are free again.
    #[must_use]
    pub fn new(settings: LobbySettings, release: ReleaseSeat) -> Lobby {
        let directory = Directory::new(settings.limits, settings.shards);
        Lobby {
            settings,
            directory,
            release,
            sessions: 0,
            rooms_opened: 0,
            commands: Vec::new(),
            orders: Vec::new(),
        }
    }

    /// Takes a seat for a new session, in a room that is opened if there is need of it.
    ///
    /// # Errors
    /// Why there is none.
    pub fn join(&mut self, role: Role, requested: &RequestedRoom) -> Result<Admission, Refusal> {
        let placement = self.directory.join(role, requested)?;
        let (room, shard) = (placement.room, placement.shard);
        let reservation = Reservation::new(room, role, Arc::clone(&self.release));
        if placement.new {
            self.open(room);
        }
        self.sessions += 1;
        Ok(Admission { session: SessionId(self.sessions), shard, reservation })
    }

    fn open(&mut self, room: RoomKey) {
        let listed = self.directory.room(room);
        let seed = room_seed(self.settings.seed, &listed.name);
        info!(room = listed.name, shard = listed.shard, "room opens");
        let record = self.settings.records_first && self.rooms_opened == 0;
        self.rooms_opened += 1;
        self.commands.push((listed.shard, Command::Open { room }));
        self.orders.push(RoomOrder {
            room,
            shard: listed.shard,
            name: listed.name.clone(),
            seed,
            status: Arc::clone(&listed.status),
            record,
            _counted: self.directory.count_build(),
        });
    }

    /// A [`Reservation`] was dropped, at `now`.
    pub fn leave(&mut self, room: RoomKey, role: Role, now: Duration) {
        self.directory.leave(room, role, now);
    }

    /// A room ended by a fault of its own.
    pub fn room_failed(&mut self, room: RoomKey) {
        self.directory.forget(room);
    }

    /// Ends the rooms that have been empty for too long. To be called now and then.
    pub fn retire(&mut self, now: Duration) {
        for room in self.directory.deserted(now) {
            info!(room = self.directory.room(room).name, "room closes, deserted");
            if let Some(shard) = self.directory.forget(room) {
                self.commands.push((shard, Command::Retire { room }));
            }
        }
    }

    /// Lets nobody in from now on, and ends all rooms.
    pub fn close(&mut self) {
        self.directory.close();
        self.commands.extend((0..self.settings.shards).map(|shard| (shard, Command::Close)));
    }

    /// Whether nobody is let in any more and all have left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.directory.is_done()
    }

    /// All rooms by name.
    #[must_use]
    pub fn list(&self) -> Vec<RoomListing> {
        self.directory.list(self.settings.game.name, self.settings.tick_rate.hz())
    }

    /// How many are in all rooms together, spectators included.
    #[must_use]
    pub fn people(&self) -> usize {
        self.directory.people()
    }

    /// How many rooms were opened.
    #[must_use]
    pub fn rooms_opened(&self) -> u64 {
        self.rooms_opened
    }

    /// What shards have to do because of the calls so far, each with the shard's number. They must
    /// reach it before any client that was admitted since.
    pub fn take_commands(&mut self) -> impl Iterator<Item = (usize, Command)> + '_ {
        self.commands.drain(..)
    }

    /// Rooms to be built because of the calls so far, in order. A shard must have its commands
    /// ([`Lobby::take_commands`]) before it gets the room.
    pub fn take_orders(&mut self) -> impl Iterator<Item = RoomOrder> + '_ {
        self.orders.drain(..)
    }
}

/// The seed of a room: rooms of equal names are equal on servers of equal seeds, and a room's tells
/// nothing of the server's.
fn room_seed(server: Seed, name: &str) -> Seed {
    server.derive("rooms").derive(name)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::limits::{ROOM_SPECTATORS_MAX, ROOMS_BUILDING_MAX};

    fn lobby() -> (Lobby, mpsc::Receiver<(RoomKey, Role)>) {
        lobby_of(1)
    }

    fn lobby_of(rooms_max: usize) -> (Lobby, mpsc::Receiver<(RoomKey, Role)>) {
        let (players_max, connections_max) = (4, 1 << 16);
        let empty_max = Duration::from_secs(1);
        let limits = DirectoryLimits { players_max, rooms_max, connections_max, empty_max };
        let (freed, seats) = mpsc::channel();
        let release: ReleaseSeat = Arc::new(move |room, role| {
            let _ = freed.send((room, role));
        });
        let game = GameVersion { name: "game", rules: 1 };
        let settings = LobbySettings {
            game,
            tick_rate: TickRate::default(),
            limits,
            shards: 1,
            seed: 7.into(),
            records_first: false,
        };
        (Lobby::new(settings, release), seats)
    }

    #[test]
    fn a_room_takes_so_many_spectators_and_a_seat_given_back_is_free_again() {
        let (mut lobby, seats) = lobby();
        let room = RequestedRoom::Named("final".to_owned());
        let mut join = |_| lobby.join(Role::Spectator, &room);
        let mut inside: Vec<_> =
            (0..ROOM_SPECTATORS_MAX + 3).filter_map(|at| join(at).ok()).collect();
        assert_eq!(inside.len(), ROOM_SPECTATORS_MAX as usize);
        drop(inside.pop());
        let (room_left, role) = seats.try_recv().expect("the lobby hears of it");
        lobby.leave(room_left, role, Duration::ZERO);
        assert!(lobby.join(Role::Spectator, &room).is_ok());
    }

    #[test]
    fn a_room_is_opened_before_anyone_is_sent_there_and_retired_when_it_was_empty_long_enough() {
        let (mut lobby, seats) = lobby();
        let admission = lobby.join(Role::Player, &RequestedRoom::Any).expect("there is space");
        let opens: Vec<_> = lobby.take_commands().collect();
        let [(0, Command::Open { room, .. })] = &opens[..] else { panic!("it opens one room") };
        assert_eq!(*room, admission.reservation.room());
        let orders: Vec<_> = lobby.take_orders().collect();
        let [order] = &orders[..] else { panic!("it is built once") };
        assert_eq!((order.room, order.shard), (*room, 0));
        drop(admission);
        let (room, role) = seats.try_recv().expect("the lobby hears of it");
        lobby.leave(room, role, Duration::ZERO);
        lobby.retire(Duration::from_millis(999));
        assert_eq!(lobby.take_commands().count(), 0);
        lobby.retire(Duration::from_secs(1));
        assert!(matches!(lobby.take_commands().next(), Some((0, Command::Retire { .. }))));
    }

    #[test]
    fn only_so_many_rooms_are_being_built() {
        let (mut lobby, _seats) = lobby_of(2 * ROOMS_BUILDING_MAX);
        let join = |lobby: &mut Lobby, name: usize| {
            lobby.join(Role::Player, &RequestedRoom::Named(name.to_string()))
        };
        let mut admitted: Vec<_> =
            (0..ROOMS_BUILDING_MAX).map(|name| join(&mut lobby, name)).collect();
        assert!(admitted.iter().all(Result::is_ok));
        assert_eq!(join(&mut lobby, 999).unwrap_err(), Refusal::RoomsBuilding);
        admitted.push(join(&mut lobby, 0));
        assert!(admitted.last().is_some_and(Result::is_ok), "that one is being built already");
        // They are taken, and one is done, whatever became of it.
        let mut orders: Vec<_> = lobby.take_orders().collect();
        assert_eq!(join(&mut lobby, 999).unwrap_err(), Refusal::RoomsBuilding);
        orders.pop();
        admitted.push(join(&mut lobby, 999));
        assert!(admitted.last().is_some_and(Result::is_ok), "one more may be built");
    }

    #[test]
    fn seeds_follow_from_the_servers_seed_and_the_name() {
        let room_seed = |server: u64, name| room_seed(server.into(), name);
        assert_eq!(room_seed(1, "a"), room_seed(1, "a"));
        assert_ne!(room_seed(1, "a"), room_seed(1, "b"));
        assert_ne!(room_seed(1, "a"), room_seed(2, "a"));
        // Not even of a room whose name is empty, or one of the words that seeds are derived by.
        assert_ne!(room_seed(1, ""), Seed::from(1).derive("rooms"));
        assert_ne!(room_seed(1, "rooms"), Seed::from(1).derive("rooms"));
    }
}
