//! What the clients of one thread saw, in numbers of bounded size.
//!
//! Owns the histograms and counts while a run lasts; those of all threads are merged at its end
//! and then read by [`crate::report`]. It never touches a socket or a clock.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use tickwire_game::tick::TickRate;

/// Longer times count as this one, in microseconds.
const TIME_MAX_US: u64 = 600_000_000;
/// Larger sizes count as this one, in bytes.
const SIZE_MAX_BYTES: u64 = 1 << 24;
/// Longer distances count as this one, in thousandths of a unit of the game.
const WAY_MAX: u64 = 1_000_000_000;
/// To how many digits a histogram is exact.
const DIGITS: u8 = 3;
/// Most different reasons of one kind; those beyond are counted together.
const REASONS_MAX: usize = 32;

/// Durations, kept as microseconds to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    pub(crate) fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(TIME_MAX_US));
    }

    /// The time below which `percent` of all lie, in milliseconds; `None` if there is none.
    pub(crate) fn percentile_ms(&self, percent: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_percentile(percent) as f64 / 1000.0)
    }

    pub(crate) fn max_ms(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.max() as f64 / 1000.0)
    }
}

impl Default for Times {
    fn default() -> Times {
        Times(Histogram::new_with_max(TIME_MAX_US, DIGITS).expect("the bounds are sound"))
    }
}

/// Sizes in bytes, to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Sizes(Histogram<u64>);

impl Sizes {
    pub(crate) fn record(&mut self, bytes: usize) {
        self.0.saturating_record(bytes as u64);
    }

    pub(crate) fn percentile(&self, percent: f64) -> Option<u64> {
        (!self.0.is_empty()).then(|| self.0.value_at_percentile(percent))
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.mean())
    }
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes(Histogram::new_with_max(SIZE_MAX_BYTES, DIGITS).expect("the bounds are sound"))
    }
}

/// Ways in the game's units, kept as thousandths of them to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Ways(Histogram<u64>);

impl Ways {
    pub(crate) fn record(&mut self, units: f64) {
        // A cast from float saturates, and takes not-a-number to 0.
        self.0.saturating_record((units * 1e3) as u64);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The way below which `percent` of all lie, in units; `None` if there is none.
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_percentile(percent) as f64 / 1e3)
    }
}

impl Default for Ways {
    fn default() -> Ways {
        Ways(Histogram::new_with_max(WAY_MAX, DIGITS).expect("the bounds are sound"))
    }
}

/// By how much inputs came early, or late, as the server reports it in whole ticks: how often each
/// was reported, by microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Margins(BTreeMap<i64, u64>);

impl Margins {
    pub(crate) fn record(&mut self, ticks: i32, rate: TickRate) {
        // The server tells of none beyond; so they stay few.
        let most = rate.input_ahead_max_ticks() as i32;
        let ticks = i64::from(ticks.clamp(-most, most));
        *self.0.entry(ticks * 1_000_000 / i64::from(rate.hz())).or_default() += 1;
    }

    /// The margin below which `percent` of all lie, or at which; `None` if there is none.
    pub(crate) fn percentile_ms(&self, percent: f64) -> Option<f64> {
        let rank = self.0.values().sum::<u64>() as f64 * percent / 100.0;
        let reached = self.0.iter().scan(0, |below, (margin_us, times)| {
            *below += times;
            Some((*below, *margin_us))
        });
        let mut at = reached.skip_while(|(below, _)| (*below as f64) < rank);
        at.next().map(|(_, margin_us)| margin_us as f64 / 1e3)
    }

    fn merge(&mut self, other: &Margins) {
        for (margin, times) in &other.0 {
            *self.0.entry(*margin).or_default() += times;
        }
    }
}

/// How often something happened, by its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reasons(BTreeMap<String, u64>);

impl Reasons {
    pub(crate) fn count(&mut self, reason: &str) {
        self.add(reason, 1);
    }

    fn add(&mut self, reason: &str, times: u64) {
        let known = self.0.len() < REASONS_MAX || self.0.contains_key(reason);
        let reason = if known { reason } else { "other" };
        *self.0.entry(reason.to_owned()).or_default() += times;
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    pub(crate) fn by_reason(&self) -> &BTreeMap<String, u64> {
        &self.0
    }

    pub(crate) fn merge(&mut self, other: &Reasons) {
        for (reason, times) in &other.0 {
            self.add(reason, *times);
        }
    }
}

/// All that is counted and measured. What counts events covers the whole run; what measures,
/// only what each client saw after its warm-up and while all clients were there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// Clients that got a welcome.
    pub(crate) connected: u64,
    /// Clients that never came so far as to ask.
    pub(crate) not_connected: Reasons,
    pub(crate) refused: Reasons,
    /// Clients that were cut off before the end and did not come back.
    pub(crate) disconnected: Reasons,
    /// How often a client came back to its session, and how long that took, from the end of its
    /// connection to the first snapshot over the next.
    pub(crate) resumed: u64,
    pub(crate) resume_times: Times,
    /// Cuts of a client's own after which it did not have its session back.
    pub(crate) lost_sessions: Reasons,
    /// Clients that were sent what they could not decode; each gives up at once.
    pub(crate) decode_errors: Reasons,
    /// Snapshots decoded in the whole run.
    pub(crate) snapshots: u64,
    pub(crate) tick_rate_hz: Option<u16>,

