//! [`TlsStream`]: a non-blocking TLS session after its handshake.
//!
//! It owns the session and the ciphertext that the kernel has not accepted; callers pass it the
//! connection. A [`ByteStream`](super::byte_stream::ByteStream) owns it.
//!
//! As with a socket, a read that returns less than the buffer's length has read everything that is
//! available for now. A writer calls [`TlsStream::flush`] until the kernel has accepted everything;
//! before that, no more is accepted.

use std::io::{self, BufRead, Read, Write};

use crate::limits::{
    TLS_CIPHERTEXT_PER_BYTE_MAX, TLS_IDLE_CIPHERTEXT_MAX_BYTES, TLS_RECORD_OUT_MAX_BYTES,
    TLS_TURN_MAX_READS,
};
use rustls::ServerConnection;

/// A TLS session after its handshake.
#[derive(Debug)]
pub(super) struct TlsStream {
    session: Box<ServerConnection>,
    /// Reads of the connection since the last short read.
    reads: usize,
    /// Ciphertext that may still arrive without plaintext in it, in bytes.
    ciphertext_left: usize,
    /// Whether the peer sent invalid TLS or too many empty records. Nothing more is read then.
    failed: bool,
}

impl TlsStream {
    pub(super) fn new(session: ServerConnection) -> TlsStream {
        TlsStream {
            session: Box::new(session),
            reads: 0,
            ciphertext_left: TLS_IDLE_CIPHERTEXT_MAX_BYTES,
            failed: false,
        }
    }

    /// Whether a read would return something without reading the connection.
    pub(super) fn is_readable(&mut self) -> bool {
        match self.session.reader().fill_buf() {
            Ok(_) => true,
            Err(error) => self.failed || error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// As [`Read::read`]. Between two short reads it reads the connection at most
    /// [`TLS_TURN_MAX_READS`] times, since records may be tiny or empty; the rest waits in the kernel.
    pub(super) fn read(
        &mut self,
        connection: &mut (impl Read + Write),
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let mut filled = 0;
        let end = loop {
            match self.session.reader().read(&mut buffer[filled..]) {
                Ok(0) => break Ok(0),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => break Err(error),
            }
            if filled == buffer.len() {
                break Ok(filled);
            }
            if self.reads == TLS_TURN_MAX_READS {
                break Err(io::ErrorKind::WouldBlock.into());
            }
            self.reads += 1;
            if let Err(error) = self.read_records(connection) {
                break Err(error);
            }
        };
        if filled < buffer.len() {
            self.reads = 0;
        }
        let earned = filled.saturating_mul(TLS_CIPHERTEXT_PER_BYTE_MAX);
        self.ciphertext_left =
            self.ciphertext_left.saturating_add(earned).min(TLS_IDLE_CIPHERTEXT_MAX_BYTES);
        // The next read returns the end or the error again.
        if filled > 0 { Ok(filled) } else { end }
    }

    /// Reads the connection once, and decrypts the complete records.
    fn read_records(&mut self, connection: &mut (impl Read + Write)) -> io::Result<()> {
        if self.failed {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let read = self.session.read_tls(connection)?;
        if read > self.ciphertext_left {
            self.failed = true;
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.ciphertext_left -= read;
        if self.session.process_new_packets().is_err() {
            // The plaintext before the error is valid and is read first.
            self.failed = true;
            // Sends the alert, if the kernel accepts it at once.
            let _ = self.session.write_tls(connection);
        }
        Ok(())
    }

    /// As [`Write::write`]; `WouldBlock` while the kernel has not accepted everything written before.
    pub(super) fn write(&mut self, connection: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        self.flush(connection)?;
        let taken =
            self.session.writer().write(&bytes[..bytes.len().min(TLS_RECORD_OUT_MAX_BYTES)])?;
        match self.flush(connection) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Writes the encrypted bytes to the kernel; `WouldBlock` until it has accepted all of them.
    pub(super) fn flush(&mut self, connection: &mut impl Write) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(connection) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends `close_notify`. Without it the peer cannot distinguish the end from a truncation.
    pub(super) fn send_end(&mut self, connection: &mut impl Write) -> io::Result<()> {
        self.session.send_close_notify();
        self.flush(connection)
    }
}

#[cfg(test)]
mod tests;
