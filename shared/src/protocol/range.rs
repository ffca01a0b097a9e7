//! The range coder: symbols into as few bytes as their odds allow, and back.
//!
//! Martin, "Range encoding" (1979), with binary symbols and carries as in LZMA: an interval of
//! 32 bits is cut in two by the odds of each bit, and bytes leave it at the top as it narrows.
//! Each message is coded by itself, while the models live on; its end is trimmed to the last
//! byte that is needed, since a decoder reads zeros beyond.

use std::hint::select_unpredictable;

use super::models::{Model, ONE_BITS, choice};
use super::symbols::{Sink, Source};

const TOP: u32 = 1 << 24;
/// Most zeros that a message may leave out at its end. It bounds what a decoder makes of a short
/// message.
const TRIMMED_MAX: usize = 8;

/// Writes symbols to the end of a byte vector.
#[derive(Debug)]
pub(crate) struct RangeWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Where the message begins: no carry goes beyond.
    start: usize,
    low: u64,
    range: u32,
}

impl<'a> RangeWriter<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> RangeWriter<'a> {
        let start = out.len();
        RangeWriter { out, start, low: 0, range: u32::MAX }
    }

    /// Not inlined: one symbol in ten needs it, and the others are the shorter without.
    #[inline(never)]
    fn narrow(&mut self) {
        while self.range < TOP {
            if self.low >> 32 != 0 {
                self.carry();
            }
            self.out.push((self.low >> 24) as u8);
            self.low = (self.low << 8) & 0xffff_ffff;
            self.range <<= 8;
        }
    }

    #[inline(never)]
    fn carry(&mut self) {
        self.low &= 0xffff_ffff;
        for byte in self.out[self.start..].iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    /// Ends the message: by the number in the interval that has the most zeros at its end, and
    /// without these.
    pub(crate) fn finish(mut self) {
        let end = self.low + u64::from(self.range);
        for zeros in (0..=32).rev().step_by(8) {
            let mask = (1_u64 << zeros) - 1;
            let number = (self.low + mask) & !mask;
            if number < end {
                self.low = number;
                break;
            }
        }
        if self.low >> 32 != 0 {
            self.carry();
        }
        self.out.extend_from_slice(&(self.low as u32).to_be_bytes());
        let least = self.start.max(self.out.len().saturating_sub(TRIMMED_MAX));
        while self.out.len() > least && self.out.last() == Some(&0) {
            self.out.pop();
        }
    }
}

impl Sink for RangeWriter<'_> {
    #[inline]
    fn bit(&mut self, model: &mut Model, bit: bool) {
        let bound = (self.range >> ONE_BITS) * model.odds();
        // The processor cannot foresee which it is: better no branch than a wrong one.
        self.low += u64::from(select_unpredictable(bit, 0, bound));
        self.range = select_unpredictable(bit, bound, self.range - bound);
        model.learn(bit);
        if self.range < TOP {
            self.narrow();
        }
    }

    #[inline(never)]
    fn choose<const N: usize>(&mut self, set: &mut [Model; N], value: u32) {
        let (from, to) = choice::interval(set, value as usize);
        let unit = self.range >> choice::ONE_BITS;
        self.low += u64::from(unit * from);
        // The last value has what does not divide.
        self.range = if to == choice::ONE { self.range - unit * from } else { unit * (to - from) };
        choice::learn(set, value as usize);
        if self.range < TOP {
            self.narrow();
        }
    }

    fn raw(&mut self, value: u32, bits: u32) {
        if bits > 16 {
            self.raw(value >> 16, bits - 16);
            return self.raw(value & 0xffff, 16);
        }
        self.range >>= bits;
        self.low += u64::from(self.range) * u64::from(value);
        if self.range < TOP {
            self.narrow();
        }
    }

    fn one_of(&mut self, value: u32, count: u32) {
        self.range /= count;
        self.low += u64::from(self.range) * u64::from(value);
        if self.range < TOP {
            self.narrow();
        }
    }

    fn bytes(&self) -> usize {
        self.out.len() - self.start + 4
    }
}

/// Reads symbols from bytes.
#[derive(Debug)]
pub(crate) struct RangeSource<'a> {
    bytes: &'a [u8],
    next: usize,
    code: u32,
    range: u32,
}

