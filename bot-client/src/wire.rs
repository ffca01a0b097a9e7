//! The one place through which all bytes of a bot pass, in and out.
//!
//! Owns the non-blocking TCP stream under a bot's WebSocket, and the TLS session between the two if
//! there is one, and counts the bytes that the WebSocket sees. It never looks
//! at them. With a throttle it reads no more of them than that allows.

use std::io::{self, Read, Write};
use std::time::Duration;

use mio::net::TcpStream;
use rustls::ClientConnection;

use crate::throttle::ReadThrottle;
use secured::Secured;

mod secured;

/// A TCP stream that counts.
#[derive(Debug)]
pub(crate) struct Wire {
    tcp: TcpStream,
    /// `None` where bytes go as they are.
    tls: Option<Secured>,
    /// The last read took less than was asked for, so that the next one would find nothing:
    /// polling is edge-triggered, so later data raises another event.
    drained: bool,
    /// The peer will say no more: reads go on until they find the end.
    ending: bool,
    /// `None` for a client that reads as fast as it can.
    throttle: Option<ReadThrottle>,
    now: Duration,
    /// The throttle allowed nothing when more was to be read.
    starved: bool,
    bytes_in: u64,
    bytes_out: u64,
}

impl Wire {
    pub(crate) fn new(
        tcp: TcpStream,
        tls: Option<ClientConnection>,
        throttle: Option<ReadThrottle>,
    ) -> Wire {
        Wire {
            tcp,
            tls: tls.map(Secured::new),
            drained: false,
            ending: false,
            throttle,
            now: Duration::ZERO,
            starved: false,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Says what time it is; it must be called before reads.
    pub(crate) fn begin_reads(&mut self, now: Duration) {
        self.now = now;
        self.starved = false;
    }

    /// When a read that the throttle did not allow is worth trying again.
    pub(crate) fn resume_at(&self) -> Option<Duration> {
        self.throttle.as_ref().filter(|_| self.starved).map(ReadThrottle::resume_at)
    }

    /// From now on the client reads as fast as it can.
    pub(crate) fn lift(&mut self) {
        self.throttle = None;
        self.starved = false;
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
        let allowed = match &mut self.throttle {
            Some(throttle) => throttle.allowed_bytes(self.now).min(buffer.len()),
            None => buffer.len(),
        };
        if allowed == 0 {
            self.starved = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let buffer = &mut buffer[..allowed];
        let taken = match &mut self.tls {
            None => self.tcp.read(buffer)?,
            Some(tls) => tls.read(&mut self.tcp, buffer)?,
        };
        if let Some(throttle) = &mut self.throttle {
            throttle.take(taken);
        }
        self.bytes_in += taken as u64;
        self.drained = taken > 0 && taken < allowed && !self.ending;
        Ok(taken)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let given = match &mut self.tls {
            None => self.tcp.write(bytes)?,
            Some(tls) => tls.write(&mut self.tcp, bytes)?,
        };
        self.bytes_out += given as u64;
        Ok(given)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => self.tcp.flush(),
            Some(tls) => tls.flush(&mut self.tcp),
        }
    }
}
