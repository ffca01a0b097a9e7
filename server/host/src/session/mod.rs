//! [`Session`]: who is behind a connection, and what it is owed reliably.
//!
//! Owned by the host of its room. A player's outlives its connection for as long as the room grants;
//! its seat, its player and its outbox are its own, while the state of the wire is the
//! [`Connection`]'s and goes with it. A client that resumes it begins a stream anew.

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

use crate::admission::{Admission, Grant, Standing};
use crate::checkpoint::KeptSeat;
use crate::hello::PeerKey;
use crate::mailbox::{Departed, Effects, PassCounters, PendingJoin};
use crate::reservation::Reservation;
use crate::room::{Room, Viewer};
use crate::session_report::{SessionNews, SessionReport};
use crate::transport::Transport;
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
    /// Why it is over, or its connection is.
    ended: Option<DisconnectReason>,
    absence: Option<Absence>,
    /// How often it was resumed: which of its connections it has, or had last.
    resumptions: u32,
    /// Whether the lobby is to hear when the client is heard.
    is_to_report: bool,
    span: Span,
}

/// Since a player has no connection.
#[derive(Clone, Copy, Debug)]
struct Absence {
    /// How that ended.
    reason: DisconnectReason,
    /// When it is too late to come back, in the room's active time.
    until: Duration,
}

/// A connection that comes to a session, new or there already.
pub(crate) struct NewConnection {
    transport: Box<dyn Transport>,
    standing: Standing,
    resumptions: u32,
    peer: PeerKey,
    name: String,
    replays: bool,
    span: Span,
}

impl NewConnection {
    /// That of a client on its way, with its seat if it was given one.
    pub(crate) fn of(
        pending: PendingJoin,
        grace: Duration,
    ) -> (NewConnection, Option<Reservation>) {
        let PendingJoin { transport, admission, peer, name, replays, span, .. } = pending;
        let Admission { session, grant, token, resumptions, resumed, .. } = admission;
        let standing = Standing { session, token, resumed, grace };
        let seat = match grant {
            Grant::Seat(reservation) => Some(reservation),
            Grant::Session(_) => None,
        };
        (NewConnection { transport, standing, resumptions, peer, name, replays, span }, seat)
    }

    pub(crate) fn session(&self) -> SessionId {
        self.standing.session
    }

    /// Whether the client has had the session before.
    pub(crate) fn is_resumed(&self) -> bool {
        self.standing.resumed
    }

    fn enter<G: Game>(&self, room: &Room<G>, player: Option<PlayerId>) {
        let NewConnection { standing, peer, span, .. } = self;
        span.record("session", standing.session.0);
        span.record("room", room.config().name.as_str());
        span.in_scope(|| debug!(%peer, ?player, resumed = standing.resumed, "joined"));
    }

    fn connect<G: Game>(
        self,
        room: &Room<G>,
        player: Option<PlayerId>,
        now: Duration,
    ) -> Connection<G> {
        let protocol = Protocol::new(room, self.standing, player, self.replays, now);
        Connection::new(self.transport, protocol)
    }
}

impl<G: Game> Session<G> {
    /// Begins with a connection whose hello was good and which got a seat. `player` has joined the room
    /// already; `None` watches. `now` is the room's active time.
    pub(crate) fn new(
        new: NewConnection,
        reservation: Reservation,
        player: Option<PlayerId>,
        room: &Room<G>,
        now: Duration,
    ) -> Session<G> {
        let mut outbox = Outbox::default();
        if let Some(name) = player.and_then(|player| room.player_name(player))
            && name != new.name.trim()
        {
            // Nothing else is in it yet, so it fits.
            let _ = outbox.notify(&format!("Your name here: {name}"));
        }
        let session = new.standing.session;
        let (resumptions, is_to_report) = (new.resumptions, new.standing.resumed);
        new.enter(room, player);
        let span = new.span.clone();
        let connection = Some(new.connect(room, player, now));
        Session {
            id: session,
            player,
            reservation,
            connection,
            outbox,
            ended: None,
            absence: None,
            resumptions,
            is_to_report,
            span,
        }
    }

    /// That of a player of a room which was restored: its connection went with the thread that had it,
    /// and it stays without one `until` then, in the room's active time.
    pub(crate) fn restored(
        seat: KeptSeat,
        player: PlayerId,
        until: Duration,
        effects: &mut Effects,
    ) -> Session<G> {
        let KeptSeat { session, resumptions, reservation } = seat;
        let session = Session {
            id: session,
            player: Some(player),
            reservation,
            connection: None,
            outbox: Outbox::default(),
            ended: None,
            absence: Some(Absence { reason: DisconnectReason::Fault, until }),
            resumptions,
            is_to_report: false,
            span: Span::none(),
        };
        effects.reports.push(session.report(SessionNews::Absent));
        session
    }

