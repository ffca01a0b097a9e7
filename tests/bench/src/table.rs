//! The results for people, as plain text.

use std::fmt::Write;

use crate::figures::{Figures, Results, Spread};
use crate::options::{Candidate, Case, Options, Workload};
use crate::processor::REALTIME_SHARE_MAX;

const CANDIDATES: [Candidate; 3] = [Candidate::Floor, Candidate::Plain, Candidate::Tickwire];

/// Medians of all rounds.
pub(crate) fn table(results: &Results, options: &Options) -> String {
    let tick_rate_hz = options.tick_rate;
    let mut text = format!(
        "\nMedians at {tick_rate_hz} ticks/s; CPU, bytes and inputs for each player and tick, memory for each connection.\n\
         'late' is the 99th percentile of how late ticks were, 'effect' from an input to its effect.\n\n",
    );
    let heads = [
        "workload",
        "players",
        "server",
        "CPU us",
        "of floor",
        "bytes",
        "interval p50",
        "p99",
        "max",
        "late p99",
        "effect p50",
        "p99",
        "KiB",
        "ticks/s",
        "connected",
        "lost",
        "late inputs",
        "ships",
        "generator",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for case in results.cases() {
        rows.extend(CANDIDATES.iter().filter_map(|candidate| row(results, case, *candidate)));
    }
    write_aligned(&rows, &mut text);
    text += &summary(results, !options.no_realtime);
    text
}

fn row(results: &Results, case: Case, candidate: Candidate) -> Option<Vec<String>> {
    results.of(case, candidate).next()?;
    let median = |figure: fn(&Figures) -> Option<f64>| results.median(case, candidate, figure);
    let ratio = results.ratio(case, candidate, Candidate::Floor).map(|ratio| ratio.median);
    let lost = |figures: &Figures| Some(figures.lost.values().sum::<usize>() as f64);
    let late = |figures: &Figures| Some(figures.inputs_late? as f64);
    Some(vec![
        case.workload.to_string(),
        case.players.to_string(),
        candidate.to_string(),
        number(median(|figures| Some(figures.us_per_player_tick)), 2),
        number(ratio, 2),
        number(median(|figures| Some(figures.bytes_per_player_tick)), 1),
        number(median(|figures| figures.interval_p50_ms), 1),
        number(median(|figures| figures.interval_p99_ms), 1),
        number(median(|figures| figures.interval_max_ms), 1),
        number(median(|figures| figures.lateness_p99_ms), 2),
        number(median(|figures| figures.input_latency_p50_ms), 1),
        number(median(|figures| figures.input_latency_p99_ms), 1),
        number(median(|figures| Some(figures.kib_per_connection)), 1),
        number(median(|figures| Some(figures.ticks_per_second)), 1),
        number(median(|figures| Some(figures.connected as f64)), 0),
        number(median(lost), 0),
        number(median(late), 0),
        number(median(|figures| figures.ships_in_view), 1),
        number(median(|figures| figures.generator_late_p99_ms), 1),
    ])
}

/// Ratios with how far they lie apart, and who can serve how many.
fn summary(results: &Results, is_realtime: bool) -> String {
    let mut text = String::new();
    for case in results.cases() {
        for other in [Candidate::Floor, Candidate::Plain] {
            if let Some(ratio) = results.ratio(case, Candidate::Tickwire, other) {
                let Spread { median, min, max } = ratio;
                writeln!(
                    text,
                    "{} of {}: tickwire takes {median:.2} ({min:.2}..{max:.2}) of the CPU time of {other}",
                    case.workload, case.players
                )
                .expect("a string takes all");
            }
        }
    }
    for workload in [Workload::Room16, Workload::Arena] {
        for candidate in CANDIDATES {
            if let Some(players) = results.largest(workload, candidate) {
                writeln!(
                    text,
                    "{workload}: {candidate} served {players} with nobody cut off and interval p99 below 1.5 ticks"
                )
                .expect("a string takes all");
            }
        }
    }
    let figures = || results.0.iter().map(|(_, figures)| figures);
    if figures().any(|figures| !figures.us_per_player_tick.is_finite()) {
        text += "Where CPU time is missing this kernel does not count it: there are no ratios either.\n";
    }
    if figures().any(|figures| !figures.by_kernel_time) {
        text +=
            "Intervals are by when they were read: this kernel does not say when it received.\n";
    }
    if is_realtime && figures().any(|figures| figures.cpu_share > REALTIME_SHARE_MAX) {
        text += "A server at real-time priority that would take more than 95 % of a second stands still for the\n\
                 rest of it: where one is near that, its intervals are to be had with --no-realtime.\n";
    }
    if figures().any(|figures| figures.generator_late_p99_ms.is_some_and(|late| late > 10.0)) {
        text += "The players were late themselves where 'generator' is above 10 ms: their times hold that.\n";
    }
    text
}

fn number(number: Option<f64>, digits: usize) -> String {
    number.map_or_else(|| "-".into(), |number| format!("{number:.digits$}"))
}

fn write_aligned(rows: &[Vec<String>], text: &mut String) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::figures::tests::{measured, results};

    fn options(arguments: &[&str]) -> Options {
        Options::parse_from(["bench"].iter().chain(arguments))
    }

    #[test]
    fn each_candidate_has_a_row_and_each_pair_a_ratio() {
        let results = results(&[
            (10, Candidate::Floor, 0, measured(4.0)),
            (10, Candidate::Tickwire, 0, measured(6.0)),
        ]);
        let table = table(&results, &options(&[]));
        assert!(table.contains("arena of 10: tickwire takes 1.50 (1.50..1.50) of"), "{table}");
        assert!(table.contains("arena: tickwire served 10 with nobody cut off"), "{table}");
        assert!(!table.contains("plain"), "{table}");
    }

    #[test]
    fn where_a_server_is_near_the_limit_of_its_priority_the_report_says_so() {
        let is_said = |cpu_share: f64, arguments: &[&str]| {
            let figures = Figures { cpu_share, ..measured(4.0) };
            let results = results(&[(10, Candidate::Tickwire, 0, figures)]);
            table(&results, &options(arguments)).contains("with --no-realtime")
        };
        assert!(is_said(0.94, &[]));
        assert!(!is_said(0.8, &[]));
        assert!(!is_said(0.94, &["--no-realtime"]), "it has none");
    }

    #[test]
    fn where_the_kernel_counts_no_time_there_is_none_instead_of_zero() {
        let uncounted = Figures { cpu_share: f64::NAN, ..measured(f64::NAN) };
        let results = results(&[
            (10, Candidate::Floor, 0, uncounted.clone()),
            (10, Candidate::Tickwire, 0, uncounted.clone()),
        ]);
        let table = table(&results, &options(&[]));
        assert!(!table.contains("takes") && !table.contains("NaN"), "{table}");
        assert!(table.contains("this kernel does not count it"), "{table}");
        assert!(uncounted.line().starts_with("CPU time unknown, "), "{}", uncounted.line());
    }
}
