//! Where a fresh ship appears: far from everybody else, not at the border, and in no obstacle.
//!
//! Called by the world for those whose time has come. It draws from the world's dice and
//! changes nothing else.

use glam::Vec2;

use super::generate::place_in_circle;
use super::obstacles::Obstacles;
use super::rules::{SPAWN_TRIES, inland_radius};
use tickwire_game::dice::Dice;

/// The safest of a few places: the one whose nearest of `others` is farthest away.
pub(super) fn safe_place(
    dice: &mut Dice,
    obstacles: &Obstacles<'_>,
    others: impl Iterator<Item = Vec2> + Clone,
) -> Vec2 {
    let (mut best, mut best_distance) = (Vec2::ZERO, -1.0);
    for _ in 0..SPAWN_TRIES {
        let mut place = place_in_circle(dice, inland_radius(obstacles.border.radius));
        // A place in an obstacle is moved out of it: there is always room beside one.
        obstacles.confine(&mut place, &mut Vec2::default());
        let mut nearest = f32::INFINITY;
        for other in others.clone() {
            let distance = place.distance_squared(other);
            if distance < nearest {
                nearest = distance;
            }
        }
        if nearest > best_distance {
            (best, best_distance) = (place, nearest);
        }
    }
    best
}
