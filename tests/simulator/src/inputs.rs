//! Inputs that nobody has thought of: what strangers may send, and what is there to be sent.

use tickwire_game::dice::Dice;
use tickwire_game::game::Game;
use tickwire_game::protocol::WIRE;

/// Of this many attempts one is some input, as a rule: most bytes are none where an input has an enum.
const ATTEMPTS: usize = 32;

/// An input made by changing bytes of `usual` at random. `usual` itself, when none of many attempts is
/// an input.
pub(crate) fn any_input<G: Game>(usual: G::Input, dice: &mut Dice) -> G::Input {
    let encode = |input| bincode::serde::encode_to_vec(input, WIRE);
    let Ok(mut bytes) = encode(usual) else { return usual };
    for _ in 0..ATTEMPTS {
        for byte in &mut bytes {
            if dice.chance(0.4) {
                // Small numbers are what an enum or a `bool` has, and what most bytes are not.
                *byte = match dice.below(3) {
                    0 => dice.below(256) as u8,
                    1 => dice.below(4) as u8,
                    _ => 255 - dice.below(8) as u8,
                };
            }
        }
        if let Ok((input, used)) = bincode::serde::decode_from_slice(&bytes, WIRE)
            && used == bytes.len()
        {
            return input;
        }
    }
    usual
}

/// Hands that play at random: each input is held for up to half a second.
pub(crate) struct RandomHands<I> {
    dice: Dice,
    held: I,
    left_ticks: u32,
}

impl<I: Copy + Default> RandomHands<I> {
    pub(crate) fn new(dice: Dice) -> RandomHands<I> {
        RandomHands { dice, held: I::default(), left_ticks: 0 }
    }

    /// What they do in the next tick, where somebody who plays well would do `usual`.
    pub(crate) fn next<G: Game<Input = I>>(&mut self, usual: I) -> I {
        if self.left_ticks == 0 {
            self.left_ticks = self.dice.below(u32::from(G::TICK_RATE_HZ).div_ceil(2));
            self.held = any_input::<G>(usual, &mut self.dice);
        } else {
            self.left_ticks -= 1;
        }
        self.held
    }
}
