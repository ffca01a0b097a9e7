//! What a client that opens a room chooses for it, over real sockets; and what strangers write
//! instead.

use test_games::stones::{LEVEL_BYTES_MAX, Stones};
use tickwire_game::game::Game;
use tickwire_game::limits::ROOM_SETTINGS_MAX_BYTES;

use super::*;

fn start_stones() -> Server<Stones> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Server::start(Config { listen, fill: 0, ..Config::default() }).expect("the server starts")
}

/// Says hello to a server, and gives how large the level is of the room that it comes to.
fn level_bytes(
    server: &Server<Stones>,
    room: RoomChoice<'_>,
    settings: Option<&str>,
) -> Result<(usize, TestClient), JoinError> {
    let mut peer = connect(server.address());
    let (game, rules) = (Stones::NAME, Stones::RULES);
    peer.send(&ClientMessage::Hello(Hello { game, rules, settings, ..hello(room) }));
    let bytes = peer.receive().expect("an answer");
    match ServerMessage::decode(&bytes).expect("a message") {
        // The length of the list stands before it.
        ServerMessage::Welcome(welcome) => Ok((usize::from(welcome.level[0]), peer)),
        ServerMessage::Refused(refusal) => {
            peer.expect_end(DisconnectReason::Refused);
            Err(refusal)
        }
        other => panic!("neither welcome nor refusal: {other:?}"),
    }
}

#[test]
fn whoever_opens_a_room_chooses_its_settings_and_whoever_comes_later_does_not() {
    let server = start_stones();
    let join = |settings| level_bytes(&server, RoomChoice::Named("own"), settings);
    let (bytes, first) = join(Some(r#"{"level_bytes":77}"#)).expect("it opens");
    assert_eq!(bytes, 77);
    for later in [None, Some(r#"{"level_bytes":5}"#), Some("[[[[")] {
        assert_eq!(join(later).expect("it is open").0, 77, "{later:?}");
    }
    let (plain, _) = level_bytes(&server, RoomChoice::Named("plain"), None).expect("it opens");
    assert_eq!(plain, 0, "other rooms have the server's own");
    let refused = level_bytes(&server, RoomChoice::Any, Some("{}")).err();
    assert_eq!(refused, Some(JoinError::SettingsWithoutRoom));
    drop(first);
}

#[test]
fn settings_of_any_kind_are_refused_and_the_server_goes_on() {
    let server = start_stones();
    let name = RoomChoice::Named("own");
    let deep = format!("{{\"level_bytes\":{}", "[".repeat(ROOM_SETTINGS_MAX_BYTES - 15));
    let garbage = [
        "",
        "[[[[",
        "{\"level_bytes\"",
        "{\"level_bytes\":\"\u{1b}[2J\"}",
        "{\"\u{202e}\":\"\\ud800\"}",
        "{\"level_bytes\":666}",
        "{\"stones\":[]}",
        deep.as_str(),
        &"{\"a\":".repeat(ROOM_SETTINGS_MAX_BYTES / 5),
    ];
    for settings in garbage {
        let refusal =
            level_bytes(&server, name, Some(settings)).map(|_| ()).expect_err("it is refused");
        assert!(!refusal.to_string().contains(char::is_control), "{refusal:?}");
    }
    let huge = " ".repeat(ROOM_SETTINGS_MAX_BYTES + 1);
    assert_eq!(level_bytes(&server, name, Some(&huge)).err(), Some(JoinError::SettingsTooLong));
    let text = get(server.admin_address(), "/api/status");
    let counted = format!("\"room_settings_refused\":{}", garbage.len() + 1);
    assert!(text.contains(&counted) && text.contains("\"rooms_open\":0"), "{text}");
    assert!(level_bytes(&server, name, Some("{\"level_bytes\":1}")).is_ok());
    // One that is longer than any hello is not even read.
    let mut peer = connect(server.address());
    let endless = "[".repeat(HELLO_MAX_BYTES);
    peer.send(&ClientMessage::Hello(Hello { settings: Some(&endless), ..hello(name) }));
    peer.expect_end(DisconnectReason::TooBig);
}

#[test]
fn a_server_whose_own_settings_the_game_does_not_take_does_not_start() {
    let settings = |bytes: usize| {
        let json = format!(r#"{{"stones":[],"own_bytes":0,"level_bytes":{bytes}}}"#);
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Server::<Stones>::start(Config { listen, settings: Some(json), ..Config::default() })
    };
    assert!(settings(LEVEL_BYTES_MAX).is_ok());
    let error = settings(LEVEL_BYTES_MAX + 1).map(drop).expect_err("it does not start");
    assert_eq!(error.exit_code(), 2);
    let text = error.to_string();
    assert!(text.contains("--settings") && text.contains("level_bytes is at most"), "{text}");
}