    /// Goes on over a new connection, with a stream that begins anew; the old one, if it has
    /// any, is closed. Nothing that was to be sent reliably is lost.
    pub(crate) fn resume(
        &mut self,
        new: NewConnection,
        room: &Room<G>,
        now: Duration,
        effects: &mut Effects,
    ) {
        self.part(DisconnectReason::Replaced, effects);
        self.outbox.begin_anew();
        (self.ended, self.absence) = (None, None);
        (self.resumptions, self.is_to_report) = (new.resumptions, true);
        new.enter(room, self.player);
        self.span = new.span.clone();
        self.connection = Some(new.connect(room, self.player, now));
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// How often it was resumed.
    pub(crate) fn resumptions(&self) -> u32 {
        self.resumptions
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

    /// Whether its player has no connection.
    pub(crate) fn is_absent(&self) -> bool {
        self.absence.is_some()
    }

    /// Sends its client a notice, when its connection takes it. If too many wait, the session ends;
    /// while it has no connection, the oldest goes.
    pub(crate) fn notify(&mut self, text: &str) {
        if self.is_absent() {
            self.outbox.make_way();
        }
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
        // What has ended it since the last pass stands.
        if self.ended.is_none() && connection.protocol().is_read_in(pass) {
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

    /// Whether its client was ever heard in the room: then it knows how to come back.
    pub(crate) fn was_heard(&self) -> bool {
        self.resumptions > 0 || self.counters().is_some_and(|counters| counters.messages_in > 0)
    }

    /// Whether the lobby is to hear when its client is heard.
    pub(crate) fn is_to_report(&self) -> bool {
        self.is_to_report
    }

    /// What the lobby is to hear now that the client was, if anything.
    pub(crate) fn take_report(&mut self) -> Option<SessionReport> {
        let is_heard = self.is_to_report && self.counters().is_some_and(|it| it.messages_in > 0);
        self.is_to_report &= !is_heard;
        is_heard.then(|| self.report(SessionNews::Heard))
    }

    fn report(&self, news: SessionNews) -> SessionReport {
        SessionReport { session: self.id, resumptions: self.resumptions, news }
    }

    /// Its connection has ended, for the reason why it is over; it stays without one `until` then.
    pub(crate) fn stay(&mut self, until: Duration, effects: &mut Effects) {
        let Some(reason) = self.ended.take() else { return };
        self.span.in_scope(|| debug!(end = %reason, "connection ended; the player stays"));
        self.part(reason, effects);
        self.absence = Some(Absence { reason, until });
        effects.counters.sessions_absent += 1;
        effects.reports.push(self.report(SessionNews::Absent));
    }

    /// Its client is on the way: if it has no connection, it stays so long at least.
    pub(crate) fn stay_until(&mut self, until: Duration) {
        if let Some(absence) = &mut self.absence {
            absence.until = absence.until.max(until);
        }
    }

    /// Ends it if nobody came back in time. Whether it has ended.
    pub(crate) fn expire(&mut self, now: Duration) -> bool {
        let late = self.absence.filter(|absence| absence.until <= now);
        if let Some(absence) = late {
            self.end(absence.reason);
        }
        late.is_some()
    }

    /// Its client may come back to another seat.
    pub(crate) fn let_return(&mut self) {
        self.reservation.let_return(true);
    }

    /// Closes its connection, if it has one, unless that is lost. The session holds its seat.
    fn part(&mut self, reason: DisconnectReason, effects: &mut Effects) {
        if let Some(connection) = self.connection.take() {
            let span = self.span.clone();
            part_with(connection, reason, None, span, effects);
        }
    }

    /// Ends it, for `reason` or else for why it is over: its connection is closed with that,
    /// unless it is lost.
    pub(crate) fn depart(self, reason: Option<DisconnectReason>, effects: &mut Effects) {
        let reason = reason.or(self.ended).unwrap_or(DisconnectReason::Fault);
        self.span.in_scope(|| debug!(end = %reason, "ended"));
        match self.connection {
            Some(connection) => {
                let seat = Some(self.reservation);
                part_with(connection, reason, seat, self.span, effects);
            }
            None => effects.freed.push(self.reservation),
        }
    }
}

/// Closes a connection, unless it is lost, and gives it to the shell.
fn part_with<G: Game>(
    connection: Connection<G>,
    reason: DisconnectReason,
    reservation: Option<Reservation>,
    span: Span,
    effects: &mut Effects,
) {
    let mut transport = connection.into_transport();
    effects.counters.add_traffic(transport.take_traffic());
    if reason != DisconnectReason::Lost {
        transport.close(reason);
    }
    effects.departed.push(Departed { reservation, transport, reason, refusal: None, span });
}
