//! Who gets a seat, and whose room makes way.

use std::sync::mpsc;

use test_games::stones::{Settings, Stones};

use super::*;
use crate::directory::OpenerLimits;
use crate::hello::PeerKey;
use crate::limits::{
    OWN_ROOMS_MAX_DEFAULT, OWN_ROOMS_PER_MINUTE_DEFAULT, RESUME_TOKENS_OPEN_MAX,
    ROOM_SPECTATORS_MAX, ROOMS_BUILDING_MAX, UNSEATED_SESSIONS_MAX,
};

mod chosen_settings;
mod coming_and_going;
mod draining;
mod recovery;
mod resuming;
mod takeovers;

/// How many players of one client may be without a connection.
const ABSENT_MAX: usize = 3;

fn lobby() -> (Lobby<Settings>, mpsc::Receiver<SeatRelease>) {
    lobby_of(1, OpenerLimits::default(), false)
}

fn lobby_of(
    rooms_max: usize,
    opener: OpenerLimits,
    records_first: bool,
) -> (Lobby<Settings>, mpsc::Receiver<SeatRelease>) {
    let (players_max, connections_max) = (4, 1 << 16);
    let empty_max = Duration::from_secs(1);
    let limits = DirectoryLimits { players_max, rooms_max, connections_max, empty_max, opener };
    let (freed, seats) = mpsc::channel();
    let release: ReleaseSeat = Arc::new(move |seat| {
        let _ = freed.send(seat);
    });
    let game = GameVersion { name: "game", rules: 1 };
    let settings = LobbySettings {
        game,
        tick_rate: TickRate::default(),
        limits,
        shards: 1,
        seed: 7.into(),
        records_first,
        grace: Duration::from_secs(30),
        absent_per_client_max: ABSENT_MAX,
    };
    let guest_settings = GuestSettings::new::<Stones>(Settings::default());
    (Lobby::new(settings, guest_settings.expect("they are sound"), release, secrets()), seats)
}

/// Secrets of a test: counted, so that each is another.
fn secrets() -> Secrets {
    let mut given = 0_u128;
    Box::new(move || {
        given += 1;
        given.to_le_bytes()
    })
}

#[test]
fn a_room_takes_so_many_spectators_and_a_seat_given_back_is_free_again() {
    let (mut lobby, seats) = lobby();
    let room = RequestedRoom::named("final");
    let mut join =
        |_| lobby.admit(&SeatRequest::guest(Role::Spectator, &room, None), Duration::ZERO);
    let mut inside: Vec<_> = (0..ROOM_SPECTATORS_MAX + 3).filter_map(|at| join(at).ok()).collect();
    assert_eq!(inside.len(), ROOM_SPECTATORS_MAX as usize);
    drop(inside.pop());
    let seat = seats.try_recv().expect("the lobby hears of it");
    lobby.leave(seat, Duration::ZERO);
    assert!(lobby.admit(&SeatRequest::guest(Role::Spectator, &room, None), Duration::ZERO).is_ok());
}

#[test]
fn a_room_is_opened_before_anyone_is_sent_there_and_retired_when_it_was_empty_long_enough() {
    let (mut lobby, seats) = lobby();
    let admission =
        lobby.admit(&SeatRequest::guest(Role::Player, &RequestedRoom::Any, None), Duration::ZERO);
    let admission = admission.expect("there is space");
    let opens: Vec<_> = lobby.take_commands().collect();
    let [(0, Command::Open { room, .. })] = &opens[..] else { panic!("it opens one room") };
    assert_eq!(*room, admission.room());
    let orders: Vec<_> = lobby.take_orders().collect();
    let [order] = &orders[..] else { panic!("it is built once") };
    assert_eq!((order.room, order.shard), (*room, 0));
    drop(admission);
    let seat = seats.try_recv().expect("the lobby hears of it");
    lobby.leave(seat, Duration::ZERO);
    lobby.retire(Duration::from_millis(999));
    assert_eq!(lobby.take_commands().count(), 0);
    lobby.retire(Duration::from_secs(1));
    assert!(matches!(lobby.take_commands().next(), Some((0, Command::Retire { .. }))));
}

