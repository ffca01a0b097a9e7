//! Rocks that drift: where one is follows from the level and the tick alone.
//!
//! So nothing is sent of them, every client knows where each will be, and predicts how its ship
//! runs into one as exactly as with a rock that stands. Made by [`super::generate`], asked by
//! [`super::obstacles`], drawn by the page.

use glam::Vec2;
use serde::{Deserialize, Serialize};

use super::input::direction;
use super::level::{Rock, SOLID_CLEARANCE};
use tickwire_game::tick::Tick;

/// A rock on a circle around a centre.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drifter {
    /// The centre of its orbit.
    pub x: f32,
    /// The centre of its orbit.
    pub y: f32,
    /// Radius of its orbit.
    pub orbit: f32,
    /// Its own radius.
    pub radius: f32,
    /// Where on its orbit it is at tick 0, in radians.
    pub phase: f32,
    /// In how many ticks it goes around once: not 0, and below 0 the other way.
    pub period_ticks: i32,
    /// From which radius of the border on it is solid; it lets everything pass before.
    pub solid_from: f32,
}

impl Drifter {
    /// A rock of `radius` on an orbit around `centre`.
    #[must_use]
    pub fn new(centre: Vec2, orbit: f32, radius: f32, phase: f32, period_ticks: i32) -> Drifter {
        let solid_from = centre.length() + orbit + radius + SOLID_CLEARANCE;
        Drifter { x: centre.x, y: centre.y, orbit, radius, phase, period_ticks, solid_from }
    }

    pub(super) fn centre(&self) -> Vec2 {
        Vec2::new(self.x, self.y)
    }

    /// All that it ever touches.
    pub(super) fn bounds(&self) -> (Vec2, Vec2) {
        let reach = Vec2::splat(self.orbit + self.radius);
        (self.centre() - reach, self.centre() + reach)
    }

    /// The rock as it is at a tick.
    #[must_use]
    pub fn at(&self, tick: Tick) -> Rock {
        // Of whole turns nothing is left before anything is rounded: it drifts as exactly after
        // a week as at first.
        let around = i64::from(tick.0) % i64::from(self.period_ticks).abs();
        let turns = around as f32 / self.period_ticks as f32;
        let centre =
            self.centre() + direction(self.phase + turns * std::f32::consts::TAU) * self.orbit;
        Rock { x: centre.x, y: centre.y, radius: self.radius, solid_from: self.solid_from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_on_its_orbit_and_comes_back() {
        for period in [300, -300] {
            let drifter = Drifter::new(Vec2::new(5.0, -3.0), 4.0, 1.5, 1.0, period);
            let place = |tick| drifter.at(Tick(tick)).centre();
            for tick in 0..300 {
                assert!((place(tick).distance(drifter.centre()) - 4.0).abs() < 1e-4);
            }
            assert_eq!(place(17), place(17 + 300 * 1_000_000));
            let step = place(0).distance(place(1));
            assert!((step - 4.0 * std::f32::consts::TAU / 300.0).abs() < 1e-4);
        }
    }

    #[test]
    fn the_sign_of_its_period_is_the_way_that_it_goes_around() {
        let at_quarter = |period| Drifter::new(Vec2::ZERO, 4.0, 1.0, 0.0, period).at(Tick(25));
        assert!((at_quarter(100).y - 4.0).abs() < 1e-4);
        assert!((at_quarter(-100).y + 4.0).abs() < 1e-4);
    }
}
