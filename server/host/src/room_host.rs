//! [`RoomHost`]: a room on its shard with the sessions in it, and the pass that each tick is.
//!
//! It joins what does not know each other: the room (rules), the streams to its viewers, and each
//! client's session. The shard says when; nothing here waits or looks at a clock. What a pass did
//! it adds to the shard's [`Effects`].
//!
//! A room without sessions is asleep, a moment after the last has left: no pass is due, so it costs nothing but memory. When somebody
//! joins, its pacer begins anew and its world goes on with the next tick, as if no time had passed.

use std::sync::Arc;
use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::ids::{PlayerId, SessionId, Subject};
use tickwire_game::protocol::snapshot::Mirror;
use tickwire_game::protocol::{DisconnectReason, JoinError, Role};
use tracing::{Span, debug, error_span, info, warn};

use crate::directory::{RoomKey, RoomStatus};
use crate::drain::Draining;
use crate::limits::{EMPTY_ROOM_AWAKE_FOR, ROOM_OVER_NOTICES, WRITE_BATCH};
use crate::mailbox::{Effects, PassCounters, PendingJoin};
use crate::pacer::{Due, Pacer, TimeScale};
use crate::room::broadcast::Broadcast;
use crate::room::recording::Recording;
use crate::room::{EmptyRoom, EncodeScratch, Idleness, Room};
use crate::room_at_work::RoomAtWork;
use crate::session::{NewConnection, PassContext, Session, WriteBuffers};

mod absence;

/// Looks at a room after each of its steps: for tests, which compare what clients see with it.
pub trait StepProbe<G: Game>: Send {
    /// The room has just made a tick.
    fn stepped(&mut self, room: &Room<G>);
}

/// A room on its shard.
pub struct RoomHost<G: Game> {
    pub(crate) key: RoomKey,
    span: Span,
    room: Room<G>,
    /// The stream that all spectators share.
    broadcast: Broadcast,
    encode_scratch: EncodeScratch,
    /// Players before spectators: however many watch, players are read and written to first.
    sessions: Vec<Session<G>>,
    /// Whether any session has ended: else there is no need to look for them.
    any_ended: bool,
    /// Whether any may be heard for the first time since it was resumed.
    any_resumed: bool,
    /// How many players have no connection.
    absent: u32,
    pacer: Pacer,
    /// It makes so many more ticks without sessions before it sleeps.
    awake_ticks: u32,
    passes: u32,
    /// How many of [`ROOM_OVER_NOTICES`] have gone out.
    notices_of_end: usize,
    /// Once the server is to close.
    pub(crate) draining: Option<Draining>,
    /// Whether that ends it now, as its game allows.
    may_end: bool,
    status: Arc<RoomStatus>,
    recording: Option<Recording<G>>,
    /// Where its shard shows that it is at work.
    work: Option<Arc<RoomAtWork>>,
    /// When it was last copied.
    copied: Option<Duration>,
    /// Whether its shard knows that it is to be copied.
    is_to_be_copied: bool,
}

impl<G: Game> RoomHost<G> {
    /// A room whose first tick is due at `origin`.
    pub(crate) fn new(
        key: RoomKey,
        room: Room<G>,
        origin: Duration,
        status: Arc<RoomStatus>,
        recording: Option<Recording<G>>,
    ) -> RoomHost<G> {
        let config = room.config();
        let span = error_span!("room", name = config.name);
        if recording.is_some() {
            span.in_scope(|| info!("records its scenes"));
        }
        let host = RoomHost {
            key,
            span,
            broadcast: Broadcast::new(config.tick_rate, config.stream.spectator_delay),
            pacer: Pacer::new(origin, config.tick_rate, config.overload),
            room,
            encode_scratch: EncodeScratch::default(),
            sessions: Vec::new(),
            any_ended: false,
            any_resumed: false,
            absent: 0,
            awake_ticks: 0,
            passes: 0,
            notices_of_end: 0,
            draining: None,
            may_end: false,
            status,
            recording,
            work: None,
            copied: None,
            is_to_be_copied: true,
        };
        host.show_status();
        host
    }

