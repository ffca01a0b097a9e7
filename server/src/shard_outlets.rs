//! [`ThreadOutlets`]: where the effects of a shard's thread go, for as long as it has the shard.
//!
//! Once another thread has taken the shard over, the outlets of the old one are closed, whatever it is doing:
//! what it still does counts for nothing, and who waits for all senders to be gone (the edge for the last
//! goodbye, the recorder for the last line) does not wait for those of a thread that may run for ever.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tickwire_game::protocol::DisconnectReason;
use tickwire_host::Departed;
use tokio::sync::mpsc::UnboundedSender;

use crate::lobby_task::LobbySender;
use crate::ops::metrics::Metrics;
use crate::ops::recorder::Recorder;
use crate::transport::websocket::WebSocketTransport;

/// A connection that has ended and waits to be drained and closed.
pub(crate) struct Leaving {
    pub(crate) transport: Box<WebSocketTransport>,
    pub(crate) span: tracing::Span,
}

/// Where a shard's effects go.
#[derive(Clone)]
pub(crate) struct ShardOutlets {
    pub(crate) lobby: LobbySender,
    pub(crate) farewells: UnboundedSender<Leaving>,
    pub(crate) metrics: Arc<Metrics>,
    /// The file of recorded scenes, with `--record-scenes`.
    pub(crate) recorder: Option<Recorder>,
}

impl ShardOutlets {
    /// Counts a connection that ended, and has it closed in order.
    pub(crate) fn send_farewell(&self, departed: Departed) {
        let Departed { reservation, transport, reason, refusal, span } = departed;
        // The seat first: a peer may reconnect as soon as it receives the goodbye.
        drop(reservation);
        if let Some(refusal) = refusal {
            self.metrics.count_refusal(&refusal);
        }
        let mut transport = WebSocketTransport::downcast(transport);
        if !transport.take_back() {
            // It was shut down on its way to this thread, and is counted.
            return;
        }
        self.metrics.count_end(reason);
        // A lost connection cannot receive a goodbye: it is just dropped. Without an edge the
        // server has shut down, and nobody could drain the connection.
        if reason != DisconnectReason::Lost {
            let _ = self.farewells.send(Leaving { transport, span });
        }
    }
}

/// The outlets of one thread, until they are closed.
#[derive(Clone)]
pub(crate) struct ThreadOutlets(Arc<Mutex<Option<ShardOutlets>>>);

impl ThreadOutlets {
    pub(crate) fn new(outlets: ShardOutlets) -> ThreadOutlets {
        ThreadOutlets(Arc::new(Mutex::new(Some(outlets))))
    }

    /// The outlets, which nobody closes meanwhile; `None` once they are closed. The thread keeps them only
    /// while it hands over effects, and never while code of a game runs.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<ShardOutlets>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes them, for another thread has the shard or the server closes without this one.
    pub(crate) fn close(&self) {
        let outlets = self.lock().take();
        drop(outlets);
    }

    /// Whether they are closed.
    pub(crate) fn are_closed(&self) -> bool {
        self.lock().is_none()
    }
}
