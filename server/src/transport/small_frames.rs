//! Reads small frames directly: what a client that plays sends is one short input a tick, whole in one
//! frame, and tungstenite's machine for any frame costs more than all else that is done with it
//! (`docs/decisions/0024-small-frames-read-directly.md`).
//!
//! Only what needs no state between two reads is read here: whole binary messages in one masked frame
//! of at most 125 bytes. Whatever else comes, and all that comes after it, is tungstenite's, as it came.
//! All bytes have passed the same limits. A [`WebSocketTransport`](super::websocket::WebSocketTransport)
//! calls it while tungstenite has nothing of an unfinished message.

use std::io::{self, Read, Write};

use tickwire_game::protocol::DisconnectReason;
use tickwire_host::limits::MESSAGES_PER_PASS_MAX;

use super::metered_stream::MeteredStream;

/// First byte of the last or only frame of a binary message, without extensions.
const FINAL_BINARY: u8 = 0x82;
/// In the second byte: the payload is masked, as a client's must be.
const MASKED: u8 = 0x80;
/// Longest payload whose length stands in the second byte itself.
const SMALL_MAX_BYTES: u8 = 125;
/// Two bytes and the mask.
const HEADER_BYTES: usize = 6;
/// Bytes of one read: a dozen inputs.
const READ_BYTES: usize = 256;

// The limit of a pass is one of what follows, too.
const _: () = assert!(READ_BYTES / HEADER_BYTES < MESSAGES_PER_PASS_MAX);

/// What small frames have left of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing: all that is available was read.
    Nothing,
    /// There may be more, for tungstenite to read; so many messages were taken before it.
    After(usize),
}

/// Reads once, gives the messages of the small frames at the beginning to `take`, and puts everything
/// after them back.
///
/// # Errors
/// [`DisconnectReason::Lost`] when the connection broke, and whatever `take` returns.
pub(super) fn receive<S: Read + Write>(
    stream: &mut MeteredStream<S>,
    take: &mut dyn FnMut(&[u8]) -> Result<(), DisconnectReason>,
) -> Result<Rest, DisconnectReason> {
    let mut buffer = [0; READ_BYTES];
    let read = match stream.read(&mut buffer) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Err(_) => return Err(DisconnectReason::Lost),
    };
    let (mut at, mut messages, mut taken) = (0, 0, Ok(()));
    while taken.is_ok()
        && let Some(message) = unmask_first(&mut buffer[at..read])
    {
        at += HEADER_BYTES + message.len();
        messages += 1;
        taken = take(message);
    }
    stream.put_back(&buffer[at..read]);
    taken?;
    Ok(if stream.has_more() { Rest::After(messages) } else { Rest::Nothing })
}

/// The message of the first frame, if that is small and whole; else the bytes stay as they are.
fn unmask_first(bytes: &mut [u8]) -> Option<&[u8]> {
    let [FINAL_BINARY, second, rest @ ..] = bytes else { return None };
    let length = second.checked_sub(MASKED).filter(|length| *length <= SMALL_MAX_BYTES)?;
    let (mask, rest) = rest.split_first_chunk_mut::<4>()?;
    let payload = rest.get_mut(..usize::from(length))?;
    for piece in payload.chunks_mut(mask.len()) {
        piece.iter_mut().zip(&*mask).for_each(|(byte, mask)| *byte ^= mask);
    }
    Some(payload)
}

#[cfg(test)]
mod tests;
