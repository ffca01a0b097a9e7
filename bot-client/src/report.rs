//! What a run says at its end: one JSON object, or a table for people.
//!
//! Owns the names and units of what is reported; other programs read them. It never measures:
//! [`mod@crate::run`] makes it of the merged figures, `main` prints it.

mod spread;
mod table;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tickwire_game::link::LinkSettings;

use crate::figures::{Figures, SlowFigures, Ways};
pub use spread::{SizeSpread, Spread, SpreadToMax};

/// A simulated path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkReport {
    /// What it adds to a round trip.
    pub latency_ms: f64,
    /// Up to how much each message takes beside that, each way.
    pub jitter_ms: f64,
    /// Which share of time each direction stands still, and for how long at a time: `2%/300ms`.
    pub stall: Option<String>,
}

/// How players were put elsewhere than predicted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CorrectionReport {
    /// How often.
    pub count: u64,
    /// How far, in the game's units: 99 of 100 lie below it; `null` if there was none.
    pub p99_units: Option<f64>,
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
    pub(crate) link: Option<LinkSettings>,
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
    /// The path that was simulated between each client and the server; `null` if there was none.
    pub link: Option<LinkReport>,
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
    /// Clients that were in and were cut off before they left, and did not come back to their sessions.
    /// Cuts of one's own do not count.
    pub disconnected: u64,
    /// How often a client whose connection had been cut or had broken was back in its session.
    pub resumed: u64,
    /// Cuts of a client's own after which it was not back in its session.
    pub lost_sessions: u64,
    /// Clients that were sent something that is not the protocol, and gave up.
    pub decode_errors: u64,
    /// Why clients were not connected.
    pub not_connected_reasons: BTreeMap<String, u64>,
    /// Why clients were refused.
    pub refused_reasons: BTreeMap<String, u64>,
    /// Why clients were cut off.
    pub disconnected_reasons: BTreeMap<String, u64>,
    /// Why sessions were lost.
    pub lost_session_reasons: BTreeMap<String, u64>,
    /// What could not be decoded.
    pub decode_error_reasons: BTreeMap<String, u64>,

    /// From the end of a player's connection to the first snapshot over the next, of those that were
    /// back in their sessions. Of players alone: spectators, back with their welcome, see their room
    /// late by intention.
    pub resume_ms: Spread,
    /// Snapshots decoded, of all clients.
    pub snapshots: u64,
    /// Time between two snapshots that came to one client. A wait that had not ended when the
    /// client left counts as well, if it was longer than two ticks. From the end of a connection to
    /// after another warm-up nothing of a client is measured: `resume_ms` says how long it was away.
    pub snapshot_interval_ms: SpreadToMax,
    /// How long after the first client of its room a player had a snapshot: the age of what it
    /// knows, as far as this program can tell. The first player counts with 0, and one that this
    /// program serves late seems older.
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
    /// How often a player's own state was not what had been predicted, and how far it was put
    /// elsewhere.
    pub corrections: CorrectionReport,
    /// Of 100 ticks shown to players, how many had been made without their input, those of
    /// `stalled_inputs_percent` aside.
    pub late_inputs_percent: Option<f64>,
    /// Of 100 ticks shown to players, how many had been made without their input because the
    /// simulated path stood still when it was sent, or this program itself, for more than 100 ms
    /// and two ticks, when it was due.
    pub stalled_inputs_percent: Option<f64>,
    /// By how much a player's newest input was early when the server made a tick, as it tells
    /// with each snapshot, in whole ticks; negative if late.
    pub input_margin_ms: Spread,
    /// Of 100 moments that a player looked at, one for each of its ticks, how many lay beyond the
    /// newest snapshot it had, so that it had to be guessed what there was to see.
    pub extrapolated_percent: Option<f64>,
    /// How late this program itself served its clients. When it is long, the other times say
    /// more of this program than of the server.
    pub own_lateness_ms: SpreadToMax,
    /// The bots on a slow line.
    pub slow: SlowReport,
}

impl LinkReport {
    fn new(link: LinkSettings) -> LinkReport {
        LinkReport {
            latency_ms: link.latency.as_secs_f64() * 1e3,
            jitter_ms: link.jitter.as_secs_f64() * 1e3,
            stall: link.stall.map(|stall| stall.to_string()),
        }
    }
}

