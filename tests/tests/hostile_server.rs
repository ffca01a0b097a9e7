//! A client refuses what no server of ours would say, and costs its user nothing but the
//! connection.

use std::time::Duration;

use test_games::dots::{Dots, Go};
use tickwire_game::client::{Client, ClientError, Greeting, Stage};
use tickwire_game::game::Setup;
use tickwire_game::ids::SessionId;
use tickwire_game::limits::TICK_MAX;
use tickwire_game::protocol::snapshot::{InputSource, Picture, PlayerPart, SnapshotEncoder};
use tickwire_game::protocol::{Role, ServerMessage, WIRE, Welcome};
use tickwire_game::scene::{Rows, SchemaError};
use tickwire_game::tick::Tick;
use tickwire_host::Standing;
use tickwire_host::room::{Room, RoomTemplate};

/// A client that has said hello, a room, and the room's welcome to it.
fn greeted() -> (Client<Dots>, Room<Dots>, Vec<u8>) {
    let setup = Setup { players_max: 2, ..Setup::default() };
    let template = RoomTemplate { setup, ..RoomTemplate::default() };
    let mut room = Room::<Dots>::new("test".to_owned(), template).expect("a room");
    let player = room.join("Ann", None).expect("there is a place");
    let greeting = Greeting {
        name: "Ann".into(),
        role: Role::Player,
        room: None,
        ticket: None,
        settings: None,
        resume: None,
    };
    let mut welcome = Vec::new();
    room.published().write_welcome(&Standing::alone(SessionId(1)), Some(player), &mut welcome);
    (Client::<Dots>::new(greeting), room, welcome)
}

/// A client that has been welcomed to a room, and the room.
fn welcomed() -> (Client<Dots>, Room<Dots>) {
    let (mut client, room, welcome) = greeted();
    client.receive(Duration::ZERO, &welcome).expect("a welcome");
    assert_eq!(client.stage(), Stage::Playing);
    (client, room)
}

/// A keyframe of that tick, in which there is nothing.
fn keyframe(room: &Room<Dots>, tick: u32) -> Vec<u8> {
    let sources = [InputSource::Missing];
    let player = PlayerPart { sources: &sources, margin_ticks: 0, own: None, replayed: None };
    let picture = Picture {
        tick: Tick(tick),
        player: Some(player),
        rows: &Rows::default(),
        visible: &[],
        events: &[],
        focus: None,
        max_bytes: 1_000,
    };
    let mut message = Vec::new();
    ServerMessage::open_snapshot(&mut message);
    SnapshotEncoder::new().encode(room.config().codec(), &picture, &mut message);
    message
}

#[test]
fn a_tick_beyond_all_reason_is_refused_and_one_below_is_played_on_from() {
    for (tick, is_one) in [
        (0, true),
        (TICK_MAX, true),
        (TICK_MAX + 1, false),
        (u32::MAX - 1, false),
        (u32::MAX, false),
    ] {
        let (mut client, room) = welcomed();
        let received = client.receive(Duration::ZERO, &keyframe(&room, tick));
        let wanted = if is_one { Ok(()) } else { Err(ClientError::Part("tick")) };
        assert_eq!(received, wanted, "{tick}");
        // Playing on comes to an end, whatever was said.
        let made: u32 =
            (0..100).map(|ms| client.play(Duration::from_millis(ms), Go::default())).sum();
        assert!(made < 20, "{made} ticks in a tenth of a second, from {tick}");
    }
}

#[test]
fn ticks_that_do_not_rise_are_refused() {
    let (mut client, room) = welcomed();
    assert_eq!(client.receive(Duration::ZERO, &keyframe(&room, 500)), Ok(()));
    for tick in [500, 499, 1] {
        let received = client.receive(Duration::ZERO, &keyframe(&room, tick));
        assert!(received.is_err(), "{tick} after 500");
    }
}

#[test]
fn a_schema_of_another_game_under_the_same_name_is_refused() {
    let (mut client, room, welcome) = greeted();
    let mut other = room.config().schema().clone();
    other.entities[0].fields[0].max += 1;
    let schema = bincode::encode_to_vec(&other, WIRE).expect("a schema encodes");
    let Ok(ServerMessage::Welcome(welcome)) = ServerMessage::decode(&welcome) else {
        panic!("it is a welcome");
    };
    let mut message = Vec::new();
    ServerMessage::Welcome(Welcome { schema: &schema, ..welcome }).encode(&mut message);
    let received = client.receive(Duration::ZERO, &message);
    assert_eq!(received, Err(ClientError::Schema(SchemaError::OtherGame)));
}
