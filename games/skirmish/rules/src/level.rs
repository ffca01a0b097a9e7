//! The level: what is settled when a room opens. Walls, rocks, the orbits of those that drift, and
//! the pads on which pick-ups lie.
//!
//! It owns their shapes and the grid that finds them. It never knows a ship or a bolt, only
//! places and ways. It is made from the seed by [`super::generate`] and sent to a client once;
//! what is in whose way at a tick is asked of [`super::obstacles`].

use glam::Vec2;
use serde::{Deserialize, Serialize};

use super::drift::Drifter;
use super::grid::Grid;
use super::pickups::Pad;
use super::rules::{SHIP_RADIUS, Timing, WORLD_RADIUS_MAX};
use tickwire_game::tick::TickRate;

/// How far beyond an obstacle the border must be for the obstacle to be solid: a ship fits in
/// between with room to spare.
///
/// Obstacles nearer to the border, or outside, are only shades of themselves: otherwise the
/// closing border would crush ships against them. Together with [`GAP_MIN`] this means that a
/// ship is never in reach of two things at once, so that one push always frees it.
pub(super) const SOLID_CLEARANCE: f32 = 2.0 * SHIP_RADIUS + 0.5;
/// Obstacles keep at least this distance: a ship fits between any two.
pub(super) const GAP_MIN: f32 = 3.0 * SHIP_RADIUS;
/// No obstacle is longer.
pub(super) const OBSTACLE_LENGTH_MAX: f32 = 12.0;
/// Side of a cell of the grid.
const CELL: f32 = 8.0;
/// Most obstacles, and most pads, that a level from the wire may have: about four times those of
/// the largest.
const OBSTACLES_MAX: usize = 16_384;

/// A wall: an axis-aligned rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Lowest x.
    pub x: f32,
    /// Lowest y.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
    /// From which radius of the border on it is solid; it lets everything pass before.
    pub solid_from: f32,
}

/// A rock: a circle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rock {
    /// Its centre.
    pub x: f32,
    /// Its centre.
    pub y: f32,
    /// Its radius.
    pub radius: f32,
    /// From which radius of the border on it is solid; it lets everything pass before.
    pub solid_from: f32,
}

/// What is settled when a room opens, and the tick rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "PlainLevel", into = "PlainLevel")]
pub struct Level {
    /// Ticks per second.
    pub tick_rate: TickRate,
    /// The largest radius that the border can take.
    pub radius: f32,
    /// What stands, drifts and lies in it.
    pub layout: Layout,
    pub(super) timing: Timing,
    /// Of all obstacles by their number: see [`Layout::obstacle`].
    pub(super) grid: Grid,
}

/// What stands, drifts and lies in a level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// The walls.
    pub walls: Vec<Rect>,
    /// The rocks that stand.
    pub rocks: Vec<Rock>,
    /// The rocks that drift.
    pub drifters: Vec<Drifter>,
    /// Where pick-ups lie.
    pub pads: Vec<Pad>,
}

