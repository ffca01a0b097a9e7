//! How many messages a client may send: a budget for each kind, which fills with time.
//!
//! Owned by its connection, which is refused single messages when one is empty, and ends when
//! it goes on all the same. It is handed the time.

use std::time::Duration;

use shared::limits::{
    INPUTS_PER_SECOND_MAX, INPUTS_PER_TICK_MAX, MESSAGES_REFUSED_MAX, SILENCE_MAX,
    SMALL_MESSAGES_PER_SECOND_MAX,
};
use shared::tick::TickRate;

use crate::bucket::{Bucket, Rate};

/// For how long a stall is forgiven beside that, of all that is not yet spent: a room that loses time
/// again and again gives no one leave to flood it.
const FORGIVEN_MAX: Duration = Duration::from_secs(60);

/// The kinds of message that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Input,
    Ack,
    Ping,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is taken for what it says.
    Taken,
    /// It is as if it had not come. `first` of some: the client is to be told.
    Refused {
        /// Whether none was refused since the client last kept within its budgets.
        first: bool,
    },
    /// The client has been refused too often.
    TooMuch,
}

/// How many messages of each kind a client may still send. They fill up with time, to what a
/// client may have sent during the longest silence that is forgiven.
#[derive(Debug)]
pub(crate) struct Budget {
    inputs_per_second: u32,
    left: [Bucket; 3],
    filled: Duration,
    refused: u32,
}

impl Budget {
    pub(crate) fn new(tick_rate: TickRate, now: Duration) -> Budget {
        let inputs_per_second =
            INPUTS_PER_TICK_MAX * u32::from(tick_rate.hz()) + INPUTS_PER_SECOND_MAX;
        let left = [Kind::Input, Kind::Ack, Kind::Ping]
            .map(|kind| Bucket::full(rate(kind, inputs_per_second)));
        Budget { inputs_per_second, left, filled: now, refused: 0 }
    }

    /// Gives what clients may have sent in a time that has not passed here.
    pub(crate) fn give(&mut self, lost: Duration) {
        for kind in [Kind::Input, Kind::Ack, Kind::Ping] {
            let rate = rate(kind, self.inputs_per_second);
            self.left[kind as usize].give(rate, lost, FORGIVEN_MAX);
        }
    }

    /// Takes one message off.
    pub(crate) fn take(&mut self, kind: Kind, now: Duration) -> Verdict {
        let passed = now.saturating_sub(self.filled);
        self.filled = self.filled.max(now);
        let mut all_full = true;
        for kind in [Kind::Input, Kind::Ack, Kind::Ping] {
            let rate = rate(kind, self.inputs_per_second);
            self.left[kind as usize].fill(rate, passed);
            all_full &= self.left[kind as usize].is_full(rate);
        }
        if all_full {
            self.refused = 0;
        }
        if self.left[kind as usize].take() {
            return Verdict::Taken;
        }
        self.refused += 1;
        if self.refused > MESSAGES_REFUSED_MAX {
            return Verdict::TooMuch;
        }
        Verdict::Refused { first: self.refused == 1 }
    }
}

fn rate(kind: Kind, inputs_per_second: u32) -> Rate {
    let per_second = match kind {
        Kind::Input => inputs_per_second,
        Kind::Ack | Kind::Ping => SMALL_MESSAGES_PER_SECOND_MAX,
    };
    Rate { per_second, burst: SILENCE_MAX }
}
