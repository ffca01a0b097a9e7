//! Bolts: their flight, and what they hit.
//!
//! It owns the movement of a bolt and finds what it runs into first. It decides nothing about
//! damage or score: the world does, by what this returns.
//!
//! A bolt is launched in the present, at the place and in the tick of its shot, and what it meets
//! is judged in the present too: who is late must aim ahead by its delay, and its target can
//! always get out of the way of what it sees. The other way, to move a late player's bolt on at
//! once by as much as its picture was old, spares it the lead, but then bolts appear in mid-flight
//! and hit players who had reached cover already. Weapons for which the target pays are in
//! [`super::rail`].

use glam::Vec2;
use serde::{Deserialize, Serialize};

use super::border::Border;
use super::grid::Grid;
use super::input::aim_direction;
use super::kinds::{self, SHOT_NUMBERS};
use super::level::{Level, bounds_of_way, first_touch_of_circle};
use super::obstacles::Obstacles;
use super::rules::{AIM_STEPS, BOLT_RADIUS, BOLT_SPEED, SHIP_RADIUS, Timing};
use super::ship::Own;
use tickwire_game::ids::{EntityId, PlayerId};
use tickwire_game::scene::{Kinds, RowRef, SceneWriter};
use tickwire_game::tick::Tick;

/// Side of a cell of the grid of ships: of the size of a tick's flight with a ship around it.
const CELL: f32 = 4.0;

/// A bolt in flight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Bolt {
    pub(super) entity: EntityId,
    pub(super) owner: PlayerId,
    pub(super) team: u8,
    pub(super) place: Vec2,
    pub(super) damage: f32,
    aim: u16,
    life_ticks: u32,
    shot: u8,
}

/// What became of a bolt within a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flight {
    /// It flies on.
    On,
    /// Its life ended.
    Spent,
    /// It broke on an obstacle or on the border.
    Burst,
    /// It hit the ship that stands at this index in the world's list.
    Hit(usize),
}

impl Bolt {
    /// The bolt of a shot. It starts at the centre of its ship, for only from there is the way
    /// sure to be free: a muzzle could be on the other side of a wall.
    pub(super) fn of_shot(entity: EntityId, own: &Own, fired_at: Tick, timing: &Timing) -> Bolt {
        Bolt {
            entity,
            owner: own.player,
            team: own.team,
            place: own.motion.place,
            damage: own.bolt_damage(),
            aim: own.motion.aim,
            life_ticks: timing.bolt_life_ticks,
            shot: shot_number(fired_at, timing),
        }
    }

    /// Moves it on by a tick, to what it hits first. `target` gives the place of the ship at an
    /// index of `ships`, and `None` for what it cannot hit.
    ///
    /// Its whole way is looked at, not where it ends: at 20 ticks/s that is more than a ship
    /// apart. Ships count as standing where they are at the end of the tick; they move less
    /// than their own size in one, so that none slips through.
    pub(super) fn fly(
        &mut self,
        obstacles: &Obstacles<'_>,
        ships: &Grid,
        target: impl Fn(usize) -> Option<Vec2>,
    ) -> Flight {
        let Obstacles { level, border, .. } = obstacles;
        let way = aim_direction(self.aim) * (BOLT_SPEED * level.timing.dt);
        let from = self.place;
        let to = from + way;
        let (mut first, mut flight) = (1.0, Flight::On);
        for touch in [border.exit(from, to), obstacles.first_touch(from, to, BOLT_RADIUS)] {
            if let Some(touch) = touch
                && touch < first
            {
                (first, flight) = (touch, Flight::Burst);
            }
        }
        let reach = SHIP_RADIUS + BOLT_RADIUS;
        let (min, max) = bounds_of_way(from, to, reach);
        for index in ships.near(min, max) {
            if let Some(place) = target(index)
                && let Some(touch) = first_touch_of_circle(from, way, place, reach)
                && touch < first
            {
                (first, flight) = (touch, Flight::Hit(index));
            }
        }
        self.place = from + way * first;
        self.life_ticks -= 1;
        if flight == Flight::On && self.life_ticks == 0 {
            return Flight::Spent;
        }
        flight
    }

    pub(super) fn show(&self, scene: &mut SceneWriter) {
        let bolt = kinds::Bolt {
            x: self.place.x,
            y: self.place.y,
            aim: f64::from(self.aim) * (std::f64::consts::TAU / f64::from(AIM_STEPS)),
            owner: self.owner,
            shot: self.shot,
        };
        scene.row(self.entity, &bolt);
    }
}

/// The number of a shot fired in a tick: which of the spans of a cooldown it lies in, modulo
/// [`SHOT_NUMBERS`]. Shots of one player are at least that far apart, so that no two that follow
/// each other have the same, and it takes a third of the bits of the tick.
pub(super) fn shot_number(fired_at: Tick, timing: &Timing) -> u8 {
    (fired_at.0 / timing.cooldown_min_ticks % SHOT_NUMBERS) as u8
}

/// The owner and the number of the shot that a row is of, in one.
pub(super) fn shot_key(row: RowRef<'_>, kinds: &Kinds) -> Option<u64> {
    let bolt: kinds::Bolt = row.read(kinds)?;
    Some(key(bolt.owner, bolt.shot))
}

