//! [`View`]: what a page sees of a game beside rows and events.
//!
//! Most games need none: [`Plain`] shows own state, level and settings as they are. A game whose page draws
//! by what follows from them says it here, next to its page, and its rules stay without it.

use serde::Serialize;
use tickwire_game::game::Game;

/// What a page sees of the game `G`; a type without content implements it.
///
/// What is given is seen as an object of its fields' names, as serde_json would write it. All numbers are
/// JavaScript's: whole ones are exact up to 2^53.
pub trait View<G: Game>: 'static {
    /// What is seen of a player's own state: asked for in each frame.
    fn own(own: &G::Own, _level: &G::Level) -> impl Serialize {
        own
    }

    /// What is seen of the level: asked for once for each room.
    fn level(level: &G::Level) -> impl Serialize {
        level
    }

    /// Constants of the rules that the page draws by.
    fn measures() -> impl Serialize {}

    /// What moves in the level by the tick alone, at a moment that may lie between two ticks: numbers
    /// whose meaning the page knows.
    fn moving(_tick: f64, _level: &G::Level, _numbers: &mut Vec<f64>) {}
}

/// Own state and level as they are.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl<G: Game> View<G> for Plain {}
