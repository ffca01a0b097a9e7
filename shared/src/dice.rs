//! The only randomness in the rules: a seeded generator that is part of the world.
//!
//! ChaCha with 8 rounds (Bernstein, "ChaCha, a variant of Salsa20", 2008) by `chacha20`, whose values
//! are those of the cipher: whoever sees what was drawn, a level for example, finds out neither the
//! seed nor what is drawn next. The mappings to ranges stand here because those of other crates may
//! change.

use std::fmt;

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::seed::Seed;

/// A seeded generator. Same seed and stream, same numbers, on every machine.
#[derive(Serialize, Deserialize)]
#[serde(into = "Position", from = "Position")]
pub struct Dice {
    seed: Seed,
    generator: ChaCha8Rng,
}

/// What a generator is serialised as: it goes on from there.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    seed: Seed,
    stream: u64,
    /// How much was drawn, in words of 32 bits.
    drawn: u64,
}

impl Dice {
    /// The generator of `seed`; different `stream`s of one seed are independent.
    #[must_use]
    pub fn new(seed: impl Into<Seed>, stream: u64) -> Dice {
        Position { seed: seed.into(), stream, drawn: 0 }.into()
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.generator.next_u32()
    }

    /// 64 random bits.
    pub fn bits64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A whole number from 0 to `end`, `end` excluded; 0 when `end` is 0.
    ///
    /// By the high half of a product (Lemire 2019), without the rejection: the bias is below
    /// `end / 2^32`.
    pub fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.bits()) * u64::from(end)) >> 32) as u32
    }

    /// A number from 0 to 1, 1 excluded, with 24 random bits.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / 16_777_216.0
    }

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p` (0 to 1).
    pub fn chance(&mut self, p: f32) -> bool {
        self.unit() < p
    }

    /// 32 random bits that belong to `number`: the same whatever was drawn, and nothing is drawn for
    /// them. For what should last a while without being kept.
    #[must_use]
    pub fn at(&self, number: u64) -> u32 {
        self.seed.bits_at([self.generator.get_stream(), number])
    }

    fn position(&self) -> Position {
        let (stream, drawn) = (self.generator.get_stream(), self.generator.get_word_pos());
        Position { seed: self.seed, stream, drawn: drawn as u64 }
    }
}

impl From<Position> for Dice {
    fn from(Position { seed, stream, drawn }: Position) -> Dice {
        let mut key = [0; 32];
        // As for keys of 128 bits: twice the same.
        let (first, second) = key.split_at_mut(16);
        first.copy_from_slice(&seed.number().to_le_bytes());
        second.copy_from_slice(&seed.number().to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream);
        generator.set_word_pos(drawn.into());
        Dice { seed, generator }
    }
}

impl From<Dice> for Position {
    fn from(dice: Dice) -> Position {
        dice.position()
    }
}

impl Clone for Dice {
    fn clone(&self) -> Dice {
        self.position().into()
    }
}

impl PartialEq for Dice {
    fn eq(&self, other: &Dice) -> bool {
        self.position() == other.position()
    }
}

impl Eq for Dice {}

/// What is drawn next is a secret.
impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::WIRE;

    #[test]
    fn numbers_of_a_seed_never_change() {
        let mut dice = Dice::new(1, 2);
        let drawn: Vec<u32> = (0..4).map(|_| dice.bits()).collect();
        assert_eq!(drawn, GOLDEN);
    }

    /// Written down once; a change would break every checkpoint.
    const GOLDEN: [u32; 4] = [1_959_105_541, 3_374_188_925, 3_373_676_292, 1_431_004_477];

    #[test]
    fn ranges_are_kept() {
        let mut dice = Dice::new(7, 0);
        for _ in 0..10_000 {
            assert!(dice.below(6) < 6);
            let unit = dice.unit();
            assert!((0.0..1.0).contains(&unit));
        }
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn written_down_anywhere_and_read_again_it_goes_on() {
        let mut dice = Dice::new(3, u64::MAX);
        for drawn in 0..200 {
            let bytes = bincode::serde::encode_to_vec(&dice, WIRE).expect("it is written");
            let (mut read, _): (Dice, usize) =
                bincode::serde::decode_from_slice(&bytes, WIRE).expect("it is read");
            assert!(read == dice && dice.clone() == dice);
            let next = dice.clone().bits64();
            assert_eq!((read.bits64(), dice.bits()), (next, next as u32), "{drawn} drawn");
        }
    }

    #[test]
    fn what_belongs_to_a_number_draws_nothing_and_is_another_for_each_seed_and_stream() {
        let mut dice = Dice::new(1, 2);
        let (before, at) = (dice.clone(), dice.at(7));
        assert!(dice == before);
        dice.bits();
        assert_eq!(dice.at(7), at);
        let others = [dice.at(8), Dice::new(2, 2).at(7), Dice::new(1, 3).at(7)];
        assert!(!others.contains(&at), "{others:?}");
    }

    /// PCG-XSH-RR 64/32, from which all was drawn before.
    struct Pcg {
        state: u64,
        increment: u64,
    }

    const MULTIPLIER: u64 = 6_364_136_223_846_793_005;

    impl Pcg {
        fn new(seed: u64, stream: u64) -> Pcg {
            let increment = stream << 1 | 1;
            let mut pcg = Pcg { state: seed.wrapping_add(increment), increment };
            pcg.step();
            pcg
        }

        fn step(&mut self) {
            self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
        }

        fn bits(&mut self) -> u32 {
            let state = self.state;
            self.step();
            let shifted = ((state >> 18) ^ state) >> 27;
            (shifted as u32).rotate_right((state >> 59) as u32)
        }
    }

    /// Goes back from what was drawn to the generator and on to what is drawn next, as can be done with
    /// PCG: its state before the first number is found among the 2^32 that give this number. To be
    /// quick the caller tells all but the lowest bits; all of them take seconds.
    fn predict(drawn: [u32; 3], stream: u64, state_above: u64) -> Option<u32> {
        let increment = stream << 1 | 1;
        (0..1 << LOW_BITS).find_map(|low| {
            let mut pcg = Pcg { state: state_above | low, increment };
            (drawn.map(|_| pcg.bits()) == drawn).then(|| pcg.bits())
        })
    }

    const LOW_BITS: u32 = 18;

    #[test]
    fn what_was_drawn_gives_away_nothing_of_what_comes() {
        let (mut found, mut found_before) = (0, 0);
        for seed in 0..8_u64 {
            let mut before = Pcg::new(seed, 1);
            let above = before.state >> LOW_BITS << LOW_BITS;
            let drawn = [(); 3].map(|()| before.bits());
            found_before += u32::from(predict(drawn, 1, above) == Some(before.bits()));
            let mut dice = Dice::new(seed, 1);
            let drawn = [(); 3].map(|()| dice.bits());
            found += u32::from(predict(drawn, 1, above) == Some(dice.bits()));
        }
        assert_eq!((found_before, found), (8, 0));
    }
}
