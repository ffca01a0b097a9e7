//! Who gets a seat where, as the lobby counts.

use tickwire_game::tick::Tick;

use super::*;
use crate::pacer::TimeScale;

fn of_limits(players_max: u16, rooms_max: usize, connections_max: usize) -> Directory {
    let (empty_max, opener) = (Duration::from_secs(30), OpenerLimits::default());
    let limits = DirectoryLimits { players_max, rooms_max, connections_max, empty_max, opener };
    Directory::new(limits, 2)
}

/// Joins as a client without limits.
fn join(
    directory: &mut Directory,
    role: Role,
    requested: &RequestedRoom,
) -> Result<Placement, JoinError> {
    directory.join(role, requested, None, Ok(()), Duration::ZERO)
}

fn named(name: &str) -> RequestedRoom {
    RequestedRoom::named(name)
}

#[test]
fn any_room_is_the_fullest_with_a_place() {
    let mut directory = of_limits(2, 8, 100);
    let first = join(&mut directory, Role::Player, &RequestedRoom::Any).unwrap();
    assert!(first.new);
    join(&mut directory, Role::Player, &named("empty-ish")).unwrap();
    let second = join(&mut directory, Role::Player, &named("busy")).unwrap();
    join(&mut directory, Role::Player, &named("busy")).unwrap();
    let third = join(&mut directory, Role::Player, &RequestedRoom::Any).unwrap();
    assert!(!third.new, "there was a place");
    assert_ne!(third.room, second.room, "the busy one is full");
    let watcher = join(&mut directory, Role::Spectator, &RequestedRoom::Any).unwrap();
    assert!([second.room, third.room].contains(&watcher.room), "where most is to be seen");
}

#[test]
fn any_room_is_the_one_where_most_act() {
    let mut directory = of_limits(64, 8, 1_000);
    let mut enter = |name, players| {
        let joined =
            (0..players).map(|_| join(&mut directory, Role::Player, &named(name)).unwrap());
        joined.last().expect("somebody joins").room
    };
    let (asleep, awake, mixed) = (enter("asleep", 50), enter("awake", 3), enter("mixed", 20));
    directory.room(asleep).status.publish_idle(50);
    directory.room(mixed).status.publish_idle(17);
    let mut any = |role| join(&mut directory, role, &RequestedRoom::Any).unwrap().room;
    assert_eq!(any(Role::Spectator), awake, "of equals the one with fewer who do nothing");
    assert_eq!(any(Role::Player), awake);
    directory.room(asleep).status.publish_idle(10);
    assert_eq!(join(&mut directory, Role::Player, &RequestedRoom::Any).unwrap().room, asleep);
}

#[test]
fn two_hundred_players_fill_rooms_of_64_one_after_the_other() {
    let mut directory = of_limits(64, 256, 10_000);
    let mut rooms: HashMap<RoomKey, u32> = HashMap::new();
    for _ in 0..200 {
        *rooms
            .entry(join(&mut directory, Role::Player, &RequestedRoom::Any).unwrap().room)
            .or_default() += 1;
    }
    let mut counts: Vec<u32> = rooms.into_values().collect();
    counts.sort_unstable();
    assert_eq!(counts, [8, 64, 64, 64]);
}

#[test]
fn a_full_named_room_refuses_players_and_takes_spectators() {
    let mut directory = of_limits(1, 8, 100);
    let room = join(&mut directory, Role::Player, &named("duel")).unwrap().room;
    assert_eq!(join(&mut directory, Role::Player, &named("duel")), Err(JoinError::RoomFull));
    assert!(join(&mut directory, Role::Spectator, &named("duel")).is_ok());
    directory.leave(room, Role::Player, Duration::ZERO);
    assert!(join(&mut directory, Role::Player, &named("duel")).is_ok());
}

#[test]
fn a_room_takes_so_many_spectators_and_still_players() {
    let mut directory = of_limits(2, 8, 10_000);
    let room = join(&mut directory, Role::Player, &named("final")).unwrap().room;
    for _ in 0..ROOM_SPECTATORS_MAX {
        assert_eq!(join(&mut directory, Role::Spectator, &RequestedRoom::Any).unwrap().room, room);
    }
    assert_eq!(join(&mut directory, Role::Spectator, &named("final")), Err(JoinError::RoomFull));
    assert_ne!(join(&mut directory, Role::Spectator, &RequestedRoom::Any).unwrap().room, room);
    assert_eq!(join(&mut directory, Role::Player, &named("final")).unwrap().room, room);
    directory.leave(room, Role::Spectator, Duration::ZERO);
    assert!(join(&mut directory, Role::Spectator, &named("final")).is_ok());
}

#[test]
fn a_server_with_all_its_rooms_or_people_is_full() {
    let mut directory = of_limits(1, 1, 2);
    join(&mut directory, Role::Player, &RequestedRoom::Any).unwrap();
    assert_eq!(join(&mut directory, Role::Player, &RequestedRoom::Any), Err(JoinError::RoomsMax));
    join(&mut directory, Role::Spectator, &RequestedRoom::Any).unwrap();
    assert_eq!(
        join(&mut directory, Role::Spectator, &RequestedRoom::Any),
        Err(JoinError::ServerFull)
    );
}

