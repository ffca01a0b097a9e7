//! One connection from accept to the WebSocket: the TLS handshake, then HTTP, request after request,
//! until one upgrades to a WebSocket; then on to the hello.
//!
//! The accept loop spawns [`serve_connection`] for each connection, and aborts it at any time to evict
//! the connection.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

use super::context::EdgeContext;
use super::echo::echo;
use super::http::gate::Gate;
use super::http::serve::{Served, serve_http};
use super::join::join;
use super::peer::{ClientKey, Listener, PeerInfo};
use super::peer_stream::PeerStream;
use super::pending_connections::PendingConnection;
use super::tls::Tls;
use crate::limits::{DEADLINE_GRACE, OPENING_MAX};
use crate::ops::metrics::OpenWebSocket;
use crate::transport::byte_stream::ByteStream;
use crate::transport::websocket::WebSocketTransport;

/// A connection that has become a WebSocket.
struct Opened {
    websocket: Box<WebSocketTransport>,
    client: ClientKey,
    /// By when its hello must have arrived.
    deadline: Instant,
}

/// Serves one connection until it ends or is in a room.
pub(super) async fn serve_connection(
    context: Arc<EdgeContext>,
    peer: PeerInfo,
    tcp: TcpStream,
    // Held until the end: an echo connection stays pending, and can be evicted.
    pending: PendingConnection,
) {
    // Boxed, so that the memory for HTTP is freed while the task waits for the hello.
    let opened = Box::pin(open(&context, peer, tcp, &pending)).await;
    match opened {
        Some(opened) if context.echo => echo(&context, opened.websocket).await,
        Some(Opened { websocket, client, deadline }) => {
            join(&context, websocket, client, deadline).await;
        }
        None => {}
    }
}

/// Serves HTTP until the connection upgrades to a WebSocket; `None` if it ended.
async fn open(
    context: &Arc<EdgeContext>,
    peer: PeerInfo,
    tcp: TcpStream,
    pending: &PendingConnection,
) -> Option<Opened> {
    let accepted = Instant::now();
    // The admin listener has no TLS: it is meant for the loopback.
    let tls = context.server.tls.as_ref().filter(|_| peer.listener == Listener::Public);
    // A connection that was accepted during the shutdown is served until it has its 503.
    let during_shutdown = *context.server.closing.borrow();
    let opened = tokio::select! {
        opened = open_stream(accepted + OPENING_MAX, tcp, tls) => opened,
        () = context.shutdown(), if !during_shutdown => return None,
    };
    let stream = match opened {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            context.server.metrics.tls_handshakes_failed.fetch_add(1, Relaxed);
            debug!(%error, "the TLS handshake failed");
            return None;
        }
        Err(_) => {
            context.server.metrics.count_missed_deadline();
            return None;
        }
    };
    let is_plaintext_on_tls = tls.is_some() && matches!(stream, PeerStream::Plain(_));
    let peer = PeerInfo { is_plaintext_on_tls, ..peer };
    let gate = Gate::new(stream, accepted, pending.activity());
    let Served::Upgraded(upgrade) = serve_http(context, peer, gate, during_shutdown).await else {
        return None;
    };
    pending.upgraded();
    let parts = upgrade.on_upgrade.await.ok()?.downcast::<TokioIo<Gate>>().ok()?;
    let (stream, read_ahead, deadline) = parts.io.into_inner().into_parts();
    let read_ahead = [&parts.read_buf[..], &read_ahead[..]].concat();
    let (tcp, tls) = stream.into_parts();
    let counted = OpenWebSocket::count(&context.server.metrics);
    let stream = ByteStream::new(tcp, tls, Box::new((upgrade.permit, counted)));
    let websocket = if context.echo {
        WebSocketTransport::echo(stream, &read_ahead)
    } else {
        WebSocketTransport::new(stream, &read_ahead)
    };
    Some(Opened { websocket: Box::new(websocket), client: upgrade.client, deadline })
}

/// Opens a stream until a deadline, with a short grace for a stall of the server.
async fn open_stream(
    deadline: Instant,
    tcp: TcpStream,
    tls: Option<&Tls>,
) -> Result<io::Result<PeerStream>, Elapsed> {
    let mut opening = pin!(PeerStream::open(tcp, tls));
    match timeout_at(deadline, &mut opening).await {
        Err(_) => timeout(DEADLINE_GRACE, opening).await,
        opened => opened,
    }
}
