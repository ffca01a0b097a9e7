//! What a run says at its end: one JSON object, or a table for people.
//!
//! Owns the names and units of what is reported; other programs read them. It never measures:
//! [`mod@crate::run`] makes it of the merged figures, `main` prints it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::figures::{Figures, Times};

/// Some of a distribution of times, in milliseconds; `null` where nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of all lie below it.
    pub p50: Option<f64>,
    /// 99 of 100 lie below it.
    pub p99: Option<f64>,
}

/// The same with the longest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpreadToMax {
    /// Half of all lie below it.
    pub p50: Option<f64>,
    /// 99 of 100 lie below it.
    pub p99: Option<f64>,
    /// None lies above it.
    pub max: Option<f64>,
}

/// Some of a distribution of sizes, in bytes; `null` where nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SizeSpread {
    /// Their mean.
    pub mean: Option<f64>,
    /// Half of all lie below it.
    pub p50: Option<u64>,
    /// 99 of 100 lie below it.
    pub p99: Option<u64>,
}

/// What the bots on a slow line saw.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SlowReport {
    /// How many of the bots had one.
    pub bots: u32,
    /// Snapshots that came to them while they were measured.
    pub snapshots: u64,
    /// How long after the first client of its room one of them had a snapshot.
    pub snapshot_age_ms: SpreadToMax,
    /// Time between two snapshots that came to one of them.
    pub snapshot_interval_ms: SpreadToMax,
    /// What one of them read, WebSocket framing included.
    pub kbit_per_s_per_client: Option<f64>,
}

/// What a run was, for what cannot be read off its figures.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) url: String,
    pub(crate) seed: u64,
    pub(crate) bots: u32,
    pub(crate) slow: u32,
    pub(crate) spectators: u32,
    pub(crate) duration: Duration,
    pub(crate) interrupted: bool,
}

/// What a run showed.
///
/// Counts are of the whole run. What is measured (intervals, sizes, latencies, rates,
/// corrections) is of the time after the last client came, and for each client after its own
/// warm-up; it leaves out the bots on a slow line, who have figures of their own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The server.
    pub url: String,
    /// Where the bots took their whims from.
    pub seed: u64,
    /// Bots asked for.
    pub bots: u32,
    /// Spectators asked for.
    pub spectators: u32,
    /// How long the clients stayed after the last one came, in seconds.
    pub duration_s: f64,
    /// Whether it was ended before its time by the user.
    pub interrupted: bool,
    /// Ticks per second, as the server said; `null` if it said nothing.
    pub tick_rate_hz: Option<u16>,

    /// Clients that got a welcome, of both roles.
    pub connected: u64,
    /// Clients that did not get so far as to be answered.
    pub not_connected: u64,
    /// Clients that the server refused.
    pub refused: u64,
    /// Clients that were in and were cut off before they left.
    pub disconnected: u64,
    /// Clients that were sent something that is not the protocol, and gave up.
    pub decode_errors: u64,
    /// Why clients were not connected.
    pub not_connected_reasons: BTreeMap<String, u64>,
    /// Why clients were refused.
    pub refused_reasons: BTreeMap<String, u64>,
    /// Why clients were cut off.
    pub disconnected_reasons: BTreeMap<String, u64>,
    /// What could not be decoded.
    pub decode_error_reasons: BTreeMap<String, u64>,

    /// Snapshots decoded, of all clients.
    pub snapshots: u64,
    /// Time between two snapshots that came to one client. A wait that had not ended when the
    /// client left counts as well, if it was longer than two ticks.
    pub snapshot_interval_ms: SpreadToMax,
    /// How long after the first client of its room a player had a snapshot: the age of what it
    /// knows, as far as this program can tell. Whoever is first counts with 0, and who is served
    /// late by this program seems older.
    pub snapshot_age_ms: SpreadToMax,
    /// Size of a snapshot message, without WebSocket framing.
    pub snapshot_bytes: SizeSpread,
    /// From an input's sending to the coming of the snapshot that shows it applied: it holds
    /// the way both ways and the margin by which inputs are sent early.
    pub input_latency_ms: Spread,
    /// Round trip of a ping: the least of a client's last eight, looked at twice a second.
    pub rtt_ms: Spread,
    /// What a client is sent, WebSocket framing included, TCP and IP not.
    pub kbit_per_s_per_client: Option<f64>,
    /// What a client sends, likewise.
    pub sent_kbit_per_s_per_client: Option<f64>,
    /// How often a player's own state was not what had been predicted.
    pub corrections: u64,
    /// Of 100 ticks shown to players, how many had been made without their input.
    pub late_inputs_percent: Option<f64>,
    /// How late this program itself served its clients. When it is long, the other times say
    /// more of this program than of the server.
    pub own_lateness_ms: SpreadToMax,
    /// The bots on a slow line.
    pub slow: SlowReport,
}

