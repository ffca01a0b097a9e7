//! Makes a level from a seed: walls and rocks at an even density, with room between them.
//!
//! Called once, when a world is made. It never plays.

use glam::Vec2;

use super::level::{GAP_MIN, Level, OBSTACLE_LENGTH_MAX, Rect, Rock};
use super::rules::border_radius;
use crate::dice::Dice;
use crate::tick::TickRate;

/// One obstacle is tried for so much area; about four in ten find room.
const AREA_PER_TRY: f32 = 80.0;
const ROCK_CHANCE: f32 = 0.6;
const ROCK_RADIUS: [f32; 2] = [1.2, 3.0];
const WALL_LENGTH: [f32; 2] = [5.0, OBSTACLE_LENGTH_MAX];
/// Thick enough that no ship crosses a wall within one tick, at 20 ticks/s and faster.
const WALL_WIDTH: [f32; 2] = [1.2, 2.0];

/// The level for up to `players_max` players.
pub(super) fn generate(seed: u64, tick_rate: TickRate, players_max: u16) -> Level {
    let mut dice = Dice::new(seed, DICE_STREAM);
    let radius = border_radius(players_max);
    let tries = (std::f32::consts::PI * radius * radius / AREA_PER_TRY) as usize;
    let mut taken: Vec<(Vec2, Vec2)> = Vec::with_capacity(tries);
    let (mut walls, mut rocks) = (Vec::new(), Vec::new());
    for _ in 0..tries {
        let centre = place_in_circle(&mut dice, radius);
        if dice.chance(ROCK_CHANCE) {
            let rock = Rock::new(centre, dice.between(ROCK_RADIUS[0], ROCK_RADIUS[1]));
            if rock.solid_from <= radius && claim(&mut taken, rock.bounds()) {
                rocks.push(rock);
            }
        } else {
            let length = dice.between(WALL_LENGTH[0], WALL_LENGTH[1]);
            let width = dice.between(WALL_WIDTH[0], WALL_WIDTH[1]);
            let lies = dice.chance(0.5);
            let size = if lies { Vec2::new(length, width) } else { Vec2::new(width, length) };
            let wall = Rect::new(centre - size * 0.5, size);
            if wall.solid_from <= radius && claim(&mut taken, wall.bounds()) {
                walls.push(wall);
            }
        }
    }
    Level::new(tick_rate, radius, walls, rocks)
}

/// The same with nothing in the way.
pub(super) fn open(tick_rate: TickRate, players_max: u16) -> Level {
    Level::new(tick_rate, border_radius(players_max), Vec::new(), Vec::new())
}

/// The level's randomness is apart from the world's, so that neither depends on how much the
/// other draws.
const DICE_STREAM: u64 = 1;

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
    use super::*;
    use crate::protocol::WIRE;

    #[test]
    fn a_level_for_a_thousand_players_is_small_on_the_wire() {
        let level = generate(1, TickRate::default(), 1_000);
        let bytes = bincode::serde::encode_to_vec(&level, WIRE).unwrap();
        assert!(bytes.len() < 512 * 1_024, "{} bytes", bytes.len());
        assert!(level.walls.len() > 100 && level.rocks.len() > 100);
        let (decoded, _): (Level, usize) = bincode::serde::decode_from_slice(&bytes, WIRE).unwrap();
        assert_eq!(decoded.walls, level.walls);
        assert_eq!(decoded.rocks, level.rocks);
    }

    #[test]
    fn equal_seeds_make_equal_levels_and_others_do_not() {
        let level = |seed| generate(seed, TickRate::default(), 50);
        assert_eq!(level(3).rocks, level(3).rocks);
        assert_ne!(level(3).rocks, level(4).rocks);
    }

    #[test]
    fn a_level_for_the_smallest_room_has_cover() {
        let level = generate(1, TickRate::default(), 1);
        assert!(level.walls.len() + level.rocks.len() > 3);
    }
}
