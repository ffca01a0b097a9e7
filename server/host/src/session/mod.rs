//! [`Session`]: who is behind a connection, and what it is owed reliably.
//!
//! Owned by the host of its room. It outlives its connection for as long as the room grants (for
//! now not at all); its seat, its player and its outbox are its own, while the state of the wire
//! is the [`Connection`]'s and goes with it.

pub(crate) mod connection;
mod flow_control;
mod outbox;
mod protocol;
mod rate_limits;
mod slow_client;

pub use protocol::ProtocolCounters;

use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::protocol::DisconnectReason;
use tracing::{Span, debug};

use crate::mailbox::{Departed, Effects, PassCounters, PendingJoin};
use crate::reservation::Reservation;
use crate::room::{Room, Viewer};
use connection::Connection;
pub(crate) use connection::{PassContext, WriteBuffers};
use outbox::Outbox;
use protocol::Protocol;

/// One client of a room.
pub struct Session<G: Game> {
    id: SessionId,
    player: Option<PlayerId>,
    reservation: Reservation,
    connection: Option<Connection<G>>,
    outbox: Outbox,
    /// Why it is over.
    ended: Option<DisconnectReason>,
    span: Span,
}

impl<G: Game> Session<G> {
    /// Begins with a connection whose hello was good. `player` has joined the room already; `None`
    /// watches. `now` is the room's active time.
    pub(crate) fn new(
        pending: PendingJoin,
        player: Option<PlayerId>,
        room: &Room<G>,
        now: Duration,
    ) -> Session<G> {
        let PendingJoin {
            transport, session, reservation, peer, name: asked, replays, span, ..
        } = pending;
        let mut outbox = Outbox::default();
        if let Some(name) = player.and_then(|player| room.player_name(player))
            && name != asked.trim()
        {
            // Nothing else is in it yet, so it fits.
            let _ = outbox.notify(&format!("Your name here: {name}"));
        }
        span.record("session", session.0);
        span.record("room", room.config().name.as_str());
        span.in_scope(|| debug!(%peer, ?player, "joined"));
        let protocol = Protocol::new(room, session, player, replays, now);
        let connection = Some(Connection::new(transport, protocol));
        Session { id: session, player, reservation, connection, outbox, ended: None, span }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Its player in the room; `None` for a spectator.
    #[must_use]
    pub fn player(&self) -> Option<PlayerId> {
        self.player
    }

    /// What its client has been sent of the room; `None` for a spectator, whose stream is shared.
    #[must_use]
    pub fn viewer(&self) -> Option<&Viewer<G>> {
        self.connection.as_ref()?.protocol().viewer()
    }

    /// What has happened on its connection; `None` without one.
    #[must_use]
    pub fn counters(&self) -> Option<&ProtocolCounters> {
        Some(self.connection.as_ref()?.protocol().counters())
    }

    /// Why it is over, if it is.
    pub(crate) fn ended(&self) -> Option<DisconnectReason> {
        self.ended
    }

    /// Sends its client a notice, when its connection takes it. If too many wait, the session ends.
    pub(crate) fn notify(&mut self, text: &str) {
        if let Err(end) = self.outbox.notify(text) {
            self.end(end);
        }
    }

    /// It is over for this reason, unless it was over before.
    pub(crate) fn end(&mut self, reason: DisconnectReason) {
        self.ended.get_or_insert(reason);
    }

    /// The server stood still for `lost`: what peers sent meanwhile comes all at once.
    pub(crate) fn credit_stall(&mut self, lost: Duration) {
        if let Some(connection) = &mut self.connection {
            connection.credit_stall(lost);
        }
    }

    /// Reads what the client sent, in the `pass`th pass of its room. Whether the session ends.
    pub(crate) fn read(
        &mut self,
        room: &mut Room<G>,
        pass: u32,
        now: Duration,
        counters: &mut PassCounters,
    ) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        if connection.protocol().is_read_in(pass) {
            self.ended = connection.read(room, &mut self.outbox, now, counters).err();
        }
        self.ended.is_some()
    }

    /// Encodes what the client is to be sent, if its connection takes it. Whether the session ends.
    pub(crate) fn encode(&mut self, context: &mut PassContext<'_, G>) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        if let Err(end) = connection.encode(&mut self.outbox, context) {
            self.end(end);
        }
        self.ended.is_some()
    }

    /// Sends what was encoded. Whether the session ends.
    pub(crate) fn flush(&mut self, context: &mut PassContext<'_, G>) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        if let Err(end) = connection.flush(context) {
            self.end(end);
        }
        self.ended.is_some()
    }

    /// Ends it, for `reason` or else for why it is over: its connection is closed with that,
    /// unless it is lost.
    pub(crate) fn depart(self, reason: Option<DisconnectReason>, effects: &mut Effects) {
        let reason = reason.or(self.ended).unwrap_or(DisconnectReason::Fault);
        self.span.in_scope(|| debug!(end = %reason, "ended"));
        let Some(connection) = self.connection else { return };
        let mut transport = connection.into_transport();
        effects.counters.add_traffic(transport.take_traffic());
        if reason != DisconnectReason::Lost {
            transport.close(reason);
        }
        let (reservation, span) = (self.reservation, self.span);
        effects.departed.push(Departed { reservation, transport, reason, refusal: None, span });
    }
}
