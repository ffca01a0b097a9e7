//! [`ByteStream`]: the non-blocking byte stream of one connection, between a WebSocket and the kernel.
//!
//! It has two modes. Registered with a runtime, a task can wait on it; detached, a shard polls it.
//! Reading and writing is the same in both: a call that would have to wait returns `WouldBlock`. It
//! knows no frames. The edge creates it; a
//! [`WebSocketTransport`](super::websocket::WebSocketTransport) owns it.

use std::io::{self, Read, Write};
use std::mem;
use std::sync::{Arc, Weak};

use rustls::ServerConnection;

use super::shard_socket::{Held, ShardSocket};
use super::tls_stream::TlsStream;
use crate::limits::{SOCKET_SEND_BUFFER_BYTES, SOCKET_UNSENT_MAX_BYTES, UNACKNOWLEDGED_MAX};

/// The byte stream of one connection.
#[derive(Debug)]
pub(crate) struct ByteStream {
    tcp: Tcp,
    /// `None` for plaintext.
    tls: Option<TlsStream>,
    /// Dropped with the connection; `None` while a shard polls it, whose socket has it.
    held: Option<Held>,
}

#[derive(Debug)]
enum Tcp {
    Task(tokio::net::TcpStream),
    /// Shared, so that it can be shut down if its shard does not come back.
    Shard(Arc<ShardSocket>),
    /// While it changes modes; it stays so only if that failed.
    Moving,
}

impl ByteStream {
    /// A stream over a connection that is registered with the calling task's runtime, with its TLS
    /// session after the handshake, if there is one. `held` is dropped with the stream.
    pub(crate) fn new(
        tcp: tokio::net::TcpStream,
        tls: Option<ServerConnection>,
        held: Held,
    ) -> ByteStream {
        ByteStream { tcp: Tcp::Task(tcp), tls: tls.map(TlsStream::new), held: Some(held) }
    }

    /// Detaches it from the runtime, for a shard to poll.
    pub(crate) fn leave_runtime(&mut self) -> io::Result<()> {
        if let Tcp::Task(tcp) = mem::replace(&mut self.tcp, Tcp::Moving) {
            let tcp = tcp.into_std()?;
            // One that was shut down is of no use to a shard.
            let held = self.held.take().ok_or(io::ErrorKind::NotConnected)?;
            self.tcp = Tcp::Shard(Arc::new(ShardSocket::new(tcp, held)));
        }
        Ok(())
    }

    /// Ends its time in a shard: nobody else shuts it down any more. Returns `false` if that has happened,
    /// so that the connection has ended and was counted.
    pub(crate) fn take_back(&mut self) -> bool {
        if let Tcp::Shard(socket) = &self.tcp {
            self.held = socket.take_held();
        }
        self.held.is_some()
    }

    /// Registers it with the runtime of the calling task.
    pub(crate) fn enter_runtime(&mut self) -> io::Result<()> {
        if self.held.is_none() {
            self.take_back();
        }
        match mem::replace(&mut self.tcp, Tcp::Moving) {
            Tcp::Shard(socket) => {
                // Somebody may be about to shut it down.
                let tcp = Arc::try_unwrap(socket)
                    .map(ShardSocket::into_tcp)
                    .or_else(|socket| socket.tcp().try_clone())?;
                self.tcp = Tcp::Task(tokio::net::TcpStream::from_std(tcp)?);
            }
            other => self.tcp = other,
        }
        Ok(())
    }

    /// The connection while a shard polls it, for who may have to shut it down.
    pub(crate) fn detached(&self) -> Option<Weak<ShardSocket>> {
        match &self.tcp {
            Tcp::Shard(socket) => Some(Arc::downgrade(socket)),
            Tcp::Task(_) | Tcp::Moving => None,
        }
    }

    /// Waits, on the runtime, until it may be readable.
    pub(crate) async fn readable(&mut self) -> io::Result<()> {
        if self.tls.as_mut().is_some_and(TlsStream::is_readable) {
            return Ok(());
        }
        let tcp = self.registered().ok_or(io::ErrorKind::NotConnected)?;
        tcp.readable().await
    }

    /// Sends the end of the TLS stream (`close_notify`), if there is one. Call it again while it returns
    /// `WouldBlock`.
    pub(crate) fn send_end(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => Ok(()),
            Some(tls) => tls.send_end(&mut self.tcp),
        }
    }

    /// The connection while it is registered with a runtime, to wait on; `None` while detached.
    pub(crate) fn registered(&self) -> Option<&tokio::net::TcpStream> {
        match &self.tcp {
            Tcp::Task(tcp) => Some(tcp),
            Tcp::Shard(_) | Tcp::Moving => None,
        }
    }
}

impl Read for ByteStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.tcp.read(buffer),
            Some(tls) => tls.read(&mut self.tcp, buffer),
        }
    }
}

impl Write for ByteStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.tcp.write(bytes),
            Some(tls) => tls.write(&mut self.tcp, bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => self.tcp.flush(),
            Some(tls) => tls.flush(&mut self.tcp),
        }
    }
}

impl Read for Tcp {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Tcp::Task(tcp) => tcp.try_read(buffer),
            Tcp::Shard(socket) => socket.tcp().read(buffer),
            Tcp::Moving => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Tcp::Task(tcp) => tcp.try_write(bytes),
            Tcp::Shard(socket) => socket.tcp().write(bytes),
            Tcp::Moving => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Limits the kernel's buffers for a connection. Call it right after accept, before the first byte.
pub(crate) fn limit_kernel_buffers(tcp: &tokio::net::TcpStream) -> io::Result<()> {
    let options = socket2::SockRef::from(tcp);
    options.set_tcp_nodelay(true)?;
    options.set_send_buffer_size(SOCKET_SEND_BUFFER_BYTES)?;
    limit_unsent(&options)?;
    limit_unacknowledged(&options)
}

/// Makes the kernel accept no more while it holds this many unsent bytes: bytes in the kernel can be
/// neither counted nor replaced by newer data.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn limit_unsent(options: &socket2::SockRef<'_>) -> io::Result<()> {
    options.set_tcp_notsent_lowat(SOCKET_UNSENT_MAX_BYTES)
}

/// On other systems the send buffer is the only limit.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn limit_unsent(_: &socket2::SockRef<'_>) -> io::Result<()> {
    Ok(())
}

/// Makes the kernel give up unacknowledged bytes of a peer that is gone, also after the connection was
/// closed here (`TCP_USER_TIMEOUT`, RFC 5482): else it retransmits for minutes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn limit_unacknowledged(options: &socket2::SockRef<'_>) -> io::Result<()> {
    options.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))
}

/// On other systems the kernel's default applies.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn limit_unacknowledged(_: &socket2::SockRef<'_>) -> io::Result<()> {
    Ok(())
}
