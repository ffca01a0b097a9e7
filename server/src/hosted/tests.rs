//! A room with sockets, as a shard has it.

use std::net::TcpStream;

use shared::game::Setup;

use super::*;
use crate::room::dots::Dots;
use crate::room::{RoomSettings, StreamSettings};
use crate::socket::tests::pair;

fn hosted(recorder: Option<Recorder<Dots>>) -> Hosted<Dots> {
    let setup = Setup { players_max: 4, ..Setup::default() };
    let stream = StreamSettings { spectator_delay: Duration::ZERO, ..StreamSettings::default() };
    let name = "meadow".to_owned();
    let room = Room::new(RoomSettings { name, setup, fill: 0, stream }).expect("it opens");
    let key = RoomKey::default();
    Hosted::new(key, room, Duration::ZERO, Arc::default(), recorder.map(Box::new))
}

fn bench() -> Bench {
    let (farewells, _) = tokio::sync::mpsc::unbounded_channel();
    Bench { message: Vec::new(), gathered: Vec::new(), farewells, metrics: Arc::default() }
}

fn come(hosted: &mut Hosted<Dots>, bench: &mut Bench, session: u64, role: Role) -> TcpStream {
    let (socket, peer) = pair();
    let (session, place) = (SessionId(session), Place::of_nobody(role));
    let arrival = Arrival { socket, session, place, name: "Ada".to_owned(), replays: false };
    let player = hosted.join(&arrival).expect("there is space");
    hosted.seat(arrival, player, Duration::ZERO, bench);
    peer
}

#[test]
fn players_are_served_before_spectators_whoever_came_first() {
    let (mut hosted, mut bench) = (hosted(None), bench());
    let roles = [Role::Spectator, Role::Player, Role::Spectator, Role::Player];
    let mut peers: Vec<_> = (0..)
        .zip(roles)
        .map(|(session, role)| come(&mut hosted, &mut bench, session, role))
        .collect();
    let order = |hosted: &Hosted<Dots>| -> Vec<u64> {
        hosted.seats.iter().map(|seat| seat.connection.session().0).collect()
    };
    assert_eq!(order(&hosted), [1, 3, 0, 2]);
    drop(peers.remove(1));
    hosted.pass(Duration::from_millis(40), &mut bench);
    assert_eq!(order(&hosted), [3, 0, 2], "nor does it change when one goes");
    peers.push(come(&mut hosted, &mut bench, 4, Role::Player));
    assert_eq!(order(&hosted), [3, 4, 0, 2]);
}

#[test]
fn messages_are_counted_one_by_one_even_where_they_are_written_together() {
    let (mut hosted, mut bench) = (hosted(None), bench());
    let _peer = come(&mut hosted, &mut bench, 0, Role::Spectator);
    hosted.pass(Duration::ZERO, &mut bench);
    let metrics = &bench.metrics;
    // The welcome; the roster and the keyframe.
    assert_eq!(metrics.messages_out.load(Relaxed), 3);
    assert_eq!(metrics.broadcast_writes.load(Relaxed), 1);
}

#[test]
fn a_recording_that_ends_with_its_room_is_counted() {
    let (recorder, lines) = Recorder::in_memory();
    let (mut hosted, mut bench) = (hosted(Some(recorder)), bench());
    hosted.pass(Duration::from_millis(40), &mut bench);
    assert_eq!(bench.metrics.recordings_ended.load(Relaxed), 0);
    hosted.end_recording("the room closes", &bench);
    hosted.end_recording("the room closes", &bench);
    assert_eq!(bench.metrics.recordings_ended.load(Relaxed), 1);
    assert!(lines.iter().count() > 0, "and nobody adds to it");
}
