//! A player beside each kind of abuser in turn, in the same room: what it notices, and what the
//! abuse costs the server. Prints a table in Markdown and says whether what is promised holds.
//!
//! ```text
//! cargo run --release -p tests --example victim -- [--kinds flood,pings] [--seconds 8]
//! ```
//!
//! For each kind a server of its own, with a room in which the room's bots play and one real
//! client, the victim; for some seconds alone, for as many with abusers, and then a rest in which
//! the server must come back to what it was. Abusers are niced, so that on a small machine they take
//! time from each other and not from the server: on the machines of the world they have processors
//! of their own. Linux only, for the sake of its accounting.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use tests::real::{Abusers, Bots, Report, Server, Usage};
use tickwire_bots::abuse::AbuseKind;

const ROOM: &str = "yard";
const TICK_RATE_HZ: f64 = 30.0;
/// What a victim's p99 must stay below, in ticks.
const INTERVAL_P99_MAX_TICKS: f64 = 1.5;
/// What abuse may cost, in percent of a core.
const CPU_MAX_PERCENT: f64 = 30.0;
/// In what time all must be back.
const REST: Duration = Duration::from_secs(10);
/// Processor time that is no more than noise, in percent of a core.
const CPU_NOISE_PERCENT: f64 = 3.0;
/// Memory that an allocator keeps for the next time, whatever is abused, in KiB.
const MEMORY_KEPT_KIB: u64 = 2_048;
/// Descriptors that may be open afterwards that were not before: connections to the door itself.
const DESCRIPTORS_KEPT: usize = 2;
/// Shares of inputs applied, in percent, below which a victim is hurt.
const APPLIED_MIN_PERCENT: f64 = 99.0;

#[derive(Parser)]
struct Options {
    /// Which kinds, separated by commas; all if it is not given
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<AbuseKind>,
    /// How long each part is; the rest after it is always 10 s
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// How many abusers at a time
    #[arg(long, default_value_t = 4)]
    abusers: u32,
}

/// What one kind did.
struct Row {
    kind: AbuseKind,
    alone: Seen,
    beside: Seen,
    cpu: [f64; 3],
    memory_kib: [u64; 3],
    descriptors: [usize; 2],
    ends: String,
}

/// What a victim saw.
struct Seen {
    p50_ticks: f64,
    p99_ticks: f64,
    applied_percent: f64,
    stayed: bool,
    /// By how much its own program was late, which a machine of few cores is.
    own_lateness_ms: f64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let kinds = if options.kinds.is_empty() { AbuseKind::value_variants() } else { &options.kinds };
    println!(
        "| kind | interval p50, p99 in ticks: alone | beside abusers | inputs applied, % | \
         CPU, % of a core: alone, more beside, more after | RSS in KiB: before, beside, after | \
         descriptors: before, after | how abusers ended |\n|---|--:|--:|--:|--:|--:|--:|---|"
    );
    let mut broken = Vec::new();
    for &kind in kinds {
        let row = measure(kind, &options);
        println!("{row}");
        broken.extend(row.broken());
    }
    if broken.is_empty() {
        println!(
            "\nAll holds: p99 below {INTERVAL_P99_MAX_TICKS} ticks, inputs applied, less than {CPU_MAX_PERCENT} % of a core more, memory, descriptors and CPU back within {} s.",
            REST.as_secs()
        );
        ExitCode::SUCCESS
    } else {
        println!("\nDoes not hold:\n- {}", broken.join("\n- "));
        ExitCode::FAILURE
    }
}

fn measure(kind: AbuseKind, options: &Options) -> Row {
    let time = Duration::from_secs(options.seconds);
    let server = Server::start(&["--grace", "1s", "--seed", "1", "--empty-room-seconds", "600"]);
    // The first stay makes the room and whatever is made once.
    let _ = victim(&server, Duration::from_secs(2)).finish();

    let (alone, cpu_alone) = beside(&server, time, || ());
    let before = idle(&server);
    let abusers = options.abusers.to_string();
    let settings = ["--bots", &abusers, "--room", ROOM, "--ramp", "20/s", "--seed", "1"];
    // They come first and go last, so that there is no moment without them.
    let stay = time + Duration::from_secs(3);
    let run = Abusers::start(&server, &kind.name(), stay, &settings);
    sleep(Duration::from_millis(500));
    let mut during = before;
    let (beside_them, cpu_beside) = beside(&server, time, || {
        let now = server.usage();
        if now.rss_kib > during.rss_kib {
            during = now;
        }
    });
    let report = run.finish();
    sleep(REST);
    let after = idle(&server);
    let (_, cpu_after) = beside(&server, Duration::from_secs(4), || ());
    Row {
        kind,
        alone,
        beside: beside_them,
        cpu: [cpu_alone, cpu_beside - cpu_alone, cpu_after - cpu_alone],
        memory_kib: [before.rss_kib, during.rss_kib, after.rss_kib],
        descriptors: [before.descriptors, after.descriptors],
        ends: ends(&report),
    }
}

