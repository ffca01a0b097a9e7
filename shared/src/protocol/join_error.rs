//! [`JoinError`]: every reason for which a server refuses a hello, as sent to the client.

use std::fmt;

use bincode::{Decode, Encode};

use crate::limits::{REFUSAL_TEXT_MAX_BYTES, ROOM_SETTINGS_MAX_BYTES};

/// Why a hello was refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
pub enum JoinError {
    /// The client speaks another version of the protocol.
    #[error("this server speaks protocol {server}: reload the page or renew the client")]
    Protocol {
        /// What the server speaks.
        server: u16,
    },
    /// The client plays another game.
    #[error("this server runs another game")]
    Game,
    /// The client plays by other rules.
    #[error("this server plays by rules {server}: reload the page or renew the client")]
    Rules {
        /// By which the server plays.
        server: u32,
    },
    /// The name of the room is not one.
    #[error("a room name has 1 to 32 letters, digits, '-' or '_'")]
    RoomName,
    /// The room has no space.
    #[error("the room is full")]
    RoomFull,
    /// The server has no space.
    #[error("the server is full")]
    ServerFull,
    /// The server is going down.
    #[error("the server is closing")]
    Closing,
    /// The room is slower than it should be already.
    #[error("the room is overloaded")]
    Overloaded,
    /// Guests are not let in.
    #[error("a ticket is needed here: come in by the site that gives it")]
    TicketRequired,
    /// The ticket is none of this server's, or not for this.
    #[error("the ticket is not good for this: come in anew by the site that gave it")]
    TicketInvalid,
    /// The ticket was good once.
    #[error("the ticket has expired: come in anew by the site that gave it")]
    TicketExpired,
    /// So many rooms are being opened that one more would have to wait for long.
    #[error("too many rooms are being opened at the moment: try again in a few seconds")]
    RoomsBuilding,
    /// The server has as many rooms as it may, and somebody is in each of them.
    #[error("all rooms of the server are taken: join one that is open, or try again later")]
    RoomsMax,
    /// As many rooms as one address or account may have opened are still there.
    #[error(
        "too many rooms were opened from your address or account: join one of them, or try again when one is gone"
    )]
    OwnRoomsMax,
    /// The address or account has recently opened too many rooms.
    #[error(
        "rooms are opened too often from your address or account: join one that is open, or try again in a minute"
    )]
    OwnRoomsRate,
    /// The settings chosen for the room are too long a text.
    #[error("the settings of a room have at most {ROOM_SETTINGS_MAX_BYTES} bytes")]
    SettingsTooLong,
    /// Settings were chosen, but no room was named that could open with them.
    #[error("settings are for a room of your own: name it")]
    SettingsWithoutRoom,
    /// The settings chosen for the room are not a JSON object.
    #[error("the settings of a room are a JSON object, such as {{\"name\": 1}}: {0}")]
    SettingsUnreadable(JoinErrorText),
    /// One of the settings may not be chosen by the client that opens a room, or there is none of
    /// that name.
    #[error("{0}")]
    SettingNotAllowed(JoinErrorText),
    /// One of the settings has a value of a wrong type.
    #[error("{0}")]
    SettingInvalid(JoinErrorText),
    /// The game does not take the settings, for this reason.
    #[error("{0}")]
    SettingsRefused(JoinErrorText),
    /// The session that was to be resumed is none of this server's, or over, or not for this; or the
    /// token is not the one by which it can be. It is not said which.
    #[error("the place in the room is not kept any more: join anew")]
    NotResumable,
    /// Rooms of this name, or with these settings, or that no client named, have ended by a fault of their own
    /// again and again.
    #[error("rooms like this one fail: try again in a minute, or another name or other settings")]
    RoomFails,
}

/// What a refusal says to people beside its reason: one line of at most [`REFUSAL_TEXT_MAX_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct JoinErrorText(Box<str>);

impl JoinErrorText {
    /// Takes a text: its control characters become spaces, and what is too long is cut.
    #[must_use]
    pub fn new(text: &str) -> JoinErrorText {
        let mut line = String::new();
        for char in text.chars() {
            if line.len() + char.len_utf8() > REFUSAL_TEXT_MAX_BYTES {
                break;
            }
            line.push(if char.is_control() { ' ' } else { char });
        }
        JoinErrorText(line.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JoinErrorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_refusal_is_one_line_that_fits() {
        for char in ["x", "\u{e9}", "\u{1f680}"] {
            let text = JoinErrorText::new(&char.repeat(REFUSAL_TEXT_MAX_BYTES));
            assert!(text.as_str().len() > REFUSAL_TEXT_MAX_BYTES - 4);
            assert!(text.as_str().len() <= REFUSAL_TEXT_MAX_BYTES);
        }
        assert_eq!(JoinErrorText::new("a\nb\u{1b}[31m").to_string(), "a b [31m");
    }
}
