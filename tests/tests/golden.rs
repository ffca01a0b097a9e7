//! Golden bytes: every message as it stands on the wire. A change here is a change of the
//! protocol and wants a new version, not new bytes.
//!
//! `GOLDEN_WRITE=1 cargo test -p tests --test golden` writes them anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use shared::ids::{EntityId, PlayerId, SessionId};
use shared::limits::SNAPSHOT_MAX_BYTES;
use shared::protocol::snapshot::{
    Codec, Coding, GivenKind, NoReplay, Picture, PlayerPart, SnapshotDecoder, SnapshotEncoder,
};
use shared::protocol::{
    Ack, ClientMessage, End, Hello, Input, Notice, PROTOCOL_VERSION, Ping, Refusal, Role, RoomWish,
    Roster, RosterEntry, ServerMessage, WIRE, Welcome,
};
use shared::scene::{Rows, Schema};
use shared::tick::{Tick, TickRate};
use tests::dots::{BLINK, DOT, Dots};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all");
        text
    })
}

fn compare(file: &str, now: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(file);
    if std::env::var_os("GOLDEN_WRITE").is_some() {
        std::fs::write(&path, now).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there");
    assert_eq!(now, golden, "{file} is not what it was");
}

#[test]
fn client_messages_stand_as_they_always_stood() {
    let messages = [
        (
            "hello, any room",
            ClientMessage::Hello(Hello {
                protocol: PROTOCOL_VERSION,
                game: "dots",
                rules: 1,
                role: Role::Player,
                name: "Ann",
                room: RoomWish::Any,
                replays: true,
            }),
        ),
        (
            "hello, named room",
            ClientMessage::Hello(Hello {
                protocol: PROTOCOL_VERSION,
                game: "dots",
                rules: 70_000,
                role: Role::Spectator,
                name: "Zoë",
                room: RoomWish::Named("den-1"),
                replays: true,
            }),
        ),
        (
            "input",
            ClientMessage::Input(Input {
                tick: Tick(300),
                seen: Tick(250),
                generation: 0,
                input: &[2, 3, 1],
            }),
        ),
        ("ack", ClientMessage::Ack(Ack { seen: Tick(70_000) })),
        ("ping", ClientMessage::Ping(Ping { number: 7 })),
        ("goodbye", ClientMessage::Goodbye),
    ];
    let mut text = String::new();
    for (name, message) in &messages {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        assert_eq!(ClientMessage::decode(&bytes).as_ref(), Ok(message));
        writeln!(text, "{name}: {}", hex(&bytes)).expect("a String takes all");
    }
    compare("client-messages.txt", &text);
}

#[test]
fn server_messages_stand_as_they_always_stood() {
    let schema = bincode::encode_to_vec(Schema::new().entity(&DOT).event(&BLINK), WIRE)
        .expect("a schema encodes");
    let entry = |player, name, score, bot| RosterEntry {
        player: PlayerId(player),
        name,
        score,
        team: 0,
        bot,
    };
    let mut messages = vec![
        (
            "welcome",
            ServerMessage::Welcome(Welcome {
                session: SessionId(5),
                player: Some(PlayerId(2)),
                room: "den-1",
                tick_rate_hz: 30,
                tick: Tick(1_000),
                players_max: 64,
                coding: Coding::Range,
                delay_ticks: 60,
                schema: &schema,
                level: &[],
                settings: &[],
            }),
        ),
        ("refused", ServerMessage::Refused(Refusal::RoomFull)),
        (
            "refused, protocol",
            ServerMessage::Refused(Refusal::Protocol { server: PROTOCOL_VERSION }),
        ),
        (
            "roster",
            ServerMessage::Roster(Roster {
                complete: true,
                entries: vec![entry(0, "Ann", -3, false), entry(300, "Bot", 12, true)],
                gone: vec![],
            }),
        ),
        (
            "roster, change",
            ServerMessage::Roster(Roster {
                complete: false,
                entries: vec![],
                gone: vec![PlayerId(300)],
            }),
        ),
        ("pong", ServerMessage::Pong(Ping { number: 7 })),
        ("notice", ServerMessage::Notice(Notice { text: "The server restarts at noon." })),
    ];
    for end in End::ALL {
        messages.push((end.name(), ServerMessage::Goodbye(end)));
    }
    let mut text = String::new();
    for (name, message) in &messages {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        assert_eq!(ServerMessage::decode(&bytes).as_ref(), Ok(message));
        writeln!(text, "{name}: {}", hex(&bytes)).expect("a String takes all");
    }
    compare("server-messages.txt", &text);
}

#[test]
fn snapshots_stand_as_they_always_stood() {
    let schema = <Dots as shared::game::Game>::schema();
    let codec = Codec::new(schema, TickRate::default(), Coding::Range).expect("it is sound");
    let row = |rows: &mut Rows, id, values| {
        rows.push(EntityId(id), 0, 3).copy_from_slice(&DOT.quantise(values));
    };
    let mut first = Rows::default();
    row(&mut first, 3, [10.0, 20.5, 1.0]);
    row(&mut first, 9, [500.125, 0.0, 2.0]);
    let mut second = Rows::default();
    row(&mut second, 9, [501.0, 0.0, 2.0]);
    row(&mut second, 10, [1_000.0, 1_000.0, 3.0]);
    let mut blink = Rows::default();
    blink.push(EntityId(0), 0, 3).copy_from_slice(&BLINK.quantise([10.0, 20.5, 1.0]));
    let events = [(Tick(102), blink.row(0))];
    let player = |margin_ticks, given| PlayerPart {
        given,
        margin_ticks,
        own: Some(&[1, 2, 3]),
        replayed: None,
    };
    let pictures = [
        ("keyframe for a spectator", Tick(100), None, &first, &events[..0]),
        ("one tick on, all as before", Tick(101), None, &first, &events[..0]),
        ("two ticks on, one moved, one gone, one new", Tick(103), None, &second, &events[..]),
        (
            "a player's own state",
            Tick(104),
            Some(player(2, &[GivenKind::Received { generation: 0 }])),
            &second,
            &events[..0],
        ),
        (
            "as before, late",
            Tick(105),
            Some(player(-1, &[GivenKind::Repeated])),
            &second,
            &events[..0],
        ),
    ];
    let (mut encoder, mut decoder) = (SnapshotEncoder::new(), SnapshotDecoder::new());
    let mut text = String::new();
    for (name, tick, player, rows, events) in pictures {
        let picture = Picture {
            tick,
            player,
            rows,
            visible: &[0, 1],
            events,
            focus: None,
            max_bytes: SNAPSHOT_MAX_BYTES,
        };
        let mut bytes = Vec::new();
        encoder.encode(&codec, &picture, &mut bytes);
        decoder.decode(&codec, &bytes, &mut NoReplay).expect("what was encoded decodes");
        assert_eq!(decoder.mirror(), encoder.mirror());
        writeln!(text, "{name}: {}", hex(&bytes)).expect("a String takes all");
    }
    compare("snapshots.txt", &text);
}
