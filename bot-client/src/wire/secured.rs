//! [`Secured`]: a TLS session over a bot's socket, without waiting.
//!
//! It begins when the handshake is done. The poll tells of the socket only when more comes or can
//! go: so a read that gives less than was asked for has found all there was, and what the kernel
//! has not taken is asked after by [`Secured::flush`]. Owned by the wire.

use std::io::{self, Read, Write};

use rustls::ClientConnection;

/// A TLS session after its handshake.
#[derive(Debug)]
pub(super) struct Secured {
    session: Box<ClientConnection>,
}

impl Secured {
    pub(super) fn new(session: ClientConnection) -> Secured {
        Secured { session: Box::new(session) }
    }

    pub(super) fn read(&mut self, tcp: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
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
            let came = self.session.read_tls(tcp).and_then(|_| {
                self.session
                    .process_new_packets()
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
            });
            if let Err(error) = came {
                break Err(error);
            }
        };
        // An end after bytes is seen again by the next read.
        if filled > 0 { Ok(filled) } else { end }
    }

    pub(super) fn write(&mut self, tcp: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        self.flush(tcp)?;
        let taken = self.session.writer().write(bytes)?;
        match self.flush(tcp) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Gives the kernel what is encrypted; `WouldBlock` while it does not take all of it.
    pub(super) fn flush(&mut self, tcp: &mut impl Write) -> io::Result<()> {
        while self.session.wants_write() {
            if self.session.write_tls(tcp)? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}
