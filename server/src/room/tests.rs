//! What a room promises, tried out with a tiny game.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use shared::game::{Game, Setup};
use shared::ids::{PlayerId, SessionId};
use shared::limits::{
    EVENT_EXPIRY_TICKS, INPUT_AHEAD_MIN_TICKS, SNAPSHOT_ENTITIES_MAX, SNAPSHOT_EVENTS_MAX,
};
use shared::protocol::snapshot::{GivenKind, NoReplay, SnapshotDecoder};
use shared::protocol::{Input, Refusal, RosterEntry, ServerMessage, WIRE};
use shared::scene::{RowRef, View};
use shared::tick::{Rewind, Tick};

use super::dots::{self, Dots, Push, Settings, Stone};
use super::{InputVerdict, Room, RoomError, RoomSettings, Viewer};

fn settings(players_max: u16, fill: u16) -> RoomSettings<Settings> {
    let stone = |at: i32| Stone {
        x: (at % 12 * 5) as f32 - 30.0,
        y: (at / 12 * 5) as f32 - 30.0,
        audience: [None, None, None, Some(u16::MAX), Some((at % 6) as u16)][at as usize % 5],
    };
    let settings = Settings { stones: (0..144).map(stone).collect(), ..Settings::default() };
    let setup = Setup { settings, seed: 11, players_max, ..Setup::default() };
    RoomSettings { name: "meadow".to_owned(), setup, fill, ..RoomSettings::default() }
}

fn room(players_max: u16, fill: u16) -> Room<Dots> {
    Room::new(settings(players_max, fill)).expect("these settings are good")
}

fn press(room: &mut Room<Dots>, player: PlayerId, tick: u32, push: Push) -> InputVerdict {
    room.input(
        player,
        &Input { tick: Tick(tick), seen: Tick(0), rewind: Rewind::default(), input: &push.bytes() },
    )
}

const RIGHT: Push = Push { x: 16, y: 0, pop: false };

/// A client: it has nothing but what it is told.
struct Client {
    viewer: Viewer,
    player: Option<PlayerId>,
    decoder: SnapshotDecoder,
    roster: BTreeMap<PlayerId, (String, i32, bool)>,
}

impl Client {
    fn new(room: &Room<Dots>, player: Option<PlayerId>) -> Client {
        let (decoder, roster) = (SnapshotDecoder::new(), BTreeMap::new());
        Client { viewer: room.viewer(player, false), player, decoder, roster }
    }

    fn read_roster(&mut self, room: &mut Room<Dots>) -> bool {
        let mut bytes = Vec::new();
        if !room.write_roster(&mut self.viewer, &mut bytes) {
            return false;
        }
        let message = ServerMessage::decode(&bytes);
        let Ok(ServerMessage::Roster(roster)) = message else { panic!("{message:?}") };
        if roster.complete {
            self.roster.clear();
        }
        for player in roster.gone {
            self.roster.remove(&player);
        }
        for RosterEntry { player, name, score, bot, .. } in roster.entries {
            self.roster.insert(player, (name.to_owned(), score, bot));
        }
        true
    }

    /// Reads the next snapshot if there is one: how its input was come by, and the margin.
    fn read_snapshot(&mut self, room: &mut Room<Dots>) -> Option<Option<(GivenKind, i32)>> {
        let mut bytes = Vec::new();
        if !room.write_snapshot(&mut self.viewer, &mut bytes) {
            return None;
        }
        let message = ServerMessage::decode(&bytes);
        let Ok(ServerMessage::Snapshot(body)) = message else { panic!("{message:?}") };
        let snapshot = self
            .decoder
            .decode(room.codec(), body, &mut NoReplay)
            .expect("what is written decodes");
        assert_eq!(snapshot.tick, room.tick());
        assert_eq!(self.decoder.mirror(), self.viewer.mirror());
        Some(snapshot.player)
    }
}

