//! What a run of abuse says at its end: one JSON object, or a table for people.
//!
//! Owns the names of what is reported; other programs read them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use tickwire_game::protocol::DisconnectReason;

use super::attempt::{Attempt, AttemptOutcome};

/// What became of all connections of a run.
///
/// Each attempt is in exactly one of `not_connected`, `refused_http`, `ends`, `cut`, `left` and
/// `still_open`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AbuseReport {
    /// How the server was abused.
    pub kind: String,
    /// The server.
    pub url: String,
    /// Where random bytes were taken from.
    pub seed: u64,
    /// How many abusers there were at a time.
    pub abusers: u32,
    /// Connections that were tried.
    pub attempts: u64,
    /// TCP connections that were made.
    pub connected: u64,
    /// WebSockets among these.
    pub upgraded: u64,
    /// Those among these that came into a room.
    pub joined: u64,
    /// Connections that were not made, by reason.
    pub not_connected: BTreeMap<String, u64>,
    /// Answers to HTTP that were no upgrade, by status; 0 is what is not HTTP.
    pub refused_http: BTreeMap<u16, u64>,
    /// Hellos that were refused, by reason. They are among the `ends`, too.
    pub refused: BTreeMap<String, u64>,
    /// Closes that the server sent, by code and name: `1002 protocol`.
    pub ends: BTreeMap<String, u64>,
    /// Connections that the server ended without a word.
    pub cut: u64,
    /// Connections that the abuser ended.
    pub left: u64,
    /// Connections that were still there at the end.
    pub still_open: u64,
    /// Bytes that were sent.
    pub bytes_out: u64,
    /// Bytes that came and were read.
    pub bytes_in: u64,
    /// How long it took, in seconds.
    pub duration_s: f64,
    /// Whether it was ended before its time by the user.
    pub interrupted: bool,
}

impl AbuseReport {
    pub(super) fn count(&mut self, attempt: &Attempt) {
        let hearing = &attempt.hearing;
        self.attempts += 1;
        self.bytes_out += attempt.bytes_out;
        self.bytes_in += hearing.bytes_in();
        self.connected += u64::from(!matches!(attempt.outcome, AttemptOutcome::NotConnected(_)));
        self.upgraded += u64::from(hearing.is_upgraded());
        self.joined += u64::from(hearing.is_welcome());
        if let Some(refusal) = hearing.refusal() {
            *self.refused.entry(refusal.to_string()).or_default() += 1;
        }
        match &attempt.outcome {
            AttemptOutcome::NotConnected(error) => {
                *self.not_connected.entry(error.kind().to_string()).or_default() += 1;
            }
            AttemptOutcome::StillOpen => self.still_open += 1,
            AttemptOutcome::Left => self.left += 1,
            AttemptOutcome::Ended => match (hearing.status(), hearing.close()) {
                (_, Some(code)) => *self.ends.entry(end_name(code)).or_default() += 1,
                (Some(status), None) if !hearing.is_upgraded() => {
                    *self.refused_http.entry(status).or_default() += 1;
                }
                _ => self.cut += 1,
            },
        }
    }

    pub(super) fn close(&mut self, duration: Duration, interrupted: bool) {
        self.duration_s = duration.as_secs_f64();
        self.interrupted = interrupted;
    }

    /// As one JSON object.
    ///
    /// # Panics
    /// Never: it is plain values.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a report is plain values")
    }
}

fn end_name(code: u16) -> String {
    match DisconnectReason::from_code(code) {
        Some(end) => format!("{code} {end}"),
        None => code.to_string(),
    }
}

impl fmt::Display for AbuseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut_short = if self.interrupted { ", interrupted" } else { "" };
        writeln!(f, "{}  seed {}", self.url, self.seed)?;
        writeln!(
            f,
            "{} abusers at a time by {} for {:.1} s{cut_short}\n",
            self.abusers, self.kind, self.duration_s
        )?;
        let mut row = |what: &str, count: u64| writeln!(f, "{what:<40}{count:>12}");
        row("attempts", self.attempts)?;
        row("connected", self.connected)?;
        row("upgraded", self.upgraded)?;
        row("joined", self.joined)?;
        for (reason, &count) in &self.not_connected {
            row(&format!("not connected: {reason}"), count)?;
        }
        for (status, &count) in &self.refused_http {
            row(&format!("answered with {status}"), count)?;
        }
        for (reason, &count) in &self.refused {
            row(&format!("refused: {reason}"), count)?;
        }
        for (end, &count) in &self.ends {
            row(&format!("closed: {end}"), count)?;
        }
        row("cut without a word", self.cut)?;
        row("left", self.left)?;
        row("still open at the end", self.still_open)?;
        row("bytes sent", self.bytes_out)?;
        row("bytes read", self.bytes_in)
    }
}
