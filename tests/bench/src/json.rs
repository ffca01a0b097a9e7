//! The results for programs: one object, by workload and number of players.

use serde_json::{Map, Value, json};

use crate::figures::{Figures, Results, Spread};
use crate::options::{Candidate, Case, Workload};

/// Medians; `spread` has the least and the most of what they are of.
pub(crate) fn report(results: &Results, tick_rate_hz: u16) -> Value {
    use Candidate::{Floor, Plain, Tickwire};
    let of = |candidate, figure: fn(&Figures) -> Option<f64>| {
        by_case(results, |case| results.median(case, candidate, figure).map(round))
    };
    let ratio =
        |to| by_case(results, |case| Some(round(results.ratio(case, Tickwire, to)?.median)));
    let spread = |to| by_case(results, |case| results.ratio(case, Tickwire, to).map(ends));
    let cpu: fn(&Figures) -> Option<f64> = |figures| Some(figures.us_per_player_tick);
    json!({
        "tick_rate_hz": tick_rate_hz,
        "ratio_to_floor": ratio(Floor),
        "ratio_to_plain": ratio(Plain),
        "us_per_player_tick": of(Tickwire, cpu),
        "bytes_per_player_tick": of(Tickwire, |figures| Some(figures.bytes_per_player_tick)),
        "interval_p99_ms": of(Tickwire, |figures| figures.interval_p99_ms),
        "kib_per_connection": of(Tickwire, |figures| Some(figures.kib_per_connection)),
        "spread": {
            "ratio_to_floor": spread(Floor),
            "ratio_to_plain": spread(Plain),
            "us_per_player_tick":
                by_case(results, |case| results.spread(case, Tickwire, cpu).map(ends)),
        },
        "bytes_by_kind": by_case(results, |case| {
            let median = |figure: fn(&Figures) -> Option<f64>| {
                results.median(case, Tickwire, figure).map(round)
            };
            Some(json!({
                "snapshot": median(|figures| Some(figures.snapshot_bytes))?,
                "roster": median(|figures| Some(figures.roster_bytes))?,
                "other": median(|figures| Some(figures.other_bytes))?,
            }))
        }),
        "interval_p50_ms": of(Tickwire, |figures| figures.interval_p50_ms),
        "interval_max_ms": of(Tickwire, |figures| figures.interval_max_ms),
        "input_latency_ms": {
            "p50": of(Tickwire, |figures| figures.input_latency_p50_ms),
            "p99": of(Tickwire, |figures| figures.input_latency_p99_ms),
        },
        "lateness_p50_ms": of(Tickwire, |figures| figures.lateness_p50_ms),
        "lateness_p99_ms": of(Tickwire, |figures| figures.lateness_p99_ms),
        "ticks_per_second": of(Tickwire, |figures| Some(figures.ticks_per_second)),
        "connected": of(Tickwire, |figures| Some(figures.connected as f64)),
        "lost": of(Tickwire, |figures| Some(figures.lost.values().sum::<usize>() as f64)),
        "inputs_sent": of(Tickwire, |figures| Some(figures.inputs_sent as f64)),
        "inputs_unsent": of(Tickwire, |figures| Some(figures.inputs_unsent as f64)),
        "inputs_late": of(Tickwire, |figures| Some(figures.inputs_late? as f64)),
        "ships_in_view": of(Tickwire, |figures| figures.ships_in_view),
        "bolts_in_view": of(Tickwire, |figures| figures.bolts_in_view),
        "generator_late_p99_ms": of(Tickwire, |figures| figures.generator_late_p99_ms),
        "floor_us_per_player_tick": of(Floor, cpu),
        "floor_interval_p99_ms": of(Floor, |figures| figures.interval_p99_ms),
        "floor_lateness_p99_ms": of(Floor, |figures| figures.lateness_p99_ms),
        "plain_us_per_player_tick": of(Plain, cpu),
        "plain_bytes_per_player_tick": of(Plain, |figures| Some(figures.bytes_per_player_tick)),
        "plain_interval_p99_ms": of(Plain, |figures| figures.interval_p99_ms),
        "plain_lateness_p99_ms": of(Plain, |figures| figures.lateness_p99_ms),
        "plain_kib_per_connection": of(Plain, |figures| Some(figures.kib_per_connection)),
        "largest_n": largest(results),
    })
}

/// `{"room16": {"1000": …}, "arena": {"1000": …}}`, without what there is not.
fn by_case<V: Into<Value>>(results: &Results, value: impl Fn(Case) -> Option<V>) -> Value {
    let mut workloads = Map::new();
    for case in results.cases() {
        let workload = workloads.entry(case.workload.to_string()).or_insert_with(|| json!({}));
        if let Some(value) = value(case) {
            workload[case.players.to_string()] = value.into();
        }
    }
    workloads.into()
}

fn largest(results: &Results) -> Value {
    let mut candidates = Map::new();
    for candidate in [Candidate::Floor, Candidate::Plain, Candidate::Tickwire] {
        let workloads = [Workload::Room16, Workload::Arena].into_iter().filter_map(|workload| {
            Some((workload.to_string(), results.largest(workload, candidate)?.into()))
        });
        candidates.insert(candidate.to_string(), workloads.collect::<Map<_, Value>>().into());
    }
    candidates.into()
}

fn ends(spread: Spread) -> Value {
    json!([round(spread.min), round(spread.max)])
}

/// As many digits as mean something.
fn round(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::{measured, results};

    #[test]
    fn figures_stand_by_workload_and_number_of_players() {
        let results = results(&[
            (1_000, Candidate::Floor, 0, measured(4.0)),
            (1_000, Candidate::Tickwire, 0, measured(6.0)),
        ]);
        let report = report(&results, 30);
        assert_eq!(report["tick_rate_hz"], 30);
        assert_eq!(report["ratio_to_floor"]["arena"]["1000"], 1.5);
        assert_eq!(report["us_per_player_tick"]["arena"]["1000"], 6.0);
        assert_eq!(report["floor_us_per_player_tick"]["arena"]["1000"], 4.0);
        assert_eq!(report["bytes_by_kind"]["arena"]["1000"]["snapshot"], 38.0);
        assert_eq!(report["spread"]["ratio_to_floor"]["arena"]["1000"], json!([1.5, 1.5]));
        assert_eq!(report["largest_n"]["tickwire"]["arena"], 1_000);
        assert_eq!(report["ratio_to_plain"]["arena"], json!({}));
    }
}
