//! The border: a circle around the origin that closes in and opens up with the number of
//! players, and that no ship leaves.
//!
//! It is part of every player's own state, so that a client knows where it will be. The world
//! alone sets where it goes; [`super::ship`] moves it on.

use glam::Vec2;
use serde::{Deserialize, Serialize};

use super::rules::{SHIP_RADIUS, Timing};

/// Where the border is and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Border {
    /// Its radius now.
    pub radius: f32,
    /// The radius towards which it moves.
    pub target: f32,
}

impl Border {
    /// Moves it on by a tick.
    pub(super) fn advance(&mut self, timing: &Timing) {
        if self.radius < self.target {
            self.radius += timing.border_growth;
            if self.radius > self.target {
                self.radius = self.target;
            }
        } else if self.radius > self.target {
            self.radius -= timing.border_shrink;
            if self.radius < self.target {
                self.radius = self.target;
            }
        }
    }

    /// Puts a ship that is over the border back inside; its velocity outwards is lost.
    pub(super) fn confine(&self, place: &mut Vec2, velocity: &mut Vec2) {
        let most = self.radius - SHIP_RADIUS;
        if place.length_squared() > most * most {
            let outwards = place.normalize_or_zero();
            *place = outwards * most;
            let speed = velocity.dot(outwards);
            if speed > 0.0 {
                *velocity -= outwards * speed;
            }
        }
    }

    /// At what part of the way from `from` to `to` (both inside or not) something leaves.
    pub(super) fn exit(&self, from: Vec2, to: Vec2) -> Option<f32> {
        let most = self.radius * self.radius;
        if to.length_squared() <= most {
            return None;
        }
        let beyond = from.length_squared() - most;
        if beyond >= 0.0 {
            return Some(0.0);
        }
        // |from + t * way| = radius, of which only the later solution lies ahead.
        let way = to - from;
        let (a, b) = (way.length_squared(), from.dot(way));
        Some((libm::sqrtf(b * b - a * beyond) - b) / a)
    }
}
