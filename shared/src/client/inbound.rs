//! What comes from a server, for whatever kind of client: which message has its place when, and what of it
//! every client keeps alike.
//!
//! A client with rules ([`Client`](super::Client)) and one without make of an [`Inbound`] what is
//! theirs: it says nothing of prediction, clocks, or what is drawn. Bytes in, one message out; the
//! roster and its board are kept here.

use std::time::Duration;

use super::{ClientError, Names};
use crate::protocol::snapshot::{Codec, Coding};
use crate::protocol::{DisconnectReason, JoinError, Pace, ServerMessage, WIRE, Welcome};
use crate::scene::Schema;
use crate::tick::TickRate;

/// A message that has its place where the client stands.
#[derive(Debug)]
pub enum Inbound<'a> {
    /// It is let into a room.
    Welcome(Welcome<'a>),
    /// It is not.
    Refused(JoinError),
    /// The server ends it.
    Ended(DisconnectReason),
    /// The roster has changed, and has it.
    Roster,
    /// Scores have, and the roster has them.
    Scores,
    /// The page of the board that is open, and the roster has it; nothing if none is open any more.
    Board,
    /// The body of a snapshot.
    Snapshot(&'a [u8]),
    /// The answer to the ping of this number.
    Pong(u32),
    /// How fast the room makes its ticks.
    Pace(Pace),
    /// A text from the server's operator.
    Notice(&'a str),
    /// The server closes in so much time, at the latest.
    Closing(Duration),
}

impl<'a> Inbound<'a> {
    /// Takes one message; `names` are those of the room, if the client is in one.
    ///
    /// # Errors
    /// When it cannot be the server's, or has no place here.
    pub fn take(bytes: &'a [u8], names: Option<&mut Names>) -> Result<Inbound<'a>, ClientError> {
        Ok(match (ServerMessage::decode(bytes)?, names) {
            (ServerMessage::Welcome(welcome), None) => Inbound::Welcome(welcome),
            (ServerMessage::Refused(refusal), None) => Inbound::Refused(refusal),
            (ServerMessage::Goodbye(end), _) => Inbound::Ended(end),
            (ServerMessage::Roster(roster), Some(names)) => {
                names.apply(&roster);
                Inbound::Roster
            }
            (ServerMessage::Scores(scores), Some(names)) => {
                names.apply_scores(&scores);
                Inbound::Scores
            }
            (ServerMessage::BoardPage(page), Some(names)) => {
                names.turn_to(page);
                Inbound::Board
            }
            (ServerMessage::Snapshot(body), Some(_)) => Inbound::Snapshot(body),
            (ServerMessage::Pong(pong), Some(_)) => Inbound::Pong(pong.number),
            (ServerMessage::Pace(pace), Some(_)) => Inbound::Pace(pace),
            (ServerMessage::Notice(notice), Some(_)) => Inbound::Notice(notice.text),
            (ServerMessage::Closing(closing), Some(_)) => {
                Inbound::Closing(Duration::from_secs(closing.in_seconds.into()))
            }
            (ServerMessage::Welcome(_), Some(_)) => return Err(ClientError::OutOfPlace("welcome")),
            (ServerMessage::Refused(_), Some(_)) => return Err(ClientError::OutOfPlace("refusal")),
            (_, None) => return Err(ClientError::OutOfPlace("message before the welcome")),
        })
    }
}

/// The room's schema, as its welcome has it.
///
/// # Errors
/// When it cannot be read.
pub fn schema_of(welcome: &Welcome<'_>) -> Result<Schema, ClientError> {
    // The limit is on the memory that a list's announced length may ask for.
    match bincode::decode_from_slice(welcome.schema, WIRE.with_limit::<{ 1 << 24 }>()) {
        Ok((schema, used)) if used == welcome.schema.len() => Ok(schema),
        _ => Err(ClientError::Part("schema")),
    }
}

/// How the room's snapshots are coded, by this schema.
///
/// # Errors
/// When the schema or the room's tick rate cannot be used.
pub fn codec_of(welcome: &Welcome<'_>, schema: Schema) -> Result<Codec, ClientError> {
    let tick_rate = TickRate::new(welcome.tick_rate_hz).ok_or(ClientError::Part("tick rate"))?;
    Ok(Codec::new(schema, tick_rate, Coding::Range)?)
}
