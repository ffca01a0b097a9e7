//! The report as a table for people.

use std::fmt;

use super::{LinkReport, Report};

impl fmt::Display for LinkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stall = self.stall.as_deref().unwrap_or("none");
        write!(f, "latency {} ms, jitter {} ms, stalls {stall}", self.latency_ms, self.jitter_ms)
    }
}

/// One row of figures below p50, p99 and max.
type FigureRow = (&'static str, Option<f64>, Option<f64>, Option<f64>);

/// A value that may not have been measured, in a column.
fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

impl Report {
    /// Whether this program was so late itself that the times say little of the server.
    fn is_own_fault(&self) -> bool {
        match (self.own_lateness_ms.p99, self.tick_rate_hz) {
            (Some(late), Some(hz)) => late * f64::from(hz) > 1000.0,
            _ => false,
        }
    }

    fn reasons(&self) -> impl Iterator<Item = (&'static str, &String, u64)> {
        let all = [
            ("not connected", &self.not_connected_reasons),
            ("refused", &self.refused_reasons),
            ("disconnected", &self.disconnected_reasons),
            ("session lost", &self.lost_session_reasons),
            ("decode error", &self.decode_error_reasons),
        ];
        all.into_iter().flat_map(|(what, reasons)| {
            reasons.iter().map(move |(reason, &times)| (what, reason, times))
        })
    }

    /// A gap follows it.
    fn write_setting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hz = self.tick_rate_hz.map_or_else(|| "-".to_owned(), |hz| hz.to_string());
        let cut_short = if self.interrupted { ", interrupted" } else { "" };
        writeln!(f, "{}  {hz} ticks/s  seed {}", self.url, self.seed)?;
        writeln!(
            f,
            "{} bots and {} spectators for {:.1} s{cut_short}",
            self.bots, self.spectators, self.duration_s
        )?;
        if let Some(link) = &self.link {
            writeln!(f, "over a simulated path: {link}")?;
        }
        writeln!(f)
    }

    fn write_counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("connected", self.connected),
            ("not connected", self.not_connected),
            ("refused", self.refused),
            ("disconnected", self.disconnected),
            ("resumed", self.resumed),
            ("lost sessions", self.lost_sessions),
            ("decode errors", self.decode_errors),
            ("snapshots", self.snapshots),
            ("corrections", self.corrections.count),
        ];
        counts.into_iter().try_for_each(|(what, count)| writeln!(f, "{what:<28}{count:>10}"))
    }

    /// A gap follows it.
    fn write_shares(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = [
            ("late inputs, %", self.late_inputs_percent),
            ("stalled inputs, %", self.stalled_inputs_percent),
            ("extrapolated, %", self.extrapolated_percent),
            ("received, kbit/s a client", self.kbit_per_s_per_client),
            ("sent, kbit/s a client", self.sent_kbit_per_s_per_client),
        ];
        let of_slow = ("received, kbit/s a slow bot", self.slow.kbit_per_s_per_client);
        for (what, share) in shares.into_iter().chain(self.has_slow().then_some(of_slow)) {
            writeln!(f, "{what:<28}{:>10}", cell(share))?;
        }
        writeln!(f)
    }

    fn write_spreads(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<28}{:>10}{:>10}{:>10}", "", "p50", "p99", "max")?;
        let of_slow = self.has_slow().then(|| self.rows_of_slow()).into_iter().flatten();
        for (what, p50, p99, max) in self.rows().into_iter().chain(of_slow) {
            writeln!(f, "{what:<28}{:>10}{:>10}{:>10}", cell(p50), cell(p99), cell(max))?;
        }
        Ok(())
    }

    fn has_slow(&self) -> bool {
        self.slow.bots > 0
    }

    fn rows(&self) -> [FigureRow; 8] {
        let (interval, own) = (self.snapshot_interval_ms, self.own_lateness_ms);
        let (input, rtt) = (self.input_latency_ms, self.rtt_ms);
        let (age, margin) = (self.snapshot_age_ms, self.input_margin_ms);
        let resume = self.resume_ms;
        [
            ("snapshot interval, ms", interval.p50, interval.p99, interval.max),
            ("snapshot age, ms", age.p50, age.p99, age.max),
            ("input latency, ms", input.p50, input.p99, None),
            ("input margin, ms", margin.p50, margin.p99, None),
            ("correction, units", None, self.corrections.p99_units, None),
            ("round trip, ms", rtt.p50, rtt.p99, None),
            ("resume, ms", resume.p50, resume.p99, None),
            ("own lateness, ms", own.p50, own.p99, own.max),
        ]
    }

    fn rows_of_slow(&self) -> [FigureRow; 2] {
        let (interval, age) = (self.slow.snapshot_interval_ms, self.slow.snapshot_age_ms);
        [
            ("slow bots' interval, ms", interval.p50, interval.p99, interval.max),
            ("slow bots' age, ms", age.p50, age.p99, age.max),
        ]
    }

    /// The end of its last line is left to what follows, if anything does.
    fn write_sizes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.snapshot_bytes;
        let size = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
        writeln!(f, "{:<28}{:>10}{:>10}", "snapshot, bytes", size(bytes.p50), size(bytes.p99))?;
        write!(f, "{:<28}{:>10}", "snapshot, bytes, mean", cell(bytes.mean))
    }

    fn write_trouble(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (what, reason, times)) in self.reasons().enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            write!(f, "{gap}\n{times} x {what}: {reason}")?;
        }
        if self.is_own_fault() {
            let warning = "The bots themselves were late by more than a tick: the times above say \
                           more of this program and its machine than of the server.";
            write!(f, "\n\n{warning}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_setting(f)?;
        self.write_counts(f)?;
        self.write_shares(f)?;
        self.write_spreads(f)?;
        self.write_sizes(f)?;
        self.write_trouble(f)
    }
}
