//! The game that is played: the only file of this crate that knows Skirmish.
//!
//! It says how keys and pointer become the game's input, and what of its level and of a
//! player's own state the page draws by. Called by `exports`.

use skirmish_rules::class::Traits;
use skirmish_rules::{Class, Input, Life, Own, Skirmish, kinds, rail_reach, rules};
use tickwire_game::game::Game;
use tickwire_game::tick::Tick;

use crate::json::Json;
use crate::latch::LatchBits;

pub(crate) type Played = Skirmish;

/// The trial has at most so many players: more than any room.
const TRIAL_PLAYERS_MAX: u32 = 4_096;

/// The bits of the page's buttons from this one on are the class of the next ship.
const CLASS_SHIFT: u32 = 8;
const CLASS_MASK: u32 = 3;
/// Set by a page that its player has left: nothing is held, and nothing was let go, either.
const ABSENT: u32 = 1 << 10;

/// Set above the game's own buttons by a stick, which only points: UP, DOWN, LEFT and RIGHT.
const STICK_SHIFT: u32 = 16;
const MOVES: u32 = 0b1111;

/// What of the page's buttons is kept until a tick has taken it.
pub(crate) const LATCHED: LatchBits = LatchBits {
    buttons: MOVES | (Input::FIRE | Input::RAIL) as u32,
    sticks: MOVES << STICK_SHIFT,
    absent: ABSENT,
};

/// What the player means by the buttons held (the bits of [`Input`], and above them the index of the
/// class wished for) and by the direction from its ship to the pointer, in radians.
pub(crate) fn input(buttons: u32, aim: f64) -> Input {
    if buttons & ABSENT != 0 {
        return Input::default();
    }
    let turns = aim / std::f64::consts::TAU;
    // A cast from float saturates, and takes not-a-number to 0.
    let steps = (turns * f64::from(rules::AIM_STEPS)).round() as i64;
    let step = steps.rem_euclid(i64::from(rules::AIM_STEPS));
    let steered = buttons >> STICK_SHIFT & MOVES;
    let given = Input::new((buttons | steered) as u8, step as u16);
    let class = Class::at((buttons >> CLASS_SHIFT & CLASS_MASK) as usize);
    class.map_or(given, |class| given.wishing(class))
}

/// The game's numbers that the page draws by.
pub(crate) fn measures(json: &mut Json) {
    json.object(|json| {
        fields(
            json,
            &[
                ("hull_max", rules::HULL_MAX),
                ("shield_max", rules::SHIELD_MAX),
                ("flag_protected", f32::from(kinds::FLAG_PROTECTED)),
                ("flag_charging", f32::from(kinds::FLAG_CHARGING)),
                ("flag_overcharged", f32::from(kinds::FLAG_OVERCHARGED)),
                ("team_shift", f32::from(kinds::TEAM_SHIFT)),
                ("overcharge_s", rules::OVERCHARGE_S),
                ("bolt_speed", rules::BOLT_SPEED),
                ("view_half_x", rules::VIEW_HALF_X),
                ("view_half_y", rules::VIEW_HALF_Y),
                ("screen_half_x", rules::SCREEN_HALF_X),
                ("screen_half_y", rules::SCREEN_HALF_Y),
                ("tall_half_x", rules::TALL_HALF_X),
                ("tall_half_y", rules::TALL_HALF_Y),
            ],
        );
        json.key("classes").list(|json| {
            for class in Class::ALL {
                let traits = class.traits();
                let Traits { hull_max, shield_max, bolt_damage, cooldown_s, .. } = *traits;
                json.object(|json| {
                    json.key("name").text(traits.name);
                    fields(
                        json,
                        &[
                            ("hull_max", hull_max),
                            ("shield_max", shield_max),
                            ("speed", traits.speed_max()),
                            ("damage", bolt_damage),
                            ("cooldown_s", cooldown_s),
                            ("rail_charge_s", traits.rail_charge_s),
                        ],
                    );
                });
            }
        });
    });
}

