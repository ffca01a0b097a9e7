//! New ships: whose time has come, and where each appears: far from everybody else, not at the border,
//! and in no obstacle.
//!
//! Called by the world's tick alone.

use glam::Vec2;

use super::generate::place_in_circle;
use super::kinds;
use super::obstacles::Obstacles;
use super::player::{Player, are_mates};
use super::rules::{SPAWN_TRIES, SPAWNS_PER_TICK_MAX, inland_radius};
use super::ship::Life;
use super::{Skirmish, Step};
use tickwire_game::dice::Dice;
use tickwire_game::game::Effect;

impl Skirmish {
    pub(super) fn spawn_ships(&mut self, now: &mut Step<'_, Skirmish>) {
        let due = Life::Dead { respawn_ticks: 0 };
        let timing = &now.level.timing;
        let mut left = SPAWNS_PER_TICK_MAX;
        // From another one on in each tick: when all wait, none is always the first.
        let count = self.players.len();
        let first = now.tick.0 as usize % count.max(1);
        for at in (first..count).chain(0..first) {
            let player = &self.players[at];
            // One who is away is shot once at most: what came after would be a target and no player.
            let is_awaited = player.has_lived && player.is_absent();
            if player.own.life != due || is_awaited || left == 0 {
                continue;
            }
            left -= 1;
            let team = self.players[at].own.team;
            let alive = self.players.iter().map(|player| &player.own).filter(|own| own.is_alive());
            let others = alive.filter(|own| !are_mates(team, own.team)).map(|own| own.motion.place);
            let obstacles = self.obstacles(now.level);
            let place = safe_place(&mut self.dice, &obstacles, others);
            let Player { own, tally, has_lived, left_ship, subject, .. } = &mut self.players[at];
            let protection_ticks = if *has_lived {
                timing.protection_ticks
            } else if own.effects.truce_ticks > 0 {
                // Who comes while a result stands has not begun yet.
                timing.newcomer_protection_ticks
            } else {
                *has_lived = true;
                self.newcomers.protect(*subject, now.tick, timing)
            };
            own.spawn(self.next_entity.take(), place, protection_ticks);
            match left_ship.take() {
                Some(ship) => ship.give_back(own, now.tick),
                None => tally.streak = 0,
            }
            now.affect(own.player, Effect::Spawn);
            now.emit(&kinds::Spawn { x: place.x, y: place.y, player: own.player });
        }
    }
}

/// The safest of a few places: the one whose nearest of `others` is farthest away.
fn safe_place(
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