#[test]
fn a_room_is_retired_once_it_was_empty_long_enough() {
    let mut directory = of_limits(4, 8, 100);
    let room = join(&mut directory, Role::Player, &named("a")).unwrap().room;
    assert!(directory.deserted(Duration::from_secs(1_000)).is_empty(), "someone is in it");
    directory.leave(room, Role::Player, Duration::from_secs(1_000));
    assert!(directory.deserted(Duration::from_secs(1_029)).is_empty());
    assert_eq!(directory.deserted(Duration::from_secs(1_030)), [room]);
    directory.forget(room);
    assert!(join(&mut directory, Role::Player, &named("a")).unwrap().new);
}

#[test]
fn places_of_a_failed_room_come_back() {
    let mut directory = of_limits(4, 8, 1);
    let room = join(&mut directory, Role::Player, &named("a")).unwrap().room;
    directory.forget(room);
    directory.leave(room, Role::Player, Duration::ZERO);
    let again = join(&mut directory, Role::Player, &named("a")).unwrap();
    assert!(again.new);
    assert_ne!(again.room, room);
}

#[test]
fn rooms_go_to_the_shard_with_the_fewest_people() {
    let mut directory = of_limits(64, 8, 100);
    let a = join(&mut directory, Role::Player, &named("a")).unwrap();
    let b = join(&mut directory, Role::Player, &named("b")).unwrap();
    assert_ne!(a.shard, b.shard);
    join(&mut directory, Role::Player, &named("a")).unwrap();
    assert_eq!(join(&mut directory, Role::Player, &named("c")).unwrap().shard, b.shard);
}

#[test]
fn nobody_comes_into_an_overloaded_room_nor_is_one_opened_beside_it() {
    let mut directory = of_limits(64, 8, 100);
    let slow = join(&mut directory, Role::Player, &named("slow")).unwrap();
    let overload = |directory: &Directory, room, is_overloaded| {
        let status = &directory.room(room).status;
        status.publish(Tick(0), 0, TimeScale::FULL, is_overloaded);
    };
    overload(&directory, slow.room, true);
    for role in [Role::Player, Role::Spectator] {
        assert_eq!(join(&mut directory, role, &named("slow")), Err(JoinError::Overloaded));
    }
    let other = join(&mut directory, Role::Player, &RequestedRoom::Any).unwrap();
    assert_ne!((other.room, other.shard), (slow.room, slow.shard));
    assert_eq!(join(&mut directory, Role::Player, &named("new")).unwrap().shard, other.shard);
    overload(&directory, other.room, true);
    let third = join(&mut directory, Role::Player, &RequestedRoom::Any).unwrap();
    assert!(!third.new, "one is as it should be");
    overload(&directory, third.room, true);
    assert_eq!(join(&mut directory, Role::Player, &RequestedRoom::Any), Err(JoinError::Overloaded));
    assert_eq!(join(&mut directory, Role::Player, &named("newer")), Err(JoinError::Overloaded));
    overload(&directory, slow.room, false);
    assert_eq!(join(&mut directory, Role::Player, &RequestedRoom::Any).unwrap().room, slow.room);
}

#[test]
fn nobody_who_wants_any_room_is_led_to_one_that_ends_while_another_can_be_opened() {
    let mut directory = of_limits(4, 2, 100);
    let any = |directory: &mut Directory, client: Option<u64>| {
        let client = client.map(PeerKey);
        directory.join(Role::Player, &RequestedRoom::Any, client, Ok(()), Duration::ZERO)
    };
    let ending = any(&mut directory, None).unwrap().room;
    directory.room(ending).status.set_ending();
    let other = any(&mut directory, None).unwrap();
    assert!(other.new);
    // All rooms there may be: a deserted one makes way, and the one that ends is better than none.
    directory.room(other.room).status.set_ending();
    directory.leave(other.room, Role::Player, Duration::ZERO);
    let fresh = any(&mut directory, None).unwrap();
    assert_eq!(fresh.made_way.map(|(room, _)| room), Some(other.room));
    (0..3).for_each(|_| assert_eq!(any(&mut directory, None).unwrap().room, fresh.room));
    assert_eq!(any(&mut directory, None).unwrap().room, ending);
    // So it is for one who may open none, and for those who ask for another it is no consolation.
    let mut directory = of_limits(4, 99, 100);
    for at in 0..OpenerLimits::default().rooms_per_minute {
        let room = named(&at.to_string());
        let room = directory.join(
            Role::Player,
            &room,
            Some(PeerKey(u64::from(at % 2))),
            Ok(()),
            Duration::ZERO,
        );
        directory.room(room.unwrap().room).status.set_ending();
    }
    for client in 0..2 {
        for at in 0..OpenerLimits::default().rooms_per_minute / 2 {
            let joined = any(&mut directory, Some(client)).unwrap();
            assert!(joined.new, "{at}");
            directory.room(joined.room).status.set_ending();
        }
        assert!(!any(&mut directory, Some(client)).unwrap().new);
        let more = directory.join(
            Role::Player,
            &named("more"),
            Some(PeerKey(client)),
            Ok(()),
            Duration::ZERO,
        );
        assert_eq!(more, Err(JoinError::OwnRoomsRate));
    }
}

#[test]
fn a_closing_lobby_lets_nobody_in() {
    let mut directory = of_limits(4, 8, 100);
    directory.close();
    assert_eq!(join(&mut directory, Role::Player, &RequestedRoom::Any), Err(JoinError::Closing));
}
