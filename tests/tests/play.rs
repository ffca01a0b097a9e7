//! What nobody gains by anything that a client can say about its play, at the border of a room:
//! whatever is not an input for a coming tick, of one's own, while one may act, does nothing and is
//! counted.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use skirmish_rules::{self as skirmish, Skirmish};
use test_games::dots::Dots;
use test_games::tape::{Mark, Tape};
use tests::host::{Host, hello};
use tickwire_game::game::{Game, LeaveReason, Setup};
use tickwire_game::ids::PlayerId;
use tickwire_game::limits::INPUT_REPEAT_MAX;
use tickwire_game::protocol::{Ack, ClientMessage, Input, Ping, Role, WIRE};
use tickwire_game::tick::{Rewind, Tick, TickRate};
use tickwire_host::limits::PLAYER_ID_RETIRED_FOR;
use tickwire_host::room::{InputVerdict, Room, RoomTemplate};

/// By how many inputs those applied may exceed the ticks that a player was in for: none.
const ALLOWANCE: usize = 0;

fn template<G: Game>(settings: G::Settings) -> RoomTemplate<G::Settings> {
    let setup = Setup { settings, seed: 7.into(), players_max: 8, ..Setup::default() };
    RoomTemplate { setup, ..RoomTemplate::default() }
}

fn host<G: Game>(settings: G::Settings) -> Host<G> {
    Host::new(template::<G>(settings), Duration::ZERO)
}

fn room<G: Game>(settings: G::Settings) -> Room<G> {
    Room::new("test".to_owned(), template::<G>(settings)).expect("the settings are good")
}

/// Says for a player that it gives `input` for the tick so far after the next one.
fn say<G: Game>(
    room: &mut Room<G>,
    player: PlayerId,
    ahead: i64,
    input: &G::Input,
) -> (Tick, InputVerdict) {
    let tick = i64::from(room.tick().next().0) + ahead;
    let tick = Tick(tick.clamp(0, u32::MAX.into()) as u32);
    let input = bincode::serde::encode_to_vec(input, WIRE).expect("it is plain");
    let (seen, rewind) = (Tick(0), Rewind::default());
    (tick, room.input(player, &Input { tick, seen, rewind, input: &input }))
}

fn furthest() -> i64 {
    TickRate::default().input_ahead_max_ticks().into()
}

#[derive(Clone, Debug)]
enum Act {
    Join,
    Leave(Index),
    /// So many ticks later than the next one.
    Say(Index, i64),
    /// All at once, what nobody heard meanwhile: from so many ticks ago.
    Burst(Index, u8),
    Steps(u8),
}

fn act() -> impl Strategy<Value = Act> {
    let who = any::<Index>;
    let ahead =
        prop_oneof![4 => -3..4_i64, 2 => -80..80_i64, 1 => any::<i32>().prop_map(i64::from)];
    prop_oneof![
        2 => Just(Act::Join),
        1 => who().prop_map(Act::Leave),
        12 => (who(), ahead).prop_map(|(who, ahead)| Act::Say(who, ahead)),
        1 => (who(), 1..90_u8).prop_map(|(who, many)| Act::Burst(who, many)),
        6 => (1..4_u8).prop_map(Act::Steps),
        1 => (4..90_u8).prop_map(Act::Steps),
    ]
}

/// Everything that was said, and to what it was addressed.
struct Trial {
    room: Room<Tape>,
    /// Who is in, by the number of its coming, which is never given again.
    here: Vec<(PlayerId, usize)>,
    came: Vec<Tick>,
    said: Vec<(usize, Tick)>,
    /// Inputs applied of each that came.
    applied: BTreeMap<usize, usize>,
    read: usize,
}

