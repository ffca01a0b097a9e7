//! WebSocket frames (RFC 6455, section 5.2) as a client has them: binary ones out, masked; any in.
//!
//! Reading keeps as little as it can: a frame that came whole is given out where it lies.

/// Most bytes before a payload that is not masked.
const HEAD_MAX_BYTES: usize = 10;
/// Longest payload that is believed, in bytes.
const PAYLOAD_MAX_BYTES: u64 = 16 << 20;
/// Any mask will do: nothing lies between client and server that it could confuse.
const MASK: [u8; 4] = [0x5a, 0xa5, 0x3c, 0xc3];

pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

/// Adds a whole frame to the end of `out`.
///
/// # Panics
/// When the payload has more than 65,535 bytes: clients say little.
pub(super) fn write_frame(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match payload.len() {
        len @ ..126 => out.push(0x80 | len as u8),
        len => {
            out.push(0x80 | 126);
            out.extend(u16::try_from(len).expect("clients say little").to_be_bytes());
        }
    }
    out.extend(MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// A frame that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) opcode: u8,
    /// On the wire, with its head.
    pub(super) bytes: usize,
    /// All of it, or nothing if payloads are not kept.
    pub(super) payload: &'a [u8],
}

/// What came is no frame of a server, or one that no server here sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a WebSocket frame of a server")]
pub(super) struct FrameError;

/// Finds the frames in what comes.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    /// Whether payloads are of interest.
    keeps: bool,
    /// The beginning of a head that has not come whole.
    head: Vec<u8>,
    /// A frame whose payload has not come whole, and how much of that is to come.
    open: Option<(Head, usize)>,
    payload: Vec<u8>,
}

impl FrameReader {
    pub(super) fn new(keeps: bool) -> FrameReader {
        FrameReader { keeps, ..FrameReader::default() }
    }

    /// Calls `each` with every frame that is whole by now.
    pub(super) fn read<E: From<FrameError>>(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            if let Some((head, left)) = self.open {
                let (taken, rest) = bytes.split_at(left.min(bytes.len()));
                bytes = rest;
                if self.keeps {
                    self.payload.extend_from_slice(taken);
                }
                if taken.len() < left {
                    self.open = Some((head, left - taken.len()));
                    return Ok(());
                }
                self.open = None;
                each(head.frame(&self.payload))?;
                self.payload.clear();
            }
            let Some(head) = self.take_head(&mut bytes)? else { return Ok(()) };
            if bytes.len() < head.payload {
                self.open = Some((head, head.payload));
            } else {
                let (payload, rest) = bytes.split_at(head.payload);
                bytes = rest;
                each(head.frame(if self.keeps { payload } else { &[] }))?;
            }
        }
    }

    fn take_head(&mut self, bytes: &mut &[u8]) -> Result<Option<Head>, FrameError> {
        if self.head.is_empty()
            && let Some(head) = Head::parse(bytes)?
        {
            *bytes = &bytes[head.bytes..];
            return Ok(Some(head));
        }
        while let Some((first, rest)) = bytes.split_first() {
            self.head.push(*first);
            *bytes = rest;
            if let Some(head) = Head::parse(&self.head)? {
                self.head.clear();
                return Ok(Some(head));
            }
        }
        debug_assert!(self.head.len() < HEAD_MAX_BYTES);
        Ok(None)
    }
}

/// What stands before a payload.
#[derive(Clone, Copy, Debug)]
struct Head {
    opcode: u8,
    bytes: usize,
    payload: usize,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Option<Head>, FrameError> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        // No continuation, no extension, no mask.
        if first & 0xf0 != 0x80 || second & 0x80 != 0 {
            return Err(FrameError);
        }
        let (more, payload) = match (second, rest) {
            (126, [a, b, ..]) => (2, u64::from(u16::from_be_bytes([*a, *b]))),
            (127, rest) => match rest.first_chunk() {
                Some(length) => (8, u64::from_be_bytes(*length)),
                None => return Ok(None),
            },
            (126, _) => return Ok(None),
            (length, _) => (0, u64::from(*length)),
        };
        if payload > PAYLOAD_MAX_BYTES {
            return Err(FrameError);
        }
        Ok(Some(Head { opcode: first & 0x0f, bytes: 2 + more, payload: payload as usize }))
    }

    fn frame(self, payload: &[u8]) -> Frame<'_> {
        Frame { opcode: self.opcode, bytes: self.bytes + self.payload, payload }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a server sends it.
    fn sent(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80 | opcode];
        match payload.len() {
            len @ ..126 => bytes.push(len as u8),
            len @ ..65_536 => {
                bytes.push(126);
                bytes.extend((len as u16).to_be_bytes());
            }
            len => {
                bytes.push(127);
                bytes.extend((len as u64).to_be_bytes());
            }
        }
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn frames_are_found_however_they_are_cut() {
        let lengths = [0, 1, 125, 126, 127, 300, 70_000];
        let payload = |length: usize| -> Vec<u8> { (0..length).map(|at| at as u8).collect() };
        let all: Vec<u8> =
            lengths.iter().flat_map(|length| sent(BINARY, &payload(*length))).collect();
        for keeps in [true, false] {
            for cut in [1, 2, 3, 7, 128, 4_096, all.len()] {
                let mut reader = FrameReader::new(keeps);
                let mut found = Vec::new();
                let mut bytes = 0;
                for chunk in all.chunks(cut) {
                    let read: Result<(), FrameError> = reader.read(chunk, |frame| {
                        assert_eq!(frame.opcode, BINARY);
                        bytes += frame.bytes;
                        found.push(frame.payload.to_vec());
                        Ok(())
                    });
                    read.unwrap();
                }
                assert_eq!(bytes, all.len());
                assert_eq!(found.len(), lengths.len());
                if keeps {
                    assert!(
                        found.iter().zip(lengths).all(|(found, length)| *found == payload(length))
                    );
                }
            }
        }
    }

    #[test]
    fn what_no_server_sends_is_refused() {
        for bytes in
            [&[0x02, 0][..], &[0xc2, 0], &[0x82, 0x80], &[0x82, 127, 1, 0, 0, 0, 0, 0, 0, 0]]
        {
            let read: Result<(), FrameError> = FrameReader::new(true).read(bytes, |_| Ok(()));
            assert_eq!(read, Err(FrameError), "{bytes:?}");
        }
    }

    #[test]
    fn what_a_client_writes_is_masked() {
        let mut out = Vec::new();
        write_frame(BINARY, &[1, 2, 3, 4, 5], &mut out);
        assert_eq!(out[..2], [0x82, 0x85]);
        let bare: Vec<u8> =
            out[6..].iter().zip(out[2..6].iter().cycle()).map(|(a, b)| a ^ b).collect();
        assert_eq!(bare, [1, 2, 3, 4, 5]);
        out.clear();
        write_frame(BINARY, &[0; 200], &mut out);
        assert_eq!(out[..4], [0x82, 0xfe, 0, 200]);
        assert_eq!(out.len(), 8 + 200);
    }
}
