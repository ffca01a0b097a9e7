//! The numbers that make the game what it is, and what becomes of them at a tick rate.
//!
//! It owns every constant of play, with its unit in its name, and `Timing`, the only place
//! where seconds turn into ticks. It never looks at a world. All of the game reads it, and the
//! page takes its measures from it. Lengths are in units: a ship's radius is one.

use super::class::Class;
use tickwire_game::tick::TickRate;

/// Radius of a ship.
pub const SHIP_RADIUS: f32 = 1.0;
/// Fastest that any ship flies, in units per second: the dart.
pub const SHIP_SPEED_MAX: f32 = 20.0 * SHIP_STEER_STEP;
/// Velocities are steered at in whole steps of this, in units per second: a lancer has 17 along an
/// axis. So few values are cheap to tell.
pub(super) const SHIP_STEER_STEP: f32 = 14.0 / 17.0;
/// How quickly a ship takes on the speed that it is steered at: after the inverse of this in
/// seconds, 63 % of the change is made. One number gives both thrust and drag, so that the
/// highest speed is the same at every tick rate.
pub(super) const SHIP_RESPONSE_PER_S: f32 = 4.0;
/// A coasting ship slower than this stands still, in units per second: it costs no bytes then.
pub(super) const SHIP_SPEED_REST: f32 = 0.1;

/// No class has more hull.
pub const HULL_MAX: f32 = 120.0;
/// No class has more shield.
pub const SHIELD_MAX: f32 = 60.0;
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
/// Least time between two bolts of any class.
pub const COOLDOWN_MIN_S: f32 = 0.3;

/// How far a rail goes: about to the side of the screen, and beyond its upper and lower end.
pub const RAIL_RANGE: f32 = 34.0;
/// What a rail takes, of whatever class: two break a fresh lancer.
pub const RAIL_DAMAGE: f32 = 75.0;
/// Time from a rail to the next shot or charge of a ship.
pub const RAIL_COOLDOWN_S: f32 = 0.6;

/// Time from death to the next life.
pub const RESPAWN_S: f32 = 2.0;
/// For how long a fresh ship cannot be hurt, unless it fires or charges the rail.
pub const PROTECTION_S: f32 = 1.5;
/// The same for the first ship of somebody who has just come and looks around.
pub const NEWCOMER_PROTECTION_S: f32 = 4.0;
/// A player of known identity that was protected as a newcomer is not protected so again for this
/// long.
pub const NEWCOMER_AGAIN_S: f32 = 60.0;
/// So many newcomers are remembered for that; of more the oldest are forgotten.
pub(super) const NEWCOMERS_MAX: usize = 1_024;
/// So many who left are kept for the case that they come back; of more the first are forgotten.
pub(super) const DEPARTED_MAX: usize = 1_024;

/// How near the centre of a ship must come to a pick-up to take it.
pub const PICKUP_REACH: f32 = 1.8;
/// What a repair gives back of a hull.
pub const REPAIR_HULL: f32 = 60.0;
/// A shield that was picked up may be so many times as strong as a full one; it does not regrow
/// beyond a full one.
pub const SHIELD_OVER: f32 = 2.0;
/// For how long a ship is overcharged.
pub const OVERCHARGE_S: f32 = 8.0;
/// How much more the bolts and rails of an overcharged ship take; its rail charges as much faster.
pub const OVERCHARGE_FACTOR: f32 = 1.5;
/// Time until a pick-up that gives hull or shield is back.
pub const PICKUP_BACK_S: f32 = 14.0;
/// The same of an overcharge. All of a kind come back at once, so that people meet there.
pub const OVERCHARGE_BACK_S: f32 = 30.0;

/// Least time between two turns of a view: both at once would be more than one may know.
const TURN_VIEW_S: f32 = 1.0;

/// Length of a round unless its room wants another.
pub const ROUND_S: u16 = 180;
/// Shortest round that a room may have: the result of a shorter one would stand for too much of it.
pub const ROUND_MIN_S: u16 = 30;
/// Longest round that a room may have, but for one that never ends.
pub const ROUND_MAX_S: u16 = 3_600;
/// For how long the result of a round stands before the next one begins.
pub const RESULT_S: f32 = 10.0;
/// Points for a kill, and what it costs to kill a mate.
pub const KILL_POINTS: i32 = 2;
/// Points for having hurt a ship that another player destroyed.
pub const ASSIST_POINTS: i32 = 1;
/// How long a hit counts as help.
pub const ASSIST_S: f32 = 6.0;
/// How many players, the best, a result shows to all; each of the others sees its own line too.
pub const RESULTS_MAX: usize = 32;
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
/// Half the width that a page should show on a tall screen, for which the view is turned.
pub const TALL_HALF_X: f32 = 13.5;
/// Half the height that a page should show on a tall screen.
pub const TALL_HALF_Y: f32 = 27.0;