impl Trial {
    fn new() -> Trial {
        let (here, came, said) = Default::default();
        Trial { room: room(()), here, came, said, applied: BTreeMap::new(), read: 0 }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Join => {
                if let Ok(player) = self.room.join("moth", None) {
                    self.here.push((player, self.came.len()));
                    self.came.push(self.room.tick());
                }
            }
            Act::Steps(many) => (0..*many).for_each(|_| self.step()),
            _ if self.here.is_empty() => {}
            Act::Leave(who) => {
                let (player, _) = self.here.remove(who.index(self.here.len()));
                self.room.leave(player, LeaveReason::Left);
            }
            Act::Say(who, ahead) => self.say(who.index(self.here.len()), *ahead),
            Act::Burst(who, many) => {
                let who = who.index(self.here.len());
                (-i64::from(*many)..=furthest() + 9).for_each(|ahead| self.say(who, ahead));
            }
        }
    }

    fn say(&mut self, who: usize, ahead: i64) {
        let (player, coming) = self.here[who];
        let mark = Mark(self.said.len() as u32 + 1);
        let (tick, verdict) = say(&mut self.room, player, ahead, &mark);
        let after = tick.since(self.room.tick());
        assert_eq!(verdict == InputVerdict::Late, after <= 0);
        assert_eq!(verdict == InputVerdict::TooFarAhead, after > furthest());
        self.said.push((coming, tick));
    }

    /// Makes a tick, and looks at all that entered the world by it.
    fn step(&mut self) {
        self.room.step();
        let entries = &self.room.game().entries;
        let repeat_max = i64::from(TickRate::default().ticks_in(INPUT_REPEAT_MAX.as_secs_f32()));
        for entry in &entries[self.read..] {
            assert_eq!(entry.tick, self.room.tick());
            let (_, coming) = self.here.iter().find(|(player, _)| *player == entry.player).unwrap();
            // Nothing enters that was not said, by the same one, since it came.
            let (said_by, addressed) = self.said[entry.mark as usize - 1];
            assert_eq!(said_by, *coming);
            if entry.is_received {
                assert_eq!(addressed, entry.tick, "each in its own tick: never twice");
                *self.applied.entry(*coming).or_default() += 1;
            } else {
                assert!((1..=repeat_max).contains(&entry.tick.since(addressed)));
            }
        }
        self.read = entries.len();
        for (coming, applied) in &self.applied {
            let elapsed = self.room.tick().since(self.came[*coming]);
            assert!(*applied <= elapsed as usize + ALLOWANCE);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn each_ticks_input_is_applied_at_most_once_none_too_far_ahead_and_never_more_than_ticks_elapsed(
        acts in prop::collection::vec(act(), 0..120),
    ) {
        let mut trial = Trial::new();
        trial.act(&Act::Join);
        acts.iter().for_each(|act| trial.act(act));
        trial.act(&Act::Steps(90));
        // And each was counted, once.
        let counters = trial.room.take_counters();
        let counted = counters.inputs_taken + counters.inputs_replaced + counters.inputs_late
            + counters.inputs_too_far_ahead;
        prop_assert_eq!(counted, trial.said.len() as u64);
    }
}

#[test]
fn who_comes_back_to_an_empty_room_waits_for_no_ship_once_it_sleeps() {
    let awake = tickwire_host::limits::EMPTY_ROOM_AWAKE_FOR.as_secs_f32();
    assert!(
        awake > skirmish::rules::RESPAWN_S,
        "or the wait would stand still in a room that sleeps"
    );
}

/// Makes ticks until a player has its first ship.
fn step_until_alive(room: &mut Room<Skirmish>, player: PlayerId) {
    let ticks = room.config().tick_rate().ticks_in(skirmish::rules::RESPAWN_S);
    (0..ticks).for_each(|_| room.step());
    assert!(room.game().own(player).expect("it plays").is_alive());
}

/// A ship alone in an open arena, and how far it has come.
struct Flight {
    room: Room<Skirmish>,
    player: PlayerId,
    way: f32,
    shots: u32,
}

impl Flight {
    fn new() -> Flight {
        let settings = skirmish::Settings { obstacles: false, ..skirmish::Settings::default() };
        let mut room = room::<Skirmish>(settings);
        let player = room.join("Ada", None).expect("there is a place");
        step_until_alive(&mut room, player);
        Flight { room, player, way: 0.0, shots: 0 }
    }

    fn own(&self) -> skirmish::Own {
        self.room.game().own(self.player).expect("it plays")
    }

    fn step(&mut self) {
        let before = self.own().motion.place;
        self.room.step();
        let own = self.own();
        self.way += own.motion.place.distance(before);
        self.shots += u32::from(own.shots.bolt);
    }
}

/// What reaches the room between two ticks.
#[derive(Clone, Debug)]
enum Delivery {
    Silence,
    /// One input, in time or not.
    One(i64),
    /// All from so many ticks ago to so many ahead, in this order or backwards, so many times.
    Burst(i64, i64, bool, usize),
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![
        6 => Just(Delivery::Silence),
        3 => (-2..6_i64).prop_map(Delivery::One),
        1 => (-40..0_i64, 0..70_i64, any::<bool>(), 1..4_usize)
            .prop_map(|(from, to, backwards, times)| Delivery::Burst(from, to, backwards, times)),
    ]
}

/// About as long as a ship flies from anywhere in the small arena to its middle and beyond: an
/// honest one meets no border meanwhile.
const FLIGHT_TICKS: usize = 40;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn silence_and_then_a_burst_gains_neither_way_nor_shots(
        deliveries in prop::collection::vec(delivery(), FLIGHT_TICKS),
    ) {
        let (mut honest, mut cheat) = (Flight::new(), Flight::new());
        prop_assert_eq!(honest.room.hash(), cheat.room.hash());
        let inwards = |own: &skirmish::Own| {
            let x = if own.motion.place.x > 0.0 { skirmish::Input::LEFT } else { skirmish::Input::RIGHT };
            let y = if own.motion.place.y > 0.0 { skirmish::Input::UP } else { skirmish::Input::DOWN };
            let along = if own.motion.place.x.abs() > own.motion.place.y.abs() { x } else { y };
            skirmish::Input::new(along | skirmish::Input::FIRE, 0)
        };
        let input = inwards(&honest.own());
        for (tick, delivery) in deliveries.iter().enumerate() {
            say(&mut honest.room, honest.player, 0, &input);
            let aheads: Vec<i64> = match delivery {
                Delivery::Silence => Vec::new(),
                Delivery::One(ahead) => vec![*ahead],
                Delivery::Burst(from, to, backwards, times) => {
                    let mut aheads: Vec<i64> = (*from..=*to).collect();
                    if *backwards {
                        aheads.reverse();
                    }
                    aheads.repeat(*times)
                }
            };
            for ahead in aheads {
                say(&mut cheat.room, cheat.player, ahead, &input);
            }
            honest.step();
            cheat.step();
            prop_assert!(cheat.way <= honest.way, "{} of {}, tick {tick}", cheat.way, honest.way);
            prop_assert!(cheat.shots <= honest.shots, "tick {tick}");
        }
        prop_assert!(honest.way > 12.0 && honest.shots >= 2, "{} {}", honest.way, honest.shots);
    }
}

