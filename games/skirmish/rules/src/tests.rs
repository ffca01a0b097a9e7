//! How the world as a whole behaves: claims about Skirmish, played tick by tick.

mod absence;
mod arena;
mod departed;
mod flight;
mod prediction;
mod rail;
mod rounds;
mod screen;
mod tournament;

use glam::Vec2;
use proptest::prelude::*;

use super::rules::KILL_POINTS;
use super::*;
use tickwire_game::game::{InputStatus, LeaveReason, Outcome, PlayerInput, Skill};
use tickwire_game::limits::SNAPSHOT_MAX_BYTES;
use tickwire_game::protocol::WIRE;
use tickwire_game::protocol::snapshot::{
    Codec, Coding, InputSource, Picture, PlayerPart, SnapshotEncoder,
};
use tickwire_game::scene::{Rows, Scene};
use tickwire_game::simulation::{Simulation, trial};
use tickwire_game::tick::{Tick, TickRate};

/// How far an arena can be turned back.
const REWIND_MAX_TICKS: u32 = 8;

/// A world with its level, stepped by hand.
#[derive(Clone)]
struct Arena {
    world: Skirmish,
    level: Level,
    tick: Tick,
    /// Whose inputs are missing, and have been for long enough.
    absent: Vec<u16>,
    /// The events of the last tick, and no rows.
    happened: Scene,
    outcome: Outcome,
}

impl Arena {
    fn new(players_max: u16) -> Arena {
        Arena::of(players_max, Settings { obstacles: false, ..Settings::default() })
    }

    fn of(players_max: u16, settings: Settings) -> Arena {
        let rewind_max_ticks = REWIND_MAX_TICKS;
        let setup = Setup { settings, rewind_max_ticks, ..setup(5, players_max) };
        Arena::of_setup(&setup)
    }

    fn of_setup(setup: &Setup<Settings>) -> Arena {
        let (world, level) = Skirmish::new(setup);
        let (happened, outcome) = (Scene::default(), Outcome::of::<Skirmish>());
        Arena { world, level, tick: Tick(0), absent: Vec::new(), happened, outcome }
    }

    fn with_players(count: u16) -> Arena {
        let mut arena = Arena::new(count);
        for id in 0..count {
            arena.join(id);
        }
        arena.settle(1);
        arena
    }

    /// A player comes, whose ship the next tick brings.
    fn join(&mut self, player: u16) {
        self.come(player, None);
        let at = self.world.find(PlayerId(player)).expect("it has joined");
        self.world.players[at].own.life = Life::Dead { respawn_ticks: 0 };
    }

    /// A player comes, and waits for its ship.
    fn come(&mut self, player: u16, subject: Option<Subject>) {
        let (tick, dt) = (self.tick.next(), self.level.tick_rate.dt());
        let mut now = Step::new(tick, dt, &self.level, &[], &mut self.outcome);
        self.world.join(&mut now, PlayerId(player), subject);
    }

    fn leave(&mut self, player: u16, reason: LeaveReason) {
        let (tick, dt) = (self.tick.next(), self.level.tick_rate.dt());
        let mut now = Step::new(tick, dt, &self.level, &[], &mut self.outcome);
        self.world.leave(&mut now, PlayerId(player), reason);
    }

    /// Every player gives the same input for one tick.
    fn press(&mut self, input: Input) {
        let ids = self.world.players.iter().map(|player| player.own.player);
        let inputs: Vec<_> =
            ids.map(|id| PlayerInput::at_once(id, InputStatus::Received(input))).collect();
        self.step(&inputs);
    }

    fn settle(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.press(Input::default());
        }
    }

    /// One tick of these inputs. All others who are there hold nothing.
    fn step(&mut self, inputs: &[PlayerInput<Input>]) {
        self.tick = self.tick.next();
        self.outcome.clear();
        let dt = self.level.tick_rate.dt();
        let ids = self.world.players.iter().map(|player| player.id().0);
        let present = ids.filter(|id| !self.absent.contains(id));
        let inputs: Vec<_> = present
            .map(|id| {
                let input = inputs.iter().find(|input| input.player.0 == id);
                input.copied().unwrap_or(received(id, Input::default()))
            })
            .collect();
        self.world.step(&mut Step::new(self.tick, dt, &self.level, &inputs, &mut self.outcome));
        self.happened = self.outcome.take_events(self.tick);
    }

    fn own(&mut self, player: u16) -> &mut Own {
        &mut self.world.players[usize::from(player)].own
    }

    /// Puts player 1 to the right of player 0.
    fn face_off(&mut self) {
        self.own(0).motion.place = Vec2::new(-5.0, 0.0);
        self.own(1).motion.place = Vec2::new(5.0, 0.0);
        self.own(1).effects.protection_ticks = 0;
    }

    /// Player 0 shoots to the right until player 1 is dead, for at most so many ticks.
    fn shoot(&mut self, ticks_max: u32) {
        for _ in 0..ticks_max {
            self.step(&[received(0, Input::new(Input::FIRE, 0))]);
            if !self.own(1).is_alive() {
                return;
            }
        }
    }
}

