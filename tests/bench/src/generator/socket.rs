//! A socket that never blocks, and says when the kernel received what is read from it.

use std::io::{self, ErrorKind, IoSliceMut, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::sockopt::{RcvBuf, ReceiveTimestampns};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};

/// How long the server's backlog may be full.
const CONNECT_MAX: Duration = Duration::from_millis(500);
/// What the kernel keeps of what was not read. By itself it would take gigabytes for a server that
/// sends all to all.
const RECEIVE_BUFFER_BYTES: usize = 256 * 1_024;

pub(super) struct Socket(TcpStream);

/// What a read found.
pub(super) struct Read {
    pub(super) bytes: usize,
    /// When the kernel received the last of it, since the epoch, if it says so.
    pub(super) received_at: Option<Duration>,
}

impl Socket {
    pub(super) fn connect(address: SocketAddr) -> io::Result<Socket> {
        let stream = TcpStream::connect_timeout(&address, CONNECT_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        setsockopt(&stream, RcvBuf, &RECEIVE_BUFFER_BYTES)?;
        // Without it times are those of the reads.
        let _ = setsockopt(&stream, ReceiveTimestampns, &true);
        Ok(Socket(stream))
    }

    /// Reads what is there; `None` if that is nothing. No bytes are the end of the stream.
    pub(super) fn read(&self, into: &mut [u8], control: &mut [u8]) -> io::Result<Option<Read>> {
        let mut slices = [IoSliceMut::new(into)];
        let flags = MsgFlags::MSG_DONTWAIT;
        match recvmsg::<()>(self.0.as_raw_fd(), &mut slices, Some(control), flags) {
            Ok(message) => {
                let times = message.cmsgs()?.filter_map(|message| match message {
                    ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
                    _ => None,
                });
                Ok(Some(Read { received_at: times.last(), bytes: message.bytes }))
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether all of it was sent; nothing was if not.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<bool> {
        match self.0.write(bytes) {
            Ok(sent) if sent == bytes.len() => Ok(true),
            Ok(_) => Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
