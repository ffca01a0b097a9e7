//! [`TicketError`]: why a ticket is refused, in words for the operator's log.
//!
//! A client hears less ([`TicketError::refusal`]): one who tries tickets out should not learn what is
//! wrong with them. No text contains any part of a ticket.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tickwire_game::protocol::JoinError;
use tokio::time::Instant;
use tracing::info;

use crate::ops::paced_line::PacedLine;

/// Why a client's ticket, or the lack of one, keeps it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum TicketError {
    /// Guests are refused, and there is no ticket.
    #[error("there is none, and guests are refused")]
    Missing,
    /// It is longer than [`tickwire_game::limits::TICKET_MAX_BYTES`].
    #[error("it is too long")]
    TooLong,
    /// It does not have the format of a JSON Web Token.
    #[error("it is not a JSON Web Token: not three parts in base64url without padding")]
    Malformed,
    /// The key did not sign it.
    #[error(
        "its signature does not verify: signed with another key or algorithm, or changed since"
    )]
    Signature,
    /// The header is signed, but not a JSON object with an `alg`.
    #[error("its header is not a JSON object with an alg, each field at most once")]
    Header,
    /// The header names an algorithm that is not that of the key.
    #[error("alg in its header is not the algorithm of the key")]
    Algorithm,
    /// The header says that it is another kind of token.
    #[error("typ in its header is not JWT")]
    Type,
    /// The header names extensions that a verifier must support.
    #[error("its header has crit: extensions are not supported")]
    Critical,
    /// The claims are signed, but not a JSON object.
    #[error("its claims are not a JSON object with each claim at most once")]
    Claims,
    /// A claim is missing or has another type than it must have.
    #[error("the claim {name} is not {expected}")]
    Claim {
        /// The name of the claim.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A time is so large that it cannot be in seconds.
    #[error("{0} is in milliseconds; it must be seconds since 1970")]
    Milliseconds(&'static str),
    /// It has expired.
    #[error("it has expired")]
    Expired,
    /// Its `nbf` is in the future.
    #[error("it is not valid yet: nbf is in the future; compare the clocks")]
    NotYetValid,
    /// It is for another service.
    #[error("aud does not include tickwire")]
    Audience,
    /// It is for the other role.
    #[error("it is for another role than the client asks for")]
    Role,
    /// It is for another room.
    #[error("it is for another room than the client asks for")]
    Room,
}

impl TicketError {
    /// What the client hears.
    pub(crate) fn refusal(self) -> JoinError {
        match self {
            TicketError::Missing => JoinError::TicketRequired,
            TicketError::Expired => JoinError::TicketExpired,
            _ => JoinError::TicketInvalid,
        }
    }

    /// Whether the signature is valid, so that the cause is with the signer. Everything else is what
    /// any stranger can send.
    pub(crate) fn is_signed(self) -> bool {
        use TicketError::{Malformed, Missing, Signature, TooLong};
        !matches!(self, Missing | TooLong | Malformed | Signature)
    }
}

/// The lines of the log about refused tickets. Unsigned tickets have one pace, signed ones a pace for
/// each reason, so that strangers cannot hide what a signer does wrong: not even by a ticket of
/// theirs that has expired.
#[derive(Debug, Default)]
pub(crate) struct TicketLines {
    /// As many as there are reasons.
    signed: Mutex<HashMap<TicketError, PacedLine>>,
    unsigned: PacedLine,
}

impl TicketLines {
    /// Logs why a ticket was refused.
    pub(crate) fn log(&self, error: TicketError, now: Instant) {
        if let Some(suppressed) = self.allow(error, now) {
            info!(reason = %error, suppressed, "a ticket was refused");
        }
    }

    fn allow(&self, error: TicketError, now: Instant) -> Option<u64> {
        if !error.is_signed() {
            return self.unsigned.allow(now);
        }
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        signed.entry(error).or_default().allow(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_that_is_sent_again_and_again_hides_no_other_fault_of_the_signer() {
        let (lines, now) = (TicketLines::default(), Instant::now());
        let logged = |error| lines.allow(error, now).is_some();
        let claim = |name| TicketError::Claim { name, expected: "a text" };
        for error in [
            TicketError::Expired,
            TicketError::Milliseconds("exp"),
            TicketError::Milliseconds("iat"),
            TicketError::Algorithm,
            claim("sub"),
            claim("room"),
            TicketError::Signature,
        ] {
            assert!(logged(error), "{error}");
            assert!((0..99).all(|_| !logged(error)), "{error}");
        }
        // What any stranger can send shares one pace.
        assert!(!logged(TicketError::Malformed) && !logged(TicketError::TooLong));
    }
}
