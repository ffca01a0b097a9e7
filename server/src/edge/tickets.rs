//! [`Tickets`]: verifies the join ticket of a hello, or admits a guest.
//!
//! A ticket is a JSON Web Token (RFC 7519): a site with accounts signs one for each player, and the
//! client sends it in its hello. [`key`] verifies the signature, this module the claims. It is given
//! the time, and reads a file only at start. It never stores a ticket and never logs one.
//! [`super::first_message`] calls it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tickwire_game::limits::TICKET_MAX_BYTES;
use tickwire_game::protocol::{Hello, Role, RoomChoice, Ticket};

use crate::config::{Guests, TicketConfig};
use error::TicketError;
use key::{TicketKey, json_object};
use tickwire_host::hello::{Bearer, is_room_name};

pub(crate) mod error;
pub(crate) mod key;
pub(crate) mod reload;

/// Largest difference between the clocks of the signer and of the server.
const LEEWAY: Duration = Duration::from_secs(5);
/// The first time that cannot be in seconds since 1970: the year 33658. In milliseconds it is in 2001,
/// so that no ticket of today that is in milliseconds is taken for one of a far future, and a last day
/// of the calendar (the year 9999) remains one.
const SECONDS_END: f64 = 1e12;
/// The audience that a ticket must name if it names any: a token of the same signer for another
/// service is not valid here.
const AUDIENCE: &str = "tickwire";

/// The key that verifies tickets, and whether guests may join.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    key: Option<TicketKey>,
    guests_refused: bool,
}

impl Tickets {
    /// Loads the key and logs its algorithm, but never the key itself.
    ///
    /// # Errors
    /// If a setting or the key is invalid: a message for people.
    pub(crate) fn load(config: &TicketConfig) -> Result<Tickets, String> {
        let key = TicketKey::load(config)?;
        let guests_refused = config.guests == Guests::Refuse;
        if guests_refused && key.is_none() {
            return Err("--guests refuse needs --ticket-key or TICKWIRE_TICKET_KEY: \
                without a key nobody could join"
                .into());
        }
        if let Some(key) = &key {
            tracing::info!(algorithm = key.algorithm(), guests_refused, "verifies join tickets");
        }
        Ok(Tickets { key, guests_refused })
    }

    /// Verifies the ticket of a hello and returns its bearer; `None` for a guest. `now` is the time
    /// since 1970.
    ///
    /// A server without a key cannot verify tickets and treats every client as a guest: a page that
    /// sends tickets also works with a server that does not require them.
    ///
    /// # Errors
    /// Why the client cannot join.
    pub(crate) fn judge(
        &self,
        hello: &Hello<'_>,
        now: Duration,
    ) -> Result<Option<Bearer>, TicketError> {
        let Some(key) = &self.key else { return Ok(None) };
        let Some(Ticket(ticket)) = hello.ticket else {
            return if self.guests_refused { Err(TicketError::Missing) } else { Ok(None) };
        };
        if ticket.len() > TICKET_MAX_BYTES {
            return Err(TicketError::TooLong);
        }
        let claims: Claims = json_object(&key.verify(ticket)?).ok_or(TicketError::Claims)?;
        claims.judge(hello, now).map(Some)
    }
}

/// The claims of a token that the server reads, as they came. Others are ignored.
#[derive(Deserialize)]
struct Claims {
    sub: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    iat: Option<Value>,
    aud: Option<Value>,
    name: Option<Value>,
    role: Option<Value>,
    room: Option<Value>,
}

impl Claims {
    /// Judges the claims of a token whose signature is valid, for this hello.
    fn judge(self, hello: &Hello<'_>, now: Duration) -> Result<Bearer, TicketError> {
        let subject = text("sub", self.sub)?.ok_or(expected("sub", "a text"))?;
        judge_times(self.exp, self.nbf, self.iat, now)?;
        if self.aud.is_some_and(|audience| !includes_us(&audience)) {
            return Err(TicketError::Audience);
        }
        let name = text("name", self.name)?;
        let role = match text("role", self.role)?.as_deref() {
            None => None,
            Some("player") => Some(Role::Player),
            Some("spectator") => Some(Role::Spectator),
            Some(_) => return Err(expected("role", "player or spectator")),
        };
        if role.is_some_and(|role| role != hello.role) {
            return Err(TicketError::Role);
        }
        let room = text("room", self.room)?;
        if let Some(room) = &room {
            if !is_room_name(room) {
                return Err(expected("room", "a name of a room"));
            }
            if matches!(hello.room, RoomChoice::Named(wish) if wish != room) {
                return Err(TicketError::Room);
            }
        }
        Ok(Bearer { subject, name, room })
    }
}

/// Judges when a ticket is valid. Times are numbers of seconds, with an optional fraction.
fn judge_times(
    exp: Option<Value>,
    nbf: Option<Value>,
    iat: Option<Value>,
    now: Duration,
) -> Result<(), TicketError> {
    let number = |name, claim: Option<Value>| match claim.map(|claim| claim.as_f64()) {
        None => Ok(None),
        Some(None) => Err(expected(name, "a number of seconds")),
        Some(Some(time)) if time >= SECONDS_END => Err(TicketError::Milliseconds(name)),
        Some(Some(time)) => Ok(Some(time)),
    };
    // Nothing else depends on `iat`, but a signer that writes it in milliseconds does so elsewhere.
    number("iat", iat.filter(Value::is_number))?;
    let exp = number("exp", exp)?.ok_or(expected("exp", "a number of seconds"))?;
    let nbf = number("nbf", nbf)?;
    let (now, leeway) = (now.as_secs_f64(), LEEWAY.as_secs_f64());
    if now >= exp + leeway {
        return Err(TicketError::Expired);
    }
    if nbf.is_some_and(|begins| now < begins - leeway) {
        return Err(TicketError::NotYetValid);
    }
    Ok(())
}

/// Whether an `aud`, one or a list of them, names this service.
fn includes_us(audience: &Value) -> bool {
    match audience {
        Value::Array(some) => some.iter().any(|one| one == AUDIENCE),
        one => one == AUDIENCE,
    }
}

/// A claim that is a text if it is there.
fn text(name: &'static str, claim: Option<Value>) -> Result<Option<String>, TicketError> {
    match claim {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(expected(name, "a text")),
    }
}

fn expected(name: &'static str, expected: &'static str) -> TicketError {
    TicketError::Claim { name, expected }
}

#[cfg(test)]
mod tests;
