//! [`LogCounters`]: what is missing in the log.

use std::sync::atomic::AtomicU64;

/// What became of lines that are not in the log.
#[derive(Debug, Default)]
pub(crate) struct LogCounters {
    /// Lines dropped because the queue was full or a write failed.
    pub(crate) dropped: AtomicU64,
    /// Lines left out because their place in the code logged too many.
    pub(crate) paced: AtomicU64,
}

/// The counters of the log of this process: a process has one.
pub(crate) static COUNTERS: LogCounters =
    LogCounters { dropped: AtomicU64::new(0), paced: AtomicU64::new(0) };
