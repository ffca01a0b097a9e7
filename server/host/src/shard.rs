//! [`Shard`]: the rooms of one thread, which is the only clock they have.
//!
//! A plain struct that is handed the time. Its shell sleeps until [`Shard::next_deadline`], calls
//! [`Shard::pass`], and hands it commands in between. A panic in a room ends that room alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use shared::game::{Game, Setup};
use shared::protocol::{End, Refusal};
use tracing::{error, info};

use crate::directory::{RoomKey, RoomStatus};
use crate::mailbox::{Command, Departed, Effects, PendingJoin};
use crate::room::recording::Recording;
use crate::room::{Room, RoomTemplate};
use crate::room_host::{RoomHost, StepProbe};
use crate::session::WriteBuffers;

/// The rooms of one thread.
pub struct Shard<G: Game> {
    template: RoomTemplate<G::Settings>,
    rooms: Vec<RoomHost<G>>,
    buffers: WriteBuffers,
    probe: Option<Box<dyn StepProbe<G>>>,
    opened: u32,
    is_closed: bool,
    /// The room of the last pass and when that began, until it is known how long it took.
    passed: Option<(RoomKey, Duration)>,
}

impl<G: Game> Shard<G> {
    /// A shard without rooms, which will all be made from `template`.
    #[must_use]
    pub fn new(template: RoomTemplate<G::Settings>) -> Shard<G> {
        Shard {
            template,
            rooms: Vec::new(),
            buffers: WriteBuffers::default(),
            probe: None,
            opened: 0,
            is_closed: false,
            passed: None,
        }
    }

    /// From now on `probe` looks at each room after each of its steps.
    pub fn set_probe(&mut self, probe: Box<dyn StepProbe<G>>) {
        self.probe = Some(probe);
    }

