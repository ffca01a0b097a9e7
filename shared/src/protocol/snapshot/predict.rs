//! What both ends expect of a row: how its fields move from tick to tick, and where those of a
//! new one begin.
//!
//! Whole numbers only, in 1/65536 of a step, so that every machine and language comes to the same.
//! Pure functions of the plan and of what is known; the encoder and the decoder call them alike.

use super::plan::{FieldPlan, KindPlan, Motion, Range, RowOrigin, SLOTS};
use crate::limits::{KIND_FIELDS_MAX, PREDICT_MAX_TICKS};

/// Where within its cell a value lies that came one step beyond what was expected: just over the
/// edge, and no more than that is known; to believe no more makes the estimate settle. A little
/// off the edge all the same, or the rounding of a velocity takes it back over. In 1/65536 of a
/// step.
const OVER_THE_EDGE: i16 = 30_720;

/// One number for each field, used within one call.
pub(super) type PerField<T> = [T; KIND_FIELDS_MAX];

/// Moves a known row on by `ticks` ticks. In the last of them `decide` is asked for each field,
/// in the order of the plan, with its number in that order, which field it is, and the value
/// expected, and gives the one that it has.
///
/// `fractions` has for each field that moves, in the order of the plan, what its value does not say:
/// where between two steps it is, or for [`Motion::LastTwo`] by how much it moves in a tick.
pub(super) fn step_row(
    plan: &KindPlan,
    values: &mut [i32],
    fractions: &mut [i16],
    ticks: u32,
    mut decide: impl FnMut(usize, usize, i32) -> i32,
) {
    let ticks = ticks.min(PREDICT_MAX_TICKS);
    let first = before_the_last(plan, values, fractions, ticks);
    for (nth, &at) in plan.holds.iter().enumerate() {
        let at = usize::from(at);
        values[at] = decide(nth, at, values[at]);
    }
    step_moving_fields(plan, values, fractions, decide);
    settle_last_steps(plan, values, fractions, ticks, &first);
}

/// The same for a row of which all is known: gives a bit for each field that is not as expected,
/// and by how much in `residuals`, both in the order of the plan.
#[inline]
pub(super) fn step_row_to(
    plan: &KindPlan,
    values: &mut [i32],
    fractions: &mut [i16],
    ticks: u32,
    row: &[i32],
    residuals: &mut PerField<i32>,
) -> u32 {
    // One length for both: of two checks of an index one is left.
    let fields = plan.fields.len();
    let (values, row) = (&mut values[..fields], &row[..fields]);
    let ticks = ticks.min(PREDICT_MAX_TICKS);
    let first = before_the_last(plan, values, fractions, ticks);
    let mut mask = 0;
    for (nth, &at) in plan.holds.iter().enumerate() {
        let at = usize::from(at);
        if row[at] != values[at] {
            mask |= 1 << nth;
            residuals[nth] = plan.fields[at].range.difference(row[at], values[at]);
            values[at] = row[at];
        }
    }
    // One after the other the values become those of the row, each as it is expected.
    step_moving_fields(plan, values, fractions, |nth, at, expected| {
        let value = row[at];
        if value != expected {
            mask |= 1 << nth;
            residuals[nth] = plan.fields[at].range.difference(value, expected);
        }
        value
    });
    settle_last_steps(plan, values, fractions, ticks, &first);
    mask
}

/// All ticks but the last go as expected. Gives where the row was before, if there are any.
#[inline]
fn before_the_last(
    plan: &KindPlan,
    values: &mut [i32],
    fractions: &mut [i16],
    ticks: u32,
) -> Option<PerField<i32>> {
    if ticks <= 1 {
        return None;
    }
    let mut first = [0; KIND_FIELDS_MAX];
    first[..values.len()].copy_from_slice(values);
    for _ in 1..ticks {
        step_moving_fields(plan, values, fractions, |_, _, expected| expected);
    }
    Some(first)
}

/// Over several ticks (at most [`PREDICT_MAX_TICKS`]), the speed of a field that goes on by its
/// last two values is their mean.
#[inline]
fn settle_last_steps(
    plan: &KindPlan,
    values: &[i32],
    fractions: &mut [i16],
    ticks: u32,
    first: &Option<PerField<i32>>,
) {
    let Some(first) = first else { return };
    for (moving, fraction) in plan.moving_fields.iter().zip(fractions) {
        if !matches!(moving.motion, Motion::LastTwo) {
            continue;
        }
        let at = usize::from(moving.at);
        *fraction = short(moving.range.difference(values[at], first[at]) / ticks as i32);
    }
}

/// Where a field was before a tick and where it is after it, in 1/65536 of a step.
#[derive(Clone, Copy, Default)]
struct Delta {
    from: i64,
    to: i64,
}

