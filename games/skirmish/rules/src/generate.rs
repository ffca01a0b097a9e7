//! Makes a level from a seed: pads, walls, rocks and the orbits of rocks that drift, at an even
//! density and with room between them.
//!
//! Called once, when a world is made. It never plays.

use glam::Vec2;

use super::drift::Drifter;
use super::input::direction;
use super::level::{GAP_MIN, Layout, Level, OBSTACLE_LENGTH_MAX, Rect, Rock};
use super::pickups::{Pad, Pickup};
use super::rules::{PICKUP_REACH, border_radius, inland_radius};
use tickwire_game::dice::Dice;
use tickwire_game::seed::Seed;
use tickwire_game::tick::TickRate;

/// One obstacle is tried for so much area; about a quarter find room.
const AREA_PER_TRY: f32 = 30.0;
const ROCK_CHANCE: f32 = 0.45;
const DRIFTER_CHANCE: f32 = 0.2;
const ROCK_RADIUS: [f32; 2] = [1.2, 3.0];
const WALL_LENGTH: [f32; 2] = [5.0, OBSTACLE_LENGTH_MAX];
/// Thick enough that no ship crosses a wall within one tick, at 20 ticks/s and faster.
const WALL_WIDTH: [f32; 2] = [1.2, 2.0];
const DRIFTER_RADIUS: [f32; 2] = [1.2, 2.2];
const ORBIT_RADIUS: [f32; 2] = [2.0, 3.8];
/// How fast rocks drift, in units per second: slower than any ship, so that nobody is run over.
const DRIFT_SPEED: [f32; 2] = [1.2, 2.6];

/// How far the pads around the middle one are from it.
const PADS_RING: f32 = 13.0;
/// Up to so far from the middle those are enough.
const PADS_RING_REACH: f32 = 20.0;
/// Area of arena for each pad beyond that.
const AREA_PER_PAD: f32 = 800.0;
/// What lies in the middle, where the border never closes, is what is worth most.
const MIDDLE: Pickup = Pickup::Overcharge;
/// What lies around it, and on the pads farther out.
const RING: [Pickup; 4] = [Pickup::Repair, Pickup::Shield, Pickup::Repair, Pickup::Shield];
const OVERCHARGE_CHANCE: f32 = 0.15;

/// The level for up to `players_max` players.
pub(super) fn generate(seed: Seed, tick_rate: TickRate, players_max: u16) -> Level {
    let mut dice = Dice::new(seed, 0);
    let radius = border_radius(players_max);
    let area = std::f32::consts::PI * radius * radius;
    let mut taken: Vec<(Vec2, Vec2)> = Vec::new();
    // Pads first: nothing may stand on them.
    let pads = pads(&mut dice, radius, &mut taken);
    let mut layout = Layout { pads, ..Layout::default() };
    for _ in 0..(area / AREA_PER_TRY) as usize {
        let centre = place_in_circle(&mut dice, radius);
        let lot = dice.unit();
        if lot < ROCK_CHANCE {
            let rock = Rock::new(centre, dice.between(ROCK_RADIUS[0], ROCK_RADIUS[1]));
            if rock.solid_from <= radius && claim(&mut taken, rock.bounds()) {
                layout.rocks.push(rock);
            }
        } else if lot < ROCK_CHANCE + DRIFTER_CHANCE {
            let drifter = drifter(&mut dice, tick_rate, centre);
            // All of its orbit is its own: it never comes near another obstacle.
            if drifter.solid_from <= radius && claim(&mut taken, drifter.bounds()) {
                layout.drifters.push(drifter);
            }
        } else {
            let length = dice.between(WALL_LENGTH[0], WALL_LENGTH[1]);
            let width = dice.between(WALL_WIDTH[0], WALL_WIDTH[1]);
            let lies = dice.chance(0.5);
            let size = if lies { Vec2::new(length, width) } else { Vec2::new(width, length) };
            let wall = Rect::new(centre - size * 0.5, size);
            if wall.solid_from <= radius && claim(&mut taken, wall.bounds()) {
                layout.walls.push(wall);
            }
        }
    }
    Level::new(tick_rate, radius, layout)
}

/// The same with nothing in it.
pub(super) fn open(tick_rate: TickRate, players_max: u16) -> Level {
    Level::new(tick_rate, border_radius(players_max), Layout::default())
}

