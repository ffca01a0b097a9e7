//! A lobby whose server is about to close, and who would get in anywhere.

use super::*;
use crate::drain::Drain;
use crate::pacer::TimeScale;

const NOW: Duration = Duration::ZERO;
const DRAIN: Drain = Drain { lasts: Duration::from_secs(30), ends_rooms: false };

/// The lobby hears of all seats that are free again.
fn hear(lobby: &mut Lobby<Settings>, seats: &mpsc::Receiver<SeatRelease>) {
    seats.try_iter().for_each(|seat| lobby.leave(seat, NOW));
}

fn join(lobby: &mut Lobby<Settings>, role: Role, room: &str) -> Result<Admission, JoinError> {
    lobby.admit(&SeatRequest::guest(role, &RequestedRoom::named(room), None), NOW)
}

fn resume(
    lobby: &mut Lobby<Settings>,
    token: ResumeToken,
    role: Role,
) -> Result<Admission, JoinError> {
    let guest = SeatRequest::guest(role, &RequestedRoom::Any, None);
    lobby.admit(&SeatRequest { resume: Some(token), ..guest }, NOW)
}

#[test]
fn while_the_server_drains_only_those_get_in_who_were_there_until_nobody_plays() {
    let (mut lobby, seats) = lobby();
    let player = join(&mut lobby, Role::Player, "final").expect("there is space");
    let watches = join(&mut lobby, Role::Spectator, "final").expect("there is space");
    let gone = join(&mut lobby, Role::Spectator, "final").expect("there is space");
    assert_eq!((lobby.people(), lobby.players()), (3, 1));
    assert!(!lobby.is_drained(), "nor if nobody played");
    lobby.take_commands().for_each(drop);
    lobby.take_orders().for_each(drop);

    lobby.drain(DRAIN, Duration::ZERO);
    let commands: Vec<_> = lobby.take_commands().collect();
    let [(0, Command::Drain(DRAIN))] = &commands[..] else { panic!("each shard hears of it once") };
    for (role, room) in [
        (Role::Player, "final"),
        (Role::Spectator, "final"),
        (Role::Player, "new"),
        (Role::Spectator, "new"),
    ] {
        assert_eq!(join(&mut lobby, role, room).err(), Some(JoinError::Closing), "{role:?} {room}");
    }
    assert_eq!((lobby.take_commands().count(), lobby.take_orders().count()), (0, 0));
    let again = resume(&mut lobby, player.token, Role::Player).expect("it was there");
    assert_eq!((again.resumed, lobby.people()), (true, 3), "it has its seat");
    // A spectator holds no seat while it is away.
    let token = gone.token;
    drop(gone);
    let seat = seats.try_recv().expect("the lobby hears of it");
    lobby.leave(SeatRelease { may_return: true, ..seat }, NOW);
    assert_eq!(lobby.people(), 2);
    let back = resume(&mut lobby, token, Role::Spectator).expect("it was there");
    assert_eq!((back.room(), lobby.people()), (player.room(), 3));

    assert!(!lobby.is_drained() && !lobby.is_done());
    drop(player);
    hear(&mut lobby, &seats);
    assert!(lobby.is_drained(), "who only watches holds nothing up");
    assert!(!lobby.is_done(), "nobody is gone before the server closes");
    lobby.close();
    let token = watches.token;
    drop((watches, back));
    hear(&mut lobby, &seats);
    assert!(lobby.is_done() && lobby.is_drained());
    assert!(resume(&mut lobby, token, Role::Spectator).is_err());
    lobby.drain(DRAIN, Duration::ZERO);
    assert!(lobby.is_done(), "a server that has closed does not drain");
}

#[test]
fn newcomers_are_admitted_while_one_of_them_would_get_a_seat_somewhere() {
    let (mut lobby, seats) = lobby_of(2, OpenerLimits::default(), false);
    let full = |lobby: &mut Lobby<Settings>, room: &str| -> Vec<_> {
        (0..4).map(|_| join(lobby, Role::Player, room).expect("there is space")).collect()
    };
    assert_eq!(lobby.admits_newcomers(NOW), Ok(()), "a room can be opened");
    let first = full(&mut lobby, "first");
    assert_eq!(lobby.admits_newcomers(NOW), Ok(()), "and another");
    let mut second = full(&mut lobby, "second");
    assert_eq!(lobby.admits_newcomers(NOW), Err(JoinError::RoomsMax), "both are full");
    second.pop();
    hear(&mut lobby, &seats);
    assert_eq!(lobby.admits_newcomers(NOW), Ok(()), "one has a seat");
    let status = |room| Arc::clone(&lobby.directory.room(room).status);
    let slow = |refuses_joins| {
        let second = status(second[0].room());
        second.publish(tickwire_game::tick::Tick(9), 0, TimeScale::FULL, refuses_joins);
    };
    slow(true);
    assert_eq!(lobby.admits_newcomers(NOW), Err(JoinError::Overloaded), "but takes nobody");
    slow(false);
    lobby.directory.close();
    assert_eq!(lobby.admits_newcomers(NOW), Err(JoinError::Closing));
    drop(first);

    let (mut lobby, seats) = lobby_of(2, OpenerLimits::default(), false);
    lobby.settings.limits.connections_max = 1;
    lobby.directory = Directory::new(lobby.settings.limits, 1);
    let only = join(&mut lobby, Role::Player, "first").expect("there is space");
    assert_eq!(lobby.admits_newcomers(NOW), Err(JoinError::ServerFull));
    drop(only);
    hear(&mut lobby, &seats);
    assert_eq!(lobby.admits_newcomers(NOW), Ok(()), "a deserted room has seats");

    let (mut lobby, _seats) = lobby_of(2 * ROOMS_BUILDING_MAX, OpenerLimits::default(), false);
    lobby.settings.limits.players_max = 1;
    lobby.directory = Directory::new(lobby.settings.limits, 1);
    let _inside: Vec<_> = (0..ROOMS_BUILDING_MAX)
        .map(|room| join(&mut lobby, Role::Player, &room.to_string()).expect("there is space"))
        .collect();
    assert_eq!(lobby.admits_newcomers(NOW), Err(JoinError::RoomsBuilding));
    lobby.take_orders().for_each(drop);
    assert_eq!(lobby.admits_newcomers(NOW), Ok(()));
}
