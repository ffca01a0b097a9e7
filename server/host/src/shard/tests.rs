//! The rooms of a thread that is only arithmetic.

use std::sync::Arc;

use test_games::stones::{self, Stones};
use test_games::tape::Tape;
use tickwire_game::game::Setup;
use tickwire_game::ids::{PlayerId, SessionId, Subject};
use tickwire_game::limits::TICK_MAX;
use tickwire_game::protocol::{Role, ServerMessage};
use tickwire_game::tick::Tick;
use tracing::Span;

use super::*;
use crate::admission::Admission;
use crate::directory::{BuildCount, RoomStatus};
use crate::hello::PeerKey;
use crate::limits::EMPTY_ROOM_AWAKE_FOR;
use crate::reservation::Reservation;
use crate::room::{EmptyRoom, Room, RoomTemplate};
use crate::room_builder::{RoomBuilder, RoomOrder};
use crate::transport::in_memory::{Peer, pair};

mod draining;
mod isolation;
mod returning;

/// So many rooms that the lobby is about to have opened.
fn keys<const COUNT: usize>() -> [RoomKey; COUNT] {
    let mut keys = slotmap::SlotMap::<RoomKey, ()>::with_key();
    std::array::from_fn(|_| keys.insert(()))
}

fn template(players_max: u16) -> RoomTemplate<stones::Settings> {
    let setup = Setup { players_max, ..Setup::default() };
    RoomTemplate { setup, ..RoomTemplate::default() }
}

fn order<S>(room: RoomKey, name: &str, status: Arc<RoomStatus>) -> RoomOrder<S> {
    let (name, _counted) = (name.to_owned(), BuildCount::default());
    RoomOrder {
        room,
        shard: 0,
        name,
        seed: 0.into(),
        settings: None,
        status,
        record: false,
        _counted,
    }
}

