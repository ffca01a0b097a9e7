//! Rooms that do what no room should, beside others on their shard.

use test_games::trouble::{Call, Opening, Order, Settings as Opens, Trouble};
use tickwire_game::protocol::{ClientMessage, Input};
use tickwire_game::tick::{Rewind, Tick};

use super::*;
use crate::checkpoint::{Checkpoints, KeptSeat};
use crate::limits::CHECKPOINT_EVERY;

const BAD: usize = 0;
const GOOD: usize = 1;

/// A shard with a room that gets into trouble, one that does not, and a player in each.
struct Two {
    shard: Shard<Trouble>,
    rooms: [RoomKey; 2],
    players: [Peer; 2],
    effects: Effects,
    now: Duration,
    sessions: u64,
}

impl Two {
    fn new() -> Two {
        let mut two = Two {
            shard: Shard::new(),
            rooms: keys(),
            players: [pair().1, pair().1],
            effects: Effects::default(),
            now: Duration::ZERO,
            sessions: 0,
        };
        for (room, name) in two.rooms.into_iter().zip(["bad", "good"]) {
            two.shard.handle(Command::Open { room, takeovers: 0 }, two.now, &mut two.effects);
            let built = builder().build(order_of(room, name));
            two.shard.open(built, two.now, &mut two.effects);
        }
        two.players = [two.join(BAD), two.join(GOOD)];
        two.run(3);
        two
    }

    fn join(&mut self, room: usize) -> Peer {
        let (transport, peer) = pair();
        self.sessions += 1;
        let session = SessionId(self.sessions);
        let pending = PendingJoin {
            transport,
            admission: Admission::of_nobody(session, self.rooms[room], Role::Player),
            peer: PeerKey(0),
            subject: None,
            name: "Ada".to_owned(),
            replays: true,
            span: Span::none(),
        };
        self.shard.handle(Command::Join(Box::new(pending)), self.now, &mut self.effects);
        peer
    }

    /// The player of a room gives an order for its next tick.
    fn order(&self, room: usize, order: Order) {
        self.order_at(room, self.tick(room).next(), order);
    }

    fn order_at(&self, room: usize, tick: Tick, order: Order) {
        let input = order.encoded();
        let input = Input { tick, seen: Tick(0), rewind: Rewind::default(), input: &input };
        let mut bytes = Vec::new();
        ClientMessage::Input(input).encode(&mut bytes);
        self.players[room].say([bytes]);
    }

    fn tick(&self, room: usize) -> Tick {
        self.shard.room(self.rooms[room]).expect("it is there").room().tick()
    }

    /// So many passes of each room that is there, none of which takes any time.
    fn run(&mut self, passes: u32) {
        let period = tickwire_game::tick::TickRate::default().period();
        let until = self.now + period * passes;
        while let Some(due) = self.shard.next_deadline().filter(|due| *due <= until) {
            self.now = due;
            self.shard.pass(due, &mut self.effects);
            self.shard.pass_ended(due);
        }
        self.now = until;
    }

    fn has(&self, room: usize) -> bool {
        self.shard.room(self.rooms[room]).is_some()
    }
}

fn builder() -> RoomBuilder<Trouble> {
    // Bots of the room are there to panic as well.
    let setup = Setup { players_max: 8, ..Setup::default() };
    RoomBuilder::new(RoomTemplate { setup, fill: 4, ..RoomTemplate::default() })
}

fn order_of(room: RoomKey, name: &str) -> RoomOrder<Opens> {
    order(room, name, Arc::default())
}

