//! The report as a table for people.

use std::fmt;

use super::{LinkReport, Report};

impl fmt::Display for LinkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stall = self.stall.as_deref().unwrap_or("none");
        write!(f, "latency {} ms, jitter {} ms, stalls {stall}", self.latency_ms, self.jitter_ms)
    }
}

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
            ("decode error", &self.decode_error_reasons),
        ];
        all.into_iter().flat_map(|(what, reasons)| {
            reasons.iter().map(move |(reason, &times)| (what, reason, times))
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        writeln!(f)?;
        let counts = [
            ("connected", self.connected),
            ("not connected", self.not_connected),
            ("refused", self.refused),
            ("disconnected", self.disconnected),
            ("decode errors", self.decode_errors),
            ("snapshots", self.snapshots),
            ("corrections", self.corrections.count),
        ];
        for (what, count) in counts {
            writeln!(f, "{what:<28}{count:>10}")?;
        }
        let shares = [
            ("late inputs, %", self.late_inputs_percent),
            ("stalled inputs, %", self.stalled_inputs_percent),
            ("extrapolated, %", self.extrapolated_percent),
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
        let (age, margin) = (self.snapshot_age_ms, self.input_margin_ms);
        let rows = [
            ("snapshot interval, ms", interval.p50, interval.p99, interval.max),
            ("snapshot age, ms", age.p50, age.p99, age.max),
            ("input latency, ms", input.p50, input.p99, None),
            ("input margin, ms", margin.p50, margin.p99, None),
            ("correction, units", None, self.corrections.p99_units, None),
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
