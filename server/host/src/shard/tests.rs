//! The rooms of a thread that is only arithmetic.

use std::sync::Arc;

use shared::game::Setup;
use shared::ids::{PlayerId, SessionId, Subject};
use shared::protocol::{Role, ServerMessage};
use test_games::stones::{self, Stones};
use test_games::tape::Tape;
use tracing::Span;

use super::*;
use crate::directory::{BuildCount, RoomStatus};
use crate::hello::PeerKey;
use crate::reservation::Reservation;
use crate::room::{Room, RoomTemplate};
use crate::room_builder::{RoomBuilder, RoomOrder};
use crate::transport::Transport;
use crate::transport::in_memory::{Peer, pair};

/// So many rooms that the lobby is about to have opened.
fn keys<const COUNT: usize>() -> [RoomKey; COUNT] {
    let mut keys = slotmap::SlotMap::<RoomKey, ()>::with_key();
    std::array::from_fn(|_| keys.insert(()))
}

fn template(players_max: u16) -> RoomTemplate<stones::Settings> {
    let setup = Setup { players_max, ..Setup::default() };
    RoomTemplate { setup, ..RoomTemplate::default() }
}

fn order(room: RoomKey, name: &str, status: Arc<RoomStatus>) -> RoomOrder {
    let (name, _counted) = (name.to_owned(), BuildCount::default());
    RoomOrder { room, shard: 0, name, seed: 0.into(), status, record: false, _counted }
}

/// Opens a room at once.
fn open(shard: &mut Shard<Stones>, template: RoomTemplate<stones::Settings>, order: RoomOrder) {
    let effects = &mut Effects::default();
    shard.handle(Command::Open { room: order.room }, Duration::ZERO, effects);
    shard.open(RoomBuilder::new(template).build(order), Duration::ZERO, effects);
    assert!(effects.failed.is_empty(), "it opens");
}

/// A shard of two rooms, for one player each.
fn shard() -> (Shard<Stones>, [RoomKey; 2]) {
    let (mut shard, rooms) = (Shard::new(), keys());
    for (room, name) in rooms.into_iter().zip(["first", "second"]) {
        let order = RoomOrder { record: true, ..order(room, name, Arc::default()) };
        open(&mut shard, template(1), order);
    }
    (shard, rooms)
}

fn join(shard: &mut Shard<Stones>, room: RoomKey, effects: &mut Effects) -> Peer {
    let (transport, peer) = pair();
    let pending = pending(transport, room);
    shard.handle(Command::Join(Box::new(pending)), Duration::ZERO, effects);
    peer
}