/// What a connection may say, or send without saying anything.
#[derive(Clone, Debug)]
enum Word {
    Input { ahead: i64, bytes: Vec<u8> },
    Ack(u32),
    Ping(u32),
    Noise(Vec<u8>),
}

fn word() -> impl Strategy<Value = Word> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..8);
    prop_oneof![
        6 => (-3..70_i64, bytes()).prop_map(|(ahead, bytes)| Word::Input { ahead, bytes }),
        2 => any::<u32>().prop_map(Word::Ack),
        1 => any::<u32>().prop_map(Word::Ping),
        1 => bytes().prop_map(Word::Noise),
    ]
}

/// An input, good or bad.
fn input_word() -> impl Strategy<Value = Word> {
    let bytes = prop::collection::vec(any::<u8>(), 0..8);
    (-3..70_i64, bytes).prop_map(|(ahead, bytes)| Word::Input { ahead, bytes })
}

impl Word {
    fn bytes(&self, next: Tick) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Word::Input { ahead, bytes } => {
                let tick = Tick((i64::from(next.0) + ahead).max(0) as u32);
                let (rewind, seen) = (Rewind::default(), next);
                let input = Input { tick, seen, rewind, input: bytes };
                ClientMessage::Input(input).encode(&mut out);
            }
            Word::Ack(seen) => ClientMessage::Ack(Ack { seen: Tick(*seen) }).encode(&mut out),
            Word::Ping(number) => ClientMessage::Ping(Ping { number: *number }).encode(&mut out),
            Word::Noise(bytes) => out.extend_from_slice(bytes),
        }
        out
    }
}