fn victim(server: &Server, time: Duration) -> Bots {
    Bots::start(server, time, &["--bots", "1", "--room", ROOM, "--seed", "7"])
}

/// What the server has when nobody is in it: the victim has just gone.
fn idle(server: &Server) -> Usage {
    sleep(Duration::from_millis(300));
    server.usage()
}

/// A victim's stay, and the server's processor time in it, in percent of a core.
fn beside(server: &Server, time: Duration, mut look: impl FnMut()) -> (Seen, f64) {
    let bots = victim(server, time);
    // While it comes, nothing is measured.
    sleep(Duration::from_millis(500));
    let (from, began) = (server.usage(), Instant::now());
    let end = began + time.saturating_sub(Duration::from_secs(1));
    while Instant::now() < end {
        look();
        sleep(Duration::from_millis(100));
    }
    let used = server.usage().cpu.saturating_sub(from.cpu);
    let percent = 100.0 * used.as_secs_f64() / began.elapsed().as_secs_f64();
    (seen(&bots.finish()), percent)
}

fn seen(report: &Report) -> Seen {
    let counts = &report.counts;
    let ticks = |which: &str| {
        let ms = counts["snapshot_interval_ms"][which].as_f64();
        ms.map_or(f64::INFINITY, |ms| ms * TICK_RATE_HZ / 1_000.0)
    };
    Seen {
        p50_ticks: ticks("p50"),
        p99_ticks: ticks("p99"),
        applied_percent: 100.0 - counts["late_inputs_percent"].as_f64().unwrap_or(100.0),
        stayed: report.status.success(),
        own_lateness_ms: counts["own_lateness_ms"]["p99"].as_f64().unwrap_or(f64::INFINITY),
    }
}

/// How abusers ended, in a few words.
fn ends(report: &Report) -> String {
    let mut words = Vec::new();
    for (name, prefix) in
        [("ends", ""), ("refused_http", "HTTP "), ("refused", ""), ("not_connected", "")]
    {
        let counts = report.counts_of(name).into_iter();
        words.extend(counts.map(|(what, times)| format!("{times} x {prefix}{what}")));
    }
    for name in ["cut", "left", "still_open"] {
        let times = report.count(name);
        if times > 0 {
            words.push(format!("{times} {}", name.replace('_', " ")));
        }
    }
    words.join(", ")
}

impl Row {
    /// What is promised and does not hold.
    fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut hold = |holds: bool, what: String| {
            if !holds {
                broken.push(format!("{}: {what}", self.kind));
            }
        };
        let (beside, [_, more, after]) = (&self.beside, self.cpu);
        hold(beside.stayed, "the victim was cut off".to_owned());
        hold(
            beside.p99_ticks < INTERVAL_P99_MAX_TICKS,
            format!(
                "p99 of {:.2} ticks (the victim's own program was late by {} ms)",
                beside.p99_ticks, beside.own_lateness_ms
            ),
        );
        hold(
            beside.applied_percent >= APPLIED_MIN_PERCENT,
            format!("{:.1} % of inputs applied", beside.applied_percent),
        );
        hold(more < CPU_MAX_PERCENT, format!("{more:.1} % of a core more"));
        hold(after < CPU_NOISE_PERCENT, format!("{after:.1} % of a core more afterwards"));
        let [rss_before, _, rss_after] = self.memory_kib;
        hold(
            rss_after <= rss_before + MEMORY_KEPT_KIB,
            format!("{} KiB more afterwards", rss_after.saturating_sub(rss_before)),
        );
        let [before, after] = self.descriptors;
        hold(after <= before + DESCRIPTORS_KEPT, format!("{before} descriptors, then {after}"));
        broken
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [cpu, more, later] = self.cpu;
        let [rss_before, rss_beside, rss_after] = self.memory_kib;
        let [descriptors_before, descriptors_after] = self.descriptors;
        write!(
            f,
            "| `{}` | {:.2}, {:.2} | {:.2}, {:.2} | {:.1} | {cpu:.1}, {more:+.1}, {later:+.1} | \
             {rss_before}, {rss_beside}, {rss_after} | {descriptors_before}, {descriptors_after} | {} |",
            self.kind,
            self.alone.p50_ticks,
            self.alone.p99_ticks,
            self.beside.p50_ticks,
            self.beside.p99_ticks,
            self.beside.applied_percent,
            self.ends,
        )
    }
}
