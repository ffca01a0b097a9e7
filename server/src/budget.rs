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
        budget.refill();
        budget
    }

    pub(crate) fn refill(&mut self) {
        self.left = SILENCE_MAX.as_nanos() * u128::from(self.per_second);
    }

    /// Takes one message off; `false` when there is none left.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        const MESSAGE: u128 = Duration::from_secs(1).as_nanos();
        let rate = u128::from(self.per_second);
        let passed = now.saturating_sub(self.filled).as_nanos();
        self.filled = self.filled.max(now);
        self.left = (self.left + passed * rate).min(SILENCE_MAX.as_nanos() * rate);
        let enough = self.left >= MESSAGE;
        if enough {
            self.left -= MESSAGE;
        }
        enough
    }
}
