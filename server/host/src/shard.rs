//! [`Shard`]: the rooms of one thread, which is the only clock they have.
//!
//! A plain struct that is handed the time. Its shell sleeps until [`Shard::next_deadline`], calls
//! [`Shard::pass`], and hands it commands in between. A panic in a room ends that room alone.
//!
//! It never makes a room: that would hold up the ticks of all others. Rooms come built
//! ([`crate::room_builder`]), and clients that are here before theirs wait for it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::protocol::{DisconnectReason, JoinError};
use tracing::{error, info, warn};

use crate::admission::{Admission, Grant};
use crate::directory::RoomKey;
use crate::drain::{Drain, Draining};
use crate::limits::{JOINS_BURST, JOINS_PER_SECOND, ROOM_TURNS, ROOMS_OVER_REMEMBERED_MAX};
use crate::mailbox::{Command, Departed, Effects, PendingJoin};
use crate::room::recording::Recording;
use crate::room_at_work::RoomAtWork;
use crate::room_builder::BuiltRoom;
use crate::room_host::{RoomHost, StepProbe};
use crate::session::WriteBuffers;
use crate::token_bucket::{Bucket, Rate};
use copies::Copies;
use rooms::Rooms;

mod checkpoints;
mod copies;
mod rooms;

/// The rooms of one thread.
pub struct Shard<G: Game> {
    rooms: Rooms<G>,
    /// Rooms that are being built.
    expected: Vec<ExpectedRoom>,
    /// Clients whose room is there, in the order in which they are taken in.
    line: VecDeque<PendingJoin>,
    /// How many of them may be taken in as of `joins_filled`.
    joins: Bucket,
    joins_filled: Duration,
    buffers: WriteBuffers,
    probe: Option<Box<dyn StepProbe<G>>>,
    opened: u32,
    /// Once the server is to close.
    draining: Option<Draining>,
    is_closed: bool,
    /// The rooms that were over last: clients may be on their way there.
    over: VecDeque<RoomKey>,
    /// The room of the last pass and when that began, until it is known how long it took.
    passed: Option<(RoomKey, Duration)>,
    copies: Copies,
    at_work: Arc<RoomAtWork>,
    /// How often the rooms of its number were taken over by another: what was granted before counts for
    /// nothing.
    takeovers: u32,
}

/// How many clients are taken in.
const JOINS: Rate = Rate { per_second: JOINS_PER_SECOND, burst: JOINS_BURST };

/// A room that is being built, and the clients that wait for it.
struct ExpectedRoom {
    key: RoomKey,
    waiting: Vec<PendingJoin>,
}

impl<G: Game> Default for Shard<G> {
    fn default() -> Shard<G> {
        Shard::new()
    }
}

impl<G: Game> Shard<G> {
    /// A shard without rooms.
    #[must_use]
    pub fn new() -> Shard<G> {
        Shard {
            rooms: Rooms::new(),
            expected: Vec::new(),
            line: VecDeque::new(),
            joins: Bucket::full(JOINS),
            joins_filled: Duration::ZERO,
            buffers: WriteBuffers::default(),
            probe: None,
            opened: 0,
            draining: None,
            is_closed: false,
            over: VecDeque::new(),
            passed: None,
            copies: Copies::default(),
            at_work: Arc::default(),
            takeovers: 0,
        }
    }

    /// From now on `probe` looks at each room after each of its steps.
    pub fn set_probe(&mut self, probe: Box<dyn StepProbe<G>>) {
        self.probe = Some(probe);
    }

    /// It takes over from another shard of its number, for the `takeovers`th time.
    pub fn take_over(&mut self, takeovers: u32) {
        self.takeovers = takeovers;
    }

    /// Which room it is at work on, for other threads to see.
    #[must_use]
    pub fn room_at_work(&self) -> &Arc<RoomAtWork> {
        &self.at_work
    }

