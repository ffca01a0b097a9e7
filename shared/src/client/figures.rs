//! What a client counts and measures of its own work.
//!
//! Filled by [`Client`](super::Client); plain values, of which nothing here decides anything.

use std::time::Duration;

use crate::tick::Tick;

/// What a client counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Snapshots decoded.
    pub snapshots: u64,
    /// Bytes of all messages that came.
    pub bytes: u64,
    /// Bytes of the last snapshot, its kind included.
    pub snapshot_bytes: usize,
    /// Inputs that had not come when their tick was made.
    pub late_inputs: u64,
}

/// An input of ours that a snapshot showed as applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its tick.
    pub tick: Tick,
    /// From its sending to the snapshot's coming.
    pub latency: Duration,
}

/// An input that was not applied in its tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// The tick.
    pub tick: Tick,
    /// When it was sent, if it was.
    pub sent_at: Option<Duration>,
}