/// One obstacle of a layout.
#[derive(Clone, Copy, Debug)]
pub(super) enum Obstacle<'a> {
    Wall(&'a Rect),
    Rock(&'a Rock),
    Drifter(&'a Drifter),
}

/// A level as it is written down: without what follows from it.
#[derive(Serialize, Deserialize)]
struct PlainLevel {
    tick_rate: TickRate,
    radius: f32,
    layout: Layout,
}

/// Why what came from the wire is no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// The tick rate is outside the limits.
    #[error("the tick rate is outside the limits")]
    TickRate,
    /// The radius, or an obstacle, is larger than any level's or lies outside.
    #[error("a measure is outside the limits")]
    Measure,
    /// More obstacles than any level has.
    #[error("too many obstacles")]
    TooMany,
}

impl Rect {
    /// The wall with its lowest corner at `corner`.
    #[must_use]
    pub fn new(corner: Vec2, size: Vec2) -> Rect {
        let reach = |low: f32, length: f32| if -low > low + length { -low } else { low + length };
        let farthest = Vec2::new(reach(corner.x, size.x), reach(corner.y, size.y));
        let solid_from = farthest.length() + SOLID_CLEARANCE;
        Rect { x: corner.x, y: corner.y, w: size.x, h: size.y, solid_from }
    }

    pub(super) fn bounds(&self) -> (Vec2, Vec2) {
        let min = Vec2::new(self.x, self.y);
        (min, min + Vec2::new(self.w, self.h))
    }

    /// The place nearest to `place` at `distance` from the wall, if `place` is nearer.
    pub(super) fn push_out(&self, place: Vec2, distance: f32) -> Option<Vec2> {
        let (min, max) = self.bounds();
        let nearest = Vec2::new(kept(place.x, min.x, max.x), kept(place.y, min.y, max.y));
        let apart = place - nearest;
        let squared = apart.length_squared();
        if squared >= distance * distance {
            return None;
        }
        if squared > 0.0 {
            return Some(nearest + apart * (distance / libm::sqrtf(squared)));
        }
        // Its centre is in the wall: out by the nearest side.
        let (left, right) = (place.x - min.x, max.x - place.x);
        let (top, bottom) = (place.y - min.y, max.y - place.y);
        let (dx, x) =
            if left < right { (left, min.x - distance) } else { (right, max.x + distance) };
        let (dy, y) =
            if top < bottom { (top, min.y - distance) } else { (bottom, max.y + distance) };
        Some(if dx < dy { Vec2::new(x, place.y) } else { Vec2::new(place.x, y) })
    }

    /// At what part of the way something of `radius` first touches the wall. Its corners count
    /// as square, which is wrong by a tenth of a unit for a bolt.
    pub(super) fn first_touch(&self, from: Vec2, way: Vec2, radius: f32) -> Option<f32> {
        let (min, max) = self.bounds();
        let (x_enter, x_leave) = slab(from.x, way.x, min.x - radius, max.x + radius)?;
        let (y_enter, y_leave) = slab(from.y, way.y, min.y - radius, max.y + radius)?;
        let enter = if x_enter > y_enter { x_enter } else { y_enter };
        let leave = if x_leave < y_leave { x_leave } else { y_leave };
        if enter > leave || leave < 0.0 || enter > 1.0 {
            return None;
        }
        Some(if enter > 0.0 { enter } else { 0.0 })
    }
}

impl Rock {
    /// The rock around `centre`.
    #[must_use]
    pub fn new(centre: Vec2, radius: f32) -> Rock {
        let solid_from = centre.length() + radius + SOLID_CLEARANCE;
        Rock { x: centre.x, y: centre.y, radius, solid_from }
    }

    pub(super) fn centre(&self) -> Vec2 {
        Vec2::new(self.x, self.y)
    }

    pub(super) fn bounds(&self) -> (Vec2, Vec2) {
        let reach = Vec2::splat(self.radius);
        (self.centre() - reach, self.centre() + reach)
    }

    /// The place nearest to `place` at `distance` from the rock, if `place` is nearer.
    pub(super) fn push_out(&self, place: Vec2, distance: f32) -> Option<Vec2> {
        let apart = place - self.centre();
        let least = self.radius + distance;
        if apart.length_squared() >= least * least {
            return None;
        }
        // A ship right at the centre has no nearest way out: any will do.
        Some(self.centre() + apart.normalize_or(Vec2::X) * least)
    }
}

impl Layout {
    /// How many obstacles there are.
    pub(super) fn obstacles(&self) -> usize {
        self.walls.len() + self.rocks.len() + self.drifters.len()
    }

    /// The obstacle of a number below [`Layout::obstacles`]: walls first, then rocks, then those that
    /// drift.
    pub(super) fn obstacle(&self, number: usize) -> Obstacle<'_> {
        let Layout { walls, rocks, drifters, .. } = self;
        if let Some(wall) = walls.get(number) {
            return Obstacle::Wall(wall);
        }
        let number = number - walls.len();
        match rocks.get(number) {
            Some(rock) => Obstacle::Rock(rock),
            None => Obstacle::Drifter(&drifters[number - rocks.len()]),
        }
    }

    fn is_sound(&self) -> bool {
        // Not-a-number is in no range.
        let is_length = |length: f32| (0.0..=OBSTACLE_LENGTH_MAX).contains(&length);
        let is_place = |x: f32, y: f32| {
            let range = -WORLD_RADIUS_MAX..=WORLD_RADIUS_MAX;
            range.contains(&x) && range.contains(&y)
        };
        let are_walls = self
            .walls
            .iter()
            .all(|wall| is_place(wall.x, wall.y) && is_length(wall.w) && is_length(wall.h));
        let are_rocks =
            self.rocks.iter().all(|rock| is_place(rock.x, rock.y) && is_length(2.0 * rock.radius));
        let are_drifters = self.drifters.iter().all(|drifter| {
            is_place(drifter.x, drifter.y)
                && is_length(2.0 * drifter.radius)
                && is_length(2.0 * drifter.orbit)
                && drifter.phase.is_finite()
                && drifter.period_ticks != 0
        });
        let are_pads = self.pads.iter().all(|pad| is_place(pad.x, pad.y));
        are_walls && are_rocks && are_drifters && are_pads
    }
}

impl Obstacle<'_> {
    /// From which radius of the border on it is solid.
    pub(super) fn solid_from(&self) -> f32 {
        match self {
            Obstacle::Wall(wall) => wall.solid_from,
            Obstacle::Rock(rock) => rock.solid_from,
            Obstacle::Drifter(drifter) => drifter.solid_from,
        }
    }

    /// All that it ever touches.
    fn bounds(&self) -> (Vec2, Vec2) {
        match self {
            Obstacle::Wall(wall) => wall.bounds(),
            Obstacle::Rock(rock) => rock.bounds(),
            Obstacle::Drifter(drifter) => drifter.bounds(),
        }
    }
}

