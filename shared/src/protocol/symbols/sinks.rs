//! Sinks take the symbols of a message, sources give them back. The range coder's own are in
//! [`range`](crate::protocol::range); here are plain bits, [`Cost`] and [`Tally`].

use crate::protocol::bits::{BitReader, BitWriter};
use crate::protocol::models::{Model, ONE, choice};

/// Takes the symbols of a message.
pub(crate) trait Sink {
    /// One bit, by the odds of `model`, which learns from it.
    fn bit(&mut self, model: &mut Model, bit: bool);
    /// One of `N` values (8 or 16), by the odds of `set`, which learns from it.
    fn choose<const N: usize>(&mut self, set: &mut [Model; N], value: u32);
    /// The lowest `bits` bits of `value` (0 to 32; the others must be 0), at even odds.
    fn raw(&mut self, value: u32, bits: u32);
    /// One of `count` numbers from 0 (at most 65,536 of them), at even odds.
    fn one_of(&mut self, value: u32, count: u32);
    /// How many bytes the message has at most if it ends now.
    fn bytes(&self) -> usize;
    /// What the symbols that follow belong to, for a sink that wants to know.
    fn mark(&mut self, _part: Part) {}
}

/// What symbols of a snapshot belong to. Kinds and fields are indices into the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Tick, and where the inputs came from.
    #[default]
    Head,
    /// The player's own state.
    Own,
    /// Which known rows of a kind are gone or changed, and in which fields.
    Changes {
        /// Kind of entity.
        kind: u8,
    },
    /// A field of a known row.
    Field {
        /// Kind of entity.
        kind: u8,
        /// Its field.
        field: u8,
    },
    /// Id, kind and reference of a new row.
    New {
        /// Kind of entity.
        kind: u8,
    },
    /// A field of a new row.
    NewField {
        /// Kind of entity.
        kind: u8,
        /// Its field.
        field: u8,
    },
    /// Age, kind and reference of an event.
    Event {
        /// Kind of event.
        kind: u8,
    },
    /// A field of an event.
    EventField {
        /// Kind of event.
        kind: u8,
        /// Its field.
        field: u8,
    },
}

/// Counts what symbols cost, in 1/256 of a bit, by what they belong to. Models learn.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    cost: Cost,
    part: Part,
    pub(crate) by_256: std::collections::BTreeMap<Part, u64>,
}

impl Tally {
    pub(crate) fn new(plain: bool) -> Tally {
        Tally { cost: Cost { plain, ..Cost::default() }, ..Tally::default() }
    }

    fn count(&mut self, write: impl FnOnce(&mut Cost)) {
        let before = self.cost.by_256;
        write(&mut self.cost);
        *self.by_256.entry(self.part).or_default() += self.cost.by_256 - before;
    }
}

impl Sink for Tally {
    fn bit(&mut self, model: &mut Model, bit: bool) {
        self.count(|cost| cost.bit(model, bit));
        model.learn(bit);
    }

    fn choose<const N: usize>(&mut self, set: &mut [Model; N], value: u32) {
        self.count(|cost| cost.choose(set, value));
        choice::learn(set, value as usize);
    }

    fn raw(&mut self, value: u32, bits: u32) {
        self.count(|cost| cost.raw(value, bits));
    }

    fn one_of(&mut self, value: u32, count: u32) {
        self.count(|cost| cost.one_of(value, count));
    }

    fn bytes(&self) -> usize {
        self.cost.bytes()
    }

    fn mark(&mut self, part: Part) {
        self.part = part;
    }
}

/// Gives the symbols of a message. After the end of what came it gives zeros, and says so: what
/// was made of them must not be used.
pub(crate) trait Source {
    fn bit(&mut self, model: &mut Model) -> bool;
    fn choose<const N: usize>(&mut self, set: &mut [Model; N]) -> u32;
    fn raw(&mut self, bits: u32) -> u32;
    /// Below `count`, whatever came.
    fn one_of(&mut self, count: u32) -> u32;
    /// Whether more was taken than the message holds.
    fn is_over(&self) -> bool;
    /// Whether the message ends where its symbols end.
    fn is_done(&self) -> bool;
}

