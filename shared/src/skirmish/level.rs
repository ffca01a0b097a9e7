//! The level: the walls and rocks that never move, and every question about them.
//!
//! It owns their places and the grid that finds them. It never knows a ship or a bolt, only
//! places and ways. It is made from the seed by [`super::generate`], sent to a client once, and
//! asked by the movement of ships, the flight of bolts and the bot.

use glam::Vec2;
use serde::{Deserialize, Serialize};

use super::border::Border;
use super::grid::Grid;
use super::rules::{SHIP_RADIUS, Timing, WORLD_RADIUS_MAX};
use crate::tick::TickRate;

/// How far beyond an obstacle the border must be for the obstacle to be solid: a ship fits in
/// between with room to spare.
///
/// Obstacles nearer to the border, or outside, are only shades of themselves: otherwise the
/// closing border would crush ships against them. Together with [`GAP_MIN`] this means that a
/// ship is never in reach of two things at once, so that one push always frees it.
const SOLID_CLEARANCE: f32 = 2.0 * SHIP_RADIUS + 0.5;
/// Obstacles keep at least this distance: a ship fits between any two.
pub(super) const GAP_MIN: f32 = 3.0 * SHIP_RADIUS;
/// No obstacle is longer.
pub(super) const OBSTACLE_LENGTH_MAX: f32 = 12.0;
/// Side of a cell of the grid.
const CELL: f32 = 8.0;
/// Most obstacles that a level from the wire may have: about four times those of the largest.
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

/// What never moves, and the tick rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "PlainLevel", into = "PlainLevel")]
pub struct Level {
    /// Ticks per second.
    pub tick_rate: TickRate,
    /// The largest radius that the border can take.
    pub radius: f32,
    /// The walls.
    pub walls: Vec<Rect>,
    /// The rocks.
    pub rocks: Vec<Rock>,
    pub(super) timing: Timing,
    /// Walls first, rocks after them.
    grid: Grid,
}

