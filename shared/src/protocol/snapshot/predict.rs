//! What both ends expect of a row: how its fields move from tick to tick, and where those of a
//! new one begin.
//!
//! Whole numbers only, in 1/65536 of a step, so that every machine and language comes to the same.
//! Pure functions of the plan and of what is known; the encoder and the decoder call them alike.

use super::codec::{FieldPlan, KindPlan, Motion, Origin};
use crate::limits::{KIND_FIELDS_MAX, PREDICT_MAX_TICKS};

/// Where within its cell a value lies that came one step beyond what was expected: just over the
/// edge, and no more than that is known; to believe no more makes the estimate settle. A little
/// off the edge all the same, or the rounding of a velocity takes it back over. In 1/65536 of a
/// step.
const OVER_THE_EDGE: i16 = 30_720;

/// Moves a known row on by `ticks` ticks. In the last of them `decide` is asked for each field,
/// in the order of the plan, with the value expected, and gives the one that it has.
///
/// `rests` has for each field what its value does not say: where between two steps it is, or for
/// [`Motion::LastTwo`] by how much it moves in a tick.
#[inline]
pub(super) fn step_row(
    plan: &KindPlan,
    values: &mut [i32],
    rests: &mut [i16],
    ticks: u32,
    mut decide: impl FnMut(usize, i32) -> i32,
) {
    let ticks = ticks.min(PREDICT_MAX_TICKS);
    if ticks <= 1 {
        return step_once(plan, values, rests, &mut decide);
    }
    let mut first = [0_i32; KIND_FIELDS_MAX];
    first[..values.len()].copy_from_slice(values);
    for _ in 1..ticks {
        step_once(plan, values, rests, &mut |_, expected| expected);
    }
    step_once(plan, values, rests, &mut decide);
    for (at, field) in plan.fields.iter().enumerate() {
        if matches!(field.motion, Motion::LastTwo) {
            rests[at] = short(difference(field, values[at], first[at]) / ticks as i32);
        }
    }
}

#[inline]
fn step_once(
    plan: &KindPlan,
    values: &mut [i32],
    rests: &mut [i16],
    decide: &mut impl FnMut(usize, i32) -> i32,
) {
    // Where fields were at the beginning, for those that are moved by them.
    let mut before = [0_i64; KIND_FIELDS_MAX];
    for &at in &plan.order {
        let at = usize::from(at);
        let field = &plan.fields[at];
        let was = fine(field, values[at], rests[at]);
        before[at] = was;
        let goes_to = match &field.motion {
            Motion::Hold => {
                values[at] = decide(at, values[at]);
                continue;
            }
            Motion::LastTwo => {
                let old = values[at];
                let expected = within(field, i64::from(old) + i64::from(rests[at]));
                values[at] = decide(at, expected);
                rests[at] = short(difference(field, values[at], old));
                continue;
            }
            Motion::By { field: by, per_step } => {
                // By the mean of the velocities before and after.
                let now = fine(&plan.fields[*by], values[*by], rests[*by]);
                was.wrapping_add(before[*by].wrapping_add(now).wrapping_mul(*per_step) >> 17)
            }
            Motion::Approach { field: goal, ratio, keep } => {
                let goal = fine(&plan.fields[*goal], values[*goal], rests[*goal]);
                let goal = goal.wrapping_mul(*ratio) >> 16;
                goal.wrapping_add(was.wrapping_sub(goal).wrapping_mul(*keep) >> 16)
            }
            Motion::Along { ways, angle, angle_min } => {
                let step = values[*angle].wrapping_sub(*angle_min).cast_unsigned() as usize;
                was.wrapping_add(ways.get(step).copied().unwrap_or(0).into())
            }
        };
        let nearest = goes_to.wrapping_add(32_768) >> 16;
        let expected = within(field, nearest);
        values[at] = decide(at, expected);
        rests[at] = match difference(field, values[at], expected) {
            // One that was held at an end of its range has no place between steps.
            0 if field.turn.is_none() && i64::from(expected) != nearest => 0,
            0 => goes_to.wrapping_sub(nearest << 16) as i16,
            1 => -OVER_THE_EDGE,
            -1 => OVER_THE_EDGE,
            _ => 0,
        };
    }
}

/// A value in 1/65536 of a step.
fn fine(field: &FieldPlan, value: i32, rest: i16) -> i64 {
    let whole = i64::from(value) << 16;
    match field.motion {
        Motion::Hold | Motion::LastTwo => whole,
        Motion::By { .. } | Motion::Approach { .. } | Motion::Along { .. } => {
            whole + i64::from(rest)
        }
    }
}

/// Into the range of a field: around it if it wraps, else to its nearer end.
fn within(field: &FieldPlan, value: i64) -> i32 {
    let (min, max) = (i64::from(field.min), i64::from(field.max));
    if (min..=max).contains(&value) {
        return value as i32;
    }
    match field.turn {
        Some(turn) => (min + value.wrapping_sub(min).rem_euclid(turn)) as i32,
        None => value.clamp(min, max) as i32,
    }
}

/// The way from `from` to `to`: the shorter one round if the field wraps. In a field of all 32
/// bits it is a difference modulo 2^32.
pub(super) fn difference(field: &FieldPlan, to: i32, from: i32) -> i32 {
    let way = to.wrapping_sub(from);
    match field.turn {
        None => way,
        Some(turn) => {
            let way = i64::from(to) - i64::from(from);
            if 2 * way > turn {
                (way - turn) as i32
            } else if 2 * way < -turn {
                (way + turn) as i32
            } else {
                way as i32
            }
        }
    }
}

/// Where one comes from `from` by a way that was given as a [`difference`]; `None` when that is
/// outside of the range.
pub(super) fn moved(field: &FieldPlan, from: i32, way: i32) -> Option<i32> {
    let to = match field.turn {
        None => from.wrapping_add(way),
        Some(turn) => {
            let to = i64::from(from) + i64::from(way);
            let to = if to < i64::from(field.min) {
                to + turn
            } else if to > i64::from(field.max) {
                to - turn
            } else {
                to
            };
            i32::try_from(to).ok()?
        }
    };
    (field.min <= to && to <= field.max).then_some(to)
}

/// Where a field of a new row begins; `row` has the fields that come before it in the order of
/// the plan, and `named` the values of the row that is named, if one is known.
pub(super) fn origin(plan: &KindPlan, at: usize, row: &[i32], named: Option<&[i32]>) -> i32 {
    let field = &plan.fields[at];
    let scaled = |value: i32, ratio: i64| {
        within(field, (i64::from(value).wrapping_mul(ratio).wrapping_add(32_768)) >> 16)
    };
    match field.origin {
        Origin::At(step) => step,
        Origin::Same { field, ratio } => scaled(row[field], ratio),
        Origin::Named { field, ratio, else_at } => {
            named.map_or(else_at, |named| scaled(named[field], ratio))
        }
    }
}

fn short(value: i32) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