#[test]
fn a_panic_ends_its_room_alone_in_whatever_call_it_happens() {
    for call in Call::ALL {
        let mut two = Two::new();
        two.shard.set_checkpoints(Checkpoints::Always);
        two.order(BAD, Order::Panic(call));
        two.run(1);
        let before = two.tick(GOOD);
        let mut others = Vec::new();
        match call {
            Call::Join => others.push(two.join(BAD)),
            Call::Leave => {
                let mut goodbye = Vec::new();
                ClientMessage::Goodbye.encode(&mut goodbye);
                two.players[BAD].say([goodbye]);
            }
            Call::Copy => {
                two.now += CHECKPOINT_EVERY;
                while two.shard.checkpoint(two.now, &mut two.effects).is_some() {}
            }
            _ => {}
        }
        // What it shows, and what bots do of it, comes a tick later; scores some ticks later.
        let passes = 10;
        two.run(passes);
        assert!(!two.has(BAD), "{call:?}: the room is still there");
        assert_eq!(two.effects.failed, [two.rooms[BAD]], "{call:?}");
        assert_eq!(two.players[GOOD].closed(), None, "{call:?}");
        let made = two.tick(GOOD).since(before);
        let expected = i64::from(passes) + if call == Call::Copy { 30 } else { 0 };
        assert!((made - expected).abs() <= 1, "{call:?}: {made} ticks");
        assert_eq!(two.effects.counters.ticks_skipped, 0, "{call:?}");
        // To who left it is that; to all others, that the room failed.
        let end = two.players[BAD].closed();
        let left = (call == Call::Leave).then_some(DisconnectReason::Left);
        assert_eq!(end, left.or(Some(DisconnectReason::RoomFailed)), "{call:?}");
        for other in others {
            assert_eq!(other.closed(), Some(DisconnectReason::RoomFailed), "{call:?}");
        }
    }
}

#[test]
fn a_room_that_panics_while_it_is_made_ends_alone() {
    let mut two = Two::new();
    let [_, _, room] = keys();
    two.shard.handle(Command::Open { room, takeovers: 0 }, two.now, &mut two.effects);
    let settings = Some(Opens { opening: Opening::PanicsInNew });
    let built = builder().build(RoomOrder { settings, ..order_of(room, "new") });
    two.shard.open(built, two.now, &mut two.effects);
    assert_eq!(two.effects.failed, [room]);
    two.run(2);
    assert!(two.has(GOOD) && two.effects.counters.ticks_skipped == 0);
}

#[test]
fn rooms_go_on_elsewhere_from_their_checkpoints_with_the_players_who_are_known() {
    let mut two = Two::new();
    let _second = two.join(GOOD);
    two.order(GOOD, Order::Count);
    two.run(20);
    assert_eq!(two.shard.checkpoint_due(), Some(Duration::ZERO));
    let mut copies = Vec::new();
    while let Some(copy) = two.shard.checkpoint(two.now, &mut two.effects) {
        copies.push(copy);
    }
    assert_eq!(copies.len(), 2);
    assert!(two.shard.checkpoint(two.now, &mut two.effects).is_none(), "one a second");
    let copy = copies.into_iter().find(|copy| copy.room() == two.rooms[GOOD]).expect("its own");
    assert_eq!(copy.tick(), two.tick(GOOD));
    let sessions: Vec<_> = copy.sessions().collect();
    assert_eq!(sessions, [SessionId(2), SessionId(3)]);
    let hash = two.shard.room(two.rooms[GOOD]).expect("it is there").room().hash();

    // A shard that knows nothing of it goes on, with one of the two players.
    let (mut other, mut effects) = (Shard::<Trouble>::new(), Effects::default());
    let reservation = Reservation::of_nobody(two.rooms[GOOD], Role::Player);
    let kept = KeptSeat { session: SessionId(2), resumptions: 0, reservation };
    let now = Duration::from_secs(7);
    other.restore(&copy, vec![kept], now, &mut effects);
    let host = other.room(two.rooms[GOOD]).expect("it goes on");
    assert_eq!((host.sessions().len(), host.room().people()), (1, 1));
    assert_eq!(host.room().tick(), two.tick(GOOD));
    assert_ne!(host.room().hash(), hash, "one of them has left");
    let player = host.sessions()[0].player();

    // Its client resumes.
    let (transport, peer) = pair();
    let pending = PendingJoin {
        transport,
        admission: Admission::again(SessionId(2), two.rooms[GOOD], 1),
        peer: PeerKey(0),
        subject: None,
        name: "Ada".to_owned(),
        replays: true,
        span: Span::none(),
    };
    other.handle(Command::Join(Box::new(pending)), now, &mut effects);
    for _ in 0..3 {
        let due = other.next_deadline().expect("it is awake");
        other.pass(due, &mut effects);
        other.pass_ended(due);
    }
    let sent = peer.take();
    let welcome = ServerMessage::decode(sent.first().expect("it is welcome")).expect("a message");
    let ServerMessage::Welcome(welcome) = welcome else { panic!("{welcome:?}") };
    assert_eq!((welcome.player, welcome.resumed), (player, true));
    // If that one does not come back either, it goes on from the same copy once more.
    let mut third = Shard::<Trouble>::new();
    third.restore(&copy, Vec::new(), now, &mut effects);
    let host = third.room(two.rooms[GOOD]).expect("it goes on");
    assert_eq!((host.room().tick(), host.room().people()), (two.tick(GOOD), 0));
}

