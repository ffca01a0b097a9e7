//! [`Departure`]: why a bot's connection is over, and whether its session may still be there.

use tickwire_game::protocol::{DisconnectReason, JoinError};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Why a bot's connection is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    Refused(JoinError),
    Undecodable(String),
    /// For a reason that the server gave, or [`DisconnectReason::Lost`] if it gave none.
    Ended(DisconnectReason),
    /// In a way that is none of the protocol's.
    CutOff(String),
}

impl Departure {
    /// What a close of the other side means.
    pub(super) fn of_close(frame: Option<&CloseFrame>) -> Departure {
        let Some(frame) = frame else { return Departure::CutOff("closed without a code".into()) };
        let code = u16::from(frame.code);
        match DisconnectReason::from_code(code) {
            Some(end) => Departure::Ended(end),
            None => Departure::CutOff(format!("close code {code}")),
        }
    }

    /// What the end of a connection without a close means.
    pub(super) fn of_error(error: &Error) -> Departure {
        match error {
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Departure::Ended(DisconnectReason::Lost)
            }
            error => Departure::Undecodable(error.to_string()),
        }
    }

    /// The reason by which it is counted.
    pub(super) fn reason(&self) -> String {
        match self {
            Departure::Refused(refusal) => refusal.to_string(),
            Departure::Undecodable(what) | Departure::CutOff(what) => what.clone(),
            Departure::Ended(end) => end.name().to_owned(),
        }
    }

    /// Whether the session of a client that was in a room may have outlived its connection. Each end is
    /// named, so that a new one must be thought about. `was_announced`: that the server closes.
    pub(super) fn leaves_session(&self, was_announced: bool) -> bool {
        let end = match self {
            Departure::Refused(_) | Departure::Undecodable(_) => return false,
            // Something between the two has closed it.
            Departure::CutOff(_) => return true,
            Departure::Ended(end) => end,
        };
        match end {
            DisconnectReason::Lost
            | DisconnectReason::Silent
            | DisconnectReason::TooSlow
            | DisconnectReason::Fault => true,
            // A server that says so before may hand its sessions on to the one that comes next.
            DisconnectReason::Closing => was_announced,
            DisconnectReason::Left
            | DisconnectReason::Away
            | DisconnectReason::Replaced
            | DisconnectReason::Idle
            | DisconnectReason::TooMuch
            | DisconnectReason::Flood
            | DisconnectReason::Protocol
            | DisconnectReason::NotBinary
            | DisconnectReason::NotUtf8
            | DisconnectReason::TooBig
            | DisconnectReason::RoomOver
            | DisconnectReason::RoomFailed
            | DisconnectReason::Refused
            | DisconnectReason::HelloTimeout => false,
        }
    }

    /// Whether another try to come back may go better, after one that ended so.
    pub(super) fn is_worth_another_try(&self) -> bool {
        match self {
            // The next server may be up already.
            Departure::Refused(JoinError::Closing) => true,
            Departure::Ended(DisconnectReason::Closing) => true,
            departure => departure.leaves_session(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

    use super::*;

    #[test]
    fn a_session_may_outlive_a_connection_that_broke_and_no_other() {
        let closed = |code| {
            let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
            Departure::of_close(Some(&frame))
        };
        let broken = [
            Departure::of_error(&Error::ConnectionClosed),
            Departure::of_error(&Error::Io(std::io::ErrorKind::ConnectionReset.into())),
            closed(DisconnectReason::Silent.code()),
            // Some proxy's.
            closed(1_012),
            Departure::of_close(None),
        ];
        for departure in broken {
            assert!(departure.leaves_session(false), "{departure:?}");
        }
        let over = [
            Departure::Refused(JoinError::RoomFull),
            Departure::of_error(&Error::Utf8("?".into())),
            closed(DisconnectReason::Idle.code()),
            closed(DisconnectReason::Replaced.code()),
            closed(DisconnectReason::Left.code()),
        ];
        for departure in over {
            assert!(!departure.leaves_session(true), "{departure:?}");
        }
        let closing = closed(DisconnectReason::Closing.code());
        assert!(!closing.leaves_session(false) && closing.leaves_session(true));
    }

    #[test]
    fn only_a_refusal_of_a_server_that_goes_down_is_worth_another_try() {
        assert!(Departure::Refused(JoinError::Closing).is_worth_another_try());
        assert!(!Departure::Refused(JoinError::NotResumable).is_worth_another_try());
        assert!(Departure::Ended(DisconnectReason::Lost).is_worth_another_try());
    }
}
