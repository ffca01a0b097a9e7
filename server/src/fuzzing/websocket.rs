//! Frames, in pieces and over time, against the socket of a client.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Duration;

use shared::limits::{CLIENT_MESSAGE_MAX_BYTES, INPUT_MESSAGE_MAX_BYTES};
use shared::protocol::End;

use crate::socket::Socket;

/// What may wait for a client that nothing was said to: pongs, a ping, a close, a goodbye.
const UNSENT_MAX_BYTES: usize = 4_096;

/// A connection whose client is the script, and whose kernel takes what the script lets it.
#[derive(Debug, Default)]
struct Line {
    to_server: VecDeque<u8>,
    /// How many bytes it still takes.
    window: usize,
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.to_server.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.to_server.read(buffer)
    }
}

impl Write for Line {
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

/// The head of a frame for so many bytes, masked by zeros; or nothing, for bytes without one.
fn head(kind: u8, bytes: usize) -> Vec<u8> {
    const IS_MASKED: u8 = 0x80;
    // Binary, continuation, text, ping, pong, close; and one that there is not.
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

/// The bytes are what a client sends after its handshake, in pieces, with time between: each piece
/// after a byte of time, one of what the kernel takes meanwhile, one that says whether it is a frame
/// and of what kind, and one of its length. No message is longer than may be, no more comes out than
/// went in, and what waits stays bounded.
pub fn websocket(bytes: &[u8]) {
    let Some((first, mut script)) = bytes.split_first() else { return };
    let mut socket = Socket::new(Line::default(), &[]);
    let mut message_max = CLIENT_MESSAGE_MAX_BYTES;
    if first & 1 == 1 {
        socket.expect_inputs();
        message_max = INPUT_MESSAGE_MAX_BYTES;
    }
    let (mut now, mut came, mut heard) = (Duration::ZERO, 0, 0);
    while let [time, window, kind, length, rest @ ..] = script {
        let (piece, left) = rest.split_at(rest.len().min((*length).into()));
        script = left;
        let head = head(*kind, piece.len());
        // A head may be the payload of a frame that was announced before it.
        came += head.len() + piece.len();
        let line = socket.stream_mut();
        line.to_server.extend(&head);
        line.to_server.extend(piece);
        line.window = usize::from(*window) * 8;
        now += Duration::from_millis(u64::from(*time) * 8);
        let read = socket.read(now, |message| {
            assert!(message.len() <= message_max, "a message of {} bytes", message.len());
            heard += message.len();
            Ok(())
        });
        assert!(heard <= came, "{heard} bytes of messages out of {came}");
        let passed = read.and_then(|()| socket.flush(now));
        assert!(socket.unsent_bytes() <= UNSENT_MAX_BYTES, "{} wait", socket.unsent_bytes());
        if let Err(end) = passed {
            assert!(End::ALL.contains(&end));
            socket.close(end);
            assert!(socket.unsent_bytes() <= UNSENT_MAX_BYTES, "{} wait", socket.unsent_bytes());
            return;
        }
    }
}
