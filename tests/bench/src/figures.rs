//! [`Figures`] of one measurement, and [`Results`]: what many of them come to.
//!
//! Ratios are made within a round, where both candidates had the same minute of the same machine, and
//! only then is the median taken.

use std::collections::BTreeMap;

use crate::options::{Candidate, Case, Workload};

/// Ticks are as regular as they should be while 99 of 100 intervals are below so many.
const INTERVAL_P99_MAX_TICKS: f64 = 1.5;
/// A server that makes no more than this share of its ticks has slowed down.
const FULL_RATE_SHARE: f64 = 0.99;

/// What one measurement gave.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) wanted: usize,
    /// Ticks a second.
    pub(crate) wanted_hz: f64,
    pub(crate) connected: usize,
    /// Connections that ended, by reason.
    pub(crate) lost: BTreeMap<String, usize>,
    pub(crate) ticks_per_second: f64,
    /// No number if the kernel does not count processor time.
    pub(crate) us_per_player_tick: f64,
    /// How much of its core the server took; likewise.
    pub(crate) cpu_share: f64,
    pub(crate) bytes_per_player_tick: f64,
    pub(crate) snapshot_bytes: f64,
    pub(crate) roster_bytes: f64,
    pub(crate) other_bytes: f64,
    pub(crate) interval_p50_ms: Option<f64>,
    pub(crate) interval_p99_ms: Option<f64>,
    pub(crate) interval_max_ms: Option<f64>,
    /// Whether these are between times of the kernel.
    pub(crate) by_kernel_time: bool,
    pub(crate) input_latency_p50_ms: Option<f64>,
    pub(crate) input_latency_p99_ms: Option<f64>,
    /// Of the server's ticks; of the real one since it started.
    pub(crate) lateness_p50_ms: Option<f64>,
    pub(crate) lateness_p99_ms: Option<f64>,
    pub(crate) kib_per_connection: f64,
    pub(crate) inputs_sent: u64,
    pub(crate) inputs_unsent: u64,
    pub(crate) inputs_late: Option<u64>,
    pub(crate) ships_in_view: Option<f64>,
    pub(crate) bolts_in_view: Option<f64>,
    /// Where this comes near a tick, the other times are the generator's own.
    pub(crate) generator_late_p99_ms: Option<f64>,
}

impl Figures {
    /// Whether all were there all the time, and got their ticks as they should.
    pub(crate) fn is_sound(&self) -> bool {
        let interval_max_ms = INTERVAL_P99_MAX_TICKS * 1_000.0 / self.wanted_hz;
        let is_regular = self.interval_p99_ms.is_some_and(|p99| p99 < interval_max_ms);
        let is_full_rate = self.ticks_per_second > FULL_RATE_SHARE * self.wanted_hz;
        self.connected == self.wanted && self.lost.is_empty() && is_regular && is_full_rate
    }

    /// The most important of it, for who looks on.
    pub(crate) fn line(&self) -> String {
        let (time, share) = if self.us_per_player_tick.is_finite() {
            let share = format!("; {:3.0} % of its core", 100.0 * self.cpu_share);
            (format!("{:7.2} us", self.us_per_player_tick), share)
        } else {
            ("CPU time unknown".to_owned(), String::new())
        };
        let mut line = format!(
            "{time}, {:6.1} B a player and tick; interval p99 {:6.1} ms; {:4.1} ticks/s{share}",
            self.bytes_per_player_tick,
            self.interval_p99_ms.unwrap_or(f64::NAN),
            self.ticks_per_second,
        );
        if self.connected < self.wanted {
            line += &format!("; {} of {} connected", self.connected, self.wanted);
        }
        for (reason, count) in &self.lost {
            line += &format!("; {count} {reason}");
        }
        line
    }
}

/// Which measurement it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) case: Case,
    pub(crate) candidate: Candidate,
    pub(crate) round: u32,
}

/// The median of some figures, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of those that are numbers; `None` if there are none.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut numbers: Vec<f64> =
            numbers.into_iter().filter(|number| number.is_finite()).collect();
        numbers.sort_by(f64::total_cmp);
        let (&min, &max) = (numbers.first()?, numbers.last()?);
        let middle = numbers.len() / 2;
        let is_odd = numbers.len() % 2 == 1;
        let lower = if is_odd { middle } else { middle - 1 };
        Some(Spread { median: (numbers[lower] + numbers[middle]) / 2.0, min, max })
    }
}

/// All measurements, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results(pub(crate) Vec<(Key, Figures)>);