#[test]
fn only_so_many_rooms_are_being_built() {
    let (mut lobby, _seats) = lobby_of(2 * ROOMS_BUILDING_MAX, OpenerLimits::default(), false);
    let join = |lobby: &mut Lobby<Settings>, name: usize| {
        lobby.admit(
            &SeatRequest::guest(Role::Player, &RequestedRoom::named(name.to_string()), None),
            Duration::ZERO,
        )
    };
    let mut admitted: Vec<_> = (0..ROOMS_BUILDING_MAX).map(|name| join(&mut lobby, name)).collect();
    assert!(admitted.iter().all(Result::is_ok));
    assert_eq!(join(&mut lobby, 999).unwrap_err(), JoinError::RoomsBuilding);
    admitted.push(join(&mut lobby, 0));
    assert!(admitted.last().is_some_and(Result::is_ok), "that one is being built already");
    // They are taken, and one is done, whatever became of it.
    let mut orders: Vec<_> = lobby.take_orders().collect();
    assert_eq!(join(&mut lobby, 999).unwrap_err(), JoinError::RoomsBuilding);
    orders.pop();
    admitted.push(join(&mut lobby, 999));
    assert!(admitted.last().is_some_and(Result::is_ok), "one more may be built");
}

#[test]
fn seeds_follow_from_the_servers_seed_the_name_and_the_rooms_before() {
    let room_seed = |server: u64, name, opened| room_seed(server.into(), name, opened);
    assert_eq!(room_seed(1, "a", 0), room_seed(1, "a", 0));
    assert_ne!(room_seed(1, "a", 0), room_seed(1, "b", 0));
    assert_ne!(room_seed(1, "a", 0), room_seed(2, "a", 0));
    assert_ne!(room_seed(1, "a", 0), room_seed(1, "a", 1));
    // Not even of a room whose name is empty, or one of the words that seeds are derived by.
    assert_ne!(room_seed(1, "", 0), Seed::from(1).derive("rooms"));
    assert_ne!(room_seed(1, "rooms", 0), Seed::from(1).derive("rooms"));
}

#[test]
fn a_room_that_is_opened_again_has_another_seed() {
    let seeds = || {
        let (mut lobby, seats) = lobby();
        let mut seeds = Vec::new();
        for turn in 0..3 {
            let (room, now) = (RequestedRoom::named("duel"), Duration::from_secs(turn));
            lobby.retire(now);
            drop(
                lobby
                    .admit(&SeatRequest::guest(Role::Player, &room, None), now)
                    .expect("there is space"),
            );
            seeds.extend(lobby.take_orders().map(|order| order.seed));
            let seat = seats.try_recv().expect("the lobby hears of it");
            lobby.leave(seat, now);
        }
        seeds
    };
    let [first, second, third] = seeds()[..] else { panic!("it is opened three times") };
    assert!(first != second && second != third && first != third);
    assert_eq!(seeds(), [first, second, third], "the same seed and order make the same rooms");
}

/// A lobby whose rooms are built at once.
struct Desk {
    lobby: Lobby<Settings>,
    seats: mpsc::Receiver<SeatRelease>,
    now: Duration,
}

impl Desk {
    fn new(rooms_max: usize) -> Desk {
        Desk::of(rooms_max, 4)
    }

    /// So many rooms, for so many players each.
    fn of(rooms_max: usize, players_max: u16) -> Desk {
        let (mut lobby, seats) = lobby_of(rooms_max, OpenerLimits::default(), false);
        lobby.settings.limits.players_max = players_max;
        lobby.directory = Directory::new(lobby.settings.limits, 1);
        Desk { lobby, seats, now: Duration::ZERO }
    }

    /// A player of this client wants to be in a room of this name.
    fn join(&mut self, client: u64, room: &str) -> Result<Admission, JoinError> {
        self.enter(client, RequestedRoom::named(room))
    }

    /// A player of this client wants to play, wherever that is.
    fn join_any(&mut self, client: u64) -> Result<Admission, JoinError> {
        self.enter(client, RequestedRoom::Any)
    }

