//! One client's protocol against a real room: what it sends, what ends it, what it may cost.

use proptest::prelude::*;
use test_games::stones::{Push, Stones};
use tickwire_game::game::Setup;
use tickwire_game::limits::HELLO_MAX_BYTES;
use tickwire_game::protocol::snapshot::{NoReplay, SnapshotDecoder};
use tickwire_game::protocol::{Ack, Board, Hello, PROTOCOL_VERSION, Pace, Role, RoomChoice};
use tickwire_game::tick::Rewind;

use tickwire_game::ids::SessionId;

use super::*;
use crate::limits::{OUTBOX_NOTICES_MAX, SILENCE_MAX, SPECTATOR_WINDOW};
use crate::room::{RoomTemplate, StreamSettings};

const START: Duration = Duration::from_secs(1_000);
const SECOND: Duration = Duration::from_secs(1);
/// [`SNAPSHOT_FIRST_ACK_MAX`](crate::limits::SNAPSHOT_FIRST_ACK_MAX) at 30 ticks a second.
const FIRST_MAX: u64 = 30;

/// A room with its stream to spectators, as its host has them.
struct Stage {
    room: Room<Stones>,
    broadcast: Broadcast,
    scratch: EncodeScratch,
}

impl Stage {
    fn new() -> Stage {
        Stage::with_delay(Duration::ZERO)
    }

    fn with_delay(spectator_delay: Duration) -> Stage {
        let setup = Setup { players_max: 4, ..Setup::default() };
        let stream = StreamSettings { spectator_delay, ..StreamSettings::default() };
        let template = RoomTemplate { setup, fill: 2, stream, ..RoomTemplate::default() };
        let room = Room::new("meadow".to_owned(), template).expect("these settings are good");
        let broadcast = Broadcast::new(room.config().tick_rate, spectator_delay);
        Stage { room, broadcast, scratch: EncodeScratch::default() }
    }

    fn step(&mut self) {
        self.room.step();
        self.broadcast.encode(self.room.published(), &mut self.scratch);
    }

    fn steps(&mut self, count: u64) {
        (0..count).for_each(|_| self.step());
    }

    fn player(&mut self) -> Client {
        let player = self.room.join("Ada", None).expect("there is space");
        Client::new(&self.room, 1, Some(player))
    }

    fn spectator(&mut self) -> Client {
        self.spectator_of(2)
    }

    fn spectator_of(&mut self, session: u64) -> Client {
        self.broadcast.watch();
        Client::new(&self.room, session, None)
    }

    fn set_time_scale(&mut self, permille: u16) {
        self.room.set_time_scale(TimeScale::of_permille(permille));
    }

    fn period(&self) -> Duration {
        self.room.config().tick_rate.period()
    }
}

/// A client's session, without its transport.
struct Client {
    protocol: Protocol<Stones>,
    outbox: Outbox,
}

impl Client {
    fn new(room: &Room<Stones>, session: u64, player: Option<PlayerId>) -> Client {
        let protocol =
            Protocol::new(room, Standing::alone(SessionId(session)), player, false, START);
        Client { protocol, outbox: Outbox::default() }
    }

    fn receive(
        &mut self,
        stage: &mut Stage,
        now: Duration,
        bytes: &[u8],
    ) -> Result<(), DisconnectReason> {
        self.protocol.receive(&mut stage.room, &mut self.outbox, now, bytes)
    }

    fn say(
        &mut self,
        stage: &mut Stage,
        message: &ClientMessage<'_>,
    ) -> Result<(), DisconnectReason> {
        self.receive(stage, START, &bytes(message))
    }

    fn next_message(&mut self, stage: &mut Stage, out: &mut Vec<u8>) -> bool {
        let (published, scratch) = (stage.room.published(), &mut stage.scratch);
        self.protocol.next_message(published, None, &mut self.outbox, scratch, out)
    }

    /// The first letters of the kinds of all that is to be sent now.
    fn hear(&mut self, stage: &mut Stage) -> String {
        let mut heard = String::new();
        let mut out = Vec::new();
        while self.next_message(stage, &mut out) {
            heard.push(letter(&out));
            out.clear();
        }
        if let Next::Send(run) = self.protocol.next_shared(&stage.broadcast) {
            for tick in run {
                heard.extend(tick.shared.messages().map(letter));
                self.protocol.mark_sent(tick);
            }
        }
        heard
    }

    /// The time scales among all that is to be sent to this client alone.
    fn time_scales(&mut self, stage: &mut Stage) -> Vec<Pace> {
        let (mut scales, mut out) = (Vec::new(), Vec::new());
        while self.next_message(stage, &mut out) {
            if let Ok(ServerMessage::Pace(scale)) = ServerMessage::decode(&out) {
                scales.push(scale);
            }
            out.clear();
        }
        scales
    }

