//! The client without rules against a room of a game that exists only here.

use tickwire_game::dice::Dice;
use tickwire_game::ids::{EntityId, PlayerId, SessionId};
use tickwire_game::limits::SNAPSHOT_MAX_BYTES;
use tickwire_game::protocol::snapshot::{Coding, Picture, PlayerPart, SnapshotEncoder};
use tickwire_game::protocol::{Roster, RosterEntry, ServerMessage, WIRE};
use tickwire_game::scene::{Event, Kinded, Row, Schema};
use tickwire_game::tick::TickRate;

use super::*;

#[derive(Row)]
#[row(place(x, height))]
struct Kite {
    #[field(range = -100.0..=100.0, step = 0.25, unit = "m")]
    x: f64,
    #[field(range = 0.0..=50.0, step = 0.5, unit = "m")]
    height: f64,
    owner: u16,
}

#[derive(Row)]
struct Tail {
    #[field(angle, bits = 8, hold)]
    wind: f64,
    #[field(range = -100.0..=100.0, step = 0.25, along(wind, per_second = 2.5, axis = x))]
    #[field(origin = Kite::x)]
    x: f64,
    #[field(names = Kite::owner)]
    kite: u16,
}

#[derive(Event)]
struct Gust {
    #[field(range = 0..=12)]
    force: u8,
}

/// A server's end of the stream, as far as it is needed here.
struct Server {
    codec: Codec,
    encoder: SnapshotEncoder,
    tick: Tick,
}

impl Server {
    fn new() -> Server {
        let schema = Schema::new().row::<Kite>().row::<Tail>().event::<Gust>();
        let codec = Codec::new(schema, TickRate::default(), Coding::Range).unwrap();
        Server { codec, encoder: SnapshotEncoder::new(), tick: Tick(100) }
    }

    fn welcome(&self, player: Option<PlayerId>) -> Vec<u8> {
        let schema = bincode::encode_to_vec(self.codec.schema(), WIRE).unwrap();
        message(&ServerMessage::Welcome(Welcome {
            session: SessionId(7),
            player,
            room: "meadow",
            tick_rate_hz: self.codec.tick_rate().hz(),
            tick: self.tick,
            players_max: 4,
            delay_ticks: 60,
            schema: &schema,
            level: &[1, 2, 3],
            settings: &[],
        }))
    }

    /// The next snapshot: kites by id and place, a gust of each force, for a spectator.
    fn snapshot(&mut self, kites: &[(u32, [f64; 3])], forces: &[f64]) -> Vec<u8> {
        self.snapshot_for(None, kites, forces)
    }

    fn snapshot_for(
        &mut self,
        player: Option<PlayerPart<'_>>,
        kites: &[(u32, [f64; 3])],
        forces: &[f64],
    ) -> Vec<u8> {
        self.tick = self.tick.next();
        let mut rows = Rows::default();
        for &(id, values) in kites {
            let [x, height, owner] = values;
            Kite { x, height, owner: owner as u16 }.quantise(rows.push(EntityId(id), 0, 3));
        }
        let mut gusts = Rows::default();
        for &force in forces {
            Gust { force: force as u8 }.quantise(gusts.push(EntityId(0), 0, 1));
        }
        let events: Vec<_> = gusts.iter().map(|gust| (self.tick, gust)).collect();
        let visible: Vec<u32> = (0..kites.len() as u32).collect();
        let picture = Picture {
            tick: self.tick,
            player,
            rows: &rows,
            visible: &visible,
            events: &events,
            focus: None,
            max_bytes: SNAPSHOT_MAX_BYTES,
        };
        let mut bytes = Vec::new();
        ServerMessage::open_snapshot(&mut bytes);
        self.encoder.encode(&self.codec, &picture, &mut bytes);
        bytes
    }
}

