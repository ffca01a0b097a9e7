//! A room that does what no room should, one kind of trouble at a time: what players of another shard
//! notice of it, and in what time those beside it are back. Prints a table in Markdown and says whether what is
//! promised holds.
//!
//! ```text
//! cargo run --release -p tests --example trouble -- [--seconds 6]
//! ```
//!
//! For each kind a server of its own with two shards runs the game [`Trouble`]. Bots play in a room on the
//! second shard and in one beside the room that gets into trouble, on the first. Bots are niced by the kernel
//! as all else: on a machine of two cores what spins takes time from everybody until it is given up.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::env;
use std::process::ExitCode;
use std::thread::{sleep, spawn};
use std::time::Duration;

use clap::Parser;
use test_games::trouble::{Call, Order, Trouble};
use tests::real::{Player, Server, TestClient};
use tickwire_bots::{Options, Report};
use tickwire_game::protocol::{ClientMessage, Input};
use tickwire_game::tick::{Rewind, Tick};

const TICK_MS: f64 = 1_000.0 / 30.0;
/// What the p99 of the interval between snapshots must stay below on another shard, in ticks.
const INTERVAL_P99_MAX_TICKS: f64 = 1.5;
/// In what time those beside a room that hangs must be back, in milliseconds.
const BACK_MAX_MS: f64 = 2_000.0;
/// How many bots play in each of the two rooms.
const BOTS: &str = "16";
/// How long after the bots the trouble comes.
const TROUBLE_AFTER: Duration = Duration::from_millis(2_500);

#[derive(Parser)]
struct Arguments {
    /// For how long bots play in each case
    #[arg(long, default_value_t = 6)]
    seconds: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().collect();
    // As the server of one case it is given where to listen first of all.
    if arguments.get(1).is_some_and(|first| first == "--listen") {
        let config = tickwire::Config::parse_from(arguments);
        return tickwire::run::<Trouble>(config).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let Arguments { seconds } = Arguments::parse();
    println!(
        "| trouble | p99 on the other shard, ticks | longest there, ms | beside: back | lost | p99 until back, ms | p99 there, ticks |\n\
         |---|--:|--:|--:|--:|--:|--:|"
    );
    let panics = Call::ALL.map(|call| (format!("panics in {call:?}"), Order::Panic(call)));
    let others = [
        ("burns two budgets a tick".to_owned(), Order::Burn(66)),
        ("hangs, asleep".to_owned(), Order::Sleep),
        ("hangs, spinning".to_owned(), Order::Spin),
    ];
    let mut all_holds = true;
    for (name, order) in panics.into_iter().chain(others) {
        let [other, beside] = in_trouble(order, seconds);
        let hangs = matches!(order, Order::Sleep | Order::Spin);
        let ticks = |report: &Report| report.snapshot_interval_ms.p99.unwrap_or(f64::NAN) / TICK_MS;
        let until_back = beside.resume_ms.p99;
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |it| format!("{it:.0}"));
        println!(
            "| {name} | {:.2} | {} | {} | {} | {} | {:.2} |",
            ticks(&other),
            number(other.snapshot_interval_ms.max),
            beside.resumed,
            beside.lost_sessions,
            number(until_back),
            ticks(&beside)
        );
        let is_unharmed = ticks(&other) < INTERVAL_P99_MAX_TICKS && other.disconnected == 0;
        let is_back = beside.lost_sessions == 0 && beside.disconnected == 0;
        let is_soon = until_back.is_some_and(|ms| ms < BACK_MAX_MS);
        all_holds &= is_unharmed && is_back && (!hangs || is_soon);
    }
    let verdict =
        if all_holds { "What is promised holds." } else { "Not all that is promised holds." };
    println!("\n{verdict}");
    if all_holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What bots see on another shard, and beside a room that is given this order.
fn in_trouble(order: Order, seconds: u64) -> [Report; 2] {
    let program = env::current_exe().expect("this program has a path");
    // Bots of the room are there to panic as well.
    let settings = ["--shards", "2", "--fill", "4", "--room-size", "64"];
    let server = Server::start_program(&program, &settings);
    // The first room is on the first shard, the next on the other, the third where there are fewest people.
    let mut guilty = TestClient::join(&server, &Player::of::<Trouble>("bad"));
    let other = bots(&server, "other", seconds);
    sleep(Duration::from_millis(500));
    let beside = bots(&server, "beside", seconds);
    sleep(TROUBLE_AFTER);
    say(&server, &mut guilty, order);
    match order {
        // It is asked for by those who come and go.
        Order::Panic(Call::Join) => drop(TestClient::greet(&server, &Player::of::<Trouble>("bad"))),
        Order::Panic(Call::Leave) => guilty.say(&ClientMessage::Goodbye),
        _ => {}
    }
    let reports = [other, beside].map(|bots| bots.join().expect("bots come to their end"));
    drop(guilty);
    reports
}

type RunningBots = std::thread::JoinHandle<Report>;

fn bots(server: &Server, room: &str, seconds: u64) -> RunningBots {
    let duration = format!("{seconds}s");
    let arguments = [
        "bots",
        "--url",
        &server.ws_url(),
        "--bots",
        BOTS,
        "--room",
        room,
        "--duration",
        &duration,
        "--ramp",
        "200/s",
        "--seed",
        "1",
        "--json",
    ]
    .map(str::to_owned);
    spawn(move || {
        let command = Options::command_named("bots", "TICKWIRE_");
        let options = Options::parse_by(command, arguments, None).expect("these are allowed");
        tickwire_bots::run::<Trouble>(&options).expect("the server is there")
    })
}

/// Gives an order for whichever tick comes next.
fn say(server: &Server, client: &mut TestClient, order: Order) {
    let rooms = server.get("/api/rooms").text();
    let rooms: serde_json::Value = serde_json::from_str(&rooms).expect("a list");
    let bad = rooms.as_array().and_then(|rooms| rooms.iter().find(|room| room["name"] == "bad"));
    let now = Tick(bad.and_then(|room| room["tick"].as_u64()).unwrap_or_default() as u32);
    let input = order.encoded();
    for ahead in 1..40 {
        let (tick, seen, rewind) = (now.plus(ahead), Tick(0), Rewind::default());
        client.say(&ClientMessage::Input(Input { tick, seen, rewind, input: &input }));
    }
}
