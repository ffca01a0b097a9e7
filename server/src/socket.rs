//! [`Socket`]: one WebSocket, from the end of its handshake to its last byte.
//!
//! It owns the TCP connection, what was read of it and what the kernel has not taken yet. It
//! knows no message of ours but the goodbye, and no clock. A session's task drives it through
//! the hello and the farewell, by the runtime's readiness; in between a shard polls it once a
//! tick, without any waker. It is the same value throughout: only what is underneath changes.
//! It is handed the time, so that tests run it over any bytes and on a time of theirs.
//!
//! Reading is tungstenite's. Data frames to the client are written here: a server's frame is a
//! header before the bytes, and so one buffer of the shard gathers what a whole pass says to a
//! client, and a socket that takes it all keeps no buffer at all. What is said to many alike is
//! offered to each from where it lies.

use std::io::{self, Read, Write};
use std::mem;
use std::time::Duration;

use shared::limits::{
    CLIENT_MESSAGE_MAX_BYTES, ECHO_MESSAGE_MAX_BYTES, INPUT_MESSAGE_MAX_BYTES,
    MESSAGES_PER_PASS_MAX, PING_AFTER, SILENCE_MAX, WRITE_STALL_MAX,
};
use shared::protocol::{End, ServerMessage};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Bytes, Error, Message, Utf8Bytes, WebSocket};

use crate::framing;
use crate::stream::Stream;
use meter::{ByteLimits, FrameMeter};
use wire::{PONGS_MAX_BYTES, Wire, send_from};

mod meter;
mod wire;

/// Room for a few inputs; a longer message makes it grow for as long as that takes.
const READ_BUFFER_BYTES: usize = 256;

/// One client's WebSocket, over a connection or, in tests, over any bytes.
#[derive(Debug)]
pub(crate) struct Socket<S = Stream> {
    websocket: WebSocket<Wire<S>>,
    /// Since when the kernel has taken nothing of what waits.
    blocked_since: Option<Duration>,
    /// Whether the stream keeps something of what it took.
    clogged: bool,
    /// When anything came last, as far as is known; `None` before the first time on this clock.
    heard: Option<Duration>,
    /// Whether it was pinged since.
    pinged: bool,
}

/// What one look at a socket gives.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A binary message of the client.
    Message(Bytes),
    /// A text of the client.
    Text(Utf8Bytes),
    /// A frame that is WebSocket's own business, and done with.
    Control,
    /// Nothing more for now.
    Nothing,
}

/// Whether all that was said is in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// All of it.
    Whole,
    /// Some waits: nothing new may be encoded.
    Part,
}

impl Socket {
    /// Takes it off the runtime, to be polled by a shard.
    pub(crate) fn leave_runtime(&mut self) -> io::Result<()> {
        // A shard measures by a time of its own.
        self.change_clock();
        self.websocket.get_mut().stream.leave_runtime()
    }

    /// Puts it under the runtime of the calling task.
    pub(crate) fn enter_runtime(&mut self) -> io::Result<()> {
        self.websocket.get_mut().stream.enter_runtime()
    }

    /// Waits, under a task's runtime, until there may be something to be read.
    pub(crate) async fn readable(&mut self) -> io::Result<()> {
        self.websocket.get_mut().stream.readable().await
    }

    /// Says to the peer that nothing more comes. To be called again while it would block.
    pub(crate) fn shut(&mut self) -> io::Result<()> {
        self.websocket.get_mut().stream.close()
    }

    /// The connection under a task's runtime, to wait on; `None` while a shard has it.
    pub(crate) fn under_runtime(&self) -> Option<&tokio::net::TcpStream> {
        self.websocket.get_ref().stream.under_runtime()
    }
}

impl<S: Read + Write> Socket<S> {
    /// The time is told by another clock from now on.
    fn change_clock(&mut self) {
        self.blocked_since = None;
        self.heard = None;
        self.websocket.get_mut().meter.forget_time();
    }

    /// A socket whose handshake is done, with what was read beyond it.
    pub(crate) fn new(stream: S, read_ahead: &[u8]) -> Socket<S> {
        Socket::within(&ByteLimits::PLAY, CLIENT_MESSAGE_MAX_BYTES, stream, read_ahead)
    }

    /// The same for one whose client is to hear what it says.
    pub(crate) fn echo(stream: S, read_ahead: &[u8]) -> Socket<S> {
        Socket::within(&ByteLimits::ECHO, ECHO_MESSAGE_MAX_BYTES, stream, read_ahead)
    }

