//! [`Tickets`]: whether a hello may come in by the ticket that it bears, or as a guest.
//!
//! A ticket is a JSON Web Token (RFC 7519): a site that knows its people signs one, and their
//! clients send it in their hello. [`key`] checks the signature; what the token claims is judged
//! here. Pure: the time is handed in, no file is read but at start. It never keeps a ticket and
//! never shows one. [`crate::hello`] asks it.

use std::time::Duration;

use serde::Deserialize;
use shared::limits::TICKET_MAX_BYTES;
use shared::protocol::{Hello, Refusal, Role, RoomWish, Ticket};

use crate::config::{Guests, TicketConfig};
use crate::hello::is_room_name;
use key::TicketKey;

pub(crate) mod key;

/// By how much the clocks of whoever signs and of the server may differ.
const LEEWAY: Duration = Duration::from_secs(5);
/// Whom a ticket must be for, if it says for whom it is: a token of the same signer for another
/// service lets nobody in here.
const AUDIENCE: &str = "tickwire";

/// Who signs tickets, and whether they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    key: Option<TicketKey>,
    guests_refused: bool,
}

/// What a ticket says of who bears it.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Bearer {
    /// Who it is, to the signer.
    pub(crate) subject: String,
    /// Under which name, whatever the hello says.
    pub(crate) name: Option<String>,
    /// In which room, and in no other.
    pub(crate) room: Option<String>,
}

impl Tickets {
    /// By the settings. Whatever is read is told in the log, but for the key itself.
    ///
    /// # Errors
    /// For people, when the settings make no sense or the key is none.
    pub(crate) fn load(config: &TicketConfig) -> Result<Tickets, String> {
        let key = TicketKey::load(config)?;
        let guests_refused = config.guests == Guests::Refuse;
        if guests_refused && key.is_none() {
            return Err("--guests refuse lets nobody in without --ticket-key or \
                TICKWIRE_TICKET_KEY"
                .into());
        }
        if let Some(key) = &key {
            tracing::info!(algorithm = key.algorithm(), guests_refused, "takes join tickets");
        }
        Ok(Tickets { key, guests_refused })
    }

    /// Whose ticket it is that a hello bears; `None` for a guest. `now` is the time since 1970.
    ///
    /// A server without a key has no way to tell, and takes everybody for a guest: a ticket that
    /// a site has put into its pages locks nobody out of a server that asks for none.
    ///
    /// # Errors
    /// Why it does not let in.
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
        let claims = key.open(ticket).ok_or(Refusal::TicketInvalid)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| Refusal::TicketInvalid)?;
        claims.judge(hello, now).map(Some)
    }
}

/// What is read of a token's claims. Others mean nothing here.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970, perhaps with a fraction.
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
    fn is_ours(&self) -> bool {
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
    /// Whether a hello may come by a token whose signature is good.
    fn judge(self, hello: &Hello<'_>, now: Duration) -> Result<Bearer, Refusal> {
        let (now, leeway) = (now.as_secs_f64(), LEEWAY.as_secs_f64());
        if now >= self.exp + leeway {
            return Err(Refusal::TicketExpired);
        }
        let begun = self.nbf.is_none_or(|begins| now >= begins - leeway);
        let for_us = self.aud.is_none_or(|audience| audience.is_ours());
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
