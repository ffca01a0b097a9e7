//! [`WebSocketTransport`]: one WebSocket, from the end of its handshake to its last byte.
//!
//! It owns the connection, its read buffer and its unsent bytes. It knows no message of the protocol
//! except the goodbye, and no clock. A task drives it through the hello and the farewell, woken by the
//! runtime; in between, a shard polls it once a tick as a [`Transport`], without a waker. It is the same
//! value throughout (`docs/decisions/0004-one-websocket-from-hello-to-farewell.md`). It is given the
//! time, so that tests run it over any bytes and on virtual time.
//!
//! tungstenite reads the frames, except for the small ones of most inputs (`small_frames`). This module
//! writes the data frames to the client: the frame of a
//! server is a header and the message unchanged. So one buffer of the shard collects everything that a
//! pass sends to a client, and a connection that keeps up needs no buffer of its own. Chunks that many
//! clients share are written from where they are, without a copy.

use std::any::Any;
use std::io::{self, Read, Write};
use std::mem;
use std::sync::Weak;
use std::time::Duration;

use tickwire_game::limits::INPUT_MESSAGE_MAX_BYTES;
use tickwire_game::protocol::{DisconnectReason, ServerMessage};
use tickwire_host::limits::{
    CLIENT_MESSAGE_MAX_BYTES, MESSAGES_PER_PASS_MAX, SILENCE_MAX, WRITE_STALL_MAX,
};
use tickwire_host::{Flushed, Shared, Traffic, Transport};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Bytes, Error, Message, Utf8Bytes, WebSocket};

use super::byte_stream::ByteStream;
use super::frame_encoder;
use super::frame_meter::{ByteLimits, FrameMeter};
use super::metered_stream::{MeteredStream, PONGS_MAX_BYTES, send_from};
use super::shard_socket::ShardSocket;
use super::small_frames::{self, Rest};
use crate::limits::{ECHO_MESSAGE_MAX_BYTES, PING_AFTER};

/// Initial size of the read buffer: a few inputs. It grows while a longer message is read.
const READ_BUFFER_BYTES: usize = 128;

/// One client's WebSocket, over a connection or, in tests, any byte stream.
#[derive(Debug)]
pub(crate) struct WebSocketTransport<S = ByteStream> {
    websocket: WebSocket<MeteredStream<S>>,
    /// Whether tungstenite holds no bytes: it has made messages of all that it read, or waits for the rest
    /// of one.
    is_read_up: bool,
    /// Since when the kernel has accepted none of the unsent bytes.
    blocked_since: Option<Duration>,
    /// Whether the stream itself still buffers accepted bytes, as TLS does.
    is_stream_behind: bool,
    /// When bytes were received last; `None` before the first pass on this clock.
    last_received: Option<Duration>,
    /// Whether a ping was sent since.
    pinged: bool,
    /// Whether anything was received in the last pass.
    has_heard: bool,
}

/// The result of reading one frame.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A binary message.
    Message(Bytes),
    /// A text message.
    Text(Utf8Bytes),
    /// A control frame, which tungstenite has handled.
    Control,
    /// Nothing more is available for now.
    Nothing,
}

impl WebSocketTransport {
    /// The WebSocket that a session had as its transport.
    ///
    /// # Panics
    /// When it is another transport: this server makes none.
    pub(crate) fn downcast(transport: Box<dyn Transport>) -> Box<WebSocketTransport> {
        let transport: Box<dyn Any> = transport;
        transport.downcast().unwrap_or_else(|_| unreachable!("all transports are WebSockets"))
    }

    /// Detaches it from the runtime, for a shard to poll.
    pub(crate) fn leave_runtime(&mut self) -> io::Result<()> {
        // A shard has its own clock.
        self.reset_clock();
        self.websocket.get_mut().stream.leave_runtime()
    }

    /// The connection while a shard polls it, for who may have to shut it down.
    pub(crate) fn detached(&self) -> Option<Weak<ShardSocket>> {
        self.websocket.get_ref().stream.detached()
    }

