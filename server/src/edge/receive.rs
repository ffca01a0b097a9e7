//! Waits for the messages of a WebSocket in a task, while no shard polls it.

use std::time::Duration;

use tickwire_game::protocol::DisconnectReason;
use tickwire_host::Transport;
use tokio::time::{Instant, timeout};
use tungstenite::{Bytes, Utf8Bytes};

use crate::transport::websocket::{Incoming, WebSocketTransport};

/// How often a task checks a silent connection.
pub(super) const SILENCE_CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long a task sleeps whose connection is over a rate limit.
const RATE_LIMIT_PAUSE: Duration = Duration::from_millis(50);

/// A message of a client.
pub(super) enum Received {
    Message(Bytes),
    Text(Utf8Bytes),
}

/// The active time of a task: it stands still while the whole server is stalled.
pub(super) struct ActiveTime {
    updated: Instant,
    active: Duration,
}

impl ActiveTime {
    pub(super) fn new() -> ActiveTime {
        ActiveTime { updated: Instant::now(), active: Duration::ZERO }
    }

    /// The active time so far. Longer gaps than twice [`SILENCE_CHECK_EVERY`] between two calls count
    /// as stalls.
    pub(super) fn now(&mut self) -> Duration {
        let before = std::mem::replace(&mut self.updated, Instant::now());
        self.active += (self.updated - before).min(2 * SILENCE_CHECK_EVERY);
        self.active
    }
}

/// Waits for the next message of a client.
///
/// # Errors
/// Why the connection ends: the client left, is silent or exceeds a limit.
pub(super) async fn receive(
    websocket: &mut WebSocketTransport,
    time: &mut ActiveTime,
) -> Result<Received, DisconnectReason> {
    loop {
        let now = time.now();
        websocket.begin_read(now)?;
        match websocket.read_frame()? {
            Incoming::Message(message) => return Ok(Received::Message(message)),
            Incoming::Text(text) => return Ok(Received::Text(text)),
            Incoming::Control => {
                websocket.flush(now)?;
            }
            Incoming::Nothing => {
                websocket.keep_alive(now)?;
                websocket.flush(now)?;
                if websocket.is_limited() {
                    tokio::time::sleep(RATE_LIMIT_PAUSE).await;
                } else {
                    // With a timeout, to check whether it has been silent for too long.
                    if let Ok(readable) = timeout(SILENCE_CHECK_EVERY, websocket.readable()).await {
                        readable.map_err(|_| DisconnectReason::Lost)?;
                    }
                }
            }
        }
        // One client's pings must not starve the other tasks; and the connection may still be
        // readable after its allowance was read.
        tokio::task::yield_now().await;
    }
}