    fn enter(&mut self, client: u64, room: RequestedRoom) -> Result<Admission, JoinError> {
        for seat in self.seats.try_iter() {
            self.lobby.leave(seat, self.now);
        }
        let admission = self
            .lobby
            .admit(&SeatRequest::guest(Role::Player, &room, Some(PeerKey(client))), self.now);
        self.lobby.take_orders().for_each(drop);
        assert!(self.lobby.rooms() <= self.lobby.settings.limits.rooms_max);
        admission
    }

    fn leave(&mut self, admission: Admission) {
        drop(admission);
        for seat in self.seats.try_iter() {
            self.lobby.leave(seat, self.now);
        }
    }

    /// The rooms that shards had to end since this was last asked.
    fn retired(&mut self) -> Vec<RoomKey> {
        let commands = self.lobby.take_commands();
        let retired = commands.filter_map(|(_, command)| match command {
            Command::Retire { room } => Some(room),
            _ => None,
        });
        retired.collect()
    }
}

const ATTACKER: u64 = 1_000;
const SHARE: usize = OWN_ROOMS_MAX_DEFAULT as usize;
const BURST: usize = OWN_ROOMS_PER_MINUTE_DEFAULT as usize;

/// 24 others each open a room of their own.
fn others_get_rooms(desk: &mut Desk) {
    let mut held: Vec<Admission> = Vec::new();
    for client in 0..24 {
        let admission = desk.join(client, &format!("of-{client}")).expect("a room of its own");
        let is_own = held.iter().all(|it| it.room() != admission.room());
        assert!(is_own, "nobody else is in it");
        held.push(admission);
    }
}

#[test]
fn one_address_with_300_connections_at_once_opens_its_share_of_rooms_and_no_more() {
    let mut desk = Desk::new(256);
    let joins: Vec<_> = (0..300).map(|at| desk.join(ATTACKER, &format!("grab-{at}"))).collect();
    assert_eq!(joins.iter().filter(|join| join.is_ok()).count(), SHARE);
    assert!(joins[SHARE..].iter().all(|join| matches!(join, Err(JoinError::OwnRoomsMax))));
    assert_eq!(desk.lobby.rooms(), SHARE);
    others_get_rooms(&mut desk);
    // A room of others it may join all the same, and a seat in its own.
    assert!(desk.join(ATTACKER, "grab-0").is_ok());
}

#[test]
fn one_address_with_300_connections_in_turn_opens_rooms_at_its_rate_and_only_its_own_make_way() {
    let mut desk = Desk::new(64);
    let _others = desk.join(1, "quiet").map(|admission| desk.leave(admission));
    let mut refused = Vec::new();
    for at in 0..300 {
        desk.now += Duration::from_millis(20);
        match desk.join(ATTACKER, &format!("grab-{at}")) {
            Ok(admission) => desk.leave(admission),
            Err(refusal) => refused.push(refusal),
        }
        assert!(desk.lobby.rooms() <= SHARE + 1);
    }
    // In six seconds three more come than at once.
    assert_eq!(300 - refused.len(), BURST + 3);
    assert!(refused.iter().all(|refusal| *refusal == JoinError::OwnRoomsRate));
    let names: Vec<String> = desk.lobby.list().into_iter().map(|room| room.name).collect();
    assert!(names.contains(&"quiet".to_owned()), "{names:?}");
    others_get_rooms(&mut desk);
}

/// 35 pupils and one who would hold as many rooms as there are, each with so many connections.
#[test]
fn a_class_behind_one_address_gets_in_where_rooms_are_small() {
    let mut desk = Desk::of(256, 2);
    let seats: Vec<_> = (0..35).map(|_| desk.join_any(1).expect("a seat")).collect();
    assert_eq!(desk.lobby.rooms(), 18);
    // Rooms of their own they may open all the same, with what is left of the rate.
    let own: Vec<_> = (0..SHARE).map(|at| desk.join(1, &format!("own-{at}"))).collect();
    assert_eq!(own.iter().filter(|join| join.is_ok()).count(), BURST - 18);
    drop(seats);
}

