//! [`PeerStream`]: the byte stream of one connection while a task owns it, with or without TLS.
//!
//! It is the one type of stream that HTTP runs on. It knows no messages and no deadlines: callers set
//! those. [`super::opening`] opens it, [`crate::edge::http::gate`] reads it, and after the upgrade
//! [`crate::transport::byte_stream::ByteStream`] replaces it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::handshake_stream::HandshakeStream;
use crate::edge::tls::Tls;

/// The byte stream of one connection.
#[derive(Debug)]
pub(crate) enum PeerStream {
    /// Plaintext.
    Plain(TcpStream),
    /// TLS, after the handshake.
    Tls(Box<TlsStream<HandshakeStream>>),
}

/// The first byte of a TLS handshake. No HTTP request begins with it.
const TLS_FIRST_BYTE: u8 = 0x16;

impl PeerStream {
    /// Opens a connection that was just accepted. With TLS this waits for the handshake, unless the
    /// first byte is plaintext. The caller bounds the wait by the opening deadline; what may be sent
    /// meanwhile is bounded here.
    pub(crate) async fn open(tcp: TcpStream, tls: Option<&Tls>) -> io::Result<PeerStream> {
        let Some(tls) = tls else { return Ok(PeerStream::Plain(tcp)) };
        let mut first = [0];
        if tcp.peek(&mut first).await? == 0 || first[0] != TLS_FIRST_BYTE {
            return Ok(PeerStream::Plain(tcp));
        }
        let limited = HandshakeStream::new(tcp);
        let mut stream = TlsAcceptor::from(tls.current()).accept(limited).await?;
        stream.get_mut().0.handshake_is_complete();
        Ok(PeerStream::Tls(Box::new(stream)))
    }
}

impl PeerStream {
    /// The connection and the TLS session over it, if there is one.
    pub(crate) fn into_parts(self) -> (TcpStream, Option<rustls::ServerConnection>) {
        match self {
            PeerStream::Plain(tcp) => (tcp, None),
            PeerStream::Tls(stream) => {
                let (stream, session) = stream.into_inner();
                (stream.into_tcp(), Some(session))
            }
        }
    }

    /// Makes the kernel discard unsent bytes when the stream is dropped.
    pub(crate) fn reset_on_drop(&self) {
        let tcp = match self {
            PeerStream::Plain(tcp) => tcp,
            PeerStream::Tls(stream) => stream.get_ref().0.tcp(),
        };
        // If this fails, the kernel retransmits for a while.
        let _ = socket2::SockRef::from(tcp).set_linger(Some(Duration::ZERO));
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            PeerStream::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            PeerStream::Tls(stream) => Pin::new(&mut **stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            PeerStream::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            PeerStream::Tls(stream) => Pin::new(&mut **stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            PeerStream::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            PeerStream::Tls(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            PeerStream::Plain(tcp) => tcp.is_write_vectored(),
            PeerStream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            PeerStream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            PeerStream::Tls(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            PeerStream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            PeerStream::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
        }
    }
}