    /// From now on it shows there that it has come to another step.
    pub(crate) fn show_work(&mut self, work: Arc<RoomAtWork>) {
        self.work = Some(work);
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.room.config().name
    }

    /// The room, to look at.
    #[must_use]
    pub fn room(&self) -> &Room<G> {
        &self.room
    }

    /// Who is in it, players first.
    #[must_use]
    pub fn sessions(&self) -> &[Session<G>] {
        &self.sessions
    }

    /// One of these.
    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<&Session<G>> {
        self.sessions.iter().find(|session| session.id() == id)
    }

    /// What the client of a session knows once it has decoded all that was written for it, of a room
    /// that has made no other tick since; `None` for a spectator. For tests.
    #[must_use]
    pub fn mirror(&self, session: &Session<G>) -> Option<Mirror> {
        Some(session.viewer()?.mirror(self.room.published(), &self.encode_scratch))
    }

    /// How fast it makes its ticks.
    #[must_use]
    pub fn time_scale(&self) -> TimeScale {
        self.pacer.time_scale()
    }

    /// Whether it makes no ticks: nobody is in it or has just left, and nothing else needs them.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        let sleeps = self.room.config().empty == EmptyRoom::Sleeps;
        sleeps && self.sessions.is_empty() && self.awake_ticks == 0 && self.recording.is_none()
    }

    /// When the next pass is due; `None` while it is asleep.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        (!self.is_asleep()).then(|| self.pacer.deadline())
    }

    /// What part of its thread's time it would take at the full tick rate.
    pub(crate) fn load(&self) -> f64 {
        if self.is_asleep() { 0.0 } else { self.pacer.load() }
    }

    /// From now on it makes its ticks again, none of those that it missed.
    fn wake(&mut self, now: Duration) {
        if self.pacer.is_slowed() {
            self.room.set_time_scale(TimeScale::FULL);
        }
        self.pacer.begin_anew(now);
    }

    /// The pass that ended at `now` took the thread so long.
    pub(crate) fn pass_ended(&mut self, now: Duration, took: Duration) {
        self.pacer.pass_ended(now, took);
    }

    /// Has the room take in a client, if it wants to play and nothing is against it.
    pub(crate) fn join(
        &mut self,
        role: Role,
        name: &str,
        subject: Option<Subject>,
    ) -> Result<Option<PlayerId>, JoinError> {
        // While it is asleep it is no load; what it was before is over.
        if self.pacer.refuses_joins() && !self.is_asleep() {
            return Err(JoinError::Overloaded);
        }
        match role {
            Role::Spectator => Ok(None),
            Role::Player => self.room.join(name, subject).map(Some),
        }
    }

    /// Begins the session of a client that has joined; its welcome is written at the end of the
    /// next pass.
    pub(crate) fn seat(
        &mut self,
        pending: PendingJoin,
        player: Option<PlayerId>,
        now: Duration,
        effects: &mut Effects,
    ) {
        if self.is_asleep() {
            self.wake(now);
        }
        self.awake_ticks = self.room.config().tick_rate.ticks_ceil_or_zero(EMPTY_ROOM_AWAKE_FOR);
        let _in_room = self.span.clone().entered();
        if player.is_none() {
            self.broadcast.watch();
        }
        let (connection, seat) = NewConnection::of(pending, self.room.config().grace);
        let mut seat = seat.expect("who joins has a seat");
        seat.let_return(false);
        if connection.is_resumed() {
            effects.counters.sessions_resumed += 1;
            self.supersede(connection.session(), effects);
        } else {
            effects.counters.sessions += 1;
        }
        let active = self.pacer.active_time(now);
        let mut session = Session::new(connection, seat, player, &self.room, active);
        self.any_resumed |= session.is_to_report();
        if let Some(last) = self.notices_of_end.checked_sub(1) {
            session.notify(&end_notice(ROOM_OVER_NOTICES[last]));
            self.any_ended |= session.ended().is_some();
        }
        let plays = |session: &Session<G>| session.player().is_some();
        let at = match player {
            Some(_) => self.sessions.partition_point(plays),
            None => self.sessions.len(),
        };
        self.sessions.insert(at, session);
        self.show_status();
    }

    /// One pass: what clients sent, then the ticks that are due, then what clients are sent.
    /// `load` is that of all rooms of the thread.
    pub(crate) fn pass(
        &mut self,
        now: Duration,
        load: f64,
        buffers: &mut WriteBuffers,
        probe: Option<&mut (dyn StepProbe<G> + 'static)>,
        effects: &mut Effects,
    ) {
        let span = self.span.clone();
        let _in_room = span.enter();
        let due = self.pacer.take(now, load);
        let active = self.pacer.active_time(now);
        self.count(&due, effects);
        if let Some(scale) = due.time_scale {
            self.room.set_time_scale(scale);
            info!(time_scale = scale.as_f64(), load, "time scale changes");
        }
        if due.lost > Duration::ZERO {
            self.sessions.iter_mut().for_each(|session| session.credit_stall(due.lost));
        }
        // Just before the tick that needs it: reading any earlier would wake us once per input
        // and gain nothing, since inputs act only at ticks.
        self.read(active, &mut effects.counters);
        self.report_heard(effects);
        self.expire_absent(active);
        self.remove_ended(active, effects);
        self.step(due.steps, probe, effects);
        self.announce_end();
        let closes_in_s = self.draining.map(|draining| draining.in_seconds(now));
        self.write(active, closes_in_s, buffers, &mut effects.counters);
        self.remove_ended(active, effects);
        self.show_status();
        self.may_end = self.draining.is_some_and(|it| it.ends_rooms) && self.room.game().may_end();
        effects.rooms += self.room.take_counters();
        effects.rooms += std::mem::take(&mut self.encode_scratch.counters);
    }

    fn read(&mut self, active: Duration, counters: &mut PassCounters) {
        self.passes = self.passes.wrapping_add(1);
        for session in &mut self.sessions {
            self.any_ended |= session.read(&mut self.room, self.passes, active, counters);
        }
    }

    fn step(
        &mut self,
        steps: u32,
        mut probe: Option<&mut (dyn StepProbe<G> + 'static)>,
        effects: &mut Effects,
    ) {
        for _ in 0..steps {
            if self.is_over() {
                break;
            }
            if let Some(work) = &self.work {
                work.go_on();
            }
            self.room.step();
            if self.sessions.is_empty() {
                self.awake_ticks = self.awake_ticks.saturating_sub(1);
            }
            self.heed_idleness();
            // What all spectators are sent of the tick is encoded once, here.
            self.broadcast.encode(self.room.published(), &mut self.encode_scratch);
            if let Some(recording) = &mut self.recording {
                recording.write(self.room.published(), effects.recorded_lines(self.key));
            }
            if let Some(probe) = &mut probe {
                probe.stepped(&self.room);
            }
        }
    }

    /// Warns players who do not act, and ends their sessions in the end.
    fn heed_idleness(&mut self) {
        let idle = self.room.idle();
        if idle.is_empty() {
            return;
        }
        for session in &mut self.sessions {
            let Some(player) = session.player() else { break };
            let Ok(at) = idle.binary_search_by_key(&player, |(player, _)| *player) else {
                continue;
            };
            match idle[at].1 {
                Idleness::Warned => session.notify(&self.room.config().idle_warning),
                Idleness::Over => session.end(DisconnectReason::Idle),
            }
            self.any_ended |= session.ended().is_some();
        }
    }

    /// Whether it has made its last tick: it must be closed.
    pub(crate) fn is_over(&self) -> bool {
        self.room.ticks_left() == 0
    }

    /// Whether it must be closed although it could go on: the server is to close, and its game may end.
    pub(crate) fn may_end(&self) -> bool {
        self.may_end
    }

    /// Tells everybody in time that the room is near its last tick.
    fn announce_end(&mut self) {
        let Some(before) = ROOM_OVER_NOTICES.get(self.notices_of_end) else { return };
        if !self.is_within(*before) {
            return;
        }
        self.notices_of_end += 1;
        info!(ticks_left = self.room.ticks_left(), "room nears its last tick");
        for session in &mut self.sessions {
            session.notify(&end_notice(*before));
            self.any_ended |= session.ended().is_some();
        }
    }

    /// Whether it has no longer to go than this, at the full tick rate.
    fn is_within(&self, before: Duration) -> bool {
        self.room.ticks_left() <= self.room.config().tick_rate().ticks_ceil_or_zero(before)
    }

    fn write(
        &mut self,
        active: Duration,
        closes_in_s: Option<u16>,
        buffers: &mut WriteBuffers,
        counters: &mut PassCounters,
    ) {
        let mut context = PassContext {
            published: self.room.published(),
            broadcast: &self.broadcast,
            encode: &mut self.encode_scratch,
            buffers,
            closes_in_s,
            now: active,
            counters,
        };
        // First what takes our code for some, then what takes the kernel's: each finds more of itself in
        // the processor's caches than if they took turns.
        for batch in self.sessions.chunks_mut(WRITE_BATCH) {
            for session in &mut *batch {
                self.any_ended |= session.encode(&mut context);
            }
            for session in batch {
                self.any_ended |= session.flush(&mut context);
            }
        }
    }

    /// Ends the recording; whether there was one.
    pub(crate) fn end_recording(&mut self, why: Option<&str>) -> bool {
        let is_recorded = self.recording.take().is_some();
        // That may have been all that kept it awake.
        self.show_status();
        if let Some(why) = why.filter(|_| is_recorded) {
            let _in_room = self.span.enter();
            warn!(tick = self.room.tick().0, "recording ends: {why}");
        }
        is_recorded
    }

    /// Ends the room and every session in it, without asking the game for anything: it may be
    /// broken.
    pub(crate) fn close(
        mut self,
        reason: DisconnectReason,
        recording_ends: Option<&str>,
        effects: &mut Effects,
    ) {
        let is_recorded = self.end_recording(recording_ends);
        effects.recordings_ended += u64::from(is_recorded && recording_ends.is_some());
        let _in_room = self.span.enter();
        self.sessions.into_iter().for_each(|session| session.depart(Some(reason), effects));
    }

    fn count(&self, due: &Due, effects: &mut Effects) {
        let (counters, steps) = (&mut effects.counters, u64::from(due.steps));
        let period = self.pacer.period();
        let lateness = (0..due.steps).map(|step| due.late.saturating_sub(period * step));
        effects.tick_lateness.extend(lateness);
        counters.ticks += steps;
        counters.time_scale_changes += u64::from(due.time_scale.is_some());
        if self.pacer.is_slowed() {
            counters.ticks_slowed += steps;
        }
        if steps + due.skipped > 1 {
            counters.overruns += 1;
            counters.ticks_skipped += due.skipped;
            debug!(late = ?due.late, skipped = due.skipped, "ticks are late");
        }
    }

    fn show_status(&self) {
        let (tick, bots) = (self.room.tick(), self.room.bots());
        if self.is_asleep() {
            self.status.publish_asleep(tick, bots);
        } else {
            self.status.publish(tick, bots, self.pacer.time_scale(), self.pacer.refuses_joins());
        }
        self.status.publish_idle(self.room.idle_people());
        if self.is_within(ROOM_OVER_NOTICES[0]) {
            self.status.set_ending();
        }
    }
}

fn end_notice(before: Duration) -> String {
    let minutes = before.as_secs() / 60;
    format!(
        "This room ends within {minutes} min: it has run for as long as one can. Join anew then."
    )
}

#[cfg(test)]
mod tests;
