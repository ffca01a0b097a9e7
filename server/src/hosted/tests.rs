//! A room with sockets, as a shard has it.

use std::net::TcpStream;

use shared::game::Setup;
use shared::protocol::{ClientMessage, Input};
use shared::tick::Rewind;
use tungstenite::{Message, WebSocket};

use super::*;
use crate::room::dots::Dots;
use crate::room::{RoomSettings, StreamSettings};
use crate::socket::tests::pair;

fn hosted(recorder: Option<Recorder<Dots>>) -> Hosted<Dots> {
    let setup = Setup { players_max: 4, ..Setup::default() };
    let stream = StreamSettings { spectator_delay: Duration::ZERO, ..StreamSettings::default() };
    let name = "meadow".to_owned();
    let room = Room::new(RoomSettings { name, setup, stream, ..RoomSettings::default() })
        .expect("it opens");
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
    let arrival = Arrival {
        socket: Box::new(socket),
        session,
        place,
        name: "Ada".to_owned(),
        replays: false,
    };
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
    hosted.pass(Duration::from_millis(40), 0.0, &mut bench);
    assert_eq!(order(&hosted), [3, 0, 2], "nor does it change when one goes");
    peers.push(come(&mut hosted, &mut bench, 4, Role::Player));
    assert_eq!(order(&hosted), [3, 4, 0, 2]);
}

#[test]
fn messages_are_counted_one_by_one_even_where_they_are_written_together() {
    let (mut hosted, mut bench) = (hosted(None), bench());
    let _peer = come(&mut hosted, &mut bench, 0, Role::Spectator);
    hosted.pass(Duration::ZERO, 0.0, &mut bench);
    let metrics = &bench.metrics;
    // The welcome; the roster and the keyframe.
    assert_eq!(metrics.messages_out.load(Relaxed), 3);
    assert_eq!(metrics.broadcast_writes.load(Relaxed), 1);
}

#[test]
fn a_recording_that_ends_with_its_room_is_counted() {
    let (recorder, lines) = Recorder::in_memory();
    let (mut hosted, mut bench) = (hosted(Some(recorder)), bench());
    hosted.pass(Duration::from_millis(40), 0.0, &mut bench);
    assert_eq!(bench.metrics.recordings_ended.load(Relaxed), 0);
    hosted.end_recording("the room closes", &bench);
    hosted.end_recording("the room closes", &bench);
    assert_eq!(bench.metrics.recordings_ended.load(Relaxed), 1);
    assert!(lines.iter().count() > 0, "and nobody adds to it");
}

/// A room on a thread that is only arithmetic.
struct Stage {
    hosted: Hosted<Dots>,
    bench: Bench,
    now: Duration,
    /// How long a step takes.
    step: Duration,
}

impl Stage {
    fn new() -> Stage {
        let step = Duration::from_millis(1);
        Stage { hosted: hosted(None), bench: bench(), now: Duration::ZERO, step }
    }

    fn come(&mut self, session: u64, role: Role) -> TcpStream {
        come(&mut self.hosted, &mut self.bench, session, role)
    }

    fn run(&mut self, passes: u32) {
        for _ in 0..passes {
            self.now = self.now.max(self.hosted.deadline());
            let (began, before) = (self.now, self.hosted.room.tick());
            self.hosted.pass(began, self.hosted.load(), &mut self.bench);
            self.now += self.step * self.hosted.room.tick().since(before) as u32;
            self.hosted.worked(self.now, self.now - began);
        }
    }

    /// The thread does nothing for a while.
    fn stall(&mut self, lasts: Duration) {
        self.now += lasts;
    }

    fn count(&self, name: &str) -> u64 {
        self.bench.metrics.to_json()[name].as_u64().expect("it is counted")
    }
}

fn say(peer: &TcpStream, messages: impl Iterator<Item = Vec<u8>>) {
    let mut client = WebSocket::from_raw_socket(peer, tungstenite::protocol::Role::Client, None);
    for message in messages {
        client.send(Message::Binary(message.into())).expect("the kernel takes it");
    }
}

fn input() -> Vec<u8> {
    let (tick, seen, rewind) = (Tick(1), Tick(0), Rewind::default());
    let mut message = Vec::new();
    let input = Input { tick, seen, rewind, input: &[0; 4] };
    ClientMessage::Input(input).encode(&mut message);
    message
}

