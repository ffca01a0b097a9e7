//! One connection against a real room: what it says, what ends it, what it may cost.

use proptest::prelude::*;
use shared::game::Setup;
use shared::limits::HELLO_MAX_BYTES;
use shared::protocol::{Ack, Hello, Input, PROTOCOL_VERSION, Role, RoomWish};

use super::*;
use crate::room::RoomSettings;
use crate::room::StreamSettings;
use crate::room::dots::{Dots, Push};

const START: Duration = Duration::from_secs(1_000);

fn room() -> Room<Dots> {
    let setup = Setup { players_max: 4, ..Setup::default() };
    let settings = RoomSettings {
        name: "meadow".to_owned(),
        setup,
        fill: 2,
        stream: StreamSettings::default(),
    };
    Room::new(settings).expect("these settings are good")
}

fn player(room: &mut Room<Dots>) -> Connection {
    let player = room.join("Ada").expect("there is space");
    Connection::new(room, SessionId(1), Some(player), false, START)
}

fn spectator(room: &Room<Dots>) -> Connection {
    Connection::new(room, SessionId(2), None, false, START)
}

fn bytes(message: &ClientMessage<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

fn say(
    connection: &mut Connection,
    room: &mut Room<Dots>,
    message: &ClientMessage<'_>,
) -> Result<(), End> {
    connection.receive(room, START, &bytes(message))
}

/// The first letters of the kinds of all that is to be said now.
fn hear(connection: &mut Connection, room: &mut Room<Dots>) -> String {
    let mut heard = String::new();
    let mut out = Vec::new();
    while connection.next_message(room, &mut out) {
        heard.push(match ServerMessage::decode(&out).expect("what is said is a message") {
            ServerMessage::Welcome(_) => 'w',
            ServerMessage::Roster(_) => 'r',
            ServerMessage::Snapshot(_) => 's',
            ServerMessage::Pong(_) => 'p',
            ServerMessage::Notice(_) => 'n',
            other => panic!("{other:?} is not a connection's to say"),
        });
        out.clear();
    }
    heard
}

#[test]
fn things_are_said_in_their_order_and_once() {
    let mut room = room();
    let mut connection = player(&mut room);
    connection.notify("hello");
    say(&mut connection, &mut room, &ClientMessage::Ping(Ping { number: 1 })).expect("a ping");
    assert_eq!(hear(&mut connection, &mut room), "wprn");
    room.step();
    assert_eq!(hear(&mut connection, &mut room), "rs"); // A bot came.
    assert_eq!(hear(&mut connection, &mut room), "");
    room.step();
    assert_eq!(hear(&mut connection, &mut room), "s");
    // Answered although the room stands still.
    say(&mut connection, &mut room, &ClientMessage::Ping(Ping { number: 2 })).expect("a ping");
    assert_eq!(hear(&mut connection, &mut room), "p");
    let mut watching = spectator(&room);
    assert_eq!(hear(&mut watching, &mut room), "wrs");
}

#[test]
fn what_waits_for_a_client_is_bounded() {
    let mut room = room();
    let mut connection = spectator(&room);
    assert_eq!(hear(&mut connection, &mut room), "wrs");
    for number in 0..10 {
        say(&mut connection, &mut room, &ClientMessage::Ping(Ping { number })).expect("a ping");
        connection.notify(&"ß".repeat(NOTICE_MAX_BYTES));
    }
    let mut out = Vec::new();
    assert!(connection.next_message(&mut room, &mut out));
    let oldest = ServerMessage::Pong(Ping { number: 10 - PONGS_PENDING_MAX as u32 });
    assert_eq!(ServerMessage::decode(&out), Ok(oldest));
    assert_eq!(hear(&mut connection, &mut room), "pppnnnn");
    assert_eq!(
        (connection.counters().pongs_dropped, connection.counters().notices_dropped),
        (6, 6)
    );
}

#[test]
fn a_client_ends_its_connection_by_what_it_may_not_say() {
    let mut room = room();
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        game: "dots",
        rules: 1,
        role: Role::Player,
        name: "Ada",
        room: RoomWish::Any,
        replays: false,
    };
    let hello = bytes(&ClientMessage::Hello(hello));
    let mut end = |bytes: &[u8]| spectator(&room).receive(&mut room, START, bytes);
    assert_eq!(end(&hello), Err(End::Protocol));
    assert_eq!(end(&bytes(&ClientMessage::Goodbye)), Err(End::Left));
    assert_eq!(end(&[]), Err(End::Protocol));
    assert_eq!(end(&[0x84, 1, 2]), Err(End::Protocol));
    assert_eq!(end(&[0xFF; CLIENT_MESSAGE_MAX_BYTES + 1]), Err(End::TooBig));
    assert_eq!(end(&[0x02; HELLO_MAX_BYTES]), Err(End::TooBig));
    assert_eq!(end(&bytes(&ClientMessage::Ping(Ping { number: 1 }))), Ok(()));
}

