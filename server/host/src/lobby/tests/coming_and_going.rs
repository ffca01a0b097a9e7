//! A lobby and its shards, as a shell drives them, while clients come and go in any order and rooms
//! are built whenever: nobody is ever sent to a room that is gone.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use test_games::stones::Stones;
use tickwire_game::game::Setup;
use tickwire_game::protocol::DisconnectReason;
use tracing::Span;

use super::*;
use crate::mailbox::{Effects, PendingJoin};
use crate::room::RoomTemplate;
use crate::room_builder::{RoomBuilder, RoomOrder};
use crate::shard::Shard;
use crate::transport::in_memory::{Peer, pair};

const SHARDS: usize = 2;
const ROOMS_MAX: usize = 4;
const OPENER: OpenerLimits = OpenerLimits { rooms_max: 2, rooms_per_minute: 600 };

#[derive(Clone, Debug)]
enum Act {
    /// A client wants to be in the room of this number, or in any.
    Come { client: u64, room: Option<u8>, role: Role },
    /// One of those who came goes without a word.
    Go(usize),
    /// The builder builds what was ordered first.
    Build,
    /// So much time passes.
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let role = prop_oneof![3 => Just(Role::Player), 1 => Just(Role::Spectator)];
    let room = prop_oneof![6 => (0..8_u8).prop_map(Some), 1 => Just(None)];
    prop_oneof![
        6 => (0..4_u64, room, role).prop_map(|(client, room, role)| Act::Come { client, room, role }),
        5 => (0..64_usize).prop_map(Act::Go),
        5 => Just(Act::Build),
        5 => (0..2_000_u64).prop_map(Act::Wait),
    ]
}

struct Town {
    now: Duration,
    lobby: Lobby<Settings>,
    seats: mpsc::Receiver<SeatRelease>,
    shards: [Shard<Stones>; SHARDS],
    builder: RoomBuilder<Stones>,
    orders: VecDeque<RoomOrder<Settings>>,
    effects: Effects,
    peers: Vec<Peer>,
    /// Who had the rooms of these names opened last.
    openers: BTreeMap<String, u64>,
    keys: Vec<(usize, RoomKey)>,
}

impl Town {
    fn new() -> Town {
        let (mut lobby, seats) = lobby_of(ROOMS_MAX, OPENER, false);
        lobby.settings.shards = SHARDS;
        lobby.directory = Directory::new(lobby.settings.limits, SHARDS);
        lobby.takeovers = vec![0; SHARDS];
        let setup = Setup { players_max: 4, ..Setup::default() };
        Town {
            now: Duration::ZERO,
            lobby,
            seats,
            shards: std::array::from_fn(|_| Shard::new()),
            builder: RoomBuilder::new(RoomTemplate { setup, ..RoomTemplate::default() }),
            orders: VecDeque::new(),
            effects: Effects::default(),
            peers: Vec::new(),
            openers: BTreeMap::new(),
            keys: Vec::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Come { client, room, role } => self.come(client, room, role),
            Act::Go(_) if self.peers.is_empty() => {}
            Act::Go(at) => drop(self.peers.swap_remove(at % self.peers.len())),
            Act::Build => self.build(),
            Act::Wait(ms) => self.wait(Duration::from_millis(ms)),
        }
        self.settle();
        self.check();
    }

    fn come(&mut self, client: u64, room: Option<u8>, role: Role) {
        let room = match room {
            Some(number) => RequestedRoom::named(format!("named-{number}")),
            None => RequestedRoom::Any,
        };
        let admission =
            self.lobby.admit(&SeatRequest::guest(role, &room, Some(PeerKey(client))), self.now);
        for (shard, command) in self.lobby.take_commands() {
            self.shards[shard].handle(command, self.now, &mut self.effects);
        }
        for order in self.lobby.take_orders() {
            self.openers.insert(order.name.clone(), client);
            self.keys.push((order.shard, order.room));
            self.orders.push_back(order);
        }
        let Ok(admission) = admission else { return };
        let shard = admission.shard;
        let (transport, peer) = pair();
        let pending = PendingJoin {
            transport,
            admission,
            peer: PeerKey(client),
            subject: None,
            name: "Ada".to_owned(),
            replays: false,
            span: Span::none(),
        };
        let join = Command::Join(Box::new(pending));
        self.shards[shard].handle(join, self.now, &mut self.effects);
        self.peers.push(peer);
    }

    fn build(&mut self) {
        let Some(order) = self.orders.pop_front() else { return };
        let shard = &mut self.shards[order.shard];
        shard.open(self.builder.build(order), self.now, &mut self.effects);
        while shard.seat_next(self.now, &mut self.effects) {}
    }

    fn wait(&mut self, lasts: Duration) {
        let until = self.now + lasts;
        for shard in &mut self.shards {
            while let Some(deadline) = shard.next_deadline().filter(|deadline| *deadline <= until) {
                shard.pass(deadline, &mut self.effects);
                shard.pass_ended(deadline);
            }
        }
        self.now = until;
        self.settle();
        self.lobby.retire(self.now);
        for (shard, command) in self.lobby.take_commands() {
            self.shards[shard].handle(command, self.now, &mut self.effects);
        }
    }

    fn settle(&mut self) {
        let effects = std::mem::take(&mut self.effects);
        assert!(effects.failed.is_empty());
        for departed in effects.departed {
            // One that is sent where no room is would end as `RoomFailed`, one in a room that
            // makes way as `Closing`. Those who stay say nothing, for long.
            let reason = departed.reason;
            assert!(
                matches!(
                    reason,
                    DisconnectReason::Lost | DisconnectReason::Silent | DisconnectReason::TooSlow
                ),
                "{reason}"
            );
        }
        for seat in self.seats.try_iter() {
            self.lobby.leave(seat, self.now);
        }
        self.peers.retain(|peer| peer.closed().is_none());
    }

    fn check(&self) {
        assert!(self.lobby.rooms() <= ROOMS_MAX);
        let mut opened = BTreeMap::<u64, u32>::new();
        for room in self.lobby.list() {
            // Those that "any" opens have other names, and count for nobody.
            if room.name.starts_with("named-") {
                *opened.entry(self.openers[&room.name]).or_default() += 1;
            }
            assert!(!room.asleep || room.players + room.spectators as u16 == 0);
        }
        assert!(opened.values().all(|rooms| *rooms <= OPENER.rooms_max), "{opened:?}");
        let rooms = self.keys.iter().filter_map(|(shard, room)| self.shards[*shard].room(*room));
        for room in rooms {
            assert!(!room.is_asleep() || room.sessions().is_empty());
        }
    }

    /// All go, and so do their rooms after a while.
    fn close(&mut self) {
        self.peers.clear();
        while !self.orders.is_empty() {
            self.build();
        }
        self.wait(Duration::from_secs(1));
        self.wait(self.lobby.settings.limits.empty_max);
        assert_eq!((self.lobby.people(), self.lobby.rooms()), (0, 0));
        let mut keys = self.keys.iter();
        assert!(keys.all(|(shard, room)| self.shards[*shard].room(*room).is_none()));
        assert!(self.shards.iter().all(|shard| shard.next_deadline().is_none()));
    }
}

proptest! {
    #[test]
    fn whoever_comes_and_goes_nobody_is_sent_to_a_room_that_is_gone(
        acts in prop::collection::vec(act(), 0..150),
    ) {
        let mut town = Town::new();
        for act in &acts {
            town.act(act);
        }
        town.close();
    }
}
