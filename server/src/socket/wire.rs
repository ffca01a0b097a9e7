//! What is under the WebSocket: the stream, what of it may be read, and what waits to be sent.
//!
//! Everything that comes passes the meter; what tungstenite writes by itself waits behind what was
//! said before. Owned by the socket.

use std::io::{self, Read, Write};

use super::meter::FrameMeter;

/// Most bytes of pongs that wait behind other bytes. Older pongs beyond it are forgotten, as
/// RFC 6455 section 5.5.3 allows.
pub(super) const PONGS_MAX_BYTES: usize = 1_024;

#[derive(Debug)]
pub(super) struct Wire<S> {
    pub(super) stream: S,
    pub(super) meter: FrameMeter,
    /// Whether the last read was a short one: then the kernel has no more, and need not be
    /// asked to say so.
    pub(super) drained: bool,
    /// Whether anything came since this was last asked.
    pub(super) heard: bool,
    pub(super) unsent: Vec<u8>,
    /// Whether tungstenite was told to keep something back.
    pub(super) held: bool,
    /// Whether tungstenite's own frames are held back while much waits.
    pub(super) bounded: bool,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
}

impl<S: Read + Write> Wire<S> {
    pub(super) fn new(stream: S, meter: FrameMeter) -> Wire<S> {
        Wire {
            stream,
            meter,
            drained: false,
            heard: false,
            unsent: Vec::new(),
            held: false,
            bounded: true,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Offers what waits to the stream once, and says how much it took.
    pub(super) fn send(&mut self) -> io::Result<usize> {
        let sent = send_from(&mut self.stream, &self.unsent)?;
        self.bytes_out += sent as u64;
        if sent == self.unsent.len() {
            self.unsent.clear();
        } else {
            self.unsent.drain(..sent);
        }
        Ok(sent)
    }

    /// Whether the stream has given all that it took to the kernel.
    pub(super) fn is_through(&mut self) -> io::Result<bool> {
        match self.stream.flush() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Gives the stream what it takes of these, and says how much that was.
pub(super) fn send_from(stream: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => sent += taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

impl<S: Read + Write> Read for Wire<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.meter.may_read().min(buffer.len());
        let buffer = &mut buffer[..most];
        if self.drained || buffer.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.stream.read(buffer).inspect_err(|_| self.meter.drained())?;
        if read < most {
            self.meter.drained();
            // The end of the stream is a read of 0 and must be seen.
            self.drained = read > 0;
        }
        self.heard |= read > 0;
        self.bytes_in += read as u64;
        match self.meter.take(&buffer[..read]) {
            // Nothing of it is to be looked at, which is not the end of the stream.
            0 if read > 0 => Err(io::ErrorKind::WouldBlock.into()),
            given => Ok(given),
        }
    }
}

/// What tungstenite itself writes: pongs and closes. Each call is one or more whole frames.
impl<S> Write for Wire<S> {
    fn write(&mut self, frames: &[u8]) -> io::Result<usize> {
        if self.bounded && self.unsent.len() >= PONGS_MAX_BYTES {
            self.held = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.unsent.extend_from_slice(frames);
        Ok(frames.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
