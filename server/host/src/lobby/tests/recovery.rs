//! What becomes of rooms and seats when the thread of a shard does not come back, and of kinds of room
//! that fail again and again.

use super::*;

const NOW: Duration = Duration::ZERO;

fn come(lobby: &mut Lobby<Settings>, role: Role, room: &str) -> Result<Admission, JoinError> {
    let room = RequestedRoom::named(room);
    lobby.admit(&SeatRequest::guest(role, &room, None), NOW)
}

fn resume(lobby: &mut Lobby<Settings>, role: Role, old: &Admission) -> Option<Admission> {
    let guest = SeatRequest::guest(role, &RequestedRoom::Any, None);
    lobby.admit(&SeatRequest { resume: Some(old.token), ..guest }, NOW).ok()
}

#[test]
fn seats_pass_to_the_new_thread_and_what_the_old_one_gives_back_counts_for_nothing() {
    let (mut lobby, seats) = lobby_of(4, OpenerLimits::default(), false);
    let mut players = |room: &str, role| come(&mut lobby, role, room).expect("there is space");
    let [stays, late] = ["good"; 2].map(|room| players(room, Role::Player));
    let watches = players("good", Role::Spectator);
    let guilty = players("bad", Role::Player);
    let [never_copied] = ["fresh"].map(|room| players(room, Role::Player));
    assert_eq!(lobby.people(), 5);
    // One of the two players came after the last copy of its room.
    let restored = [(stays.room(), vec![stays.session])];
    let kept = lobby.recover(0, &restored, Some(guilty.room()), NOW);
    let [(room, seat)] = &kept[..] else { panic!("one room goes on: {kept:?}") };
    assert_eq!(*room, stays.room());
    let [seat] = &seat[..] else { panic!("with one player: {seat:?}") };
    assert_eq!((seat.session, seat.resumptions), (stays.session, 0));
    assert_eq!((lobby.people(), lobby.rooms(), lobby.rooms_failed()), (1, 1, 2));
    let back = resume(&mut lobby, Role::Player, &stays).expect("its room goes on");
    assert!(matches!(back.grant, Grant::Session(room) if room == stays.room()));
    for gone in [&late, &guilty, &never_copied] {
        assert!(resume(&mut lobby, Role::Player, gone).is_none());
    }
    // The old thread comes back after all, and gives back all that it has.
    let (room, watched) = (stays.room(), watches.token);
    drop((stays, late, watches, guilty, never_copied));
    let given_back: Vec<_> = seats.try_iter().collect();
    assert_eq!(given_back.len(), 5);
    given_back.into_iter().for_each(|seat| lobby.leave(seat, NOW));
    assert_eq!(lobby.people(), 1);
    let guest = SeatRequest::guest(Role::Spectator, &RequestedRoom::Any, None);
    let back = lobby.admit(&SeatRequest { resume: Some(watched), ..guest }, NOW);
    let back = back.expect("its room goes on for who watches as well");
    assert!(back.resumed && back.room() == room);
    assert_eq!(lobby.people(), 2);
    drop(kept);
    lobby.leave(seats.try_recv().expect("the new one"), NOW);
    assert_eq!(lobby.people(), 1);
}

#[test]
fn a_room_that_fails_again_and_again_is_not_opened_for_a_while() {
    let (mut lobby, _seats) = lobby_of(8, OpenerLimits::default(), false);
    for _ in 0..3 {
        let admission = come(&mut lobby, Role::Player, "bad").expect("it may open");
        lobby.room_failed(admission.room(), NOW);
    }
    assert_eq!(come(&mut lobby, Role::Player, "bad").err(), Some(JoinError::RoomFails));
    assert!(come(&mut lobby, Role::Player, "other").is_ok());
    let room = RequestedRoom::named("bad");
    let later = lobby.admit(&SeatRequest::guest(Role::Player, &room, None), Duration::from_secs(1));
    assert!(later.is_ok());
    // Settings fail under whatever name.
    let chosen = |name: &str, stones: u32| RequestedRoom::Named {
        name: name.to_owned(),
        settings: Some(format!("{{\"level_bytes\":{stones}}}")),
    };
    let mut open = |name: &str, stones: u32| {
        let room = chosen(name, stones);
        let admitted = lobby.admit(&SeatRequest::guest(Role::Player, &room, None), NOW);
        admitted.map(|admission| lobby.room_failed(admission.room(), NOW)).err()
    };
    for name in ["a", "b", "c"] {
        assert_eq!(open(name, 1), None);
    }
    assert_eq!(open("d", 1), Some(JoinError::RoomFails));
    assert_eq!(open("d", 2), None);
}

#[test]
fn rooms_that_nobody_named_fail_as_one_kind_and_one_that_is_there_serves_all() {
    let (mut lobby, _seats) = lobby_of(8, OpenerLimits::default(), false);
    let any = |lobby: &mut Lobby<Settings>| {
        lobby.admit(&SeatRequest::guest(Role::Player, &RequestedRoom::Any, None), NOW)
    };
    for _ in 0..3 {
        let admission = any(&mut lobby).expect("it may open");
        lobby.room_failed(admission.room(), NOW);
    }
    assert_eq!(any(&mut lobby).err(), Some(JoinError::RoomFails));
    assert_eq!(lobby.admits_newcomers(NOW), Err(JoinError::RoomFails));
    assert_eq!((lobby.rooms(), lobby.rooms_failed()), (0, 3));
    let named = come(&mut lobby, Role::Player, "named").expect("it is another kind");
    assert_eq!(lobby.admits_newcomers(NOW), Ok(()));
    let beside = any(&mut lobby).expect("one is there");
    assert_eq!(beside.room(), named.room());
}

#[test]
fn a_recorded_room_that_goes_on_without_its_recording_makes_way_like_any_other() {
    let (mut lobby, seats) = lobby_of(1, OpenerLimits::default(), true);
    let recorded = come(&mut lobby, Role::Player, "a").expect("there is space");
    let kept = lobby.recover(0, &[(recorded.room(), vec![recorded.session])], None, NOW);
    drop((recorded, kept));
    seats.try_iter().for_each(|seat| lobby.leave(seat, NOW));
    assert_eq!((lobby.people(), lobby.rooms()), (0, 1));
    assert!(come(&mut lobby, Role::Player, "b").is_ok());
}

#[test]
fn seats_on_the_way_to_a_room_that_had_ended_are_free_once_their_shard_is_taken_over() {
    for fails in [true, false] {
        let (mut lobby, seats) = lobby();
        let on_the_way = come(&mut lobby, Role::Player, "ended").expect("there is space");
        match fails {
            true => lobby.room_failed(on_the_way.room(), NOW),
            false => lobby.room_over(on_the_way.room()),
        }
        assert_eq!((lobby.people(), lobby.players()), (1, 1), "its shard turns it away");
        // That does not come to it, and holds it for ever.
        lobby.recover(0, &[], None, NOW);
        assert_eq!((lobby.people(), lobby.players()), (0, 0));
        drop(on_the_way);
        lobby.leave(seats.try_recv().expect("at last"), NOW);
        assert_eq!(lobby.people(), 0, "once");
    }
}
