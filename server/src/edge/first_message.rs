//! Waits for a client's hello, and judges it together with its ticket.
//!
//! [`tickwire_host::hello`] judges the hello and [`super::tickets`] the ticket; this module owns the
//! deadline.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tickwire_game::protocol::DisconnectReason;
use tickwire_host::hello::{HelloError, JoinRequest, judge};
use tokio::time::{Instant, timeout, timeout_at};

use super::context::EdgeContext;
use super::receive::{ActiveTime, Received, receive};
use crate::limits::DEADLINE_GRACE;
use crate::transport::websocket::WebSocketTransport;

/// Waits for the hello until a deadline, or until the server shuts down.
///
/// # Errors
/// Why the client cannot join.
pub(super) async fn hello(
    context: &EdgeContext,
    websocket: &mut WebSocketTransport,
    deadline: Instant,
) -> Result<JoinRequest, HelloError> {
    tokio::select! {
        biased;
        () = context.shutdown() => Err(HelloError::Ended(DisconnectReason::Closing)),
        judged = hello_by(context, websocket, deadline) => judged,
    }
}

async fn hello_by(
    context: &EdgeContext,
    websocket: &mut WebSocketTransport,
    deadline: Instant,
) -> Result<JoinRequest, HelloError> {
    if let Ok(judged) = timeout_at(deadline, first_message(context, websocket)).await {
        return judged;
    }
    let judged = timeout(DEADLINE_GRACE, first_message(context, websocket)).await;
    judged.unwrap_or(Err(HelloError::Ended(DisconnectReason::HelloTimeout)))
}

async fn first_message(
    context: &EdgeContext,
    websocket: &mut WebSocketTransport,
) -> Result<JoinRequest, HelloError> {
    match receive(websocket, &mut ActiveTime::new()).await.map_err(HelloError::Ended)? {
        Received::Message(message) => {
            // Tickets expire by wall-clock time. If the clock is before 1970, all of them count as
            // expired.
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX);
            let tickets = Arc::clone(&context.server.tickets.borrow());
            judge(&message, context.server.game, |hello| {
                tickets.judge(hello, now).map_err(|error| {
                    context.ticket_lines.log(error, Instant::now());
                    error.refusal()
                })
            })
        }
        Received::Text(_) => Err(HelloError::Ended(DisconnectReason::NotBinary)),
    }
}
