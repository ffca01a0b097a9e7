//! What a bot does: a function of what a client knows.

use super::{Input, Skirmish};
use crate::dice::Dice;
use crate::game::Seen;

/// The bot's input for the coming tick.
pub(super) fn play(_seen: &Seen<'_, Skirmish>, _dice: &mut Dice) -> Input {
    Input::default()
}