/// Symbols as plain bits, each model's too.
impl Sink for BitWriter<'_> {
    fn bit(&mut self, _: &mut Model, bit: bool) {
        self.put_bool(bit);
    }

    fn choose<const N: usize>(&mut self, _: &mut [Model; N], value: u32) {
        self.put(value, N.ilog2());
    }

    fn raw(&mut self, value: u32, bits: u32) {
        self.put(value, bits);
    }

    fn one_of(&mut self, value: u32, count: u32) {
        self.put(value, bits_of(count));
    }

    fn bytes(&self) -> usize {
        self.written()
    }
}

/// Plain bits read back as symbols.
pub(crate) struct PlainSource<'a> {
    bits: BitReader<'a>,
    over: bool,
}

impl<'a> PlainSource<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> PlainSource<'a> {
        PlainSource { bits: BitReader::new(bytes), over: false }
    }
}

impl Source for PlainSource<'_> {
    fn bit(&mut self, _: &mut Model) -> bool {
        self.raw(1) == 1
    }

    fn choose<const N: usize>(&mut self, _: &mut [Model; N]) -> u32 {
        self.raw(N.ilog2())
    }

    fn raw(&mut self, bits: u32) -> u32 {
        self.bits.take(bits).unwrap_or_else(|_| {
            self.over = true;
            0
        })
    }

    fn one_of(&mut self, count: u32) -> u32 {
        let value = self.raw(bits_of(count));
        self.over |= value >= count;
        value.min(count - 1)
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn is_done(&self) -> bool {
        !self.over && self.bits.is_done()
    }
}

/// Counts what symbols would cost, in 1/256 of a bit, and leaves all models as they are.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    pub(crate) by_256: u64,
    /// Whether each model's bit counts as a whole one.
    pub(crate) plain: bool,
}

impl Sink for Cost {
    fn bit(&mut self, model: &mut Model, bit: bool) {
        self.by_256 += if self.plain {
            256
        } else {
            let odds = if bit { model.odds() } else { ONE - model.odds() };
            u64::from(COSTS[(odds >> 4) as usize])
        };
    }

    fn choose<const N: usize>(&mut self, set: &mut [Model; N], value: u32) {
        let (from, to) = choice::interval(set, value as usize);
        self.by_256 += match (to - from) as usize {
            _ if self.plain => 256 * u64::from(N.ilog2()),
            odds if odds < 256 => 7 * 256 + u64::from(COSTS[odds]),
            odds => u64::from(COSTS[odds >> 7]),
        };
    }

    fn raw(&mut self, _: u32, bits: u32) {
        self.by_256 += u64::from(bits) * 256;
    }

    fn one_of(&mut self, _: u32, count: u32) {
        self.raw(0, bits_of(count));
    }

    fn bytes(&self) -> usize {
        self.by_256.div_ceil(8 * 256) as usize
    }
}

/// How many bits tell `count` things apart.
fn bits_of(count: u32) -> u32 {
    32 - (count - 1).leading_zeros()
}

/// What a symbol of odds from `16 * index` out of [`ONE`] costs at most, in 1/256 of a bit.
static COSTS: [u16; 257] = costs();

const fn costs() -> [u16; 257] {
    let mut costs = [2_048; 257];
    let mut index = 1;
    while index < 257 {
        costs[index] = 2_048 - log2_by_256(index as u64);
        index += 1;
    }
    costs
}

/// The logarithm of 1 to 256, in 1/256, rounded down: squaring gives its bits one by one.
const fn log2_by_256(value: u64) -> u16 {
    let whole = value.ilog2();
    let mut fixed = (value << 30) >> whole;
    let mut log = (whole as u16) << 8;
    let mut bit = 128;
    while bit > 0 {
        fixed = (fixed * fixed) >> 30;
        if fixed >= 2 << 30 {
            fixed >>= 1;
            log += bit;
        }
        bit >>= 1;
    }
    log
}
