//! Connections that end, players who stay without one, and clients that come back: which session goes on,
//! for how long, and what the game and the lobby hear of it.

use std::sync::Arc;
use std::time::Duration;

use tickwire_game::game::{Game, LeaveReason};
use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::protocol::DisconnectReason;

use super::RoomHost;
use crate::checkpoint::{Checkpoint, KeptSeat};
use crate::limits::{
    AWAY_GRACE_MAX, CHECKPOINT_AGAIN_AFTER, EMPTY_ROOM_AWAKE_FOR, JOIN_WAIT_MAX, RESTORED_GRACE_MIN,
};
use crate::mailbox::{Effects, PendingJoin};
use crate::pacer::TimeScale;
use crate::room::Room;
use crate::session::{NewConnection, Session};

impl<G: Game> RoomHost<G> {
    /// The room as it is now, with the players of its sessions.
    pub(crate) fn checkpoint(&self) -> Checkpoint<G> {
        let players = self.sessions.iter().filter_map(|it| Some((it.id(), it.player()?)));
        Checkpoint {
            key: self.key,
            config: self.room.shared_config(),
            state: self.room.state().clone(),
            tick: self.room.tick(),
            status: Arc::clone(&self.status),
            players: players.collect(),
        }
    }

    /// The same, made by its shard at `now`.
    pub(crate) fn checkpoint_at(&mut self, now: Duration) -> Checkpoint<G> {
        self.is_to_be_copied = false;
        self.note_copy(now);
        self.checkpoint()
    }

    /// There is a copy of it as it is `now`.
    pub(crate) fn note_copy(&mut self, now: Duration) {
        self.copied = Some(now);
    }

    /// Whether there is any copy of it.
    pub(crate) fn is_copied(&self) -> bool {
        self.copied.is_some()
    }

    /// It has changed at `now`: when it is to be copied, unless its shard knows already.
    pub(crate) fn copy_due(&mut self, now: Duration) -> Option<Duration> {
        let is_known = std::mem::replace(&mut self.is_to_be_copied, true);
        let due = self.copied.map_or(now, |copied| copied + CHECKPOINT_AGAIN_AFTER);
        (!is_known).then_some(due)
    }

    /// Its copy is gone, and its shard knows that it is to be copied.
    pub(crate) fn forget_copy(&mut self) {
        (self.copied, self.is_to_be_copied) = (None, true);
    }

    /// A room that goes on from a checkpoint, with those of its players whose seats are `kept`.
    pub(crate) fn restore(
        checkpoint: Checkpoint<G>,
        mut kept: Vec<KeptSeat>,
        origin: Duration,
        effects: &mut Effects,
    ) -> RoomHost<G> {
        let Checkpoint { key, config, state, status, players, .. } = checkpoint;
        let room = Room::again(config, state);
        let mut host = RoomHost::new(key, room, origin, status, None);
        // It begins at the full tick rate, whatever it was before.
        host.room.set_time_scale(TimeScale::FULL);
        let grace = host.room.config().grace;
        let grace = if grace.is_zero() { grace } else { grace.max(RESTORED_GRACE_MIN) };
        let until = host.pacer.active_time(origin) + grace;
        for (session, player) in players {
            let Some(at) = kept.iter().position(|seat| seat.session == session) else { continue };
            let session = Session::restored(kept.swap_remove(at), player, until, effects);
            host.sessions.push(session);
            host.absent += 1;
        }
        let has_session = |id: &PlayerId| host.sessions.iter().any(|it| it.player() == Some(*id));
        let gone: Vec<_> = host.room.people_ids().filter(|id| !has_session(id)).collect();
        gone.into_iter().for_each(|player| host.room.leave(player, LeaveReason::Removed));
        effects.freed.extend(kept.into_iter().map(|seat| seat.reservation));
        if !host.sessions.is_empty() {
            let rate = host.room.config().tick_rate;
            host.awake_ticks = rate.ticks_ceil_or_zero(EMPTY_ROOM_AWAKE_FOR);
        }
        host.show_status();
        host
    }

    /// A client is about to resume a session, and waits for its turn: its player stays until then.
    pub(crate) fn wait_for(&mut self, session: SessionId, now: Duration) {
        let until = self.pacer.active_time(now) + JOIN_WAIT_MAX;
        if let Some(session) = self.sessions.iter_mut().find(|it| it.id() == session) {
            session.stay_until(until);
        }
    }

    /// A player without a connection is not waited for any longer.
    pub(crate) fn expire_now(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.iter_mut().find(|it| it.id() == session) {
            self.any_ended |= session.expire(Duration::MAX);
        }
    }

    /// Whether a client can resume a session here.
    pub(crate) fn has_resumable(&self, session: SessionId) -> bool {
        let end = |session: &Session<G>| session.ended();
        self.session(session).is_some_and(|session| match end(session) {
            None => true,
            Some(reason) => self.grace(session, reason).is_some(),
        })
    }

    /// Whether a session has, or had last, a connection that was admitted after that of its resumption of this
    /// number.
    pub(crate) fn has_newer(&self, session: SessionId, resumptions: u32) -> bool {
        self.session(session).is_some_and(|session| session.resumptions() > resumptions)
    }

