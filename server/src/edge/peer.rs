//! [`PeerInfo`]: the other end of a connection, as the edge knows it.

use std::net::IpAddr;

use tickwire_host::PeerKey;

/// The listener that accepted a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// Serves the page and the WebSocket.
    Public,
    /// Serves the counters.
    Admin,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerInfo {
    pub(crate) listener: Listener,
    /// The peer's address, which may be that of a proxy.
    pub(crate) address: IpAddr,
    /// The key of the address, for limits and logs.
    pub(crate) key: PeerKey,
    /// Whether it sends plaintext to a listener that serves TLS.
    pub(crate) is_plaintext_on_tls: bool,
}
