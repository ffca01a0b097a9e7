//! The only randomness in the rules: a seeded generator that is part of the world.
//!
//! PCG-XSH-RR 64/32 (O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good
//! Algorithms for Random Number Generation", 2014) by `rand_pcg`, whose values are promised to
//! stay the same. The mappings to ranges stand here because those of other crates may change.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng;
use serde::{Deserialize, Serialize};

/// A seeded generator. Same seed and stream, same numbers, on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dice(Pcg32);

impl Dice {
    /// The generator of `seed`; different `stream`s of one seed are independent.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Dice {
        Dice(Pcg32::new(seed, stream))
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// 64 random bits.
    pub fn bits64(&mut self) -> u64 {
        self.0.next_u64()
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_seed_never_change() {
        let mut dice = Dice::new(1, 2);
        let drawn: Vec<u32> = (0..4).map(|_| dice.bits()).collect();
        assert_eq!(drawn, GOLDEN);
    }

    /// Written down once; a change would break every journal.
    const GOLDEN: [u32; 4] = [257_813_417, 1_540_837_979, 2_991_011_415, 1_948_028_921];

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
}