/// One tick of all fields that move. Those that hold are where they will be already.
#[inline(always)]
fn step_moving_fields(
    plan: &KindPlan,
    values: &mut [i32],
    fractions: &mut [i16],
    mut decide: impl FnMut(usize, usize, i32) -> i32,
) {
    let values = &mut values[..plan.fields.len()];
    let mut deltas = [Delta::default(); SLOTS];
    for &(at, slot) in &plan.held_slots {
        let at = fine(values[usize::from(at)], 0);
        deltas[usize::from(slot)] = Delta { from: at, to: at };
    }
    for ((moving, fraction), nth) in
        plan.moving_fields.iter().zip(fractions).zip(plan.holds.len()..)
    {
        let at = usize::from(moving.at);
        let old = values[at];
        let from = fine(old, *fraction);
        let goes_to = match &moving.motion {
            Motion::LastTwo => {
                let value =
                    decide(nth, at, moving.range.hold(i64::from(old) + i64::from(*fraction)));
                values[at] = value;
                *fraction = short(moving.range.difference(value, old));
                // Its fraction is a speed, not a place between steps.
                if let Some(delta) = deltas.get_mut(usize::from(moving.slot)) {
                    *delta = Delta { from: fine(old, 0), to: fine(value, 0) };
                }
                continue;
            }
            Motion::By { slot, per_step } => {
                // By the mean of the velocities before and after.
                let by = deltas[usize::from(*slot)];
                from.wrapping_add((by.from + by.to).wrapping_mul(*per_step) >> 17)
            }
            Motion::Approach { slot, ratio, keep } => {
                let goal = deltas[usize::from(*slot)].to.wrapping_mul(*ratio) >> 16;
                goal.wrapping_add(from.wrapping_sub(goal).wrapping_mul(*keep) >> 16)
            }
            Motion::Along { deltas, angle, angle_min } => {
                let steps = values[usize::from(*angle)].wrapping_sub(*angle_min).cast_unsigned();
                from.wrapping_add(deltas.at(steps).into())
            }
        };
        let nearest = goes_to.wrapping_add(32_768) >> 16;
        let mut finer = goes_to as i16;
        let mut expected = nearest as i32;
        if !moving.range.has_wide(nearest) {
            // One that is held at an end of its range has no place between steps.
            finer = if moving.range.wraps() { finer } else { 0 };
            expected = moving.range.hold(nearest);
        }
        let value = decide(nth, at, expected);
        if value != expected {
            finer = match moving.range.difference(value, expected) {
                1 => -OVER_THE_EDGE,
                -1 => OVER_THE_EDGE,
                _ => 0,
            };
        }
        (values[at], *fraction) = (value, finer);
        if let Some(delta) = deltas.get_mut(usize::from(moving.slot)) {
            *delta = Delta { from, to: fine(value, finer) };
        }
    }
}

/// A value and what it does not say, in 1/65536 of a step.
#[inline]
fn fine(value: i32, fraction: i16) -> i64 {
    (i64::from(value) << 16) + i64::from(fraction)
}

impl Range {
    pub(super) fn has(&self, value: i32) -> bool {
        self.min <= value && value <= self.max
    }

    fn wraps(&self) -> bool {
        self.turn != 0
    }

    #[inline]
    fn has_wide(&self, value: i64) -> bool {
        value.wrapping_sub(self.min.into()).cast_unsigned() <= self.span
    }

    /// Into the range: around it if it wraps, else to its nearer end.
    #[inline]
    fn hold(&self, value: i64) -> i32 {
        if self.has_wide(value) {
            return value as i32;
        }
        let (min, max) = (i64::from(self.min), i64::from(self.max));
        if self.wraps() {
            (min + value.wrapping_sub(min).rem_euclid(self.turn)) as i32
        } else {
            value.clamp(min, max) as i32
        }
    }

    /// The difference from `from` to `to`: the shorter one round if the field wraps. In a field of
    /// all 32 bits it is a difference modulo 2^32.
    #[inline]
    pub(super) fn difference(&self, to: i32, from: i32) -> i32 {
        if !self.wraps() {
            return to.wrapping_sub(from);
        }
        let delta = i64::from(to) - i64::from(from);
        let delta = if 2 * delta > self.turn {
            delta - self.turn
        } else if 2 * delta < -self.turn {
            delta + self.turn
        } else {
            delta
        };
        delta as i32
    }

    /// The value at a [`Range::difference`] of `delta` from `from`; `None`
    /// when that is outside of the range.
    pub(super) fn moved(&self, from: i32, delta: i32) -> Option<i32> {
        let to = if self.wraps() {
            let to = i64::from(from) + i64::from(delta);
            let to = if to < i64::from(self.min) {
                to + self.turn
            } else if to > i64::from(self.max) {
                to - self.turn
            } else {
                to
            };
            i32::try_from(to).ok()?
        } else {
            from.wrapping_add(delta)
        };
        self.has(to).then_some(to)
    }

    pub(super) fn steps_above_min(&self, value: i32) -> u32 {
        value.wrapping_sub(self.min).cast_unsigned()
    }

    /// The value so many steps above the lowest, if the range goes so far.
    pub(super) fn above_min(&self, steps: u32) -> Option<i32> {
        let value = self.min.wrapping_add(steps.cast_signed());
        self.has(value).then_some(value)
    }
}

/// Where a field of a new row begins; `row` has the fields that come before it in the order of
/// the plan, and `named` the values of the row that is named, if one is known.
pub(super) fn origin(field: &FieldPlan, row: &[i32], named: Option<&[i32]>) -> i32 {
    let scaled = |value: i32, ratio: i64| {
        field.range.hold((i64::from(value).wrapping_mul(ratio).wrapping_add(32_768)) >> 16)
    };
    match field.origin {
        RowOrigin::At(step) => step,
        RowOrigin::Same { field, ratio } => scaled(row[field], ratio),
        RowOrigin::Named { field, ratio, else_at } => {
            named.map_or(else_at, |named| scaled(named[field], ratio))
        }
    }
}

fn short(value: i32) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
