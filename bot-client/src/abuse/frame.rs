//! WebSocket frames written by hand, since no library would write what abusers send, and what a
//! server sends taken apart.
//!
//! Knows RFC 6455 section 5 and nothing of our protocol. It judges nothing: what is written may be
//! wrong on purpose, and of what comes only as much is looked at as a report needs.

use tickwire_game::limits::SERVER_MESSAGE_MAX_BYTES;

/// A continuation of a message that was begun.
pub(super) const CONTINUATION: u8 = 0x0;
/// A text message.
pub(super) const TEXT: u8 = 0x1;
/// A binary message.
pub(super) const BINARY: u8 = 0x2;
/// A close.
pub(super) const CLOSE: u8 = 0x8;
/// A ping.
pub(super) const PING: u8 = 0x9;
/// A pong.
pub(super) const PONG: u8 = 0xA;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
/// Any mask will do: it protects proxies, not servers.
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// How a frame is framed; what is not said is as it should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameShape {
    pub(super) opcode: u8,
    /// The last of its message.
    pub(super) is_final: bool,
    /// Bits that nobody has given a meaning: 0x40, 0x20, 0x10.
    pub(super) reserved: u8,
    pub(super) is_masked: bool,
}

impl FrameShape {
    /// A whole message, or a control frame.
    pub(super) const fn whole(opcode: u8) -> FrameShape {
        FrameShape { opcode, is_final: true, reserved: 0, is_masked: true }
    }

    /// A part that others follow.
    pub(super) const fn part(opcode: u8) -> FrameShape {
        FrameShape { is_final: false, ..FrameShape::whole(opcode) }
    }

    /// Adds the head of a frame that says it has so many bytes.
    pub(super) fn head(self, announced_bytes: u64, out: &mut Vec<u8>) {
        let last = if self.is_final { FINAL } else { 0 };
        out.push(last | self.reserved | self.opcode);
        let masked = if self.is_masked { MASKED } else { 0 };
        match announced_bytes {
            0..126 => out.push(masked | announced_bytes as u8),
            126..0x1_0000 => {
                out.push(masked | 126);
                out.extend_from_slice(&(announced_bytes as u16).to_be_bytes());
            }
            _ => {
                out.push(masked | 127);
                out.extend_from_slice(&announced_bytes.to_be_bytes());
            }
        }
        if self.is_masked {
            out.extend_from_slice(&MASK);
        }
    }

    /// Adds a frame with all its bytes.
    pub(super) fn frame(self, payload: &[u8], out: &mut Vec<u8>) {
        self.head(payload.len() as u64, out);
        let at = out.len();
        out.extend_from_slice(payload);
        if self.is_masked {
            for (byte, mask) in out[at..].iter_mut().zip(MASK.iter().cycle()) {
                *byte ^= mask;
            }
        }
    }
}

/// The bytes of a binary message.
pub(super) fn binary(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    FrameShape::whole(BINARY).frame(payload, &mut out);
    out
}

/// How much of a frame's payload is looked at: all that a server of ours sends. Of longer ones only
/// the begin is.
const LOOKED_AT_BYTES: usize = SERVER_MESSAGE_MAX_BYTES;

/// Takes apart the frames that come from a server, in whatever pieces they come. It holds one head
/// and one payload.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    head: Vec<u8>,
    body: Vec<u8>,
    /// Of the current frame: what is still to come.
    missing_bytes: u64,
    in_body: bool,
}

impl FrameReader {
    /// Takes what came; `frame` is called with opcode and begin of each frame that is whole.
    pub(super) fn take(&mut self, mut bytes: &[u8], mut frame: impl FnMut(u8, &[u8])) {
        while !bytes.is_empty() {
            if !self.in_body {
                self.head.push(bytes[0]);
                bytes = &bytes[1..];
                let Some(length) = announced_bytes(&self.head) else { continue };
                (self.missing_bytes, self.in_body) = (length, true);
            }
            let here = usize::try_from(self.missing_bytes).unwrap_or(usize::MAX).min(bytes.len());
            let looked_at = here.min(LOOKED_AT_BYTES.saturating_sub(self.body.len()));
            self.body.extend_from_slice(&bytes[..looked_at]);
            self.missing_bytes -= here as u64;
            bytes = &bytes[here..];
            if self.missing_bytes == 0 {
                frame(self.head[0] & 0x0F, &self.body);
                self.head.clear();
                self.body.clear();
                self.in_body = false;
            }
        }
    }
}

/// How long the payload is whose head, without a mask, this is; `None` while it is not whole.
fn announced_bytes(head: &[u8]) -> Option<u64> {
    let short = head.get(1)? & 0x7F;
    match short {
        126 => Some(u64::from(u16::from_be_bytes(head.get(2..4)?.try_into().ok()?))),
        127 => Some(u64::from_be_bytes(head.get(2..10)?.try_into().ok()?)),
        short => Some(u64::from(short)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_in_whatever_pieces_they_come() {
        let mut sent = Vec::new();
        let bare = |opcode| FrameShape { is_masked: false, ..FrameShape::whole(opcode) };
        bare(BINARY).frame(b"abc", &mut sent);
        bare(PING).frame(b"", &mut sent);
        bare(BINARY).frame(&[7; 300], &mut sent);
        bare(BINARY).frame(&vec![8; LOOKED_AT_BYTES + 1], &mut sent);
        bare(CLOSE).frame(&[3, 232], &mut sent);
        for piece in [1, 2, 3, 1_000, sent.len()] {
            let mut reader = FrameReader::default();
            let mut read = Vec::new();
            for bytes in sent.chunks(piece) {
                reader.take(bytes, |opcode, body| {
                    read.push((opcode, body.len(), body.first().copied()));
                });
            }
            let expected = [
                (BINARY, 3, Some(b'a')),
                (PING, 0, None),
                (BINARY, 300, Some(7)),
                (BINARY, LOOKED_AT_BYTES, Some(8)),
                (CLOSE, 2, Some(3)),
            ];
            assert_eq!(read, expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_frame_may_announce_more_than_anyone_has() {
        let mut out = Vec::new();
        FrameShape::whole(BINARY).head(1 << 63, &mut out);
        assert_eq!(out[..10], [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(out.len(), 14, "and a mask");
    }
}
