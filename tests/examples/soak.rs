//! Half an hour of everything at once: hundreds of bots in rooms, people who come and go, and every
//! kind of abuse in turn. Prints what the server holds each minute, and whether that stays flat.
//!
//! ```text
//! cargo run --release -p tests --example soak -- [--minutes 30] [--bots 300]
//! ```
//!
//! The bots stay for all of it, and say at the end whether any of them was cut off and how evenly
//! snapshots came. The first minutes settle what is made once; what is compared is the first line
//! after them and the last, at moments at which no abuser is there. Ends by itself; the exit code
//! says whether all held. Linux only.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Parser;
use tests::real::{Abusers, Bots, Gauges, Report, Server, poll};
use tickwire_bots::abuse::AbuseKind;

/// How much more memory there may be at the end than when all had settled, in percent and KiB.
const MEMORY_MORE_MAX_PERCENT: u64 = 10;
const MEMORY_MORE_MAX_KIB: u64 = 4_096;
/// Descriptors and tasks that may be there by chance when one looks: askers, page loads.
const BY_CHANCE: u64 = 4;
/// What a kind of abuse is given, and how long it is quiet afterwards.
const ABUSE: Duration = Duration::from_secs(8);
const QUIET: Duration = Duration::from_secs(4);
/// After it each kind of abuse has been there once. A short run compares with its first quarter.
const SETTLED_AFTER: Duration = Duration::from_secs(360);
/// What the p99 of the bots' snapshot intervals must stay below, in ticks.
const INTERVAL_P99_MAX_TICKS: f64 = 1.5;
const TICK_RATE_HZ: f64 = 30.0;

#[derive(Parser)]
struct Options {
    /// How long
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// How many bots play all the time
    #[arg(long, default_value_t = 300)]
    bots: u32,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let time = Duration::from_secs(60 * options.minutes);
    let server = Server::start(&["--room-size", "16", "--fill", "4", "--seed", "1"]);
    let bots = options.bots.to_string();
    let settings = ["--bots", &bots, "--ramp", "100/s", "--seed", "1"];
    let swarm = Bots::start(&server, time, &settings);
    let expected = u64::from(options.bots);
    let all = || (Gauges::of(&server).people >= expected).then_some(());
    poll(Duration::from_secs(60), all).expect("all bots come in");

    println!(
        "| minute | beside the bots | {} | CPU, % |\n|--:|---|--:|--:|--:|--:|--:|--:|--:|",
        Gauges::COLUMNS
    );
    let (settled, last) = watch(&server, time, expected);
    let report = swarm.finish();
    let broken = broken(&settled, &last, &report);
    println!("\nbots: {}", report.counts);
    if broken.is_empty() {
        println!(
            "\nFlat: memory within {MEMORY_MORE_MAX_PERCENT} % or {MEMORY_MORE_MAX_KIB} KiB, descriptors and tasks within {BY_CHANCE}, nobody cut off."
        );
        ExitCode::SUCCESS
    } else {
        println!("\nNot flat:\n- {}", broken.join("\n- "));
        ExitCode::FAILURE
    }
}

/// Abuses in turn until the time is nearly over; gives the gauges when all had settled, and last.
fn watch(server: &Server, time: Duration, people: u64) -> (Gauges, Gauges) {
    let start = Instant::now();
    let mut kinds = AbuseKind::all().iter().cycle();
    let mut cpu = (start, server.usage().cpu);
    // Five a minute: the first line of the table is before any of them.
    let mut lines = 0_u32;
    let mut settled = None;
    let mut beside = "nobody yet".to_owned();
    let round = ABUSE + QUIET;
    loop {
        let elapsed = start.elapsed();
        if elapsed >= Duration::from_secs(60) * lines {
            lines += 1;
            let gauges = quiet(server, people);
            if settled.is_none() && elapsed >= SETTLED_AFTER.min(time / 4) {
                settled = Some(gauges);
            }
            let now = (Instant::now(), gauges.usage.cpu);
            let used = (now.1 - cpu.1).as_secs_f64() / (now.0 - cpu.0).as_secs_f64().max(1e-3);
            cpu = now;
            println!(
                "| {:.1} | {beside} | {gauges} | {:.1} |",
                elapsed.as_secs_f64() / 60.0,
                100.0 * used
            );
            beside.clear();
        }
        if start.elapsed() + round + QUIET > time {
            let last = quiet(server, people);
            println!("| {:.1} | {beside} | {last} | |", start.elapsed().as_secs_f64() / 60.0);
            return (settled.unwrap_or(last), last);
        }
        let kind = *kinds.next().expect("a cycle does not end");
        let counts = abuse(server, kind);
        if !beside.is_empty() {
            beside.push_str(", ");
        }
        beside.push_str(&counts);
    }
}

/// One kind, and people who come and go beside it.
fn abuse(server: &Server, kind: AbuseKind) -> String {
    let settings = ["--bots", "4", "--ramp", "50/s", "--seed", "1"];
    let abusers = Abusers::start(server, &kind.name(), ABUSE, &settings);
    let settings = ["--bots", "10", "--ramp", "20/s", "--seed", "1"];
    let churn = Abusers::start(server, &AbuseKind::Churn.name(), ABUSE, &settings);
    let (report, _) = (abusers.finish(), churn.finish());
    sleep(QUIET);
    format!("{} x {kind}", report.count("connected"))
}

/// The gauges when those who are not bots are gone: as far as they go.
fn quiet(server: &Server, people: u64) -> Gauges {
    let gone = poll(Duration::from_secs(25), || {
        let gauges = Gauges::of(server);
        (gauges.people <= people && gauges.pending == 0).then_some(gauges)
    });
    gone.unwrap_or_else(|| Gauges::of(server))
}

/// What is not flat.
fn broken(settled: &Gauges, last: &Gauges, report: &Report) -> Vec<String> {
    let mut broken = Vec::new();
    let mut hold = |holds: bool, what: String| {
        if !holds {
            broken.push(what);
        }
    };
    let (before, after) = (settled.usage.rss_kib, last.usage.rss_kib);
    let allowed = MEMORY_MORE_MAX_KIB.max(before * MEMORY_MORE_MAX_PERCENT / 100);
    hold(after <= before + allowed, format!("memory: {before} KiB, then {after}"));
    let (before, after) = (settled.usage.descriptors as u64, last.usage.descriptors as u64);
    hold(after <= before + BY_CHANCE, format!("descriptors: {before}, then {after}"));
    hold(
        last.tasks <= settled.tasks + BY_CHANCE,
        format!("tasks: {}, then {}", settled.tasks, last.tasks),
    );
    hold(
        last.usage.threads <= settled.usage.threads,
        format!("threads: {}, then {}", settled.usage.threads, last.usage.threads),
    );
    hold(report.status.success(), format!("the bots: {}", report.status));
    let p99_ms = report.counts["snapshot_interval_ms"]["p99"].as_f64().unwrap_or(f64::INFINITY);
    let p99_ticks = p99_ms * TICK_RATE_HZ / 1_000.0;
    hold(
        p99_ticks < INTERVAL_P99_MAX_TICKS,
        format!("snapshot interval p99: {p99_ticks:.2} ticks"),
    );
    broken
}
