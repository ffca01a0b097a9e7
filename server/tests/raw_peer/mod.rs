//! A WebSocket client whose bytes are written by hand, so that it may say what no library would.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tickwire::Server;

use crate::tiny::Tiny;

/// Nothing here takes nearly as long, unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
pub(crate) const FIN: u8 = 0x80;

/// A client that writes its frames by hand.
pub(crate) struct Peer(pub(crate) TcpStream);

/// What a server said.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Frame(u8, Vec<u8>),
    /// The code and the reason of a close.
    Closed(Option<(u16, String)>),
    /// The end of the stream, in order or not.
    End,
}

impl Peer {
    pub(crate) fn connect(server: &Server<Tiny>) -> Peer {
        let mut stream = TcpStream::connect(server.address()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
        stream.set_nodelay(true).expect("a socket can");
        stream
            .write_all(
                b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                  Origin: https://somewhere.example\r\nSec-WebSocket-Version: 13\r\n\
                  Sec-WebSocket-Extensions: permessage-deflate\r\n\
                  Sec-WebSocket-Protocol: chat\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            )
            .expect("it reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("it answers");
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        assert!(head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        assert!(!head.contains("sec-websocket-extensions"), "{head}");
        assert!(!head.contains("sec-websocket-protocol"), "{head}");
        Peer(stream)
    }

    /// Says bytes as they are. A server that has closed may not take them.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// Says a frame: `first` is its first byte.
    pub(crate) fn frame(&mut self, first: u8, payload: &[u8]) {
        self.raw(&frame(first, payload));
    }

    pub(crate) fn hear(&mut self) -> Heard {
        let mut head = [0; 2];
        match self.0.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("nothing is said, and nothing closed");
            }
            Err(_) => return Heard::End,
        }
        assert_eq!(head[0] & 0x70, 0, "no extension was negotiated");
        assert_eq!(head[1] & 0x80, 0, "a server does not mask");
        let length = match head[1] {
            126 => u64::from(u16::from_be_bytes(self.take())),
            127 => u64::from_be_bytes(self.take()),
            length => u64::from(length),
        };
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).expect("as much as was announced");
        if head[0] != (FIN | CLOSE) {
            assert_ne!(head[0] & FIN, 0, "the server speaks in whole messages");
            return Heard::Frame(head[0] & 0x0F, payload);
        }
        Heard::Closed(payload.split_first_chunk().map(|(code, reason)| {
            (u16::from_be_bytes(*code), String::from_utf8(reason.to_vec()).expect("UTF-8"))
        }))
    }

    pub(crate) fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).expect("a whole header");
        bytes
    }

    /// It hears this frame next.
    #[track_caller]
    pub(crate) fn hears(&mut self, opcode: u8, payload: &[u8]) {
        let heard = self.hear();
        assert!(
            matches!(&heard, Heard::Frame(code, said) if *code == opcode && said == payload),
            "{:?} in the place of {} bytes of {opcode}",
            heard,
            payload.len(),
        );
    }

    /// It is closed with this code next, and then the connection ends.
    #[track_caller]
    pub(crate) fn is_closed(&mut self, code: u16) {
        let heard = self.hear();
        assert!(matches!(&heard, Heard::Closed(Some((said, _))) if *said == code), "{heard:?}");
        assert_eq!(self.hear(), Heard::End);
    }
}

pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = header(first, payload.len() as u64);
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

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
