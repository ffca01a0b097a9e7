//! Models: what a stream has learned of its own symbols.
//!
//! Two sorts, both a few numbers of 16 bits in one list that belongs to a stream: a [`Model`] has
//! the odds of one bit, and a set of 8 or 16 of them ([`choice`]) those of as many values. They
//! learn from every symbol, on both ends alike. Nothing here knows what a symbol means.

use std::hint::select_unpredictable;

/// The odds that a bit is set: twelve bits of probability, and four that count how often it was
/// used, so that it learns fast at first and steadily later.
///
/// The rule is that of an estimator by frequency, held at the pace of the last entry: as in the
/// state counters of Mahoney's PAQ ("Adaptive Weighing of Context Models", 2005).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Model(u16);

/// The odds of a snapshot to be a keyframe; they do not learn, for models begin anew with it.
pub(crate) const KEYFRAME_ODDS: u32 = ONE / 64;
/// Odds of a bit are out of this.
pub(crate) const ONE: u32 = 1 << ONE_BITS;
pub(crate) const ONE_BITS: u32 = 12;
/// No probability goes nearer to 0 or [`ONE`] than this: the dearest bit costs eight bits.
const LEAST: i32 = 16;
/// How much of the way to what came a model goes, by how often it was used, in 1/4096; and the
/// count that follows.
const PACE: [(u16, u16); 16] = {
    const OF_4096: [u16; 16] =
        [1_638, 1_260, 964, 780, 655, 565, 497, 431, 372, 315, 273, 228, 195, 171, 146, 128];
    let mut pace = [(0, 0); 16];
    let mut used = 0;
    while used < 16 {
        let next = if used < 15 { used + 1 } else { 15 };
        pace[used] = (OF_4096[used], next as u16);
        used += 1;
    }
    pace
};

impl Model {
    pub(crate) const NEW: Model = Model::of(ONE / 2);

    /// A model that was never used and begins with these odds.
    pub(crate) const fn of(odds: u32) -> Model {
        Model((odds << 4) as u16)
    }

    /// The probability of a set bit, out of [`ONE`].
    #[inline]
    pub(crate) fn odds(self) -> u32 {
        u32::from(self.0 >> 4)
    }

    #[inline]
    pub(crate) fn learn(&mut self, bit: bool) {
        // All sixteen bits as one number: that the count is part of it does no harm.
        let now = i32::from(self.0);
        let (pace, next) = PACE[usize::from(self.0 & 15)];
        let goal = select_unpredictable(bit, 16 * (ONE as i32 - LEAST), 16 * LEAST);
        let odds = now + (((goal - now) * i32::from(pace)) >> 12);
        self.0 = odds as u16 & !15 | next;
    }
}

/// The odds of one of `N` values: in each place but the last the probability of this value or a
/// lower one (the adaptive symbols of AV1; de Rivaz and Haughton, "AV1 Bitstream & Decoding Process
/// Specification", 2019). The last begins at nothing and rises whatever comes: by it a set knows how
/// often it was used.
pub(crate) mod choice {
    use super::Model;

    /// Odds of a value are out of this.
    pub(crate) const ONE: u32 = 1 << ONE_BITS;
    pub(crate) const ONE_BITS: u32 = 15;
    /// The least that each value has of it: the dearest costs twelve bits.
    const LEAST: u32 = 8;
    /// For each value, all bits of the places whose probability rises when it comes.
    const UP: [[u16; 16]; 16] = {
        let mut up = [[0; 16]; 16];
        let mut value = 0;
        while value < 16 {
            let mut at = value;
            while at < 16 {
                up[value][at] = u16::MAX;
                at += 1;
            }
            value += 1;
        }
        up
    };
    /// A set goes a quarter of the way to what came: so many halvings of it.
    const PACE: u16 = 2;
    /// And half as far once its last place stands as high as it does after 2, 6 and 24 uses.
    const SLOWER: [u16; 3] = {
        const USES: [u32; 3] = [2, 6, 24];
        let mut slower = [0; 3];
        let (mut last, mut uses, mut halvings) = (0, 0, 0);
        while halvings < USES.len() {
            if uses == USES[halvings] {
                slower[halvings] = last;
                halvings += 1;
            }
            last = stepped(last, u16::MAX, PACE + halvings as u16);
            uses += 1;
        }
        slower
    };

