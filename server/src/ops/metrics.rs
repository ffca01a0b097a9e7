//! [`Metrics`]: the counters of a server, as plain atomics that every thread adds to, and a histogram
//! of tick lateness.
//!
//! Nothing here makes decisions; `/api/status` serves it. A gauge is stored by the owner of what it
//! measures.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use hyper::StatusCode;
use tickwire_game::protocol::{DisconnectReason, JoinError};

use crate::ops::log;
use tickwire_host::Effects;
use tickwire_host::mailbox::PassCounters;
use tickwire_host::room::RoomCounters;

/// The HTTP statuses of rejections, each of which has a counter.
const REFUSED: [u16; 9] = [400, 403, 405, 408, 414, 426, 429, 431, 503];

/// All counters since the server started, and the current gauges.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// TCP connections accepted.
    pub(crate) accepted: AtomicU64,
    /// Accepts that failed, mostly for lack of file descriptors.
    pub(crate) accept_errors: AtomicU64,
    /// TLS handshakes that failed.
    pub(crate) tls_handshakes_failed: AtomicU64,
    /// Certificates that were reloaded.
    pub(crate) tls_reloads: AtomicU64,
    /// Times that the certificate's files changed and could not be loaded.
    pub(crate) tls_reload_errors: AtomicU64,
    /// Pending connections that were closed to make room for newer ones.
    pub(crate) pending_evicted: AtomicU64,
    /// Pending connections that exceeded a deadline.
    deadlines_missed: AtomicU64,
    /// WebSockets rejected because their address had too many open.
    pub(crate) address_connections_refused: AtomicU64,
    /// HTTP connections rejected because their address had too many in use.
    pub(crate) address_http_connections_refused: AtomicU64,
    /// WebSockets rejected because their address opened too many lately.
    pub(crate) address_connects_refused: AtomicU64,
    /// Requests and connections rejected because of the request rate of their address.
    pub(crate) address_requests_refused: AtomicU64,
    /// HTTP requests rejected, by status, in the order of [`REFUSED`].
    refused_http: [AtomicU64; REFUSED.len()],
    /// Joins refused because memory is scarce.
    pub(crate) joins_refused_memory: AtomicU64,
    /// Gauge: connections of the public listener that are not in a room yet.
    pub(crate) pending_connections: AtomicU64,
    /// Gauge: open WebSockets, also those that are about to join or are being closed.
    websockets_open: AtomicU64,
    /// Gauge: tasks of the edge.
    pub(crate) edge_tasks: AtomicU64,
    /// Gauge: addresses in the address limiter.
    pub(crate) addresses: AtomicU64,
    /// Gauge: players and spectators in all rooms.
    pub(crate) people: AtomicU64,
    /// Gauge: players in all rooms.
    pub(crate) players: AtomicU64,
    /// Gauge: memory in use, in bytes; 0 where the system does not report it.
    pub(crate) memory_bytes: AtomicU64,
    /// Gauge: bytes of the heap that are in use; 0 if nobody counts them.
    pub(crate) memory_live_bytes: AtomicU64,
    /// Joins refused for any reason.
    refusals: AtomicU64,
    /// Spectators refused because their room has the most spectators already.
    pub(crate) spectators_refused: AtomicU64,
    /// Rooms opened.
    pub(crate) rooms: AtomicU64,
    /// Deserted rooms that made way for others.
    pub(crate) rooms_evicted: AtomicU64,
    /// Gauge: rooms.
    pub(crate) rooms_open: AtomicU64,
    /// Gauge: rooms that nobody is in.
    pub(crate) rooms_deserted: AtomicU64,
    /// Rooms that ended by a panic in the game.
    pub(crate) rooms_failed: AtomicU64,
    /// Shards that were taken over by a new thread.
    pub(crate) shards_recovered: AtomicU64,
    /// Rooms that went on from a checkpoint.
    pub(crate) rooms_restored: AtomicU64,
    /// Recordings that ended before the server did: with their room, or because of the disk.
    pub(crate) recordings_ended: AtomicU64,
    /// Joins refused because the room or its shard is overloaded.
    joins_refused_overloaded: AtomicU64,
    /// Joins refused because too many rooms were being built.
    rooms_refused_building: AtomicU64,
    /// Joins refused because all rooms of the server were taken.
    rooms_refused_max: AtomicU64,
    /// Joins refused because their address or subject had opened too many rooms.
    own_rooms_refused_max: AtomicU64,
    /// Joins refused because their address or subject opened rooms too often.
    own_rooms_refused_rate: AtomicU64,
    /// Joins refused because of a missing, invalid or expired ticket.
    tickets_refused: AtomicU64,
    room_settings_refused: AtomicU64,
    /// The counters of passes, in the order of [`PassCounters::named`].
    passes: [AtomicU64; PassCounters::COUNT],
    /// The counters of rooms, in the order of [`RoomCounters::named`].
    of_rooms: RoomTotals,
    tick_lateness: LatenessHistogram,
    /// The longest pass, in microseconds.
    pass_max_us: AtomicU64,
    /// Connections that ended, by reason, in the order of [`DisconnectReason::ALL`].
    ends: [AtomicU64; DisconnectReason::ALL.len()],
}

