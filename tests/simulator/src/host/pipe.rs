//! [`Pipe`]: a transport in memory, and the peer's end of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tickwire_game::protocol::{DisconnectReason, ServerMessage};
use tickwire_host::limits::{MESSAGES_PER_PASS_MAX, WRITE_STALL_MAX};
use tickwire_host::{Flushed, Shared, Traffic, Transport};

#[derive(Debug, Default)]
struct Ends {
    to_server: VecDeque<Vec<u8>>,
    /// What was sent and has not left the server.
    unsent: VecDeque<Vec<u8>>,
    /// Since when none of it could leave.
    stalled_since: Option<Duration>,
    to_peer: VecDeque<Vec<u8>>,
    /// How many more bytes it takes to the peer, if there is a limit.
    space_bytes: Option<usize>,
    is_lost: bool,
    closed: Option<DisconnectReason>,
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

    /// Whether the server has sent what has not reached the peer.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        !self.ends().unsent.is_empty()
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
    pub fn closed(&self) -> Option<DisconnectReason> {
        self.ends().closed
    }
}

impl Ends {
    fn is_full(&self) -> bool {
        self.space_bytes == Some(0)
    }

    /// Has what waits leave, message by message, while there is space.
    fn flush(&mut self, now: Duration) -> Result<Flushed, DisconnectReason> {
        while !self.is_full() {
            let Some(message) = self.unsent.pop_front() else { break };
            self.traffic.bytes_out += message.len() as u64;
            if let Some(space) = &mut self.space_bytes {
                *space = space.saturating_sub(message.len());
            }
            self.stalled_since = None;
            self.to_peer.push_back(message);
        }
        if self.unsent.is_empty() {
            return Ok(Flushed::Whole);
        }
        self.stall(now)?;
        Ok(Flushed::Part)
    }

    fn stall(&mut self, now: Duration) -> Result<(), DisconnectReason> {
        let since = *self.stalled_since.get_or_insert(now);
        if now.saturating_sub(since) >= WRITE_STALL_MAX {
            Err(DisconnectReason::TooSlow)
        } else {
            Ok(())
        }
    }
}

impl Transport for PipeTransport {
    fn receive(
        &mut self,
        _: Duration,
        take: &mut dyn FnMut(&[u8]) -> Result<(), DisconnectReason>,
    ) -> Result<(), DisconnectReason> {
        for _ in 0..MESSAGES_PER_PASS_MAX {
            let mut ends = self.0.ends();
            if ends.is_lost {
                return Err(DisconnectReason::Lost);
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
        self.0.ends().unsent.push_back(message.to_vec());
    }

    fn send_shared(&mut self, shared: Shared<'_>, now: Duration) -> Result<bool, DisconnectReason> {
        let mut ends = self.0.ends();
        if ends.unsent.is_empty() && ends.is_full() {
            ends.stall(now)?;
            return Ok(false);
        }
        let was_waiting = !ends.unsent.is_empty();
        ends.unsent.extend(shared.messages().map(<[u8]>::to_vec));
        if !was_waiting {
            ends.flush(now)?;
        }
        Ok(true)
    }

    fn flush(&mut self, now: Duration) -> Result<Flushed, DisconnectReason> {
        self.0.ends().flush(now)
    }

    fn is_behind(&self) -> bool {
        !self.0.ends().unsent.is_empty()
    }

    fn unsent_bytes(&self) -> usize {
        self.0.ends().unsent.iter().map(Vec::len).sum()
    }

    fn credit_stall(&mut self, _: Duration) {}

    fn close(&mut self, reason: DisconnectReason) {
        let mut goodbye = Vec::new();
        ServerMessage::Goodbye(reason).encode(&mut goodbye);
        let mut ends = self.0.ends();
        ends.closed = Some(reason);
        // The shell flushes what waits while it closes, for a limited time: a peer that takes
        // nothing does not get its goodbye either.
        if !ends.is_full() {
            let waiting = std::mem::take(&mut ends.unsent);
            ends.to_peer.extend(waiting);
            ends.to_peer.push_back(goodbye);
        }
    }

    fn take_traffic(&mut self) -> Traffic {
        std::mem::take(&mut self.0.ends().traffic)
    }
}
