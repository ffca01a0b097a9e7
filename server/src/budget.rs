//! How many messages a client may send: a bucket that fills with time.
//!
//! Owned by its connection, which ends when it is empty. It is handed the time.

use std::time::Duration;

use shared::limits::{MESSAGES_PER_SECOND_MAX, MESSAGES_PER_TICK_MAX, SILENCE_MAX};
use shared::tick::TickRate;

/// For how long a stall is forgiven beside that, of all that is not yet spent: a room that loses time
/// again and again gives no one leave to flood it.
const FORGIVEN_MAX: Duration = Duration::from_secs(60);

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
        budget.left = budget.sent_in(SILENCE_MAX);
        budget
    }

    /// Gives what clients may have sent in a time that has not passed here.
    pub(crate) fn give(&mut self, lost: Duration) {
        let most = self.sent_in(SILENCE_MAX + FORGIVEN_MAX);
        self.left = (self.left + self.sent_in(lost)).min(most);
    }

    /// Takes one message off; `false` when there is none left.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        const MESSAGE: u128 = Duration::from_secs(1).as_nanos();
        let passed = self.sent_in(now.saturating_sub(self.filled));
        self.filled = self.filled.max(now);
        // What was given beyond that for a stall stays until it is spent.
        self.left = (self.left + passed).min(self.sent_in(SILENCE_MAX)).max(self.left);
        let enough = self.left >= MESSAGE;
        if enough {
            self.left -= MESSAGE;
        }
        enough
    }

    fn sent_in(&self, time: Duration) -> u128 {
        time.as_nanos() * u128::from(self.per_second)
    }
}