fn pending(transport: Box<dyn Transport>, room: RoomKey) -> PendingJoin {
    PendingJoin {
        transport,
        session: SessionId(1),
        reservation: Reservation::of_nobody(room, Role::Player),
        peer: PeerKey(0),
        subject: None,
        name: "Ada".to_owned(),
        replays: false,
        span: Span::none(),
    }
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

#[test]
fn a_game_hears_whom_a_ticket_names_and_of_guests_nothing() {
    let setup = Setup { players_max: 2, ..Setup::default() };
    let template = RoomTemplate { setup, ..RoomTemplate::default() };
    let (mut shard, effects) = (Shard::<Tape>::new(), &mut Effects::default());
    let [room] = keys();
    shard.handle(Command::Open { room }, Duration::ZERO, effects);
    let built = RoomBuilder::new(template).build(order(room, "tape", Arc::default()));
    shard.open(built, Duration::ZERO, effects);
    for subject in [Some(Subject(7)), None] {
        let (transport, _peer) = pair();
        let pending = PendingJoin { subject, ..pending(transport, room) };
        shard.handle(Command::Join(Box::new(pending)), Duration::ZERO, effects);
    }
    let tape = shard.room(room).expect("it is open").room().game();
    let arrivals = [(PlayerId(0), Some(Subject(7))), (PlayerId(1), None)];
    assert_eq!(tape.arrivals, arrivals);
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
        let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
        let late = Arc::<RoomStatus>::default();
        for (room, status) in keys::<2>().into_iter().zip([Arc::clone(&late), Arc::default()]) {
            open(&mut shard, template(4), order(room, "", status));
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

#[test]
fn clients_wait_in_order_for_a_room_that_is_being_built_and_other_rooms_go_on() {
    let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
    let [slow, other] = keys();
    open(&mut shard, template(8), order(other, "other", Arc::default()));
    let _in_other = join(&mut shard, other, &mut effects);
    let now = Duration::ZERO;
    shard.handle(Command::Open { room: slow }, now, &mut effects);
    let mut peers: Vec<Peer> = (0..3).map(|_| join(&mut shard, slow, &mut effects)).collect();
    let mut tick_of_other = || {
        for now in (0..10).map(|tick| Duration::from_millis(33 * tick)) {
            while shard.pass(now, &mut effects) {}
            shard.pass_ended(now);
        }
        shard.room(other).expect("it is open").room().tick()
    };
    assert!(tick_of_other().0 > 5, "nobody waits for a room but those who want to be in it");
    assert!(shard.room(slow).is_none() && effects.departed.is_empty());
    assert_eq!(effects.counters.sessions, 1);
    let built = RoomBuilder::new(template(2)).build(order(slow, "slow", Arc::default()));
    shard.open(built, now, &mut effects);
    // One who comes now must not overtake those who waited.
    peers.push(join(&mut shard, slow, &mut effects));
    assert_eq!(
        effects.counters.sessions, 1,
        "between two passes so many are seated as are asked for"
    );
    let seated = std::iter::from_fn(|| shard.seat_next(now, &mut effects).then_some(())).count();
    assert_eq!((seated, effects.counters.sessions), (4, 3));
    let ends: Vec<_> = peers.iter().map(Peer::closed).collect();
    assert_eq!(ends, [None, None, Some(End::Refused), Some(End::Refused)], "it is for two");
}

#[test]
fn a_panic_while_a_world_is_made_ends_those_who_wait_for_it_and_no_other_room() {
    let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
    let [broken, other] = keys();
    open(&mut shard, template(8), order(other, "other", Arc::default()));
    shard.handle(Command::Open { room: broken }, Duration::ZERO, &mut effects);
    let in_other = join(&mut shard, other, &mut effects);
    let waits = join(&mut shard, broken, &mut effects);
    let mut template = template(8);
    template.setup.settings.no_world_of_seed = Some(7);
    let order = RoomOrder { seed: 7.into(), ..order(broken, "broken", Arc::default()) };
    shard.open(RoomBuilder::new(template).build(order), Duration::ZERO, &mut effects);
    assert_eq!(effects.failed, [broken]);
    let [departed] = &effects.departed[..] else { panic!("one has left") };
    assert_eq!((departed.reservation.room(), departed.reason), (broken, End::RoomFailed));
    assert_eq!((waits.closed(), in_other.closed()), (Some(End::RoomFailed), None));
    // One that is on its way there meanwhile.
    let late = join(&mut shard, broken, &mut effects);
    assert_eq!(late.closed(), Some(End::RoomFailed));
}

#[test]
fn a_room_that_is_wanted_no_more_when_it_is_built_is_not_opened() {
    for command in [|room| Command::Retire { room }, |_| Command::Close] {
        let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
        let [room] = keys();
        shard.handle(Command::Open { room }, Duration::ZERO, &mut effects);
        shard.handle(command(room), Duration::ZERO, &mut effects);
        let built = RoomBuilder::new(template(8)).build(order(room, "late", Arc::default()));
        shard.open(built, Duration::ZERO, &mut effects);
        assert!(shard.room(room).is_none() && effects.failed.is_empty());
    }
}

#[test]
fn a_shard_that_closes_ends_those_who_wait_for_a_room_too() {
    let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
    let [building, built] = keys();
    for room in [building, built] {
        shard.handle(Command::Open { room }, Duration::ZERO, &mut effects);
    }
    let peers = [building, built].map(|room| join(&mut shard, room, &mut effects));
    let room = RoomBuilder::new(template(8)).build(order(built, "built", Arc::default()));
    shard.open(room, Duration::ZERO, &mut effects);
    shard.handle(Command::Close, Duration::ZERO, &mut effects);
    assert_eq!(peers.map(|peer| peer.closed()), [Some(End::Closing); 2]);
    assert_eq!(effects.departed.len(), 2);
}

#[test]
fn rooms_can_be_built_on_any_thread() {
    fn can_change_threads<T: Send>() {}
    can_change_threads::<RoomOrder>();
    can_change_threads::<RoomBuilder<Stones>>();
    can_change_threads::<BuiltRoom<Stones>>();
}
