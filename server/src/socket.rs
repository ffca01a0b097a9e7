//! [`Socket`]: one WebSocket, from the end of its handshake to its last byte.
//!
//! It owns the TCP connection, what was read of it and what the kernel has not taken yet. It
//! knows no message of ours but the goodbye, and no clock. A session's task drives it through
//! the hello and the farewell, by the runtime's readiness; in between a shard polls it once a
//! tick, without any waker. It is the same value throughout: only what is underneath changes.
//!
//! Reading is tungstenite's. Data frames to the client are written here: a server's frame is a
//! header before the bytes, and so one buffer of the shard gathers what a whole pass says to a
//! client, and a socket that takes it all keeps no buffer at all. What is said to many alike is
//! offered to each from where it lies.

use std::io::{self, Read, Write};
use std::mem;
use std::time::Duration;

use shared::limits::{
    CLIENT_MESSAGE_MAX_BYTES, MESSAGES_PER_PASS_MAX, READ_PASS_MAX_BYTES, WRITE_STALL_MAX,
};
use shared::protocol::{End, ServerMessage};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Bytes, Error, Message, WebSocket};

use crate::framing;
use crate::stream::Stream;

/// Room for a few inputs; a longer message makes it grow for as long as that takes.
const READ_BUFFER_BYTES: usize = 1_024;
/// Most bytes of pongs that wait behind other bytes. Older pongs beyond it are forgotten, as
/// RFC 6455 section 5.5.3 allows.
const PONGS_MAX_BYTES: usize = 1_024;

/// One client's WebSocket, over a connection or, in tests, over any bytes.
#[derive(Debug)]
pub(crate) struct Socket<S = Stream> {
    websocket: WebSocket<Wire<S>>,
    /// Since when the kernel has taken nothing of what waits.
    blocked_since: Option<Duration>,
}

/// What one look at a socket gives.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message of the client.
    Message(Bytes),
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
        self.blocked_since = None;
        self.websocket.get_mut().stream.leave_runtime()
    }

    /// Puts it under the runtime of the calling task.
    pub(crate) fn enter_runtime(&mut self) -> io::Result<()> {
        self.websocket.get_mut().stream.enter_runtime()
    }

    /// The connection under a task's runtime, to wait on; `None` while a shard has it.
    pub(crate) fn under_runtime(&self) -> Option<&tokio::net::TcpStream> {
        self.websocket.get_ref().stream.under_runtime()
    }
}

impl<S: Read + Write> Socket<S> {
    /// A socket whose handshake is done, with what was read beyond it.
    pub(crate) fn new(stream: S, read_ahead: &[u8]) -> Socket<S> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(PONGS_MAX_BYTES)
            .max_message_size(Some(CLIENT_MESSAGE_MAX_BYTES))
            .max_frame_size(Some(CLIENT_MESSAGE_MAX_BYTES));
        let websocket = WebSocket::from_partially_read(
            Wire::new(stream),
            read_ahead.to_vec(),
            Role::Server,
            Some(config),
        );
        Socket { websocket, blocked_since: None }
    }

    /// Hands over every message that is there, up to the limit of one pass.
    ///
    /// # Errors
    /// How the connection ends: by what came, by what `take` made of it, or by a broken wire.
    pub(crate) fn read(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), End>,
    ) -> Result<(), End> {
        self.allow();
        for _ in 0..MESSAGES_PER_PASS_MAX {
            match self.next()? {
                Incoming::Message(message) => take(&message)?,
                Incoming::Control => {}
                Incoming::Nothing => break,
            }
        }
        Ok(())
    }

    /// Allows the next pass, or turn of a task, its bytes.
    pub(crate) fn allow(&mut self) {
        let wire = self.websocket.get_mut();
        wire.allowance = READ_PASS_MAX_BYTES;
        // A short read meant that the kernel had no more then.
        wire.drained = false;
    }

    /// The next frame that is there, as far as was allowed.
    ///
    /// # Errors
    /// How the connection ends.
    pub(crate) fn next(&mut self) -> Result<Incoming, End> {
        match self.websocket.read() {
            Ok(Message::Binary(bytes)) => Ok(Incoming::Message(bytes)),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Ok(Incoming::Control),
            Ok(Message::Text(_)) => Err(End::NotBinary),
            Ok(Message::Close(_)) => Err(End::Left),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                Ok(Incoming::Nothing)
            }
            Err(error) => Err(end_of(&error)),
        }
    }

    /// Adds one binary message to what is to be sent.
    pub(crate) fn say(&mut self, message: &[u8]) {
        framing::put(message, &mut self.websocket.get_mut().unsent);
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
            self.blocked_since = None;
            return Ok(true);
        }
        self.still_blocked(now)?;
        Ok(false)
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
        if wire.unsent.is_empty() {
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
        self.websocket.get_mut().bounded = false;
        if self.websocket.can_write() {
            let mut goodbye = Vec::with_capacity(8);
            ServerMessage::Goodbye(end).encode(&mut goodbye);
            self.say(&goodbye);
        }
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
        Error::Protocol(_) | Error::Utf8(_) | Error::AttackAttempt => End::Protocol,
        Error::ConnectionClosed | Error::AlreadyClosed => End::Left,
        _ => End::Lost,
    }
}

/// What is under the WebSocket: the connection in one of its two lives, and what waits for it.
#[derive(Debug)]
struct Wire<S> {
    stream: S,
    /// Whether the last read was a short one: then the kernel has no more, and need not be
    /// asked to say so.
    drained: bool,
    /// How many bytes may still be read in this pass. Frames are counted here and not as
    /// messages: one that goes on and on in empty frames never becomes a message, and the
    /// WebSocket above would read it for as long as it came.
    allowance: usize,
    unsent: Vec<u8>,
    /// Whether tungstenite was told to keep something back.
    held: bool,
    /// Whether tungstenite's own frames are held back while much waits.
    bounded: bool,
    bytes_in: u64,
    bytes_out: u64,
}

