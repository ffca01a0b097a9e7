//! Codes: how a count, a residual or one of a few values is written in symbols and read back. Both
//! directions of each stand side by side, so that they cannot part.

use super::sinks::{Sink, Source};
use crate::protocol::models::{Model, choice};

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

/// How many models [`put_value`] takes for values of so many bits.
pub(crate) const fn value_models(bits: u32) -> usize {
    match bits {
        0 => 0,
        // Two bits, the second by what the first is, cost less than a choice of four.
        1 => 1,
        2 => 3,
        3 | 4 => 1 << bits,
        _ => value_models(bits - 4) + (1 << bits),
    }
}

/// The same, as they are before they are used.
pub(crate) fn fresh_value_models(bits: u32) -> Vec<Model> {
    match bits {
        0 => Vec::new(),
        1 | 2 => vec![Model::NEW; value_models(bits)],
        3 | 4 => choice::fresh(1 << bits).collect(),
        _ => {
            let mut models = fresh_value_models(bits - 4);
            (0..1 << (bits - 4)).for_each(|_| models.extend(choice::fresh(16)));
            models
        }
    }
}

/// One of `1 << bits` values (at most 256), each learned for itself: the upper bits, then by
/// these the lower four.
///
/// Each way but the commonest has a function of its own: so that one keeps nothing for them.
pub(crate) fn put_value(sink: &mut impl Sink, models: &mut [Model], bits: u32, value: u32) {
    match bits {
        0..=2 => put_value_bits(sink, models, bits, value),
        3 => sink.choose(first::<8>(models), value),
        4 => sink.choose(first::<16>(models), value),
        _ => put_long_value(sink, models, bits, value),
    }
}

#[inline(never)]
fn put_value_bits(sink: &mut impl Sink, models: &mut [Model], bits: u32, value: u32) {
    match bits {
        0 => {}
        1 => sink.bit(&mut models[0], value == 1),
        _ => {
            let upper = value >> 1;
            let [first, lower @ ..] = first::<3>(models);
            sink.bit(first, upper == 1);
            sink.bit(&mut lower[upper as usize & 1], value & 1 == 1);
        }
    }
}

#[inline(never)]
fn put_long_value(sink: &mut impl Sink, models: &mut [Model], bits: u32, value: u32) {
    let (upper, lower) = models.split_at_mut(value_models(bits - 4));
    put_value(sink, upper, bits - 4, value >> 4);
    sink.choose(first::<16>(&mut lower[(value & !15) as usize..]), value & 15);
}

pub(crate) fn take_value(source: &mut impl Source, models: &mut [Model], bits: u32) -> u32 {
    match bits {
        0 => 0,
        1 => u32::from(source.bit(&mut models[0])),
        2 => {
            let upper = source.bit(&mut models[0]);
            let lower = source.bit(&mut models[1 + usize::from(upper)]);
            u32::from(upper) << 1 | u32::from(lower)
        }
        3 => source.choose(first::<8>(models)),
        4 => source.choose(first::<16>(models)),
        _ => {
            let (upper, lower) = models.split_at_mut(value_models(bits - 4));
            let upper = take_value(source, upper, bits - 4) << 4;
            upper | source.choose(first::<16>(&mut lower[upper as usize..]))
        }
    }
}

/// The first `N` of the models, of which there are so many.
#[inline]
pub(crate) fn first<const N: usize>(models: &mut [Model]) -> &mut [Model; N] {
    models.first_chunk_mut().expect("the layout gives each set its models")
}

/// How many models [`put_residual`] takes for a field of so many bits.
pub(crate) const fn residual_models(bits: u32) -> usize {
    1 + TOP_MODELS * TOPS + value_models(length_bits(bits))
}

/// The same, as they are before they are used.
pub(crate) fn fresh_residual_models(bits: u32) -> Vec<Model> {
    let mut models = vec![Model::NEW; 1 + TOP_MODELS * TOPS];
    models.extend(fresh_value_models(length_bits(bits)));
    models
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
const TOPS: usize = 4;
/// For the highest bit, and for the next by what that is.
const TOP_MODELS: usize = 3;

/// A residual other than 0: how many bits its size has below the first; its sign; the two highest
/// of these, which learn, for errors of a predictor cluster; the others.
pub(crate) fn put_residual(sink: &mut impl Sink, models: &mut [Model], bits: u32, residual: i32) {
    let (sign, models) = models.split_at_mut(1);
    let (tops, lengths) = models.split_at_mut(TOP_MODELS * TOPS);
    let size = residual.unsigned_abs();
    let length = size.ilog2();
    put_value(sink, lengths, length_bits(bits), length);
    sink.bit(&mut sign[0], residual < 0);
    if length == 0 {
        return;
    }
    let tops = tops_of(tops, length);
    let top = size >> (length - 1) & 1;
    sink.bit(&mut tops[0], top == 1);
    if length == 1 {
        return;
    }
    let left = length - 2;
    sink.bit(&mut tops[1 + top as usize], size >> left & 1 == 1);
    if left > 16 {
        sink.raw(size >> 16 & ((1 << (left - 16)) - 1), left - 16);
    }
    if left > 0 {
        sink.raw(size & ((1 << left.min(16)) - 1), left.min(16));
    }
}

/// `None` when it is no number of 32 bits.
pub(crate) fn take_residual(
    source: &mut impl Source,
    models: &mut [Model],
    bits: u32,
) -> Option<i32> {
    let (sign, models) = models.split_at_mut(1);
    let (tops, lengths) = models.split_at_mut(TOP_MODELS * TOPS);
    let length = take_value(source, lengths, length_bits(bits));
    let negative = source.bit(&mut sign[0]);
    let mut size = 1_u32;
    if length > 0 {
        let tops = tops_of(tops, length);
        let top = source.bit(&mut tops[0]);
        size = size << 1 | u32::from(top);
        let left = length.saturating_sub(2);
        if length > 1 {
            size = size << 1 | u32::from(source.bit(&mut tops[1 + usize::from(top)]));
        }
        if left > 16 {
            size = size << (left - 16) | source.raw(left - 16);
        }
        if left > 0 {
            size = size << left.min(16) | source.raw(left.min(16));
        }
    }
    match (negative, i32::try_from(size)) {
        (false, Ok(size)) => Some(size),
        (true, Ok(size)) => Some(-size),
        // The one whose size has no positive counterpart.
        (true, Err(_)) if size == 1 << 31 => Some(i32::MIN),
        _ => None,
    }
}

fn tops_of(tops: &mut [Model], length: u32) -> &mut [Model; TOP_MODELS] {
    first::<TOP_MODELS>(&mut tops[TOP_MODELS * (length as usize - 1).min(TOPS - 1)..])
}