    /// A client has one of its sessions back, over a new connection: its welcome is written at the end
    /// of the next pass. The old connection, if there still is one, ends.
    pub(crate) fn resume(&mut self, pending: PendingJoin, now: Duration, effects: &mut Effects) {
        let (connection, _) = NewConnection::of(pending, self.room.config().grace);
        let active = self.pacer.active_time(now);
        let id = connection.session();
        let Some(session) = self.sessions.iter_mut().find(|session| session.id() == id) else {
            return;
        };
        let _in_room = self.span.enter();
        self.absent -= u32::from(session.is_absent());
        session.resume(connection, &self.room, active, effects);
        if let Some(player) = session.player() {
            self.room.set_present(player);
        }
        effects.counters.sessions_resumed += 1;
        self.any_resumed = true;
        self.show_status();
    }

    /// A spectator comes back to another seat: what there still is of its session in the old one ends.
    pub(super) fn supersede(&mut self, id: SessionId, effects: &mut Effects) {
        for session in self.sessions.extract_if(.., |session| session.id() == id) {
            let end = session.ended().unwrap_or(DisconnectReason::Replaced);
            session.depart(Some(end), effects);
            self.broadcast.unwatch();
        }
    }

    /// For how long a session stays whose connection ended so; `None` if it ends as well.
    fn grace(&self, session: &Session<G>, end: DisconnectReason) -> Option<Duration> {
        session.player()?;
        // Who was never heard has no token to come back by.
        let may_return = !session.is_absent() && session.was_heard();
        let most = if may_return { grace_max(end) } else { Duration::ZERO };
        Some(self.room.config().grace.min(most)).filter(|grace| !grace.is_zero())
    }

    /// The lobby hears which of those who resumed were heard.
    pub(super) fn report_heard(&mut self, effects: &mut Effects) {
        if self.any_resumed {
            effects.reports.extend(self.sessions.iter_mut().filter_map(Session::take_report));
            self.any_resumed = self.sessions.iter().any(Session::is_to_report);
        }
    }

    pub(super) fn expire_absent(&mut self, active: Duration) {
        if self.absent > 0 {
            for session in &mut self.sessions {
                self.any_ended |= session.expire(active);
            }
        }
    }

    /// Sees to sessions that are over, or whose connections are: those of players who may come back
    /// stay.
    pub(super) fn remove_ended(&mut self, active: Duration, effects: &mut Effects) {
        if !std::mem::take(&mut self.any_ended) {
            return;
        }
        for at in 0..self.sessions.len() {
            let session = &self.sessions[at];
            let Some(end) = session.ended() else { continue };
            if let Some(grace) = self.grace(session, end) {
                let session = &mut self.sessions[at];
                session.stay(active + grace, effects);
                self.absent += 1;
                session.player().into_iter().for_each(|player| self.room.set_absent(player));
            }
        }
        for mut session in self.sessions.extract_if(.., |session| session.ended().is_some()) {
            let player = session.player();
            let reason = session.ended().map_or(LeaveReason::Removed, leave_reason);
            let is_late = session.is_absent();
            self.absent -= u32::from(is_late);
            effects.counters.sessions_expired += u64::from(is_late);
            if player.is_none() && session.ended().is_some_and(|end| !grace_max(end).is_zero()) {
                session.let_return();
            }
            // First, for the game may panic when its player leaves.
            session.depart(None, effects);
            match player {
                Some(player) => self.room.leave(player, reason),
                None => self.broadcast.unwatch(),
            }
        }
    }
}

/// For how long at most a player stays whose connection ended so. Each end is named, so that a new one
/// must be thought about.
fn grace_max(end: DisconnectReason) -> Duration {
    match end {
        DisconnectReason::Lost
        | DisconnectReason::Silent
        | DisconnectReason::TooSlow
        | DisconnectReason::Fault => Duration::MAX,
        DisconnectReason::Away => AWAY_GRACE_MAX,
        // It wanted to leave, or did what a client of this server does not do.
        DisconnectReason::Left
        | DisconnectReason::Idle
        | DisconnectReason::TooMuch
        | DisconnectReason::Flood
        | DisconnectReason::Protocol
        | DisconnectReason::NotBinary
        | DisconnectReason::NotUtf8
        | DisconnectReason::TooBig
        // There is nothing to come back to.
        | DisconnectReason::Closing
        | DisconnectReason::RoomOver
        | DisconnectReason::RoomFailed
        | DisconnectReason::Replaced
        | DisconnectReason::Refused
        | DisconnectReason::HelloTimeout => Duration::ZERO,
    }
}

/// Whether a player whose connection ended so left by its own doing. Each end is named, so that a new
/// one must be thought about.
pub(super) fn leave_reason(end: DisconnectReason) -> LeaveReason {
    match end {
        DisconnectReason::Left
        | DisconnectReason::Lost
        | DisconnectReason::Silent
        | DisconnectReason::Away
        | DisconnectReason::TooSlow
        | DisconnectReason::Idle
        | DisconnectReason::TooMuch
        | DisconnectReason::Flood
        | DisconnectReason::Protocol
        | DisconnectReason::NotBinary
        | DisconnectReason::NotUtf8
        | DisconnectReason::TooBig => LeaveReason::Left,
        DisconnectReason::Closing
        | DisconnectReason::RoomOver
        | DisconnectReason::RoomFailed
        | DisconnectReason::Fault
        // Its session goes on.
        | DisconnectReason::Replaced
        // Before anybody plays.
        | DisconnectReason::Refused
        | DisconnectReason::HelloTimeout => LeaveReason::Removed,
    }
}