    fn counters(&self) -> &ProtocolCounters {
        self.protocol.counters()
    }

    /// Why its connection is to end at `now`, if it is.
    fn ends(&self, now: Duration) -> Option<DisconnectReason> {
        self.protocol.judge(now).err()
    }
}

fn bytes(message: &ClientMessage<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

fn letter(message: &[u8]) -> char {
    match ServerMessage::decode(message).expect("what is sent is a message") {
        ServerMessage::Welcome(_) => 'w',
        ServerMessage::Roster(_) => 'r',
        ServerMessage::Snapshot(_) => 's',
        ServerMessage::Pong(_) => 'p',
        ServerMessage::Notice(_) => 'n',
        ServerMessage::Pace(_) => 'v',
        ServerMessage::Scores(_) => 'c',
        ServerMessage::BoardPage(_) => 'b',
        other => panic!("{other:?} is not a protocol's to send"),
    }
}

fn ping(number: u32) -> ClientMessage<'static> {
    ClientMessage::Ping(Ping { number })
}

fn ack(tick: u32) -> ClientMessage<'static> {
    ClientMessage::Ack(Ack { seen: Tick(tick) })
}

#[test]
fn messages_are_sent_in_their_order_and_once() {
    let mut stage = Stage::new();
    let mut playing = stage.player();
    playing.outbox.notify("hello").expect("there is space");
    playing.say(&mut stage, &ping(1)).expect("a ping");
    assert_eq!(playing.hear(&mut stage), "wprn");
    stage.step();
    assert_eq!(playing.hear(&mut stage), "rs"); // A bot came.
    assert_eq!(playing.hear(&mut stage), "");
    stage.step();
    assert_eq!(playing.hear(&mut stage), "s");
    // Answered although the room stands still.
    playing.say(&mut stage, &ping(2)).expect("a ping");
    assert_eq!(playing.hear(&mut stage), "p");
    let mut watching = stage.spectator();
    assert_eq!(watching.hear(&mut stage), "w", "nothing is encoded when nobody watches");
    stage.step();
    assert_eq!(watching.hear(&mut stage), "rs");
    stage.room.join("Bob", None).expect("there is space");
    stage.step();
    assert_eq!(watching.hear(&mut stage), "rs");
    // One that comes now need not wait for the next restart: it is sent the roster as of the last
    // one, and what changed since.
    assert_eq!(stage.spectator().hear(&mut stage), "wrsrs");
    let mut late = stage.spectator();
    assert_eq!(late.hear(&mut stage), "wrsrs");
}

#[test]
fn what_waits_for_a_client_is_bounded() {
    let mut stage = Stage::new();
    let mut client = stage.spectator();
    assert_eq!(client.hear(&mut stage), "w");
    for number in 0..10 {
        client.say(&mut stage, &ping(number)).expect("a ping");
    }
    let refused = (0..).find(|_| client.outbox.notify(&"\u{DF}".repeat(5_000)).is_err());
    assert_eq!(refused, Some(OUTBOX_NOTICES_MAX), "and its session ends");
    let mut out = Vec::new();
    assert!(client.next_message(&mut stage, &mut out));
    let oldest = ServerMessage::Pong(Ping { number: 10 - PONGS_PENDING_MAX as u32 });
    assert_eq!(ServerMessage::decode(&out), Ok(oldest));
    assert_eq!(client.hear(&mut stage), format!("ppp{}", "n".repeat(OUTBOX_NOTICES_MAX)));
    assert_eq!(client.counters().pongs_dropped, 6);
}

#[test]
fn a_client_ends_its_connection_by_what_it_may_not_send() {
    let mut stage = Stage::new();
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        game: "stones",
        rules: 1,
        role: Role::Player,
        name: "Ada",
        room: RoomChoice::Any,
        replays: false,
        ticket: None,
        settings: None,
        resume: None,
    };
    let hello = bytes(&ClientMessage::Hello(hello));
    let mut end = |bytes: &[u8]| stage.spectator().receive(&mut stage, START, bytes);
    assert_eq!(end(&hello), Err(DisconnectReason::Protocol));
    assert_eq!(end(&bytes(&ClientMessage::Goodbye)), Err(DisconnectReason::Left));
    assert_eq!(end(&[]), Err(DisconnectReason::Protocol));
    assert_eq!(end(&[0x84, 1, 2]), Err(DisconnectReason::Protocol));
    assert_eq!(end(&[0xFF; CLIENT_MESSAGE_MAX_BYTES + 1]), Err(DisconnectReason::TooBig));
    assert_eq!(end(&[0x02; HELLO_MAX_BYTES]), Err(DisconnectReason::TooBig));
    assert_eq!(end(&bytes(&ping(1))), Ok(()));
}