/// How far inside the border of the smallest arena ships appear and pads lie at least.
const INLAND: f32 = 8.0;
/// Radius of the smallest arena: a little more than half a screen's width. What lies outside is lost
/// to the eye, and with 8 bots that is a fifth of a 16:9 screen at the median (it would be half with a
/// radius of 23). Still larger, and those of a small room would have to look for each other.
const BORDER_RADIUS_BASE: f32 = 35.0;
/// Area of arena that each player adds to the smallest: little, for it has room already. At 64
/// players it has been filled up to the density of a crowd.
const AREA_PER_PLAYER: f32 = 9.0;
/// An arena is at least as large as one of this radius...
const CROWD_RADIUS_BASE: f32 = 20.0;
/// ...with so much area more for each player: in a crowd of bots, a view then holds about 32 living
/// others. From 64 players on this is what counts.
const CROWD_AREA_PER_PLAYER: f32 = 49.5;
/// How fast the border moves outwards, in units per second: below a ship's speed.
const BORDER_GROWTH_PER_S: f32 = 12.0;
/// How fast the border moves inwards, in units per second: slow, for it pushes ships.
const BORDER_SHRINK_PER_S: f32 = 3.0;
/// Fastest that anything but its engine moves a ship: the border that closes in, or a rock that
/// drifts.
pub(super) const BORDER_SPEED_MAX: f32 = BORDER_SHRINK_PER_S;
/// No arena is larger; the ranges of all fields follow from it. The largest that lets a
/// coordinate, in steps of 1/32 of a unit, fit into 14 bits.
pub const WORLD_RADIUS_MAX: f32 = 255.0;

/// In an arena made for at most so many players each kill is sent to all, in a larger one only to
/// the two players of it.
pub const KILLS_TOLD_MAX_PLAYERS: u16 = 32;

/// The radius of the border when `players` are present.
#[must_use]
pub fn border_radius(players: u16) -> f32 {
    let radius = |base: f32, area_per_player: f32| {
        let area_over_pi = area_per_player * f32::from(players) / std::f32::consts::PI;
        libm::sqrtf(base * base + area_over_pi)
    };
    let small = radius(BORDER_RADIUS_BASE, AREA_PER_PLAYER);
    let crowd = radius(CROWD_RADIUS_BASE, CROWD_AREA_PER_PLAYER);
    if small > crowd { small } else { crowd }
}

/// How far from the middle ships appear and pads lie at most, in an arena of a radius: half of a screen
/// is outside for one at the border. The larger the arena, the narrower is what is left out, or
/// a crowd of fresh ships would be too dense.
pub(super) fn inland_radius(border_radius: f32) -> f32 {
    let part = BORDER_RADIUS_BASE / border_radius;
    let left_out = INLAND * part * part * part;
    border_radius - if left_out > PICKUP_REACH { left_out } else { PICKUP_REACH }
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
    pub(super) cooldown_min_ticks: u32,
    pub(super) rail_cooldown_ticks: u32,
    pub(super) respawn_ticks: u32,
    pub(super) protection_ticks: u32,
    pub(super) newcomer_protection_ticks: u32,
    pub(super) newcomer_again_ticks: u32,
    pub(super) overcharge_ticks: u32,
    pub(super) pickup_back_ticks: u32,
    pub(super) overcharge_back_ticks: u32,
    pub(super) result_ticks: u32,
    pub(super) assist_ticks: u32,
    pub(super) turn_view_ticks: u32,
    classes: [ClassTiming; Class::ALL.len()],
}

/// The times of a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClassTiming {
    pub(super) cooldown_ticks: u32,
    pub(super) rail_charge_ticks: u32,
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
            cooldown_min_ticks: rate.ticks_in(COOLDOWN_MIN_S),
            rail_cooldown_ticks: rate.ticks_in(RAIL_COOLDOWN_S),
            respawn_ticks: rate.ticks_in(RESPAWN_S),
            protection_ticks: rate.ticks_in(PROTECTION_S),
            newcomer_protection_ticks: rate.ticks_in(NEWCOMER_PROTECTION_S),
            newcomer_again_ticks: rate.ticks_in(NEWCOMER_AGAIN_S),
            overcharge_ticks: rate.ticks_in(OVERCHARGE_S),
            pickup_back_ticks: rate.ticks_in(PICKUP_BACK_S),
            overcharge_back_ticks: rate.ticks_in(OVERCHARGE_BACK_S),
            result_ticks: rate.ticks_in(RESULT_S),
            assist_ticks: rate.ticks_in(ASSIST_S),
            turn_view_ticks: rate.ticks_in(TURN_VIEW_S),
            classes: Class::ALL.map(|class| ClassTiming {
                cooldown_ticks: rate.ticks_in(class.traits().cooldown_s),
                rail_charge_ticks: rate.ticks_in(class.traits().rail_charge_s),
            }),
        }
    }

    pub(super) fn of(&self, class: Class) -> &ClassTiming {
        &self.classes[class.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tickwire_game::limits::ROOM_PLAYERS_MAX;

    #[test]
    fn the_largest_room_fits_the_ranges() {
        assert!(border_radius(ROOM_PLAYERS_MAX) <= WORLD_RADIUS_MAX);
    }

    #[test]
    fn an_arena_grows_with_each_player_and_by_a_crowds_measure_from_64_on() {
        let area = |players| std::f32::consts::PI * border_radius(players) * border_radius(players);
        for players in 0..ROOM_PLAYERS_MAX {
            let more = area(players + 1) - area(players);
            let least = if players < 64 { AREA_PER_PLAYER } else { CROWD_AREA_PER_PLAYER };
            // For a radius is rounded.
            let within = least - 0.5..least + 0.5;
            assert!(within.contains(&more), "{more} from {players} players on");
        }
    }
}