#[test]
fn bots_fill_a_room_and_give_way_to_people() {
    let mut room = room(4, 3);
    assert_eq!((room.people(), room.bots()), (0, 0));
    room.step();
    assert_eq!((room.people(), room.bots()), (0, 3));
    let mut spectator = Client::new(&room, None);
    spectator.read_roster(&mut room);
    assert!(spectator.roster.values().all(|(_, _, bot)| *bot));
    let people: Vec<PlayerId> = (0..4).map(|_| room.join("Ada").expect("there is space")).collect();
    // At once, without a tick between.
    assert_eq!((room.people(), room.bots()), (4, 0));
    spectator.read_roster(&mut room);
    assert!(spectator.roster.values().all(|(_, _, bot)| !*bot));
    assert_eq!(people, [2, 1, 0, 3].map(PlayerId));
    room.step();
    assert_eq!((room.people(), room.bots()), (4, 0));
    room.leave(people[0]);
    room.leave(people[1]);
    room.leave(people[1]);
    assert_eq!((room.people(), room.bots()), (2, 0));
    room.step();
    assert_eq!((room.people(), room.bots()), (2, 1));
    room.leave(PlayerId(1)); // A bot has that id now, and bots are not anybody's to send away.
    assert_eq!((room.people(), room.bots()), (2, 1));
}

#[test]
fn bots_play() {
    let mut room = room(4, 4);
    for _ in 0..100 {
        room.step();
    }
    let mut spectator = Client::new(&room, None);
    spectator.read_roster(&mut room);
    assert!(spectator.roster.values().all(|(_, score, _)| *score > 10), "{:?}", spectator.roster);
    assert_eq!(room.counters().ticks_absent, 0);
}

#[test]
fn a_full_room_refuses_people() {
    let mut room = room(2, 9);
    room.step();
    assert_eq!(room.bots(), 2);
    let first = room.join("a").expect("there is space");
    room.join("b").expect("there is space");
    assert_eq!(room.join("c"), Err(Refusal::RoomFull));
    assert_eq!(room.counters().refused_full, 1);
    room.leave(first);
    assert_eq!(room.join("c"), Ok(first));
}

#[test]
fn settings_that_break_a_limit_open_no_room() {
    let open = |settings| Room::<Dots>::new(settings).err();
    assert_eq!(open(settings(0, 0)), Some(RoomError::PlayersMax(0)));
    assert_eq!(open(settings(u16::MAX, 0)), Some(RoomError::PlayersMax(u16::MAX)));
    let mut level = settings(1, 0);
    level.setup.settings.level_bytes = shared::limits::WELCOME_MAX_BYTES;
    assert!(matches!(open(level), Some(RoomError::WelcomeTooBig(_))));
}

#[test]
#[should_panic(expected = "own state of")]
fn too_large_an_own_state_is_the_games_fault() {
    let mut settings = settings(1, 0);
    settings.setup.settings.own_bytes = shared::limits::OWN_MAX_BYTES;
    let mut room = Room::<Dots>::new(settings).expect("these settings are good");
    let player = room.join("a").expect("there is space");
    room.step();
    Client::new(&room, Some(player)).read_snapshot(&mut room);
}

#[test]
fn a_welcome_says_all_that_a_client_must_know() {
    let mut room = room(4, 0);
    let player = room.join("Ada").expect("there is space");
    room.step();
    let mut bytes = Vec::new();
    room.welcome(SessionId(77), Some(player), &mut bytes);
    let message = ServerMessage::decode(&bytes);
    let Ok(ServerMessage::Welcome(welcome)) = message else { panic!("{message:?}") };
    assert_eq!((welcome.session, welcome.player), (SessionId(77), Some(player)));
    assert_eq!((welcome.room, welcome.tick, welcome.players_max), ("meadow", Tick(1), 4));
    let (schema, _): (shared::scene::Schema, usize) =
        bincode::decode_from_slice(welcome.schema, WIRE).expect("it is a schema");
    assert_eq!(schema, Dots::schema());
}

#[test]
fn inputs_that_cannot_be_applied_are_counted_and_change_nothing() {
    let (mut room, mut other) = (room(4, 0), self::room(4, 0));
    let player = room.join("a").expect("there is space");
    other.join("a").expect("there is space");
    for tick in 1..=3 {
        room.step();
        other.step();
        assert_eq!(press(&mut room, player, tick + 1, RIGHT), InputVerdict::Taken);
        assert_eq!(press(&mut other, player, tick + 1, RIGHT), InputVerdict::Taken);
    }
    let left = Push { x: -16, y: 3, pop: true };
    assert_eq!(press(&mut room, player, 4, left), InputVerdict::Replaced);
    assert_eq!(press(&mut room, player, 4, RIGHT), InputVerdict::Replaced, "the last one counts");
    assert_eq!(press(&mut room, player, 3, left), InputVerdict::Late);
    let too_far = 4 + INPUT_AHEAD_MIN_TICKS;
    assert_eq!(press(&mut room, player, too_far, left), InputVerdict::TooFarAhead);
    let noise =
        Input { tick: Tick(5), seen: Tick(0), rewind: Rewind::default(), input: &[1, 1, 2] };
    assert_eq!(room.input(player, &noise), InputVerdict::Malformed);
    assert_eq!(press(&mut room, PlayerId(3), 5, left), InputVerdict::NotPlaying);
    let counters = room.counters();
    assert_eq!((counters.inputs_taken, counters.inputs_late), (3, 1));
    assert_eq!((counters.inputs_replaced, counters.inputs_too_far_ahead), (2, 1));
    assert_eq!((counters.inputs_malformed, counters.inputs_not_playing), (1, 1));
    for _ in 0..100 {
        room.step();
        other.step();
        assert_eq!(room.hash(), other.hash());
    }
}