impl CorrectionReport {
    fn of(corrections: &Ways) -> CorrectionReport {
        CorrectionReport { count: corrections.count(), p99_units: corrections.percentile(99.0) }
    }
}

impl SlowReport {
    fn of(bots: u32, figures: &SlowFigures) -> SlowReport {
        SlowReport {
            bots,
            snapshots: figures.snapshots,
            snapshot_age_ms: SpreadToMax::of(&figures.snapshot_ages),
            snapshot_interval_ms: SpreadToMax::of(&figures.snapshot_intervals),
            kbit_per_s_per_client: kbit_per_s(figures.bytes_in, figures.client_time),
        }
    }
}

impl Report {
    pub(crate) fn new(setting: Setting, figures: &Figures) -> Report {
        let kbit_per_s = |bytes: u64| kbit_per_s(bytes, figures.client_time);
        let of_player_ticks = |inputs: u64| percent(inputs, figures.player_ticks);
        Report {
            url: setting.url,
            seed: setting.seed,
            bots: setting.bots,
            spectators: setting.spectators,
            duration_s: rounded(setting.duration.as_secs_f64()),
            link: setting.link.map(LinkReport::new),
            interrupted: setting.interrupted,
            tick_rate_hz: figures.tick_rate_hz,
            connected: figures.connected,
            not_connected: figures.not_connected.total(),
            refused: figures.refused.total(),
            disconnected: figures.disconnected.total(),
            resumed: figures.resumed,
            lost_sessions: figures.lost_sessions.total(),
            decode_errors: figures.decode_errors.total(),
            not_connected_reasons: figures.not_connected.by_reason().clone(),
            refused_reasons: figures.refused.by_reason().clone(),
            disconnected_reasons: figures.disconnected.by_reason().clone(),
            lost_session_reasons: figures.lost_sessions.by_reason().clone(),
            decode_error_reasons: figures.decode_errors.by_reason().clone(),
            resume_ms: Spread::of(&figures.resume_times),
            snapshots: figures.snapshots,
            snapshot_interval_ms: SpreadToMax::of(&figures.snapshot_intervals),
            snapshot_age_ms: SpreadToMax::of(&figures.snapshot_ages),
            snapshot_bytes: SizeSpread::of(&figures.snapshot_sizes),
            input_latency_ms: Spread::of(&figures.input_latencies),
            rtt_ms: Spread::of(&figures.round_trips),
            kbit_per_s_per_client: kbit_per_s(figures.bytes_in),
            sent_kbit_per_s_per_client: kbit_per_s(figures.bytes_out),
            corrections: CorrectionReport::of(&figures.corrections),
            late_inputs_percent: of_player_ticks(figures.late_inputs),
            stalled_inputs_percent: of_player_ticks(figures.stalled_inputs),
            input_margin_ms: Spread::of_margins(&figures.input_margins),
            extrapolated_percent: percent(figures.pictures_guessed, figures.pictures),
            own_lateness_ms: SpreadToMax::of(&figures.own_lateness),
            slow: SlowReport::of(setting.slow, &figures.slow),
        }
    }

    /// Whether every client came in, stayed to the end or came back each time, and understood all that
    /// it was sent.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let lost = self.disconnected + self.lost_sessions;
        self.not_connected + self.refused + lost + self.decode_errors == 0
    }

    /// The report as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain values")
    }
}

/// How many of 100; none is known of nothing.
fn percent(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| rounded(100.0 * part as f64 / all as f64))
}

/// The rate of so many bytes; none is known of no time at all.
fn kbit_per_s(bytes: u64, time: Duration) -> Option<f64> {
    (!time.is_zero()).then(|| rounded(bytes as f64 * 0.008 / time.as_secs_f64()))
}

