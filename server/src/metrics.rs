//! What the server counts, as plain atomics that any thread adds to, and how late ticks are.
//!
//! Nothing here decides anything; `/api/status` shows it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use shared::protocol::{End, Refusal};

use crate::connection::ConnectionCounters;
use crate::room::{COUNTERS, RoomCounters};

/// All counters, from server start, and a few maxima.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// TCP connections accepted.
    pub(crate) accepted: AtomicU64,
    /// Accepts that failed, for want of file descriptors mostly.
    pub(crate) accept_errors: AtomicU64,
    /// Sessions that reached a room.
    pub(crate) sessions: AtomicU64,
    /// Hellos that were refused.
    refusals: AtomicU64,
    /// Spectators among these, who were refused because as many as may be watch already.
    pub(crate) spectators_refused: AtomicU64,
    /// Rooms opened.
    pub(crate) rooms: AtomicU64,
    /// Rooms that ended by a fault of their own.
    pub(crate) rooms_failed: AtomicU64,
    /// Recordings that ended before the server did: with their room, or by the disk.
    pub(crate) recordings_ended: AtomicU64,
    /// Ticks made.
    pub(crate) ticks: AtomicU64,
    /// Passes that found more than one tick due.
    pub(crate) overruns: AtomicU64,
    /// Ticks given up because a room was too late.
    pub(crate) ticks_skipped: AtomicU64,
    /// Ticks made at less than the full pace.
    pub(crate) ticks_slowed: AtomicU64,
    /// Times that a room's pace changed.
    pub(crate) paces: AtomicU64,
    joins_refused_overloaded: AtomicU64,
    /// Messages of clients in rooms that were refused, since more came than a client may send.
    pub(crate) messages_refused: AtomicU64,
    /// Inputs that came from spectators.
    pub(crate) inputs_ignored: AtomicU64,
    /// Passes in which a client was not read to the end, since more bytes or frames came than are
    /// read.
    pub(crate) reads_limited: AtomicU64,
    /// Messages written to clients in rooms.
    pub(crate) messages_out: AtomicU64,
    /// Bytes read from sockets in rooms, frames and all.
    pub(crate) bytes_in: AtomicU64,
    /// Bytes taken by the kernel from sockets in rooms, frames and all.
    pub(crate) bytes_out: AtomicU64,
    /// Ticks of shared streams that a spectator's socket took.
    pub(crate) broadcast_writes: AtomicU64,
    /// Times that a spectator was told nothing of a tick that was due, since it is behind.
    pub(crate) broadcast_skips: AtomicU64,
    /// What rooms count themselves, all rooms together, in the order of [`RoomCounters::named`].
    pub(crate) of_rooms: [AtomicU64; COUNTERS],
    tick_lateness: Lateness,
    pass_max_us: AtomicU64,
    ends: [AtomicU64; End::ALL.len()],
}

impl Metrics {
    /// A connection ended.
    pub(crate) fn count_end(&self, end: End) {
        let at = End::ALL.iter().position(|other| *other == end).expect("ALL has all ends");
        self.ends[at].fetch_add(1, Relaxed);
    }

    /// Someone was told why not to come in.
    pub(crate) fn count_refusal(&self, refusal: Refusal) {
        self.refusals.fetch_add(1, Relaxed);
        if refusal == Refusal::Overloaded {
            self.joins_refused_overloaded.fetch_add(1, Relaxed);
        }
    }

    /// So many ticks are made, the first `late` after its deadline and each of the others a
    /// `period` less.
    pub(crate) fn late(&self, late: Duration, period: Duration, steps: u32) {
        let mut histogram = self.tick_lateness.0.lock().unwrap_or_else(PoisonError::into_inner);
        for step in 0..steps {
            histogram.saturating_record(late.saturating_sub(period * step).as_micros() as u64);
        }
    }

    /// A connection was read: what it had counted before, what it has now, and whether it was not
    /// read to the end.
    pub(crate) fn heard(
        &self,
        before: &ConnectionCounters,
        now: &ConnectionCounters,
        limited: bool,
    ) {
        // Nearly always nothing has changed, and atomics of all threads cost more than a look.
        for (counter, more) in [
            (&self.messages_refused, now.messages_refused - before.messages_refused),
            (&self.inputs_ignored, now.inputs_ignored - before.inputs_ignored),
            (&self.reads_limited, limited.into()),
        ] {
            if more > 0 {
                counter.fetch_add(more, Relaxed);
            }
        }
    }

    /// A pass took so long.
    pub(crate) fn pass(&self, took: Duration) {
        self.pass_max_us.fetch_max(took.as_micros() as u64, Relaxed);
    }

    /// All of it as one JSON object.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let ends: serde_json::Map<String, serde_json::Value> = End::ALL
            .iter()
            .zip(&self.ends)
            .map(|(end, count)| (end.name().to_owned(), count.load(Relaxed).into()))
            .collect();
        let of_rooms: serde_json::Map<String, serde_json::Value> = RoomCounters::default()
            .named()
            .iter()
            .zip(&self.of_rooms)
            .map(|((name, _), count)| ((*name).to_owned(), count.load(Relaxed).into()))
            .collect();
        serde_json::json!({
            "accepted": self.accepted.load(Relaxed),
            "accept_errors": self.accept_errors.load(Relaxed),
            "sessions": self.sessions.load(Relaxed),
            "refusals": self.refusals.load(Relaxed),
            "spectators_refused": self.spectators_refused.load(Relaxed),
            "rooms": self.rooms.load(Relaxed),
            "rooms_failed": self.rooms_failed.load(Relaxed),
            "recordings_ended": self.recordings_ended.load(Relaxed),
            "ticks": self.ticks.load(Relaxed),
            "overruns": self.overruns.load(Relaxed),
            "ticks_skipped": self.ticks_skipped.load(Relaxed),
            "ticks_slowed": self.ticks_slowed.load(Relaxed),
            "paces": self.paces.load(Relaxed),
            "joins_refused_overloaded": self.joins_refused_overloaded.load(Relaxed),
            "tick_lateness_us": self.tick_lateness.to_json(),
            "pass_max_us": self.pass_max_us.load(Relaxed),
            "messages_refused": self.messages_refused.load(Relaxed),
            "inputs_ignored": self.inputs_ignored.load(Relaxed),
            "reads_limited": self.reads_limited.load(Relaxed),
            "messages_out": self.messages_out.load(Relaxed),
            "bytes_in": self.bytes_in.load(Relaxed),
            "bytes_out": self.bytes_out.load(Relaxed),
            "broadcast_writes": self.broadcast_writes.load(Relaxed),
            "broadcast_skips": self.broadcast_skips.load(Relaxed),
            "of_rooms": of_rooms,
            "ends": ends,
        })
    }
}

/// How late ticks were made, in microseconds.
#[derive(Debug)]
struct Lateness(Mutex<Histogram<u64>>);

impl Lateness {
    /// What is later counts as this.
    const MAX_US: u64 = 60_000_000;
    /// So many decimal digits of each are kept.
    const DIGITS: u8 = 2;

    fn to_json(&self) -> serde_json::Value {
        let histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::json!({
            "p50": histogram.value_at_quantile(0.5),
            "p99": histogram.value_at_quantile(0.99),
            "max": histogram.max(),
        })
    }
}

impl Default for Lateness {
    fn default() -> Lateness {
        let histogram = Histogram::new_with_max(Lateness::MAX_US, Lateness::DIGITS);
        Lateness(Mutex::new(histogram.expect("these bounds are allowed")))
    }
}
