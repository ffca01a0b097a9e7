//! Closes a WebSocket without loss: sends the last bytes, then gives the peer time to read them.
//!
//! Dropping the connection at once could lose them: the kernel resets a connection that is closed with
//! unread bytes, and a reset discards what the peer has not read yet.

use std::io::ErrorKind;
use std::time::Duration;

use tickwire_host::{Flushed, Transport};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::limits::{FAREWELL_DRAIN_MAX_BYTES, FAREWELL_MAX};
use crate::transport::websocket::WebSocketTransport;

/// Flushes the unsent bytes, shuts the connection down, and drains it until the peer closes too.
pub(super) async fn drain_and_close(mut websocket: Box<WebSocketTransport>) {
    if websocket.enter_runtime().is_err() {
        return;
    }
    // After the timeout, the connection is closed without waiting for the peer.
    let _ = timeout(FAREWELL_MAX, async {
        while let Ok(Flushed::Part) = websocket.flush(Duration::ZERO) {
            websocket.registered()?.writable().await.ok()?;
        }
        while websocket.send_end().is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
            websocket.registered()?.writable().await.ok()?;
        }
        let stream = websocket.registered()?;
        socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write).ok()?;
        drain(stream).await;
        Some(())
    })
    .await;
    if websocket.is_behind()
        && let Some(stream) = websocket.registered()
    {
        // Unsent bytes are lost anyway. Without this the kernel would go on to retransmit the rest
        // to a peer that receives nothing.
        let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
    }
}

/// Reads and discards until the peer closes too, or sends too much.
async fn drain(stream: &TcpStream) {
    let (mut discarded, mut count) = ([0; 1_024], 0);
    while count < FAREWELL_DRAIN_MAX_BYTES && stream.readable().await.is_ok() {
        match stream.try_read(&mut discarded) {
            Ok(0) => return,
            Ok(read) => {
                count += read;
                tokio::task::yield_now().await;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