#[test]
fn what_a_player_ordered_for_later_is_forgotten_in_a_room_that_goes_on_from_a_copy() {
    let mut two = Two::new();
    two.order_at(BAD, Tick(two.tick(BAD).0 + 20), Order::Panic(Call::Step));
    two.run(2);
    let copy = std::iter::from_fn(|| two.shard.checkpoint(two.now, &mut two.effects))
        .find(|copy| copy.room() == two.rooms[BAD])
        .expect("it is copied");
    let (mut other, mut effects) = (Shard::<Trouble>::new(), Effects::default());
    let reservation = Reservation::of_nobody(two.rooms[BAD], Role::Player);
    let kept = KeptSeat { session: SessionId(1), resumptions: 0, reservation };
    other.restore(&copy, vec![kept], Duration::from_secs(7), &mut effects);
    for _ in 0..30 {
        let due = other.next_deadline().expect("its player may come back");
        other.pass(due, &mut effects);
        other.pass_ended(due);
    }
    assert_eq!(effects.failed, [], "the order of a client without a connection was carried out");
}

#[test]
fn rooms_that_are_alone_are_copied_only_if_it_is_wanted_and_sleepers_not_again() {
    let mut shard = Shard::<Trouble>::new();
    let ([room], effects) = (keys(), &mut Effects::default());
    shard.handle(Command::Open { room, takeovers: 0 }, Duration::ZERO, effects);
    shard.open(builder().build(order_of(room, "alone")), Duration::ZERO, effects);
    assert_eq!(shard.checkpoint_due(), None);
    shard.set_checkpoints(Checkpoints::Never);
    assert_eq!(shard.checkpoint_due(), None);
    shard.set_checkpoints(Checkpoints::Always);
    assert!(shard.checkpoint(Duration::ZERO, effects).is_some());
    assert_eq!(shard.checkpoint_due(), None, "nothing has changed");
}

#[test]
fn a_room_that_comes_is_copied_before_any_tick_with_the_one_that_was_alone_and_no_other() {
    let mut shard = Shard::<Trouble>::new();
    let (rooms, effects) = (keys::<3>(), &mut Effects::default());
    let mut copied = Vec::new();
    for (at, (room, name)) in rooms.into_iter().zip(["first", "second", "third"]).enumerate() {
        // By then all that were there before are overdue.
        let now = 5 * CHECKPOINT_EVERY * at as u32;
        shard.handle(Command::Open { room, takeovers: 0 }, now, effects);
        shard.open(builder().build(order_of(room, name)), now, effects);
        let newcomers = std::iter::from_fn(|| shard.checkpoint_newcomer(now, effects));
        copied.push(newcomers.map(|copy| copy.room()).collect::<Vec<_>>());
    }
    assert_eq!(copied, [vec![], vec![rooms[0], rooms[1]], vec![rooms[2]]]);
    // Copies of rooms that have ended are of no use.
    shard.handle(Command::Retire { room: rooms[1] }, Duration::ZERO, effects);
    assert_eq!(shard.take_ended(), [rooms[1]]);
    assert_eq!(shard.take_ended(), []);
}

