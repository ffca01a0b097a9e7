//! Memory for each connection: of the server's process, for a thousand of each sort.
//!
//! ```text
//! cargo run --release -p tests --example connections -- [--connections 1000]
//! ```
//!
//! For each sort a server of its own. Its memory is looked at when it has served each sort once,
//! and again when all are there and have been for a while; the difference is divided by their
//! number. What the rooms themselves take is part of it, and listed apart where it counts: rooms of
//! the same number and size in which the room's own bots play. Memory of the kernel is not the
//! process'. Linux only.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::Parser;
use skirmish_rules::Skirmish;
use tests::real::{Bots, Player, Server, TestClient, Usage, poll};
use tickwire_game::protocol::Role;

/// What an idle connection may take, in KiB.
const IDLE_MAX_KIB: f64 = 5.0;
/// What a playing one may.
const PLAYING_MAX_KIB: f64 = 10.0;
/// How long all of them are there before memory is looked at: below the time in which a hello must
/// have come.
const IDLE_FOR: Duration = Duration::from_secs(4);
/// The same of those that play.
const PLAY_FOR: Duration = Duration::from_secs(10);
const SMALL_ROOM: u32 = 16;

#[derive(Parser)]
struct Options {
    /// How many of each sort
    #[arg(long, default_value_t = 1_000)]
    connections: u32,
}

fn main() -> ExitCode {
    let count = Options::parse().connections;
    rlimit::increase_nofile_limit(u64::from(count) + 64).expect("a descriptor for each of them");
    println!("| {count} connections | KiB each | at most |\n|---|--:|--:|");
    let mut all_fit = true;
    let mut tell = |sort: &str, kib: f64, most: Option<f64>| {
        all_fit &= most.is_none_or(|most| kib <= most);
        let most = most.map_or_else(String::new, |most| format!("{most}"));
        println!("| {sort} | {kib:.2} | {most} |");
    };
    tell("upgraded, before their hello", idle(&[], count), Some(IDLE_MAX_KIB));
    tell("idle in echo mode", idle(&["--echo"], count), Some(IDLE_MAX_KIB));

    let size = count.to_string();
    let small = SMALL_ROOM.to_string();
    let rooms_max = count.to_string();
    // On a small machine the load itself slows rooms down, which is no matter here.
    let common = ["--fill", "0", "--seed", "1", "--overload-joins", "allow"];
    let one_room = [&["--room-size", &size][..], &common].concat();
    let rooms = [&["--room-size", &small, "--rooms-max", &rooms_max][..], &common].concat();
    tell("spectators of one room", playing(&one_room, 0, count), Some(PLAYING_MAX_KIB));
    tell("playing, one arena", playing(&one_room, count, 0), Some(PLAYING_MAX_KIB));
    tell("playing, rooms of 16", playing(&rooms, count, 0), Some(PLAYING_MAX_KIB));
    tell("of that the rooms, for each who could play", empty_rooms(count), None);
    if all_fit { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn each(before: Usage, after: Usage, count: u32) -> f64 {
    (after.rss_kib as f64 - before.rss_kib as f64) / f64::from(count)
}

/// Those that have opened a WebSocket and say nothing.
fn idle(settings: &[&str], count: u32) -> f64 {
    let server = Server::start(settings);
    drop(upgrade(&server));
    sleep(Duration::from_secs(1));
    let before = server.usage();
    let all: Vec<TcpStream> = (0..count).map(|_| upgrade(&server)).collect();
    sleep(IDLE_FOR);
    let after = server.usage();
    let held = after.descriptors.saturating_sub(before.descriptors);
    assert!(held >= all.len(), "only {held} of {count} are there");
    each(before, after, count)
}

fn upgrade(server: &Server) -> TcpStream {
    let mut tcp = TcpStream::connect(server.address()).expect("the server takes connections");
    let address = server.address();
    let ask = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    tcp.write_all(ask.as_bytes()).expect("the server reads");
    let mut answer = [0; 512];
    let bytes = tcp.read(&mut answer).expect("the server answers");
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer[..bytes]));
    tcp
}

/// Those that play, or watch.
fn playing(settings: &[&str], bots: u32, spectators: u32) -> f64 {
    let server = Server::start(settings);
    drop(TestClient::join(&server, &Player::of::<Skirmish>("first")));
    sleep(Duration::from_secs(1));
    let before = server.usage();
    let (bots, spectators) = (bots.to_string(), spectators.to_string());
    let load = ["--bots", &bots, "--spectators", &spectators, "--ramp", "200/s", "--seed", "1"];
    let swarm = Bots::start(&server, PLAY_FOR * 2, &load);
    let expected = bots.parse::<u64>().unwrap_or(0) + spectators.parse::<u64>().unwrap_or(0);
    let all = || (people(&server) >= expected).then_some(());
    poll(Duration::from_secs(60), all).expect("all of them come in");
    sleep(PLAY_FOR);
    let after = server.usage();
    let report = swarm.finish();
    assert!(report.status.success(), "not all played: {}", report.counts);
    each(before, after, expected as u32)
}

fn people(server: &Server) -> u64 {
    let rooms = server.get("/api/rooms").text();
    let rooms: serde_json::Value = serde_json::from_str(&rooms).expect("the rooms are JSON");
    let rooms = rooms.as_array().expect("the rooms are a list");
    let of = |room: &serde_json::Value, who: &str| room[who].as_u64().unwrap_or(0);
    rooms.iter().map(|room| of(room, "players") + of(room, "spectators")).sum()
}

/// As many small rooms as so many would need, with nobody but the room's bots in them and one who
/// watches, divided by those who could play.
fn empty_rooms(count: u32) -> f64 {
    let rooms = count.div_ceil(SMALL_ROOM);
    let (small, rooms_max) = (SMALL_ROOM.to_string(), (rooms + 1).to_string());
    let settings =
        ["--room-size", &small, "--fill", &small, "--seed", "1", "--rooms-max", &rooms_max];
    let server = Server::start(&settings);
    drop(TestClient::join(&server, &Player::of::<Skirmish>("first")));
    sleep(Duration::from_secs(1));
    let before = server.usage();
    let watcher =
        |room: u32| Player { role: Role::Spectator, ..Player::of::<Skirmish>(&format!("r{room}")) };
    let watchers: Vec<TestClient> =
        (0..rooms).map(|room| TestClient::greet(&server, &watcher(room))).collect();
    sleep(PLAY_FOR);
    let after = server.usage();
    drop(watchers);
    each(before, after, count)
}