/// To three digits after the point.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use tickwire_game::tick::TickRate;

    use super::*;

    fn setting() -> Setting {
        Setting {
            url: "ws://127.0.0.1:7777/ws".into(),
            seed: 7,
            bots: 2,
            slow: 1,
            spectators: 1,
            link: None,
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
        assert_eq!(json["corrections"]["count"], 0);
        assert!(json["corrections"]["p99_units"].is_null(), "there was none");
        for share in ["late_inputs_percent", "stalled_inputs_percent", "extrapolated_percent"] {
            assert!(json[share].is_null(), "no player was seen: {share}");
        }
        assert!(json["link"].is_null(), "it was the real line");
        assert!(json["rtt_ms"]["p50"].is_null(), "nothing was measured");
        assert!(json["tick_rate_hz"].is_null());
        assert!(json["disconnected_reasons"].is_object());
    }

    #[test]
    fn the_report_tells_of_prediction_and_of_the_path_it_was_put_to_test_on() {
        let mut figures = figures();
        figures.corrections.record(1.5);
        figures.player_ticks = 400;
        (figures.late_inputs, figures.stalled_inputs) = (1, 8);
        (figures.pictures, figures.pictures_guessed) = (200, 3);
        figures.input_margins.record(2, TickRate::new(50).expect("within the limits"));
        let link = LinkSettings {
            latency: Duration::from_millis(80),
            jitter: Duration::from_micros(2_500),
            stall: "2%/300ms".parse().ok(),
        };
        let report = Report::new(Setting { link: Some(link), ..setting() }, &figures);
        let json: serde_json::Value =
            serde_json::from_str(&report.to_json()).expect("it is one object");
        assert_eq!(json["corrections"], serde_json::json!({ "count": 1, "p99_units": 1.5 }));
        assert_eq!(json["late_inputs_percent"], 0.25);
        assert_eq!(json["stalled_inputs_percent"], 2.0);
        assert_eq!(json["extrapolated_percent"], 1.5);
        assert_eq!(json["input_margin_ms"], serde_json::json!({ "p50": 40.0, "p99": 40.0 }));
        let link = serde_json::json!(
            { "latency_ms": 80.0, "jitter_ms": 2.5, "stall": "2%/300ms" });
        assert_eq!(json["link"], link);
        let table = report.to_string();
        assert!(table.contains("path: latency 80 ms, jitter 2.5 ms, stalls 2%/300ms"), "{table}");
    }

    #[test]
    fn any_trouble_makes_a_report_unclean() {
        assert!(Report::new(setting(), &figures()).is_clean());
        let troubles: [fn(&mut Figures); 5] = [
            |figures| figures.not_connected.count("timeout"),
            |figures| figures.refused.count("full"),
            |figures| figures.disconnected.count("lost"),
            |figures| figures.lost_sessions.count("refused"),
            |figures| figures.decode_errors.count("noise"),
        ];
        for trouble in troubles {
            let mut figures = figures();
            trouble(&mut figures);
            assert!(!Report::new(setting(), &figures).is_clean());
        }
    }

    #[test]
    fn the_report_tells_who_came_back_and_how_soon() {
        let mut figures = figures();
        (1..=100).for_each(|ms| figures.resume_times.record(Duration::from_millis(ms)));
        figures.resumed = 100;
        assert!(Report::new(setting(), &figures).is_clean(), "all came back");
        figures.lost_sessions.count("not back at the end");
        let report = Report::new(setting(), &figures);
        let json: serde_json::Value =
            serde_json::from_str(&report.to_json()).expect("it is one object");
        assert_eq!((&json["resumed"], &json["lost_sessions"]), (&100.into(), &1.into()));
        assert_eq!(json["lost_session_reasons"], serde_json::json!({ "not back at the end": 1 }));
        for (part, ms) in [("p50", 50.0), ("p99", 99.0)] {
            let near = json["resume_ms"][part].as_f64().map(f64::round);
            assert_eq!(near, Some(ms), "{part}");
        }
        let table = report.to_string();
        let row = |what: &str| {
            let row = table.lines().find_map(|line| line.strip_prefix(what));
            row.map(|cells| cells.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(row("resumed ").as_deref(), Some("100"), "{table}");
        assert_eq!(row("lost sessions ").as_deref(), Some("1"), "{table}");
        let resume = row("resume, ms").unwrap_or_default();
        assert!(resume.starts_with("50.") && resume.ends_with('-'), "{table}");
        assert!(table.contains("1 x session lost: not back at the end"), "{table}");
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
