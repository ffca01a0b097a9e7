//! [`HandshakeStream`]: the connection below a TLS session. It limits how much a client may send before
//! its handshake is complete.
//!
//! A TLS library keeps a message of a handshake until all of it has arrived, up to 64 KiB. Here that
//! would be memory for anyone who announces a long message and sends most of it. It knows no TLS:
//! [`super::peer_stream`] lifts the limit when the handshake is complete.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::limits::TLS_HANDSHAKE_MAX_BYTES;

/// A connection with a limit on what is read from it.
#[derive(Debug)]
pub(crate) struct HandshakeStream {
    tcp: TcpStream,
    /// How many bytes may still be read; `None` once the handshake is complete.
    left: Option<usize>,
}

impl HandshakeStream {
    pub(super) fn new(tcp: TcpStream) -> HandshakeStream {
        HandshakeStream { tcp, left: Some(TLS_HANDSHAKE_MAX_BYTES) }
    }

    /// Lifts the limit: from now on, the limits of HTTP and of the WebSocket apply.
    pub(super) fn handshake_is_complete(&mut self) {
        self.left = None;
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    pub(super) fn into_tcp(self) -> TcpStream {
        self.tcp
    }
}

impl AsyncRead for HandshakeStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut stream.tcp).poll_read(cx, buffer))?;
        if let Some(left) = &mut stream.left {
            let read = buffer.filled().len() - before;
            let Some(rest) = left.checked_sub(read) else {
                let message = format!("more than {TLS_HANDSHAKE_MAX_BYTES} bytes of a handshake");
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, message)));
            };
            *left = rest;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for HandshakeStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}