impl<'a> RangeSource<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> RangeSource<'a> {
        let mut source = RangeSource { bytes, next: 0, code: 0, range: u32::MAX };
        for _ in 0..4 {
            source.byte();
        }
        source
    }

    fn byte(&mut self) {
        let byte = self.bytes.get(self.next).copied().unwrap_or(0);
        self.code = self.code << 8 | u32::from(byte);
        self.next += 1;
    }

    fn widen(&mut self) {
        while self.range < TOP {
            self.byte();
            self.range <<= 8;
        }
    }
}

impl Source for RangeSource<'_> {
    #[inline]
    fn bit(&mut self, model: &mut Model) -> bool {
        let bound = (self.range >> ONE_BITS) * model.odds();
        let bit = self.code < bound;
        if bit {
            self.range = bound;
        } else {
            self.code -= bound;
            self.range -= bound;
        }
        model.learn(bit);
        if self.range < TOP {
            self.widen();
        }
        bit
    }

    fn choose<const N: usize>(&mut self, set: &mut [Model; N]) -> u32 {
        let unit = self.range >> choice::ONE_BITS;
        let value = choice::find(set, self.code / unit);
        let (from, to) = choice::interval(set, value);
        self.code -= unit * from;
        self.range = if to == choice::ONE { self.range - unit * from } else { unit * (to - from) };
        choice::learn(set, value);
        if self.range < TOP {
            self.widen();
        }
        value as u32
    }

    fn raw(&mut self, bits: u32) -> u32 {
        if bits > 16 {
            let high = self.raw(bits - 16);
            return high << 16 | self.raw(16);
        }
        self.range >>= bits;
        // What no writer makes must not become more than `bits` bits.
        let value = (self.code / self.range).min((1 << bits) - 1);
        self.code -= value * self.range;
        self.widen();
        value
    }

    fn one_of(&mut self, count: u32) -> u32 {
        self.range /= count;
        let value = (self.code / self.range).min(count - 1);
        self.code -= value * self.range;
        self.widen();
        value
    }

    fn is_over(&self) -> bool {
        self.next > self.bytes.len() + TRIMMED_MAX
    }

    fn is_done(&self) -> bool {
        !self.is_over() && self.next >= self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::symbols::{
        Cost, PlainSource, fresh_residual_models, fresh_value_models, put_count, put_residual,
        put_value, take_count, take_residual, take_value,
    };
    use super::*;
    use crate::protocol::bits::BitWriter;

    #[derive(Clone, Debug)]
    enum Symbol {
        Bit(bool),
        Raw(u32, u32),
        Count(u32),
        Residual(i32),
        Value(u32),
        OneOf(u32, u32),
    }

    fn symbol() -> impl Strategy<Value = Symbol> {
        prop_oneof![
            4 => prop::bool::weighted(0.05).prop_map(Symbol::Bit),
            1 => (any::<u32>(), 0..=32_u32).prop_map(|(value, bits)| {
                Symbol::Raw((u64::from(value) & ((1 << bits) - 1)) as u32, bits)
            }),
            1 => prop_oneof![0..9_u32, any::<u32>()].prop_map(Symbol::Count),
            1 => prop_oneof![-9..9_i32, any::<i32>(), Just(i32::MIN), Just(i32::MAX)]
                .prop_filter("0 is not sent", |residual| *residual != 0)
                .prop_map(Symbol::Residual),
            1 => (0..64_u32).prop_map(Symbol::Value),
            1 => (1..=65_536_u32, any::<u32>()).prop_map(|(of, at)| Symbol::OneOf(at % of, of)),
        ]
    }

    struct Set {
        bit: [Model; 1],
        count: [Model; 5],
        residual: Vec<Model>,
        value: Vec<Model>,
    }

    fn set() -> Set {
        let (residual, value) = (fresh_residual_models(32), fresh_value_models(6));
        Set { bit: [Model::NEW], count: [Model::NEW; 5], residual, value }
    }

    fn put(sink: &mut impl Sink, set: &mut Set, symbol: &Symbol) {
        match *symbol {
            Symbol::Bit(bit) => sink.bit(&mut set.bit[0], bit),
            Symbol::Raw(value, bits) => sink.raw(value, bits),
            Symbol::Count(value) => put_count(sink, &mut set.count, value),
            Symbol::Residual(value) => put_residual(sink, &mut set.residual, 32, value),
            Symbol::Value(value) => put_value(sink, &mut set.value, 6, value),
            Symbol::OneOf(value, count) => sink.one_of(value, count),
        }
    }

    fn check(source: &mut impl Source, set: &mut Set, symbol: &Symbol) {
        match *symbol {
            Symbol::Bit(bit) => assert_eq!(source.bit(&mut set.bit[0]), bit),
            Symbol::Raw(value, bits) => assert_eq!(source.raw(bits), value),
            Symbol::Count(value) => assert_eq!(take_count(source, &mut set.count), Some(value)),
            Symbol::Residual(value) => {
                assert_eq!(take_residual(source, &mut set.residual, 32), Some(value));
            }
            Symbol::Value(value) => assert_eq!(take_value(source, &mut set.value, 6), value),
            Symbol::OneOf(value, count) => assert_eq!(source.one_of(count), value),
        }
    }

    proptest! {
        #[test]
        fn symbols_pass_through_either_coding(
            messages in prop::collection::vec(prop::collection::vec(symbol(), 0..60), 1..4),
        ) {
            let mut sets = [set(), set(), set(), set()];
            for symbols in &messages {
                let (mut ranged, mut plain) = (vec![7], vec![7]);
                let mut cost = Cost::default();
                let mut writer = RangeWriter::new(&mut ranged);
                for symbol in symbols {
                    put(&mut cost, &mut sets[0], symbol);
                    put(&mut writer, &mut sets[0], symbol);
                }
                writer.finish();
                let mut writer = BitWriter::new(&mut plain);
                symbols.iter().for_each(|symbol| put(&mut writer, &mut sets[1], symbol));
                writer.finish();
                let bits = 8 * (ranged.len() as u64 - 1);
                prop_assert!(bits <= cost.by_256 / 256 + 16, "{bits} bits, {cost:?}");
                let mut source = RangeSource::new(&ranged[1..]);
                symbols.iter().for_each(|symbol| check(&mut source, &mut sets[2], symbol));
                prop_assert!(source.is_done());
                let mut source = PlainSource::new(&plain[1..]);
                symbols.iter().for_each(|symbol| check(&mut source, &mut sets[3], symbol));
                prop_assert!(source.is_done());
            }
        }

        #[test]
        fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..64), even in any::<bool>()) {
            let mut source = RangeSource::new(&bytes);
            let mut model = Model::NEW;
            let mut taken = 0;
            while !source.is_over() {
                if even { source.raw(3); } else { source.bit(&mut model); }
                taken += 1;
            }
            // The likeliest bit costs 1/178 of one.
            prop_assert!(taken <= 180 * 8 * (bytes.len() + TRIMMED_MAX + 1), "{taken} symbols");
        }
    }

    #[test]
    fn what_is_always_so_costs_next_to_nothing() {
        let mut model = Model::NEW;
        let mut bytes = Vec::new();
        let mut writer = RangeWriter::new(&mut bytes);
        (0..1_000).for_each(|_| writer.bit(&mut model, false));
        writer.finish();
        assert!(bytes.len() <= 3, "{} bytes", bytes.len());
    }

    #[test]
    fn a_carry_runs_through_as_far_as_it_must() {
        // Odds that put the interval's low end just below a multiple of 2^32.
        for even in 0..40 {
            let mut bytes = vec![0xff; 3];
            let mut writer = RangeWriter::new(&mut bytes);
            for at in 0..even {
                writer.raw(if at % 7 == 6 { 0xfffe } else { 0xffff }, 16);
            }
            writer.raw(1, 1);
            writer.finish();
            let mut source = RangeSource::new(&bytes[3..]);
            for at in 0..even {
                assert_eq!(source.raw(16), if at % 7 == 6 { 0xfffe } else { 0xffff });
            }
            assert_eq!(source.raw(1), 1);
            assert_eq!(bytes[..3], [0xff; 3]);
        }
    }
}
