//! Every message but the snapshots.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use test_games::dots::{Blink, DotRow};
use tests::real::{Node, Python, say};
use tests::vectors::{bytes_of, hex};
use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::protocol::{
    Ack, Board, BoardPage, ClientMessage, Closing, DisconnectReason, Hello, Input, JoinError,
    JoinErrorText, Notice, PROTOCOL_VERSION, Pace, Ping, ResumeToken, Role, RoomChoice, Roster,
    RosterEntry, ScoreEntry, Scores, ServerMessage, Ticket, WIRE, Welcome,
};
use tickwire_game::scene::Schema;
use tickwire_game::tick::{Rewind, Tick};

use super::{compare, read};

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
                room: RoomChoice::Any,
                replays: true,
                ticket: None,
                settings: None,
                resume: None,
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
                room: RoomChoice::Named("den-1"),
                replays: true,
                ticket: Some(Ticket("a.b.c")),
                settings: Some(r#"{"teams":true}"#),
                resume: None,
            }),
        ),
        (
            "hello, resume",
            ClientMessage::Hello(Hello {
                protocol: PROTOCOL_VERSION,
                game: "dots",
                rules: 1,
                role: Role::Player,
                name: "Ann",
                room: RoomChoice::Named("den-1"),
                replays: true,
                ticket: None,
                settings: None,
                resume: Some(ResumeToken::new(SessionId(5), [9; 16])),
            }),
        ),
        (
            "input",
            ClientMessage::Input(Input {
                tick: Tick(300),
                seen: Tick(250),
                rewind: Rewind::of_ticks(5),
                input: &[2, 3, 1],
            }),
        ),
        ("ack", ClientMessage::Ack(Ack { seen: Tick(70_000) })),
        ("ping", ClientMessage::Ping(Ping { number: 7 })),
        ("goodbye", ClientMessage::Goodbye),
        ("board", ClientMessage::Board(Board { first: 300, count: 20 })),
        (
            "hello, by the schema",
            ClientMessage::Hello(Hello {
                protocol: PROTOCOL_VERSION,
                game: "",
                rules: 0,
                role: Role::Spectator,
                name: "Zoë",
                room: RoomChoice::Named("den-1"),
                replays: false,
                ticket: Some(Ticket("a.b.c")),
                settings: Some(r#"{"teams":true}"#),
                resume: None,
            }),
        ),
        (
            "hello, resume by the schema",
            ClientMessage::Hello(Hello {
                protocol: PROTOCOL_VERSION,
                game: "",
                rules: 0,
                role: Role::Player,
                name: "Ann",
                room: RoomChoice::Named("den-1"),
                replays: false,
                ticket: None,
                settings: None,
                resume: Some(ResumeToken::new(SessionId(5), [0x9E; 16])),
            }),
        ),
        (
            "input, by the schema",
            ClientMessage::Input(Input {
                tick: Tick(300),
                seen: Tick(250),
                rewind: Rewind::default(),
                input: &[2, 3, 1],
            }),
        ),
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
    let schema = bincode::encode_to_vec(Schema::new().row::<DotRow>().event::<Blink>(), WIRE)
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
                delay_ticks: 60,
                schema: &schema,
                level: &[],
                settings: &[],
                resume: ResumeToken::new(SessionId(5), [9; 16]),
                resumed: false,
                grace_seconds: 30,
            }),
        ),
        (
            "welcome, resumed",
            ServerMessage::Welcome(Welcome {
                session: SessionId(300),
                player: None,
                room: "den-1",
                tick_rate_hz: 30,
                tick: Tick(1_000),
                players_max: 64,
                delay_ticks: 60,
                schema: &[],
                level: &[],
                settings: &[],
                resume: ResumeToken::new(SessionId(300), [0xAB; 16]),
                resumed: true,
                grace_seconds: 600,
            }),
        ),
        ("refused", ServerMessage::Refused(JoinError::RoomFull)),
        (
            "refused, protocol",
            ServerMessage::Refused(JoinError::Protocol { server: PROTOCOL_VERSION }),
        ),
        ("refused, game", ServerMessage::Refused(JoinError::Game)),
        ("refused, rules", ServerMessage::Refused(JoinError::Rules { server: 70_000 })),
        ("refused, room name", ServerMessage::Refused(JoinError::RoomName)),
        ("refused, server full", ServerMessage::Refused(JoinError::ServerFull)),
        ("refused, closing", ServerMessage::Refused(JoinError::Closing)),
        ("refused, overloaded", ServerMessage::Refused(JoinError::Overloaded)),
        ("refused, ticket missing", ServerMessage::Refused(JoinError::TicketRequired)),
        ("refused, ticket not valid", ServerMessage::Refused(JoinError::TicketInvalid)),
        ("refused, ticket", ServerMessage::Refused(JoinError::TicketExpired)),
        ("refused, rooms being built", ServerMessage::Refused(JoinError::RoomsBuilding)),
        ("refused, all rooms", ServerMessage::Refused(JoinError::RoomsMax)),
        ("refused, own rooms", ServerMessage::Refused(JoinError::OwnRoomsMax)),
        ("refused, own rooms too often", ServerMessage::Refused(JoinError::OwnRoomsRate)),
        ("refused, not resumable", ServerMessage::Refused(JoinError::NotResumable)),
        ("refused, room fails", ServerMessage::Refused(JoinError::RoomFails)),
        ("refused, settings too long", ServerMessage::Refused(JoinError::SettingsTooLong)),
        (
            "refused, settings without a room",
            ServerMessage::Refused(JoinError::SettingsWithoutRoom),
        ),
        (
            "refused, settings unreadable",
            ServerMessage::Refused(JoinError::SettingsUnreadable(JoinErrorText::new("no object"))),
        ),
        (
            "refused, setting not allowed",
            ServerMessage::Refused(JoinError::SettingNotAllowed(JoinErrorText::new(
                "not \"gravity\"",
            ))),
        ),
        (
            "refused, setting invalid",
            ServerMessage::Refused(JoinError::SettingInvalid(JoinErrorText::new("teams: no bool"))),
        ),
        (
            "refused, settings refused",
            ServerMessage::Refused(JoinError::SettingsRefused(JoinErrorText::new(
                "round_s: \u{2264} 9",
            ))),
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
        ("pace", ServerMessage::Pace(Pace { from: Tick(1_200), permille: 625 })),
        ("closing", ServerMessage::Closing(Closing { in_seconds: 300 })),
        ("notice", ServerMessage::Notice(Notice { text: "The server restarts at noon." })),
    ];
    let score = |player, score, team| ScoreEntry { player: PlayerId(player), score, team };
    messages.extend([
        (
            "scores",
            ServerMessage::Scores(Scores { entries: vec![score(0, -3, 0), score(300, 200, 2)] }),
        ),
        (
            "board page",
            ServerMessage::BoardPage(BoardPage {
                first: 300,
                total: 302,
                own: Some(7),
                players: vec![PlayerId(9), PlayerId(300)],
            }),
        ),
    ]);
    for end in DisconnectReason::ALL {
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

/// What a client without rules should make of a message.
fn expected(message: &ServerMessage<'_>) -> Value {
    match message {
        ServerMessage::Welcome(welcome) => json!({
            "room": welcome.room,
            "player": welcome.player.map(|player| player.0),
            "tickRateHz": welcome.tick_rate_hz,
            "tick": welcome.tick.0,
            "playersMax": welcome.players_max,
            "delayTicks": welcome.delay_ticks,
            "resume": welcome.resume.to_hex(),
            "resumed": welcome.resumed,
            "graceSeconds": welcome.grace_seconds,
        }),
        ServerMessage::Refused(refusal) => json!(refusal.to_string()),
        ServerMessage::Goodbye(end) => json!({ "code": end.code(), "reason": end.name() }),
        ServerMessage::Roster(roster) => {
            let entries = roster.entries.iter().map(|entry| {
                json!({
                    "player": entry.player.0,
                    "name": entry.name,
                    "score": entry.score,
                    "team": entry.team,
                    "bot": entry.bot,
                })
            });
            json!(entries.collect::<Vec<_>>())
        }
        ServerMessage::Snapshot(_) => Value::Null,
        ServerMessage::Pong(pong) => json!(pong.number),
        ServerMessage::Notice(notice) => json!(notice.text),
        ServerMessage::Closing(closing) => json!(closing.in_seconds),
        ServerMessage::Pace(pace) => json!({ "from": pace.from.0, "permille": pace.permille }),
        ServerMessage::Scores(scores) => {
            let entries = scores.entries.iter().map(|entry| {
                json!({ "player": entry.player.0, "score": entry.score, "team": entry.team })
            });
            json!(entries.collect::<Vec<_>>())
        }
        ServerMessage::BoardPage(page) => json!({
            "first": page.first,
            "total": page.total,
            "own": page.own,
            "players": page.players.iter().map(|player| player.0).collect::<Vec<_>>(),
        }),
    }
}

#[test]
fn client_js_reads_and_writes_the_same_messages() {
    let Some(node) = Node::find() else { return };
    let (status, printed) = node.run("../tests/golden/messages.mjs", &[]);
    assert!(status.success(), "{status}: {printed}");
    say(&format!("client.js reads {} messages as they are", compare_read(&printed)));
}

#[test]
fn the_client_in_python_reads_and_writes_the_same_messages() {
    let Some(python) = Python::find() else { return };
    let (status, printed) = python.run(&["check.py", "--messages"], Duration::ZERO);
    assert!(status.success(), "{status}: {printed}");
    say(&format!("tickwire.py reads {} messages as they are", compare_read(&printed)));
}

/// Compares the messages that a client has read and printed with those of the file; gives how many they are.
fn compare_read(printed: &str) -> usize {
    let file = read("server-messages.txt");
    let lines = |text: &str| -> Vec<(String, String)> {
        let parts = text.lines().filter_map(|line| line.split_once(": "));
        parts.map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect()
    };
    let (messages, printed) = (lines(&file), lines(printed));
    assert_eq!(messages.len(), printed.len());
    for ((name, bytes), (_, made)) in messages.iter().zip(&printed) {
        let bytes = bytes_of(bytes);
        let message = ServerMessage::decode(&bytes).expect(name);
        let made: Value = serde_json::from_str(made).expect(name);
        let of = |key: &str| made[key].clone();
        let is = match &message {
            ServerMessage::Refused(_) => made["refusal"]["text"].clone(),
            ServerMessage::Goodbye(_) => of("end"),
            ServerMessage::Roster(_) => of("players"),
            ServerMessage::BoardPage(_) => of("page"),
            _ => of(made["name"].as_str().expect(name)),
        };
        assert_eq!(is, expected(&message), "{name}");
    }
    messages.len()
}