fn setup(seed: u64, players_max: u16) -> Setup<Settings> {
    Setup { seed: seed.into(), players_max, ..Setup::default() }
}

/// What a player gives for a tick.
fn received(player: u16, input: Input) -> PlayerInput<Input> {
    PlayerInput::at_once(PlayerId(player), InputStatus::Received(input))
}

#[test]
fn a_killed_ship_respawns_after_two_seconds_in_a_safe_place() {
    let mut arena = Arena::with_players(2);
    let first_ship = arena.own(1).ship;
    arena.face_off();
    arena.shoot(90);
    assert!(!arena.own(1).is_alive(), "dead within three seconds");
    assert_eq!((arena.world.score(PlayerId(0)), arena.world.score(PlayerId(1))), (KILL_POINTS, 0));
    let died_at = arena.own(1).motion.place;
    assert!(arena.world.view(PlayerId(1)).holds([died_at.x.into(), died_at.y.into()]));
    arena.settle(59);
    assert!(!arena.own(1).is_alive());
    arena.settle(1);
    let own = arena.own(1).clone();
    assert!(own.is_alive() && own.is_protected() && own.ship != first_ship);
    assert!(own.motion.place.distance(arena.own(0).motion.place) > 10.0);
}

#[test]
fn whoever_is_dead_acts_for_nothing_and_is_counted() {
    let mut arena = Arena::with_players(2);
    arena.face_off();
    arena.shoot(90);
    let mut idle = arena.clone();
    for tick in 0..59 {
        // Where it points is where its next ship will: that is not to act.
        let (all, none) = (Input::new(!Input::TALL, 7), Input::new(0, 7));
        arena.step(&[received(1, all)]);
        assert_eq!(arena.outcome.ignored(), [PlayerId(1)], "tick {tick}");
        idle.step(&[received(1, none)]);
        assert_eq!(idle.outcome.ignored(), [], "tick {tick}");
        let write = |world: &Skirmish| bincode::serde::encode_to_vec(world, WIRE).unwrap();
        assert_eq!(write(&arena.world), write(&idle.world), "tick {tick}");
        assert!(!arena.own(1).is_alive());
    }
    // What is only repeated was no act of this tick.
    let repeated = InputStatus::Repeated(Input::new(Input::FIRE, 7));
    arena.own(1).life = Life::Dead { respawn_ticks: 9 };
    arena.step(&[PlayerInput::at_once(PlayerId(1), repeated)]);
    assert_eq!(arena.outcome.ignored(), []);
}

#[test]
fn a_protected_ship_is_not_hurt() {
    let mut arena = Arena::with_players(2);
    arena.face_off();
    arena.own(1).effects.protection_ticks = 1_000;
    arena.shoot(90);
    assert_eq!(arena.own(1).armor.shield, Class::Lancer.traits().shield_max);
}

#[test]
fn bolts_go_with_their_player() {
    let mut arena = Arena::with_players(2);
    arena.press(Input::new(Input::FIRE, 0));
    assert_eq!(arena.world.bolts.len(), 2);
    arena.leave(0, LeaveReason::Left);
    assert!(arena.world.bolts.iter().all(|bolt| bolt.owner == PlayerId(1)));
    assert_eq!(arena.world.own(PlayerId(0)), None);
}

#[test]
fn the_border_follows_the_number_of_players() {
    let mut arena = Arena::new(100);
    for id in 0..100 {
        arena.join(id);
    }
    arena.settle(1);
    assert_eq!(arena.world.border.radius, border_radius(100), "at once in the first tick");
    arena.settle(10);
    for id in 8..100 {
        arena.leave(id, LeaveReason::Left);
    }
    let before = arena.world.border.radius;
    arena.settle(1);
    assert!(before - arena.world.border.radius < 0.2, "it moves smoothly");
    arena.settle(30 * 60);
    assert_eq!(arena.world.border.radius, border_radius(8));
    let inside = border_radius(8) - rules::SHIP_RADIUS + 0.001;
    assert!(arena.world.players.iter().all(|player| player.own.motion.place.length() <= inside));
}

