//! What goes over the wire, as bytes: messages, and within them the snapshot stream.
//!
//! Every decoder here takes any byte string to a value or to a typed error, at a cost bounded
//! by the bytes that came. `docs/protocol.md` has the same for people.

pub mod bits;
mod end;
mod list;
mod messages;
mod models;
mod range;
pub mod snapshot;
mod symbols;
mod ticket;

pub use end::{End, Refusal, RefusalText};
pub use messages::{
    Ack, Board, BoardPage, ClientMessage, Hello, Input, MessageError, Notice, Pace, Ping, Role,
    RoomWish, Roster, RosterEntry, ScoreEntry, Scores, ServerMessage, Welcome,
};
pub use ticket::Ticket;

use bincode::config::{Configuration, standard};

/// Version of the protocol; a client of another version is refused.
pub const PROTOCOL_VERSION: u16 = 9;

/// How values become bytes within messages: bincode 2, little-endian, variable-length integers.
pub const WIRE: Configuration = standard();