pub(crate) fn level(json: &mut Json, level: &<Played as Game>::Level) {
    let layout = &level.layout;
    json.object(|json| {
        json.key("walls").list(|json| {
            for wall in &layout.walls {
                let (x, y, w, h) = (wall.x, wall.y, wall.w, wall.h);
                let solid_from = ("solid_from", wall.solid_from);
                numbers(json, &[("x", x), ("y", y), ("w", w), ("h", h), solid_from]);
            }
        });
        json.key("rocks").list(|json| {
            for rock in &layout.rocks {
                let (x, y, radius) = (rock.x, rock.y, rock.radius);
                let solid_from = ("solid_from", rock.solid_from);
                numbers(json, &[("x", x), ("y", y), ("radius", radius), solid_from]);
            }
        });
        json.key("drifters").list(|json| {
            for drifter in &layout.drifters {
                let (x, y, orbit) = (drifter.x, drifter.y, ("orbit", drifter.orbit));
                let (radius, solid_from) = (drifter.radius, ("solid_from", drifter.solid_from));
                numbers(json, &[("x", x), ("y", y), orbit, ("radius", radius), solid_from]);
            }
        });
        json.key("pads").list(|json| {
            for pad in &layout.pads {
                let kind = f32::from(pad.pickup.number());
                numbers(json, &[("x", pad.x), ("y", pad.y), ("kind", kind)]);
            }
        });
    });
}

/// Where the rocks that drift are at a moment between two ticks: x and y of each.
pub(crate) fn drifters(tick: f64, level: &<Played as Game>::Level, numbers: &mut Vec<f64>) {
    // A cast from float saturates, and takes not-a-number to 0.
    let before = Tick(tick as u32);
    let fraction = (tick - f64::from(before.0)).clamp(0.0, 1.0);
    for drifter in &level.layout.drifters {
        let (from, to) = (drifter.at(before), drifter.at(before.plus(1)));
        let blend = |from: f32, to: f32| f64::from(from) + f64::from(to - from) * fraction;
        numbers.extend([blend(from.x, to.x), blend(from.y, to.y)]);
    }
}

/// `respawn_ticks` is null while the ship flies; `rail_reach` is how far a rail would go from here
/// if no ship were in its way.
pub(crate) fn own(json: &mut Json, own: &Own, level: &<Played as Game>::Level) {
    let traits = own.class.traits();
    let turns = f32::from(own.aim) / f32::from(rules::AIM_STEPS);
    json.object(|json| {
        json.key("player").number(own.player.0.into());
        json.key("ship").number(own.ship.0.into());
        match own.life {
            Life::Alive => json.key("respawn_ticks").null(),
            Life::Dead { respawn_ticks } => json.key("respawn_ticks").number(respawn_ticks.into()),
        }
        fields(
            json,
            &[
                ("x", own.place.x),
                ("y", own.place.y),
                ("hull", own.hull),
                ("shield", own.shield),
                ("hull_max", traits.hull_max),
                ("shield_max", traits.shield_max),
                ("aim", turns * std::f32::consts::TAU),
                ("charge", own.charge(level)),
                ("rail_reach", rail_reach(own, level)),
                ("overcharge_s", own.overcharge_ticks as f32 * level.tick_rate.dt()),
                ("class", own.class.index() as f32),
                ("wish", own.wish.index() as f32),
                ("team", f32::from(own.team)),
            ],
        );
        json.key("cooldown_ticks").number(own.cooldown_ticks.into());
        json.key("railed").flag(own.railed);
        json.key("truce").flag(own.truce_ticks > 0);
        json.key("protected").flag(own.is_protected());
    });
}

fn numbers(json: &mut Json, named: &[(&str, f32)]) {
    json.object(|json| fields(json, named));
}

/// Some of an object's fields.
fn fields(json: &mut Json, named: &[(&str, f32)]) {
    for &(name, value) in named {
        json.key(name).number(value.into());
    }
}

/// The state hash after `ticks` ticks of a game among bots, all from `seed`.
pub(crate) fn trial(seed: u64, players: u32, ticks: u32) -> u64 {
    let players = players.min(TRIAL_PLAYERS_MAX) as u16;
    tickwire_game::simulation::trial::<Played>(seed, players, ticks, |_, _| {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_becomes_the_nearest_step_of_aim() {
        let quarter = std::f64::consts::FRAC_PI_2;
        let fire = u32::from(Input::FIRE);
        assert_eq!(input(fire, 0.0), Input::new(Input::FIRE, 0).wishing(Class::Dart));
        assert_eq!(input(fire | 2 << 8, 0.0), Input::new(Input::FIRE, 0).wishing(Class::Bulwark));
        assert_eq!(input(fire | 3 << 8, 0.0), Input::new(Input::FIRE, 0));
        assert_eq!(input(fire | ABSENT, quarter), Input::default());
        let right = u32::from(Input::RIGHT);
        assert_eq!(input(fire | right << 16, 0.0), input(fire | right, 0.0), "by a stick");
        assert_eq!(input(0, quarter).aim, rules::AIM_STEPS / 4);
        assert_eq!(input(0, -quarter).aim, rules::AIM_STEPS / 4 * 3);
        assert_eq!(input(0, f64::NAN).aim, 0);
        assert_eq!(input(0, f64::INFINITY), input(0, f64::INFINITY));
    }
}
