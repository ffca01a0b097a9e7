//! [`ResumeToken`]: by which a client whose connection broke gets its session back.
//!
//! To a client it is so many bytes, to be kept and shown to the server that gave them, and to
//! nobody else. A server finds the session by its first bytes, and believes it by the rest.

use std::fmt;

use bincode::{Decode, Encode};

use crate::ids::SessionId;

/// How many bytes a token has.
pub const RESUME_TOKEN_BYTES: usize = 24;
/// How many of these are random.
pub const RESUME_SECRET_BYTES: usize = 16;

/// What a server gives a client with its welcome, and a client shows with its next hello to resume.
/// It never shows itself: anybody who reads a log could take a player over with it.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ResumeToken(pub [u8; RESUME_TOKEN_BYTES]);

impl ResumeToken {
    /// That of a session, with what only its client knows.
    #[must_use]
    pub fn new(session: SessionId, secret: [u8; RESUME_SECRET_BYTES]) -> ResumeToken {
        let mut bytes = [0; RESUME_TOKEN_BYTES];
        let (id, rest) = bytes.split_at_mut(RESUME_TOKEN_BYTES - RESUME_SECRET_BYTES);
        id.copy_from_slice(&session.0.to_le_bytes());
        rest.copy_from_slice(&secret);
        ResumeToken(bytes)
    }

    /// The session that it claims to be of.
    #[must_use]
    pub fn session(&self) -> SessionId {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        SessionId(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// What only that session's client knows.
    #[must_use]
    pub fn secret(&self) -> [u8; RESUME_SECRET_BYTES] {
        let mut secret = [0; RESUME_SECRET_BYTES];
        secret.copy_from_slice(&self.0[RESUME_TOKEN_BYTES - RESUME_SECRET_BYTES..]);
        secret
    }

    /// The token as hexadecimal digits, for clients that keep it as a text.
    #[must_use]
    pub fn to_hex(self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
    }

    /// The token that these hexadecimal digits are, if they are one.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<ResumeToken> {
        let digits: &[u8; 2 * RESUME_TOKEN_BYTES] = text.as_bytes().try_into().ok()?;
        let mut bytes = [0; RESUME_TOKEN_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = char::from(*digit).to_digit(16)? as u8;
                *byte = *byte << 4 | value;
            }
        }
        Some(ResumeToken(bytes))
    }
}

impl fmt::Debug for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResumeToken(session {}, not shown)", self.session().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_session_and_secret_and_shows_only_the_first() {
        let token = ResumeToken::new(SessionId(0x0102_0304_0506_0708), [0xAB; 16]);
        assert_eq!(token.session(), SessionId(0x0102_0304_0506_0708));
        assert_eq!(token.secret(), [0xAB; 16]);
        assert_eq!(format!("{token:?}"), "ResumeToken(session 72623859790382856, not shown)");
    }

    #[test]
    fn a_token_comes_back_from_its_digits_and_from_nothing_else() {
        let token = ResumeToken::new(SessionId(7), *b"sixteen bytes ok");
        let text = token.to_hex();
        assert_eq!(ResumeToken::from_hex(&text), Some(token));
        for wrong in ["", "07", &text[1..], &format!("{text}0"), &text.replace('0', "g")] {
            assert_eq!(ResumeToken::from_hex(wrong), None, "{wrong}");
        }
    }
}
