//! Every way in which a connection can end or not begin.

use std::fmt;

use bincode::{Decode, Encode};

use crate::limits::{REFUSAL_TEXT_MAX_BYTES, ROOM_SETTINGS_MAX_BYTES};

/// Why a connection ended. Sent as the close code of the WebSocket, counted by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum End {
    /// The client said goodbye, or closed in order.
    Left,
    /// The server is going down.
    Closing,
    /// A frame or a message that the protocol does not allow.
    Protocol,
    /// A text message, where only binary ones are spoken.
    NotBinary,
    /// A message above the limit of its kind.
    TooBig,
    /// The hello was refused; the reason went before.
    Refused,
    /// No hello came in time.
    HelloTimeout,
    /// Nothing came for too long.
    Silent,
    /// The client did not take what was sent, for too long.
    TooSlow,
    /// More came than a client may send.
    TooMuch,
    /// The room ended by a fault of its own.
    RoomFailed,
    /// The server met a fault of its own.
    Fault,
    /// The connection broke without a word.
    Lost,
    /// A text that is not UTF-8.
    NotUtf8,
    /// Bytes or frames came faster than they are read, for too long.
    Flood,
    /// A player did nothing, or always the same, for too long: it may watch, or join again.
    Idle,
    /// The room has made the last tick that it can.
    RoomOver,
}

impl End {
    /// All of them, in order.
    pub const ALL: [End; 17] = [
        End::Left,
        End::Closing,
        End::Protocol,
        End::NotBinary,
        End::TooBig,
        End::Refused,
        End::HelloTimeout,
        End::Silent,
        End::TooSlow,
        End::TooMuch,
        End::RoomFailed,
        End::Fault,
        End::Lost,
        End::NotUtf8,
        End::Flood,
        End::Idle,
        End::RoomOver,
    ];

    /// The WebSocket close code: RFC 6455 section 7.4.1 where it has one, else from 4000.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            End::Left => 1000,
            End::Closing => 1001,
            End::Protocol => 1002,
            End::NotBinary => 1003,
            End::NotUtf8 => 1007,
            End::TooBig => 1009,
            End::Fault => 1011,
            // Never sent: what a peer sees when the connection breaks without a close frame.
            End::Lost => 1006,
            End::Refused => 4000,
            End::HelloTimeout => 4001,
            End::Silent => 4002,
            End::TooSlow => 4003,
            End::TooMuch => 4004,
            End::RoomFailed => 4005,
            End::Flood => 4006,
            End::Idle => 4007,
            End::RoomOver => 4008,
        }
    }

    /// The end that a close code stands for.
    #[must_use]
    pub fn from_code(code: u16) -> Option<End> {
        End::ALL.into_iter().find(|end| end.code() == code)
    }

    /// A short name, for close reasons, counters and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            End::Left => "left",
            End::Closing => "closing",
            End::Protocol => "protocol",
            End::NotBinary => "not-binary",
            End::TooBig => "too-big",
            End::Refused => "refused",
            End::HelloTimeout => "hello-timeout",
            End::Silent => "silent",
            End::TooSlow => "too-slow",
            End::TooMuch => "too-much",
            End::RoomFailed => "room-failed",
            End::Fault => "fault",
            End::Lost => "lost",
            End::NotUtf8 => "not-utf8",
            End::Flood => "flood",
            End::Idle => "idle",
            End::RoomOver => "room-over",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a hello was refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
pub enum Refusal {
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
    SettingsUnreadable(RefusalText),
    /// One of the settings may not be chosen by the client that opens a room, or there is none of
    /// that name.
    #[error("{0}")]
    SettingNotAllowed(RefusalText),
    /// One of the settings has a value of a wrong type.
    #[error("{0}")]
    SettingInvalid(RefusalText),
    /// The game does not take the settings, for this reason.
    #[error("{0}")]
    SettingsRefused(RefusalText),
}

/// What a refusal says to people beside its reason: one line of at most [`REFUSAL_TEXT_MAX_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RefusalText(Box<str>);

impl RefusalText {
    /// Takes a text: its control characters become spaces, and what is too long is cut.
    #[must_use]
    pub fn new(text: &str) -> RefusalText {
        let mut line = String::new();
        for char in text.chars() {
            if line.len() + char.len_utf8() > REFUSAL_TEXT_MAX_BYTES {
                break;
            }
            line.push(if char.is_control() { ' ' } else { char });
        }
        RefusalText(line.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RefusalText {
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
            let text = RefusalText::new(&char.repeat(REFUSAL_TEXT_MAX_BYTES));
            assert!(text.as_str().len() > REFUSAL_TEXT_MAX_BYTES - 4);
            assert!(text.as_str().len() <= REFUSAL_TEXT_MAX_BYTES);
        }
        assert_eq!(RefusalText::new("a\nb\u{1b}[31m").to_string(), "a b [31m");
    }

    #[test]
    fn every_end_has_a_code_and_a_name_of_its_own() {
        for end in End::ALL {
            assert_eq!(End::from_code(end.code()), Some(end));
            assert_eq!(End::ALL.iter().filter(|other| other.name() == end.name()).count(), 1);
        }
    }
}
