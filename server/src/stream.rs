//! [`Stream`]: the bytes of one connection, without waiting: what lies between a WebSocket and the
//! kernel.
//!
//! It has two lives. Under a task's runtime it can be waited on; off it, a shard polls it. Whoever
//! reads and writes sees no difference: what would have to wait is `WouldBlock`. It knows no
//! frame. The door makes it; [`crate::socket::Socket`] owns it from then on.

use std::io::{self, Read, Write};
use std::mem;
use std::net;

use shared::limits::{SOCKET_SEND_BUFFER_BYTES, SOCKET_UNSENT_MAX_BYTES, UNACKNOWLEDGED_MAX};

use crate::door::guests::Guest;
use crate::door::line::Line;
use secured::Secured;

mod secured;

/// The bytes of one connection.
#[derive(Debug)]
pub(crate) struct Stream {
    tcp: Tcp,
    /// `None` where bytes go as they are.
    tls: Option<Secured>,
    /// What counts against its address for as long as it is open.
    _guest: Option<Guest>,
}

#[derive(Debug)]
enum Tcp {
    Task(tokio::net::TcpStream),
    Shard(net::TcpStream),
    /// On its way from one to the other; left so only when that failed.
    Moving,
}

impl Stream {
    /// Over a connection that is under the runtime of the calling task.
    pub(crate) fn new(line: Line, guest: Option<Guest>) -> Stream {
        let (tcp, tls) = match line {
            Line::Plain(tcp) => (tcp, None),
            Line::Tls(stream) => {
                let (tcp, session) = stream.into_inner();
                (tcp, Some(Secured::new(session)))
            }
        };
        Stream { tcp: Tcp::Task(tcp), tls, _guest: guest }
    }

    /// Takes it off the runtime, to be polled by a shard.
    pub(crate) fn leave_runtime(&mut self) -> io::Result<()> {
        if let Tcp::Task(tcp) = mem::replace(&mut self.tcp, Tcp::Moving) {
            self.tcp = Tcp::Shard(tcp.into_std()?);
        }
        Ok(())
    }

    /// Puts it under the runtime of the calling task.
    pub(crate) fn enter_runtime(&mut self) -> io::Result<()> {
        match mem::replace(&mut self.tcp, Tcp::Moving) {
            Tcp::Shard(tcp) => self.tcp = Tcp::Task(tokio::net::TcpStream::from_std(tcp)?),
            other => self.tcp = other,
        }
        Ok(())
    }

    /// Waits, under a task's runtime, until there may be something to be read.
    pub(crate) async fn readable(&mut self) -> io::Result<()> {
        if self.tls.as_mut().is_some_and(Secured::is_readable) {
            return Ok(());
        }
        let tcp = self.under_runtime().ok_or(io::ErrorKind::NotConnected)?;
        tcp.readable().await
    }

    /// Says to the peer that nothing more comes, in as far as the bytes' own way of saying so is
    /// not enough. To be called again while it would block.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => Ok(()),
            Some(tls) => tls.close(&mut self.tcp),
        }
    }

    /// The connection under a task's runtime, to wait on; `None` while a shard has it.
    pub(crate) fn under_runtime(&self) -> Option<&tokio::net::TcpStream> {
        match &self.tcp {
            Tcp::Task(tcp) => Some(tcp),
            Tcp::Shard(_) | Tcp::Moving => None,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.tcp.read(buffer),
            Some(tls) => tls.read(&mut self.tcp, buffer),
        }
    }
}

impl Write for Stream {
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
            Tcp::Shard(tcp) => (&mut &*tcp).read(buffer),
            Tcp::Moving => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Tcp::Task(tcp) => tcp.try_write(bytes),
            Tcp::Shard(tcp) => (&mut &*tcp).write(bytes),
            Tcp::Moving => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Has the kernel keep little for a connection, from its first byte on: to be called when it was
/// accepted.
pub(crate) fn limit_kernel(tcp: &tokio::net::TcpStream) -> io::Result<()> {
    let options = socket2::SockRef::from(tcp);
    options.set_tcp_nodelay(true)?;
    options.set_send_buffer_size(SOCKET_SEND_BUFFER_BYTES)?;
    limit_unsent(&options)?;
    limit_unacknowledged(&options)
}

/// Has the kernel refuse to take more while so much lies there unsent: what waits there can be
/// neither counted nor replaced by what is newer.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn limit_unsent(options: &socket2::SockRef<'_>) -> io::Result<()> {
    options.set_tcp_notsent_lowat(SOCKET_UNSENT_MAX_BYTES)
}

/// Elsewhere the send buffer alone is the limit.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn limit_unsent(_: &socket2::SockRef<'_>) -> io::Result<()> {
    Ok(())
}

/// Has the kernel give up what a peer that is gone does not take, after the connection has ended
/// here, too (`TCP_USER_TIMEOUT`, RFC 5482): else it keeps it for minutes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn limit_unacknowledged(options: &socket2::SockRef<'_>) -> io::Result<()> {
    options.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))
}

/// Elsewhere it keeps it as long as it likes.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn limit_unacknowledged(_: &socket2::SockRef<'_>) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