/// Opens a room at once.
fn open(
    shard: &mut Shard<Stones>,
    template: RoomTemplate<stones::Settings>,
    order: RoomOrder<stones::Settings>,
) {
    let effects = &mut Effects::default();
    shard.handle(Command::Open { room: order.room, takeovers: 0 }, Duration::ZERO, effects);
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

/// One who has a seat, and its client.
fn pending(room: RoomKey) -> (PendingJoin, Peer) {
    let (transport, peer) = pair();
    let pending = PendingJoin {
        transport,
        admission: Admission::of_nobody(SessionId(1), room, Role::Player),
        peer: PeerKey(0),
        subject: None,
        name: "Ada".to_owned(),
        replays: false,
        span: Span::none(),
    };
    (pending, peer)
}

fn join(shard: &mut Shard<Stones>, room: RoomKey, effects: &mut Effects) -> Peer {
    join_at(shard, room, Duration::ZERO, effects)
}

fn join_at(shard: &mut Shard<Stones>, room: RoomKey, now: Duration, effects: &mut Effects) -> Peer {
    let (pending, peer) = pending(room);
    shard.handle(Command::Join(Box::new(pending)), now, effects);
    peer
}

#[test]
fn a_client_that_a_room_refuses_hears_why() {
    let ((mut shard, [room, _]), mut effects) = (shard(), Effects::default());
    let _first = join(&mut shard, room, &mut effects);
    assert!(effects.departed.is_empty());
    let refused = join(&mut shard, room, &mut effects);
    let [departed] = &mut effects.departed[..] else { panic!("it departs at once") };
    assert_eq!(
        (departed.reason, &departed.refusal),
        (DisconnectReason::Refused, &Some(JoinError::RoomFull))
    );
    assert_eq!(departed.transport.flush(Duration::ZERO), Ok(crate::Flushed::Whole));
    let sent = refused.take();
    let [message] = &sent[..] else { panic!("one message") };
    let refusal = ServerMessage::Refused(JoinError::RoomFull);
    assert_eq!(ServerMessage::decode(message), Ok(refusal));
    assert_eq!(refused.closed(), Some(DisconnectReason::Refused));
}

#[test]
fn a_game_hears_whom_a_ticket_names_and_of_guests_nothing() {
    let setup = Setup { players_max: 2, ..Setup::default() };
    let template = RoomTemplate { setup, ..RoomTemplate::default() };
    let (mut shard, effects) = (Shard::<Tape>::new(), &mut Effects::default());
    let [room] = keys();
    shard.handle(Command::Open { room, takeovers: 0 }, Duration::ZERO, effects);
    let built = RoomBuilder::new(template).build(order(room, "tape", Arc::default()));
    shard.open(built, Duration::ZERO, effects);
    for subject in [Some(Subject(7)), None] {
        let (pending, _peer) = pending(room);
        let pending = PendingJoin { subject, ..pending };
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
    assert_eq!(
        (departed.reservation.as_ref().map(Reservation::room), departed.reason),
        (Some(first), DisconnectReason::RoomFailed)
    );
    assert_eq!(peers.map(|peer| peer.closed()), [Some(DisconnectReason::RoomFailed), None]);
    assert!(shard.room(first).is_none());
    assert!(shard.room(second).expect("it goes on").room().tick().0 > 5);
    // One that is on its way there meanwhile.
    let late = join(&mut shard, first, &mut effects);
    assert_eq!(late.closed(), Some(DisconnectReason::RoomFailed));
}

#[test]
fn a_room_that_is_late_is_slowed_for_what_the_others_do_too() {
    for (others_took_ms, slowed) in [(1, false), (50, true)] {
        let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
        let (late, mut peers) = (Arc::<RoomStatus>::default(), Vec::new());
        for (room, status) in keys::<2>().into_iter().zip([Arc::clone(&late), Arc::default()]) {
            open(&mut shard, template(4), order(room, "", status));
            peers.push(join(&mut shard, room, &mut effects));
        }
        // The other one has passed through some ticks, as if each had taken so long.
        for _ in 0..4 {
            shard.rooms.change(1, |other| {
                let now = other.deadline().expect("somebody is in it");
                other.pass(now, 0.0, &mut shard.buffers, None, &mut effects);
                other.pass_ended(now, Duration::from_millis(others_took_ms));
            });
        }
        assert!(shard.pass(Duration::from_secs(2), &mut effects));
        let is_slowed = late.time_scale() < crate::pacer::TimeScale::FULL;
        assert_eq!(is_slowed, slowed, "{others_took_ms} ms");
    }
}

#[test]
fn rooms_are_spread_over_the_turns_of_a_period_whenever_they_open() {
    let period = Duration::from_millis(32);
    let mut rooms_by_turn = vec![0; ROOM_TURNS as usize];
    for nth in 0..160 {
        let now = Duration::from_micros(777 * u64::from(nth));
        let first = first_deadline(now, nth, period);
        assert!(now <= first && first < now + period);
        let offset = (first.as_nanos() % period.as_nanos()) as u64;
        let turn = period.as_nanos() as u64 / u64::from(ROOM_TURNS);
        assert!(offset.is_multiple_of(turn), "{offset}");
        rooms_by_turn[(offset / turn) as usize] += 1;
    }
    assert!(rooms_by_turn.iter().all(|rooms| (9..=11).contains(rooms)), "{rooms_by_turn:?}");
}

#[test]
fn clients_wait_in_order_for_a_room_that_is_being_built_and_other_rooms_go_on() {
    let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
    let [slow, other] = keys();
    open(&mut shard, template(8), order(other, "other", Arc::default()));
    let _in_other = join(&mut shard, other, &mut effects);
    let now = Duration::ZERO;
    shard.handle(Command::Open { room: slow, takeovers: 0 }, now, &mut effects);
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
    assert_eq!(
        ends,
        [None, None, Some(DisconnectReason::Refused), Some(DisconnectReason::Refused)],
        "it is for two"
    );
}

#[test]
fn a_panic_while_a_world_is_made_ends_those_who_wait_for_it_and_no_other_room() {
    let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
    let [broken, other] = keys();
    open(&mut shard, template(8), order(other, "other", Arc::default()));
    shard.handle(Command::Open { room: broken, takeovers: 0 }, Duration::ZERO, &mut effects);
    let in_other = join(&mut shard, other, &mut effects);
    let waits = join(&mut shard, broken, &mut effects);
    let mut template = template(8);
    template.setup.settings.no_world_of_seed = Some(7);
    let order = RoomOrder { seed: 7.into(), ..order(broken, "broken", Arc::default()) };
    shard.open(RoomBuilder::new(template).build(order), Duration::ZERO, &mut effects);
    assert_eq!(effects.failed, [broken]);
    let [departed] = &effects.departed[..] else { panic!("one has left") };
    assert_eq!(
        (departed.reservation.as_ref().map(Reservation::room), departed.reason),
        (Some(broken), DisconnectReason::RoomFailed)
    );
    assert_eq!((waits.closed(), in_other.closed()), (Some(DisconnectReason::RoomFailed), None));
    // One that is on its way there meanwhile.
    let late = join(&mut shard, broken, &mut effects);
    assert_eq!(late.closed(), Some(DisconnectReason::RoomFailed));
}

#[test]
fn a_room_that_is_wanted_no_more_when_it_is_built_is_not_opened() {
    for command in [|room| Command::Retire { room }, |_| Command::Close] {
        let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
        let [room] = keys();
        shard.handle(Command::Open { room, takeovers: 0 }, Duration::ZERO, &mut effects);
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
        shard.handle(Command::Open { room, takeovers: 0 }, Duration::ZERO, &mut effects);
    }
    let peers = [building, built].map(|room| join(&mut shard, room, &mut effects));
    let room = RoomBuilder::new(template(8)).build(order(built, "built", Arc::default()));
    shard.open(room, Duration::ZERO, &mut effects);
    shard.handle(Command::Close, Duration::ZERO, &mut effects);
    assert_eq!(peers.map(|peer| peer.closed()), [Some(DisconnectReason::Closing); 2]);
    assert_eq!(effects.departed.len(), 2);
}

#[test]
fn rooms_can_be_built_on_any_thread() {
    fn can_change_threads<T: Send>() {}
    can_change_threads::<RoomOrder<stones::Settings>>();
    can_change_threads::<RoomBuilder<Stones>>();
    can_change_threads::<BuiltRoom<Stones>>();
}

/// All passes that are due until `now`, each just in time; how many ticks they made.
fn run_until(shard: &mut Shard<Stones>, now: Duration, effects: &mut Effects) -> u64 {
    let before = effects.counters.ticks;
    while let Some(deadline) = shard.next_deadline().filter(|deadline| *deadline <= now) {
        assert!(shard.pass(deadline, effects));
        shard.pass_ended(deadline);
    }
    effects.counters.ticks - before
}

#[test]
fn a_room_that_nobody_is_in_makes_no_ticks_and_wakes_without_a_burst() {
    let (mut shard, mut effects, [room]) = (Shard::<Stones>::new(), Effects::default(), keys());
    let status = Arc::<RoomStatus>::default();
    open(&mut shard, template(8), order(room, "quiet", Arc::clone(&status)));
    assert_eq!((shard.next_deadline(), status.is_asleep()), (None, true), "nobody has come yet");
    let mut now = Duration::from_millis(5);
    let peer = join_at(&mut shard, room, now, &mut effects);
    assert!(!status.is_asleep());
    now += Duration::from_secs(1);
    assert_eq!(run_until(&mut shard, now, &mut effects), 30);
    drop(peer);
    now += Duration::from_millis(40);
    run_until(&mut shard, now, &mut effects);
    assert_eq!((effects.departed.len(), status.is_asleep()), (1, false));
    let awake_ticks = run_until(&mut shard, now + 2 * EMPTY_ROOM_AWAKE_FOR, &mut effects);
    assert!((85..=90).contains(&awake_ticks) && status.is_asleep(), "{awake_ticks}");
    let slept_at = shard.room(room).expect("it is kept").room().tick();
    now += Duration::from_secs(3_600);
    assert_eq!((shard.next_deadline(), shard.pass(now, &mut effects)), (None, false));
    let (skipped, late) = (effects.counters.ticks_skipped, effects.tick_lateness.len());
    let peer = join_at(&mut shard, room, now, &mut effects);
    let deadline = shard.next_deadline().expect("it is awake");
    let period = Duration::from_secs(1) / 30;
    assert!((now..=now + period).contains(&deadline), "{deadline:?} after {now:?}");
    // The thread comes a little late, as it does.
    assert!(shard.pass(deadline + Duration::from_millis(2), &mut effects));
    let tick = shard.room(room).expect("it goes on").room().tick();
    assert_eq!(tick, slept_at.next(), "one tick, and the world is where it was");
    run_until(&mut shard, now + Duration::from_secs(1), &mut effects);
    let tick = shard.room(room).expect("it goes on").room().tick();
    assert!((30..=31).contains(&tick.since(slept_at)), "no more ticks than ever");
    assert_eq!(effects.counters.ticks_skipped, skipped);
    assert!(effects.tick_lateness[late..].iter().all(|late| late.as_millis() <= 2));
    assert_eq!(peer.closed(), None);
}

#[test]
fn a_room_that_slept_is_what_it_would_be_at_the_same_tick() {
    let state_after = |away: Duration| {
        let (mut shard, mut effects, [room]) = (Shard::<Stones>::new(), Effects::default(), keys());
        let setup = Setup { seed: 5.into(), players_max: 8, ..Setup::default() };
        let template = RoomTemplate { setup, fill: 4, ..RoomTemplate::default() };
        open(&mut shard, template, order(room, "same", Arc::default()));
        let mut now = Duration::ZERO;
        for _ in 0..3 {
            let peer = join_at(&mut shard, room, now, &mut effects);
            now += Duration::from_secs(1);
            run_until(&mut shard, now, &mut effects);
            drop(peer);
            now += 2 * EMPTY_ROOM_AWAKE_FOR;
            run_until(&mut shard, now, &mut effects);
            assert!(shard.room(room).expect("it is kept").is_asleep());
            now += away;
        }
        let room = shard.room(room).expect("it is kept").room();
        (room.tick(), room.hash())
    };
    let period = Duration::from_secs(1) / 30;
    let away = state_after(period * 10_000);
    assert_eq!(state_after(Duration::ZERO), away);
    assert!(away.0.0 > 90);
}

#[test]
fn a_room_that_is_recorded_or_set_to_run_goes_on_without_people() {
    for (record, empty, ticks) in
        [(false, EmptyRoom::Sleeps, 0), (true, EmptyRoom::Sleeps, 30), (false, EmptyRoom::Runs, 30)]
    {
        let (mut shard, mut effects, [room]) = (Shard::<Stones>::new(), Effects::default(), keys());
        let template = RoomTemplate { empty, ..template(8) };
        let status = Arc::<RoomStatus>::default();
        let order = RoomOrder { record, ..order(room, "empty", Arc::clone(&status)) };
        open(&mut shard, template, order);
        let second = Duration::from_millis(999);
        assert_eq!(run_until(&mut shard, second, &mut effects), ticks, "{record} {empty:?}");
        assert_eq!(status.is_asleep(), ticks == 0);
        if record {
            assert!(shard.end_recording(room, "the disk is full"));
            assert_eq!((shard.next_deadline(), status.is_asleep()), (None, true));
        }
    }
}

#[test]
fn whoever_is_on_the_way_to_a_room_that_is_over_hears_so() {
    let mut shard: Shard<Stones> = Shard::new();
    let [room, other] = keys();
    let mut over = template(4);
    over.setup.first_tick = Tick(TICK_MAX - 3);
    open(&mut shard, over, order(room, "old", Arc::default()));
    let mut effects = Effects::default();
    let inside = join(&mut shard, room, &mut effects);
    run_until(&mut shard, Duration::from_secs(1), &mut effects);
    assert_eq!(
        (inside.closed(), &effects.over[..]),
        (Some(DisconnectReason::RoomOver), &[room][..])
    );
    let late = join(&mut shard, room, &mut effects);
    assert_eq!(late.closed(), Some(DisconnectReason::RoomOver));
    let elsewhere = join(&mut shard, other, &mut effects);
    assert_eq!(elsewhere.closed(), Some(DisconnectReason::RoomFailed));
}