#[test]
fn a_stall_of_five_seconds_throws_nobody_out_and_makes_no_burst() {
    let mut stage = Stage::new();
    let peers: Vec<_> = (0..3).map(|session| stage.come(session, Role::Player)).collect();
    stage.run(30);
    let before = stage.hosted.room.tick();
    // Meanwhile they go on as ever: all of it waits in the kernel.
    for peer in peers.iter().take(2) {
        let inputs = (1..=150).map(|ahead| {
            let (tick, seen, rewind) = (before.plus(ahead), Tick(0), Rewind::default());
            let mut message = Vec::new();
            let input = Input { tick, seen, rewind, input: &[0; 4] };
            ClientMessage::Input(input).encode(&mut message);
            message
        });
        say(peer, inputs);
    }
    stage.stall(Duration::from_secs(5));
    stage.run(1);
    assert!(stage.hosted.room.tick().since(before) <= 3, "no burst");
    stage.stall(Duration::from_secs(10));
    stage.run(30);
    // One of them was silent for fifteen seconds, of which the server has lived through one.
    let seats = &stage.hosted.seats;
    assert_eq!(seats.len(), 3, "nobody was thrown out");
    let heard: Vec<_> = seats.iter().map(|seat| seat.connection.counters().messages_in).collect();
    assert_eq!(heard, [150, 150, 0], "all of it was read in the end");
    assert_eq!(stage.hosted.pacer.permille(), 1_000);
}

#[test]
fn what_clients_said_while_the_thread_stood_still_is_forgiven() {
    for (stalled, seats) in [(true, 1), (false, 0)] {
        let mut stage = Stage::new();
        let peer = stage.come(0, Role::Player);
        stage.run(1);
        // It has said as much as it may.
        let Hosted { room, seats: seated, pacer, .. } = &mut stage.hosted;
        let lived = pacer.lived(stage.now);
        let connection = &mut seated[0].connection;
        while connection.receive(room, lived, &input()).is_ok() {}
        if stalled {
            stage.stall(Duration::from_secs(5));
        }
        say(&peer, std::iter::repeat_with(input).take(120));
        stage.run(2);
        assert_eq!(stage.hosted.seats.len(), seats, "stalled: {stalled}");
    }
}

#[test]
fn a_slowed_room_refuses_whoever_comes_and_shows_its_pace() {
    let mut stage = Stage::new();
    stage.step = Duration::from_millis(50);
    stage.run(20);
    let pace = stage.hosted.status.pace_permille();
    assert!((500..700).contains(&pace), "{pace}");
    assert_eq!(stage.hosted.room.pace().permille, pace);
    assert!(stage.hosted.status.refuses_joins());
    let arrival = |role| {
        let (socket, place) = (Box::new(pair().0), Place::of_nobody(role));
        let (session, name) = (SessionId(9), "Bob".to_owned());
        Arrival { socket, session, place, name, replays: false }
    };
    for role in [Role::Player, Role::Spectator] {
        let refused = stage.hosted.join(&arrival(role)).expect_err("it is overloaded");
        assert_eq!(refused, Refusal::Overloaded);
        refuse(arrival(role), refused, &stage.bench);
    }
    assert_eq!((stage.count("refusals"), stage.count("joins_refused_overloaded")), (2, 2));
    stage.step = Duration::from_millis(5);
    stage.run(20);
    assert_eq!(stage.hosted.status.pace_permille(), 1_000);
    assert!(stage.hosted.join(&arrival(Role::Player)).is_ok());
    assert_eq!(stage.count("paces"), 2);
}

#[test]
fn each_tick_of_a_slowed_room_is_counted() {
    let mut stage = Stage::new();
    stage.step = Duration::from_millis(50);
    while stage.hosted.status.pace_permille() == 1_000 {
        stage.run(1);
    }
    let (slowed, first) = (stage.count("ticks_slowed"), stage.hosted.room.tick());
    for _ in 0..5 {
        stage.stall(stage.hosted.pacer.period() * 3 / 2);
        stage.run(1);
    }
    assert!(stage.hosted.pacer.is_slowed());
    let made = stage.hosted.room.tick().since(first) as u64;
    assert!(made > 5, "some passes made more than one: {made}");
    assert_eq!(stage.count("ticks_slowed") - slowed, made);
}

#[test]
fn how_late_ticks_are_is_counted_tick_by_tick() {
    let (mut hosted, mut bench) = (hosted(None), bench());
    for pass in 0..97_u32 {
        hosted.pass(
            hosted.deadline() + Duration::from_micros(u64::from(pass % 2)),
            0.1,
            &mut bench,
        );
    }
    hosted.pass(hosted.deadline() + Duration::from_millis(80), 0.1, &mut bench);
    let status = bench.metrics.to_json();
    let late = &status["tick_lateness_us"];
    let about = |name: &str, ms: u64| {
        let us = late[name].as_u64().expect("it is counted");
        assert!(us.abs_diff(ms * 1_000) <= ms * 10 + 1, "{late}");
    };
    // The last pass made three: 80, 47 and 13 ms late.
    about("p50", 0);
    about("p99", 47);
    about("max", 80);
    assert_eq!((&status["overruns"], &status["ticks_skipped"]), (&1.into(), &0.into()));
}