/// A type of its own, since no array of more than 32 has a default.
#[derive(Debug)]
struct RoomTotals([AtomicU64; RoomCounters::COUNT]);

impl Default for RoomTotals {
    fn default() -> RoomTotals {
        RoomTotals(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Metrics {
    /// Counts a connection that ended.
    pub(crate) fn count_end(&self, end: DisconnectReason) {
        let at = DisconnectReason::ALL
            .iter()
            .position(|other| *other == end)
            .expect("ALL lists every reason");
        self.ends[at].fetch_add(1, Relaxed);
        if end == DisconnectReason::HelloTimeout {
            self.count_missed_deadline();
        }
    }

    /// Counts the status of an HTTP response, if it is a rejection.
    pub(crate) fn count_http(&self, status: StatusCode) {
        if let Some(at) = REFUSED.iter().position(|refused| *refused == status.as_u16()) {
            self.refused_http[at].fetch_add(1, Relaxed);
        }
    }

    /// Counts a pending connection that exceeded a deadline.
    pub(crate) fn count_missed_deadline(&self) {
        self.deadlines_missed.fetch_add(1, Relaxed);
    }

    /// Counts a refused join.
    pub(crate) fn count_refusal(&self, refusal: &JoinError) {
        self.refusals.fetch_add(1, Relaxed);
        match refusal {
            JoinError::Overloaded => {
                self.joins_refused_overloaded.fetch_add(1, Relaxed);
            }
            JoinError::RoomsBuilding => {
                self.rooms_refused_building.fetch_add(1, Relaxed);
            }
            JoinError::RoomsMax => {
                self.rooms_refused_max.fetch_add(1, Relaxed);
            }
            JoinError::OwnRoomsMax => {
                self.own_rooms_refused_max.fetch_add(1, Relaxed);
            }
            JoinError::OwnRoomsRate => {
                self.own_rooms_refused_rate.fetch_add(1, Relaxed);
            }
            JoinError::TicketRequired | JoinError::TicketInvalid | JoinError::TicketExpired => {
                self.tickets_refused.fetch_add(1, Relaxed);
            }
            JoinError::SettingsTooLong
            | JoinError::SettingsWithoutRoom
            | JoinError::SettingsUnreadable(_)
            | JoinError::SettingNotAllowed(_)
            | JoinError::SettingInvalid(_)
            | JoinError::SettingsRefused(_) => {
                self.room_settings_refused.fetch_add(1, Relaxed);
            }
            _ => {}
        }
    }

    /// Adds the counters of a shard, and resets them there.
    pub(crate) fn add_effects(&self, effects: &mut Effects) {
        let (passes, rooms) = (&effects.counters, &effects.rooms);
        // Most are 0, and a shared atomic costs more than the check.
        let add = |counters: &[AtomicU64], more: &[(&'static str, u64)]| {
            for (counter, (_, more)) in counters.iter().zip(more).filter(|(_, (_, more))| *more > 0)
            {
                counter.fetch_add(*more, Relaxed);
            }
        };
        add(&self.passes, &passes.named());
        add(&self.of_rooms.0, &rooms.named());
        (effects.counters, effects.rooms) = Default::default();
        if effects.recordings_ended > 0 {
            self.recordings_ended.fetch_add(effects.recordings_ended, Relaxed);
            effects.recordings_ended = 0;
        }
        if !effects.tick_lateness.is_empty() {
            let mut lateness = self.tick_lateness.0.lock().unwrap_or_else(PoisonError::into_inner);
            for late in effects.tick_lateness.drain(..) {
                lateness.saturating_record(late.as_micros() as u64);
            }
        }
    }

    /// Records how long a pass took.
    pub(crate) fn record_pass(&self, took: Duration) {
        self.pass_max_us.fetch_max(took.as_micros() as u64, Relaxed);
    }

    /// All counters and gauges as one JSON object.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let ends: serde_json::Map<String, serde_json::Value> = DisconnectReason::ALL
            .iter()
            .zip(&self.ends)
            .map(|(end, count)| (end.name().to_owned(), count.load(Relaxed).into()))
            .collect();
        let of_rooms = counters_by_name(&RoomCounters::default().named(), &self.of_rooms.0);
        let refused_http: serde_json::Map<String, serde_json::Value> = REFUSED
            .iter()
            .zip(&self.refused_http)
            .map(|(status, count)| (status.to_string(), count.load(Relaxed).into()))
            .collect();
        let known = |gauge: &AtomicU64| Some(gauge.load(Relaxed)).filter(|bytes| *bytes > 0);
        let mut json = serde_json::json!({
            "pending_connections": self.pending_connections.load(Relaxed),
            "edge_tasks": self.edge_tasks.load(Relaxed),
            "addresses": self.addresses.load(Relaxed),
            "people": self.people.load(Relaxed),
            "players": self.players.load(Relaxed),
            "memory_bytes": known(&self.memory_bytes),
            "memory_live_bytes": known(&self.memory_live_bytes),
            "pending_evicted": self.pending_evicted.load(Relaxed),
            "deadlines_missed": self.deadlines_missed.load(Relaxed),
            "address_connections_refused": self.address_connections_refused.load(Relaxed),
            "address_http_connections_refused":
                self.address_http_connections_refused.load(Relaxed),
            "address_connects_refused": self.address_connects_refused.load(Relaxed),
            "address_requests_refused": self.address_requests_refused.load(Relaxed),
            "refused_http": refused_http,
            "joins_refused_memory": self.joins_refused_memory.load(Relaxed),
            "accepted": self.accepted.load(Relaxed),
            "accept_errors": self.accept_errors.load(Relaxed),
            "tls_handshakes_failed": self.tls_handshakes_failed.load(Relaxed),
            "tls_reloads": self.tls_reloads.load(Relaxed),
            "tls_reload_errors": self.tls_reload_errors.load(Relaxed),
            "refusals": self.refusals.load(Relaxed),
            "spectators_refused": self.spectators_refused.load(Relaxed),
            "rooms": self.rooms.load(Relaxed),
            "rooms_open": self.rooms_open.load(Relaxed),
            "rooms_deserted": self.rooms_deserted.load(Relaxed),
            "rooms_evicted": self.rooms_evicted.load(Relaxed),
            "rooms_failed": self.rooms_failed.load(Relaxed),
            "recordings_ended": self.recordings_ended.load(Relaxed),
            "joins_refused_overloaded": self.joins_refused_overloaded.load(Relaxed),
            "log_lines_dropped": log::COUNTERS.dropped.load(Relaxed),
            "log_lines_paced": log::COUNTERS.paced.load(Relaxed),
            "rooms_refused_building": self.rooms_refused_building.load(Relaxed),
            "rooms_refused_max": self.rooms_refused_max.load(Relaxed),
            "own_rooms_refused_max": self.own_rooms_refused_max.load(Relaxed),
            "own_rooms_refused_rate": self.own_rooms_refused_rate.load(Relaxed),
            "tickets_refused": self.tickets_refused.load(Relaxed),
            "room_settings_refused": self.room_settings_refused.load(Relaxed),
            "tick_lateness_us": self.tick_lateness.to_json(),
            "pass_max_us": self.pass_max_us.load(Relaxed),
            "of_rooms": of_rooms,
            "ends": ends,
        });
        if let Some(all) = json.as_object_mut() {
            all.extend(counters_by_name(&PassCounters::default().named(), &self.passes));
            for (name, count) in [
                ("websockets_open", &self.websockets_open),
                ("shards_recovered", &self.shards_recovered),
                ("rooms_restored", &self.rooms_restored),
            ] {
                all.insert(name.to_owned(), count.load(Relaxed).into());
            }
        }
        json
    }
}

/// Counts one WebSocket as open until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenWebSocket(Arc<Metrics>);

impl OpenWebSocket {
    pub(crate) fn count(metrics: &Arc<Metrics>) -> OpenWebSocket {
        metrics.websockets_open.fetch_add(1, Relaxed);
        OpenWebSocket(Arc::clone(metrics))
    }
}

impl Drop for OpenWebSocket {
    fn drop(&mut self) {
        self.0.websockets_open.fetch_sub(1, Relaxed);
    }
}

fn counters_by_name(
    names: &[(&'static str, u64)],
    counters: &[AtomicU64],
) -> serde_json::Map<String, serde_json::Value> {
    let named = names.iter().zip(counters);
    named.map(|((name, _), count)| ((*name).to_owned(), count.load(Relaxed).into())).collect()
}

/// How late ticks were made, in microseconds.
#[derive(Debug)]
struct LatenessHistogram(Mutex<Histogram<u64>>);

impl LatenessHistogram {
    /// Larger values are recorded as this.
    const MAX_US: u64 = 60_000_000;
    /// Significant decimal digits of each value.
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

impl Default for LatenessHistogram {
    fn default() -> LatenessHistogram {
        let histogram =
            Histogram::new_with_max(LatenessHistogram::MAX_US, LatenessHistogram::DIGITS);
        LatenessHistogram(Mutex::new(histogram.expect("the bounds are valid")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shards_counted_is_added_up_and_the_lateness_of_ticks_is_shown_by_percentile() {
        let metrics = Metrics::default();
        let mut effects = Effects { recordings_ended: 1, ..Effects::default() };
        for pass in 0..100_u64 {
            effects.tick_lateness.push(Duration::from_micros(pass % 2));
        }
        effects.tick_lateness.extend([80, 47].map(Duration::from_millis));
        metrics.add_effects(&mut effects);
        assert!(effects.tick_lateness.is_empty() && effects.recordings_ended == 0);
        effects.recordings_ended = 2;
        metrics.add_effects(&mut effects);
        let status = metrics.to_json();
        assert_eq!(status["recordings_ended"], 3);
        let late = &status["tick_lateness_us"];
        let is_about = |name: &str, ms: u64| {
            let us = late[name].as_u64().expect("a number");
            assert!(us.abs_diff(ms * 1_000) <= ms * 10 + 1, "{late}");
        };
        is_about("p50", 0);
        is_about("p99", 47);
        is_about("max", 80);
    }
}