    /// When the next pass is due; `None` without rooms.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.rooms.iter().map(RoomHost::deadline).min()
    }

    /// One of its rooms.
    #[must_use]
    pub fn room(&self, key: RoomKey) -> Option<&RoomHost<G>> {
        self.rooms.iter().find(|room| room.key == key)
    }

    /// Passes through the room whose deadline is the earliest, if that has come: reads its
    /// connections, makes the ticks that are due, writes to its connections. Whether there was one.
    pub fn pass(&mut self, now: Duration, effects: &mut Effects) -> bool {
        let earliest = self.rooms.iter().enumerate().min_by_key(|(_, room)| room.deadline());
        let Some((at, room)) = earliest.filter(|(_, room)| room.deadline() <= now) else {
            return false;
        };
        let key = room.key;
        // Of all of them: one that is late cannot tell from itself whether the thread has time.
        let load = self.rooms.iter().map(RoomHost::load).sum();
        let passed = self.guarded(at, effects, |room, buffers, probe, effects| {
            room.pass(now, load, buffers, probe, effects);
        });
        self.passed = passed.map(|()| (key, now));
        true
    }

    /// The last pass has ended at `now`: by that it is known how much of its thread a room takes.
    pub fn pass_ended(&mut self, now: Duration) {
        let Some((key, began)) = self.passed.take() else { return };
        if let Some(room) = self.rooms.iter_mut().find(|room| room.key == key) {
            room.pass_ended(now, now.saturating_sub(began));
        }
    }

    /// Does what a command asks for, at `now`.
    pub fn handle(&mut self, command: Command, now: Duration, effects: &mut Effects) {
        match command {
            Command::Open { room, name, seed, status, record } => {
                self.open(room, name, seed, status, record, now, effects);
            }
            Command::Join(pending) => self.join(*pending, now, effects),
            Command::Retire { room } => {
                if let Some(at) = self.at(room) {
                    let room = self.rooms.swap_remove(at);
                    room.close(End::Closing, Some("its room closes, deserted"), effects);
                }
            }
            Command::Close => {
                self.is_closed = true;
                info!(rooms = self.rooms.len(), "shard closes");
                for room in self.rooms.drain(..) {
                    // A recording ends with the server, as it should.
                    room.close(End::Closing, None, effects);
                }
            }
        }
    }

    /// Ends the recording of a room, whose writer says `why`; whether there was one.
    pub fn end_recording(&mut self, room: RoomKey, why: &str) -> bool {
        self.at(room).is_some_and(|at| self.rooms[at].end_recording(Some(why)))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a command, and its context")]
    fn open(
        &mut self,
        key: RoomKey,
        name: String,
        seed: u64,
        status: Arc<RoomStatus>,
        record: bool,
        now: Duration,
        effects: &mut Effects,
    ) {
        if self.is_closed {
            // Who is sent here meanwhile hears that the server closes.
            return;
        }
        let template = RoomTemplate {
            setup: Setup { seed, ..self.template.setup.clone() },
            ..self.template.clone()
        };
        let period = template.setup.tick_rate.period();
        match catch_unwind(AssertUnwindSafe(|| Room::<G>::new(name.clone(), template))) {
            Ok(Ok(room)) => {
                let origin = now + stagger(self.opened, period);
                self.opened = self.opened.wrapping_add(1);
                let recording = record.then(Recording::default);
                self.rooms.push(RoomHost::new(key, room, origin, status, recording));
            }
            Ok(Err(reason)) => {
                error!(room = name, %reason, "room did not open");
                effects.failed.push(key);
            }
            Err(_) => {
                error!(room = name, "room did not open: a panic in it");
                effects.failed.push(key);
            }
        }
    }

    fn join(&mut self, pending: PendingJoin, now: Duration, effects: &mut Effects) {
        let room = pending.reservation.room();
        let joined = self.at(room).and_then(|at| {
            let name = &pending.name;
            let role = pending.reservation.role();
            let player = self.guarded(at, effects, |room, _, _, _| room.join(role, name))?;
            Some((at, player))
        });
        match joined {
            Some((at, Ok(player))) => self.rooms[at].seat(pending, player, now, effects),
            Some((_, Err(refusal))) => depart(pending, End::Refused, Some(refusal), effects),
            None if self.is_closed => depart(pending, End::Closing, None, effects),
            // The room failed while this client was on its way, or just now because of it.
            None => depart(pending, End::RoomFailed, None, effects),
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
        let (room, buffers) = (&mut self.rooms[at], &mut self.buffers);
        let probe = self.probe.as_deref_mut();
        // Nothing of the room is used after a panic, and what the others share are buffers that
        // each use clears, and counters.
        let done = catch_unwind(AssertUnwindSafe(|| act(room, buffers, probe, effects))).ok();
        if done.is_none() {
            let room = self.rooms.swap_remove(at);
            error!(room = room.name(), "room failed: a panic in it");
            effects.failed.push(room.key);
            room.close(End::RoomFailed, Some("its room failed"), effects);
        }
        done
    }

    fn at(&self, room: RoomKey) -> Option<usize> {
        self.rooms.iter().position(|host| host.key == room)
    }
}

/// Ends a client that is not in a room.
fn depart(pending: PendingJoin, reason: End, refusal: Option<Refusal>, effects: &mut Effects) {
    let PendingJoin { mut transport, reservation, span, .. } = pending;
    if let Some(refusal) = refusal {
        let mut message = Vec::with_capacity(16);
        shared::protocol::ServerMessage::Refused(refusal).encode(&mut message);
        transport.send(&message);
    }
    effects.counters.add_traffic(transport.take_traffic());
    transport.close(reason);
    effects.departed.push(Departed { reservation, transport, reason, refusal, span });
}

/// How far into a period the deadlines of the `nth` room of a shard lie: multiples of the
/// golden ratio spread evenly however many there will be, so that rooms do not all send at once.
fn stagger(nth: u32, period: Duration) -> Duration {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let fraction = u64::from(nth).wrapping_mul(GOLDEN) >> 32;
    let nanos = (period.as_nanos() * u128::from(fraction)) >> 32;
    Duration::from_nanos(nanos as u64)
}

#[cfg(test)]
mod tests {
    use shared::ids::SessionId;
    use shared::protocol::{Role, ServerMessage};
    use test_games::stones::Stones;
    use tracing::Span;

    use super::*;
    use crate::hello::PeerKey;
    use crate::reservation::Reservation;
    use crate::transport::in_memory::{Peer, pair};

    /// A shard of two rooms, for one player each.
    fn shard() -> (Shard<Stones>, [RoomKey; 2]) {
        let setup = Setup { players_max: 1, ..Setup::default() };
        let mut shard = Shard::new(RoomTemplate { setup, ..RoomTemplate::default() });
        let mut keys = slotmap::SlotMap::<RoomKey, ()>::with_key();
        let rooms = [keys.insert(()), keys.insert(())];
        for (room, name) in rooms.into_iter().zip(["first", "second"]) {
            let (name, status) = (name.to_owned(), Arc::default());
            let open = Command::Open { room, name, seed: 0, status, record: true };
            shard.handle(open, Duration::ZERO, &mut Effects::default());
        }
        (shard, rooms)
    }

    fn join(shard: &mut Shard<Stones>, room: RoomKey, effects: &mut Effects) -> Peer {
        let (transport, peer) = pair();
        let pending = PendingJoin {
            transport,
            session: SessionId(1),
            reservation: Reservation::of_nobody(room, Role::Player),
            peer: PeerKey(0),
            name: "Ada".to_owned(),
            replays: false,
            span: Span::none(),
        };
        shard.handle(Command::Join(Box::new(pending)), Duration::ZERO, effects);
        peer
    }

    #[test]
    fn a_client_that_a_room_refuses_hears_why() {
        let ((mut shard, [room, _]), mut effects) = (shard(), Effects::default());
        let _first = join(&mut shard, room, &mut effects);
        assert!(effects.departed.is_empty());
        let refused = join(&mut shard, room, &mut effects);
        let [departed] = &mut effects.departed[..] else { panic!("it departs at once") };
        assert_eq!((departed.reason, departed.refusal), (End::Refused, Some(Refusal::RoomFull)));
        assert_eq!(departed.transport.flush(Duration::ZERO), Ok(crate::Flushed::Whole));
        let sent = refused.take();
        let [message] = &sent[..] else { panic!("one message") };
        let refusal = ServerMessage::Refused(Refusal::RoomFull);
        assert_eq!(ServerMessage::decode(message), Ok(refusal));
        assert_eq!(refused.closed(), Some(End::Refused));
    }

    /// A room of this name breaks.
    struct Breaks(&'static str);

    impl StepProbe<Stones> for Breaks {
        fn stepped(&mut self, room: &Room<Stones>) {
            assert!(room.config().name != self.0, "the test breaks this room");
        }
    }

    #[test]
    fn a_panic_in_a_room_ends_its_sessions_and_its_recording_and_no_other_room() {
        let ((mut shard, [first, second]), mut effects) = (shard(), Effects::default());
        let peers = [first, second].map(|room| join(&mut shard, room, &mut effects));
        shard.set_probe(Box::new(Breaks("first")));
        for now in (0..10).map(|tick| Duration::from_millis(33 * tick)) {
            while shard.pass(now, &mut effects) {}
            shard.pass_ended(now);
        }
        assert_eq!((&effects.failed[..], effects.recordings_ended), (&[first][..], 1));
        let [departed] = &effects.departed[..] else { panic!("one session has ended") };
        assert_eq!((departed.reservation.room(), departed.reason), (first, End::RoomFailed));
        assert_eq!(peers.map(|peer| peer.closed()), [Some(End::RoomFailed), None]);
        assert!(shard.room(first).is_none());
        assert!(shard.room(second).expect("it goes on").room().tick().0 > 5);
        // One that is on its way there meanwhile.
        let late = join(&mut shard, first, &mut effects);
        assert_eq!(late.closed(), Some(End::RoomFailed));
    }

    #[test]
    fn a_room_that_is_late_is_slowed_for_what_the_others_do_too() {
        for (others_took_ms, slowed) in [(1, false), (50, true)] {
            let setup = Setup { players_max: 4, ..Setup::default() };
            let template = RoomTemplate { setup, ..RoomTemplate::default() };
            let mut shard = Shard::<Stones>::new(template);
            let mut effects = Effects::default();
            let mut keys = slotmap::SlotMap::<RoomKey, ()>::with_key();
            let late = Arc::<RoomStatus>::default();
            for status in [Arc::clone(&late), Arc::default()] {
                let (room, name) = (keys.insert(()), String::new());
                let open = Command::Open { room, name, seed: 0, status, record: false };
                shard.handle(open, Duration::ZERO, &mut effects);
            }
            // The other one has passed through some ticks, as if each had taken so long.
            for _ in 0..4 {
                let other = &mut shard.rooms[1];
                let now = other.deadline();
                other.pass(now, 0.0, &mut shard.buffers, None, &mut effects);
                other.pass_ended(now, Duration::from_millis(others_took_ms));
            }
            assert!(shard.pass(Duration::from_secs(2), &mut effects));
            let is_slowed = late.time_scale() < crate::pacer::TimeScale::FULL;
            assert_eq!(is_slowed, slowed, "{others_took_ms} ms");
        }
    }

    #[test]
    fn rooms_are_spread_over_the_period() {
        let period = Duration::from_millis(30);
        let mut offsets: Vec<Duration> = (0..10).map(|nth| stagger(nth, period)).collect();
        offsets.sort_unstable();
        assert!(*offsets.last().expect("ten of them") < period);
        assert!(offsets.windows(2).all(|pair| pair[1] - pair[0] > period / 30));
    }
}
