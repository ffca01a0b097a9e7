//! [`SharedChunk`]: the messages of one tick that all spectators of a room are sent.
//!
//! The room keeps messages; a transport turns them into the bytes that it writes, once for all
//! peers, and leaves those here ([`Shared::wire`]).

use std::any::TypeId;
use std::borrow::Cow;
use std::iter;
use std::sync::OnceLock;

/// The messages of one tick of a shared stream.
#[derive(Debug, Default)]
pub struct SharedChunk {
    /// The messages, each after its length in four bytes: many chunks wait, and small ones.
    bytes: Vec<u8>,
    /// How many of the bytes are messages that only those need who begin here.
    intro_bytes: usize,
    wire: OnceLock<Box<WireBytes>>,
}

/// How a kind of transport writes messages.
pub trait WireForm: 'static {
    /// Adds one message to the end of `out`, as it is written.
    fn put(message: &[u8], out: &mut Vec<u8>);
}

/// The messages of a chunk in one wire form.
#[derive(Debug)]
struct WireBytes {
    form: TypeId,
    bytes: Vec<u8>,
    /// Where those of the messages after the intro begin.
    intro_bytes: usize,
}

impl SharedChunk {
    /// Adds a message at the end.
    pub fn push(&mut self, message: &[u8]) {
        self.bytes.extend_from_slice(&(message.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(message);
    }

    /// Makes all messages so far the intro: only peers that begin here are sent them.
    pub fn end_intro(&mut self) {
        self.intro_bytes = self.bytes.len();
    }

    /// Forgets the messages, keeps memory for about `usual_bytes`.
    pub(crate) fn clear(&mut self, usual_bytes: usize) {
        self.bytes.clear();
        // Each would be a restart sooner or later, and keep the memory of one.
        if self.bytes.capacity() > 4 * usual_bytes {
            self.bytes.shrink_to(usual_bytes);
        }
        self.intro_bytes = 0;
        self.wire.take();
    }

    /// How much memory its messages may take without asking for more.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// How many bytes its messages have together, their lengths included.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn to_wire<F: WireForm>(&self) -> WireBytes {
        let (intro, rest) = self.bytes.split_at(self.intro_bytes);
        // A header is as long as a length here, but for the one of a long message.
        let mut bytes = Vec::with_capacity(self.len() + 16);
        split(intro).for_each(|message| F::put(message, &mut bytes));
        let intro_bytes = bytes.len();
        split(rest).for_each(|message| F::put(message, &mut bytes));
        WireBytes { form: TypeId::of::<F>(), bytes, intro_bytes }
    }
}

/// The messages that lie there one after the other, each after its length.
fn split(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (message, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        bytes = rest;
        Some(message)
    })
}

/// What one peer is sent of a [`SharedChunk`].
#[derive(Clone, Copy, Debug)]
pub struct Shared<'a> {
    chunk: &'a SharedChunk,
    begins: bool,
}

impl<'a> Shared<'a> {
    /// All of it for a peer that begins here; else without the intro.
    #[must_use]
    pub fn new(chunk: &'a SharedChunk, begins: bool) -> Shared<'a> {
        Shared { chunk, begins }
    }

    /// The messages, in order.
    pub fn messages(self) -> impl Iterator<Item = &'a [u8]> {
        split(&self.chunk.bytes[if self.begins { 0 } else { self.chunk.intro_bytes }..])
    }

    /// These messages as a transport writes them: made by the first that asks, and kept for all
    /// others of its form.
    #[must_use]
    pub fn wire<F: WireForm>(self) -> Cow<'a, [u8]> {
        let kept = self.chunk.wire.get_or_init(|| Box::new(self.chunk.to_wire::<F>()));
        let first = |wire: &WireBytes| if self.begins { 0 } else { wire.intro_bytes };
        if kept.form == TypeId::of::<F>() {
            return Cow::Borrowed(&kept.bytes[first(kept)..]);
        }
        let own = self.chunk.to_wire::<F>();
        Cow::Owned(own.bytes[first(&own)..].to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each after its length.
    struct Long;

    impl WireForm for Long {
        fn put(message: &[u8], out: &mut Vec<u8>) {
            out.push(message.len() as u8);
            out.extend_from_slice(message);
        }
    }

    struct Plain;

    impl WireForm for Plain {
        fn put(message: &[u8], out: &mut Vec<u8>) {
            out.extend_from_slice(message);
        }
    }

    #[test]
    fn only_a_peer_that_begins_is_sent_the_intro_and_bytes_are_made_once() {
        let mut chunk = SharedChunk::default();
        chunk.push(b"who");
        chunk.end_intro();
        chunk.push(b"what");
        chunk.push(b"");
        let (begins, goes_on) = (Shared::new(&chunk, true), Shared::new(&chunk, false));
        assert!(begins.messages().eq([&b"who"[..], b"what", b""]));
        assert!(goes_on.messages().eq([&b"what"[..], b""]));
        assert_eq!(&*goes_on.wire::<Long>(), b"\x04what\x00");
        assert!(matches!(begins.wire::<Long>(), Cow::Borrowed(b"\x03who\x04what\x00")));
        assert_eq!(&*goes_on.wire::<Plain>(), b"what", "another form is not mistaken for it");
        chunk.clear(100);
        assert_eq!(Shared::new(&chunk, true).messages().count(), 0);
        assert_eq!(&*Shared::new(&chunk, true).wire::<Long>(), b"");
    }
}
