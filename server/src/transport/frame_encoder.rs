//! Encodes the WebSocket frames of messages to clients: a header, then the message unchanged (RFC 6455
//! section 5.2).
//!
//! A server does not mask its frames, so the frame of a message is the same for every client and can
//! be encoded once for many.

use tickwire_host::WireForm;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Appends `message` to `out` as one binary frame.
pub(crate) fn put(message: &[u8], out: &mut Vec<u8>) {
    put_frame(OpCode::Data(Data::Binary), message, out);
}

/// The form in which a shared stream is written: one binary frame for each message.
pub(crate) struct BinaryFrames;

impl WireForm for BinaryFrames {
    fn put(message: &[u8], out: &mut Vec<u8>) {
        put(message, out);
    }
}

/// Appends `text` to `out` as one text frame.
pub(crate) fn put_text(text: &str, out: &mut Vec<u8>) {
    put_frame(OpCode::Data(Data::Text), text.as_bytes(), out);
}

/// Appends an empty ping to `out`.
pub(crate) fn put_ping(out: &mut Vec<u8>) {
    put_frame(OpCode::Control(Control::Ping), &[], out);
}

fn put_frame(opcode: OpCode, message: &[u8], out: &mut Vec<u8>) {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    let bytes = message.len() as u64;
    out.reserve(header.len(bytes) + message.len());
    header.format(bytes, out).expect("writing to a Vec cannot fail");
    out.extend_from_slice(message);
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn messages_of_every_length_come_out_as_they_were_put_in() {
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];
        let messages: Vec<Vec<u8>> =
            lengths.iter().map(|&length| (0..length).map(|at| at as u8).collect()).collect();
        let mut frames = Vec::new();
        messages.iter().for_each(|message| put(message, &mut frames));
        let mut rest = &frames[..];
        for message in &messages {
            let mut cursor = Cursor::new(rest);
            let header = FrameHeader::parse(&mut cursor).expect("a valid header");
            let (header, length) = header.expect("a whole header");
            assert_eq!(header.opcode, OpCode::Data(Data::Binary));
            assert!(header.is_final && header.mask.is_none());
            let (frame, after) = rest.split_at(cursor.position() as usize + length as usize);
            assert!(frame.ends_with(message) && length as usize == message.len());
            rest = after;
        }
        assert!(rest.is_empty());
    }
}
