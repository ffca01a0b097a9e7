//! [`Drain`]: how a server goes on that is about to close.
//!
//! The lobby lets in nobody but clients that resume a session, and a shard sends every client the time
//! that is left. When the server then closes is for the shell to decide: it has the clock.

use std::time::Duration;

use tickwire_game::limits::NOTICE_MAX_BYTES;
use tickwire_game::protocol::{Closing, Notice, ServerMessage};

use crate::limits::DRAIN_MAX;

/// Up to this much time a notice states it in seconds, above it in minutes.
const IN_SECONDS_MAX: u16 = 120;

/// How a server goes on that is about to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// For how much longer rooms may run, at most [`DRAIN_MAX`].
    pub lasts: Duration,
    /// Whether a room ends sooner, as soon as its game says that it may
    /// ([`Game::may_end`](tickwire_game::game::Game::may_end)).
    pub ends_rooms: bool,
}

/// The same on the clock of a shard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draining {
    closes_at: Duration,
    pub(crate) ends_rooms: bool,
}

impl Draining {
    /// A drain that begins at `now`.
    pub(crate) fn of(drain: Drain, now: Duration) -> Draining {
        Draining { closes_at: now + drain.lasts.min(DRAIN_MAX), ends_rooms: drain.ends_rooms }
    }

    /// In how many seconds at the latest the server closes.
    pub(crate) fn in_seconds(self, now: Duration) -> u16 {
        let left = self.closes_at.saturating_sub(now);
        // A part of a second is one: it is the latest.
        left.as_millis().div_ceil(1_000) as u16
    }
}

/// How much of that a client was sent, over its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClosingSent {
    #[default]
    Nothing,
    /// The time, for its program.
    Time,
    /// And a notice, for the people at it.
    Notice,
}

impl ClosingSent {
    /// Adds the next message to the end of `out` for a client whose server closes in so many seconds;
    /// `false` when there is none. It must reach the client, or its connection must end.
    pub(crate) fn write(&mut self, in_seconds: Option<u16>, out: &mut Vec<u8>) -> bool {
        let Some(in_seconds) = in_seconds else { return false };
        *self = match self {
            ClosingSent::Nothing => {
                ServerMessage::Closing(Closing { in_seconds }).encode(out);
                ClosingSent::Time
            }
            ClosingSent::Time => {
                ServerMessage::Notice(Notice { text: &notice(in_seconds) }).encode(out);
                ClosingSent::Notice
            }
            ClosingSent::Notice => return false,
        };
        true
    }
}

fn notice(in_seconds: u16) -> String {
    let (time, unit) = match in_seconds {
        0..=IN_SECONDS_MAX => (in_seconds, "s"),
        _ => (in_seconds.div_ceil(60), "min"),
    };
    format!("The server closes in {time} {unit}.")
}

const _: () = {
    assert!(DRAIN_MAX.as_secs() <= u16::MAX as u64);
    // The longest notice, with its kind and its length.
    assert!("The server closes in 65535 min.".len() + 16 <= NOTICE_MAX_BYTES);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_sent_the_time_and_a_notice_once_and_never_less_than_is_left() {
        let (now, ms) = (Duration::from_secs(7), Duration::from_millis);
        for (lasts, seconds, text) in [
            (ms(0), 0, "The server closes in 0 s."),
            (ms(1), 1, "The server closes in 1 s."),
            (ms(119_001), 120, "The server closes in 120 s."),
            (ms(120_001), 121, "The server closes in 3 min."),
            (DRAIN_MAX, 43_200, "The server closes in 720 min."),
            (Duration::MAX, 43_200, "The server closes in 720 min."),
        ] {
            let draining = Draining::of(Drain { lasts, ends_rooms: false }, now);
            let (mut sent, mut out) = (ClosingSent::default(), Vec::new());
            assert!(!sent.write(None, &mut out), "no drain has begun");
            let left = Some(draining.in_seconds(now));
            assert!(sent.write(left, &mut out));
            let closing = ServerMessage::Closing(Closing { in_seconds: seconds });
            assert_eq!(ServerMessage::decode(&out), Ok(closing));
            out.clear();
            assert!(sent.write(left, &mut out));
            assert_eq!(ServerMessage::decode(&out), Ok(ServerMessage::Notice(Notice { text })));
            assert!(!sent.write(left, &mut out), "it has all");
            let later = now + lasts.min(DRAIN_MAX) + Duration::from_secs(1);
            assert_eq!(draining.in_seconds(later), 0);
        }
    }
}
