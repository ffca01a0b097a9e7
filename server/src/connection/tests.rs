//! One connection against a real room: what it says, what ends it, what it may cost.

use proptest::prelude::*;
use shared::game::Setup;
use shared::limits::{HELLO_MAX_BYTES, SPECTATOR_WINDOW};
use shared::protocol::snapshot::{NoReplay, SnapshotDecoder};
use shared::protocol::{Ack, Hello, Input, PROTOCOL_VERSION, Pace, Role, RoomWish};

use shared::tick::Rewind;

use super::*;
use crate::room::RoomSettings;
use crate::room::StreamSettings;
use crate::room::dots::{Dots, Push};

const START: Duration = Duration::from_secs(1_000);
const SECOND: Duration = Duration::from_secs(1);
/// [`SNAPSHOT_FIRST_ACK_MAX`](shared::limits::SNAPSHOT_FIRST_ACK_MAX) at 30 ticks a second.
const FIRST_MAX: u64 = 30;

fn room() -> Room<Dots> {
    let setup = Setup { players_max: 4, ..Setup::default() };
    let settings = RoomSettings {
        name: "meadow".to_owned(),
        setup,
        fill: 2,
        stream: StreamSettings { spectator_delay: Duration::ZERO, ..StreamSettings::default() },
        ..RoomSettings::default()
    };
    Room::new(settings).expect("these settings are good")
}

fn player(room: &mut Room<Dots>) -> Connection {
    let player = room.join("Ada").expect("there is space");
    Connection::new(room, SessionId(1), Some(player), false, START)
}

fn spectator(room: &mut Room<Dots>) -> Connection {
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
        heard.push(letter(&out));
        out.clear();
    }
    if let Turn::Say(run) = connection.turn(room) {
        for shared in run {
            heard.extend(shared.messages().map(letter));
            connection.was_told(shared);
        }
    }
    heard
}

fn letter(message: &[u8]) -> char {
    match ServerMessage::decode(message).expect("what is said is a message") {
        ServerMessage::Welcome(_) => 'w',
        ServerMessage::Roster(_) => 'r',
        ServerMessage::Snapshot(_) => 's',
        ServerMessage::Pong(_) => 'p',
        ServerMessage::Notice(_) => 'n',
        ServerMessage::Pace(_) => 'v',
        other => panic!("{other:?} is not a connection's to say"),
    }
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
    let mut watching = spectator(&mut room);
    assert_eq!(hear(&mut watching, &mut room), "w", "nothing is encoded for nobody");
    room.step();
    assert_eq!(hear(&mut watching, &mut room), "rs");
    room.join("Bob").expect("there is space");
    room.step();
    assert_eq!(hear(&mut watching, &mut room), "rs");
    // Who comes now need not wait for the next keyframe.
    assert_eq!(hear(&mut spectator(&mut room), &mut room), "wrsrs");
    // Of the roster as of the keyframe, and what changed since; who was there needs no more.
    let counted = |connection: &Connection| connection.counters().messages_out;
    let before = counted(&watching);
    (0..29).for_each(|_| room.step());
    assert_eq!(hear(&mut watching, &mut room).len() as u64, counted(&watching) - before);
}

#[test]
fn what_waits_for_a_client_is_bounded() {
    let mut room = room();
    let mut connection = spectator(&mut room);
    assert_eq!(hear(&mut connection, &mut room), "w");
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
        ticket: None,
    };
    let hello = bytes(&ClientMessage::Hello(hello));
    let mut end = |bytes: &[u8]| spectator(&mut room).receive(&mut room, START, bytes);
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
    let (mut playing, mut watching) = (player(&mut room), spectator(&mut room));
    let push = Push { x: 1, y: 0, pop: false }.bytes();
    let input = Input {
        tick: Tick(1),
        seen: Tick(0),
        rewind: shared::tick::Rewind::default(),
        input: &push,
    };
    say(&mut playing, &mut room, &ClientMessage::Input(input)).expect("an input");
    say(&mut watching, &mut room, &ClientMessage::Input(input)).expect("it is ignored");
    assert_eq!((playing.counters().inputs, watching.counters().inputs_ignored), (1, 1));
    assert_eq!((room.counters().inputs_taken, room.counters().inputs_replaced), (1, 0));
}

#[test]
fn a_client_is_believed_to_have_seen_only_what_it_was_sent() {
    let mut room = room();
    for mut connection in [spectator(&mut room), player(&mut room)] {
        let ack = |tick| ClientMessage::Ack(Ack { seen: Tick(tick) });
        say(&mut connection, &mut room, &ack(0)).expect("an ack");
        assert_eq!(connection.seen(), None);
        let first = room.tick().0 + 1;
        for _ in 0..5 {
            room.step();
            hear(&mut connection, &mut room);
        }
        for (said, seen) in [
            (first + 5, None),
            (first + 2, Some(Tick(first + 2))),
            (u32::MAX, Some(Tick(first + 2))),
            (first + 4, Some(Tick(first + 4))),
            (first + 3, Some(Tick(first + 4))),
        ] {
            say(&mut connection, &mut room, &ack(said)).expect("an ack");
            assert_eq!(connection.seen(), seen);
        }
    }
}