#[test]
fn own_state_is_what_a_client_makes_of_the_same_inputs() {
    let mut simulation = Simulation::<Skirmish>::new(&setup(11, 8));
    simulation.join(PlayerId(4), None);
    (0..60).for_each(|_| simulation.step(&[]));
    let mut replayed = simulation.game().own(PlayerId(4)).unwrap();
    let mut dice = Dice::new(1, 0);
    let (mut input, mut shots, mut rails) = (Input::default(), 0, 0);
    for tick in 0..1_000 {
        if tick % 7 == 0 {
            let rail = if tick % 100 < 50 { Input::RAIL } else { 0 };
            let buttons = dice.bits() as u8 & !Input::RAIL | rail;
            input = Input::new(buttons, dice.bits() as u16);
        }
        simulation.step(&[received(4, input)]);
        Skirmish::advance(&mut replayed, simulation.level(), input, TickRate::default().dt());
        let own = simulation.game().own(PlayerId(4)).unwrap();
        assert_eq!(own, replayed, "tick {tick}");
        assert_eq!(own.motion.place.x.to_bits(), replayed.motion.place.x.to_bits());
        shots += u32::from(own.shots.bolt);
        rails += u32::from(own.shots.rail);

        let mut writer = SceneWriter::of::<Skirmish>();
        Skirmish::show_own(&own, &mut writer);
        for row in writer.rows().iter() {
            assert_eq!(simulation.scene().rows().find(row.entity), Some(row));
        }
        assert_eq!(writer.rows().len(), 2, "the ship and the border");
    }
    assert!(shots > 20 && rails > 5, "{shots} shots, {rails} rails");
}

#[test]
fn the_dice_of_a_world_are_not_those_of_its_level() {
    for seed in 0..20 {
        let setup = setup(seed, 4);
        let (mut world, _) = Skirmish::new(&setup);
        let next = [(); 2].map(|()| world.dice.bits());
        // What the maker of a level may draw, by its own seed or by the room's.
        for seed in [setup.seed.derive(LEVEL), setup.seed] {
            let mut dice = Dice::new(seed, 0);
            let drawn: Vec<u32> = (0..10_000).map(|_| dice.bits()).collect();
            assert!(!drawn.windows(2).any(|pair| pair == next), "the world goes on as it");
        }
    }
}

#[test]
fn bots_score_and_a_trial_repeats_itself() {
    let last = trial::<Skirmish>(9, 8, 2_000, |_, _| {});
    assert_eq!(last, trial::<Skirmish>(9, 8, 2_000, |_, _| {}));
    assert_ne!(last, trial::<Skirmish>(10, 8, 2_000, |_, _| {}));
}

#[test]
fn a_world_written_down_in_mid_game_goes_on_alike() {
    let mut arena = Arena::with_players(6);
    let mut dice = Dice::new(2, 0);
    let mut inputs = |_| Input::new(dice.bits() as u8, dice.bits() as u16);
    for _ in 0..200 {
        let inputs: Vec<_> = (0..6).map(|id| received(id, inputs(id))).collect();
        arena.step(&inputs);
    }
    let write = |world: &Skirmish| bincode::serde::encode_to_vec(world, WIRE).unwrap();
    let bytes = write(&arena.world);
    let (world, _) = bincode::serde::decode_from_slice(&bytes, WIRE).unwrap();
    let (level, _) = bincode::serde::decode_from_slice(
        &bincode::serde::encode_to_vec(&arena.level, WIRE).unwrap(),
        WIRE,
    )
    .unwrap();
    let (happened, outcome) = (Scene::default(), Outcome::of::<Skirmish>());
    let mut other = Arena { world, level, tick: arena.tick, absent: vec![], happened, outcome };
    for _ in 0..300 {
        let inputs: Vec<_> = (0..6).map(|id| received(id, inputs(id))).collect();
        arena.step(&inputs);
        other.step(&inputs);
        assert_eq!(write(&arena.world), write(&other.world));
    }
}

#[test]
fn bots_kill_each_other() {
    let mut simulation = Simulation::<Skirmish>::new(&setup(3, 8));
    let mut dice = Dice::new(3, 9);
    for id in 0..8 {
        simulation.join(PlayerId(id), None);
    }
    for _ in 0..2_000 {
        let inputs: Vec<_> = (0..8)
            .map(|id| {
                let look = |seen: &Seen<'_, Skirmish>| Skirmish::bot(seen, &mut dice);
                let input = simulation.look(PlayerId(id), simulation.scene().rows(), look);
                received(id, input)
            })
            .collect();
        simulation.step(&inputs);
    }
    let kills: i32 = (0..8).map(|id| simulation.game().score(PlayerId(id))).sum();
    assert!(kills >= 20, "{kills} kills in 67 seconds");
}