#[test]
fn a_players_inputs_reach_the_room_and_a_spectators_do_not() {
    let mut room = room();
    let (mut playing, mut watching) = (player(&mut room), spectator(&room));
    let push = Push { x: 1, y: 0, pop: false }.bytes();
    let input = Input { tick: Tick(1), seen: Tick(0), input: &push };
    say(&mut playing, &mut room, &ClientMessage::Input(input)).expect("an input");
    say(&mut watching, &mut room, &ClientMessage::Input(input)).expect("it is ignored");
    assert_eq!((playing.counters().inputs, watching.counters().inputs_ignored), (1, 1));
    assert_eq!((room.counters().inputs_taken, room.counters().inputs_replaced), (1, 0));
}

#[test]
fn a_client_is_believed_to_have_seen_only_what_it_was_sent() {
    let mut room = room();
    let mut connection = spectator(&room);
    let ack = |tick| ClientMessage::Ack(Ack { seen: Tick(tick) });
    say(&mut connection, &mut room, &ack(0)).expect("an ack");
    assert_eq!(connection.seen(), None);
    (0..5).for_each(|_| room.step());
    hear(&mut connection, &mut room);
    for (said, seen) in [
        (6, None),
        (3, Some(Tick(3))),
        (u32::MAX, Some(Tick(3))),
        (5, Some(Tick(5))),
        (4, Some(Tick(5))),
    ] {
        say(&mut connection, &mut room, &ack(said)).expect("an ack");
        assert_eq!(connection.seen(), seen);
    }
}

#[test]
fn a_silent_client_is_overdue_but_one_that_was_stopped_for_a_while_is_not() {
    let mut room = room();
    let mut connection = spectator(&room);
    let stopped = START + SILENCE_MAX;
    assert_eq!(connection.overdue(stopped), None);
    assert_eq!(connection.overdue(stopped + Duration::from_nanos(1)), Some(End::Silent));
    let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
    connection.receive(&mut room, stopped, &ping).expect("a ping");
    assert_eq!(connection.overdue(stopped + SILENCE_MAX), None);
    assert_eq!(connection.overdue(START - Duration::from_secs(1)), None);
}

#[test]
fn what_was_held_up_on_the_way_is_no_flood_but_a_flood_is() {
    let mut room = room();
    let mut connection = player(&mut room);
    let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
    let held_up = SILENCE_MAX.as_secs() * 30;
    for _ in 0..held_up {
        connection.receive(&mut room, START, &ping).expect("it was only held up");
    }
    // And it goes on at its pace.
    for at in 0..held_up {
        let now = START + room.tick_rate().period() * at as u32;
        connection.receive(&mut room, now, &ping).expect("it is what a client may send");
    }
    let ends = (0..10_000).find_map(|_| connection.receive(&mut room, START, &ping).err());
    assert_eq!(ends, Some(End::TooMuch));
}

#[test]
fn what_came_while_the_server_stood_still_is_no_flood() {
    let mut room = room();
    let mut connection = player(&mut room);
    let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
    // An hour of it. Time has stood still for the room, so none of it has passed.
    connection.forgive_stall(Duration::from_secs(3_600));
    for _ in 0..3_600 * 32 {
        connection.receive(&mut room, START, &ping).expect("it is what a client may send");
    }
}

#[test]
fn a_client_that_acknowledges_nothing_is_sent_a_windows_worth_and_ends_as_too_slow() {
    let mut room = room();
    let (mut deaf, mut well) = (spectator(&room), spectator(&room));
    let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
    let hz = u64::from(room.tick_rate().hz());
    let mut now = START;
    while now <= START + SILENCE_MAX + 2 * SNAPSHOT_WINDOW {
        room.step();
        now += room.tick_rate().period();
        for connection in [&mut deaf, &mut well] {
            connection.receive(&mut room, now, &ping).expect("a ping");
            hear(connection, &mut room);
        }
        let ack = Ack { seen: room.tick() };
        say(&mut well, &mut room, &ClientMessage::Ack(ack)).expect("an ack");
    }
    // The first, and a second's worth from there.
    assert_eq!(deaf.counters().snapshots, hz + 1);
    assert!(deaf.counters().snapshots_held_back > 10 * hz);
    assert_eq!(deaf.overdue(now + room.tick_rate().period()), Some(End::TooSlow));
    assert_eq!(well.counters().snapshots_held_back, 0);
    assert_eq!(well.overdue(now), None);
    say(&mut deaf, &mut room, &ClientMessage::Ack(Ack { seen: Tick(30) })).expect("ack");
    hear(&mut deaf, &mut room);
    assert_eq!(deaf.counters().snapshots, hz + 2, "it goes on from where it is");
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_end_the_connection(
        messages in prop::collection::vec((0..8_u8, prop::collection::vec(any::<u8>(), 0..50)), 0..50),
        plays in any::<bool>(),
    ) {
        let mut room = room();
        let mut connection = if plays { player(&mut room) } else { spectator(&room) };
        for (kind, mut body) in messages {
            // Most often with a kind that exists, so that bodies are looked at.
            if kind > 0 {
                body.insert(0, kind);
            }
            let _ = connection.receive(&mut room, START, &body);
            room.step();
            hear(&mut connection, &mut room);
        }
    }
}