/// Has a client send everything, each word before a tick of its own, and reads what it is sent. One
/// whose session ended comes again. Gives how many inputs of it were ignored.
fn talk<G: Game>(
    host: &mut Host<G>,
    words: &[Word],
    role: Role,
    mut each: impl FnMut(&Room<G>),
) -> u64 {
    let hello = hello::<G>("Eve", role, true);
    let mut now = Duration::ZERO;
    let mut peer = host.connect(now, &hello).expect("there is space");
    for word in words {
        if host.room_host().session(peer.0).is_none() {
            peer = host.connect(now, &hello).expect("there is space");
        }
        peer.1.send(word.bytes(host.room().tick().next()));
        now = host.tick();
        while peer.1.receive().is_some() {}
        each(host.room());
    }
    // A spectator is read only now and then.
    for _ in 0..30 {
        host.tick();
    }
    host.counters.inputs_ignored
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn spectators_never_change_the_state_hash_and_their_inputs_are_counted(
        words in prop::collection::vec(input_word(), 1..80),
    ) {
        let (mut watched, mut alone) = (host::<Dots>(()), host::<Dots>(()));
        let ada = hello::<Dots>("Ada", Role::Player, true);
        for host in [&mut watched, &mut alone] {
            host.connect(Duration::ZERO, &ada).expect("there is space");
        }
        let mut hashes = Vec::new();
        let ignored =
            talk(&mut watched, &words, Role::Spectator, |room| hashes.push(room.hash()));
        for hash in hashes {
            alone.tick();
            prop_assert_eq!(hash, alone.room().hash());
        }
        prop_assert_eq!(ignored, words.len() as u64);
        prop_assert_eq!(watched.room_counters.inputs_taken, 0);
    }

    #[test]
    fn nobody_acts_for_another(words in prop::collection::vec(word(), 1..80)) {
        let (mut host, mut other) = (host::<Tape>(()), host::<Tape>(()));
        let ada = hello::<Tape>("Ada", Role::Player, true);
        for host in [&mut host, &mut other] {
            host.connect(Duration::ZERO, &ada).expect("there is space");
        }
        let victim = PlayerId(0);
        talk(&mut host, &words, Role::Player, |_| {});
        while other.room().tick() < host.room().tick() {
            other.tick();
        }
        let of_victim = |room: &Room<Tape>| -> Vec<_> {
            room.game().entries.iter().filter(|entry| entry.player == victim).copied().collect()
        };
        prop_assert_eq!(of_victim(host.room()), of_victim(other.room()));
        prop_assert_eq!(host.room().game().own(victim), other.room().game().own(victim));
    }

    #[test]
    fn any_bytes_as_inputs_leave_every_number_finite_in_range_and_the_same_everywhere(
        inputs in prop::collection::vec(some_input(), 1..200),
    ) {
        let rooms = || {
            let mut room = room::<Skirmish>(skirmish::Settings::default());
            let players: Vec<PlayerId> =
                (0..3).map(|_| room.join("Eve", None).expect("there is a place")).collect();
            (room, players)
        };
        let ((mut room, players), (mut twin, _)) = (rooms(), rooms());
        for (at, input) in inputs.iter().enumerate() {
            let tick = room.tick().next();
            let (seen, rewind) = (Tick(at as u32), Rewind((at as u16).wrapping_mul(977)));
            let input = Input { tick, seen, rewind, input };
            let player = players[at % players.len()];
            prop_assert_eq!(room.input(player, &input), twin.input(player, &input));
            if at % players.len() == 0 {
                room.step();
                twin.step();
                prop_assert_eq!(room.hash(), twin.hash());
                all_is_sound(&room, &players);
            }
        }
    }
}

