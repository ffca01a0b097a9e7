//! The browser's client of Skirmish, compiled to WebAssembly: everything of a client but its
//! socket and its screen, which are the page's (`page/`).
//!
//! This file is the entry point and the only one that names the game: what it is called and how
//! keys and pointer become its input. [`page_client`] does the work for any game, [`demo`]
//! plays a room without a server behind the start overlay, [`texts`] says in JSON what is too
//! rare or too irregular for numbers, and [`exports`] is what JavaScript calls.

mod demo;
pub mod exports;
mod page_client;
mod texts;

use serde::Serialize;
use shared::game::Game;
use shared::skirmish::{Input, Skirmish, rules};

type Played = Skirmish;

/// The trial has at most so many players: more than any room.
const TRIAL_PLAYERS_MAX: u32 = 4_096;

/// What the player means by the buttons held (the bits of [`Input`]) and by the direction from
/// its ship to the pointer, in radians.
fn input(buttons: u32, aim: f64) -> <Played as Game>::Input {
    let turns = aim / std::f64::consts::TAU;
    // A cast from float saturates, and takes not-a-number to 0.
    let steps = (turns * f64::from(rules::AIM_STEPS)).round() as i64;
    let step = steps.rem_euclid(i64::from(rules::AIM_STEPS));
    Input::new(buttons as u8, step as u16)
}

/// The game's numbers that the page draws by.
#[derive(Serialize)]
struct Measures {
    ship_radius: f32,
    hull_max: f32,
    shield_max: f32,
    cooldown_s: f32,
    bolt_speed: f32,
    screen_half_x: f32,
    screen_half_y: f32,
}

fn measures() -> impl Serialize {
    Measures {
        ship_radius: rules::SHIP_RADIUS,
        hull_max: rules::HULL_MAX,
        shield_max: rules::SHIELD_MAX,
        cooldown_s: rules::COOLDOWN_S,
        bolt_speed: rules::BOLT_SPEED,
        screen_half_x: rules::SCREEN_HALF_X,
        screen_half_y: rules::SCREEN_HALF_Y,
    }
}

/// The state hash after `ticks` ticks of a game among bots, all from `seed`.
fn trial(seed: u64, players: u32, ticks: u32) -> u64 {
    let players = players.min(TRIAL_PLAYERS_MAX) as u16;
    shared::simulation::trial::<Played>(seed, players, ticks, |_, _| {})
}
