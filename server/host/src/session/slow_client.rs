//! [`SlowClient`]: when a client is given up because nothing comes from it, or because it does not
//! get through what it is sent.
//!
//! Owned by the protocol of its connection, which reports what it hears and what it holds back. It
//! is handed the active time of the room: a server that stands still gives nobody up for that. A
//! connection that takes no bytes at all is judged by its transport.

use std::time::Duration;

use tickwire_game::protocol::DisconnectReason;

use crate::limits::SILENCE_MAX;

/// What is known of how a client keeps up.
#[derive(Debug)]
pub(super) struct SlowClient {
    heard: Duration,
    /// Since when scenes are held back, because it has not acknowledged enough of the others.
    held_back_since: Option<Duration>,
}

impl SlowClient {
    pub(super) fn new(now: Duration) -> SlowClient {
        SlowClient { heard: now, held_back_since: None }
    }

    /// A message came, or another sign of life: one that has nothing to say only answers pings.
    pub(super) fn heard(&mut self, now: Duration) {
        self.heard = self.heard.max(now);
    }

    /// Something is due that is held back.
    pub(super) fn held_back(&mut self) {
        // The time known here is when the client was last heard, which is not long ago.
        self.held_back_since.get_or_insert(self.heard);
    }

    /// It was sent something new, or has acknowledged more.
    pub(super) fn keeps_up(&mut self) {
        self.held_back_since = None;
    }

    /// Why its connection is to end, if it is.
    pub(super) fn judge(&self, now: Duration) -> Result<(), DisconnectReason> {
        if now.saturating_sub(self.heard) > SILENCE_MAX {
            Err(DisconnectReason::Silent)
        } else if self.held_back_since.is_some_and(|since| now.saturating_sub(since) > SILENCE_MAX)
        {
            Err(DisconnectReason::TooSlow)
        } else {
            Ok(())
        }
    }
}
