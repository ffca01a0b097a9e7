//! What is in the way at a tick: every question about obstacles and the border.
//!
//! It owns nothing: it looks at a level whose border stands somewhere and whose rocks have drifted
//! to somewhere. It never knows a ship or a bolt, only places and ways. Asked by the movement of
//! ships, the flight of bolts and rails, and the bot.

use glam::Vec2;

use super::border::Border;
use super::level::{Level, Obstacle, bounds_of_way, first_touch_of_circle};
use super::rules::SHIP_RADIUS;
use tickwire_game::tick::Tick;

/// The obstacles of a level as they are at a tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Obstacles<'a> {
    pub(super) level: &'a Level,
    pub(super) border: Border,
    pub(super) tick: Tick,
}

impl Obstacles<'_> {
    /// Frees a ship from what it ran into, or what ran into it: its centre is put where it may be,
    /// and its velocity into the obstacle is lost, so that it slides along.
    pub(super) fn confine(&self, place: &mut Vec2, velocity: &mut Vec2) {
        self.border.confine(place, velocity);
        if let Some(free) = self.nearest_free(*place, SHIP_RADIUS) {
            let outwards = (free - *place).normalize_or_zero();
            *place = free;
            let speed = velocity.dot(outwards);
            if speed < 0.0 {
                *velocity -= outwards * speed;
            }
        }
    }

    /// The place nearest to `place` that is at `distance` from the obstacle that is nearer, if
    /// one is. For distances up to a ship's radius there is only one (see
    /// [`GAP_MIN`](super::level::GAP_MIN)).
    pub(super) fn nearest_free(&self, place: Vec2, distance: f32) -> Option<Vec2> {
        let reach = Vec2::splat(distance);
        self.solid_near(place - reach, place + reach).find_map(|obstacle| match obstacle {
            Obstacle::Wall(wall) => wall.push_out(place, distance),
            Obstacle::Rock(rock) => rock.push_out(place, distance),
            Obstacle::Drifter(drifter) => drifter.at(self.tick).push_out(place, distance),
        })
    }

    /// At what part of the way from `from` to `to` something of `radius` first touches an
    /// obstacle, if it does.
    pub(super) fn first_touch(&self, from: Vec2, to: Vec2, radius: f32) -> Option<f32> {
        let (min, max) = bounds_of_way(from, to, radius);
        let way = to - from;
        let mut first: Option<f32> = None;
        for obstacle in self.solid_near(min, max) {
            let touch = match obstacle {
                Obstacle::Wall(wall) => wall.first_touch(from, way, radius),
                Obstacle::Rock(rock) => {
                    first_touch_of_circle(from, way, rock.centre(), rock.radius + radius)
                }
                Obstacle::Drifter(drifter) => {
                    let rock = drifter.at(self.tick);
                    first_touch_of_circle(from, way, rock.centre(), rock.radius + radius)
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

    /// The obstacles that may touch a box and let nothing pass.
    fn solid_near(&self, min: Vec2, max: Vec2) -> impl Iterator<Item = Obstacle<'_>> {
        let Level { grid, layout, .. } = self.level;
        let near = grid.near(min, max).map(|number| layout.obstacle(number));
        near.filter(|obstacle| obstacle.solid_from() <= self.border.radius)
    }
}

#[cfg(test)]
mod tests {
    use super::super::drift::Drifter;
    use super::super::level::{Layout, Rect, Rock};
    use super::*;
    use tickwire_game::tick::TickRate;

    const BORDER: Border = Border { radius: 100.0, target: 100.0 };

    fn level_of(walls: Vec<Rect>, rocks: Vec<Rock>) -> Level {
        let layout = Layout { walls, rocks, ..Layout::default() };
        Level::new(TickRate::default(), 100.0, layout)
    }

    fn in_level(level: &Level) -> Obstacles<'_> {
        Obstacles { level, border: BORDER, tick: Tick(0) }
    }

    #[test]
    fn a_ship_slides_along_a_wall() {
        let level = level_of(vec![Rect::new(Vec2::new(5.0, -5.0), Vec2::new(2.0, 10.0))], vec![]);
        let (mut place, mut velocity) = (Vec2::new(4.5, 1.0), Vec2::new(10.0, 3.0));
        in_level(&level).confine(&mut place, &mut velocity);
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
            in_level(&level).confine(&mut place, &mut Vec2::default());
            assert!(place.distance(inside) > 1.0);
            assert_eq!(in_level(&level).nearest_free(place, 0.999 * SHIP_RADIUS), None);
        }
    }

    #[test]
    fn a_ship_slides_around_a_rock_and_along_the_border() {
        let level = level_of(vec![], vec![Rock::new(Vec2::ZERO, 2.0)]);
        let (mut place, mut velocity) = (Vec2::new(0.0, 2.5), Vec2::new(3.0, -8.0));
        in_level(&level).confine(&mut place, &mut velocity);
        assert_eq!((place, velocity), (Vec2::new(0.0, 3.0), Vec2::new(3.0, 0.0)));
        let (mut place, mut velocity) = (Vec2::new(0.0, -120.0), Vec2::new(3.0, -8.0));
        in_level(&level).confine(&mut place, &mut velocity);
        assert_eq!((place, velocity), (Vec2::new(0.0, -99.0), Vec2::new(3.0, 0.0)));
    }

    #[test]
    fn an_obstacle_too_near_to_the_border_lets_everything_pass() {
        let level = level_of(vec![], vec![Rock::new(Vec2::new(50.0, 0.0), 2.0)]);
        let near = Border { radius: 53.0, target: 53.0 };
        let at = Vec2::new(50.5, 0.0);
        let obstacles = Obstacles { border: near, ..in_level(&level) };
        assert_eq!(obstacles.nearest_free(at, SHIP_RADIUS), None);
        assert!(in_level(&level).nearest_free(at, SHIP_RADIUS).is_some());
    }

    #[test]
    fn a_rock_that_drifts_pushes_a_ship_and_stops_a_bolt_where_it_is() {
        let drifter = Drifter::new(Vec2::new(30.0, 0.0), 6.0, 2.0, 0.0, 400);
        let layout = Layout { drifters: vec![drifter], ..Layout::default() };
        let level = Level::new(TickRate::default(), 100.0, layout);
        let mut place = Vec2::new(35.0, 4.0);
        let before = place;
        for tick in 0..400 {
            let obstacles = Obstacles { tick: Tick(tick), ..in_level(&level) };
            obstacles.confine(&mut place, &mut Vec2::default());
            let rock = drifter.at(Tick(tick)).centre();
            assert!(place.distance(rock) >= 2.0 + SHIP_RADIUS - 1e-3, "tick {tick}");
            let from = rock - Vec2::new(20.0, 0.0);
            let touch = obstacles.first_touch(from, rock, 0.25);
            let at = touch.expect("the rock is there") * 20.0;
            assert!((at - 17.75).abs() < 1e-3, "tick {tick}: {at}");
        }
        assert!(place.distance(before) > 1.0);
    }
}
