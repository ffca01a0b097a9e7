//! [`Seed`]: a secret from which dice and further seeds are made, and which neither gives away.
//!
//! Owned by the code that opens a server or a room. Seeds form a tree: that of a server gives those
//! of its rooms, that of a room those of its level, its world and its bots. An observer of all that
//! was drawn by one of them knows nothing of its parent or of the others.

use std::fmt;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher24};

/// A secret of 128 bits. A small number that somebody has chosen is found by trying: a seed that is
/// to stay a secret must be random.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed(u128);

impl Seed {
    /// The seed of this number.
    #[must_use]
    pub const fn new(number: u128) -> Seed {
        Seed(number)
    }

    /// The number that it was made from, for who may know it.
    #[must_use]
    pub const fn number(self) -> u128 {
        self.0
    }

    /// The seed for a purpose: equal seeds give equal ones for equal purposes. It tells nothing of
    /// this seed, nor of that for another purpose.
    ///
    /// By SipHash-2-4 with 128 bits of output, keyed by this seed (Aumasson and Bernstein, "SipHash: a
    /// fast short-input PRF", 2012).
    #[must_use]
    pub fn derive(self, purpose: &str) -> Seed {
        let mut hasher = SipHasher24::new_with_key(&self.0.to_le_bytes());
        hasher.write(purpose.as_bytes());
        Seed(hasher.finish128().as_u128())
    }
}

impl Seed {
    /// 32 random bits that belong to two numbers.
    pub(crate) fn bits_at(self, numbers: [u64; 2]) -> u32 {
        let mut hasher = SipHasher24::new_with_key(&self.0.to_le_bytes());
        // No purpose begins so: it is not UTF-8.
        hasher.write(&[u8::MAX]);
        numbers.iter().for_each(|number| hasher.write(&number.to_le_bytes()));
        hasher.finish128().h1 as u32
    }
}

impl From<u64> for Seed {
    fn from(number: u64) -> Seed {
        Seed(number.into())
    }
}

/// A secret is not printed by accident.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_seeds_never_change() {
        // Written down once: other values are other rooms for the same `--seed`.
        assert_eq!(Seed::from(7).derive("level").number(), GOLDEN);
    }

    const GOLDEN: u128 = 179_222_519_160_511_291_809_996_833_869_880_376_959;

    #[test]
    fn a_seed_for_a_purpose_is_unlike_its_parent_and_those_for_others() {
        let parent = Seed::from(1);
        let seeds =
            [parent, parent.derive("a"), parent.derive("b"), parent.derive("a").derive("a")];
        for (at, seed) in seeds.iter().enumerate() {
            for other in &seeds[..at] {
                // Of independent bits about half differ.
                let differing = (seed.number() ^ other.number()).count_ones();
                assert!((32..96).contains(&differing), "{differing} bits");
            }
        }
        assert_eq!(parent.derive("a"), Seed::new(1).derive("a"));
    }

    #[test]
    fn a_seed_is_not_printed_by_accident() {
        assert!(!format!("{:?}", Seed::from(123_456_789)).contains("123"));
    }
}