impl Report {
    pub(crate) fn new(setting: Setting, figures: &Figures) -> Report {
        let spread = |times: &Times| Spread {
            p50: times.percentile_ms(50.0),
            p99: times.percentile_ms(99.0),
        };
        let to_max = |times: &Times| SpreadToMax {
            p50: times.percentile_ms(50.0),
            p99: times.percentile_ms(99.0),
            max: times.max_ms(),
        };
        let kbit_per_s = |bytes: u64| kbit_per_s(bytes, figures.client_time);
        let late = 100.0 * figures.late_inputs as f64 / figures.player_ticks as f64;
        Report {
            url: setting.url,
            seed: setting.seed,
            bots: setting.bots,
            spectators: setting.spectators,
            duration_s: rounded(setting.duration.as_secs_f64()),
            interrupted: setting.interrupted,
            tick_rate_hz: figures.tick_rate_hz,
            connected: figures.connected,
            not_connected: figures.not_connected.total(),
            refused: figures.refused.total(),
            disconnected: figures.disconnected.total(),
            decode_errors: figures.decode_errors.total(),
            not_connected_reasons: figures.not_connected.by_reason().clone(),
            refused_reasons: figures.refused.by_reason().clone(),
            disconnected_reasons: figures.disconnected.by_reason().clone(),
            decode_error_reasons: figures.decode_errors.by_reason().clone(),
            snapshots: figures.snapshots,
            snapshot_interval_ms: to_max(&figures.snapshot_intervals),
            snapshot_age_ms: to_max(&figures.snapshot_ages),
            snapshot_bytes: SizeSpread {
                mean: figures.snapshot_sizes.mean().map(rounded),
                p50: figures.snapshot_sizes.percentile(50.0),
                p99: figures.snapshot_sizes.percentile(99.0),
            },
            input_latency_ms: spread(&figures.input_latencies),
            rtt_ms: spread(&figures.round_trips),
            kbit_per_s_per_client: kbit_per_s(figures.bytes_in),
            sent_kbit_per_s_per_client: kbit_per_s(figures.bytes_out),
            corrections: figures.corrections,
            late_inputs_percent: (figures.player_ticks > 0).then(|| rounded(late)),
            own_lateness_ms: to_max(&figures.own_lateness),
            slow: SlowReport {
                bots: setting.slow,
                snapshots: figures.slow.snapshots,
                snapshot_age_ms: to_max(&figures.slow.snapshot_ages),
                snapshot_interval_ms: to_max(&figures.slow.snapshot_intervals),
                kbit_per_s_per_client: self::kbit_per_s(
                    figures.slow.bytes_in,
                    figures.slow.client_time,
                ),
            },
        }
    }

    /// Whether every client came in, stayed to the end and understood all that it was sent.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.not_connected + self.refused + self.disconnected + self.decode_errors == 0
    }

    /// Whether this program was so late itself that the times say little of the server.
    fn is_own_fault(&self) -> bool {
        match (self.own_lateness_ms.p99, self.tick_rate_hz) {
            (Some(late), Some(hz)) => late * f64::from(hz) > 1000.0,
            _ => false,
        }
    }

    /// The report as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain values")
    }

    fn reasons(&self) -> impl Iterator<Item = (&'static str, &String, u64)> {
        let all = [
            ("not connected", &self.not_connected_reasons),
            ("refused", &self.refused_reasons),
            ("disconnected", &self.disconnected_reasons),
            ("decode error", &self.decode_error_reasons),
        ];
        all.into_iter().flat_map(|(what, reasons)| {
            reasons.iter().map(move |(reason, &times)| (what, reason, times))
        })
    }
}