/// A level as it is written down: without what follows from it.
#[derive(Serialize, Deserialize)]
struct PlainLevel {
    tick_rate: TickRate,
    radius: f32,
    walls: Vec<Rect>,
    rocks: Vec<Rock>,
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
    fn push_out(&self, place: Vec2, distance: f32) -> Option<Vec2> {
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
    fn first_touch(&self, from: Vec2, way: Vec2, radius: f32) -> Option<f32> {
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
    fn push_out(&self, place: Vec2, distance: f32) -> Option<Vec2> {
        let apart = place - self.centre();
        let least = self.radius + distance;
        if apart.length_squared() >= least * least {
            return None;
        }
        // A ship right at the centre has no nearest way out: any will do.
        Some(self.centre() + apart.normalize_or(Vec2::X) * least)
    }
}

impl Level {
    /// The level of these obstacles; they should keep their distance from each other.
    pub(super) fn new(
        tick_rate: TickRate,
        radius: f32,
        walls: Vec<Rect>,
        rocks: Vec<Rock>,
    ) -> Level {
        let mut grid = Grid::default();
        grid.refill(radius, CELL, walls.len() + rocks.len(), |index| {
            walls.get(index).map_or_else(|| rocks[index - walls.len()].bounds(), Rect::bounds)
        });
        Level { tick_rate, radius, walls, rocks, timing: Timing::new(tick_rate), grid }
    }

    /// Frees a ship from what it ran into: its centre is put where it may be, and its velocity
    /// into the obstacle is lost, so that it slides along.
    pub(super) fn confine(&self, border: &Border, place: &mut Vec2, velocity: &mut Vec2) {
        border.confine(place, velocity);
        if let Some(free) = self.nearest_free(border, *place, SHIP_RADIUS) {
            let outwards = (free - *place).normalize_or_zero();
            *place = free;
            let speed = velocity.dot(outwards);
            if speed < 0.0 {
                *velocity -= outwards * speed;
            }
        }
    }

    /// The place nearest to `place` that is at `distance` from the obstacle that is nearer, if
    /// one is. For distances up to a ship's radius there is only one (see [`GAP_MIN`]).
    pub(super) fn nearest_free(&self, border: &Border, place: Vec2, distance: f32) -> Option<Vec2> {
        let reach = Vec2::splat(distance);
        self.grid.near(place - reach, place + reach).find_map(|index| match self.walls.get(index) {
            Some(wall) if wall.solid_from <= border.radius => wall.push_out(place, distance),
            Some(_) => None,
            None => {
                let rock = &self.rocks[index - self.walls.len()];
                if rock.solid_from <= border.radius { rock.push_out(place, distance) } else { None }
            }
        })
    }

    /// At what part of the way from `from` to `to` something of `radius` first touches an
    /// obstacle, if it does.
    pub(super) fn first_touch(
        &self,
        border: &Border,
        from: Vec2,
        to: Vec2,
        radius: f32,
    ) -> Option<f32> {
        let (min, max) = bounds_of_way(from, to, radius);
        let way = to - from;
        let mut first: Option<f32> = None;
        for index in self.grid.near(min, max) {
            let touch = match self.walls.get(index) {
                Some(wall) if wall.solid_from <= border.radius => {
                    wall.first_touch(from, way, radius)
                }
                Some(_) => None,
                None => {
                    let rock = &self.rocks[index - self.walls.len()];
                    if rock.solid_from <= border.radius {
                        first_touch_of_circle(from, way, rock.centre(), rock.radius + radius)
                    } else {
                        None
                    }
                }
            };
            if let Some(touch) = touch
                && first.is_none_or(|first| touch < first)
            {
                first = Some(touch);
            }
        }
        first
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
        let Level { tick_rate, radius, walls, rocks, .. } = level;
        PlainLevel { tick_rate, radius, walls, rocks }
    }
}

impl TryFrom<PlainLevel> for Level {
    type Error = LevelError;

    fn try_from(plain: PlainLevel) -> Result<Level, LevelError> {
        let PlainLevel { tick_rate, radius, walls, rocks } = plain;
        let tick_rate = TickRate::new(tick_rate.hz()).ok_or(LevelError::TickRate)?;
        if walls.len() + rocks.len() > OBSTACLES_MAX {
            return Err(LevelError::TooMany);
        }
        // Not-a-number is in no range.
        let is_length = |length: f32| (0.0..=OBSTACLE_LENGTH_MAX).contains(&length);
        let is_place = |at: f32| (-WORLD_RADIUS_MAX..=WORLD_RADIUS_MAX).contains(&at);
        let sound = (0.0..=WORLD_RADIUS_MAX).contains(&radius)
            && walls.iter().all(|wall| {
                is_place(wall.x) && is_place(wall.y) && is_length(wall.w) && is_length(wall.h)
            })
            && rocks
                .iter()
                .all(|rock| is_place(rock.x) && is_place(rock.y) && is_length(2.0 * rock.radius));
        if !sound {
            return Err(LevelError::Measure);
        }
        Ok(Level::new(tick_rate, radius, walls, rocks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BORDER: Border = Border { radius: 100.0, target: 100.0 };

    fn level_of(walls: Vec<Rect>, rocks: Vec<Rock>) -> Level {
        Level::new(TickRate::default(), 100.0, walls, rocks)
    }

    #[test]
    fn a_ship_slides_along_a_wall() {
        let level = level_of(vec![Rect::new(Vec2::new(5.0, -5.0), Vec2::new(2.0, 10.0))], vec![]);
        let (mut place, mut velocity) = (Vec2::new(4.5, 1.0), Vec2::new(10.0, 3.0));
        level.confine(&BORDER, &mut place, &mut velocity);
        assert_eq!(place, Vec2::new(4.0, 1.0));
        assert_eq!(velocity, Vec2::new(0.0, 3.0));
    }

    #[test]
    fn a_ship_in_the_middle_of_an_obstacle_is_freed() {
        let wall = Rect::new(Vec2::new(5.0, -5.0), Vec2::new(2.0, 10.0));
        let rock = Rock::new(Vec2::new(-20.0, 0.0), 3.0);
        let level = level_of(vec![wall], vec![rock]);
        for inside in [Vec2::new(6.2, 0.0), Vec2::new(-20.0, 0.0)] {
            let mut place = inside;
            level.confine(&BORDER, &mut place, &mut Vec2::default());
            assert!(place.distance(inside) > 1.0);
            assert_eq!(level.nearest_free(&BORDER, place, 0.999 * SHIP_RADIUS), None);
        }
    }

    #[test]
    fn a_ship_slides_around_a_rock_and_along_the_border() {
        let level = level_of(vec![], vec![Rock::new(Vec2::ZERO, 2.0)]);
        let (mut place, mut velocity) = (Vec2::new(0.0, 2.5), Vec2::new(3.0, -8.0));
        level.confine(&BORDER, &mut place, &mut velocity);
        assert_eq!((place, velocity), (Vec2::new(0.0, 3.0), Vec2::new(3.0, 0.0)));
        let (mut place, mut velocity) = (Vec2::new(0.0, -120.0), Vec2::new(3.0, -8.0));
        level.confine(&BORDER, &mut place, &mut velocity);
        assert_eq!((place, velocity), (Vec2::new(0.0, -99.0), Vec2::new(3.0, 0.0)));
    }

    #[test]
    fn an_obstacle_too_near_to_the_border_lets_everything_pass() {
        let level = level_of(vec![], vec![Rock::new(Vec2::new(50.0, 0.0), 2.0)]);
        let near = Border { radius: 53.0, target: 53.0 };
        let at = Vec2::new(50.5, 0.0);
        assert_eq!(level.nearest_free(&near, at, SHIP_RADIUS), None);
        assert!(level.nearest_free(&BORDER, at, SHIP_RADIUS).is_some());
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        let plain = || PlainLevel::from(level_of(vec![], vec![Rock::new(Vec2::ZERO, 2.0)]));
        assert!(Level::try_from(plain()).is_ok());
        let broken = PlainLevel { radius: f32::NAN, ..plain() };
        assert_eq!(Level::try_from(broken).err(), Some(LevelError::Measure));
        let mut broken = plain();
        broken.rocks[0].x = f32::INFINITY;
        assert_eq!(Level::try_from(broken).err(), Some(LevelError::Measure));
        let mut broken = plain();
        broken.rocks = vec![broken.rocks[0]; OBSTACLES_MAX + 1];
        assert_eq!(Level::try_from(broken).err(), Some(LevelError::TooMany));
    }
}