    /// Ends its time in a shard. Returns `false` if it was shut down meanwhile, and counted as ended.
    pub(crate) fn take_back(&mut self) -> bool {
        self.websocket.get_mut().stream.take_back()
    }

    /// Registers it with the runtime of the calling task.
    pub(crate) fn enter_runtime(&mut self) -> io::Result<()> {
        self.websocket.get_mut().stream.enter_runtime()
    }

    /// Waits, on the runtime, until it may be readable.
    pub(crate) async fn readable(&mut self) -> io::Result<()> {
        self.websocket.get_mut().stream.readable().await
    }

    /// Sends the end of the byte stream. Call it again while it returns `WouldBlock`.
    pub(crate) fn send_end(&mut self) -> io::Result<()> {
        self.websocket.get_mut().stream.send_end()
    }

    /// The connection while it is registered with a runtime, to wait on; `None` while a shard polls it.
    pub(crate) fn registered(&self) -> Option<&tokio::net::TcpStream> {
        self.websocket.get_ref().stream.registered()
    }
}

impl<S: Read + Write> WebSocketTransport<S> {
    /// Resets all times: the next one is from another clock.
    fn reset_clock(&mut self) {
        self.blocked_since = None;
        self.last_received = None;
        self.websocket.get_mut().meter.forget_time();
    }

    /// A WebSocket after its handshake, with the bytes that were read beyond it.
    pub(crate) fn new(stream: S, read_ahead: &[u8]) -> WebSocketTransport<S> {
        let limits = &ByteLimits::PLAY;
        WebSocketTransport::with_limits(limits, CLIENT_MESSAGE_MAX_BYTES, stream, read_ahead)
    }

    /// The same with the limits of `--echo`.
    pub(crate) fn echo(stream: S, read_ahead: &[u8]) -> WebSocketTransport<S> {
        let limits = &ByteLimits::ECHO;
        WebSocketTransport::with_limits(limits, ECHO_MESSAGE_MAX_BYTES, stream, read_ahead)
    }

