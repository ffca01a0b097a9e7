//! Whether bots are fun to play against: a stand-in for a person plays in a room of them.
//!
//! It sees as late as a person reacts, and its hand is as unsteady; both come from dice, so
//! that every play of a seed is the same.

use std::collections::VecDeque;

use glam::Vec2;

use super::kinds::Ship;
use super::rules::{BOLT_LIFE_S, BOLT_SPEED};
use super::{Input, Own, Skirmish};
use tickwire_game::dice::Dice;
use tickwire_game::game::{Game, InputStatus, PlayerInput, Seen, Setup};
use tickwire_game::ids::PlayerId;
use tickwire_game::simulation::Simulation;
use tickwire_game::tick::TickRate;

const BOTS: u16 = 8;
const PERSON: PlayerId = PlayerId(BOTS);
/// A quarter of a second at 30 ticks per second.
const REACTION_TICKS: usize = 8;
/// The largest error of its aim, in radians.
const AIM_ERROR: f32 = 0.12;
/// How long it goes on strafing to one side, and how long its aim drifts one way.
const STRAFE_TICKS: u32 = 20;
const DRIFT_TICKS: u32 = 10;

/// A ship as it was seen: place and velocity.
type Sight = (Vec2, Vec2);

struct Person {
    dice: Dice,
    /// What it saw in the last ticks, the oldest first.
    sights: VecDeque<Vec<Sight>>,
    side: f32,
    error: f32,
    /// Where its error drifts.
    drift: f32,
}

impl Person {
    fn new(seed: u64) -> Person {
        let dice = Dice::new(seed, u64::from(PERSON.0));
        Person { dice, sights: VecDeque::new(), side: 1.0, error: 0.0, drift: 0.0 }
    }

    fn play(&mut self, seen: &Seen<'_, Skirmish>) -> Input {
        let others = seen.each::<Ship>().filter(|(_, ship)| ship.player != PERSON);
        let sight = |ship: Ship| (Vec2::new(ship.x, ship.y), Vec2::new(ship.vx, ship.vy));
        self.sights.push_back(others.map(|(_, ship)| sight(ship)).collect());
        self.sway(seen.tick.0);
        if self.sights.len() <= REACTION_TICKS {
            return Input::default();
        }
        let late = self.sights.pop_front().unwrap_or_default();
        seen.own.map_or(Input::default(), |own| self.attack_nearest(own, &late))
    }

    fn sway(&mut self, tick: u32) {
        if tick.is_multiple_of(STRAFE_TICKS) {
            self.side = if self.dice.chance(0.5) { 1.0 } else { -1.0 };
        }
        if tick.is_multiple_of(DRIFT_TICKS) {
            self.drift = self.dice.between(-AIM_ERROR, AIM_ERROR);
        }
        self.error += (self.drift - self.error) * 0.2;
    }

    fn attack_nearest(&self, own: &Own, late: &[Sight]) -> Input {
        let apart = |sight: &Sight| sight.0 - own.motion.place;
        let by_distance = |a: &&Sight, b: &&Sight| apart(a).length().total_cmp(&apart(b).length());
        let Some(target) = late.iter().min_by(by_distance) else {
            return Input::default();
        };
        let distance = apart(target).length();
        let lead = apart(target) + target.1 * (distance / BOLT_SPEED);
        let (sin, cos) = libm::sincosf(self.error);
        let at = lead.rotate(Vec2::new(cos, sin));
        let closer = ((distance - 12.0) / 6.0).clamp(-1.0, 1.0);
        let way = apart(target).normalize_or_zero();
        let wish = way * closer + way.perp() * self.side;
        let held = |amount: f32, button: u8| if amount > 0.4 { button } else { 0 };
        let fire = if distance < BOLT_SPEED * BOLT_LIFE_S { Input::FIRE } else { 0 };
        let buttons = held(wish.x, Input::RIGHT)
            | held(-wish.x, Input::LEFT)
            | held(wish.y, Input::DOWN)
            | held(-wish.y, Input::UP)
            | fire;
        Input::towards(buttons, at.x, at.y)
    }
}

/// What came of a play.
#[derive(Debug, Default)]
struct Outcome {
    /// By the person.
    kills: i32,
    /// Of the person.
    deaths: i32,
    /// By anybody.
    kills_in_room: i32,
}

/// The person plays in a room of bots.
fn play(seed: u64, minutes: u32) -> Outcome {
    let tick_rate = TickRate::default();
    let setup = Setup { seed: seed.into(), tick_rate, players_max: 64, ..Setup::default() };
    let mut simulation = Simulation::<Skirmish>::new(&setup);
    let mut bots: Vec<_> = (0..BOTS).map(|id| Dice::new(seed, u64::from(id))).collect();
    let mut person = Person::new(seed);
    let mut outcome = Outcome::default();
    (0..=BOTS).for_each(|id| simulation.join(PlayerId(id), None));
    for _ in 0..minutes * 60 * u32::from(tick_rate.hz()) {
        let given = |id| {
            let rows = simulation.scene().rows();
            let input =
                simulation.look(PlayerId(id), rows, |seen| match bots.get_mut(usize::from(id)) {
                    Some(dice) => Skirmish::bot(seen, dice),
                    None => person.play(seen),
                });
            PlayerInput::at_once(PlayerId(id), InputStatus::Received(input))
        };
        let inputs: Vec<_> = (0..=BOTS).map(given).collect();
        let was_alive = simulation.game().own(PERSON).is_some_and(|own| own.is_alive());
        simulation.step(&inputs);
        let is_alive = simulation.game().own(PERSON).is_some_and(|own| own.is_alive());
        outcome.deaths += i32::from(was_alive && !is_alive);
    }
    outcome.kills = simulation.game().score(PERSON);
    outcome.kills_in_room = (0..=BOTS).map(|id| simulation.game().score(PlayerId(id))).sum();
    outcome
}

#[test]
fn a_person_holds_their_own_in_a_lively_room_of_bots() {
    const MINUTES: u32 = 3;
    const SEEDS: u64 = 4;
    let minutes = (SEEDS as u32 * MINUTES) as i32;
    let mut all = Outcome::default();
    for seed in 1..=SEEDS {
        let outcome = play(seed, MINUTES);
        all.kills += outcome.kills;
        all.deaths += outcome.deaths;
        all.kills_in_room += outcome.kills_in_room;
    }
    assert!(10 * all.kills >= 7 * all.deaths, "the bots are too good: {all:?}");
    assert!(all.deaths >= minutes, "the bots are no danger: {all:?}");
    let by_bots = all.kills_in_room - all.kills;
    assert!(by_bots >= 20 * minutes, "the room is dull: {all:?}");
}
