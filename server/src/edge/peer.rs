//! [`PeerInfo`]: the other end of a connection, as the edge knows it, and [`ClientAddress`], whom it
//! is counted against.

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

/// The address against which a client is counted. It is the peer's, unless a trusted proxy forwards
/// the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ClientAddress {
    /// This address; an IPv4 address is never written as IPv6.
    Known(IpAddr),
    /// A trusted proxy forwards it without an address that can be read. All such clients count as one
    /// address, which is always limited.
    Unreadable,
}

/// The client of a connection, for limits and logs: the peer, or the client that a trusted proxy
/// forwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientKey {
    /// The key of its address.
    pub(crate) key: PeerKey,
    /// Whether its address is not limited.
    pub(crate) is_uncapped: bool,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerInfo {
    pub(crate) listener: Listener,
    /// The peer's address, which may be that of a proxy.
    pub(crate) address: IpAddr,
    /// Whether it sends plaintext to a listener that serves TLS.
    pub(crate) is_plaintext_on_tls: bool,
}