#[test]
fn silence_repeats_the_last_input_and_then_is_absence() {
    let mut room = room(4, 0);
    let player = room.join("a").expect("there is space");
    let mut client = Client::new(&room, Some(player));
    press(&mut room, player, 1, RIGHT);
    let mut come_by = Vec::new();
    for _ in 0..18 {
        room.step();
        let (given, margin) = client.read_snapshot(&mut room).flatten().expect("it plays");
        assert_eq!(i64::from(margin), Tick(1).since(room.tick()));
        come_by.push(given);
    }
    assert_eq!(come_by[0], GivenKind::Received);
    assert!(come_by[1..=15].iter().all(|given| *given == GivenKind::Repeated));
    assert_eq!(come_by[16..], [GivenKind::Absent; 2]);
    assert_eq!((room.counters().ticks_repeated, room.counters().ticks_absent), (15, 2));
}

#[test]
fn a_player_is_shown_nothing_from_before_it_came() {
    let mut room = room(4, 0);
    let first = room.join("a").expect("there is space");
    room.step();
    room.leave(first);
    // The same id, but what the scene holds for that id is for another.
    let second = room.join("b").expect("there is space");
    assert_eq!(first, second);
    let mut client = Client::new(&room, Some(second));
    assert_eq!(client.read_snapshot(&mut room), None);
    room.step();
    assert!(client.read_snapshot(&mut room).is_some());
    assert_eq!(client.read_snapshot(&mut room), None);
    room.leave(second);
    room.step();
    assert_eq!(client.read_snapshot(&mut room), None);
}

#[test]
fn of_too_many_events_the_newest_are_told() {
    let mut room = room(300, 0);
    let mut spectator = Client::new(&room, None);
    spectator.read_snapshot(&mut room);
    for at in 0..300 {
        let player = room.join("a").expect("there is space");
        for tick in 1..=2 {
            let pop = (at < 200) == (tick == 2);
            press(&mut room, player, tick, Push { pop, ..Push::default() });
        }
    }
    room.step();
    room.step();
    spectator.read_snapshot(&mut room);
    let told: Vec<Tick> = spectator.decoder.events().map(|(tick, _)| tick).collect();
    assert_eq!(told.len(), SNAPSHOT_EVENTS_MAX);
    assert!(told.is_sorted());
    let newest = told.iter().filter(|tick| **tick == Tick(2)).count();
    assert_eq!(newest, room.scene().events().len());
    assert!(room.counters().events_dropped > 0);
}

#[test]
fn rows_beyond_the_limit_are_dropped_and_counted() {
    let mut settings = settings(1, 0);
    let stone = Stone { x: 0.0, y: 0.0, audience: None };
    settings.setup.settings.stones = vec![stone; SNAPSHOT_ENTITIES_MAX + 9];
    let mut room = Room::<Dots>::new(settings).expect("these settings are good");
    let mut spectator = Client::new(&room, None);
    for _ in 0..2 {
        spectator.read_snapshot(&mut room);
        assert_eq!(spectator.decoder.mirror().rows().len(), SNAPSHOT_ENTITIES_MAX);
        room.step();
    }
    // The sun is the tenth.
    assert_eq!(room.counters().rows_dropped, 20);
}

#[test]
fn a_room_may_move_between_threads() {
    fn send<T: Send>() {}
    send::<Room<Dots>>();
    send::<Viewer>();
}

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
    Tell(prop::sample::Index),
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
        16 => any_one().prop_map(Act::Tell),
    ]
}

/// An event as it must be told.
type Fact = (Tick, u8, Vec<i32>);