    /// When the next pass is due; `None` without rooms that are awake.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.rooms.earliest().map(|(deadline, _)| deadline)
    }

    /// One of its rooms.
    #[must_use]
    pub fn room(&self, key: RoomKey) -> Option<&RoomHost<G>> {
        self.rooms.find(key).map(|at| self.rooms.get(at))
    }

    /// Passes through the room whose deadline is the earliest, if that has come: reads its
    /// connections, makes the ticks that are due, writes to its connections. Whether there was one.
    pub fn pass(&mut self, now: Duration, effects: &mut Effects) -> bool {
        let Some((_, at)) = self.rooms.earliest().filter(|(deadline, _)| *deadline <= now) else {
            return false;
        };
        let key = self.rooms.get(at).key;
        // Of all of them: one that is late cannot tell from itself whether the thread has time.
        let load = self.rooms.load();
        let passed = self.guarded(at, effects, |room, buffers, probe, effects| {
            room.pass(now, load, buffers, probe, effects);
            room.copy_due(now)
        });
        self.passed = passed.map(|_| (key, now));
        if let Some(copy_due) = passed {
            copy_due.into_iter().for_each(|due| self.copies.add(key, due));
            let room = self.rooms.get(at);
            if room.is_over() {
                self.end_over(at, effects);
            } else if room.may_end() {
                self.end_drained(at, effects);
            }
        }
        true
    }

    /// Ends a room that has made its last tick.
    fn end_over(&mut self, at: usize, effects: &mut Effects) {
        let room = self.rooms.swap_remove(at);
        warn!(room = room.name(), "room is over: it has made its last tick");
        self.remember_over(&room, effects);
        self.close_room(room, DisconnectReason::RoomOver, Some("its room is over"), effects);
    }

    /// Ends a room before the server closes, as its game allows.
    fn end_drained(&mut self, at: usize, effects: &mut Effects) {
        let room = self.rooms.swap_remove(at);
        info!(room = room.name(), "room closes: the server is to close, and its game may end");
        self.remember_over(&room, effects);
        // A recording ends with the server, as it should.
        self.close_room(room, DisconnectReason::Closing, None, effects);
    }

    /// Ends a room that was taken out, with every session in it.
    fn close_room(
        &self,
        room: RoomHost<G>,
        reason: DisconnectReason,
        recording_ends: Option<&str>,
        effects: &mut Effects,
    ) {
        self.discarding(room.key, || room.close(reason, recording_ends, effects));
    }

    fn remember_over(&mut self, room: &RoomHost<G>, effects: &mut Effects) {
        effects.over.push(room.key);
        self.copies.end(room.key, room.is_copied());
        if self.over.len() >= ROOMS_OVER_REMEMBERED_MAX {
            self.over.pop_front();
        }
        self.over.push_back(room.key);
    }

    /// The last pass has ended at `now`: by that it is known how much of its thread a room takes.
    pub fn pass_ended(&mut self, now: Duration) {
        let Some((key, began)) = self.passed.take() else { return };
        if let Some(at) = self.rooms.find(key) {
            self.rooms.change(at, |room| room.pass_ended(now, now.saturating_sub(began)));
        }
    }

    /// Does what a command asks for, at `now`.
    pub fn handle(&mut self, command: Command, now: Duration, effects: &mut Effects) {
        match command {
            // Who is sent here after the end hears that the server closes.
            Command::Open { .. } if self.is_closed => {}
            // The lobby has forgotten it since.
            Command::Open { takeovers, .. } if takeovers < self.takeovers => {}
            Command::Open { room, .. } => {
                self.expected.push(ExpectedRoom { key: room, waiting: Vec::new() });
            }
            Command::Join(pending) => self.join(*pending, now, effects),
            Command::Retire { room } => self.retire(room, effects),
            Command::Expire { room, session } => {
                if let Some(at) = self.rooms.find(room) {
                    self.rooms.change(at, |room| room.expire_now(session));
                }
            }
            Command::Drain(drain) => self.drain(drain, now),
            Command::Close => self.close(effects),
        }
    }

    /// Takes in a room that was built, at `now`. Those who wait for it join one by one
    /// ([`Shard::seat_next`]); if it could not be made they end here, and nobody else does.
    pub fn open(&mut self, built: BuiltRoom<G>, now: Duration, effects: &mut Effects) {
        let expected = self.expected.iter().position(|expected| expected.key == built.key);
        // It may have been retired meanwhile, or the shard closed.
        let Some(at) = expected else { return self.discard(built.key, built) };
        let ExpectedRoom { key, waiting } = self.expected.swap_remove(at);
        let Some(room) = built.room else {
            effects.failed.push(key);
            for pending in waiting {
                depart(pending, DisconnectReason::RoomFailed, None, effects);
            }
            return;
        };
        let origin = first_deadline(now, self.opened, room.config().tick_rate().period());
        self.opened = self.opened.wrapping_add(1);
        let recording = built.record.then(Recording::default);
        let mut room = RoomHost::new(key, room, origin, built.status, recording);
        room.draining = self.draining;
        room.show_work(Arc::clone(&self.at_work));
        self.rooms.push(room);
        self.copy_newcomer(key, now);
        self.line.extend(waiting);
    }

    /// Takes in the client that has waited longest for its room, at `now`, unless too many were taken in
    /// just before. Whether there was one: the shell calls it as it hands over commands, so many between
    /// two passes and no more, and again by [`Shard::seats_at`].
    pub fn seat_next(&mut self, now: Duration, effects: &mut Effects) -> bool {
        let passed = now.saturating_sub(self.joins_filled);
        self.joins.fill(JOINS, passed);
        self.joins_filled = self.joins_filled.max(now);
        if self.line.is_empty() || !self.joins.take() {
            return false;
        }
        let next = self.line.pop_front();
        next.map(|pending| self.seat(pending, now, effects)).is_some()
    }

    /// When the next client may be taken in; `None` while nobody waits whose room is there.
    #[must_use]
    pub fn seats_at(&self) -> Option<Duration> {
        (!self.line.is_empty()).then(|| self.joins_filled + self.joins.time_to_next(JOINS))
    }

    /// How many seats are held by clients that wait to be taken in, be it for their room or their turn.
    #[must_use]
    pub fn seats_waiting(&self) -> usize {
        let expected = self.expected.iter().flat_map(|room| &room.waiting);
        let is_seat = |pending: &&PendingJoin| matches!(pending.admission.grant, Grant::Seat(_));
        expected.chain(&self.line).filter(is_seat).count()
    }

    /// Ends the recording of a room, whose writer says `why`; whether there was one.
    pub fn end_recording(&mut self, room: RoomKey, why: &str) -> bool {
        let at = self.rooms.find(room);
        at.is_some_and(|at| self.rooms.change(at, |room| room.end_recording(Some(why))))
    }

    fn join(&mut self, pending: PendingJoin, now: Duration, effects: &mut Effects) {
        let room = pending.admission.room();
        // The lobby has forgotten its seat since.
        let is_late = pending.admission.takeovers < self.takeovers;
        if is_late && matches!(pending.admission.grant, Grant::Seat(_)) {
            let is_closed = self.is_closed;
            // Its room may well go on: its client is to ask again.
            let end = if is_closed { DisconnectReason::Closing } else { DisconnectReason::Fault };
            return depart(pending, end, None, effects);
        }
        if let Some(expected) = self.expected.iter_mut().find(|expected| expected.key == room) {
            return expected.waiting.push(pending);
        }
        if self.is_closed {
            return self.turn_away(pending, effects);
        }
        if let (Grant::Session(_), Some(at)) = (&pending.admission.grant, self.rooms.find(room)) {
            let session = pending.admission.session;
            self.rooms.change(at, |room| room.wait_for(session, now));
        }
        // Who comes again while it waits does so in its old turn: a client has one there, however often
        // it tries.
        let Admission { session, resumptions, resumed, .. } = pending.admission;
        let is_same =
            |it: &&mut PendingJoin| it.admission.resumed && it.admission.session == session;
        let before = if resumed { self.line.iter_mut().find(is_same) } else { None };
        if let Some(waiting) = before {
            let is_overtaken = waiting.admission.resumptions > resumptions;
            let older = if is_overtaken { pending } else { std::mem::replace(waiting, pending) };
            return depart(older, DisconnectReason::Replaced, None, effects);
        }
        self.line.push_back(pending);
        // Nobody overtakes those who came before.
        if self.line.len() == 1 {
            self.seat_next(now, effects);
        }
    }

    fn seat(&mut self, pending: PendingJoin, now: Duration, effects: &mut Effects) {
        let Some(at) = self.rooms.find(pending.admission.room()) else {
            return self.turn_away(pending, effects);
        };
        let Admission { session, resumptions, resumed, .. } = pending.admission;
        if resumed && self.rooms.get(at).has_newer(session, resumptions) {
            // It was overtaken on the way, and its token may be void by now.
            return depart(pending, DisconnectReason::Replaced, None, effects);
        }
        match &pending.admission.grant {
            Grant::Session(_) => self.resume(at, pending, now, effects),
            // A spectator, whom nothing keeps out that kept it in.
            Grant::Seat(_) if resumed => {
                self.rooms.change(at, |room| room.seat(pending, None, now, effects));
            }
            Grant::Seat(reservation) => {
                let (name, subject) = (&pending.name, pending.subject);
                let role = reservation.role();
                let join = |room: &mut RoomHost<G>| room.join(role, name, subject);
                match self.guarded(at, effects, |room, _, _, _| join(room)) {
                    Some(Ok(player)) => {
                        self.rooms.change(at, |room| room.seat(pending, player, now, effects));
                    }
                    Some(Err(refusal)) => {
                        depart(pending, DisconnectReason::Refused, Some(refusal), effects);
                    }
                    // The room failed just now because of it.
                    None => depart(pending, DisconnectReason::RoomFailed, None, effects),
                }
            }
        }
    }

    fn resume(&mut self, at: usize, pending: PendingJoin, now: Duration, effects: &mut Effects) {
        if self.rooms.get(at).has_resumable(pending.admission.session) {
            self.rooms.change(at, |room| room.resume(pending, now, effects));
        } else {
            // It ended while its client was on the way.
            let refusal = Some(JoinError::NotResumable);
            depart(pending, DisconnectReason::Refused, refusal, effects);
        }
    }

    /// Ends a client whose room is not there any more.
    fn turn_away(&self, pending: PendingJoin, effects: &mut Effects) {
        let is_over = self.over.contains(&pending.admission.room());
        let reason = if self.is_closed || (is_over && self.draining.is_some()) {
            DisconnectReason::Closing
        } else if is_over {
            DisconnectReason::RoomOver
        } else {
            // It failed while this client was on its way.
            DisconnectReason::RoomFailed
        };
        depart(pending, reason, None, effects);
    }

    fn retire(&mut self, room: RoomKey, effects: &mut Effects) {
        if let Some(at) = self.rooms.find(room) {
            let room = self.rooms.swap_remove(at);
            self.copies.end(room.key, room.is_copied());
            let why = Some("its room closes, deserted");
            self.close_room(room, DisconnectReason::Closing, why, effects);
        }
        // It may not even have come yet. Nobody waits for it: a seat keeps a room.
        self.expected.retain(|expected| expected.key != room);
    }

    fn drain(&mut self, drain: Drain, now: Duration) {
        self.draining = Some(Draining::of(drain, now));
        for at in 0..self.rooms.len() {
            self.rooms.change(at, |room| room.draining = self.draining);
        }
    }

    fn close(&mut self, effects: &mut Effects) {
        self.is_closed = true;
        info!(rooms = self.rooms.len(), "shard closes");
        let rooms: Vec<_> = self.rooms.drain().collect();
        for room in rooms {
            // A recording ends with the server, as it should.
            self.close_room(room, DisconnectReason::Closing, None, effects);
        }
        let waiting = self.expected.drain(..).flat_map(|expected| expected.waiting);
        for pending in waiting.chain(self.line.drain(..)) {
            depart(pending, DisconnectReason::Closing, None, effects);
        }
    }

    /// Does something with a room; a panic ends the room, and nothing else, and gives `None`.
    fn guarded<T>(
        &mut self,
        at: usize,
        effects: &mut Effects,
        act: impl FnOnce(
            &mut RoomHost<G>,
            &mut WriteBuffers,
            Option<&mut (dyn StepProbe<G> + 'static)>,
            &mut Effects,
        ) -> T,
    ) -> Option<T> {
        let (buffers, probe) = (&mut self.buffers, self.probe.as_deref_mut());
        // Nothing of the room is used after a panic, and what the others share are buffers that
        // each use clears, and counters.
        let at_work = &self.at_work;
        let done = self.rooms.change(at, |room| {
            at_work.begin(room.key);
            let done = catch_unwind(AssertUnwindSafe(|| act(room, buffers, probe, effects))).ok();
            at_work.end();
            done
        });
        if done.is_none() {
            let room = self.rooms.swap_remove(at);
            error!(
                room = room.name(),
                tick = room.room().tick().next().0,
                "room failed: a panic in it"
            );
            effects.failed.push(room.key);
            self.copies.end(room.key, room.is_copied());
            let why = Some("its room failed");
            self.close_room(room, DisconnectReason::RoomFailed, why, effects);
        }
        done
    }
}

