//! What a client opens with: whether it may come in at all.
//!
//! Pure: bytes and the time in, a [`Wanted`] or the reason against it out. The session's task calls
//! it with the first message; the lobby then decides where.

use std::fmt;
use std::time::Duration;

use shared::game::Game;
use shared::limits::ROOM_NAME_MAX_BYTES;
use shared::protocol::{
    ClientMessage, End, MessageError, PROTOCOL_VERSION, Refusal, Role, RoomWish,
};

use crate::directory::Wish;
use crate::tickets::{Bearer, Tickets};

/// What a client that may come in wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) role: Role,
    /// As it came; the room cleans it.
    pub(crate) name: String,
    pub(crate) wish: Wish,
    /// Whether the client moves its own state on by the game's rules.
    pub(crate) replays: bool,
    pub(crate) who: Who,
}

/// Who it is, to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Whoever signs tickets vouches for this name.
    Subject(String),
    /// Nobody vouches.
    Guest,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What a signer writes there must not break a line of the log.
            Who::Subject(subject) => write!(f, "{subject:?}"),
            Who::Guest => f.write_str("guest"),
        }
    }
}

/// Why a first message does not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwanted {
    /// It is a hello, but not one for this server: that is said, then the connection ends.
    Refused(Refusal),
    /// It is none.
    Ended(End),
}

/// Judges the first message of a client, at so much time since 1970.
pub(crate) fn judge<G: Game>(
    bytes: &[u8],
    tickets: &Tickets,
    now: Duration,
) -> Result<Wanted, Unwanted> {
    let hello = match ClientMessage::decode(bytes) {
        Ok(ClientMessage::Hello(hello)) => hello,
        Err(MessageError::Version(_)) => {
            return Err(Unwanted::Refused(Refusal::Protocol { server: PROTOCOL_VERSION }));
        }
        Err(MessageError::TooBig { .. }) => return Err(Unwanted::Ended(End::TooBig)),
        Ok(_) | Err(_) => return Err(Unwanted::Ended(End::Protocol)),
    };
    if hello.game != G::NAME {
        return Err(Unwanted::Refused(Refusal::Game));
    }
    if hello.rules != G::RULES {
        return Err(Unwanted::Refused(Refusal::Rules { server: G::RULES }));
    }
    let wish = match hello.room {
        RoomWish::Any => Wish::Any,
        RoomWish::Named(name) if is_room_name(name) => Wish::Named(name.to_owned()),
        RoomWish::Named(_) => return Err(Unwanted::Refused(Refusal::RoomName)),
    };
    let bearer = tickets.judge(&hello, now).map_err(Unwanted::Refused)?;
    let (role, name, replays) = (hello.role, hello.name.to_owned(), hello.replays);
    Ok(match bearer {
        None => Wanted { role, name, wish, replays, who: Who::Guest },
        Some(Bearer { subject, name: vouched, room }) => Wanted {
            role,
            name: vouched.unwrap_or(name),
            wish: room.map_or(wish, Wish::Named),
            replays,
            who: Who::Subject(subject),
        },
    })
}

/// Whether a room may be called so.
pub(crate) fn is_room_name(name: &str) -> bool {
    (1..=ROOM_NAME_MAX_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