/// Half of them are any bytes, and half what can be read as an input, of any values.
fn some_input() -> impl Strategy<Value = Vec<u8>> {
    let readable = any::<(u8, u16, u8)>().prop_map(|(buttons, aim, wish)| {
        let input = skirmish::Input { buttons, aim, wish };
        bincode::serde::encode_to_vec(input, WIRE).expect("it is plain")
    });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..8), readable]
}

/// Everything to be seen lies within what the schema says, and no own state holds what is no number.
fn all_is_sound(room: &Room<Skirmish>, players: &[PlayerId]) {
    for row in room.published().scene().rows().iter() {
        let fields = &room.config().schema().entities[usize::from(row.kind)].fields;
        for (field, value) in fields.iter().zip(row.values) {
            assert!((field.min..=field.max).contains(value), "{value} is no {field:?}");
        }
    }
    for player in players {
        let own = room.game().own(*player).expect("it plays");
        let numbers = [own.armor.hull, own.armor.shield, own.border.radius];
        let is_sound = own.motion.place.is_finite() && own.motion.velocity.is_finite();
        assert!(is_sound && numbers.iter().all(|number| number.is_finite()), "{own:?}");
        assert!(own.motion.aim < skirmish::rules::AIM_STEPS, "{own:?}");
    }
}

#[test]
fn acting_in_a_room_before_joining_or_after_leaving_it_does_nothing_and_is_counted() {
    let (mut room, mut other) = (room::<Tape>(()), room::<Tape>(()));
    let stranger = PlayerId(0);
    let act = |room: &mut Room<Tape>| {
        room.take_counters();
        let (_, verdict) = say(room, stranger, 0, &Mark(9));
        assert_eq!(verdict, InputVerdict::NotPlaying);
        assert_eq!(room.take_counters().inputs_not_playing, 1);
    };
    act(&mut room);
    for room in [&mut room, &mut other] {
        room.step();
        assert_eq!(room.join("Ada", None), Ok(stranger));
        // What it says for a later tick goes with it.
        say(room, stranger, 2, &Mark(8));
        room.step();
        room.leave(stranger, LeaveReason::Left);
    }
    act(&mut room);
    let ticks = TickRate::default().ticks_in(PLAYER_ID_RETIRED_FOR.as_secs_f32());
    for room in [&mut room, &mut other] {
        (0..ticks).for_each(|_| room.step());
        assert_eq!(room.join("Eve", None), Ok(stranger), "the same number, but another player");
        (0..9).for_each(|_| room.step());
        assert_eq!(room.game().entries, []);
    }
    assert_eq!(room.hash(), other.hash());
}

#[test]
fn acting_without_a_ship_does_nothing_and_is_counted() {
    const PLAYER: PlayerId = PlayerId(1);
    let idle = skirmish::Input::new(0, 5);
    let busy = skirmish::Input::new(skirmish::Input::FIRE | skirmish::Input::LEFT, 5);
    let (mut room, mut other) = [busy, idle]
        .map(|input| {
            let mut room = room::<Skirmish>(skirmish::Settings::default());
            let other = room.join("Bob", None).expect("there is a place");
            room.leave(other, LeaveReason::Left);
            // So soon after that a ship takes a while.
            let player = room.join("Ada", None).expect("there is a place");
            assert!(!room.game().own(player).expect("it plays").is_alive());
            say(&mut room, player, 0, &input);
            step_until_alive(&mut room, player);
            assert_eq!(player, PLAYER, "ids are not given again so soon");
            room
        })
        .into();
    assert_eq!(room.hash(), other.hash());
    let in_vain = |room: &mut Room<Skirmish>| room.take_counters().inputs_in_vain;
    assert_eq!((in_vain(&mut room), in_vain(&mut other)), (1, 0));
    for room in [&mut room, &mut other] {
        say(room, PLAYER, 0, &busy);
        room.step();
    }
    assert_eq!((in_vain(&mut room), in_vain(&mut other)), (0, 0));
}
