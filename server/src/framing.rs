//! The frames in which messages go to clients: a header, then the bytes as they are.
//!
//! Frames from a server are not masked, so those of one message are the same for every client and
//! can be made once for many. Here is no socket; [`crate::socket`] and the shared stream of a
//! room call it.

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Adds `message` to the end of `out`, as one binary frame.
pub(crate) fn put(message: &[u8], out: &mut Vec<u8>) {
    put_frame(OpCode::Data(Data::Binary), message, out);
}

/// The same for a text.
pub(crate) fn put_text(text: &str, out: &mut Vec<u8>) {
    put_frame(OpCode::Data(Data::Text), text.as_bytes(), out);
}

/// The same for a ping, of nothing.
pub(crate) fn put_ping(out: &mut Vec<u8>) {
    put_frame(OpCode::Control(Control::Ping), &[], out);
}

fn put_frame(opcode: OpCode, message: &[u8], out: &mut Vec<u8>) {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    let bytes = message.len() as u64;
    out.reserve(header.len(bytes) + message.len());
    header.format(bytes, out).expect("a Vec takes all");
    out.extend_from_slice(message);
}

/// The messages in `frames`, which [`put`] has made.
pub(crate) fn messages(mut frames: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (header, len) = match *frames.get(1)? {
            126 => (4, usize::from(u16::from_be_bytes(array(&frames[2..])))),
            127 => (10, u64::from_be_bytes(array(&frames[2..])) as usize),
            len => (2, usize::from(len)),
        };
        let (frame, rest) = frames.split_at(header + len);
        frames = rest;
        Some(&frame[header..])
    })
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("a whole header was put there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_every_length_come_out_as_they_were_put_in() {
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];
        let said: Vec<Vec<u8>> =
            lengths.iter().map(|&length| (0..length).map(|at| at as u8).collect()).collect();
        let mut frames = Vec::new();
        said.iter().for_each(|message| put(message, &mut frames));
        assert!(messages(&frames).eq(said.iter().map(Vec::as_slice)));
    }
}
