//! [`HeldInput`]: how what a page says is held becomes a game's input, tick by tick.
//!
//! A page gives objects by the names of the input's fields; what it leaves out is as in the default
//! input. The booleans are buttons, which [`Latch`] keeps until a tick has taken them; all else is as it
//! was given last. Owned by `page_client`.

use std::collections::VecDeque;

use tickwire_game::game::Game;
use tickwire_game::tick::{Tick, TickRate};

use crate::latch::{Latch, LatchBits};
use crate::value::{Value, ValueError};

/// So many booleans of an input are latched; those after them are as they are.
const BUTTONS_MAX: u32 = 31;
/// The bits of a [`Latch`] from this one on are what sticks point at.
const STICK_SHIFT: u32 = 32;
/// Nobody is there.
const ABSENT: u64 = 1 << 31;
/// Presses that wait for a tick with what else was given with them; of more the newest are left out.
const PRESSES_MAX: usize = 4;

/// What is held and pressed, of the input of a game.
pub(crate) struct HeldInput<G: Game> {
    /// The default input.
    shape: Value,
    held: Value,
    latch: Latch,
    /// What was pressed, until a tick has taken all of it but the buttons.
    presses: VecDeque<Value>,
    /// What was read last.
    last: G::Input,
}

impl<G: Game> HeldInput<G> {
    pub(crate) fn new() -> HeldInput<G> {
        let mut shape = Value::of(&G::Input::default());
        let mut buttons = 0;
        count_bools(&mut shape, &mut buttons);
        let buttons = (1 << buttons.min(BUTTONS_MAX)) - 1;
        let bits = LatchBits { buttons, sticks: buttons << STICK_SHIFT, absent: ABSENT };
        let mut latch = Latch::new(bits);
        latch.note(ABSENT);
        HeldInput {
            held: shape.clone(),
            shape,
            latch,
            presses: VecDeque::new(),
            last: G::Input::default(),
        }
    }

    /// Forgets what waits: another player, or none, who holds the same.
    pub(crate) fn restart(&mut self) {
        let held = self.latch.held();
        self.latch.clear();
        self.latch.note(held);
        self.presses.clear();
    }

    /// Takes what is held now, and what sticks point at, both packed.
    ///
    /// # Errors
    /// When that is no input; what was held before is held on.
    pub(crate) fn hold(&mut self, input: &[u8], stick: &[u8]) -> Result<(), ValueError> {
        let mut held = self.shape.merged(&Value::unpack(input)?)?;
        let mut stick = self.shape.merged(&Value::unpack(stick)?)?;
        held.read::<G::Input>()?;
        let bits = bits(&mut held, &self.shape) | bits(&mut stick, &self.shape) << STICK_SHIFT;
        self.held = held;
        self.latch.note(bits);
        Ok(())
    }

    /// Takes what is pressed for a moment: buttons count as pressed and let go, all else holds for a
    /// tick.
    ///
    /// # Errors
    /// When that is no input.
    pub(crate) fn press(&mut self, input: &[u8]) -> Result<(), ValueError> {
        let given = Value::unpack(input)?;
        let mut pressed = self.shape.merged(&given)?;
        self.held.merged(&given)?.read::<G::Input>()?;
        let before = self.latch.held() & !ABSENT;
        self.latch.note(before | bits(&mut pressed, &self.shape));
        self.latch.note(before);
        if self.presses.len() < PRESSES_MAX {
            self.presses.push_back(given);
        }
        Ok(())
    }

    /// Nobody is there: nothing is held, and nothing was let go.
    pub(crate) fn release(&mut self) {
        self.held = self.shape.clone();
        self.latch.note(ABSENT);
        self.presses.clear();
    }

    /// The server made `tick` without what it takes.
    pub(crate) fn missed(&mut self, tick: Tick, rate: TickRate) {
        self.latch.missed(tick, rate);
    }

    /// What the next tick takes, as far as is known now.
    pub(crate) fn next(&mut self) -> G::Input {
        let value = self.with(self.presses.front());
        self.input(self.latch.next(), value)
    }

    /// Takes it for `tick`.
    pub(crate) fn take(&mut self, tick: Tick) -> G::Input {
        let pressed = self.presses.pop_front();
        let value = self.with(pressed.as_ref());
        let bits = self.latch.take(tick);
        self.input(bits, value)
    }

    /// What is held, with what was pressed in its place.
    fn with(&self, pressed: Option<&Value>) -> Value {
        let merged = pressed.and_then(|pressed| self.held.merged(pressed).ok());
        merged.unwrap_or_else(|| self.held.clone())
    }

    fn input(&mut self, bits: u64, mut value: Value) -> G::Input {
        if bits & ABSENT != 0 {
            return G::Input::default();
        }
        let down = bits | bits >> STICK_SHIFT;
        let mut at = 0;
        value.each_bool(&self.shape, &mut |flag| {
            if at < BUTTONS_MAX {
                *flag = down & (1 << at) != 0;
            }
            at += 1;
        });
        // A game may refuse buttons together that it takes apart: then it is as it was.
        self.last = value.read().unwrap_or(self.last);
        self.last
    }
}

fn count_bools(value: &mut Value, count: &mut u32) {
    let shape = value.clone();
    value.each_bool(&shape, &mut |_| *count += 1);
}

/// The buttons that are down.
fn bits(value: &mut Value, shape: &Value) -> u64 {
    let (mut bits, mut at) = (0, 0);
    value.each_bool(shape, &mut |flag| {
        if at < BUTTONS_MAX && *flag {
            bits |= 1 << at;
        }
        at += 1;
    });
    bits
}

#[cfg(test)]
mod tests;
