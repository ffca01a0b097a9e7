//! [`Pipe`]: a transport in memory, and the peer's end of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use shared::protocol::{End, ServerMessage};
use tickwire_host::limits::MESSAGES_PER_PASS_MAX;
use tickwire_host::{Flushed, Shared, Traffic, Transport};

#[derive(Debug, Default)]
struct Ends {
    to_server: VecDeque<Vec<u8>>,
    to_peer: VecDeque<Vec<u8>>,
    /// How many more bytes it takes to the peer, if there is a limit.
    space_bytes: Option<usize>,
    is_lost: bool,
    closed: Option<End>,
    traffic: Traffic,
}

/// The peer's end.
#[derive(Clone, Debug)]
pub struct Pipe(Arc<Mutex<Ends>>);

/// The server's end.
#[derive(Debug)]
pub struct PipeTransport(Pipe);

/// Both ends of a pipe, which takes any number of bytes.
#[must_use]
pub fn pipe() -> (Pipe, PipeTransport) {
    let pipe = Pipe(Arc::default());
    (pipe.clone(), PipeTransport(pipe))
}

impl Pipe {
    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().expect("nothing that holds it panics")
    }

    /// A message arrives at the server.
    pub fn send(&self, message: Vec<u8>) {
        self.ends().to_server.push_back(message);
    }

    /// How many messages wait for the server to read them.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.ends().to_server.len()
    }

    /// The next message that the server has sent.
    #[must_use]
    pub fn receive(&self) -> Option<Vec<u8>> {
        self.ends().to_peer.pop_front()
    }

    /// From now on it takes so many more bytes to the peer; none is as if its kernel were full.
    pub fn set_space(&self, bytes: Option<usize>) {
        self.ends().space_bytes = bytes;
    }

    /// It breaks without a word.
    pub fn cut(&self) {
        self.ends().is_lost = true;
    }

    /// Why the server closed it, if it did.
    #[must_use]
    pub fn closed(&self) -> Option<End> {
        self.ends().closed
    }
}

impl Ends {
    fn is_full(&self) -> bool {
        self.space_bytes == Some(0)
    }

    fn put(&mut self, message: &[u8]) {
        self.traffic.bytes_out += message.len() as u64;
        if let Some(space) = &mut self.space_bytes {
            *space = space.saturating_sub(message.len());
        }
        self.to_peer.push_back(message.to_vec());
    }
}

impl Transport for PipeTransport {
    fn receive(
        &mut self,
        _: Duration,
        take: &mut dyn FnMut(&[u8]) -> Result<(), End>,
    ) -> Result<(), End> {
        for _ in 0..MESSAGES_PER_PASS_MAX {
            let mut ends = self.0.ends();
            if ends.is_lost {
                return Err(End::Lost);
            }
            let Some(message) = ends.to_server.pop_front() else { break };
            ends.traffic.bytes_in += message.len() as u64;
            drop(ends);
            take(&message)?;
        }
        Ok(())
    }

    fn is_limited(&self) -> bool {
        false
    }

    fn send(&mut self, message: &[u8]) {
        self.0.ends().put(message);
    }

    fn send_shared(&mut self, shared: Shared<'_>, _: Duration) -> Result<bool, End> {
        let mut ends = self.0.ends();
        if ends.is_full() {
            return Ok(false);
        }
        shared.messages().for_each(|message| ends.put(message));
        Ok(true)
    }

    fn flush(&mut self, _: Duration) -> Result<Flushed, End> {
        Ok(if self.0.ends().is_full() { Flushed::Part } else { Flushed::Whole })
    }

    fn is_behind(&self) -> bool {
        self.0.ends().is_full()
    }

    fn unsent_bytes(&self) -> usize {
        // What was sent is under way, so only whether there is space tells.
        usize::from(self.0.ends().is_full())
    }

    fn credit_stall(&mut self, _: Duration) {}

    fn close(&mut self, reason: End) {
        let mut goodbye = Vec::new();
        ServerMessage::Goodbye(reason).encode(&mut goodbye);
        let mut ends = self.0.ends();
        ends.closed = Some(reason);
        ends.to_peer.push_back(goodbye);
    }

    fn take_traffic(&mut self) -> Traffic {
        std::mem::take(&mut self.0.ends().traffic)
    }
}