#[test]
fn a_players_inputs_reach_the_room_and_a_spectators_do_not() {
    let mut stage = Stage::new();
    let (mut playing, mut watching) = (stage.player(), stage.spectator());
    let push = Push { x: 1, y: 0, pop: false }.bytes();
    let (tick, seen, rewind) = (Tick(1), Tick(0), Rewind::default());
    let input = ClientMessage::Input(Input { tick, seen, rewind, input: &push });
    playing.say(&mut stage, &input).expect("an input");
    watching.say(&mut stage, &input).expect("it is ignored");
    assert_eq!((playing.counters().inputs, watching.counters().inputs_ignored), (1, 1));
    let counters = stage.room.take_counters();
    assert_eq!((counters.inputs_taken, counters.inputs_replaced), (1, 0));
}

#[test]
fn a_client_is_believed_to_have_seen_only_what_it_was_sent() {
    let mut stage = Stage::new();
    for mut client in [stage.spectator(), stage.player()] {
        client.say(&mut stage, &ack(0)).expect("an ack");
        assert_eq!(client.protocol.acked, None);
        let first = stage.room.tick().0 + 1;
        for _ in 0..5 {
            stage.step();
            client.hear(&mut stage);
        }
        for (said, acked) in [
            (first + 5, None),
            (first + 2, Some(Tick(first + 2))),
            (u32::MAX, Some(Tick(first + 2))),
            (first + 4, Some(Tick(first + 4))),
            (first + 3, Some(Tick(first + 4))),
        ] {
            client.say(&mut stage, &ack(said)).expect("an ack");
            assert_eq!(client.protocol.acked, acked);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_end_the_connection(
        messages in prop::collection::vec(
            (0..9_u8, prop::collection::vec(any::<u8>(), 0..50)),
            0..50,
        ),
        plays in any::<bool>(),
    ) {
        let mut stage = Stage::new();
        let mut client = if plays { stage.player() } else { stage.spectator() };
        for (kind, mut body) in messages {
            // Most often with a kind that exists, so that bodies are looked at.
            if kind > 0 {
                body.insert(0, kind);
            }
            let _ = client.receive(&mut stage, START, &body);
            stage.step();
            client.hear(&mut stage);
        }
    }
}

#[test]
fn a_page_of_the_board_is_answered_to_a_player_and_not_to_a_spectator() {
    let mut stage = Stage::new();
    let (mut playing, mut watching) = (stage.player(), stage.spectator());
    stage.step();
    let board = ClientMessage::Board(Board { first: 0, count: 3 });
    assert_eq!((playing.hear(&mut stage), watching.hear(&mut stage)), ("wrs".into(), "wrs".into()));
    playing.say(&mut stage, &board).expect("a board");
    watching.say(&mut stage, &board).expect("a board");
    assert_eq!((playing.hear(&mut stage), watching.hear(&mut stage)), ("b".into(), String::new()));
    assert_eq!(playing.hear(&mut stage), "", "it is the same");
    let too_long = ClientMessage::Board(Board { first: 0, count: u8::MAX });
    assert_eq!(playing.say(&mut stage, &too_long), Err(DisconnectReason::Protocol));
}

#[test]
fn the_time_scale_is_sent_before_the_first_snapshot_of_it_and_only_when_it_changes() {
    let mut stage = Stage::new();
    let mut early = stage.player();
    stage.step();
    assert_eq!(early.hear(&mut stage), "wrs");
    stage.set_time_scale(575);
    stage.step();
    assert_eq!(early.hear(&mut stage), "vs");
    let mut late = stage.player();
    stage.step();
    assert!(late.hear(&mut stage).starts_with("wvr"), "one that comes is sent it at once");
    stage.set_time_scale(1_000);
    stage.set_time_scale(575);
    stage.step();
    assert!(!early.hear(&mut stage).contains('v'), "it knows that");
    stage.set_time_scale(250);
    stage.set_time_scale(1_000);
    let from = stage.room.tick().next();
    assert_eq!(early.time_scales(&mut stage), [Pace { from, permille: 1_000 }]);
    let mut last = stage.player();
    assert_eq!(last.time_scales(&mut stage), [], "the full tick rate goes without saying");
}

#[test]
fn a_spectator_is_sent_the_time_scale_at_once_in_ticks_that_it_sees() {
    let mut stage = Stage::with_delay(2 * SECOND);
    let mut spectator = stage.spectator();
    stage.steps(100);
    assert_eq!(spectator.time_scales(&mut stage), []);
    stage.set_time_scale(575);
    // Two seconds late at 30 ticks a second.
    let from = Tick(101 - 60);
    assert_eq!(spectator.time_scales(&mut stage), [Pace { from, permille: 575 }]);
    assert_eq!(stage.room.spectator_tick().next(), from);
    assert_eq!(spectator.time_scales(&mut stage), []);
}

mod keeping_up;
mod rate_limits;