fn fact(tick: Tick, event: RowRef<'_>) -> Fact {
    (tick, event.kind, event.values.to_vec())
}

/// A room, its clients, and a record of everything, kept apart from the room's own.
struct Trial {
    room: Room<Dots>,
    clients: Vec<Client>,
    /// All scenes whose events have not expired.
    scenes: VecDeque<shared::scene::Scene>,
    /// What entered the world, to be done once more.
    entered: Vec<Act>,
    hashes: Vec<u64>,
}

impl Trial {
    fn new(fill: u16) -> Trial {
        let room = room(6, fill);
        let scenes = VecDeque::from([room.scene().clone()]);
        Trial { room, clients: Vec::new(), scenes, entered: Vec::new(), hashes: Vec::new() }
    }

    fn act(&mut self, act: &Act) {
        let (room, clients) = (&mut self.room, &mut self.clients);
        match act {
            Act::Watch => clients.push(Client::new(room, None)),
            Act::Join => {
                if let Ok(player) = room.join("moth") {
                    clients.push(Client::new(room, Some(player)));
                }
            }
            Act::Step => {
                room.step();
                self.scenes.push_front(room.scene().clone());
                self.scenes.truncate(EVENT_EXPIRY_TICKS as usize);
                self.hashes.push(room.hash());
                assert_eq!(room.people() + room.bots(), room.people().max(room.fill));
            }
            _ if clients.is_empty() => {}
            Act::Leave(who) => {
                let client = clients.remove(who.index(clients.len()));
                if let Some(player) = client.player {
                    room.leave(player);
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
            Act::Tell(who) => {
                let who = who.index(clients.len());
                self.tell(who);
            }
        }
        self.entered.push(act.clone());
    }

    /// Tells one client, and checks that it then knows exactly what it may.
    fn tell(&mut self, who: usize) {
        let (room, client) = (&mut self.room, &mut self.clients[who]);
        client.read_roster(room);
        let mut fresh = Client::new(room, None);
        fresh.read_roster(room);
        assert_eq!(client.roster, fresh.roster);

        let known = client.decoder.mirror().tick();
        let Some(part) = client.read_snapshot(room) else { return };
        let game = room.simulation.game();
        let view = client.player.map_or(View::Everything, |player| game.view(player));
        let own = client.player.and_then(|player| game.own(player));
        let own = own.map(|own| bincode::serde::encode_to_vec(&own, WIRE).expect("it is plain"));
        assert_eq!(client.decoder.mirror().own(), own.as_deref());
        assert_eq!(part.is_some(), client.player.is_some());

        let (scene, schema) = (room.scene(), room.schema());
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
        let told: Vec<Fact> =
            client.decoder.events().map(|(tick, event)| fact(tick, event)).collect();
        assert_eq!(told, facts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_viewer_is_told_exactly_what_it_may_know(
        acts in prop::collection::vec(act(), 0..300),
        fill in 0..8_u16,
    ) {
        let mut trial = Trial::new(fill);
        acts.iter().for_each(|act| trial.act(act));
    }

    #[test]
    fn the_same_inputs_make_the_same_world_whoever_watches(
        acts in prop::collection::vec(act(), 0..300),
        fill in 0..8_u16,
    ) {
        let mut first = Trial::new(fill);
        acts.iter().for_each(|act| first.act(act));
        // Once more, and everything is told to nobody.
        let mut second = Trial::new(fill);
        first.entered.iter().filter(|act| !matches!(act, Act::Tell(_))).for_each(|act| second.act(act));
        prop_assert_eq!(&first.hashes, &second.hashes);
        // And once more with somebody who watches all the time, beside what entered before.
        let mut third = Trial::new(fill);
        let mut spectator = Client::new(&third.room, None);
        for act in &first.entered {
            third.act(act);
            spectator.read_roster(&mut third.room);
            spectator.read_snapshot(&mut third.room);
        }
        prop_assert_eq!(&first.hashes, &third.hashes);
        spectator.read_snapshot(&mut third.room);
        prop_assert!(spectator.decoder.mirror().rows() == third.room.scene().rows());
    }
}

#[test]
fn the_tiny_game_shows_what_the_trials_need() {
    let mut trial = Trial::new(6);
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..100 {
        trial.act(&Act::Step);
        kinds.extend(trial.room.scene().events().iter().map(|event| event.kind));
    }
    assert!(kinds.into_iter().eq([dots::POP.index(), dots::GONG.index(), dots::WHISPER.index()]));
}