/// Ends a client that is not in a room.
fn depart(
    pending: PendingJoin,
    reason: DisconnectReason,
    refusal: Option<JoinError>,
    effects: &mut Effects,
) {
    let PendingJoin { mut transport, admission, span, .. } = pending;
    let reservation = match admission.grant {
        Grant::Seat(reservation) => Some(reservation),
        Grant::Session(_) => None,
    };
    if let Some(refusal) = refusal.clone() {
        let mut message = Vec::with_capacity(16);
        tickwire_game::protocol::ServerMessage::Refused(refusal).encode(&mut message);
        transport.send(&message);
    }
    effects.counters.add_traffic(transport.take_traffic());
    transport.close(reason);
    effects.departed.push(Departed { reservation, transport, reason, refusal, span });
}

/// When the first tick of the `nth` room of a shard is due that opens at `now`: with the rooms of its
/// turn, of which a period has [`ROOM_TURNS`]. Multiples of the golden ratio spread rooms evenly over
/// these however many there will be.
fn first_deadline(now: Duration, nth: u32, period: Duration) -> Duration {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let fraction = u64::from(nth).wrapping_mul(GOLDEN) >> 32;
    let turn = (fraction * u64::from(ROOM_TURNS)) >> 32;
    let (now, period) = (now.as_nanos(), period.as_nanos());
    let into_period = period * u128::from(turn) / u128::from(ROOM_TURNS);
    let nanos = now.saturating_sub(into_period).div_ceil(period) * period + into_period;
    Duration::from_nanos(nanos as u64)
}

#[cfg(test)]
mod tests;
