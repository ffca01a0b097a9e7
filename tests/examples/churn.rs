//! Ten thousand connections that come and drop in every way, and what stays of them: nothing.
//!
//! ```text
//! cargo run --release -p tests --example churn -- [--total 10000]
//! ```
//!
//! All kinds of abuse in turn, round after round, against one server. The first round settles what
//! is made once; after it and after each other one everything must be back: descriptors, threads,
//! tasks, people; memory within a stated bound of what it was. Linux only.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tests::real::{Abusers, Gauges, Server, poll};
use tickwire_bots::abuse::AbuseKind;

/// How much more memory there may be at the end than after the first round, in KiB: allocators keep
/// some, and more when more were there at a time.
const MEMORY_KEPT_KIB: u64 = 4_096;
/// How long all may take to be gone: the longest deadline of a server, and some.
const GONE_MAX: Duration = Duration::from_secs(40);
/// For how long each kind is at it in one round.
const EACH: Duration = Duration::from_secs(1);

#[derive(Parser)]
struct Options {
    /// How many connections at least
    #[arg(long, default_value_t = 10_000)]
    total: u64,
    /// How many come in a second
    #[arg(long, default_value_t = 400)]
    per_second: u32,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let server = Server::start(&["--grace", "1s", "--seed", "1", "--empty-room-seconds", "100000"]);
    println!(
        "| round | connections so far | {} |\n|--:|--:|--:|--:|--:|--:|--:|--:|",
        Gauges::COLUMNS
    );
    println!("| start | 0 | {} |", Gauges::of(&server));
    let mut total = 0;
    let mut base: Option<Gauges> = None;
    for round in 1.. {
        for &kind in AbuseKind::all() {
            total += connect_and_drop(&server, kind, options.per_second);
        }
        let gauges = settled(&server, base.as_ref());
        println!("| {round} | {total} | {gauges} |");
        let base = *base.get_or_insert(gauges);
        if !gauges.are_back_at(&base) {
            println!("\nSomething stays of those that are gone.");
            return ExitCode::FAILURE;
        }
        if total >= options.total && round > 1 {
            let more = gauges.usage.rss_kib.saturating_sub(base.usage.rss_kib);
            let kept = if more <= MEMORY_KEPT_KIB { "Nothing" } else { "Too much memory" };
            println!(
                "\n{kept} stays of {total} connections: {more} KiB more than after the first round, at most {MEMORY_KEPT_KIB} allowed."
            );
            return if more <= MEMORY_KEPT_KIB { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
    }
    unreachable!("rounds do not run out")
}

/// Lets one kind come and drop for a while; says how many connected.
fn connect_and_drop(server: &Server, kind: AbuseKind, per_second: u32) -> u64 {
    let ramp = format!("{per_second}/s");
    let settings = ["--bots", "50", "--room", "yard", "--ramp", &ramp, "--seed", "1"];
    Abusers::start(server, &kind.name(), EACH, &settings).finish().count("connected")
}

/// What is left when all had time to go.
fn settled(server: &Server, base: Option<&Gauges>) -> Gauges {
    let back = poll(GONE_MAX, || {
        let gauges = Gauges::of(server);
        let is_empty = gauges.people == 0 && gauges.pending == 0;
        (is_empty && base.is_none_or(|base| gauges.are_back_at(base))).then_some(gauges)
    });
    back.unwrap_or_else(|| Gauges::of(server))
}
