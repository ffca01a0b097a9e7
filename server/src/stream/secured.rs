//! [`Secured`]: a TLS session over the bytes of a connection, without waiting.
//!
//! It begins when the handshake is done. It owns the session and the ciphertext that the kernel
//! has not taken; the connection is handed to it. [`super::Stream`] owns it.
//!
//! Whoever reads here believes what is true of the kernel: a read that gives less than was asked
//! for has found all there was, for now. Whoever writes asks [`Secured::flush`] whether what was
//! taken is in the kernel; until it is, no more is taken.

use std::io::{self, BufRead, Read, Write};

use rustls::ServerConnection;
use shared::limits::{
    TLS_CIPHERTEXT_PER_BYTE_MAX, TLS_IDLE_CIPHERTEXT_MAX_BYTES, TLS_RECORD_OUT_MAX_BYTES,
    TLS_TURN_MAX_READS,
};

/// A TLS session after its handshake.
#[derive(Debug)]
pub(super) struct Secured {
    session: Box<ServerConnection>,
    /// How often the connection was read since a read gave less than was asked for.
    reads: usize,
    /// How much ciphertext may come without a byte in it.
    ciphertext_left: usize,
    /// Whether something came that is no TLS, or too many records with nothing in them: no more is
    /// read.
    failed: bool,
}

impl Secured {
    pub(super) fn new(session: ServerConnection) -> Secured {
        Secured {
            session: Box::new(session),
            reads: 0,
            ciphertext_left: TLS_IDLE_CIPHERTEXT_MAX_BYTES,
            failed: false,
        }
    }

    /// Whether there is something to be read without asking the connection.
    pub(super) fn is_readable(&mut self) -> bool {
        match self.session.reader().fill_buf() {
            Ok(_) => true,
            Err(error) => self.failed || error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// As [`Read::read`]. From one read that gives less than was asked for to the next it reads
    /// the connection no more than so many times, for records may be tiny or empty: the rest waits
    /// in the kernel.
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
            if let Err(error) = self.take_records(connection) {
                break Err(error);
            }
        };
        if filled < buffer.len() {
            self.reads = 0;
        }
        let earned = filled.saturating_mul(TLS_CIPHERTEXT_PER_BYTE_MAX);
        self.ciphertext_left =
            self.ciphertext_left.saturating_add(earned).min(TLS_IDLE_CIPHERTEXT_MAX_BYTES);
        // An end after bytes is seen again by the next read.
        if filled > 0 { Ok(filled) } else { end }
    }

    /// Reads the connection once, and decrypts what is whole of it.
    fn take_records(&mut self, connection: &mut (impl Read + Write)) -> io::Result<()> {
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
            // What came before it is good, and is read first.
            self.failed = true;
            // The alert that says why; who does not take it at once goes without.
            let _ = self.session.write_tls(connection);
        }
        Ok(())
    }

    /// As [`Write::write`]; `WouldBlock` while anything taken before waits for the kernel.
    pub(super) fn write(&mut self, connection: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        self.flush(connection)?;
        let taken =
            self.session.writer().write(&bytes[..bytes.len().min(TLS_RECORD_OUT_MAX_BYTES)])?;
        match self.flush(connection) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Gives the kernel what is encrypted; `WouldBlock` while it does not take all of it.
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

    /// Says that nothing more comes: what is cut off without it may have been cut by anybody.
    pub(super) fn close(&mut self, connection: &mut impl Write) -> io::Result<()> {
        self.session.send_close_notify();
        self.flush(connection)
    }
}

#[cfg(test)]
mod tests;
