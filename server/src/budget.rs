//! How many messages a client may send: a bucket that fills with time.
//!
//! Owned by its connection, which ends when it is empty. It is handed the time.

use std::time::Duration;

use shared::limits::{MESSAGES_PER_SECOND_MAX, MESSAGES_PER_TICK_MAX, SILENCE_MAX};
use shared::tick::TickRate;

/// How many messages a client may still send. It fills up with time, to what a client may have
/// sent during the longest silence that is forgiven.
#[derive(Debug)]
pub(crate) struct Budget {
    per_second: u32,
    /// In messages times nanoseconds per second, so that no fraction is lost.
    left: u128,
    filled: Duration,
}

impl Budget {
    pub(crate) fn new(tick_rate: TickRate, now: Duration) -> Budget {
        let per_second =
            MESSAGES_PER_TICK_MAX * u32::from(tick_rate.hz()) + MESSAGES_PER_SECOND_MAX;
        let mut budget = Budget { per_second, left: 0, filled: now };
        budget.give(SILENCE_MAX);
        budget
    }

    /// Gives what clients may have sent in a time that has not passed here.
    pub(crate) fn give(&mut self, lost: Duration) {
        self.left += lost.as_nanos() * u128::from(self.per_second);
    }

    /// Takes one message off; `false` when there is none left.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        const MESSAGE: u128 = Duration::from_secs(1).as_nanos();
        let rate = u128::from(self.per_second);
        let passed = now.saturating_sub(self.filled).as_nanos();
        self.filled = self.filled.max(now);
        let full = SILENCE_MAX.as_nanos() * rate;
        // What was given beyond that for a stall stays until it is spent.
        self.left = (self.left + passed * rate).min(full).max(self.left);
        let enough = self.left >= MESSAGE;
        if enough {
            self.left -= MESSAGE;
        }
        enough
    }
}
