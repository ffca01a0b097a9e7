//! What each viewer is sent, whatever happens to the room and whenever it reads.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use tickwire_game::scene::{RowRef, Scene, View};

use super::*;
use crate::limits::EVENT_EXPIRY_TICKS;

/// Something that happens to a room between or at its ticks.
#[derive(Clone, Debug)]
enum Act {
    Join,
    Watch,
    Leave(prop::sample::Index),
    /// An input for the tick so far ahead of the next one, often a sensible one.
    Press(prop::sample::Index, i64, Push),
    Noise(prop::sample::Index, Vec<u8>),
    Step,
    Send(prop::sample::Index),
}

fn act() -> impl Strategy<Value = Act> {
    let push = (any::<i8>(), any::<i8>(), prop::bool::weighted(0.3));
    let push = push.prop_map(|(x, y, pop)| Push { x, y, pop });
    let any_one = any::<prop::sample::Index>;
    prop_oneof![
        3 => Just(Act::Join),
        1 => Just(Act::Watch),
        2 => any_one().prop_map(Act::Leave),
        16 => (any_one(), -2..5_i64, push).prop_map(|(who, ahead, push)| Act::Press(who, ahead, push)),
        1 => (any_one(), prop::collection::vec(any::<u8>(), 0..6)).prop_map(|(who, bytes)| Act::Noise(who, bytes)),
        12 => Just(Act::Step),
        16 => any_one().prop_map(Act::Send),
    ]
}

/// An event as it must be sent.
type Fact = (Tick, u8, Vec<i32>);

fn fact(tick: Tick, event: RowRef<'_>) -> Fact {
    (tick, event.kind, event.values.to_vec())
}

/// A room, its clients, and a record of everything, kept apart from the room's own.
struct Trial {
    room: Room<Stones>,
    clients: Vec<Client>,
    /// All scenes whose events have not expired.
    scenes: VecDeque<Scene>,
    /// What entered the world, to be done once more.
    entered: Vec<Act>,
    hashes: Vec<u64>,
}

impl Trial {
    fn new(fill: u16) -> Trial {
        let room = room(6, fill);
        let scenes = VecDeque::from([room.published().scene().clone()]);
        Trial { room, clients: Vec::new(), scenes, entered: Vec::new(), hashes: Vec::new() }
    }

    fn act(&mut self, act: &Act) {
        let (room, clients) = (&mut self.room, &mut self.clients);
        match act {
            Act::Watch => clients.push(Client::new(None)),
            Act::Join => {
                if let Ok(player) = room.join("moth", None) {
                    clients.push(Client::new(Some(player)));
                }
            }
            Act::Step => {
                room.step();
                self.scenes.push_front(room.published().scene().clone());
                self.scenes.truncate(EVENT_EXPIRY_TICKS as usize);
                self.hashes.push(room.hash());
                assert_eq!(room.people() + room.bots(), room.people().max(room.config().fill));
            }
            _ if clients.is_empty() => {}
            Act::Leave(who) => {
                let client = clients.remove(who.index(clients.len()));
                if let Some(player) = client.player {
                    room.leave(player, LeaveReason::Left);
                }
            }
            Act::Press(who, ahead, push) => {
                let Some(player) = clients[who.index(clients.len())].player else { return };
                let tick = (i64::from(room.tick().next().0) + ahead).max(0) as u32;
                press(room, player, tick, *push);
            }
            Act::Noise(who, input) => {
                let Some(player) = clients[who.index(clients.len())].player else { return };
                let tick = room.tick().next();
                room.input(
                    player,
                    &Input { tick, seen: Tick(0), rewind: Rewind::default(), input },
                );
            }
            Act::Send(who) => {
                let who = who.index(clients.len());
                self.send(who);
            }
        }
        self.entered.push(act.clone());
    }

    /// Sends one client what is new, and checks that it then knows exactly what it may.
    fn send(&mut self, who: usize) {
        let (room, client) = (&self.room, &mut self.clients[who]);
        let published = room.published();
        client.read_roster(published);
        let mut fresh = Client::new(None);
        fresh.read_roster(published);
        // Scores are sent apart.
        let named = |client: &Client| -> Vec<_> {
            let players = client.roster.iter();
            players.map(|(player, (name, _, bot))| (*player, name.clone(), *bot)).collect()
        };
        assert_eq!(named(client), named(&fresh));

        let known = client.decoder.mirror().tick();
        let Some(part) = client.read_snapshot(published) else { return };
        let game = room.game();
        let view = client.player.map_or(View::Everything, |player| game.view(player));
        let own = client.player.and_then(|player| game.own(player));
        let own = own.map(|own| bincode::serde::encode_to_vec(&own, WIRE).expect("it is plain"));
        assert_eq!(client.decoder.mirror().own(), own.as_deref());
        assert_eq!(part.is_some(), client.player.is_some());

        let (scene, schema) = (published.scene(), room.config().schema());
        let may_know = |&index: &usize| scene.may_know_row(schema, index, client.player, &view);
        let rows = (0..scene.rows().len()).filter(may_know).map(|index| scene.rows().row(index));
        assert!(client.decoder.mirror().rows().iter().eq(rows));

        let mut facts = Vec::new();
        let missed = |tick: Tick| known.map_or(tick == scene.tick(), |known| tick > known);
        for past in self.scenes.iter().rev().filter(|past| missed(past.tick())) {
            for (index, event) in past.events().iter().enumerate() {
                if past.may_know_event(schema, index, client.player, &view) {
                    facts.push(fact(past.tick(), event));
                }
            }
        }
        let sent: Vec<Fact> =
            client.decoder.events().map(|(tick, event)| fact(tick, event)).collect();
        assert_eq!(sent, facts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_viewer_is_sent_exactly_what_it_may_know(
        acts in prop::collection::vec(act(), 0..300),
        fill in 0..8_u16,
    ) {
        let mut trial = Trial::new(fill);
        acts.iter().for_each(|act| trial.act(act));
    }

    #[test]
    fn the_same_inputs_make_the_same_world_whether_or_not_anyone_watches(
        acts in prop::collection::vec(act(), 0..300),
        fill in 0..8_u16,
    ) {
        let mut first = Trial::new(fill);
        acts.iter().for_each(|act| first.act(act));
        // Once more, and nothing is sent to anybody.
        let mut second = Trial::new(fill);
        first.entered.iter().filter(|act| !matches!(act, Act::Send(_))).for_each(|act| second.act(act));
        prop_assert_eq!(&first.hashes, &second.hashes);
        // And once more with somebody who watches all the time, beside what entered before.
        let mut third = Trial::new(fill);
        let mut spectator = Client::new(None);
        for act in &first.entered {
            third.act(act);
            spectator.read_roster(third.room.published());
            spectator.read_snapshot(third.room.published());
        }
        prop_assert_eq!(&first.hashes, &third.hashes);
        spectator.read_snapshot(third.room.published());
        prop_assert!(spectator.decoder.mirror().rows() == third.room.published().scene().rows());
    }
}

#[test]
fn the_tiny_game_shows_what_the_trials_need() {
    let mut trial = Trial::new(6);
    let mut kinds = BTreeSet::new();
    for _ in 0..100 {
        trial.act(&Act::Step);
        kinds.extend(trial.room.published().scene().events().iter().map(|event| event.kind));
    }
    assert!(kinds.into_iter().eq([0, 1, 2]), "each kind of event");
}
