//! Every message but the snapshots.

use std::fmt::Write as _;

use test_games::dots::{Blink, DotRow};
use tests::vectors::hex;
use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::protocol::{
    Ack, Board, BoardPage, ClientMessage, End, Hello, Input, Notice, PROTOCOL_VERSION, Pace, Ping,
    Refusal, RefusalText, Role, RoomWish, Roster, RosterEntry, ScoreEntry, Scores, ServerMessage,
    Ticket, WIRE, Welcome,
};
use tickwire_game::scene::Schema;
use tickwire_game::tick::{Rewind, Tick};

use super::compare;

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
                ticket: None,
                settings: None,
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
                ticket: Some(Ticket("a.b.c")),
                settings: Some(r#"{"teams":true}"#),
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
            }),
        ),
        ("refused", ServerMessage::Refused(Refusal::RoomFull)),
        (
            "refused, protocol",
            ServerMessage::Refused(Refusal::Protocol { server: PROTOCOL_VERSION }),
        ),
        ("refused, ticket", ServerMessage::Refused(Refusal::TicketExpired)),
        ("refused, rooms being built", ServerMessage::Refused(Refusal::RoomsBuilding)),
        ("refused, all rooms", ServerMessage::Refused(Refusal::RoomsMax)),
        ("refused, own rooms", ServerMessage::Refused(Refusal::OwnRoomsMax)),
        ("refused, own rooms too often", ServerMessage::Refused(Refusal::OwnRoomsRate)),
        ("refused, settings too long", ServerMessage::Refused(Refusal::SettingsTooLong)),
        ("refused, settings without a room", ServerMessage::Refused(Refusal::SettingsWithoutRoom)),
        (
            "refused, settings unreadable",
            ServerMessage::Refused(Refusal::SettingsUnreadable(RefusalText::new("no object"))),
        ),
        (
            "refused, setting not allowed",
            ServerMessage::Refused(Refusal::SettingNotAllowed(RefusalText::new("not \"gravity\""))),
        ),
        (
            "refused, setting invalid",
            ServerMessage::Refused(Refusal::SettingInvalid(RefusalText::new("teams: no bool"))),
        ),
        (
            "refused, settings refused",
            ServerMessage::Refused(Refusal::SettingsRefused(RefusalText::new(
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
