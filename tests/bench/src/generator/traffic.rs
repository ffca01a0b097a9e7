//! [`Traffic`]: what all connections of a measurement saw together.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// Longer times count as this one.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Times in microseconds.
#[derive(Clone, Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Times {
        let histogram = Histogram::new_with_max(TIME_MAX.as_micros() as u64, 3);
        Times(histogram.expect("three digits are few enough"))
    }
}

impl Times {
    pub(crate) fn record(&mut self, time: Duration) {
        self.0.saturating_record(time.as_micros() as u64);
    }

    /// In milliseconds; `None` if there were none.
    pub(crate) fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let is_some = !self.0.is_empty();
        is_some.then(|| self.0.value_at_quantile(quantile) as f64 / 1_000.0)
    }

    pub(crate) fn max_ms(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.max() as f64 / 1_000.0)
    }
}

/// Counted while measuring, but for the connections, which are counted from the first one on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    /// Connections that are let in.
    pub(crate) connected: usize,
    /// How many ended, by reason, whenever that was.
    pub(crate) lost: BTreeMap<String, usize>,
    /// Received, with the heads of WebSocket frames.
    pub(crate) bytes: u64,
    pub(crate) snapshot_bytes: u64,
    pub(crate) roster_bytes: u64,
    /// Of all other messages.
    pub(crate) other_bytes: u64,
    pub(crate) snapshots: u64,
    /// Between the snapshots of a connection, by when the kernel received them.
    pub(crate) intervals: Times,
    /// From the sending of an input to the snapshot that shows it applied, at the sampled players.
    pub(crate) input_latencies: Times,
    /// Inputs that were not sent: there was no tick for them, or no space in the socket.
    pub(crate) inputs_unsent: u64,
    pub(crate) inputs_sent: u64,
    /// How late the generator itself was.
    pub(crate) own_lateness: Times,
    /// What sampled players saw.
    pub(crate) views: u64,
    pub(crate) ships_in_view: u64,
    pub(crate) bolts_in_view: u64,
    /// Whether intervals are by the kernel's times.
    pub(crate) by_kernel_time: bool,
}

impl Traffic {
    /// The same with nothing counted but connections.
    pub(crate) fn restarted(&self) -> Traffic {
        Traffic { connected: self.connected, lost: self.lost.clone(), ..Traffic::default() }
    }

    pub(crate) fn lose(&mut self, reason: String) {
        *self.lost.entry(reason).or_default() += 1;
    }
}
