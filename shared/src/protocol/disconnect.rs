//! [`DisconnectReason`]: every way in which a connection can end.

use std::fmt;

use bincode::{Decode, Encode};

/// Why a connection ended. Sent as the close code of the WebSocket, counted by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum DisconnectReason {
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
    /// The session goes on over a newer connection.
    Replaced,
    /// The client went away and may come back: its page was closed, reloaded or put aside.
    Away,
}

impl DisconnectReason {
    /// All of them, in order.
    pub const ALL: [DisconnectReason; 19] = [
        DisconnectReason::Left,
        DisconnectReason::Closing,
        DisconnectReason::Protocol,
        DisconnectReason::NotBinary,
        DisconnectReason::TooBig,
        DisconnectReason::Refused,
        DisconnectReason::HelloTimeout,
        DisconnectReason::Silent,
        DisconnectReason::TooSlow,
        DisconnectReason::TooMuch,
        DisconnectReason::RoomFailed,
        DisconnectReason::Fault,
        DisconnectReason::Lost,
        DisconnectReason::NotUtf8,
        DisconnectReason::Flood,
        DisconnectReason::Idle,
        DisconnectReason::RoomOver,
        DisconnectReason::Replaced,
        DisconnectReason::Away,
    ];

    /// The WebSocket close code: RFC 6455 section 7.4.1 where it has one, else from 4000.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            DisconnectReason::Left => 1000,
            DisconnectReason::Closing => 1001,
            DisconnectReason::Protocol => 1002,
            DisconnectReason::NotBinary => 1003,
            DisconnectReason::NotUtf8 => 1007,
            DisconnectReason::TooBig => 1009,
            DisconnectReason::Fault => 1011,
            // Never sent: what a peer sees when the connection breaks without a close frame.
            DisconnectReason::Lost => 1006,
            DisconnectReason::Refused => 4000,
            DisconnectReason::HelloTimeout => 4001,
            DisconnectReason::Silent => 4002,
            DisconnectReason::TooSlow => 4003,
            DisconnectReason::TooMuch => 4004,
            DisconnectReason::RoomFailed => 4005,
            DisconnectReason::Flood => 4006,
            DisconnectReason::Idle => 4007,
            DisconnectReason::RoomOver => 4008,
            DisconnectReason::Replaced => 4009,
            // What a page closes with that cannot say 1001, which is for browsers alone.
            DisconnectReason::Away => 4010,
        }
    }

    /// The end that a close code stands for.
    #[must_use]
    pub fn from_code(code: u16) -> Option<DisconnectReason> {
        DisconnectReason::ALL.into_iter().find(|end| end.code() == code)
    }

    /// A short name, for close reasons, counters and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DisconnectReason::Left => "left",
            DisconnectReason::Closing => "closing",
            DisconnectReason::Protocol => "protocol",
            DisconnectReason::NotBinary => "not-binary",
            DisconnectReason::TooBig => "too-big",
            DisconnectReason::Refused => "refused",
            DisconnectReason::HelloTimeout => "hello-timeout",
            DisconnectReason::Silent => "silent",
            DisconnectReason::TooSlow => "too-slow",
            DisconnectReason::TooMuch => "too-much",
            DisconnectReason::RoomFailed => "room-failed",
            DisconnectReason::Fault => "fault",
            DisconnectReason::Lost => "lost",
            DisconnectReason::NotUtf8 => "not-utf8",
            DisconnectReason::Flood => "flood",
            DisconnectReason::Idle => "idle",
            DisconnectReason::RoomOver => "room-over",
            DisconnectReason::Replaced => "replaced",
            DisconnectReason::Away => "away",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_a_code_and_a_name_of_its_own() {
        for end in DisconnectReason::ALL {
            assert_eq!(DisconnectReason::from_code(end.code()), Some(end));
            assert_eq!(
                DisconnectReason::ALL.iter().filter(|other| other.name() == end.name()).count(),
                1
            );
        }
    }
}