fn message(message: &ServerMessage<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

fn greeted(role: Role) -> SchemaClient {
    let mut client = SchemaClient::default();
    client.buffers.scratch(14).copy_from_slice(b"kitesAdameadow");
    assert!(client.hello(role, 3, [5, 3, 6, 0, 0]));
    client
}

fn give(client: &mut SchemaClient, message: &[u8]) -> Received {
    client.buffers.scratch(message.len()).copy_from_slice(message);
    client.receive(message.len())
}

fn said(client: &SchemaClient) -> String {
    String::from_utf8(client.buffers.bytes.to_vec()).unwrap()
}

fn next_message(client: &mut SchemaClient) -> Option<Vec<u8>> {
    (client.outgoing() > 0).then(|| client.buffers.bytes.to_vec())
}

#[test]
fn a_hello_says_what_was_asked_for_and_that_nothing_is_replayed() {
    let bytes = next_message(&mut greeted(Role::Spectator)).expect("the hello waits");
    let Ok(ClientMessage::Hello(hello)) = ClientMessage::decode(&bytes) else {
        panic!("{bytes:?}")
    };
    assert_eq!((hello.game, hello.rules, hello.name), ("kites", 3, "Ada"));
    assert_eq!((hello.role, hello.room), (Role::Spectator, RoomWish::Named("meadow")));
    assert!(!hello.replays);
    assert_eq!((hello.ticket, hello.settings), (None, None));
    let mut client = SchemaClient::default();
    client.buffers.scratch(18).copy_from_slice(b"kitesden{\"calm\":1}");
    assert!(client.hello(Role::Spectator, 3, [5, 0, 3, 0, 10]));
    let bytes = next_message(&mut client).expect("the hello waits");
    let Ok(ClientMessage::Hello(hello)) = ClientMessage::decode(&bytes) else {
        panic!("{bytes:?}")
    };
    assert_eq!((hello.room, hello.settings), (RoomWish::Named("den"), Some("{\"calm\":1}")));
    client.buffers.scratch(ROOM_SETTINGS_MAX_BYTES + 1).fill(b' ');
    assert!(!client.hello(Role::Player, 3, [0, 0, 0, 0, ROOM_SETTINGS_MAX_BYTES + 1]));
    let mut client = SchemaClient::default();
    client.buffers.scratch(HELLO_MAX_BYTES).fill(b'x');
    assert!(!client.hello(Role::Player, 3, [5, HELLO_MAX_BYTES - 5, 0, 0, 0]));
    assert_eq!(next_message(&mut client), None);
}

#[test]
fn rows_and_events_of_any_game_come_out_in_their_units() {
    let mut server = Server::new();
    let mut client = greeted(Role::Spectator);
    assert_eq!(give(&mut client, &server.welcome(None)), Received::Welcome);
    let welcome = said(&client);
    assert!(welcome.contains("\"room\":\"meadow\",\"player\":null"), "{welcome}");
    assert!(welcome.contains("\"delayTicks\":60"), "{welcome}");
    client.schema();
    let schema = said(&client);
    assert!(schema.contains("\"place\":[\"x\",\"height\"]"), "{schema}");
    assert!(schema.contains("{\"name\":\"x\",\"unit\":\"m\",\"min\":-400,\"max\":400"), "{schema}");
    let drift =
        "\"predict\":{\"how\":\"along\",\"field\":\"wind\",\"perSecond\":2.5,\"axis\":\"x\"}";
    assert!(schema.contains(&format!("{drift},\"names\":null,\"origin\":\"x\"")), "{schema}");
    assert!(schema.contains("\"names\":{\"kind\":\"kite\",\"field\":\"owner\"}"), "{schema}");
    client.level();
    assert_eq!(client.buffers.bytes, [1, 2, 3]);

    let entries =
        vec![RosterEntry { player: PlayerId(9), name: "Bea", score: -2, team: 0, bot: true }];
    let roster = ServerMessage::Roster(Roster { complete: true, entries, gone: vec![] });
    assert_eq!(give(&mut client, &message(&roster)), Received::Roster);
    client.roster();
    assert!(said(&client).contains("\"player\":9,\"name\":\"Bea\",\"score\":-2"));

    let first = server.snapshot(&[(4, [1.25, 10.5, 9.0]), (6, [-8.0, 0.0, 1.0])], &[12.0]);
    assert_eq!(give(&mut client, &first), Received::Snapshot);
    assert_eq!(client.buffers.numbers, [101.0, 1.0, 2.0, 0.0]);
    let second = server.snapshot(&[(4, [1.5, 11.0, 9.0])], &[3.0]);
    assert_eq!(give(&mut client, &second), Received::Snapshot);
    assert_eq!(client.buffers.numbers, [102.0, 0.0, 2.0, 0.0]);
    client.rows();
    assert_eq!(client.buffers.numbers, [4.0, 0.0, 3.0, 1.5, 11.0, 9.0]);
    // Both snapshots' events, once.
    client.events();
    assert_eq!(client.buffers.numbers, [101.0, 0.0, 1.0, 12.0, 102.0, 0.0, 1.0, 3.0]);
    assert_eq!(client.events(), 0);
}

#[test]
fn what_was_seen_is_acknowledged_unless_inputs_say_it() {
    let mut server = Server::new();
    let mut client = greeted(Role::Player);
    next_message(&mut client).expect("the hello waits");
    client.buffers.scratch(1);
    assert!(!client.input(Tick(101), 1), "there is nobody yet to steer");
    give(&mut client, &server.welcome(Some(PlayerId(2))));
    let part = PlayerPart {
        given: &[GivenKind::Repeated],
        margin_ticks: -3,
        own: Some(&[5, 6]),
        replayed: None,
    };
    for _ in 0..PLAYER_UNACKNOWLEDGED_MAX {
        assert_eq!(next_message(&mut client), None);
        let snapshot = server.snapshot_for(Some(part), &[], &[]);
        assert_eq!(give(&mut client, &snapshot), Received::Snapshot);
        assert_eq!(client.buffers.numbers[2..], [1.0, -3.0]);
    }
    client.own();
    assert_eq!(client.buffers.bytes, [5, 6]);
    let seen = server.tick;
    let ack = next_message(&mut client).expect("an acknowledgement");
    assert_eq!(ClientMessage::decode(&ack), Ok(ClientMessage::Ack(Ack { seen })));

    client.buffers.scratch(2).copy_from_slice(&[8, 1]);
    assert!(client.input(Tick(200), 2));
    let sent = next_message(&mut client).expect("an input");
    let input = Input {
        tick: Tick(200),
        seen,
        rewind: tickwire_game::tick::Rewind::default(),
        input: &[8, 1],
    };
    assert_eq!(ClientMessage::decode(&sent), Ok(ClientMessage::Input(input)));
    give(&mut client, &server.snapshot_for(Some(part), &[], &[]));
    assert_eq!(next_message(&mut client), None, "the input has said what was seen before it");
    client.buffers.scratch(INPUT_MAX_BYTES + 1);
    assert!(!client.input(Tick(201), INPUT_MAX_BYTES + 1));
}

#[test]
fn a_spectator_acknowledges_at_once_and_then_twice_a_second() {
    let mut server = Server::new();
    let mut client = greeted(Role::Spectator);
    next_message(&mut client).expect("the hello waits");
    give(&mut client, &server.welcome(None));
    let mut said = Vec::new();
    for nth in 0..TickRate::default().hz() {
        give(&mut client, &server.snapshot(&[], &[]));
        if let Some(message) = next_message(&mut client) {
            let seen = server.tick;
            assert_eq!(ClientMessage::decode(&message), Ok(ClientMessage::Ack(Ack { seen })));
            said.push(nth);
        }
    }
    assert_eq!(said, [0, 15]);
}

#[test]
fn bytes_that_were_meddled_with_are_a_fault_or_a_message_and_never_a_panic() {
    const SEED: u64 = 1;
    let mut dice = Dice::new(SEED, 0);
    let mut faults = 0;
    for round in 0..2_000 {
        let mut server = Server::new();
        let mut client = greeted(Role::Spectator);
        let kites = [(1, [1.0, 2.0, 3.0]), (2, [4.0, 5.0, 6.0])];
        let mut messages = vec![server.welcome(None)];
        messages.extend((0..3).map(|_| server.snapshot(&kites, &[1.0])));
        let meddled = dice.below(messages.len() as u32) as usize;
        for _ in 0..=dice.below(3) {
            let length = messages[meddled].len() as u32;
            messages[meddled][dice.below(length) as usize] = dice.bits() as u8;
        }
        for message in &messages {
            if give(&mut client, message) == Received::Fault {
                faults += 1;
                let fault = said(&client);
                assert!(fault.starts_with("{\"code\":\""), "seed {SEED}, round {round}: {fault}");
                // Nothing that follows can be made sense of.
                assert_eq!(give(&mut client, message), Received::Fault);
                break;
            }
            client.rows();
            client.events();
            client.schema();
        }
    }
    assert!((100..2_000).contains(&faults), "{faults} faults");
}

#[test]
fn a_message_longer_than_any_is_refused_by_its_length() {
    let mut client = greeted(Role::Spectator);
    let long = SERVER_MESSAGE_MAX_BYTES + 1;
    assert_eq!(client.buffers.scratch(long).len(), SERVER_MESSAGE_MAX_BYTES);
    assert_eq!(client.receive(long), Received::Fault);
    let fault = said(&client);
    assert!(fault.contains(&format!("{long} bytes, of which")), "{fault}");
}
