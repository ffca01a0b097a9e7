//! [`MeteredStream`]: the stream below tungstenite. It limits what is read and buffers what is unsent.
//!
//! All received bytes pass the [`FrameMeter`]; frames that tungstenite writes itself queue behind the
//! messages before them. A [`WebSocketTransport`](super::websocket::WebSocketTransport) owns it.

use std::io::{self, Read, Write};

use super::frame_meter::FrameMeter;

/// Unsent bytes above which no more pongs are queued. tungstenite then answers only the latest ping,
/// as RFC 6455 section 5.5.3 allows.
pub(crate) const PONGS_MAX_BYTES: usize = 1_024;

/// A stream with its read limits and its unsent bytes.
#[derive(Debug)]
pub(crate) struct MeteredStream<S> {
    pub(crate) stream: S,
    pub(crate) meter: FrameMeter,
    /// Whether the last read was short or found nothing: the kernel has no more bytes, and another read
    /// would only cost a system call.
    pub(crate) drained: bool,
    /// Bytes that were received and are to be read again, before all others. Empty most of the time.
    put_back: Vec<u8>,
    /// Whether bytes were received since this was last reset.
    pub(crate) has_received: bool,
    /// Frames that the stream has not accepted yet.
    pub(crate) unsent: Vec<u8>,
    /// Whether a frame of tungstenite was refused for lack of space, so that it keeps it.
    pub(crate) refused_frame: bool,
    /// Whether tungstenite's own frames are refused while too much is unsent.
    pub(crate) limits_control_frames: bool,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl<S: Read + Write> MeteredStream<S> {
    pub(crate) fn new(stream: S, meter: FrameMeter) -> MeteredStream<S> {
        MeteredStream {
            stream,
            meter,
            drained: false,
            put_back: Vec::new(),
            has_received: false,
            unsent: Vec::new(),
            refused_frame: false,
            limits_control_frames: true,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Puts back what was read last and not used.
    pub(crate) fn put_back(&mut self, bytes: &[u8]) {
        self.put_back.extend_from_slice(bytes);
    }

    /// Whether all that was received has been read.
    pub(crate) fn is_read_up(&self) -> bool {
        self.put_back.is_empty()
    }

    /// Whether another read in this pass may return anything: bytes, the end, or that a frame is refused.
    pub(crate) fn has_more(&self) -> bool {
        !self.drained || !self.put_back.is_empty() || self.meter.verdict().is_some()
    }

    /// Reads what was put back. It has passed the meter.
    fn read_again(&mut self, buffer: &mut [u8]) -> usize {
        let read = buffer.len().min(self.put_back.len());
        buffer[..read].copy_from_slice(&self.put_back[..read]);
        self.put_back.drain(..read);
        if self.put_back.is_empty() {
            self.put_back = Vec::new();
        }
        read
    }

    /// Writes the unsent bytes to the stream, and returns how many it accepted.
    pub(crate) fn send(&mut self) -> io::Result<usize> {
        let sent = send_from(&mut self.stream, &self.unsent)?;
        self.bytes_out += sent as u64;
        if sent == self.unsent.len() {
            self.unsent.clear();
        } else {
            self.unsent.drain(..sent);
        }
        Ok(sent)
    }

    /// Flushes the stream. Returns whether the kernel has accepted everything.
    pub(crate) fn is_flushed(&mut self) -> io::Result<bool> {
        match self.stream.flush() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Writes bytes to the stream until it would block, and returns how many it accepted.
pub(crate) fn send_from(stream: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
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

impl<S: Read + Write> Read for MeteredStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.put_back.is_empty() {
            return Ok(self.read_again(buffer));
        }
        let most = self.meter.may_read().min(buffer.len());
        let buffer = &mut buffer[..most];
        if self.drained || buffer.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.stream.read(buffer).inspect_err(|error| {
            self.meter.mark_drained();
            self.drained = error.kind() == io::ErrorKind::WouldBlock;
        })?;
        if read < most {
            self.meter.mark_drained();
            // The end of the stream is a read of 0 and must be seen.
            self.drained = read > 0;
        }
        self.has_received |= read > 0;
        self.bytes_in += read as u64;
        match self.meter.receive(&buffer[..read]) {
            // The meter accepted nothing of it, which is not the end of the stream.
            0 if read > 0 => Err(io::ErrorKind::WouldBlock.into()),
            accepted => Ok(accepted),
        }
    }
}

/// The frames that tungstenite writes itself: pongs and closes. Each call has one or more whole frames.
impl<S> Write for MeteredStream<S> {
    fn write(&mut self, frames: &[u8]) -> io::Result<usize> {
        if self.limits_control_frames && self.unsent.len() >= PONGS_MAX_BYTES {
            self.refused_frame = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.unsent.extend_from_slice(frames);
        Ok(frames.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
