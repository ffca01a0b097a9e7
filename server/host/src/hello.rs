//! What a client opens with: whether it may join at all.
//!
//! Pure: bytes in, a [`JoinRequest`] or the reason against it out. The shell calls [`judge`] with
//! the first message; the lobby then decides where.

use std::fmt;

use tickwire_game::game::Game;
use tickwire_game::limits::{ROOM_NAME_MAX_BYTES, ROOM_SETTINGS_MAX_BYTES};
use tickwire_game::protocol::{
    ClientMessage, DisconnectReason, Hello, JoinError, MessageError, PROTOCOL_VERSION, ResumeToken,
    Role, RoomChoice,
};

/// The game that a server runs, as a hello must name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GameVersion {
    /// [`Game::NAME`].
    pub name: &'static str,
    /// [`Game::RULES`].
    pub rules: u32,
}

impl GameVersion {
    /// That of `G`.
    #[must_use]
    pub fn of<G: Game>() -> GameVersion {
        GameVersion { name: G::NAME, rules: G::RULES }
    }
}

/// What a client that may join asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// What it wants to be.
    pub role: Role,
    /// Its name as it came; the room cleans it.
    pub name: String,
    /// The room it wants to be in.
    pub room: RequestedRoom,
    /// Whether the client replays its own state by the game's rules.
    pub replays: bool,
    /// Who signed for it.
    pub identity: Identity,
    /// By which it resumes the session that it had.
    pub resume: Option<ResumeToken>,
}

/// The room that a client wants to be in: [`tickwire_game::protocol::RoomChoice`], checked and owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedRoom {
    /// Any with a seat.
    Any,
    /// The one of this name, which is made if there is none.
    Named {
        /// Its name.
        name: String,
        /// What the client chooses of its settings if it is made: JSON as it came, for
        /// [`GuestSettings`](crate::GuestSettings) to judge.
        settings: Option<String>,
    },
}

impl RequestedRoom {
    /// The one of this name, with the server's own settings if it is made.
    #[must_use]
    pub fn named(name: impl Into<String>) -> RequestedRoom {
        RequestedRoom::Named { name: name.into(), settings: None }
    }
}

/// Who a client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The subject of a ticket whose signature is good.
    Subject(String),
    /// Anybody.
    Guest,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What a signer writes there must not break a line of the log.
            Identity::Subject(subject) => write!(f, "{subject:?}"),
            Identity::Guest => f.write_str("guest"),
        }
    }
}

/// One peer as far as limits and logs go: a number that the edge makes from an address prefix or
/// a ticket's subject. Equal numbers are the same peer; nothing else follows from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(pub u64);

impl fmt::Display for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What a ticket says of its bearer.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub struct Bearer {
    /// Who it is, to the signer.
    pub subject: String,
    /// Under which name, whatever the hello says.
    pub name: Option<String>,
    /// In which room, and in no other.
    pub room: Option<String>,
}

/// Why a first message does not let a client in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelloError {
    /// It is a hello, but not one for this server: the client hears so, then the connection ends.
    Refused(JoinError),
    /// It is no hello.
    Ended(DisconnectReason),
}

/// Judges the first message of a client. `bearer` checks the ticket of a hello that is otherwise
/// good: `None` is a guest.
///
/// # Errors
/// Why the client does not join.
pub fn judge(
    bytes: &[u8],
    game: GameVersion,
    bearer: impl FnOnce(&Hello<'_>) -> Result<Option<Bearer>, JoinError>,
) -> Result<JoinRequest, HelloError> {
    let hello = match ClientMessage::decode(bytes) {
        Ok(ClientMessage::Hello(hello)) => hello,
        Err(MessageError::Version(_)) => {
            return Err(HelloError::Refused(JoinError::Protocol { server: PROTOCOL_VERSION }));
        }
        Err(MessageError::TooBig { .. }) => {
            return Err(HelloError::Ended(DisconnectReason::TooBig));
        }
        Ok(_) | Err(_) => return Err(HelloError::Ended(DisconnectReason::Protocol)),
    };
    // Who names no game knows no rules: it goes by the schema.
    let goes_by_schema = hello.game.is_empty() && !hello.replays;
    if !goes_by_schema && hello.game != game.name {
        return Err(HelloError::Refused(JoinError::Game));
    }
    if !goes_by_schema && hello.rules != game.rules {
        return Err(HelloError::Refused(JoinError::Rules { server: game.rules }));
    }
    let room = match hello.room {
        RoomChoice::Any => None,
        RoomChoice::Named(name) if is_room_name(name) => Some(name.to_owned()),
        RoomChoice::Named(_) => return Err(HelloError::Refused(JoinError::RoomName)),
    };
    if hello.settings.is_some_and(|settings| settings.len() > ROOM_SETTINGS_MAX_BYTES) {
        return Err(HelloError::Refused(JoinError::SettingsTooLong));
    }
    let bearer = match bearer(&hello) {
        // A ticket is for coming in: who resumes has come in, and shows its token. If that is not good
        // it is refused, and not let in as a guest.
        Err(JoinError::TicketExpired | JoinError::TicketRequired) if hello.resume.is_some() => None,
        judged => judged.map_err(HelloError::Refused)?,
    };
    // A ticket for one room names it as well as the hello does.
    let only = bearer.as_ref().and_then(|bearer| bearer.room.clone());
    let room = match (only.or(room), hello.settings.map(str::to_owned)) {
        (Some(name), settings) => RequestedRoom::Named { name, settings },
        (None, None) => RequestedRoom::Any,
        (None, Some(_)) => return Err(HelloError::Refused(JoinError::SettingsWithoutRoom)),
    };
    let Hello { role, name, replays, resume, .. } = hello;
    let (name, identity) = match bearer {
        None => (name.to_owned(), Identity::Guest),
        Some(Bearer { subject, name: vouched, room: _ }) => {
            (vouched.unwrap_or(name.to_owned()), Identity::Subject(subject))
        }
    };
    Ok(JoinRequest { role, name, room, replays, identity, resume })
}

/// Whether this can be the name of a room.
#[must_use]
pub fn is_room_name(name: &str) -> bool {
    (1..=ROOM_NAME_MAX_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
