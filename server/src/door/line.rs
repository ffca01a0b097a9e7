//! [`Line`]: the bytes of one connection while a task has it, as HTTP and the opening see them.
//!
//! The one type of what lies under HTTP, whether that is TLS or not. It knows no message and no
//! deadline: whoever waits on it sets that. A visit opens it, [`crate::door::gate`] reads it, and
//! [`crate::stream::Stream`] takes it over with the WebSocket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::tls::Tls;

/// One connection.
#[derive(Debug)]
pub(crate) enum Line {
    /// As it comes.
    Plain(TcpStream),
    /// Over TLS, the handshake of which is done.
    Tls(Box<TlsStream<TcpStream>>),
}

/// With what a client's part of a TLS handshake begins. No request does.
const TLS_FIRST_BYTE: u8 = 0x16;

impl Line {
    /// Opens a connection that was accepted just now: where TLS is spoken this waits for the
    /// handshake, unless the first byte is of none. Its caller bounds the wait by the opening
    /// deadline, so nothing here needs to.
    pub(crate) async fn open(tcp: TcpStream, tls: Option<&Tls>) -> io::Result<Line> {
        let Some(tls) = tls else { return Ok(Line::Plain(tcp)) };
        let mut first = [0];
        if tcp.peek(&mut first).await? == 0 || first[0] != TLS_FIRST_BYTE {
            return Ok(Line::Plain(tcp));
        }
        let stream = TlsAcceptor::from(tls.current()).accept(tcp).await?;
        Ok(Line::Tls(Box::new(stream)))
    }
}

impl Line {
    /// Has the kernel forget what its peer does not take, when it is dropped.
    pub(crate) fn cut(&self) {
        let tcp = match self {
            Line::Plain(tcp) => tcp,
            Line::Tls(stream) => stream.get_ref().0,
        };
        // If it cannot, the kernel tries for a while.
        let _ = socket2::SockRef::from(tcp).set_linger(Some(Duration::ZERO));
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
            Line::Tls(stream) => Pin::new(&mut **stream).poll_read(cx, buffer),
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
            Line::Tls(stream) => Pin::new(&mut **stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Line::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Line::Tls(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Line::Plain(tcp) => tcp.is_write_vectored(),
            Line::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Line::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Line::Tls(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Line::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Line::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
        }
    }
}