/// One in the middle, four around it, and more at random, the more the larger the arena.
fn pads(dice: &mut Dice, radius: f32, taken: &mut Vec<(Vec2, Vec2)>) -> Vec<Pad> {
    let mut pads = Vec::new();
    let mut lay = |at: Vec2, pickup: Pickup| {
        // What keeps its distance from this leaves all of the pad free, and no ship reaches two.
        let reach = Vec2::splat((2.0 * PICKUP_REACH - GAP_MIN) * 0.5);
        if claim(taken, (at - reach, at + reach)) {
            pads.push(Pad { x: at.x, y: at.y, pickup });
        }
    };
    lay(Vec2::ZERO, MIDDLE);
    let turn = dice.between(0.0, std::f32::consts::TAU);
    let quarter = std::f32::consts::FRAC_PI_2;
    for (nth, pickup) in RING.into_iter().enumerate() {
        lay(direction(turn + nth as f32 * quarter) * PADS_RING, pickup);
    }
    let area = std::f32::consts::PI * (radius * radius - PADS_RING_REACH * PADS_RING_REACH);
    for _ in 0..(area / AREA_PER_PAD) as usize {
        let at = place_in_circle(dice, inland_radius(radius));
        let pickup = if dice.chance(OVERCHARGE_CHANCE) {
            Pickup::Overcharge
        } else {
            RING[dice.below(RING.len() as u32) as usize]
        };
        lay(at, pickup);
    }
    pads
}

fn drifter(dice: &mut Dice, tick_rate: TickRate, centre: Vec2) -> Drifter {
    let orbit = dice.between(ORBIT_RADIUS[0], ORBIT_RADIUS[1]);
    let radius = dice.between(DRIFTER_RADIUS[0], DRIFTER_RADIUS[1]);
    let speed = dice.between(DRIFT_SPEED[0], DRIFT_SPEED[1]);
    let period = tick_rate.ticks_in(std::f32::consts::TAU * orbit / speed) as i32;
    let period = if dice.chance(0.5) { period } else { -period };
    Drifter::new(centre, orbit, radius, dice.between(0.0, std::f32::consts::TAU), period)
}

/// A place in a circle around the origin, all equally likely.
pub(super) fn place_in_circle(dice: &mut Dice, radius: f32) -> Vec2 {
    let distance = radius * libm::sqrtf(dice.unit());
    let (sin, cos) = libm::sincosf(dice.between(0.0, std::f32::consts::TAU));
    Vec2::new(cos, sin) * distance
}

/// Takes the room of a box, unless another one is too near.
fn claim(taken: &mut Vec<(Vec2, Vec2)>, (min, max): (Vec2, Vec2)) -> bool {
    let is_apart = |&(other_min, other_max): &(Vec2, Vec2)| {
        min.x - other_max.x >= GAP_MIN
            || other_min.x - max.x >= GAP_MIN
            || min.y - other_max.y >= GAP_MIN
            || other_min.y - max.y >= GAP_MIN
    };
    let free = taken.iter().all(is_apart);
    if free {
        taken.push((min, max));
    }
    free
}

#[cfg(test)]
mod tests {
    use super::super::border::Border;
    use super::super::obstacles::Obstacles;
    use super::*;
    use tickwire_game::protocol::WIRE;
    use tickwire_game::tick::Tick;

    #[test]
    fn a_level_for_a_thousand_players_is_small_on_the_wire() {
        let level = generate(1.into(), TickRate::default(), 1_000);
        let bytes = bincode::serde::encode_to_vec(&level, WIRE).unwrap();
        assert!(bytes.len() < 512 * 1_024, "{} bytes", bytes.len());
        let Layout { walls, rocks, drifters, pads } = &level.layout;
        assert!(walls.len() > 80 && rocks.len() > 80 && drifters.len() > 20 && pads.len() > 40);
        let (decoded, _): (Level, usize) = bincode::serde::decode_from_slice(&bytes, WIRE).unwrap();
        assert_eq!(decoded.layout, level.layout);
    }

    #[test]
    fn equal_seeds_make_equal_levels_and_others_do_not() {
        let level = |seed: u64| generate(seed.into(), TickRate::default(), 50);
        assert_eq!(level(3).layout, level(3).layout);
        assert_ne!(level(3).layout, level(4).layout);
    }

    #[test]
    fn a_level_for_the_smallest_room_has_cover_and_pads() {
        let levels = (0..20_u64).map(|seed| generate(seed.into(), TickRate::default(), 1).layout);
        let levels: Vec<_> = levels.collect();
        // Those in the middle and around it, and where there is room three farther out.
        let pads: Vec<_> = levels.iter().map(|layout| layout.pads.len()).collect();
        assert!(pads.iter().all(|count| (5..=8).contains(count)), "{pads:?}");
        assert!(pads.iter().sum::<usize>() > 6 * levels.len(), "{pads:?}");
        let obstacles: Vec<_> = levels.iter().map(Layout::obstacles).collect();
        assert!(obstacles.iter().all(|count| *count > 0), "{obstacles:?}");
        assert!(obstacles.iter().sum::<usize>() > 3 * levels.len(), "{obstacles:?}");
    }

    #[test]
    fn nothing_stands_on_a_pad_or_drifts_over_it() {
        let level = generate(7.into(), TickRate::default(), 200);
        let border = Border { radius: level.radius, target: level.radius };
        for tick in (0..3_000).step_by(10) {
            let obstacles = Obstacles { level: &level, border, tick: Tick(tick) };
            for pad in &level.layout.pads {
                assert_eq!(obstacles.nearest_free(pad.place(), PICKUP_REACH), None);
            }
        }
    }
}
