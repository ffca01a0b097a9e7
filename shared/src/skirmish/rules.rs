//! The numbers that make the game what it is, and what becomes of them at a tick rate.
//!
//! It owns every constant of play, with its unit in its name, and `Timing`, the only place
//! where seconds turn into ticks. It never looks at a world. All of the game reads it, and the
//! page takes its measures from it. Lengths are in units: a ship's radius is one.

use crate::tick::TickRate;

/// Radius of a ship.
pub const SHIP_RADIUS: f32 = 1.0;
/// Fastest that a ship flies, in units per second.
pub const SHIP_SPEED_MAX: f32 = 14.0;
/// What part of its speed a ship has in each direction of a diagonal: the square root of a half,
/// but as a ratio of small numbers, so that a steered velocity is told exactly in few bits.
pub(super) const DIAGONAL: f32 = 12.0 / 17.0;
/// How quickly a ship takes on the speed that it is steered at: after the inverse of this in
/// seconds, 63 % of the change is made. One number gives both thrust and drag, so that the
/// highest speed is the same at every tick rate.
pub(super) const SHIP_RESPONSE_PER_S: f32 = 4.0;
/// A coasting ship slower than this stands still, in units per second: it costs no bytes then.
pub(super) const SHIP_SPEED_REST: f32 = 0.1;

/// Hull of a fresh ship.
pub const HULL_MAX: f32 = 100.0;
/// Full shield. It takes damage before the hull does.
pub const SHIELD_MAX: f32 = 50.0;
/// How long a ship must go without a hit before its shield regrows.
pub const SHIELD_DELAY_S: f32 = 2.5;
/// How fast the shield regrows.
pub const SHIELD_REGROWTH_PER_S: f32 = 25.0;

/// Steps of aim in a full turn: 10 bits.
pub const AIM_STEPS: u16 = 1 << AIM_BITS;
pub(super) const AIM_BITS: u32 = 10;

/// Radius of a bolt.
pub const BOLT_RADIUS: f32 = 0.25;
/// Speed of a bolt, in units per second. It owes nothing to the speed of its ship: where one
/// points is where it goes.
pub const BOLT_SPEED: f32 = 42.0;
/// How long a bolt flies.
pub const BOLT_LIFE_S: f32 = 0.7;
/// What a hit takes: six break a fresh ship, four one without a shield.
pub const BOLT_DAMAGE: f32 = 26.0;
/// Time between two shots of a ship: a fresh ship lasts at least 1.5 s.
pub const COOLDOWN_S: f32 = 0.3;

/// For how long a rail is held until it can be fired.
pub const RAIL_CHARGE_S: f32 = 0.9;
/// How far a rail goes: about to the side of the screen, and beyond its upper and lower end.
pub const RAIL_RANGE: f32 = 34.0;
/// What a rail takes: two break a fresh ship, one with a bolt one without a shield.
pub const RAIL_DAMAGE: f32 = 90.0;
/// Time from a rail to the next shot or charge of a ship.
pub const RAIL_COOLDOWN_S: f32 = 0.6;

/// Time from death to the next life.
pub const RESPAWN_S: f32 = 2.0;
/// For how long a fresh ship cannot be hurt, unless it fires.
pub const PROTECTION_S: f32 = 1.5;
/// Most ships that appear in one tick; the others wait for the next one. It bounds the cost of
/// a tick in which a thousand players come at once.
pub(super) const SPAWNS_PER_TICK_MAX: usize = 32;
/// How many places are tried for a fresh ship; the one farthest from all others is taken.
pub(super) const SPAWN_TRIES: usize = 8;

/// Half the width of what a player may know; a 16:9 screen shows less (see [`SCREEN_HALF_X`]).
pub const VIEW_HALF_X: f32 = 36.0;
/// Half the height of what a player may know.
pub const VIEW_HALF_Y: f32 = 21.0;
/// Half the width that a page should show: the rest of the view is there before it is seen.
pub const SCREEN_HALF_X: f32 = 32.0;
/// Half the height that a page should show.
pub const SCREEN_HALF_Y: f32 = 18.0;

/// Radius of the smallest arena.
const BORDER_RADIUS_BASE: f32 = 20.0;
/// Area of arena that each player adds: in a crowd of bots, a view then holds about 32 living
/// others.
const AREA_PER_PLAYER: f32 = 49.5;
/// How fast the border moves outwards, in units per second: below a ship's speed.
const BORDER_GROWTH_PER_S: f32 = 12.0;
/// How fast the border moves inwards, in units per second: slow, for it pushes ships.
const BORDER_SHRINK_PER_S: f32 = 3.0;
/// No arena is larger; the ranges of all fields follow from it. The largest that lets a
/// coordinate, in steps of 1/32 of a unit, fit into 14 bits.
pub const WORLD_RADIUS_MAX: f32 = 255.0;

/// The radius of the border when `players` are present.
#[must_use]
pub fn border_radius(players: u16) -> f32 {
    let area_over_pi = AREA_PER_PLAYER * f32::from(players) / std::f32::consts::PI;
    libm::sqrtf(BORDER_RADIUS_BASE * BORDER_RADIUS_BASE + area_over_pi)
}

/// What the times and rates above are at a tick rate.
#[derive(Clone, Debug)]
pub(super) struct Timing {
    /// Length of a tick in seconds.
    pub(super) dt: f32,
    /// What part of its velocity a ship keeps over a tick.
    pub(super) keep: f32,
    pub(super) shield_regrowth: f32,
    pub(super) border_growth: f32,
    pub(super) border_shrink: f32,
    pub(super) shield_delay_ticks: u32,
    pub(super) bolt_life_ticks: u32,
    pub(super) cooldown_ticks: u32,
    pub(super) rail_charge_ticks: u32,
    pub(super) rail_cooldown_ticks: u32,
    pub(super) respawn_ticks: u32,
    pub(super) protection_ticks: u32,
}

impl Timing {
    pub(super) fn new(rate: TickRate) -> Timing {
        let dt = rate.dt();
        Timing {
            dt,
            keep: libm::expf(-SHIP_RESPONSE_PER_S * dt),
            shield_regrowth: SHIELD_REGROWTH_PER_S * dt,
            border_growth: BORDER_GROWTH_PER_S * dt,
            border_shrink: BORDER_SHRINK_PER_S * dt,
            shield_delay_ticks: rate.ticks_in(SHIELD_DELAY_S),
            bolt_life_ticks: rate.ticks_in(BOLT_LIFE_S),
            cooldown_ticks: rate.ticks_in(COOLDOWN_S),
            rail_charge_ticks: rate.ticks_in(RAIL_CHARGE_S),
            rail_cooldown_ticks: rate.ticks_in(RAIL_COOLDOWN_S),
            respawn_ticks: rate.ticks_in(RESPAWN_S),
            protection_ticks: rate.ticks_in(PROTECTION_S),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ROOM_PLAYERS_MAX;

    #[test]
    fn the_largest_room_fits_the_ranges() {
        assert!(border_radius(ROOM_PLAYERS_MAX) <= WORLD_RADIUS_MAX);
    }

    #[test]
    fn six_hits_break_a_fresh_ship() {
        let hits = libm::ceilf((HULL_MAX + SHIELD_MAX) / BOLT_DAMAGE);
        assert_eq!(hits, 6.0);
    }
}
