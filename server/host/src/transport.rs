//! [`Transport`]: how messages get to a peer and back, as far as sessions and rooms know it.
//!
//! The shell makes one for each connection, over whatever it speaks; a test makes one over a
//! simulated link. It carries whole messages, in order, and never blocks.

use std::any::Any;
use std::time::Duration;

use tickwire_game::protocol::DisconnectReason;

use crate::shared_chunk::Shared;

#[cfg(test)]
pub(crate) mod in_memory;

/// Whether all that was handed to a transport has left this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// All of it.
    Whole,
    /// Some waits: nothing new may be encoded.
    Part,
}

/// Bytes that went through a transport, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

/// One connection, at the level of messages. Times are those of its room, which stand still while
/// the server does.
pub trait Transport: Any + Send {
    /// Gives every message that has come to `take`, within the limits of one pass; only then
    /// judges whether the peer has been silent for too long.
    ///
    /// # Errors
    /// Why the connection ends.
    fn receive(
        &mut self,
        now: Duration,
        take: &mut dyn FnMut(&[u8]) -> Result<(), DisconnectReason>,
    ) -> Result<(), DisconnectReason>;

    /// Whether the last [`Transport::receive`] found a sign of life that is no whole message, such as
    /// the answer to a ping. A transport without any says no; messages count by themselves.
    fn has_heard(&self) -> bool {
        false
    }

    /// Whether the last read stopped at a rate limit with more to come.
    fn is_limited(&self) -> bool;

    /// Adds a message to what is to be sent. Nothing leaves before [`Transport::flush`].
    fn send(&mut self, message: &[u8]);

    /// Sends a part of a stream that many peers share: at once if nothing waits, else behind what
    /// waits. Whether it took it; `false` means that it is as if it had not been offered.
    ///
    /// # Errors
    /// As of [`Transport::flush`].
    fn send_shared(&mut self, shared: Shared<'_>, now: Duration) -> Result<bool, DisconnectReason>;

    /// Sends what waits, as far as that is possible now.
    ///
    /// # Errors
    /// [`DisconnectReason::Lost`] when the connection broke, [`DisconnectReason::TooSlow`] when the peer has taken nothing
    /// for [`WRITE_STALL_MAX`](crate::limits::WRITE_STALL_MAX).
    fn flush(&mut self, now: Duration) -> Result<Flushed, DisconnectReason>;

    /// Whether anything sent before still waits in this process.
    fn is_behind(&self) -> bool;

    /// How many bytes wait to be sent.
    fn unsent_bytes(&self) -> usize;

    /// Takes a buffer of the calling thread to gather messages in, unless something waits already:
    /// so that a connection that keeps up needs no buffer of its own.
    fn lend_buffer(&mut self, _buffer: &mut Vec<u8>) {}

    /// Gives the buffer back, unless something waits in it.
    fn return_buffer(&mut self, _buffer: &mut Vec<u8>) {}

    /// The server stood still for `lost`, so that what peers sent meanwhile comes all at once.
    fn credit_stall(&mut self, lost: Duration);

    /// Hands over the goodbye and closes; the bytes still have to be flushed.
    fn close(&mut self, reason: DisconnectReason);

    /// Bytes read and written since this was last called.
    fn take_traffic(&mut self) -> Traffic;
}
