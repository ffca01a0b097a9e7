//! WebSocket frames of a client that arrive in pieces and over time.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Duration;

use tickwire_game::limits::INPUT_MESSAGE_MAX_BYTES;
use tickwire_game::protocol::DisconnectReason;
use tickwire_host::limits::CLIENT_MESSAGE_MAX_BYTES;

use tickwire_host::Transport;

use crate::transport::websocket::WebSocketTransport;

/// Most bytes that wait for a client without messages to it: pongs, a ping, a close, a goodbye.
const UNSENT_MAX_BYTES: usize = 4_096;

/// A connection on which the script plays both the client and the kernel.
#[derive(Debug, Default)]
struct ScriptedStream {
    to_server: VecDeque<u8>,
    /// How many more bytes the kernel accepts.
    window: usize,
}

impl Read for ScriptedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.to_server.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.to_server.read(buffer)
    }
}

impl Write for ScriptedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.window);
        if taken == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.window -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The header of a frame for this many bytes, masked with zeros; empty for bytes without a header.
fn head(kind: u8, bytes: usize) -> Vec<u8> {
    const IS_MASKED: u8 = 0x80;
    // Binary, continuation, text, ping, pong, close, and a reserved one.
    let opcode = [2, 2, 0, 1, 9, 10, 8, 3][usize::from(kind >> 1 & 7)];
    let is_last = if kind & 0x30 == 0 { 0 } else { 0x80 };
    if kind & 0xC0 == 0 {
        return Vec::new();
    }
    let mut head = vec![opcode | is_last];
    match bytes {
        0..126 => head.push(IS_MASKED | bytes as u8),
        _ => head.extend([IS_MASKED | 126, (bytes >> 8) as u8, bytes as u8]),
    }
    head.extend([0; 4]);
    head
}

/// The bytes are a script of what a client sends after its handshake, in pieces. Before each piece
/// stand four bytes: the time that passes, how much the kernel accepts, whether a frame header precedes
/// the piece and of which kind, and the length of the piece. No message exceeds the limit, no more
/// bytes come out than went in, and the unsent bytes stay bounded.
pub fn websocket(bytes: &[u8]) {
    let Some((first, mut script)) = bytes.split_first() else { return };
    let mut socket = WebSocketTransport::new(ScriptedStream::default(), &[]);
    let mut message_max = CLIENT_MESSAGE_MAX_BYTES;
    if first & 1 == 1 {
        socket.expect_inputs();
        message_max = INPUT_MESSAGE_MAX_BYTES;
    }
    let (mut now, mut received, mut delivered) = (Duration::ZERO, 0, 0);
    while let [time, window, kind, length, rest @ ..] = script {
        let (piece, left) = rest.split_at(rest.len().min((*length).into()));
        script = left;
        let head = head(*kind, piece.len());
        // A header may be read as payload of the frame before it.
        received += head.len() + piece.len();
        let stream = socket.stream_mut();
        stream.to_server.extend(&head);
        stream.to_server.extend(piece);
        stream.window = usize::from(*window) * 8;
        now += Duration::from_millis(u64::from(*time) * 8);
        let read = socket.receive(now, &mut |message| {
            assert!(message.len() <= message_max, "a message of {} bytes", message.len());
            delivered += message.len();
            Ok(())
        });
        assert!(delivered <= received, "{delivered} bytes of messages out of {received}");
        let result = read.and_then(|()| socket.flush(now));
        assert!(socket.unsent_bytes() <= UNSENT_MAX_BYTES, "{} wait", socket.unsent_bytes());
        if let Err(end) = result {
            assert!(DisconnectReason::ALL.contains(&end));
            socket.close(end);
            assert!(socket.unsent_bytes() <= UNSENT_MAX_BYTES, "{} wait", socket.unsent_bytes());
            return;
        }
    }
}
