//! [`Secured`]: a TLS session over the bytes of a connection, without waiting.
//!
//! It begins when the handshake is done. It owns the session and the ciphertext that the kernel
//! has not taken; the connection is handed to it. [`super::Stream`] owns it; the door makes it.
//!
//! Whoever is above believes in two things that are true of the kernel, and here are made true:
//! a read that gives less than was asked for has found all that was there, and bytes that a write
//! took are in the kernel.

use std::io::{self, BufRead, Read, Write};

use rustls::ServerConnection;
use shared::limits::{TLS_RECORD_OUT_MAX_BYTES, TLS_TURN_MAX_READS};

/// A TLS session after its handshake.
#[derive(Debug)]
pub(super) struct Secured {
    session: Box<ServerConnection>,
    /// How many times the connection was read since a read gave less than was asked for.
    reads: usize,
    /// Whether the first of the bytes that come next has been encrypted already: the last byte of
    /// what waits for the kernel is not said to be taken before all of it is.
    owes: bool,
    /// Whether what came is no TLS: nothing more is read.
    failed: bool,
}

impl Secured {
    pub(super) fn new(session: ServerConnection) -> Secured {
        Secured { session: Box::new(session), reads: 0, owes: false, failed: false }
    }

    /// Whether there is something to be read without the connection.
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
                Ok(0) => break Ok(()),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => break Err(error),
            }
            if filled == buffer.len() {
                return Ok(filled);
            }
            if self.reads == TLS_TURN_MAX_READS {
                break Err(io::ErrorKind::WouldBlock.into());
            }
            self.reads += 1;
            if let Err(error) = self.take_records(connection) {
                break Err(error);
            }
        };
        self.reads = 0;
        // However it ends is seen again by the next read.
        if filled > 0 { Ok(filled) } else { end.map(|()| 0) }
    }

    /// Reads the connection once, and decrypts what is whole.
    fn take_records(&mut self, connection: &mut (impl Read + Write)) -> io::Result<()> {
        if self.failed {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.session.read_tls(connection)?;
        if let Err(error) = self.session.process_new_packets() {
            self.failed = true;
            // The alert that says why; who does not take it at once goes without.
            let _ = self.session.write_tls(connection);
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(())
    }

    /// As [`Write::write`], but that a byte which is encrypted and still waits must be the first of
    /// the next write.
    pub(super) fn write(
        &mut self,
        connection: &mut impl Write,
        bytes: &[u8],
    ) -> io::Result<usize> {
        self.flush(connection)?;
        let before = usize::from(std::mem::take(&mut self.owes)).min(bytes.len());
        let most = (bytes.len() - before).min(TLS_RECORD_OUT_MAX_BYTES);
        let taken = before + self.session.writer().write(&bytes[before..before + most])?;
        match self.flush(connection) {
            Ok(()) => Ok(taken),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.owes = true;
                if taken > 1 { Ok(taken - 1) } else { Err(error) }
            }
            Err(error) => Err(error),
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

    /// Says that nothing more comes: what is cut off without that may have been cut by anybody.
    pub(super) fn close(&mut self, connection: &mut impl Write) -> io::Result<()> {
        self.session.send_close_notify();
        self.flush(connection)
    }
}

#[cfg(test)]
mod tests;