    /// Of the clients on a slow line. What follows is of the others alone.
    pub(crate) slow: SlowFigures,
    /// Between two snapshots that came to one client.
    pub(crate) snapshot_intervals: Times,
    /// How long after the first client of its room a player had a snapshot.
    pub(crate) snapshot_ages: Times,
    pub(crate) snapshot_sizes: Sizes,
    /// From an input's sending to the first snapshot that shows it applied.
    pub(crate) input_latencies: Times,
    pub(crate) round_trips: Times,
    /// How late this program itself served its clients' clocks.
    pub(crate) own_lateness: Times,
    /// How far players were put elsewhere than predicted.
    pub(crate) corrections: Ways,
    /// Ticks shown to players, and those of them whose input had not come in time: because its
    /// path stood still on purpose or this program did, or for another reason.
    pub(crate) player_ticks: u64,
    pub(crate) stalled_inputs: u64,
    pub(crate) late_inputs: u64,
    /// By how much the newest input was early, as each snapshot says.
    pub(crate) input_margins: Margins,
    /// Moments at which players looked, and those of which no snapshot was there yet.
    pub(crate) pictures: u64,
    pub(crate) pictures_guessed: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// Sum of the times for which clients were measured.
    pub(crate) client_time: Duration,
}

/// What is measured of the clients on a slow line.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlowFigures {
    pub(crate) snapshots: u64,
    pub(crate) snapshot_ages: Times,
    pub(crate) snapshot_intervals: Times,
    pub(crate) bytes_in: u64,
    /// Sum of the times for which they were measured.
    pub(crate) client_time: Duration,
}

impl Figures {
    pub(crate) fn merge(&mut self, other: &Figures) {
        self.connected += other.connected;
        self.not_connected.merge(&other.not_connected);
        self.refused.merge(&other.refused);
        self.disconnected.merge(&other.disconnected);
        self.resumed += other.resumed;
        self.lost_sessions.merge(&other.lost_sessions);
        self.decode_errors.merge(&other.decode_errors);
        self.snapshots += other.snapshots;
        self.tick_rate_hz = self.tick_rate_hz.or(other.tick_rate_hz);
        let same = "histograms of equal bounds can be added";
        self.resume_times.0.add(&other.resume_times.0).expect(same);
        self.snapshot_intervals.0.add(&other.snapshot_intervals.0).expect(same);
        self.snapshot_ages.0.add(&other.snapshot_ages.0).expect(same);
        self.snapshot_sizes.0.add(&other.snapshot_sizes.0).expect(same);
        self.input_latencies.0.add(&other.input_latencies.0).expect(same);
        self.round_trips.0.add(&other.round_trips.0).expect(same);
        self.own_lateness.0.add(&other.own_lateness.0).expect(same);
        self.corrections.0.add(&other.corrections.0).expect(same);
        self.player_ticks += other.player_ticks;
        self.stalled_inputs += other.stalled_inputs;
        self.late_inputs += other.late_inputs;
        self.input_margins.merge(&other.input_margins);
        self.pictures += other.pictures;
        self.pictures_guessed += other.pictures_guessed;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.client_time += other.client_time;
        let (slow, others) = (&mut self.slow, &other.slow);
        slow.snapshots += others.snapshots;
        slow.snapshot_ages.0.add(&others.snapshot_ages.0).expect(same);
        slow.snapshot_intervals.0.add(&others.snapshot_intervals.0).expect(same);
        slow.bytes_in += others.bytes_in;
        slow.client_time += others.client_time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_all_threads() {
        let (mut one, mut two) = (Figures::default(), Figures::default());
        for ms in 1..=50 {
            one.snapshot_intervals.record(Duration::from_millis(ms));
            two.snapshot_intervals.record(Duration::from_millis(ms + 50));
        }
        one.merge(&two);
        let near = |value: Option<f64>, ms: f64| {
            let value = value.expect("there are times");
            assert!((value / ms - 1.0).abs() < 0.002, "{value} is not {ms}");
        };
        near(one.snapshot_intervals.percentile_ms(50.0), 50.0);
        near(one.snapshot_intervals.percentile_ms(99.0), 99.0);
        near(one.snapshot_intervals.max_ms(), 100.0);
    }

    #[test]
    fn nothing_measured_is_not_zero() {
        assert_eq!(Times::default().percentile_ms(50.0), None);
        assert_eq!(Sizes::default().mean(), None);
    }

    #[test]
    fn margins_are_kept_below_zero_and_above() {
        let rate = TickRate::new(50).expect("within the limits");
        let (mut one, mut two) = (Margins::default(), Margins::default());
        assert_eq!(one.percentile_ms(50.0), None);
        (0..60).for_each(|_| one.record(-2, rate));
        (0..38).for_each(|_| two.record(1, rate));
        (0..2).for_each(|_| two.record(9_999, rate));
        one.merge(&two);
        let percentiles = [1.0, 50.0, 60.0, 61.0, 99.0].map(|percent| one.percentile_ms(percent));
        assert_eq!(percentiles, [-40.0, -40.0, -40.0, 20.0, 2000.0].map(Some));
    }

    #[test]
    fn ways_are_told_to_a_thousandth_of_a_unit() {
        let mut ways = Ways::default();
        assert_eq!(ways.percentile(99.0), None);
        [0.25, f64::NAN, f64::INFINITY].iter().for_each(|&way| ways.record(way));
        assert_eq!((ways.count(), ways.percentile(50.0)), (3, Some(0.25)));
    }

    #[test]
    fn a_time_beyond_all_bounds_is_kept_as_the_longest() {
        let mut times = Times::default();
        times.record(Duration::MAX);
        assert!(times.max_ms() >= Some(600_000.0));
    }

    #[test]
    fn reasons_stay_few() {
        let mut reasons = Reasons::default();
        for number in 0..1000 {
            reasons.count(&format!("reason {number}"));
        }
        assert_eq!(reasons.total(), 1000);
        assert_eq!(reasons.by_reason().len(), REASONS_MAX + 1);
    }
}