#[test]
fn a_silent_client_is_overdue_but_one_that_was_stopped_for_a_while_is_not() {
    let mut room = room();
    let mut connection = spectator(&mut room);
    let stopped = START + SILENCE_MAX;
    assert_eq!(connection.overdue(stopped), None);
    assert_eq!(connection.overdue(stopped + Duration::from_nanos(1)), Some(End::Silent));
    let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
    connection.receive(&mut room, stopped, &ping).expect("a ping");
    assert_eq!(connection.overdue(stopped + SILENCE_MAX), None);
    assert_eq!(connection.overdue(START - Duration::from_secs(1)), None);
}

/// Lets one that acknowledges nothing and one that does at every tick be told for `lasts`; gives
/// the time then.
fn deaf_and_well(
    room: &mut Room<Dots>,
    deaf: &mut Connection,
    well: &mut Connection,
    lasts: Duration,
) -> Duration {
    let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
    let mut now = START;
    while now <= START + lasts {
        room.step();
        now += room.tick_rate().period();
        for connection in [&mut *deaf, &mut *well] {
            connection.receive(room, now, &ping).expect("a ping");
            hear(connection, room);
        }
        let ack = Ack { seen: room.tick() };
        say(well, room, &ClientMessage::Ack(ack)).expect("an ack");
    }
    now
}

#[test]
fn a_player_that_acknowledges_nothing_is_sent_little_and_ends_as_too_slow() {
    let mut room = room();
    let (mut deaf, mut well) = (player(&mut room), player(&mut room));
    let now = deaf_and_well(&mut room, &mut deaf, &mut well, SILENCE_MAX + SECOND);
    assert_eq!(deaf.counters().snapshots, FIRST_MAX);
    assert!(deaf.counters().snapshots_held_back > 10 * 30);
    assert_eq!(deaf.overdue(now + room.tick_rate().period()), Some(End::TooSlow));
    assert_eq!(well.counters().snapshots_held_back, 0);
    assert_eq!(well.overdue(now), None);
    assert_eq!(room.counters().snapshots_held_back, deaf.counters().snapshots_held_back);
    let all = Ack { seen: Tick(FIRST_MAX as u32) };
    say(&mut deaf, &mut room, &ClientMessage::Ack(all)).expect("ack");
    hear(&mut deaf, &mut room);
    assert_eq!(deaf.counters().snapshots, FIRST_MAX + 1, "it goes on from where it is");
}

#[test]
fn a_spectator_that_acknowledges_nothing_is_sent_a_windows_worth_and_goes_on_at_a_keyframe() {
    let mut room = room();
    let (mut deaf, mut well) = (spectator(&mut room), spectator(&mut room));
    let lasts = SILENCE_MAX + SPECTATOR_WINDOW + SECOND;
    let now = deaf_and_well(&mut room, &mut deaf, &mut well, lasts);
    // The first, and the window's worth from there.
    assert_eq!(deaf.counters().snapshots, 3 * 30 + 1);
    assert_eq!(deaf.overdue(now + room.tick_rate().period()), Some(End::TooSlow));
    assert_eq!((well.counters().snapshots_held_back, well.overdue(now)), (0, None));
    say(&mut deaf, &mut room, &ClientMessage::Ack(Ack { seen: Tick(91) })).expect("ack");
    let (mut decoder, mut told) = (SnapshotDecoder::new(), 0);
    for _ in 0..60 {
        room.step();
        let Turn::Say(run) = deaf.turn(&room) else { continue };
        for shared in run {
            for message in shared.messages() {
                let Ok(ServerMessage::Snapshot(body)) = ServerMessage::decode(message) else {
                    continue;
                };
                // It can be read by one who knows nothing.
                decoder.decode(room.codec(), body, &mut NoReplay).expect("from a keyframe on");
                assert_eq!(decoder.mirror().tick(), Some(shared.tick()));
                told += 1;
            }
            deaf.was_told(shared);
        }
        assert_eq!(decoder.mirror().rows(), room.scene().rows());
    }
    assert!(told >= 30, "{told} from the next keyframe on");
}

