//! One measurement after another: candidates take turns within each case, so that what the machine
//! does meanwhile meets all of them.

use std::time::Duration;

use serde_json::Value;

use crate::figures::{Figures, Key, Results};
use crate::generator::{Generator, Measured};
use crate::options::{Candidate, Case, Options};
use crate::process::{Server, Usage};
use crate::say;

/// How long a server is left alone before its memory is taken for what it needs without players.
const SETTLE: Duration = Duration::from_millis(200);
/// A candidate that makes no more than this share of its ticks is not given more players: that would take
/// minutes, and the kernel gigabytes.
const HOPELESS_SHARE: f64 = 2.0 / 3.0;

/// All that the options ask for.
pub(crate) fn run_all(options: &Options) -> anyhow::Result<Results> {
    let mut results = Results::default();
    let cases = options.cases();
    for (at, case) in cases.iter().enumerate() {
        let hopeless = |candidate: &Candidate| {
            let smaller = cases[..at].iter().filter(|other| other.workload == case.workload);
            smaller.into_iter().any(|&other| {
                let made =
                    results.median(other, *candidate, |figures| Some(figures.ticks_per_second));
                made.is_some_and(|made| made < HOPELESS_SHARE * f64::from(options.tick_rate))
            })
        };
        let (skipped, candidates): (Vec<_>, Vec<_>) =
            options.candidates().into_iter().partition(hopeless);
        for candidate in skipped {
            say(&format!(
                "{:>8} {:6} {candidate:8}  left out: it cannot cope with fewer",
                case.workload, case.players
            ));
        }
        for round in 0..options.rounds() {
            for &candidate in &candidates {
                let figures = run_one(candidate, *case, options)?;
                say(&format!(
                    "{:>8} {:6} {candidate:8}  {}",
                    case.workload,
                    case.players,
                    figures.line()
                ));
                results.0.push((Key { case: *case, candidate, round }, figures));
            }
        }
    }
    Ok(results)
}

fn run_one(candidate: Candidate, case: Case, options: &Options) -> anyhow::Result<Figures> {
    let mut server = Server::start(candidate, case, options)?;
    std::thread::sleep(SETTLE);
    let empty = server.usage()?;
    let mut players = Generator::new(server.address, candidate, case, options.period())?;
    players.connect_all()?;
    players.play_for(options.warm_up(candidate))?;
    // Counters are asked for outside of what is measured, for nobody plays meanwhile.
    let counters = server.counters();
    players.play_for(SETTLE)?;
    server.measure();
    let before = server.usage()?;
    players.mark();
    players.play_for(options.measured())?;
    let measured = players.measured();
    let after = server.usage()?;
    let more = server.counters();
    drop(players);
    let status = more.clone();
    let last = server.finish();
    let lateness = status.map(|status| status["tick_lateness_us"].clone()).or(last);
    let late = late_inputs(more.as_ref()).zip(late_inputs(counters.as_ref()));
    let usage = [empty, before, after];
    let late = late.map(|(after, before)| after - before);
    Ok(figures(case, options, &measured, usage, lateness, late))
}

fn late_inputs(counters: Option<&Value>) -> Option<u64> {
    counters?["of_rooms"]["inputs_late"].as_u64()
}

fn figures(
    case: Case,
    options: &Options,
    measured: &Measured,
    [empty, before, after]: [Usage; 3],
    lateness_us: Option<Value>,
    late_inputs: Option<u64>,
) -> Figures {
    let traffic = &measured.traffic;
    let player_ticks = measured.ticks * measured.playing as f64;
    let each = |sum: f64| if player_ticks > 0.0 { sum / player_ticks } else { f64::NAN };
    let lateness = |name: &str| Some(lateness_us.as_ref()?[name].as_f64()? / 1_000.0);
    let per_view = |sum: u64| (traffic.views > 0).then(|| sum as f64 / traffic.views as f64);
    let cpu = before.cpu.zip(after.cpu).map(|(before, after)| (after - before).as_secs_f64());
    let cpu_s = cpu.unwrap_or(f64::NAN);
    let kib = after.memory_kib.saturating_sub(empty.memory_kib) as f64;
    Figures {
        wanted: case.players.into(),
        wanted_hz: options.tick_rate.into(),
        connected: measured.playing,
        lost: traffic.lost.clone(),
        ticks_per_second: measured.ticks / measured.took.as_secs_f64(),
        us_per_player_tick: each(cpu_s * 1e6),
        cpu_share: cpu_s / measured.took.as_secs_f64(),
        bytes_per_player_tick: each(traffic.bytes as f64),
        snapshot_bytes: each(traffic.snapshot_bytes as f64),
        roster_bytes: each(traffic.roster_bytes as f64),
        other_bytes: each(traffic.other_bytes as f64),
        interval_p50_ms: traffic.intervals.quantile_ms(0.5),
        interval_p99_ms: traffic.intervals.quantile_ms(0.99),
        interval_max_ms: traffic.intervals.max_ms(),
        by_kernel_time: traffic.by_kernel_time,
        input_latency_p50_ms: traffic.input_latencies.quantile_ms(0.5),
        input_latency_p99_ms: traffic.input_latencies.quantile_ms(0.99),
        lateness_p50_ms: lateness("p50"),
        lateness_p99_ms: lateness("p99"),
        kib_per_connection: kib / measured.playing.max(1) as f64,
        inputs_sent: traffic.inputs_sent,
        inputs_unsent: traffic.inputs_unsent,
        inputs_late: late_inputs,
        ships_in_view: per_view(traffic.ships_in_view),
        bolts_in_view: per_view(traffic.bolts_in_view),
        generator_late_p99_ms: traffic.own_lateness.quantile_ms(0.99),
    }
}