impl Level {
    /// The level of this layout; its obstacles should keep their distance from each other.
    pub(super) fn new(tick_rate: TickRate, radius: f32, layout: Layout) -> Level {
        let mut grid = Grid::default();
        let bounds = |number| layout.obstacle(number).bounds();
        grid.refill(radius, CELL, layout.obstacles(), bounds);
        Level { tick_rate, radius, layout, timing: Timing::new(tick_rate), grid }
    }
}

/// The box around a way of something of `radius`.
pub(super) fn bounds_of_way(from: Vec2, to: Vec2, radius: f32) -> (Vec2, Vec2) {
    let (left, right) = if from.x < to.x { (from.x, to.x) } else { (to.x, from.x) };
    let (top, bottom) = if from.y < to.y { (from.y, to.y) } else { (to.y, from.y) };
    let reach = Vec2::splat(radius);
    (Vec2::new(left, top) - reach, Vec2::new(right, bottom) + reach)
}

/// At what part of a way a point first touches a circle; 0 if it starts inside.
pub(super) fn first_touch_of_circle(
    from: Vec2,
    way: Vec2,
    centre: Vec2,
    radius: f32,
) -> Option<f32> {
    let apart = from - centre;
    let beyond = apart.length_squared() - radius * radius;
    if beyond <= 0.0 {
        return Some(0.0);
    }
    // |apart + t * way| = radius, of which the earlier solution is the touch.
    let (a, b) = (way.length_squared(), apart.dot(way));
    let under_root = b * b - a * beyond;
    if b >= 0.0 || under_root < 0.0 {
        return None;
    }
    let touch = (-b - libm::sqrtf(under_root)) / a;
    (touch <= 1.0).then_some(touch)
}

/// From where to where on its way a point is between two lines.
fn slab(from: f32, way: f32, low: f32, high: f32) -> Option<(f32, f32)> {
    // So short a way that dividing by it could overflow leads nowhere.
    if way.abs() < 1.0e-6 {
        let inside = low <= from && from <= high;
        return inside.then_some((f32::NEG_INFINITY, f32::INFINITY));
    }
    let (first, second) = ((low - from) / way, (high - from) / way);
    Some(if first < second { (first, second) } else { (second, first) })
}

fn kept(value: f32, low: f32, high: f32) -> f32 {
    if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    }
}

impl From<Level> for PlainLevel {
    fn from(level: Level) -> PlainLevel {
        let Level { tick_rate, radius, layout, .. } = level;
        PlainLevel { tick_rate, radius, layout }
    }
}

impl TryFrom<PlainLevel> for Level {
    type Error = LevelError;

    fn try_from(plain: PlainLevel) -> Result<Level, LevelError> {
        let PlainLevel { tick_rate, radius, layout } = plain;
        let tick_rate = TickRate::new(tick_rate.hz()).ok_or(LevelError::TickRate)?;
        if layout.obstacles() > OBSTACLES_MAX || layout.pads.len() > OBSTACLES_MAX {
            return Err(LevelError::TooMany);
        }
        if !(0.0..=WORLD_RADIUS_MAX).contains(&radius) || !layout.is_sound() {
            return Err(LevelError::Measure);
        }
        Ok(Level::new(tick_rate, radius, layout))
    }
}

#[cfg(test)]
mod tests {
    use super::super::pickups::Pickup;
    use super::*;

    fn level_of(layout: Layout) -> Level {
        Level::new(TickRate::default(), 100.0, layout)
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        let drifter = Drifter::new(Vec2::new(40.0, 0.0), 4.0, 2.0, 1.0, 300);
        let pad = Pad { x: 0.0, y: 0.0, pickup: Pickup::Repair };
        let rocks = vec![Rock::new(Vec2::ZERO, 2.0)];
        let layout = || Layout {
            rocks: rocks.clone(),
            drifters: vec![drifter],
            pads: vec![pad],
            ..Layout::default()
        };
        let plain = || PlainLevel::from(level_of(layout()));
        assert!(Level::try_from(plain()).is_ok());
        let broken = PlainLevel { radius: f32::NAN, ..plain() };
        assert_eq!(Level::try_from(broken).err(), Some(LevelError::Measure));
        let breaks: [fn(&mut Layout); 5] = [
            |layout| layout.rocks[0].x = f32::INFINITY,
            |layout| layout.drifters[0].period_ticks = 0,
            |layout| layout.drifters[0].orbit = f32::NAN,
            |layout| layout.drifters[0].phase = f32::NAN,
            |layout| layout.pads[0].y = 1e9,
        ];
        for break_it in breaks {
            let mut broken = plain();
            break_it(&mut broken.layout);
            assert_eq!(Level::try_from(broken).err(), Some(LevelError::Measure));
        }
        let mut broken = plain();
        broken.layout.rocks = vec![rocks[0]; OBSTACLES_MAX + 1];
        assert_eq!(Level::try_from(broken).err(), Some(LevelError::TooMany));
    }
}