impl<S: Read + Write> Wire<S> {
    fn new(stream: S) -> Wire<S> {
        Wire {
            stream,
            drained: false,
            allowance: 0,
            unsent: Vec::new(),
            held: false,
            bounded: true,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Offers what waits to the stream once, and says how much it took.
    fn send(&mut self) -> io::Result<usize> {
        let sent = send_from(&mut self.stream, &self.unsent)?;
        self.bytes_out += sent as u64;
        if sent == self.unsent.len() {
            self.unsent.clear();
        } else {
            self.unsent.drain(..sent);
        }
        Ok(sent)
    }
}

/// Gives the stream what it takes of these, and says how much that was.
fn send_from(stream: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
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
        let most = self.allowance.min(buffer.len());
        let buffer = &mut buffer[..most];
        if self.drained || buffer.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.stream.read(buffer)?;
        // The end of the stream is a read of 0 and must be seen.
        self.drained = 0 < read && read < most;
        self.bytes_in += read as u64;
        self.allowance -= read;
        Ok(read)
    }
}

/// What tungstenite itself writes: pongs and closes. Each call is one or more whole frames.
impl<S: Read + Write> Write for Wire<S> {
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

#[cfg(test)]
pub(crate) mod tests {
    use std::net;

    use super::*;
    use crate::door::line::Line;

    /// A socket as a shard has it, and its peer.
    pub(crate) fn pair() -> (Socket, net::TcpStream) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        let listener = net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let peer = net::TcpStream::connect(listener.local_addr().expect("bound")).expect("open");
        let (stream, _) = listener.accept().expect("it connected");
        stream.set_nonblocking(true).expect("a socket can");
        let _inside = runtime.enter();
        let stream = tokio::net::TcpStream::from_std(stream).expect("non-blocking");
        let mut socket =
            Socket::new(Stream::new(Line::Plain(stream), None).expect("options are allowed"), &[]);
        socket.leave_runtime().expect("it was under one");
        (socket, peer)
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Says until the kernel takes no more.
    fn stuff(socket: &mut Socket) {
        while socket.flush(seconds(0)).expect("not broken") == Flushed::Whole {
            socket.say(&[0; 10_000]);
        }
    }

    #[test]
    fn a_peer_that_takes_nothing_ends_as_too_slow() {
        let (mut socket, _peer) = pair();
        stuff(&mut socket);
        assert_eq!(socket.flush(seconds(9)), Ok(Flushed::Part));
        assert_eq!(socket.flush(seconds(10)), Err(End::TooSlow));
    }

    #[test]
    fn a_peer_that_takes_a_little_at_a_time_is_waited_for() {
        let (mut socket, mut peer) = pair();
        stuff(&mut socket);
        let mut buffer = vec![0; 4 << 20];
        for now in (5..50).step_by(5) {
            // So much that the kernel tells the sender of the new space.
            let _ = peer.read(&mut buffer).expect("bytes");
            std::thread::sleep(Duration::from_millis(50));
            match socket.flush(seconds(now)).expect("it is not too slow") {
                Flushed::Whole => stuff(&mut socket),
                Flushed::Part => {}
            }
        }
    }

    #[test]
    fn a_pass_reads_no_more_than_it_may_of_a_message_that_never_ends() {
        let (mut socket, mut peer) = pair();
        peer.write_all(&[0x02, 0x80, 0, 0, 0, 0]).expect("the kernel takes it");
        let empty_pieces = [0x00, 0x80, 0, 0, 0, 0].repeat(READ_PASS_MAX_BYTES);
        peer.write_all(&empty_pieces).expect("the kernel takes it");
        for _ in 0..4 {
            socket.read(|_| unreachable!("it never ends")).expect("not an end yet");
            let (read, _) = socket.take_traffic();
            assert!((1..=READ_PASS_MAX_BYTES as u64).contains(&read), "{read} bytes in a pass");
        }
    }

    #[test]
    fn a_flood_of_pings_to_one_who_cannot_be_answered_takes_no_memory() {
        let (mut socket, mut peer) = pair();
        stuff(&mut socket);
        let before = socket.unsent_bytes();
        let ping = [0x89, 0x80 | 4, 0, 0, 0, 0, 1, 2, 3, 4];
        for _ in 0..1_000 {
            peer.write_all(&ping).expect("it is read");
            socket.read(|_| Ok(())).expect("pings are allowed");
        }
        assert!(socket.unsent_bytes() <= before + 2 * PONGS_MAX_BYTES);
        // It reads again: pongs that waited arrive, nothing is garbled.
        peer.set_nonblocking(true).expect("a socket can");
        let mut buffer = vec![0; 1 << 20];
        while socket.flush(seconds(0)).expect("not broken") == Flushed::Part {
            let _ = peer.read(&mut buffer);
        }
        socket.read(|_| Ok(())).expect("not broken");
    }

    #[test]
    fn a_buffer_is_lent_only_while_nothing_waits_in_it() {
        let (mut socket, _peer) = pair();
        let mut buffer = Vec::with_capacity(1 << 16);
        socket.borrow_buffer(&mut buffer);
        socket.say(b"hello");
        assert_eq!(socket.flush(seconds(0)), Ok(Flushed::Whole));
        socket.return_buffer(&mut buffer);
        assert!(buffer.is_empty() && buffer.capacity() >= 1 << 16);
        socket.borrow_buffer(&mut buffer);
        stuff(&mut socket);
        socket.return_buffer(&mut buffer);
        assert_eq!(buffer.capacity(), 0, "it is still needed there");
    }
}