#[test]
fn a_room_that_plays_beside_many_sleepers_is_copied_each_second() {
    let (mut shard, mut effects) = (Shard::<Trouble>::new(), Effects::default());
    let rooms = keys::<250>();
    let mut now = Duration::ZERO;
    for room in rooms {
        shard.handle(Command::Open { room, takeovers: 0 }, now, &mut effects);
        let record = room == rooms[0];
        let order = RoomOrder { record, ..order_of(room, &format!("{room:?}")) };
        shard.open(builder().build(order), now, &mut effects);
        while shard.checkpoint_newcomer(now, &mut effects).is_some() {}
    }
    assert_eq!(effects.counters.checkpoints, rooms.len() as u64);
    // At most one after each pass.
    let (mut last, mut longest) = (Duration::ZERO, Duration::ZERO);
    while now < Duration::from_secs(60) {
        now = shard.next_deadline().expect("one is awake");
        shard.pass(now, &mut effects);
        shard.pass_ended(now);
        effects.recorded.clear();
        if let Some(copy) = shard.checkpoint(now, &mut effects) {
            assert_eq!(copy.room(), rooms[0], "no other has changed");
            longest = longest.max(now - last);
            last = now;
        }
    }
    assert!(longest <= CHECKPOINT_EVERY, "{longest:?}");
}

#[test]
fn a_world_that_panics_when_it_is_dropped_hurts_nobody_else() {
    let mut two = Two::new();
    two.order(BAD, Order::Panic(Call::Drop));
    two.run(1);
    let room = two.rooms[BAD];
    two.shard.handle(Command::Retire { room }, two.now, &mut two.effects);
    assert!(!two.has(BAD));
    assert_eq!(two.players[BAD].closed(), Some(DisconnectReason::Closing));
    two.run(2);
    assert!(two.has(GOOD) && two.players[GOOD].closed().is_none());
    assert_eq!(two.shard.room_at_work().now(), None);
}

#[test]
fn what_was_granted_before_a_shard_took_over_counts_for_nothing() {
    let mut shard = Shard::<Trouble>::new();
    let ([before, after], effects) = (keys(), &mut Effects::default());
    shard.take_over(1);
    for (room, takeovers) in [(before, 0), (after, 1)] {
        shard.handle(Command::Open { room, takeovers }, Duration::ZERO, effects);
        shard.open(builder().build(order_of(room, "room")), Duration::ZERO, effects);
    }
    assert!(shard.room(before).is_none() && shard.room(after).is_some());
    // A seat in a room that goes on, given out before the lobby heard that it does.
    let mut admission = Admission::of_nobody(SessionId(1), after, Role::Player);
    for (takeovers, plays) in [(0, 0), (1, 1)] {
        admission.takeovers = takeovers;
        let (transport, peer) = pair();
        let pending = PendingJoin {
            transport,
            admission: std::mem::replace(
                &mut admission,
                Admission::of_nobody(SessionId(2), after, Role::Player),
            ),
            peer: PeerKey(0),
            subject: None,
            name: "Ada".to_owned(),
            replays: true,
            span: Span::none(),
        };
        shard.handle(Command::Join(Box::new(pending)), Duration::ZERO, effects);
        assert_eq!(shard.room(after).expect("it is there").sessions().len(), plays);
        // The first asks again, and gets in.
        let asks_again = (plays == 0).then_some(DisconnectReason::Fault);
        assert_eq!(peer.closed(), asks_again);
    }
}

#[test]
fn everybody_who_comes_to_a_shard_that_has_closed_hears_so() {
    let mut shard = Shard::<Trouble>::new();
    let ([room], effects) = (keys(), &mut Effects::default());
    shard.handle(Command::Close, Duration::ZERO, effects);
    let peers: Vec<_> = (0..100)
        .map(|session| {
            let (transport, peer) = pair();
            let pending = PendingJoin {
                transport,
                admission: Admission::of_nobody(SessionId(session), room, Role::Player),
                peer: PeerKey(0),
                subject: None,
                name: "Ada".to_owned(),
                replays: true,
                span: Span::none(),
            };
            shard.handle(Command::Join(Box::new(pending)), Duration::ZERO, effects);
            peer
        })
        .collect();
    assert!(peers.iter().all(|peer| peer.closed() == Some(DisconnectReason::Closing)));
}
