//! A WebSocket client that writes its bytes by hand, so that it can send what no library would.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use test_games::tiny::Tiny;
use tickwire::Server;

/// Timeout of every read: far longer than anything takes unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
pub(crate) const FIN: u8 = 0x80;

/// A client that writes its frames by hand.
pub(crate) struct RawPeer(pub(crate) TcpStream);

/// What a server sent.
#[derive(Debug, PartialEq)]
pub(crate) enum RawMessage {
    Frame(u8, Vec<u8>),
    /// The code and the reason of a close.
    Closed(Option<(u16, String)>),
    /// The end of the stream, with or without an error.
    Ended,
}

impl RawPeer {
    pub(crate) fn connect(server: &Server<Tiny>) -> RawPeer {
        let mut stream = TcpStream::connect(server.address()).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
        stream.set_nodelay(true).expect("a socket option");
        stream
            .write_all(
                b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                  Origin: https://somewhere.example\r\nSec-WebSocket-Version: 13\r\n\
                  Sec-WebSocket-Extensions: permessage-deflate\r\n\
                  Sec-WebSocket-Protocol: chat\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            )
            .expect("the server reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the server responds");
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        assert!(head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        assert!(!head.contains("sec-websocket-extensions"), "{head}");
        assert!(!head.contains("sec-websocket-protocol"), "{head}");
        RawPeer(stream)
    }

    /// Sends raw bytes. A server that has closed may not accept them.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// Sends a frame: `first` is its first byte.
    pub(crate) fn send_frame(&mut self, first: u8, payload: &[u8]) {
        self.send_bytes(&frame(first, payload));
    }

    pub(crate) fn receive(&mut self) -> RawMessage {
        let mut head = [0; 2];
        match self.0.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the server neither sends nor closes");
            }
            Err(_) => return RawMessage::Ended,
        }
        assert_eq!(head[0] & 0x70, 0, "no extension was negotiated");
        assert_eq!(head[1] & 0x80, 0, "a server does not mask");
        let length = match head[1] {
            126 => u64::from(u16::from_be_bytes(self.read_array())),
            127 => u64::from_be_bytes(self.read_array()),
            length => u64::from(length),
        };
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).expect("the whole payload");
        if head[0] != (FIN | CLOSE) {
            assert_ne!(head[0] & FIN, 0, "the server does not fragment");
            return RawMessage::Frame(head[0] & 0x0F, payload);
        }
        RawMessage::Closed(payload.split_first_chunk().map(|(code, reason)| {
            (u16::from_be_bytes(*code), String::from_utf8(reason.to_vec()).expect("UTF-8"))
        }))
    }

    pub(crate) fn read_array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).expect("a whole header");
        bytes
    }

    /// Expects this frame next.
    #[track_caller]
    pub(crate) fn expect_frame(&mut self, opcode: u8, payload: &[u8]) {
        let message = self.receive();
        assert!(
            matches!(&message, RawMessage::Frame(code, bytes) if *code == opcode && bytes == payload),
            "{:?} instead of {} bytes with opcode {opcode}",
            message,
            payload.len(),
        );
    }

    /// Expects a close with this code next, and then the end of the connection.
    #[track_caller]
    pub(crate) fn expect_close(&mut self, code: u16) {
        let message = self.receive();
        assert!(
            matches!(&message, RawMessage::Closed(Some((closed, _))) if *closed == code),
            "{message:?}"
        );
        assert_eq!(self.receive(), RawMessage::Ended);
    }
}

/// A frame with a mask.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = header(first, payload.len() as u64);
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The header of a frame, without the mask.
pub(crate) fn header(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..=125 => bytes.push(0x80 | length as u8),
        126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    bytes
}
