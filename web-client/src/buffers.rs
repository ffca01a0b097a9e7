//! [`Buffers`]: the memory through which JavaScript and a client see each other.
//!
//! Each client owns a pair. `exports` gives out where they are, and clients leave in them what a
//! call has to say: it holds until the next one.

use tickwire_game::limits::SERVER_MESSAGE_MAX_BYTES;

/// One buffer for texts and messages, one for rows and events.
#[derive(Default)]
pub(crate) struct Buffers {
    pub(crate) bytes: Vec<u8>,
    pub(crate) numbers: Vec<f64>,
}

impl Buffers {
    /// A buffer of `len` bytes; at most as many as a message may have.
    pub(crate) fn scratch(&mut self, len: usize) -> &mut [u8] {
        self.bytes.resize(len.min(SERVER_MESSAGE_MAX_BYTES), 0);
        &mut self.bytes
    }

    /// Keeps what is to be read there, and gives how much it is.
    pub(crate) fn say(&mut self, bytes: Vec<u8>) -> u32 {
        self.bytes = bytes;
        self.bytes.len() as u32
    }

    /// How many numbers are there to be read.
    pub(crate) fn numbers_len(&self) -> u32 {
        self.numbers.len() as u32
    }
}