/// The rate of so many bytes; none is known of no time at all.
fn kbit_per_s(bytes: u64, time: Duration) -> Option<f64> {
    (!time.is_zero()).then(|| rounded(bytes as f64 * 0.008 / time.as_secs_f64()))
}

/// To three digits after the point.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A value that may not have been measured, in a column.
fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hz = self.tick_rate_hz.map_or_else(|| "-".to_owned(), |hz| hz.to_string());
        let cut_short = if self.interrupted { ", interrupted" } else { "" };
        writeln!(f, "{}  {hz} ticks/s  seed {}", self.url, self.seed)?;
        writeln!(
            f,
            "{} bots and {} spectators for {:.1} s{cut_short}\n",
            self.bots, self.spectators, self.duration_s
        )?;
        let counts = [
            ("connected", self.connected),
            ("not connected", self.not_connected),
            ("refused", self.refused),
            ("disconnected", self.disconnected),
            ("decode errors", self.decode_errors),
            ("snapshots", self.snapshots),
            ("corrections", self.corrections),
        ];
        for (what, count) in counts {
            writeln!(f, "{what:<28}{count:>10}")?;
        }
        let shares = [
            ("late inputs, %", self.late_inputs_percent),
            ("received, kbit/s a client", self.kbit_per_s_per_client),
            ("sent, kbit/s a client", self.sent_kbit_per_s_per_client),
        ];
        let of_slow = ("received, kbit/s a slow bot", self.slow.kbit_per_s_per_client);
        let has_slow = self.slow.bots > 0;
        for (what, share) in shares.into_iter().chain(has_slow.then_some(of_slow)) {
            writeln!(f, "{what:<28}{:>10}", cell(share))?;
        }
        writeln!(f)?;

        writeln!(f, "{:<28}{:>10}{:>10}{:>10}", "", "p50", "p99", "max")?;
        let (interval, own) = (self.snapshot_interval_ms, self.own_lateness_ms);
        let (input, rtt) = (self.input_latency_ms, self.rtt_ms);
        let age = self.snapshot_age_ms;
        let rows = [
            ("snapshot interval, ms", interval.p50, interval.p99, interval.max),
            ("snapshot age, ms", age.p50, age.p99, age.max),
            ("input latency, ms", input.p50, input.p99, None),
            ("round trip, ms", rtt.p50, rtt.p99, None),
            ("own lateness, ms", own.p50, own.p99, own.max),
        ];
        let (interval, age) = (self.slow.snapshot_interval_ms, self.slow.snapshot_age_ms);
        let of_slow = [
            ("slow bots' interval, ms", interval.p50, interval.p99, interval.max),
            ("slow bots' age, ms", age.p50, age.p99, age.max),
        ];
        let of_slow = has_slow.then_some(of_slow).into_iter().flatten();
        for (what, p50, p99, max) in rows.into_iter().chain(of_slow) {
            writeln!(f, "{what:<28}{:>10}{:>10}{:>10}", cell(p50), cell(p99), cell(max))?;
        }
        let bytes = self.snapshot_bytes;
        let size = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
        writeln!(f, "{:<28}{:>10}{:>10}", "snapshot, bytes", size(bytes.p50), size(bytes.p99))?;
        write!(f, "{:<28}{:>10}", "snapshot, bytes, mean", cell(bytes.mean))?;

        for (index, (what, reason, times)) in self.reasons().enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            write!(f, "{gap}\n{times} x {what}: {reason}")?;
        }
        if self.is_own_fault() {
            write!(
                f,
                "\n\nThe bots themselves were late by more than a tick: the times above say "
            )?;
            write!(f, "more of this program and its machine than of the server.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting() -> Setting {
        Setting {
            url: "ws://127.0.0.1:7777/ws".into(),
            seed: 7,
            bots: 2,
            slow: 1,
            spectators: 1,
            duration: Duration::from_secs(10),
            interrupted: false,
        }
    }

    fn figures() -> Figures {
        let mut figures = Figures { connected: 3, snapshots: 900, ..Figures::default() };
        for ms in [33, 33, 34, 40] {
            figures.snapshot_intervals.record(Duration::from_millis(ms));
            figures.input_latencies.record(Duration::from_millis(2 * ms));
            figures.snapshot_sizes.record(100);
        }
        figures.bytes_in = 10_000;
        figures.slow.snapshot_ages.record(Duration::from_millis(400));
        figures.client_time = Duration::from_secs(8);
        figures
    }

    #[test]
    fn the_json_has_the_names_that_others_read() {
        let report = Report::new(setting(), &figures());
        let json: serde_json::Value =
            serde_json::from_str(&report.to_json()).expect("it is one object");
        for count in
            ["bots", "spectators", "connected", "refused", "disconnected", "decode_errors", "seed"]
        {
            assert!(json[count].is_u64(), "{count}");
        }
        for (what, parts) in [
            ("snapshot_interval_ms", &["p50", "p99", "max"][..]),
            ("snapshot_bytes", &["mean", "p50", "p99"]),
            ("input_latency_ms", &["p50", "p99"]),
        ] {
            for part in parts {
                assert!(json[what][part].is_number(), "{what}.{part}");
            }
        }
        assert_eq!(json["snapshots"], 900);
        assert_eq!(json["slow"]["bots"], 1);
        for part in ["p50", "p99", "max"] {
            assert!(json["slow"]["snapshot_age_ms"][part].is_number(), "{part}");
            assert!(json["slow"]["snapshot_interval_ms"][part].is_null(), "{part}");
            assert!(json["snapshot_age_ms"][part].is_null(), "slow ones do not count: {part}");
        }
        assert_eq!(json["kbit_per_s_per_client"], 10.0);
        assert_eq!(json["duration_s"], 10.0);
        assert_eq!(json["corrections"], 0);
        assert_eq!(json["late_inputs_percent"], serde_json::Value::Null, "no player was seen");
        assert!(json["rtt_ms"]["p50"].is_null(), "nothing was measured");
        assert!(json["tick_rate_hz"].is_null());
        assert!(json["disconnected_reasons"].is_object());
    }

    #[test]
    fn any_trouble_makes_a_report_unclean() {
        assert!(Report::new(setting(), &figures()).is_clean());
        let troubles: [fn(&mut Figures); 4] = [
            |figures| figures.not_connected.count("timeout"),
            |figures| figures.refused.count("full"),
            |figures| figures.disconnected.count("lost"),
            |figures| figures.decode_errors.count("noise"),
        ];
        for trouble in troubles {
            let mut figures = figures();
            trouble(&mut figures);
            assert!(!Report::new(setting(), &figures).is_clean());
        }
    }

    #[test]
    fn the_table_owns_up_to_a_slow_machine() {
        let mut figures = Figures { tick_rate_hz: Some(30), ..figures() };
        let own_fault = |figures: &Figures| Report::new(setting(), figures).to_string();
        figures.own_lateness.record(Duration::from_millis(30));
        assert!(!own_fault(&figures).contains("themselves"));
        figures.own_lateness.record(Duration::from_millis(40));
        assert!(own_fault(&figures).contains("themselves"));
    }

    #[test]
    fn the_table_tells_reasons() {
        let mut figures = figures();
        figures.disconnected.count("too-slow");
        let table = Report::new(setting(), &figures).to_string();
        assert!(table.contains("1 x disconnected: too-slow"), "{table}");
        assert!(table.contains("seed 7"), "{table}");
        assert!(table.contains("slow bots' age, ms"), "{table}");
    }
}
