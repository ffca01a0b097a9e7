//! What goes over the wire, as bytes: messages, and within them the snapshot stream.
//!
//! Every decoder here takes any byte string to a value or to a typed error, at a cost bounded
//! by the bytes that came. `docs/protocol.md` has the same for people.

pub mod bits;
mod disconnect;
mod join_error;
mod list;
mod messages;
mod models;
mod range;
mod resume_token;
pub mod snapshot;
mod symbols;
mod ticket;

pub use disconnect::DisconnectReason;
pub use join_error::{JoinError, JoinErrorText};
pub use messages::{
    Ack, Board, BoardPage, ClientMessage, Closing, Hello, Input, MessageError, Notice, Pace, Ping,
    Role, RoomChoice, Roster, RosterEntry, ScoreEntry, Scores, ServerMessage, Welcome,
};
pub use resume_token::{RESUME_SECRET_BYTES, RESUME_TOKEN_BYTES, ResumeToken};
pub use ticket::Ticket;

use bincode::config::{Configuration, standard};

/// Version of the protocol; a client of another version is refused.
pub const PROTOCOL_VERSION: u16 = 10;

/// How values become bytes within messages: bincode 2, little-endian, variable-length integers.
pub const WIRE: Configuration = standard();
