//! Clients that come back to a shard with players to spare: one turn each, and none once it is too late.

use tickwire_game::protocol::ClientMessage;
use tickwire_game::protocol::Ping;

use super::*;
use crate::session::Session;

const PLAYERS: u64 = 4;

/// A shard of one room with players who were heard and whose connections then broke, of the session
/// numbers from 0.
fn of_absent() -> (Shard<Stones>, RoomKey, Effects, Duration) {
    let (mut shard, [room], mut effects) = (Shard::new(), keys(), Effects::default());
    open(&mut shard, template(PLAYERS as u16), order(room, "room", Arc::default()));
    let peers: Vec<_> = (0..PLAYERS)
        .map(|session| {
            let admission = Admission::of_nobody(SessionId(session), room, Role::Player);
            arrive(&mut shard, admission, Duration::ZERO, &mut effects)
        })
        .collect();
    let mut ping = Vec::new();
    ClientMessage::Ping(Ping { number: 1 }).encode(&mut ping);
    peers.iter().for_each(|peer| peer.say([ping.clone()]));
    run(&mut shard, Duration::from_millis(100), &mut effects);
    drop(peers);
    let now = Duration::from_millis(200);
    run(&mut shard, now, &mut effects);
    assert_eq!(effects.counters.sessions_absent, PLAYERS);
    (shard, room, Effects::default(), now)
}

fn arrive(
    shard: &mut Shard<Stones>,
    admission: Admission,
    now: Duration,
    effects: &mut Effects,
) -> Peer {
    let (pending, peer) = pending(admission.room());
    let pending = PendingJoin { admission, ..pending };
    shard.handle(Command::Join(Box::new(pending)), now, effects);
    peer
}

fn run(shard: &mut Shard<Stones>, until: Duration, effects: &mut Effects) {
    while let Some(deadline) = shard.next_deadline().filter(|deadline| *deadline <= until) {
        shard.pass(deadline, effects);
    }
}

#[test]
fn who_comes_again_while_it_waits_for_its_turn_has_one_turn_and_that_is_its_old_one() {
    let (mut shard, room, mut effects, now) = of_absent();
    // Nobody more is taken in at this moment.
    shard.joins = Bucket::full(JOINS);
    shard.joins_filled = now;
    while shard.joins.take() {}
    let again = |session, resumptions| Admission::again(SessionId(session), room, resumptions);
    let first: Vec<_> = (1..=9)
        .map(|resumptions| arrive(&mut shard, again(0, resumptions), now, &mut effects))
        .collect();
    let other = arrive(&mut shard, again(1, 1), now, &mut effects);
    let last = arrive(&mut shard, again(0, 10), now, &mut effects);
    assert_eq!(shard.line.len(), 2);
    assert!(first.iter().all(|peer| peer.closed() == Some(DisconnectReason::Replaced)));
    assert!(effects.departed.iter().all(|departed| departed.reservation.is_none()));
    // There is one turn, and then another.
    let next = shard.seats_at().expect("two wait");
    assert!(shard.seat_next(next, &mut effects));
    let sessions = shard.room(room).expect("it is there").sessions();
    let present: Vec<_> = sessions.iter().filter(|it| !it.is_absent()).map(Session::id).collect();
    assert_eq!(present, [SessionId(0)]);
    let after = shard.seats_at().expect("one waits");
    assert!(shard.seat_next(after, &mut effects) && shard.line.is_empty());
    assert_eq!(effects.counters.sessions_resumed, 2);
    assert!(last.closed().is_none() && other.closed().is_none());
}

#[test]
fn a_player_that_is_not_waited_for_any_longer_ends_and_one_with_a_connection_does_not() {
    let (mut shard, room, mut effects, now) = of_absent();
    let peer = arrive(&mut shard, Admission::again(SessionId(1), room, 1), now, &mut effects);
    for session in [0, 1, 99].map(SessionId) {
        shard.handle(Command::Expire { room, session }, now, &mut effects);
    }
    // A client that is on the way back just then is too late.
    let late = arrive(&mut shard, Admission::again(SessionId(0), room, 1), now, &mut effects);
    assert_eq!(late.closed(), Some(DisconnectReason::Refused));
    run(&mut shard, now + Duration::from_millis(100), &mut effects);
    let sessions = shard.room(room).expect("it is there").sessions();
    let left: Vec<_> = sessions.iter().map(|it| it.id().0).collect();
    assert_eq!(left, [1, 2, 3]);
    assert_eq!((effects.freed.len(), effects.counters.sessions_expired), (1, 1));
    assert!(peer.closed().is_none());
    // Nor is there harm in a room that is gone.
    let room = RoomKey::default();
    shard.handle(Command::Expire { room, session: SessionId(1) }, now, &mut effects);
}

#[test]
fn who_was_overtaken_on_the_way_takes_nothing_from_who_came_after() {
    let (mut shard, room, mut effects, now) = of_absent();
    let again = |session, resumptions| Admission::again(SessionId(session), room, resumptions);
    let newest = arrive(&mut shard, again(0, 2), now, &mut effects);
    let overtaken = arrive(&mut shard, again(0, 1), now, &mut effects);
    assert_eq!((newest.closed(), overtaken.closed()), (None, Some(DisconnectReason::Replaced)));
    // Nor while they wait for their turn.
    while shard.joins.take() {}
    let newest = arrive(&mut shard, again(1, 2), now, &mut effects);
    let overtaken = arrive(&mut shard, again(1, 1), now, &mut effects);
    assert_eq!(overtaken.closed(), Some(DisconnectReason::Replaced));
    let next = shard.seats_at().expect("one waits");
    assert!(shard.seat_next(next, &mut effects) && shard.line.is_empty());
    assert_eq!((newest.closed(), effects.counters.sessions_resumed), (None, 2));
}
