//! [`Line`]: the bytes of one connection while a task has it, as HTTP and the opening see them.
//!
//! The one type of what lies under HTTP, whatever lies under that. It knows no message and no
//! deadline: whoever waits on it sets that. A visit opens it, [`crate::door::gate`] reads it, and
//! [`crate::stream::Stream`] takes it over with the WebSocket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// One connection.
#[derive(Debug)]
pub(crate) enum Line {
    /// As it comes.
    Plain(TcpStream),
}

impl Line {
    /// Opens a connection that was accepted just now. TLS goes here: a variant of its own, taken
    /// when the first byte is 0x16, whose handshake this waits for. Its caller bounds the wait by
    /// the opening deadline, so nothing here needs to.
    pub(crate) async fn open(tcp: TcpStream) -> io::Result<Line> {
        Ok(Line::Plain(tcp))
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Line::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Line::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Line::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Line::Plain(tcp) => tcp.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Line::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Line::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
        }
    }
}