/// Watches over a line of so many ticks each way; gives how many snapshots came in each second.
/// It says what it has seen each half second of the stream, or else whenever it pings.
fn watches_from_afar(
    room: &mut Room<Dots>,
    session: u64,
    line_ticks: u64,
    is_by_progress: bool,
) -> Vec<u64> {
    let mut connection = Connection::new(room, SessionId(session), None, false, START);
    let (mut down, mut up) = (Vec::new(), Vec::new());
    let (mut seen, mut said, mut counts) = (None::<Tick>, None::<Tick>, vec![0; 10]);
    for pass in 0..300_u64 {
        let came: Vec<_> = down.extract_if(.., |(at, _)| *at <= pass).collect();
        for (_, message) in came {
            seen = Some(message);
            counts[(pass / 30) as usize] += 1;
            let is_due = said.is_none_or(|said| message.since(said) >= 15);
            if is_by_progress && is_due {
                up.push((pass + line_ticks, ClientMessage::Ack(Ack { seen: message })));
                said = Some(message);
            }
        }
        if pass % 30 == 7 {
            up.push((pass + line_ticks, ClientMessage::Ping(Ping { number: 1 })));
            let ack = seen.map(|seen| (pass + line_ticks, ClientMessage::Ack(Ack { seen })));
            up.extend(ack.filter(|_| !is_by_progress));
        }
        if connection.is_read_in(pass as u32) {
            for (_, message) in up.extract_if(.., |(at, _)| *at <= pass) {
                say(&mut connection, room, &message).expect("it may say so");
            }
        }
        room.step();
        while connection.next_message(room, &mut Vec::new()) {}
        let Turn::Say(run) = connection.turn(room) else { continue };
        for shared in run {
            down.push((pass + line_ticks, shared.tick()));
            connection.was_told(shared);
        }
    }
    connection.leave(room);
    counts
}

#[test]
fn whoever_comes_to_a_room_that_is_watched_gets_every_tick_whenever_and_from_wherever() {
    for (phase, line_ticks, is_by_progress) in (0..30_u64)
        .flat_map(|phase| [0, 1, 3, 6, 9, 15].map(|line| (phase, line)))
        .flat_map(|(phase, line)| [true, false].map(|progress| (phase, line, progress)))
    {
        let mut room = room();
        let first = spectator(&mut room);
        (0..40 + phase).for_each(|_| room.step());
        let counts = watches_from_afar(&mut room, phase, line_ticks, is_by_progress);
        assert_eq!(counts[5..], [30; 5], "{phase}, {line_ticks}, {is_by_progress}: {counts:?}");
        first.leave(&mut room);
    }
}

#[test]
fn a_spectator_is_read_now_and_then_and_a_player_in_each_pass() {
    let mut room = room();
    let (watching, playing) = (spectator(&mut room), player(&mut room));
    let read =
        |connection: &Connection| (0..80).filter(|pass| connection.is_read_in(*pass)).count();
    assert_eq!((read(&watching), read(&playing)), (10, 80));
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_end_the_connection(
        messages in prop::collection::vec(
            (0..8_u8, prop::collection::vec(any::<u8>(), 0..50)),
            0..50,
        ),
        plays in any::<bool>(),
    ) {
        let mut room = room();
        let mut connection = if plays { player(&mut room) } else { spectator(&mut room) };
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

/// The paces among all that is to be said to this client alone.
fn paces(connection: &mut Connection, room: &mut Room<Dots>) -> Vec<Pace> {
    let (mut paces, mut out) = (Vec::new(), Vec::new());
    while connection.next_message(room, &mut out) {
        if let Ok(ServerMessage::Pace(pace)) = ServerMessage::decode(&out) {
            paces.push(pace);
        }
        out.clear();
    }
    paces
}

#[test]
fn the_pace_is_told_before_the_first_snapshot_of_it_and_only_when_it_changes() {
    let mut room = room();
    let mut early = player(&mut room);
    room.step();
    assert_eq!(hear(&mut early, &mut room), "wrs");
    room.set_pace(575);
    room.step();
    assert_eq!(hear(&mut early, &mut room), "vs");
    let mut late = player(&mut room);
    room.step();
    assert!(hear(&mut late, &mut room).starts_with("wvr"), "whoever comes is told at once");
    room.set_pace(1_000);
    room.set_pace(575);
    room.step();
    assert!(!hear(&mut early, &mut room).contains('v'), "it knows that");
    room.set_pace(250);
    room.set_pace(1_000);
    let from = room.tick().next();
    assert_eq!(paces(&mut early, &mut room), [Pace { from, permille: 1_000 }]);
    let mut last = player(&mut room);
    assert_eq!(paces(&mut last, &mut room), [], "the full pace goes without saying");
}

#[test]
fn a_spectator_is_told_of_the_pace_at_once_in_ticks_that_it_sees() {
    let setup = Setup { players_max: 4, ..Setup::default() };
    let mut room = Room::<Dots>::new(RoomSettings { setup, ..RoomSettings::default() })
        .expect("these settings are good");
    let mut spectator = spectator(&mut room);
    for _ in 0..100 {
        room.step();
    }
    assert_eq!(paces(&mut spectator, &mut room), []);
    room.set_pace(575);
    // Two seconds late at 30 ticks a second.
    let from = Tick(101 - 60);
    assert_eq!(paces(&mut spectator, &mut room), [Pace { from, permille: 575 }]);
    assert_eq!(room.due().next(), from);
    assert_eq!(paces(&mut spectator, &mut room), []);
}

mod budgets;
