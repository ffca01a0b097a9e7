//! Symbols: what a snapshot is made of, below its meaning and above its bytes.
//!
//! The stream writes bits whose odds adapt ([`Model`]) and bits of even odds. Three things take
//! them: the range coder ([`super::range`]), plain bits, and a [`Cost`] that only counts. On the
//! bits stand the few codes that the stream uses: counts, signed residuals and trees. Both
//! directions of each stand side by side, so that they cannot part.

use super::bits::{BitReader, BitWriter};

/// The odds that a bit is set: twelve bits of probability, and four that count how often it was
/// used, so that it learns fast at first and steadily later.
///
/// The rule is that of an estimator by frequency, held at the pace of the last entry: as in the
/// state counters of Mahoney's PAQ ("Adaptive Weighing of Context Models", 2005).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Model(u16);

/// The odds of a snapshot to be a keyframe; they do not learn, for models begin anew with it.
pub(crate) const KEYFRAME_ODDS: u32 = ONE / 64;
/// Odds are out of this.
pub(crate) const ONE: u32 = 1 << ONE_BITS;
pub(crate) const ONE_BITS: u32 = 12;
/// No probability goes nearer to 0 or [`ONE`] than this: the dearest bit costs eight bits.
const LEAST: i32 = 16;
/// How much of the way to what came a model goes, by how often it was used: 16 times that, in
/// 1/4096, and the count that follows.
const PACE: [i32; 16] = {
    const OF_4096: [i32; 16] =
        [1_638, 1_260, 964, 780, 655, 565, 497, 431, 372, 315, 273, 228, 195, 171, 146, 128];
    let mut pace = [0; 16];
    let mut used = 0;
    while used < 16 {
        let next = if used < 15 { used + 1 } else { 15 };
        pace[used] = OF_4096[used] << 4 | next as i32;
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
    pub(crate) fn odds(self) -> u32 {
        u32::from(self.0 >> 4)
    }

    #[inline]
    pub(crate) fn learn(&mut self, bit: bool) {
        // All sixteen bits as one number: that the count is part of it does no harm.
        let now = i32::from(self.0);
        let pace = PACE[usize::from(self.0 & 15)];
        let goal = if bit { 16 * (ONE as i32 - LEAST) } else { 16 * LEAST };
        let odds = now + (((goal - now) * (pace >> 4)) >> 12);
        self.0 = (odds & !15 | pace & 15) as u16;
    }
}

/// Takes the symbols of a message.
pub(crate) trait Sink {
    /// One bit, by the odds of `model`, which learns from it.
    fn bit(&mut self, model: &mut Model, bit: bool);
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
    /// Tick, and how inputs were come by.
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

/// The same back.
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

/// Any number from 0, small ones cheapest: Elias gamma of `value + 1`, whose prefix learns.
pub(crate) fn put_count(sink: &mut impl Sink, models: &mut [Model], value: u32) {
    let value = u64::from(value) + 1;
    let bits = value.ilog2();
    put_prefix(sink, models, bits);
    if bits > 16 {
        sink.raw((value >> 16) as u32 & ((1 << (bits - 16)) - 1), bits - 16);
    }
    sink.raw((value & ((1 << bits.min(16)) - 1)) as u32, bits.min(16));
}

/// `None` when it is no number of 32 bits.
pub(crate) fn take_count(source: &mut impl Source, models: &mut [Model]) -> Option<u32> {
    let bits = take_prefix(source, models, 32)?;
    let high = if bits > 16 { u64::from(source.raw(bits - 16)) << 16 } else { 0 };
    let low = u64::from(source.raw(bits.min(16)));
    u32::try_from((1_u64 << bits) + high + low - 1).ok()
}

/// As many set bits as `bits` says, then one that is not. The last model serves all further.
fn put_prefix(sink: &mut impl Sink, models: &mut [Model], bits: u32) {
    let last = models.len() - 1;
    for at in 0..bits as usize {
        sink.bit(&mut models[at.min(last)], true);
    }
    sink.bit(&mut models[(bits as usize).min(last)], false);
}

fn take_prefix(source: &mut impl Source, models: &mut [Model], most: u32) -> Option<u32> {
    let last = models.len() - 1;
    let mut bits = 0;
    while source.bit(&mut models[(bits as usize).min(last)]) {
        bits += 1;
        if bits > most {
            return None;
        }
    }
    Some(bits)
}

/// How many models [`put_residual`] takes for a field of so many bits.
pub(crate) const fn residual_models(bits: u32) -> usize {
    (1 << length_bits(bits)) + 2 * TOPS
}

/// How many bits tell how many bits a residual has: of a field of `bits` bits.
const fn length_bits(bits: u32) -> u32 {
    match bits {
        0..=4 => 2,
        5..=8 => 3,
        9..=16 => 4,
        _ => 5,
    }
}

/// For so many lengths the highest bits learn apart.
const TOPS: usize = 8;

/// A residual other than 0: how many bits its size has below the first, as a tree; its sign; the
/// bits. The two highest of these learn, for errors of a predictor cluster.
///
/// The place of a tree's root, which no tree uses, is that of the sign's model.
pub(crate) fn put_residual(sink: &mut impl Sink, models: &mut [Model], residual: i32) {
    let (lengths, tops) = models.split_at_mut(models.len() - 2 * TOPS);
    let size = residual.unsigned_abs();
    let bits = size.ilog2();
    put_tree(sink, lengths, lengths.len().ilog2(), bits);
    sink.bit(&mut lengths[0], residual < 0);
    if bits == 0 {
        return;
    }
    let at = 2 * (bits as usize - 1).min(TOPS - 1);
    let top = size >> (bits - 1) & 1;
    sink.bit(&mut tops[at], top == 1);
    if bits == 1 {
        return;
    }
    sink.bit(&mut tops[at + 1], size >> (bits - 2) & 1 == 1);
    let left = bits - 2;
    if left > 16 {
        sink.raw(size >> 16 & ((1 << (left - 16)) - 1), left - 16);
    }
    sink.raw(size & ((1 << left.min(16)) - 1), left.min(16));
}

/// `None` when it is no number of 32 bits.
pub(crate) fn take_residual(source: &mut impl Source, models: &mut [Model]) -> Option<i32> {
    let (lengths, tops) = models.split_at_mut(models.len() - 2 * TOPS);
    let bits = take_tree(source, lengths, lengths.len().ilog2());
    let negative = source.bit(&mut lengths[0]);
    let mut size = 1_u32;
    if bits > 0 {
        let at = 2 * (bits as usize - 1).min(TOPS - 1);
        size = size << 1 | u32::from(source.bit(&mut tops[at]));
        if bits > 1 {
            size = size << 1 | u32::from(source.bit(&mut tops[at + 1]));
            let left = bits - 2;
            if left > 16 {
                size = size << (left - 16) | source.raw(left - 16);
            }
            size = size << left.min(16) | source.raw(left.min(16));
        }
    }
    let size = i32::try_from(size);
    match (negative, size) {
        (false, Ok(size)) => Some(size),
        (true, Ok(size)) => Some(-size),
        // The one whose size has no positive counterpart.
        (true, Err(_)) if bits == 31 => Some(i32::MIN),
        _ => None,
    }
}

/// One of `1 << bits` values, each learned for itself.
pub(crate) fn put_tree(sink: &mut impl Sink, models: &mut [Model], bits: u32, value: u32) {
    let mut node = 1;
    for at in (0..bits).rev() {
        let bit = value >> at & 1;
        sink.bit(&mut models[node], bit == 1);
        node = node << 1 | bit as usize;
    }
}

pub(crate) fn take_tree(source: &mut impl Source, models: &mut [Model], bits: u32) -> u32 {
    let mut node = 1;
    for _ in 0..bits {
        node = node << 1 | usize::from(source.bit(&mut models[node]));
    }
    node as u32 - (1 << bits)
}
