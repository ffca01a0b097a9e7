//! [`Slot`]: a transport whose memory does not grow, for tests that count what the server allocates.
//!
//! It takes one message a pass from its peer, and counts what it sends instead of keeping it. Like the
//! WebSocket it has no buffer of its own and gathers what it sends in the one that it is lent.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tickwire_game::protocol::DisconnectReason;
use tickwire_host::{Flushed, Shared, Traffic, Transport};

/// The peer's end.
#[derive(Clone, Debug, Default)]
pub struct Slot(Arc<Mutex<Ends>>);

#[derive(Debug, Default)]
struct Ends {
    /// What the peer sends next, if that is anything.
    to_server: Vec<u8>,
    sent: Sent,
}

/// What the server has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Messages of any kind.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How often something was written: what a system call would be for each.
    pub writes: u64,
}

/// The server's end.
#[derive(Debug)]
pub struct SlotTransport {
    slot: Slot,
    unsent: Vec<u8>,
    traffic: Traffic,
}

/// Both ends of a slot.
#[must_use]
pub fn slot() -> (Slot, SlotTransport) {
    let slot = Slot::default();
    (slot.clone(), SlotTransport { slot, unsent: Vec::new(), traffic: Traffic::default() })
}

impl Slot {
    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().expect("nothing that holds it panics")
    }

    /// The peer sends the message that `write` makes, in place of one that the server has not read.
    pub fn send(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let message = &mut self.ends().to_server;
        message.clear();
        write(message);
    }

    /// What the server has sent so far.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.ends().sent
    }
}

impl Transport for SlotTransport {
    fn receive(
        &mut self,
        _: Duration,
        take: &mut dyn FnMut(&[u8]) -> Result<(), DisconnectReason>,
    ) -> Result<(), DisconnectReason> {
        let message = &mut self.slot.ends().to_server;
        if !message.is_empty() {
            self.traffic.bytes_in += message.len() as u64;
            take(message)?;
            message.clear();
        }
        Ok(())
    }

    fn is_limited(&self) -> bool {
        false
    }

    fn send(&mut self, message: &[u8]) {
        self.unsent.extend_from_slice(message);
        self.slot.ends().sent.messages += 1;
    }

    fn send_shared(&mut self, shared: Shared<'_>, _: Duration) -> Result<bool, DisconnectReason> {
        let sent = &mut self.slot.ends().sent;
        sent.writes += 1;
        for message in shared.messages() {
            sent.messages += 1;
            sent.bytes += message.len() as u64;
            self.traffic.bytes_out += message.len() as u64;
        }
        Ok(true)
    }

    fn flush(&mut self, _: Duration) -> Result<Flushed, DisconnectReason> {
        if !self.unsent.is_empty() {
            let (bytes, sent) = (self.unsent.len() as u64, &mut self.slot.ends().sent);
            self.traffic.bytes_out += bytes;
            sent.bytes += bytes;
            sent.writes += 1;
            self.unsent.clear();
        }
        Ok(Flushed::Whole)
    }

    fn is_behind(&self) -> bool {
        !self.unsent.is_empty()
    }

    fn unsent_bytes(&self) -> usize {
        self.unsent.len()
    }

    fn lend_buffer(&mut self, buffer: &mut Vec<u8>) {
        std::mem::swap(&mut self.unsent, buffer);
    }

    fn return_buffer(&mut self, buffer: &mut Vec<u8>) {
        std::mem::swap(&mut self.unsent, buffer);
    }

    fn credit_stall(&mut self, _: Duration) {}

    fn close(&mut self, _: DisconnectReason) {}

    fn take_traffic(&mut self) -> Traffic {
        std::mem::take(&mut self.traffic)
    }
}