    fn with_limits(
        limits: &'static ByteLimits,
        message_max: usize,
        stream: S,
        read_ahead: &[u8],
    ) -> WebSocketTransport<S> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(PONGS_MAX_BYTES)
            .max_message_size(Some(message_max))
            .max_frame_size(Some(message_max));
        let mut meter = FrameMeter::new(limits, message_max);
        let read_ahead = &read_ahead[..meter.receive(read_ahead)];
        let stream = MeteredStream::new(stream, meter);
        let websocket =
            WebSocket::from_partially_read(stream, read_ahead.to_vec(), Role::Server, Some(config));
        WebSocketTransport {
            websocket,
            is_read_up: false,
            blocked_since: None,
            is_stream_behind: false,
            last_received: None,
            pinged: false,
            has_heard: false,
        }
    }

    /// Lowers the limit on messages to that of inputs, after the hello.
    pub(crate) fn expect_inputs(&mut self) {
        self.websocket.get_mut().meter.set_message_max(INPUT_MESSAGE_MAX_BYTES);
    }

    /// Begins the next pass of a shard, or turn of a task, and allows it its bytes and frames.
    ///
    /// # Errors
    /// If the client has exceeded a limit for too long.
    pub(crate) fn begin_read(&mut self, now: Duration) -> Result<(), DisconnectReason> {
        let stream = self.websocket.get_mut();
        // The kernel may have received more since the last short read.
        stream.drained = false;
        stream.meter.begin(now)
    }

    /// Reads the next available frame within the limits.
    ///
    /// # Errors
    /// Why the connection ends.
    pub(crate) fn read_frame(&mut self) -> Result<Incoming, DisconnectReason> {
        self.is_read_up = false;
        match self.websocket.read() {
            Ok(Message::Binary(bytes)) => Ok(Incoming::Message(bytes)),
            Ok(Message::Text(text)) => Ok(Incoming::Text(text)),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Ok(Incoming::Control),
            Ok(Message::Close(frame)) => Err(closed_with(frame.map(|frame| frame.code.into()))),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                match self.websocket.get_ref().meter.verdict() {
                    Some(end) => Err(end),
                    None => {
                        self.is_read_up = true;
                        Ok(Incoming::Nothing)
                    }
                }
            }
            Err(error) => Err(end_reason(&error)),
        }
    }

    /// Whether tungstenite has nothing of an unfinished message and nothing to send: what comes next may
    /// be read without it.
    fn is_between_messages(&self) -> bool {
        let stream = self.websocket.get_ref();
        self.is_read_up
            && stream.is_read_up()
            && stream.meter.is_between_messages()
            && !stream.refused_frame
            && self.websocket.can_write()
    }

    /// Pings a client that has been silent for a while. Call it after everything available was read.
    ///
    /// # Errors
    /// If the client has been silent for too long in spite of the ping.
    pub(crate) fn keep_alive(&mut self, now: Duration) -> Result<(), DisconnectReason> {
        self.has_heard = mem::take(&mut self.websocket.get_mut().has_received);
        if self.has_heard || self.last_received.is_none() {
            self.last_received = Some(now);
            self.pinged = false;
            return Ok(());
        }
        let silence = now.saturating_sub(self.last_received.unwrap_or(now));
        if silence > SILENCE_MAX {
            return Err(DisconnectReason::Silent);
        }
        if silence >= PING_AFTER && !self.pinged && !self.has_unsent() {
            self.pinged = true;
            frame_encoder::put_ping(&mut self.websocket.get_mut().unsent);
        }
        Ok(())
    }

    /// As [`Transport::send`], for a text message.
    pub(crate) fn send_text(&mut self, text: &str) {
        frame_encoder::put_text(text, &mut self.websocket.get_mut().unsent);
    }

    /// Sends a close frame without a goodbye message.
    pub(crate) fn close_without_goodbye(&mut self, end: DisconnectReason) {
        self.websocket.get_mut().limits_control_frames = false;
        // Pongs that tungstenite still keeps would leave no space for the close frame.
        let _ = self.websocket.flush();
        let frame = CloseFrame { code: end.code().into(), reason: end.name().into() };
        // An error means that it is already closed.
        let _ = self.websocket.close(Some(frame));
    }

    fn has_unsent(&self) -> bool {
        self.is_stream_behind || !self.websocket.get_ref().unsent.is_empty()
    }

    /// Records that the kernel accepted nothing, and ends a peer that has stalled for too long.
    fn check_stall(&mut self, now: Duration) -> Result<(), DisconnectReason> {
        let since = *self.blocked_since.get_or_insert(now);
        if now.saturating_sub(since) >= WRITE_STALL_MAX {
            Err(DisconnectReason::TooSlow)
        } else {
            Ok(())
        }
    }

    /// The stream below it.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn stream_mut(&mut self) -> &mut S {
        &mut self.websocket.get_mut().stream
    }
}

