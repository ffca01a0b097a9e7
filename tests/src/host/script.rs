//! What players of Skirmish do that play by a script: the same in every run, whatever they see.

use skirmish_rules::Input;
use tickwire_game::protocol::{ClientMessage, Input as InputMessage, WIRE};
use tickwire_game::tick::{Rewind, Tick};

/// How far ahead of the newest tick the tick of an input is.
const LEAD: u32 = 2;

/// The eight ways to steer, in the order of a clock.
const HEADINGS: [u8; 8] = [
    Input::UP,
    Input::UP | Input::RIGHT,
    Input::RIGHT,
    Input::DOWN | Input::RIGHT,
    Input::DOWN,
    Input::DOWN | Input::LEFT,
    Input::LEFT,
    Input::UP | Input::LEFT,
];

/// A player in a fight: a heading that changes each second, an aim that turns, a trigger held most of
/// the time.
#[must_use]
pub fn fight(number: u32, tick: Tick) -> Input {
    let spell = (tick.0 + 13 * number) / 30;
    let drawn = spell.wrapping_mul(0x9E37_79B9) ^ number.wrapping_mul(0x85EB_CA6B);
    let drawn = (drawn ^ (drawn >> 15)).wrapping_mul(0xC2B2_AE35);
    let heading = HEADINGS[(drawn >> 20) as usize % HEADINGS.len()];
    let fire = if drawn & 3 == 0 { 0 } else { Input::FIRE };
    let aim = drawn.wrapping_add(tick.0 * (3 + number % 7)) % 1_024;
    Input::new(heading | fire, aim as u16)
}

/// One of a formation: all fly the same circle of two seconds, aim ahead, and hold their fire.
#[must_use]
pub fn cruise(tick: Tick) -> Input {
    let eighth = tick.0 * HEADINGS.len() as u32 / 60;
    let aim = (tick.0 * 1_024 / 60) % 1_024;
    Input::new(HEADINGS[eighth as usize % HEADINGS.len()], aim as u16)
}

/// For which tick a client sends an input that has just been sent the tick `seen`.
#[must_use]
pub fn next_tick(seen: Tick) -> Tick {
    seen.plus(LEAD)
}

/// Adds the message to the end of `out` by which a client that has been sent the tick `seen` sends an
/// input for [`next_tick`].
///
/// # Panics
/// Never: an input can be encoded.
pub fn write_input(seen: Tick, input: Input, out: &mut Vec<u8>) {
    let mut bytes = [0; 16];
    let encoded = bincode::serde::encode_into_slice(input, &mut bytes, WIRE);
    let input = &bytes[..encoded.expect("an input is small")];
    let (tick, rewind) = (next_tick(seen), Rewind::of_ticks(3));
    ClientMessage::Input(InputMessage { tick, seen, rewind, input }).encode(out);
}
