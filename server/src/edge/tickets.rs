//! [`Tickets`]: verifies the join ticket of a hello, or admits a guest.
//!
//! A ticket is a JSON Web Token (RFC 7519): a site with accounts signs one for each player, and the
//! client sends it in its hello. [`key`] verifies the signature, this module the claims. It is given
//! the time, and reads a file only at start. It never stores a ticket and never logs one.
//! [`super::first_message`] calls it.

use std::time::Duration;

use serde::Deserialize;
use shared::limits::TICKET_MAX_BYTES;
use shared::protocol::{Hello, Refusal, Role, RoomWish, Ticket};

use crate::config::{Guests, TicketConfig};
use key::TicketKey;
use tickwire_host::hello::{Bearer, is_room_name};

pub(crate) mod key;

/// Largest difference between the clocks of the signer and of the server.
const LEEWAY: Duration = Duration::from_secs(5);
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
    ) -> Result<Option<Bearer>, Refusal> {
        let Some(key) = &self.key else { return Ok(None) };
        let Some(Ticket(ticket)) = hello.ticket else {
            return if self.guests_refused { Err(Refusal::TicketRequired) } else { Ok(None) };
        };
        if ticket.len() > TICKET_MAX_BYTES {
            return Err(Refusal::TicketInvalid);
        }
        let claims = key.verify(ticket).ok_or(Refusal::TicketInvalid)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| Refusal::TicketInvalid)?;
        claims.judge(hello, now).map(Some)
    }
}

/// The claims of a token that the server reads. Others are ignored.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970, with an optional fraction.
    exp: f64,
    nbf: Option<f64>,
    aud: Option<Audience>,
    name: Option<String>,
    role: Option<RoleClaim>,
    room: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Some(Vec<String>),
}

impl Audience {
    fn includes_us(&self) -> bool {
        match self {
            Audience::One(one) => one == AUDIENCE,
            Audience::Some(some) => some.iter().any(|one| one == AUDIENCE),
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RoleClaim {
    Player,
    Spectator,
}

impl Claims {
    /// Judges the claims of a token whose signature is valid, for this hello.
    fn judge(self, hello: &Hello<'_>, now: Duration) -> Result<Bearer, Refusal> {
        let (now, leeway) = (now.as_secs_f64(), LEEWAY.as_secs_f64());
        if now >= self.exp + leeway {
            return Err(Refusal::TicketExpired);
        }
        let begun = self.nbf.is_none_or(|begins| now >= begins - leeway);
        let for_us = self.aud.is_none_or(|audience| audience.includes_us());
        let for_this_role = self.role.is_none_or(|role| {
            hello.role
                == match role {
                    RoleClaim::Player => Role::Player,
                    RoleClaim::Spectator => Role::Spectator,
                }
        });
        let for_this_room = self.room.as_deref().is_none_or(|room| {
            is_room_name(room)
                && match hello.room {
                    RoomWish::Any => true,
                    RoomWish::Named(wish) => wish == room,
                }
        });
        if begun && for_us && for_this_role && for_this_room {
            Ok(Bearer { subject: self.sub, name: self.name, room: self.room })
        } else {
            Err(Refusal::TicketInvalid)
        }
    }
}

#[cfg(test)]
mod tests;
