//! [`ShardSocket`]: the socket of a connection while a shard polls it, shared with the keeper of the shards,
//! which shuts it down if the shard does not come back.
//!
//! With it goes what the connection holds elsewhere, such as its place among those of its address. Who takes
//! that out has ended the connection, and counts it: only one can, though a shard that does not come back may
//! never drop the socket.

use std::any::Any;
use std::fmt;
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, PoisonError};

/// What a connection holds until it ends. Dropping it gives it back.
pub(crate) type Held = Box<dyn Any + Send>;

/// The socket of a connection that a shard polls.
pub(crate) struct ShardSocket {
    tcp: TcpStream,
    /// `None` once the connection has ended.
    held: Mutex<Option<Held>>,
}

impl ShardSocket {
    pub(crate) fn new(tcp: TcpStream, held: Held) -> ShardSocket {
        ShardSocket { tcp, held: Mutex::new(Some(held)) }
    }

    /// The socket, to read and write.
    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// The socket alone.
    pub(crate) fn into_tcp(self) -> TcpStream {
        self.tcp
    }

    /// Takes what it holds; `None` if somebody has before, who has ended it.
    pub(crate) fn take_held(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Shuts it down, so that its client notices at once.
    pub(crate) fn shut_down(&self) {
        // One that is closed already is none the worse.
        let _ = self.tcp.shutdown(Shutdown::Both);
    }
}

impl fmt::Debug for ShardSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ShardSocket").field(&self.tcp).finish()
    }
}