    fn within(
        limits: &'static ByteLimits,
        message_max: usize,
        stream: S,
        read_ahead: &[u8],
    ) -> Socket<S> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(PONGS_MAX_BYTES)
            .max_message_size(Some(message_max))
            .max_frame_size(Some(message_max));
        let mut meter = FrameMeter::new(limits, message_max);
        let read_ahead = &read_ahead[..meter.take(read_ahead)];
        let wire = Wire::new(stream, meter);
        let websocket =
            WebSocket::from_partially_read(wire, read_ahead.to_vec(), Role::Server, Some(config));
        Socket { websocket, blocked_since: None, clogged: false, heard: None, pinged: false }
    }

    /// The hello has been taken: what comes after it is small.
    pub(crate) fn expect_inputs(&mut self) {
        self.websocket.get_mut().meter.set_message_max(INPUT_MESSAGE_MAX_BYTES);
    }

    /// Hands over every message that is there, up to the limits of one pass; judges only then
    /// whether the client has been silent for too long.
    ///
    /// # Errors
    /// How the connection ends: by what came, by what `take` made of it, by what did not come, or
    /// by a broken wire.
    pub(crate) fn read(
        &mut self,
        now: Duration,
        mut take: impl FnMut(&[u8]) -> Result<(), End>,
    ) -> Result<(), End> {
        self.begin(now)?;
        for _ in 0..MESSAGES_PER_PASS_MAX {
            match self.next()? {
                Incoming::Message(message) => take(&message)?,
                Incoming::Text(_) => return Err(End::NotBinary),
                Incoming::Control => {}
                Incoming::Nothing => break,
            }
        }
        self.keep_alive(now)
    }

    /// Allows the next pass, or turn of a task, its bytes and frames.
    ///
    /// # Errors
    /// When the client has been sending too much for too long.
    pub(crate) fn begin(&mut self, now: Duration) -> Result<(), End> {
        let wire = self.websocket.get_mut();
        // A short read meant that the kernel had no more then.
        wire.drained = false;
        wire.meter.begin(now)
    }

    /// The next frame that is there, as far as was allowed.
    ///
    /// # Errors
    /// How the connection ends.
    pub(crate) fn next(&mut self) -> Result<Incoming, End> {
        match self.websocket.read() {
            Ok(Message::Binary(bytes)) => Ok(Incoming::Message(bytes)),
            Ok(Message::Text(text)) => Ok(Incoming::Text(text)),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Ok(Incoming::Control),
            Ok(Message::Close(_)) => Err(End::Left),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                match self.websocket.get_ref().meter.verdict() {
                    Some(end) => Err(end),
                    None => Ok(Incoming::Nothing),
                }
            }
            Err(error) => Err(end_of(&error)),
        }
    }

    /// Whether more may be there than the rates let in: it is of no use to look again at once.
    pub(crate) fn is_limited(&self) -> bool {
        self.websocket.get_ref().meter.is_limited()
    }

    /// Pings a client that has been silent for a while. To be called when all that is there has
    /// been read.
    ///
    /// # Errors
    /// When it has been silent for too long, ping and all.
    pub(crate) fn keep_alive(&mut self, now: Duration) -> Result<(), End> {
        let wire = self.websocket.get_mut();
        if mem::take(&mut wire.heard) || self.heard.is_none() {
            self.heard = Some(now);
            self.pinged = false;
            return Ok(());
        }
        let silent = now.saturating_sub(self.heard.unwrap_or(now));
        if silent > SILENCE_MAX {
            return Err(End::Silent);
        }
        if silent >= PING_AFTER && !self.pinged && !self.is_behind() {
            self.pinged = true;
            framing::put_ping(&mut self.websocket.get_mut().unsent);
        }
        Ok(())
    }

    /// The server stood still for so long, and what came meanwhile comes all at once.
    pub(crate) fn forgive_stall(&mut self, lost: Duration) {
        self.websocket.get_mut().meter.forgive_stall(lost);
    }

    /// Adds one binary message to what is to be sent.
    pub(crate) fn say(&mut self, message: &[u8]) {
        framing::put(message, &mut self.websocket.get_mut().unsent);
    }

    /// The same for a text.
    pub(crate) fn say_text(&mut self, text: &str) {
        framing::put_text(text, &mut self.websocket.get_mut().unsent);
    }

    /// The same for messages that are in their frames already.
    pub(crate) fn say_framed(&mut self, frames: &[u8]) {
        self.websocket.get_mut().unsent.extend_from_slice(frames);
    }

    /// Offers frames to the kernel while nothing else waits. Whether it took any of them: then
    /// the rest waits here, and else it is as if they had not been offered.
    ///
    /// # Errors
    /// As of [`Socket::flush`].
    pub(crate) fn offer(&mut self, frames: &[u8], now: Duration) -> Result<bool, End> {
        let wire = self.websocket.get_mut();
        debug_assert!(wire.unsent.is_empty(), "what was said before goes before");
        let sent = send_from(&mut wire.stream, frames).map_err(|_| End::Lost)?;
        wire.bytes_out += sent as u64;
        if sent > 0 {
            wire.unsent.extend_from_slice(&frames[sent..]);
            self.clogged = !wire.is_through().map_err(|_| End::Lost)?;
            self.blocked_since = None;
            return Ok(true);
        }
        self.still_blocked(now)?;
        Ok(false)
    }

    /// Whether something that was said is not in the kernel yet: nothing new may be encoded.
    pub(crate) fn is_behind(&self) -> bool {
        self.unsent_bytes() > 0 || self.clogged
    }

    /// What it is over.
    pub(crate) fn stream_mut(&mut self) -> &mut S {
        &mut self.websocket.get_mut().stream
    }

    /// How many bytes wait to be sent.
    pub(crate) fn unsent_bytes(&self) -> usize {
        self.websocket.get_ref().unsent.len()
    }

    /// Takes a shard's buffer to gather in, unless something waits already.
    pub(crate) fn borrow_buffer(&mut self, buffer: &mut Vec<u8>) {
        let wire = self.websocket.get_mut();
        if wire.unsent.is_empty() {
            wire.unsent = mem::take(buffer);
        }
    }

    /// Gives the buffer back, unless something waits in it: then it stays until that is gone.
    pub(crate) fn return_buffer(&mut self, buffer: &mut Vec<u8>) {
        let wire = self.websocket.get_mut();
        if wire.unsent.is_empty() && wire.unsent.capacity() >= buffer.capacity() {
            *buffer = mem::take(&mut wire.unsent);
        }
    }

    /// Gives the kernel what waits.
    ///
    /// # Errors
    /// [`End::Lost`] when the wire broke, [`End::TooSlow`] when the kernel took nothing for
    /// [`WRITE_STALL_MAX`] of the time of `now`.
    pub(crate) fn flush(&mut self, now: Duration) -> Result<Flushed, End> {
        let wire = self.websocket.get_mut();
        let sent = wire.send().map_err(|_| End::Lost)?;
        self.clogged = !wire.is_through().map_err(|_| End::Lost)?;
        if wire.unsent.is_empty() && !self.clogged {
            self.blocked_since = None;
            if mem::take(&mut wire.held) {
                // Pongs that found no place before; they may wait again.
                let _ = self.websocket.flush();
            }
            return Ok(Flushed::Whole);
        }
        if sent > 0 {
            self.blocked_since = Some(now);
        }
        self.still_blocked(now)?;
        Ok(Flushed::Part)
    }

    fn still_blocked(&mut self, now: Duration) -> Result<(), End> {
        let since = *self.blocked_since.get_or_insert(now);
        if now.saturating_sub(since) >= WRITE_STALL_MAX { Err(End::TooSlow) } else { Ok(()) }
    }

    /// Says goodbye and closes, as far as the state of the connection still allows; the bytes
    /// are to be flushed.
    pub(crate) fn close(&mut self, end: End) {
        if self.websocket.can_write() {
            let mut goodbye = Vec::with_capacity(8);
            ServerMessage::Goodbye(end).encode(&mut goodbye);
            self.say(&goodbye);
        }
        self.close_only(end);
    }

    /// Closes by a close frame and nothing else.
    pub(crate) fn close_only(&mut self, end: End) {
        self.websocket.get_mut().bounded = false;
        // Pongs that waited there would leave no space for the close.
        let _ = self.websocket.flush();
        let frame = CloseFrame { code: end.code().into(), reason: end.name().into() };
        // What fails here is already closed, and needs no close frame.
        let _ = self.websocket.close(Some(frame));
    }

    /// Bytes that came and went since this was last asked.
    pub(crate) fn take_traffic(&mut self) -> (u64, u64) {
        let wire = self.websocket.get_mut();
        (mem::take(&mut wire.bytes_in), mem::take(&mut wire.bytes_out))
    }
}

/// How a connection ends that tungstenite gives up.
fn end_of(error: &Error) -> End {
    match error {
        Error::Capacity(_) => End::TooBig,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Lost,
        Error::Utf8(_) => End::NotUtf8,
        Error::Protocol(_) | Error::AttackAttempt => End::Protocol,
        Error::ConnectionClosed | Error::AlreadyClosed => End::Left,
        _ => End::Lost,
    }
}

#[cfg(test)]
pub(crate) mod tests;
