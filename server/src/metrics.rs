//! What the server counts, as plain atomics that any thread adds to, and how late ticks are.
//!
//! Nothing here decides anything; `/api/status` shows it. Gauges are stored by whoever owns what they
//! measure.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use hyper::StatusCode;
use shared::protocol::{End, Refusal};

use crate::connection::ConnectionCounters;
use crate::room::{COUNTERS, RoomCounters};

/// The statuses by which HTTP refuses, each of which has its counter.
const REFUSED: [u16; 9] = [400, 403, 405, 408, 414, 426, 429, 431, 503];

/// All counters, from server start, and a few maxima.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// TCP connections accepted.
    pub(crate) accepted: AtomicU64,
    /// Accepts that failed, for want of file descriptors mostly.
    pub(crate) accept_errors: AtomicU64,
    /// TLS handshakes that came to nothing.
    pub(crate) tls_handshakes_failed: AtomicU64,
    /// Certificates that took the place of another.
    pub(crate) tls_reloads: AtomicU64,
    /// Times that the files of the certificate changed for what is none.
    pub(crate) tls_reload_errors: AtomicU64,
    /// Openings that were closed so that newer ones have a place.
    pub(crate) openings_evicted: AtomicU64,
    /// Openings that were not done in time.
    deadlines_missed: AtomicU64,
    /// Connections that an address had too many of.
    pub(crate) address_connections_refused: AtomicU64,
    /// Connections that an address opened too often.
    pub(crate) address_connects_refused: AtomicU64,
    /// Requests refused, by [`REFUSED`].
    refused_http: [AtomicU64; REFUSED.len()],
    /// Hellos that were refused because memory is scarce.
    pub(crate) joins_refused_memory: AtomicU64,
    /// Connections at the public listener that are in no room yet, now.
    pub(crate) openings: AtomicU64,
    /// Tasks at the door, now.
    pub(crate) door_tasks: AtomicU64,
    /// Addresses that are remembered, now.
    pub(crate) addresses: AtomicU64,
    /// Players and spectators in all rooms, now.
    pub(crate) people: AtomicU64,
    /// Memory in use when last looked at; 0 where the system does not tell.
    pub(crate) memory_bytes: AtomicU64,
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
    /// Hellos among those refused that had no ticket where one is needed, or one that is not good.
    tickets_refused: AtomicU64,
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
        if end == End::HelloTimeout {
            self.count_late();
        }
    }

    /// A request was answered so.
    pub(crate) fn count_http(&self, status: StatusCode) {
        if let Some(at) = REFUSED.iter().position(|refused| *refused == status.as_u16()) {
            self.refused_http[at].fetch_add(1, Relaxed);
        }
    }

    /// An opening was not done in time.
    pub(crate) fn count_late(&self) {
        self.deadlines_missed.fetch_add(1, Relaxed);
    }

    /// Someone was told why not to come in.
    pub(crate) fn count_refusal(&self, refusal: Refusal) {
        self.refusals.fetch_add(1, Relaxed);
        match refusal {
            Refusal::Overloaded => {
                self.joins_refused_overloaded.fetch_add(1, Relaxed);
            }
            Refusal::TicketRequired | Refusal::TicketInvalid | Refusal::TicketExpired => {
                self.tickets_refused.fetch_add(1, Relaxed);
            }
            _ => {}
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
        let refused_http: serde_json::Map<String, serde_json::Value> = REFUSED
            .iter()
            .zip(&self.refused_http)
            .map(|(status, count)| (status.to_string(), count.load(Relaxed).into()))
            .collect();
        let memory = Some(self.memory_bytes.load(Relaxed)).filter(|bytes| *bytes > 0);
        serde_json::json!({
            "openings": self.openings.load(Relaxed),
            "door_tasks": self.door_tasks.load(Relaxed),
            "addresses": self.addresses.load(Relaxed),
            "people": self.people.load(Relaxed),
            "memory_bytes": memory,
            "openings_evicted": self.openings_evicted.load(Relaxed),
            "deadlines_missed": self.deadlines_missed.load(Relaxed),
            "address_connections_refused": self.address_connections_refused.load(Relaxed),
            "address_connects_refused": self.address_connects_refused.load(Relaxed),
            "refused_http": refused_http,
            "joins_refused_memory": self.joins_refused_memory.load(Relaxed),
            "accepted": self.accepted.load(Relaxed),
            "accept_errors": self.accept_errors.load(Relaxed),
            "tls_handshakes_failed": self.tls_handshakes_failed.load(Relaxed),
            "tls_reloads": self.tls_reloads.load(Relaxed),
            "tls_reload_errors": self.tls_reload_errors.load(Relaxed),
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
            "tickets_refused": self.tickets_refused.load(Relaxed),
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
