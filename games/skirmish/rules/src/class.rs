//! The classes of ship: what they can do, side by side.
//!
//! It owns [`Class`] and its table of numbers; a class is a trade of speed against strength, and a
//! test lets bots fight it out. It never looks at a world. [`super::rules`] turns its times into
//! ticks, [`super::ship`] flies by it, and the page takes its bars from it.

use glam::Vec2;
use serde::{Deserialize, Serialize};

use super::rules::SHIP_STEER_STEP;
use tickwire_game::scene::FieldEnum;

/// What a ship is built for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, FieldEnum,
)]
pub enum Class {
    /// Quick and thin.
    Dart,
    /// Between the other two.
    #[default]
    Lancer,
    /// Slow and strong; its shots are slow and strong as well.
    Bulwark,
}

/// What a class can do. Lengths in units, times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traits {
    /// What people call it.
    pub name: &'static str,
    /// Fastest along an axis, in steps of [`SHIP_STEER_STEP`].
    pub(super) speed_steps: f32,
    /// What of that it has along each axis on a diagonal: the square root of a half to a
    /// hundredth, but in whole steps, so that a steered velocity is sent exactly, in few bits.
    pub(super) diagonal_steps: f32,
    /// Hull of a fresh ship.
    pub hull_max: f32,
    /// Full shield. It takes damage before the hull does.
    pub shield_max: f32,
    /// What a bolt takes.
    pub bolt_damage: f32,
    /// Time between two bolts.
    pub cooldown_s: f32,
    /// For how long the rail is held until it can be fired.
    pub rail_charge_s: f32,
}

/// By [`Class`].
const TRAITS: [Traits; Class::ALL.len()] = [
    Traits {
        name: "Dart",
        speed_steps: 20.0,
        diagonal_steps: 14.0,
        hull_max: 85.0,
        shield_max: 45.0,
        bolt_damage: 25.0,
        cooldown_s: 0.3,
        rail_charge_s: 0.8,
    },
    Traits {
        name: "Lancer",
        speed_steps: 17.0,
        diagonal_steps: 12.0,
        hull_max: 100.0,
        shield_max: 50.0,
        bolt_damage: 26.0,
        cooldown_s: 0.3,
        rail_charge_s: 0.9,
    },
    Traits {
        name: "Bulwark",
        speed_steps: 14.0,
        diagonal_steps: 10.0,
        hull_max: 120.0,
        shield_max: 60.0,
        bolt_damage: 38.0,
        cooldown_s: 0.5,
        rail_charge_s: 1.1,
    },
];

impl Class {
    /// All of them, by rising index.
    pub const ALL: [Class; 3] = [Class::Dart, Class::Lancer, Class::Bulwark];

    /// Its place in [`Class::ALL`], which is also what its ships' rows say.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The class at a place of [`Class::ALL`].
    #[must_use]
    pub fn at(index: usize) -> Option<Class> {
        Class::ALL.get(index).copied()
    }

    /// What it can do.
    #[must_use]
    pub const fn traits(self) -> &'static Traits {
        &TRAITS[self.index()]
    }

    /// The velocity that it is steered at by a direction of which each part is -1, 0 or 1.
    pub(super) fn steered(self, thrust: Vec2) -> Vec2 {
        let traits = self.traits();
        let is_diagonal = thrust.x != 0.0 && thrust.y != 0.0;
        let steps = if is_diagonal { traits.diagonal_steps } else { traits.speed_steps };
        thrust * (steps * SHIP_STEER_STEP)
    }
}

impl Traits {
    /// Fastest, in units per second.
    #[must_use]
    pub fn speed_max(&self) -> f32 {
        self.speed_steps * SHIP_STEER_STEP
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::{COOLDOWN_MIN_S, HULL_MAX, SHIELD_MAX, SHIP_SPEED_MAX};
    use super::*;

    #[test]
    fn no_class_is_beyond_what_the_fields_hold() {
        for class in Class::ALL {
            let traits = class.traits();
            assert!(traits.hull_max <= HULL_MAX && traits.shield_max <= SHIELD_MAX);
            assert!(traits.speed_max() <= SHIP_SPEED_MAX && traits.cooldown_s >= COOLDOWN_MIN_S);
            assert_eq!(Class::at(class.index()), Some(class));
        }
        assert_eq!(Class::at(Class::ALL.len()), None);
    }

    #[test]
    fn a_diagonal_is_as_fast_as_an_axis() {
        for class in Class::ALL {
            let ratio = class.steered(Vec2::ONE).length() / class.steered(Vec2::X).length();
            assert!((0.985..1.015).contains(&ratio), "{class:?}: {ratio}");
        }
    }

    #[test]
    fn so_many_bolts_break_a_fresh_lancer() {
        let lancer = Class::Lancer.traits();
        let bolts = |class: Class| {
            libm::ceilf((lancer.hull_max + lancer.shield_max) / class.traits().bolt_damage)
        };
        assert_eq!(Class::ALL.map(bolts), [6.0, 6.0, 4.0]);
    }
}