    /// A set that was never used: all its values are as likely.
    pub(crate) fn fresh(values: usize) -> impl Iterator<Item = Model> {
        let even = move |at: usize| Model((65_536 * at / values) as u16);
        (1..values).map(even).chain([Model(0)])
    }

    /// From where to where the interval of `value` goes, out of [`ONE`].
    #[inline]
    pub(crate) fn interval<const N: usize>(set: &[Model; N], value: usize) -> (u32, u32) {
        // Both ends are read before it is known whether they count: that takes no branch.
        let (lower, upper) = (end(set, value.wrapping_sub(1) % N), end(set, value % N));
        let from = lower * u32::from(value != 0);
        let to = if value == N - 1 { ONE } else { upper };
        (from, to)
    }

    #[inline]
    fn end<const N: usize>(set: &[Model; N], value: usize) -> u32 {
        let learned = u32::from(set[value].0) * (ONE - N as u32 * LEAST);
        (learned >> 16) + (value as u32 + 1) * LEAST
    }

    /// In whose interval a place out of [`ONE`] lies.
    #[inline]
    pub(crate) fn find<const N: usize>(set: &[Model; N], place: u32) -> usize {
        (0..N - 1).map(|value| usize::from(end(set, value) <= place)).sum()
    }

    /// A place moved by a part of what is left, up if all bits of `up` are set, down if none is: a
    /// number minus one with all its bits turned is its negative.
    #[inline]
    const fn stepped(place: u16, up: u16, halvings: u16) -> u16 {
        let part = (place ^ up) >> halvings;
        place.wrapping_sub((part ^ up).wrapping_sub(up))
    }

    #[inline]
    pub(crate) fn learn<const N: usize>(set: &mut [Model; N], value: usize) {
        let last = set[N - 1].0;
        let halvings = PACE + SLOWER.map(|slower| u16::from(last >= slower)).iter().sum::<u16>();
        step(set, &UP[value % N], halvings);
    }

    /// Of one width, without a branch, and not inlined, where one of the places would be known
    /// already: so the compiler does eight in one instruction.
    #[inline(never)]
    fn step<const N: usize>(set: &mut [Model; N], up: &[u16; 16], halvings: u16) {
        for (model, up) in set.iter_mut().zip(up) {
            model.0 = stepped(model.0, *up, halvings);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_keeps_an_interval_however_seldom_it_comes() {
        let mut set = [Model::NEW; 16];
        set.iter_mut().zip(choice::fresh(16)).for_each(|(model, fresh)| *model = fresh);
        for often in [0, 15, 7] {
            for _ in 0..10_000 {
                choice::learn(&mut set, often);
                let mut last = 0;
                for value in 0..16 {
                    let (from, to) = choice::interval(&set, value);
                    assert_eq!(from, last);
                    assert!(to > from, "{value} after many of {often}");
                    assert_eq!(choice::find(&set, from), value);
                    assert_eq!(choice::find(&set, to - 1), value);
                    last = to;
                }
                assert_eq!(last, choice::ONE);
            }
            let (from, to) = choice::interval(&set, often);
            assert!(to - from > choice::ONE * 9 / 10);
        }
    }
    #[test]
    fn a_set_learns_more_slowly_the_more_often_it_was_used_whatever_came() {
        let mut set = [Model::NEW; 16];
        set.iter_mut().zip(choice::fresh(16)).for_each(|(model, fresh)| *model = fresh);
        for uses in 0..100 {
            let halvings = 2 + [2, 6, 24].iter().filter(|often| uses >= **often).count();
            let before = set[7].0;
            let value = uses * 5 % 16;
            choice::learn(&mut set, value);
            let moved = if value <= 7 { set[7].0 - before } else { before - set[7].0 };
            let left = if value <= 7 { u16::MAX - before } else { before };
            assert_eq!(moved, left >> halvings, "after {uses} uses");
        }
    }
}
