//! `--echo`: sends a client's messages back to it, for WebSocket conformance suites.

use tickwire_game::protocol::DisconnectReason;
use tickwire_host::{Flushed, Transport};
use tokio::time::timeout;
use tracing::debug;

use super::context::EdgeContext;
use super::farewell::drain_and_close;
use super::receive::{ActiveTime, Received, SILENCE_CHECK_EVERY, receive};
use crate::transport::websocket::WebSocketTransport;

/// Echoes messages until the client, a limit or the server ends the connection.
pub(super) async fn echo(context: &EdgeContext, mut websocket: Box<WebSocketTransport>) {
    let end = tokio::select! {
        biased;
        () = context.shutdown() => DisconnectReason::Closing,
        end = send_back(&mut websocket) => end,
    };
    context.server.metrics.count_end(end);
    debug!(%end, "the echo connection ended");
    if end != DisconnectReason::Lost {
        websocket.close_without_goodbye(end);
        Box::pin(drain_and_close(websocket)).await;
    }
}

async fn send_back(websocket: &mut WebSocketTransport) -> DisconnectReason {
    let mut time = ActiveTime::new();
    loop {
        match receive(websocket, &mut time).await {
            Ok(Received::Message(message)) => websocket.send(&message),
            Ok(Received::Text(text)) => websocket.send_text(&text),
            Err(end) => return end,
        }
        // Everything is sent before more is read, so that at most one message is buffered.
        loop {
            match websocket.flush(time.now()) {
                Ok(Flushed::Whole) => break,
                Ok(Flushed::Part) => {}
                Err(end) => return end,
            }
            let Some(stream) = websocket.registered() else { return DisconnectReason::Lost };
            if let Ok(Err(_)) = timeout(SILENCE_CHECK_EVERY, stream.writable()).await {
                return DisconnectReason::Lost;
            }
        }
        tokio::task::yield_now().await;
    }
}
