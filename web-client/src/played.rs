//! The game that is played: the only file of this crate that knows Skirmish.
//!
//! It says how keys and pointer become the game's input, and what of its level and of a
//! player's own state the page draws by. Called by `exports`.

use shared::game::Game;
use shared::skirmish::{Input, Life, Skirmish, kinds, rail_reach, rules};

use crate::json::Json;

pub(crate) type Played = Skirmish;

/// The trial has at most so many players: more than any room.
const TRIAL_PLAYERS_MAX: u32 = 4_096;

/// What the player means by the buttons held (the bits of [`Input`]) and by the direction from
/// its ship to the pointer, in radians.
pub(crate) fn input(buttons: u32, aim: f64) -> Input {
    let turns = aim / std::f64::consts::TAU;
    // A cast from float saturates, and takes not-a-number to 0.
    let steps = (turns * f64::from(rules::AIM_STEPS)).round() as i64;
    let step = steps.rem_euclid(i64::from(rules::AIM_STEPS));
    Input::new(buttons as u8, step as u16)
}

/// The game's numbers that the page draws by.
pub(crate) fn measures(json: &mut Json) {
    numbers(
        json,
        &[
            ("hull_max", rules::HULL_MAX),
            ("shield_max", rules::SHIELD_MAX),
            ("flag_protected", f32::from(kinds::FLAG_PROTECTED)),
            ("flag_charging", f32::from(kinds::FLAG_CHARGING)),
            ("bolt_speed", rules::BOLT_SPEED),
            ("screen_half_x", rules::SCREEN_HALF_X),
            ("screen_half_y", rules::SCREEN_HALF_Y),
        ],
    );
}

pub(crate) fn level(json: &mut Json, level: &<Played as Game>::Level) {
    json.object(|json| {
        json.key("walls").list(|json| {
            for wall in &level.walls {
                let (x, y, w, h) = (wall.x, wall.y, wall.w, wall.h);
                let solid_from = ("solid_from", wall.solid_from);
                numbers(json, &[("x", x), ("y", y), ("w", w), ("h", h), solid_from]);
            }
        });
        json.key("rocks").list(|json| {
            for rock in &level.rocks {
                let (x, y, radius) = (rock.x, rock.y, rock.radius);
                let solid_from = ("solid_from", rock.solid_from);
                numbers(json, &[("x", x), ("y", y), ("radius", radius), solid_from]);
            }
        });
    });
}

/// `respawn_ticks` is null while the ship flies; `rail_reach` is how far a rail would go from here
/// if no ship were in its way.
pub(crate) fn own(json: &mut Json, own: &<Played as Game>::Own, level: &<Played as Game>::Level) {
    json.object(|json| {
        json.key("player").number(own.player.0.into());
        json.key("ship").number(own.ship.0.into());
        match own.life {
            Life::Alive => json.key("respawn_ticks").null(),
            Life::Dead { respawn_ticks } => json.key("respawn_ticks").number(respawn_ticks.into()),
        }
        json.key("x").number(own.place.x.into());
        json.key("y").number(own.place.y.into());
        json.key("hull").number(own.hull.into());
        json.key("shield").number(own.shield.into());
        let turns = f64::from(own.aim) / f64::from(rules::AIM_STEPS);
        json.key("aim").number(turns * std::f64::consts::TAU);
        json.key("cooldown_ticks").number(own.cooldown_ticks.into());
        json.key("charge").number(own.charge(level).into());
        json.key("railed").flag(own.railed);
        json.key("rail_reach").number(rail_reach(own, level).into());
    });
}

fn numbers(json: &mut Json, fields: &[(&str, f32)]) {
    json.object(|json| {
        for &(name, value) in fields {
            json.key(name).number(value.into());
        }
    });
}

/// The state hash after `ticks` ticks of a game among bots, all from `seed`.
pub(crate) fn trial(seed: u64, players: u32, ticks: u32) -> u64 {
    let players = players.min(TRIAL_PLAYERS_MAX) as u16;
    shared::simulation::trial::<Played>(seed, players, ticks, |_, _| {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_becomes_the_nearest_step_of_aim() {
        let quarter = std::f64::consts::FRAC_PI_2;
        assert_eq!(input(Input::FIRE.into(), 0.0), Input::new(Input::FIRE, 0));
        assert_eq!(input(0, quarter).aim, rules::AIM_STEPS / 4);
        assert_eq!(input(0, -quarter).aim, rules::AIM_STEPS / 4 * 3);
        assert_eq!(input(0, f64::NAN).aim, 0);
        assert_eq!(input(0, f64::INFINITY), input(0, f64::INFINITY));
    }
}
