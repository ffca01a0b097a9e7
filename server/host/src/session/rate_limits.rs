//! [`RateLimits`]: how many messages a client may send: a token bucket for each kind.
//!
//! Owned by the protocol of its connection: messages over a limit are refused one by one, and the
//! connection ends when too many were. It is handed the time.

use std::time::Duration;

use tickwire_game::tick::TickRate;

use crate::limits::{
    INPUTS_PER_SECOND_MAX, INPUTS_PER_TICK_MAX, MESSAGES_REFUSED_MAX, SILENCE_MAX,
    SMALL_MESSAGES_PER_SECOND_MAX, STALL_CREDIT_MAX,
};
use crate::token_bucket::{Bucket, Rate};

/// The kinds of message that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageKind {
    Input,
    Ack,
    Ping,
    Board,
}

const KINDS: [MessageKind; 4] =
    [MessageKind::Input, MessageKind::Ack, MessageKind::Ping, MessageKind::Board];

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is taken for what it says.
    Taken,
    /// It is dropped.
    Refused {
        /// Whether none was refused since the client last kept within its limits: it is to be
        /// sent a notice.
        first: bool,
    },
    /// The client has been refused too often.
    TooMuch,
}

/// How many messages of each kind a client may still send: no more than it could have sent during
/// the longest silence that is allowed.
#[derive(Debug)]
pub(super) struct RateLimits {
    most: Most,
    left: [Bucket; KINDS.len()],
    filled: Duration,
    refused: u32,
}

impl RateLimits {
    pub(super) fn new(tick_rate: TickRate, now: Duration) -> RateLimits {
        let inputs_per_second =
            INPUTS_PER_TICK_MAX * u32::from(tick_rate.hz()) + INPUTS_PER_SECOND_MAX;
        // It may say of each snapshot that it has seen it, and there is one a tick.
        let acks = u32::from(tick_rate.hz()).max(SMALL_MESSAGES_PER_SECOND_MAX);
        let most = Most { inputs: inputs_per_second, acks };
        let left = KINDS.map(|kind| Bucket::full(most.rate(kind)));
        RateLimits { most, left, filled: now, refused: 0 }
    }

    /// Adds what the client may have sent while the server stood still.
    pub(super) fn credit_stall(&mut self, lost: Duration) {
        for kind in KINDS {
            let rate = self.most.rate(kind);
            self.left[kind as usize].give(rate, lost, STALL_CREDIT_MAX);
        }
    }

    /// Takes one message off.
    pub(super) fn take(&mut self, kind: MessageKind, now: Duration) -> Verdict {
        let passed = now.saturating_sub(self.filled);
        self.filled = self.filled.max(now);
        let mut all_full = true;
        for kind in KINDS {
            let rate = self.most.rate(kind);
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

/// How many of the kinds that go by the room's tick rate, a second.
#[derive(Clone, Copy, Debug)]
struct Most {
    inputs: u32,
    acks: u32,
}

impl Most {
    fn rate(self, kind: MessageKind) -> Rate {
        let per_second = match kind {
            MessageKind::Input => self.inputs,
            MessageKind::Ack => self.acks,
            MessageKind::Ping | MessageKind::Board => SMALL_MESSAGES_PER_SECOND_MAX,
        };
        Rate { per_second, burst: SILENCE_MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_of_each_snapshot_that_it_was_seen_keeps_within_its_limit_at_any_tick_rate() {
        for hz in [1, 20, 30, 60, 128, 240] {
            let tick_rate = TickRate::new(hz).expect("a room can have it");
            let mut limits = RateLimits::new(tick_rate, Duration::ZERO);
            for tick in 0..u32::from(hz) * 120 {
                let now = Duration::from_secs(1) * tick / u32::from(hz);
                assert_eq!(
                    limits.take(MessageKind::Ack, now),
                    Verdict::Taken,
                    "{hz} Hz, tick {tick}"
                );
            }
        }
    }
}
