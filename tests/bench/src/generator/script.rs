//! [`Script`]: a player that plays without looking, at the price of a few dice.
//!
//! It flies in circles of its own, turns its aim, and shoots half of the time: a crowd of these stays
//! where it is, is in each other's view, and fights. Equal seeds play alike.

use std::f32::consts::TAU;

use skirmish_rules::Input;
use tickwire_game::game::Dice;
use tickwire_game::protocol::{ClientMessage, Input as InputMessage, WIRE};
use tickwire_game::tick::{Rewind, Tick};

/// How many inputs it keeps to what it does.
const MOOD_INPUTS: u32 = 30;
/// How far ahead of the newest snapshot the tick of an input is: at first, at least and at most.
const LEAD_FIRST: u32 = 2;
const LEAD_MIN: u32 = 1;
const LEAD_MAX: u32 = 4;

/// What one player does, input by input.
#[derive(Clone, Debug)]
pub(super) struct Script {
    dice: Dice,
    /// In radians.
    heading: f32,
    aim: f32,
    /// In radians for each input.
    heading_turn: f32,
    aim_turn: f32,
    is_shooting: bool,
    made: u32,
    /// Tick of the last input.
    last: Option<Tick>,
}

impl Script {
    pub(super) fn new(number: usize) -> Script {
        let mut dice = Dice::new(7, number as u64);
        let turn = dice.between(0.03, 0.06);
        Script {
            heading: dice.between(0.0, TAU),
            aim: dice.between(0.0, TAU),
            heading_turn: if dice.chance(0.5) { turn } else { -turn },
            aim_turn: 0.0,
            is_shooting: true,
            made: dice.below(MOOD_INPUTS),
            last: None,
            dice,
        }
    }

    /// The next input, to be sent by a client whose newest snapshot is of `seen`: its message is added
    /// to the end of `out`. Nothing is, and it gives false, when all ticks that it could be for have
    /// one.
    pub(super) fn write_input(&mut self, seen: Tick, out: &mut Vec<u8>) -> bool {
        let next = self.last.map_or(seen.plus(LEAD_FIRST), Tick::next);
        let tick = next.max(seen.plus(LEAD_MIN));
        if tick > seen.plus(LEAD_MAX) {
            return false;
        }
        self.last = Some(tick);
        let mut input = [0; 16];
        let length = bincode::serde::encode_into_slice(self.input(), &mut input, WIRE)
            .expect("an input takes a few bytes");
        // It acts on what the newest snapshot shows.
        let rewind = Rewind::of_ticks(tick.0 - seen.0);
        ClientMessage::Input(InputMessage { tick, seen, rewind, input: &input[..length] })
            .encode(out);
        true
    }

    fn input(&mut self) -> Input {
        if self.made.is_multiple_of(MOOD_INPUTS) {
            self.aim_turn = self.dice.between(-0.1, 0.1);
            self.is_shooting = self.dice.chance(0.5);
        }
        self.made += 1;
        self.heading = (self.heading + self.heading_turn).rem_euclid(TAU);
        self.aim = (self.aim + self.aim_turn).rem_euclid(TAU);
        let (dy, dx) = self.heading.sin_cos();
        let held = |amount: f32, button: u8| if amount > 0.38 { button } else { 0 };
        let thrust = held(dx, Input::RIGHT)
            | held(-dx, Input::LEFT)
            | held(dy, Input::DOWN)
            | held(-dy, Input::UP);
        let fire = if self.is_shooting { Input::FIRE } else { 0 };
        let (y, x) = self.aim.sin_cos();
        Input::towards(thrust | fire, x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick_of(script: &mut Script, seen: u32) -> Option<u32> {
        let mut out = Vec::new();
        script.write_input(Tick(seen), &mut out).then(|| match ClientMessage::decode(&out) {
            Ok(ClientMessage::Input(input)) => input.tick.0,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn ticks_rise_one_by_one_and_stay_near_the_newest_snapshot() {
        let mut script = Script::new(3);
        assert_eq!(tick_of(&mut script, 10), Some(12));
        assert_eq!(tick_of(&mut script, 11), Some(13));
        // The server stands still.
        assert_eq!(tick_of(&mut script, 11), Some(14));
        assert_eq!(tick_of(&mut script, 11), Some(15));
        assert_eq!(tick_of(&mut script, 11), None);
        // It has skipped some.
        assert_eq!(tick_of(&mut script, 40), Some(41));
    }

    #[test]
    fn a_script_moves_turns_and_shoots() {
        let mut script = Script::new(5);
        let inputs: Vec<Input> = (0..900).map(|_| script.input()).collect();
        let shots = inputs.iter().filter(|input| input.buttons & Input::FIRE != 0).count();
        assert!((250..650).contains(&shots), "{shots}");
        for button in [Input::UP, Input::DOWN, Input::LEFT, Input::RIGHT] {
            assert!(inputs.iter().any(|input| input.buttons & button != 0));
        }
        assert!(inputs.windows(2).filter(|pair| pair[0].aim != pair[1].aim).count() > 600);
    }
}
