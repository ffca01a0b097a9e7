//! What a shard sends its clients once the server is to close.

use tickwire_game::protocol::{ClientMessage, Closing, Notice, Ping};

use super::*;
use crate::drain::Drain;
use crate::room::StreamSettings;

const DRAIN: Drain = Drain { lasts: Duration::from_secs(30), ends_rooms: true };

/// What a client was sent of it since this was last asked, with the message before.
fn closing_of(peer: &Peer) -> Vec<String> {
    let (mut found, mut before) = (Vec::new(), "nothing");
    for bytes in peer.take() {
        let message = ServerMessage::decode(&bytes).expect("a message");
        match &message {
            ServerMessage::Closing(Closing { in_seconds }) => {
                found.push(format!("{in_seconds} after {before}"));
            }
            ServerMessage::Notice(Notice { text }) => found.push((*text).to_owned()),
            _ => {}
        }
        before = match message {
            ServerMessage::Welcome(_) => "welcome",
            ServerMessage::Snapshot(_) => "snapshot",
            _ => "another",
        };
    }
    found
}

/// A shard with a room that may end once so many play, where spectators see all at once.
fn shard_of(may_end_with: usize) -> (Shard<Stones>, RoomKey) {
    let (mut shard, [room]) = (Shard::new(), keys());
    let mut template = template(8);
    template.setup.settings.may_end_with = Some(may_end_with);
    template.stream = StreamSettings { spectator_delay: Duration::ZERO, ..template.stream };
    template.grace = Duration::from_secs(60);
    open(&mut shard, template, order(room, "meadow", Arc::default()));
    (shard, room)
}

fn enter(
    shard: &mut Shard<Stones>,
    admission: Admission,
    now: Duration,
    effects: &mut Effects,
) -> Peer {
    let (pending, peer) = pending(admission.room());
    let pending = PendingJoin { admission, name: "Ann".to_owned(), ..pending };
    shard.handle(Command::Join(Box::new(pending)), now, effects);
    peer
}

#[test]
fn every_client_is_sent_once_over_each_connection_when_the_server_closes() {
    let ((mut shard, room), mut effects) = (shard_of(99), Effects::default());
    let mut now = Duration::from_secs(5);
    let admit = |session, role| Admission::of_nobody(SessionId(session), room, role);
    let player = enter(&mut shard, admit(1, Role::Player), now, &mut effects);
    let watches = enter(&mut shard, admit(2, Role::Spectator), now, &mut effects);
    let mut ping = Vec::new();
    ClientMessage::Ping(Ping { number: 1 }).encode(&mut ping);
    player.say([ping]);
    now += Duration::from_secs(1);
    run_until(&mut shard, now, &mut effects);
    for peer in [&player, &watches] {
        assert_eq!(closing_of(peer), [""; 0]);
    }
    shard.handle(Command::Drain(DRAIN), now, &mut effects);
    run_until(&mut shard, now + Duration::from_millis(100), &mut effects);
    let whole = ["30 after nothing", "The server closes in 30 s."];
    assert_eq!(closing_of(&player), whole, "before everything else");
    assert_eq!(closing_of(&watches), whole);
    // The rest, as of when it comes back.
    drop(player);
    now += Duration::from_millis(2_500);
    run_until(&mut shard, now, &mut effects);
    let again = Admission::again(SessionId(1), room, 1);
    let player = enter(&mut shard, again, now, &mut effects);
    now += Duration::from_secs(2);
    run_until(&mut shard, now, &mut effects);
    assert_eq!(closing_of(&player), ["28 after welcome", "The server closes in 28 s."]);
    assert_eq!(closing_of(&watches), [""; 0], "once is enough");
    // Whatever the time, it is not for the shard to close.
    shard.handle(Command::Drain(Drain { lasts: Duration::ZERO, ..DRAIN }), now, &mut effects);
    now += Duration::from_secs(1);
    run_until(&mut shard, now, &mut effects);
    assert_eq!((player.closed(), watches.closed()), (None, None));
    assert!(effects.over.is_empty());
}

#[test]
fn a_room_that_comes_while_the_server_drains_says_so_too() {
    let (mut shard, mut effects) = (Shard::<Stones>::new(), Effects::default());
    let [room] = keys();
    shard.handle(Command::Open { room, takeovers: 0 }, Duration::ZERO, &mut effects);
    let waits = join(&mut shard, room, &mut effects);
    shard.handle(Command::Drain(DRAIN), Duration::ZERO, &mut effects);
    let built = RoomBuilder::new(template(8)).build(order(room, "late", Arc::default()));
    let now = Duration::from_secs(2);
    shard.open(built, now, &mut effects);
    assert!(shard.seat_next(now, &mut effects));
    run_until(&mut shard, now + Duration::from_millis(100), &mut effects);
    assert_eq!(closing_of(&waits), ["28 after welcome", "The server closes in 28 s."]);
}

#[test]
fn a_room_ends_as_soon_as_its_game_says_that_it_may_if_rooms_are_to_end_like_that() {
    for ends_rooms in [true, false] {
        let ((mut shard, room), mut effects) = (shard_of(2), Effects::default());
        let first = join(&mut shard, room, &mut effects);
        let watches = enter(
            &mut shard,
            Admission::of_nobody(SessionId(3), room, Role::Spectator),
            Duration::ZERO,
            &mut effects,
        );
        let mut now = Duration::from_secs(1);
        shard.handle(Command::Drain(Drain { ends_rooms, ..DRAIN }), now, &mut effects);
        run_until(&mut shard, now, &mut effects);
        assert!(effects.over.is_empty(), "it may not end yet");
        let second = join_at(&mut shard, room, now, &mut effects);
        now += Duration::from_secs(1);
        run_until(&mut shard, now, &mut effects);
        let ended = ends_rooms.then_some(DisconnectReason::Closing);
        for peer in [&first, &second, &watches] {
            assert_eq!(peer.closed(), ended);
        }
        assert!(!closing_of(&second).is_empty(), "it was sent why");
        assert_eq!(effects.over, if ends_rooms { vec![room] } else { vec![] });
        assert_eq!(shard.room(room).is_none(), ends_rooms);
        // One that is on its way there meanwhile.
        let late = join_at(&mut shard, room, now, &mut effects);
        assert_eq!(late.closed(), ended);
    }
}

#[test]
fn a_game_that_may_always_end_goes_on_while_the_server_is_not_to_close() {
    let ((mut shard, room), mut effects) = (shard_of(1), Effects::default());
    let peer = join(&mut shard, room, &mut effects);
    run_until(&mut shard, Duration::from_secs(3), &mut effects);
    assert!(peer.closed().is_none() && shard.room(room).is_some());
}