#[test]
fn rooms_that_any_opens_are_held_only_by_filling_them() {
    const CONNECTIONS: usize = 256;
    for size in [2, 4, 16] {
        let mut desk = Desk::of(256, size);
        let mut held: Vec<Admission> = Vec::new();
        while held.len() < CONNECTIONS {
            // Never too fast.
            desk.now += Duration::from_secs(60);
            held.extend(desk.join_any(ATTACKER));
            // All but one leave each room that they have filled, and come again: to these rooms.
            if held.len() == CONNECTIONS / 2 {
                let mut seen = std::collections::HashSet::new();
                let is_first = |it: &Admission| seen.insert(it.room());
                let (stay, go): (Vec<_>, Vec<_>) = held.into_iter().partition(is_first);
                held = stay;
                go.into_iter().for_each(|admission| desk.leave(admission));
                let rooms = desk.lobby.rooms();
                while held.len() < CONNECTIONS / 2 {
                    held.extend(desk.join_any(ATTACKER));
                }
                assert_eq!(desk.lobby.rooms(), rooms, "{size} in each");
            }
        }
        assert_eq!(desk.lobby.rooms(), CONNECTIONS / usize::from(size));
        others_get_rooms(&mut desk);
    }
}

#[test]
fn deserted_rooms_make_way_the_oldest_first_and_one_that_somebody_is_in_never() {
    let mut desk = Desk::new(4);
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|room| desk.join(1, room).expect("there is space"));
    let [room_a, room_b, room_d] = [&a, &b, &d].map(Admission::room);
    for leaves in [b, a] {
        desk.now += Duration::from_secs(1);
        desk.leave(leaves);
    }
    assert_eq!(desk.retired(), []);
    let e = desk.join(2, "e").expect("one makes way");
    assert_eq!(desk.retired(), [room_b]);
    let f = desk.join(3, "f").expect("one makes way");
    assert_eq!(desk.retired(), [room_a]);
    assert_eq!(desk.join(4, "g").expect_err("all are taken"), JoinError::RoomsMax);
    assert_eq!((desk.retired(), desk.lobby.rooms_evicted()), (vec![], 2));
    // One that somebody has come back to is deserted no more.
    desk.leave(d);
    let back = desk.join(4, "d").expect("it is still there");
    assert_eq!(back.room(), room_d);
    assert_eq!(desk.join(4, "g").expect_err("all are taken"), JoinError::RoomsMax);
    desk.leave(back);
    assert!(desk.join(4, "g").is_ok());
    assert_eq!(desk.retired(), [room_d]);
    drop((c, e, f));
}

#[test]
fn a_room_that_is_recorded_makes_way_for_none() {
    let (lobby, seats) = lobby_of(2, OpenerLimits::default(), true);
    let mut desk = Desk { lobby, seats, now: Duration::ZERO };
    let [recorded, other] = ["a", "b"].map(|room| desk.join(1, room).expect("there is space"));
    let room = other.room();
    desk.leave(recorded);
    assert_eq!(desk.join(2, "c").expect_err("none makes way"), JoinError::RoomsMax);
    desk.leave(other);
    assert!(desk.join(2, "c").is_ok());
    assert_eq!(desk.retired(), [room]);
}

#[test]
fn a_room_counts_for_whom_it_was_opened_until_it_is_gone() {
    let mut desk = Desk::new(256);
    let mut held: Vec<_> =
        (0..SHARE).map(|at| desk.join(1, &format!("own-{at}")).expect("its share")).collect();
    let stays = desk.join(2, "own-0").expect("others may come");
    desk.leave(held.swap_remove(0));
    assert_eq!(desk.join(1, "more").expect_err("one is in it"), JoinError::OwnRoomsMax);
    desk.leave(stays);
    assert!(desk.join(1, "more").is_ok(), "its own makes way");
    // A client without limits takes none of anybody's share.
    let room = RequestedRoom::named("free");
    assert!(desk.lobby.admit(&SeatRequest::guest(Role::Player, &room, None), desk.now).is_ok());
    // Nor does one that failed.
    let failed = held.pop().expect("it has some");
    desk.lobby.room_failed(failed.room(), desk.now);
    assert!(desk.join(1, "another").is_ok());
}
