//! What the server counts, as plain atomics that any thread adds to.
//!
//! Nothing here decides anything; `/api/status` shows it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use shared::protocol::End;

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
    pub(crate) refusals: AtomicU64,
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
    lateness_max_us: AtomicU64,
    pass_max_us: AtomicU64,
    ends: [AtomicU64; End::ALL.len()],
}

impl Metrics {
    /// A connection ended.
    pub(crate) fn count_end(&self, end: End) {
        let at = End::ALL.iter().position(|other| *other == end).expect("ALL has all ends");
        self.ends[at].fetch_add(1, Relaxed);
    }

    /// A pass began `late` after its deadline and took `took`.
    pub(crate) fn pass(&self, late: Duration, took: Duration) {
        self.lateness_max_us.fetch_max(late.as_micros() as u64, Relaxed);
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
            "lateness_max_us": self.lateness_max_us.load(Relaxed),
            "pass_max_us": self.pass_max_us.load(Relaxed),
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