impl<S: Read + Write + Send + 'static> Transport for WebSocketTransport<S> {
    fn receive(
        &mut self,
        now: Duration,
        take: &mut dyn FnMut(&[u8]) -> Result<(), DisconnectReason>,
    ) -> Result<(), DisconnectReason> {
        self.begin_read(now)?;
        let messages_left = if self.is_between_messages() {
            match small_frames::receive(self.websocket.get_mut(), take)? {
                Rest::Nothing => 0,
                Rest::After(messages) => MESSAGES_PER_PASS_MAX - messages,
            }
        } else {
            MESSAGES_PER_PASS_MAX
        };
        for _ in 0..messages_left {
            match self.read_frame()? {
                Incoming::Message(message) => take(&message)?,
                Incoming::Text(_) => return Err(DisconnectReason::NotBinary),
                Incoming::Control => {}
                Incoming::Nothing => break,
            }
        }
        self.keep_alive(now)
    }

    fn has_heard(&self) -> bool {
        self.has_heard
    }

    fn is_limited(&self) -> bool {
        self.websocket.get_ref().meter.is_limited()
    }

    fn send(&mut self, message: &[u8]) {
        frame_encoder::put(message, &mut self.websocket.get_mut().unsent);
    }

    fn send_shared(&mut self, shared: Shared<'_>, now: Duration) -> Result<bool, DisconnectReason> {
        let frames = shared.wire::<frame_encoder::BinaryFrames>();
        let stream = self.websocket.get_mut();
        if !stream.unsent.is_empty() {
            stream.unsent.extend_from_slice(&frames);
            return Ok(true);
        }
        let sent = send_from(&mut stream.stream, &frames).map_err(|_| DisconnectReason::Lost)?;
        stream.bytes_out += sent as u64;
        if sent > 0 {
            stream.unsent.extend_from_slice(&frames[sent..]);
            self.is_stream_behind = !stream.is_flushed().map_err(|_| DisconnectReason::Lost)?;
            self.blocked_since = None;
            return Ok(true);
        }
        self.check_stall(now)?;
        Ok(false)
    }

    fn flush(&mut self, now: Duration) -> Result<Flushed, DisconnectReason> {
        let stream = self.websocket.get_mut();
        let sent = stream.send().map_err(|_| DisconnectReason::Lost)?;
        self.is_stream_behind = !stream.is_flushed().map_err(|_| DisconnectReason::Lost)?;
        if stream.unsent.is_empty() && !self.is_stream_behind {
            self.blocked_since = None;
            if mem::take(&mut stream.refused_frame) {
                // Pongs that were refused before; they may be refused again.
                let _ = self.websocket.flush();
            }
            return Ok(Flushed::Whole);
        }
        if sent > 0 {
            self.blocked_since = Some(now);
        }
        self.check_stall(now)?;
        Ok(Flushed::Part)
    }

    fn is_behind(&self) -> bool {
        self.has_unsent()
    }

    fn unsent_bytes(&self) -> usize {
        self.websocket.get_ref().unsent.len()
    }

    fn lend_buffer(&mut self, buffer: &mut Vec<u8>) {
        let stream = self.websocket.get_mut();
        if stream.unsent.is_empty() {
            stream.unsent = mem::take(buffer);
        }
    }

    fn return_buffer(&mut self, buffer: &mut Vec<u8>) {
        let stream = self.websocket.get_mut();
        if stream.unsent.is_empty() && stream.unsent.capacity() >= buffer.capacity() {
            *buffer = mem::take(&mut stream.unsent);
        }
    }

    fn credit_stall(&mut self, lost: Duration) {
        self.websocket.get_mut().meter.credit_stall(lost);
    }

    /// Sends the goodbye and the close frame, as far as the state of the connection allows.
    fn close(&mut self, reason: DisconnectReason) {
        if self.websocket.can_write() {
            let mut goodbye = Vec::with_capacity(8);
            ServerMessage::Goodbye(reason).encode(&mut goodbye);
            self.send(&goodbye);
        }
        self.close_without_goodbye(reason);
    }

    fn take_traffic(&mut self) -> Traffic {
        let stream = self.websocket.get_mut();
        let (bytes_in, bytes_out) = (&mut stream.bytes_in, &mut stream.bytes_out);
        Traffic { bytes_in: mem::take(bytes_in), bytes_out: mem::take(bytes_out) }
    }
}

/// The reason of a connection that ends with an error of tungstenite.
fn end_reason(error: &Error) -> DisconnectReason {
    match error {
        Error::Capacity(_) => DisconnectReason::TooBig,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => DisconnectReason::Lost,
        Error::Utf8(_) => DisconnectReason::NotUtf8,
        Error::Protocol(_) | Error::AttackAttempt => DisconnectReason::Protocol,
        Error::ConnectionClosed | Error::AlreadyClosed => DisconnectReason::Left,
        _ => DisconnectReason::Lost,
    }
}

/// What a peer means that closes with this code, or with none.
fn closed_with(code: Option<u16>) -> DisconnectReason {
    /// A browser's, for a page that is closed, reloaded or left.
    const GOING_AWAY: u16 = 1001;
    match code {
        Some(code) if code == GOING_AWAY || code == DisconnectReason::Away.code() => {
            DisconnectReason::Away
        }
        _ => DisconnectReason::Left,
    }
}

#[cfg(test)]
pub(crate) mod tests;
