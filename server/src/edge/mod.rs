//! The edge: everything between the network and the lobby. A connection passes through these modules:
//!
//! ```text
//! accept          accepts a connection, limits it by address and by pending connections
//! opening         TLS and HTTP, request after request, until one upgrades to a WebSocket
//! first_message   waits for the hello and has it judged: a JoinRequest, or a refusal
//! join            the lobby's reply: a Reservation, and with it a PendingJoin for the shard
//! (the shard)     the session; no task exists for the connection
//! farewell        the goodbye; drains and closes the connection
//! ```
//!
//! All of it runs on one thread with one runtime; each connection is one task until it is in a room.
//! Nothing here knows the game, except for its name and the version of its rules.

pub(crate) mod accept;
pub(crate) mod address_limiter;
pub(crate) mod context;
mod echo;
mod farewell;
mod first_message;
mod handshake_stream;
pub(crate) mod http;
mod join;
pub(crate) mod listen;
mod opening;
pub(crate) mod peer;
pub(crate) mod peer_stream;
mod pem;
pub(crate) mod pending_connections;
mod receive;
pub(crate) mod refusal_log;
pub(crate) mod tickets;
pub(crate) mod tls;
