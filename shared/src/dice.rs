//! The only randomness in the rules: a seeded generator that is part of the world.
//!
//! ChaCha with 8 rounds (Bernstein, "ChaCha, a variant of Salsa20", 2008) by `chacha20`, whose
//! values are those of the cipher: an observer of what was drawn, a level for example, finds out
//! neither the seed nor what is drawn next. The mappings to ranges stand here because those of
//! other crates may change.

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

    /// The first 64 bytes of ChaCha8 with a key of 256 bits (draft-strombergson-chacha-test-vectors-01):
    /// all of key and nonce zero, and all one.
    const PUBLISHED: [(u128, u64, [u8; 64]); 2] = [
        (
            0,
            0,
            [
                0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6, 0x7f, 0x5b, 0xb8, 0xe8, 0x1f, 0x09,
                0xa5, 0xa1, 0x2c, 0x84, 0x0e, 0xc3, 0xce, 0x9a, 0x7f, 0x3b, 0x18, 0x1b, 0xe1, 0x88,
                0xef, 0x71, 0x1a, 0x1e, 0x98, 0x4c, 0xe1, 0x72, 0xb9, 0x21, 0x6f, 0x41, 0x9f, 0x44,
                0x53, 0x67, 0x45, 0x6d, 0x56, 0x19, 0x31, 0x4a, 0x42, 0xa3, 0xda, 0x86, 0xb0, 0x01,
                0x38, 0x7b, 0xfd, 0xb8, 0x0e, 0x0c, 0xfe, 0x42,
            ],
        ),
        (
            u128::MAX,
            u64::MAX,
            [
                0xe1, 0x63, 0xbb, 0xf8, 0xc9, 0xa7, 0x39, 0xd1, 0x89, 0x25, 0xee, 0x83, 0x62, 0xda,
                0xd2, 0xcd, 0xc9, 0x73, 0xdf, 0x05, 0x22, 0x5a, 0xfb, 0x2a, 0xa2, 0x63, 0x96, 0xf2,
                0xa9, 0x84, 0x9a, 0x4a, 0x44, 0x5e, 0x05, 0x47, 0xd3, 0x1c, 0x16, 0x23, 0xc5, 0x37,
                0xdf, 0x4b, 0xa8, 0x5c, 0x70, 0xa9, 0x88, 0x4a, 0x35, 0xbc, 0xbf, 0x3d, 0xfa, 0xb0,
                0x77, 0xe9, 0x8b, 0x0f, 0x68, 0x13, 0x5f, 0x54,
            ],
        ),
    ];

    #[test]
    fn what_is_drawn_is_the_stream_of_the_cipher() {
        for (seed, stream, bytes) in PUBLISHED {
            let mut dice = Dice::new(Seed::new(seed), stream);
            let drawn: Vec<u8> = (0..16).flat_map(|_| dice.bits().to_le_bytes()).collect();
            assert_eq!(drawn, bytes);
        }
    }

    #[test]
    fn no_stream_and_no_derived_seed_draws_what_another_drew() {
        const DRAWN: usize = 10_000;
        let seed = Seed::from(1);
        let mut dice = vec![Dice::new(seed, 0), Dice::new(seed, 1), Dice::new(seed, 1 << 32)];
        dice.extend(["level", "world"].map(|purpose| Dice::new(seed.derive(purpose), 0)));
        // Two numbers in a row come again by chance once in billions of trials.
        let pairs = |mut dice: Dice| {
            let drawn: Vec<u32> = (0..DRAWN).map(|_| dice.bits()).collect();
            drawn.windows(2).map(|pair| [pair[0], pair[1]]).collect::<Vec<_>>()
        };
        let all: Vec<[u32; 2]> = dice.into_iter().flat_map(pairs).collect();
        let distinct: std::collections::BTreeSet<&[u32; 2]> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
