//! [`InMemory`]: a connection to a peer in the same test, by two queues of whole messages.
//!
//! The test keeps the [`Peer`]: it fills what the server will read, reads what the server wrote,
//! and may stop taking anything. Time is only looked at for a peer that takes nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tickwire_game::protocol::DisconnectReason;

use super::{Flushed, Traffic, Transport};
use crate::limits::WRITE_STALL_MAX;
use crate::shared_chunk::Shared;

/// What both ends see.
#[derive(Debug, Default)]
struct SharedPipe {
    to_server: VecDeque<Vec<u8>>,
    to_peer: Vec<Vec<u8>>,
    takes_nothing: bool,
    answers_pings: bool,
    is_gone: bool,
    closed: Option<DisconnectReason>,
}

/// The peer's end. Dropping it breaks the connection.
#[derive(Debug)]
pub(crate) struct Peer(Arc<Mutex<SharedPipe>>);

/// The server's end.
#[derive(Debug)]
pub(crate) struct InMemory {
    link: Arc<Mutex<SharedPipe>>,
    unsent: Vec<Vec<u8>>,
    /// Since when the peer takes nothing of what waits.
    stalled_since: Option<Duration>,
    traffic: Traffic,
}

/// A connection and its peer.
pub(crate) fn pair() -> (Box<InMemory>, Peer) {
    let link = Arc::<Mutex<SharedPipe>>::default();
    let (unsent, traffic) = (Vec::new(), Traffic::default());
    let transport = InMemory { link: Arc::clone(&link), unsent, stalled_since: None, traffic };
    (Box::new(transport), Peer(link))
}

impl Peer {
    /// Sends messages to the server.
    pub(crate) fn say(&self, messages: impl IntoIterator<Item = Vec<u8>>) {
        self.link().to_server.extend(messages);
    }

    /// What has come from the server since this was last called.
    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.link().to_peer)
    }

    /// Whether what the server sends stays with the server.
    pub(crate) fn take_nothing(&self, nothing: bool) {
        self.link().takes_nothing = nothing;
    }

    /// Shows that it is alive from now on, without any message.
    pub(crate) fn answer_pings(&self) {
        self.link().answers_pings = true;
    }

    /// Why the server has closed the connection, if it has.
    pub(crate) fn closed(&self) -> Option<DisconnectReason> {
        self.link().closed
    }

    fn link(&self) -> MutexGuard<'_, SharedPipe> {
        self.0.lock().expect("no test panics with it")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Ok(mut link) = self.0.lock() {
            link.is_gone = true;
        }
    }
}

impl InMemory {
    fn link(&self) -> MutexGuard<'_, SharedPipe> {
        self.link.lock().expect("no test panics with it")
    }
}

impl Transport for InMemory {
    fn receive(
        &mut self,
        _now: Duration,
        take: &mut dyn FnMut(&[u8]) -> Result<(), DisconnectReason>,
    ) -> Result<(), DisconnectReason> {
        let (came, is_gone) = {
            let mut link = self.link();
            (std::mem::take(&mut link.to_server), link.is_gone)
        };
        for message in came {
            self.traffic.bytes_in += message.len() as u64;
            take(&message)?;
        }
        if is_gone { Err(DisconnectReason::Lost) } else { Ok(()) }
    }

    fn has_heard(&self) -> bool {
        self.link().answers_pings
    }

    fn is_limited(&self) -> bool {
        false
    }

    fn send(&mut self, message: &[u8]) {
        self.unsent.push(message.to_vec());
    }

    fn send_shared(&mut self, shared: Shared<'_>, now: Duration) -> Result<bool, DisconnectReason> {
        if self.link().takes_nothing {
            return Ok(false);
        }
        self.unsent.extend(shared.messages().map(<[u8]>::to_vec));
        self.flush(now)?;
        Ok(true)
    }

    fn flush(&mut self, now: Duration) -> Result<Flushed, DisconnectReason> {
        let mut link = self.link.lock().expect("no test panics with it");
        if link.is_gone {
            return Err(DisconnectReason::Lost);
        }
        if link.takes_nothing && !self.unsent.is_empty() {
            let since = *self.stalled_since.get_or_insert(now);
            let is_stalled = now.saturating_sub(since) > WRITE_STALL_MAX;
            return if is_stalled { Err(DisconnectReason::TooSlow) } else { Ok(Flushed::Part) };
        }
        self.stalled_since = None;
        self.traffic.bytes_out +=
            self.unsent.iter().map(|message| message.len() as u64).sum::<u64>();
        link.to_peer.append(&mut self.unsent);
        Ok(Flushed::Whole)
    }

    fn is_behind(&self) -> bool {
        !self.unsent.is_empty()
    }

    fn unsent_bytes(&self) -> usize {
        self.unsent.iter().map(Vec::len).sum()
    }

    fn credit_stall(&mut self, _lost: Duration) {}

    fn close(&mut self, reason: DisconnectReason) {
        let mut link = self.link.lock().expect("no test panics with it");
        link.closed = Some(reason);
        if !link.takes_nothing {
            link.to_peer.append(&mut self.unsent);
        }
    }

    fn take_traffic(&mut self) -> Traffic {
        std::mem::take(&mut self.traffic)
    }
}