fn key(owner: PlayerId, shot: u8) -> u64 {
    u64::from(owner.0) * u64::from(SHOT_NUMBERS) + u64::from(shot)
}

/// Shows the bolt that `own` fired in its last tick, `fired_at`, as it is `age_ticks` later if it
/// meets no ship; nothing once it broke or its life is over. It is flown anew from its start, by
/// the world's own flight: the two differ only when the border turns meanwhile.
pub(super) fn show_shot(
    own: &Own,
    fired_at: Tick,
    level: &Level,
    age_ticks: u32,
    scene: &mut SceneWriter,
) {
    let timing = &level.timing;
    if !own.shots.bolt || age_ticks > timing.bolt_life_ticks {
        return;
    }
    // A world gives out its entities from below.
    let entity = EntityId(u32::MAX - key(own.player, shot_number(fired_at, timing)) as u32);
    let mut bolt = Bolt::of_shot(entity, own, fired_at, timing);
    let (mut obstacles, nobody) = (own.among(level), Grid::default());
    for _ in 0..age_ticks {
        obstacles.border.advance(timing);
        obstacles.tick = obstacles.tick.plus(1);
        if bolt.fly(&obstacles, &nobody, |_| None) != Flight::On {
            return;
        }
    }
    bolt.show(scene);
}

/// Fills the grid with where the ships are.
pub(super) fn refill(ships: &mut Grid, border: &Border, places: &[Vec2]) {
    ships.refill(border.radius, CELL, places.len(), |index| (places[index], places[index]));
}

#[cfg(test)]
mod tests {
    use super::super::level::{Layout, Rect, Rock};
    use super::*;
    use tickwire_game::tick::TickRate;

    const BORDER: Border = Border { radius: 100.0, target: 100.0 };

    fn level_of(walls: Vec<Rect>, rocks: Vec<Rock>) -> Level {
        let layout = Layout { walls, rocks, ..Layout::default() };
        Level::new(TickRate::new(20).unwrap(), 100.0, layout)
    }

    /// Shoots from `from` towards rising x at 20 ticks/s, at ships that stand at `ships`.
    fn shoot(level: &Level, border: &Border, from: Vec2, ships: &[Vec2]) -> (Flight, Vec2) {
        let mut own = Own::waiting(PlayerId(0), *border, 0);
        own.spawn(EntityId(1), from, 1);
        let obstacles = own.among(level);
        let mut bolt = Bolt::of_shot(EntityId(2), &own, Tick(1), &level.timing);
        let mut grid = Grid::default();
        refill(&mut grid, border, ships);
        loop {
            // The first is its owner's.
            let target = |index: usize| (index > 0).then(|| ships[index]);
            match bolt.fly(&obstacles, &grid, target) {
                Flight::On => {}
                end => return (end, bolt.place),
            }
        }
    }

    #[test]
    fn no_bolt_tunnels_through_a_wall_or_a_rock() {
        let wall = Rect::new(Vec2::new(12.0, -50.0), Vec2::new(0.1, 40.0));
        let rock = Rock::new(Vec2::new(12.0, 10.0), 0.3);
        let level = level_of(vec![wall], vec![rock]);
        for sixteenths in 0..64_u8 {
            let x = f32::from(sixteenths) / 16.0;
            let (end, at) = shoot(&level, &BORDER, Vec2::new(x, -30.0), &[]);
            assert_eq!(end, Flight::Burst);
            assert!((at.x - (12.0 - BOLT_RADIUS)).abs() < 0.01, "at the face, not behind");
            let (end, at) = shoot(&level, &BORDER, Vec2::new(x, 10.0), &[]);
            assert_eq!(end, Flight::Burst);
            assert!((at.x - (11.7 - BOLT_RADIUS)).abs() < 0.01, "at the face, not behind");
        }
    }

    #[test]
    fn no_bolt_tunnels_through_a_ship() {
        let level = level_of(vec![], vec![]);
        for sixteenths in 0..64_u8 {
            let x = f32::from(sixteenths) / 16.0;
            let ships = [Vec2::new(x, 0.0), Vec2::new(20.0, 1.2), Vec2::new(15.0, 0.0)];
            let (end, at) = shoot(&level, &BORDER, Vec2::new(x, 0.0), &ships);
            assert_eq!(end, Flight::Hit(2));
            assert!((at.x - (15.0 - SHIP_RADIUS - BOLT_RADIUS)).abs() < 0.01);
        }
    }

    #[test]
    fn a_bolt_flies_its_life_and_no_farther() {
        let level = level_of(vec![], vec![]);
        let (end, at) = shoot(&level, &BORDER, Vec2::ZERO, &[]);
        assert_eq!(end, Flight::Spent);
        let range = BOLT_SPEED * super::super::rules::BOLT_LIFE_S;
        assert!((at.x - range).abs() < 0.01);
    }

    #[test]
    fn a_bolt_breaks_on_the_border() {
        let level = level_of(vec![], vec![]);
        let border = Border { radius: 21.0, target: 21.0 };
        let (end, at) = shoot(&level, &border, Vec2::ZERO, &[]);
        assert_eq!(end, Flight::Burst);
        assert!((at.x - 21.0).abs() < 0.01);
    }
}