impl Results {
    /// What was measured, without doubles.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let mut cases: Vec<Case> = self.0.iter().map(|(key, _)| key.case).collect();
        cases.sort_unstable();
        cases.dedup();
        cases
    }

    pub(crate) fn of(
        &self,
        case: Case,
        candidate: Candidate,
    ) -> impl Iterator<Item = (u32, &Figures)> {
        let is_of = move |key: &Key| key.case == case && key.candidate == candidate;
        let found = self.0.iter().filter(move |(key, _)| is_of(key));
        found.map(|(key, figures)| (key.round, figures))
    }

    pub(crate) fn spread(
        &self,
        case: Case,
        candidate: Candidate,
        figure: impl Fn(&Figures) -> Option<f64>,
    ) -> Option<Spread> {
        Spread::of(self.of(case, candidate).filter_map(|(_, figures)| figure(figures)))
    }

    pub(crate) fn median(
        &self,
        case: Case,
        candidate: Candidate,
        figure: impl Fn(&Figures) -> Option<f64>,
    ) -> Option<f64> {
        Some(self.spread(case, candidate, figure)?.median)
    }

    /// How much more processor time one candidate takes than another of the same round.
    pub(crate) fn ratio(&self, case: Case, candidate: Candidate, to: Candidate) -> Option<Spread> {
        Spread::of(self.of(case, candidate).filter_map(|(round, figures)| {
            let (_, other) = self.of(case, to).find(|(other, _)| *other == round)?;
            Some(figures.us_per_player_tick / other.us_per_player_tick)
        }))
    }

    /// The most players of which all were served as they should be, in most rounds.
    pub(crate) fn largest(&self, workload: Workload, candidate: Candidate) -> Option<u16> {
        let cases = self.cases().into_iter().filter(|case| case.workload == workload);
        let is_sound = |case: &Case| {
            let sound = self.of(*case, candidate).filter(|(_, figures)| figures.is_sound()).count();
            let all = self.of(*case, candidate).count();
            all > 0 && 2 * sound > all
        };
        cases.filter(is_sound).map(|case| case.players).max()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn measured(us: f64) -> Figures {
        Figures {
            wanted: 10,
            wanted_hz: 30.0,
            connected: 10,
            lost: BTreeMap::new(),
            ticks_per_second: 30.0,
            us_per_player_tick: us,
            cpu_share: 0.1,
            bytes_per_player_tick: 40.0,
            snapshot_bytes: 38.0,
            roster_bytes: 1.5,
            other_bytes: 0.5,
            interval_p50_ms: Some(33.3),
            interval_p99_ms: Some(34.0),
            interval_max_ms: Some(40.0),
            by_kernel_time: true,
            input_latency_p50_ms: None,
            input_latency_p99_ms: None,
            lateness_p50_ms: None,
            lateness_p99_ms: None,
            kib_per_connection: 9.0,
            inputs_sent: 0,
            inputs_unsent: 0,
            inputs_late: None,
            ships_in_view: None,
            bolts_in_view: None,
            generator_late_p99_ms: None,
        }
    }

    pub(crate) fn results(all: &[(u16, Candidate, u32, Figures)]) -> Results {
        let entry = |(players, candidate, round, figures): &(u16, Candidate, u32, Figures)| {
            let case = Case { workload: Workload::Arena, players: *players };
            (Key { case, candidate: *candidate, round: *round }, figures.clone())
        };
        Results(all.iter().map(entry).collect())
    }

    #[test]
    fn a_median_lies_in_the_middle_of_numbers() {
        let spread = |numbers: &[f64]| Spread::of(numbers.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[f64::NAN]), None);
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
    }

    #[test]
    fn ratios_are_made_within_a_round() {
        let (floor, tickwire) = (Candidate::Floor, Candidate::Tickwire);
        // The second round was on a machine half as fast.
        let results = results(&[
            (10, floor, 0, measured(4.0)),
            (10, tickwire, 0, measured(8.0)),
            (10, floor, 1, measured(8.0)),
            (10, tickwire, 1, measured(16.0)),
            // Without its other half.
            (10, tickwire, 2, measured(99.0)),
        ]);
        let case = Case { workload: Workload::Arena, players: 10 };
        let ratio = results.ratio(case, tickwire, floor);
        assert_eq!(ratio, Some(Spread { median: 2.0, min: 2.0, max: 2.0 }));
    }

    #[test]
    fn the_largest_crowd_is_one_that_is_served_in_most_rounds() {
        let late = Figures { interval_p99_ms: Some(66.0), ..measured(9.0) };
        let cut_off = Figures { connected: 9, ..measured(9.0) };
        let of = Candidate::Plain;
        let results = results(&[
            (100, of, 0, measured(4.0)),
            (400, of, 0, measured(4.0)),
            (400, of, 1, measured(4.0)),
            (400, of, 2, late.clone()),
            (1_000, of, 0, late),
            (2_000, of, 0, cut_off),
        ]);
        assert_eq!(results.largest(Workload::Arena, of), Some(400));
        assert_eq!(results.largest(Workload::Room16, of), None);
        assert_eq!(results.largest(Workload::Arena, Candidate::Floor), None);
    }
}
