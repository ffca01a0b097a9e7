//! The one place through which all bytes of a bot pass, in and out.
//!
//! Owns the non-blocking TCP stream under a bot's WebSocket and counts its bytes. It never looks
//! at them. A simulated network path would stand here, between socket and WebSocket.

use std::io::{self, Read, Write};

use mio::net::TcpStream;

/// A TCP stream that counts.
#[derive(Debug)]
pub(crate) struct Wire {
    tcp: TcpStream,
    /// The last read took less than was asked for, so that the next one would find nothing:
    /// polling is edge-triggered, what comes later is told anew.
    drained: bool,
    /// The peer will say no more: reads go on until they find the end.
    ending: bool,
    bytes_in: u64,
    bytes_out: u64,
}

impl Wire {
    pub(crate) fn new(tcp: TcpStream) -> Wire {
        Wire { tcp, drained: false, ending: false, bytes_in: 0, bytes_out: 0 }
    }

    /// For registration with the poll.
    pub(crate) fn source(&mut self) -> &mut TcpStream {
        &mut self.tcp
    }

    /// The poll says that there is something to be read; `ending` if the end is in sight.
    pub(crate) fn readable(&mut self, ending: bool) {
        self.drained = false;
        self.ending |= ending;
    }

    /// Bytes that came so far, WebSocket framing included.
    pub(crate) fn bytes_in(&self) -> u64 {
        self.bytes_in
    }

    /// Bytes that went so far, WebSocket framing included.
    pub(crate) fn bytes_out(&self) -> u64 {
        self.bytes_out
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.drained {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = self.tcp.read(buffer)?;
        self.bytes_in += taken as u64;
        self.drained = taken > 0 && taken < buffer.len() && !self.ending;
        Ok(taken)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let given = self.tcp.write(bytes)?;
        self.bytes_out += given as u64;
        Ok(given)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