#[test]
fn a_bot_swings_its_aim_before_it_shoots() {
    let mut arena = Arena::with_players(2);
    arena.face_off();
    // Away from player 1: half a turn takes it half a second.
    arena.own(0).motion.aim = rules::AIM_STEPS / 2;
    let mut dice = Dice::new(4, 0);
    let mut first_shot = None;
    for tick in 0..90 {
        let mut writer = SceneWriter::of::<Skirmish>();
        arena.world.show(&mut writer);
        let own = arena.own(0).clone();
        let seen = Seen {
            skill: Skill::Normal,
            player: PlayerId(0),
            tick: arena.tick,
            own: Some(&own),
            level: &arena.level,
            rows: writer.rows(),
            kinds: writer.kinds(),
        };
        let input = Skirmish::bot(&seen, &mut dice);
        let swing = aim_direction(own.motion.aim).angle_to(aim_direction(input.aim));
        assert!(swing.abs() < 0.21, "{swing} rad in tick {tick}");
        if input.buttons & Input::FIRE != 0 {
            first_shot.get_or_insert(tick);
        }
        arena.step(&[received(0, input)]);
    }
    let first_shot = first_shot.expect("it shoots within three seconds");
    assert!(first_shot >= 12, "its first shot is in tick {first_shot}");
}

proptest! {
    #[test]
    fn no_inputs_break_the_world(
        seed: u64,
        ticks in prop::collection::vec(
            prop::collection::vec((any::<u8>(), any::<u16>(), any::<u8>()), 5),
            1..120,
        ),
    ) {
        let mut simulation = Simulation::<Skirmish>::new(&setup(seed, 5));
        for (tick, given) in ticks.iter().enumerate() {
            // They come one after the other, and one leaves again.
            if tick < 5 {
                simulation.join(PlayerId(tick as u16), None);
            }
            if tick == 60 {
                simulation.leave(PlayerId(2), LeaveReason::Left);
            }
            let inputs: Vec<_> = (0_u16..)
                .zip(given)
                .map(|(id, &(buttons, aim, wish))| received(id, Input { buttons, aim, wish }))
                .collect();
            simulation.step(&inputs);
            let kinds = Kinds::of::<Skirmish>();
            for row in simulation.scene().rows().iter() {
                let places = row.read(&kinds).map(|ship: kinds::Ship| [ship.x, ship.y]);
                let bolts = || row.read(&kinds).map(|bolt: kinds::Bolt| [bolt.x, bolt.y]);
                let places = places.or_else(bolts);
                if let Some([x, y]) = places {
                    prop_assert!(libm::hypotf(x, y) <= simulation.level().radius + 0.1);
                }
            }
        }
    }
}

#[test]
fn who_dies_in_the_tick_of_its_shot_has_shot_all_the_same() {
    let mut arena = Arena::with_players(2);
    arena.settle(400);
    let timing = arena.level.timing.clone();
    let own = arena.own(0);
    (own.armor.hull, own.armor.shield, own.effects.protection_ticks, own.weapons.cooldown_ticks) =
        (1.0, 0.0, 0, 0);
    let mut other = own.clone();
    other.player = PlayerId(1);
    other.motion.place.x -= 1.2;
    other.motion.aim = 0;
    arena.world.bolts.push(super::bolts::Bolt::of_shot(EntityId(9_000), &other, Tick(1), &timing));
    arena.press(Input::new(Input::FIRE, 512));
    assert!(!arena.own(0).is_alive());
    assert!(arena.world.bolts.iter().any(|bolt| bolt.owner == PlayerId(0)));
}

/// 32 ships and 32 bolts, all new, then all moving.
#[test]
fn the_encoder_of_a_viewer_of_64_entities_fits_into_7_kib() {
    let schema = Skirmish::schema();
    let codec = Codec::new(schema.clone(), TickRate::default(), Coding::Range).unwrap();
    let mut encoder = SnapshotEncoder::new();
    let own = [7; 60];
    let visible: Vec<u32> = (0..64).collect();
    for tick in 1..100 {
        let mut rows = Rows::default();
        for id in 0..64 {
            let kind = id % 2;
            let fields = &schema.entities[kind as usize].fields;
            let values = rows.push(EntityId(id), kind as u8, fields.len());
            for (value, field) in values.iter_mut().zip(fields) {
                *value = field.min + ((id * 97 + tick * 5) as i32) % (field.max - field.min + 1);
            }
        }
        let player = PlayerPart {
            sources: &[InputSource::Received],
            margin_ticks: 1,
            own: Some(&own),
            replayed: Some(&own),
        };
        let picture = Picture {
            tick: Tick(tick),
            player: Some(player),
            rows: &rows,
            visible: &visible,
            events: &[],
            focus: None,
            max_bytes: SNAPSHOT_MAX_BYTES,
        };
        encoder.encode(&codec, &picture, &mut Vec::new());
        let bytes = encoder.memory_bytes();
        assert!(bytes <= 7 * 1_024, "{bytes} bytes at tick {tick}");
    }
}
