//! What an encoder says of the rows that its viewer knows: that one is gone, or which of its fields
//! are not as expected, and what they are.
//!
//! The encoder writes by it, and the budget finds by it what a row would cost. Of the mirror it
//! changes the models alone, and only as far as the sink does.

use super::layout::shared_models as model;
use super::mirror::{Mirror, RowCursor};
use super::plan::{Group, KindPlan};
use super::predict::{PerField, step_row_to};
use crate::limits::KIND_FIELDS_MAX;
use crate::protocol::models::Model;
use crate::protocol::symbols::{Part, Sink, first, put_count, put_residual, put_value};

/// What there is to say of a known row.
pub(super) struct Change {
    pub(super) mask: u32,
    pub(super) residuals: PerField<i32>,
}

impl Change {
    /// Finds it without changing the mirror.
    pub(super) fn of(
        plan: &KindPlan,
        mirror: &mut Mirror,
        at: RowCursor,
        row: Option<&[i32]>,
        ticks: u32,
    ) -> Change {
        let mut change = Change { mask: 0, residuals: [0; KIND_FIELDS_MAX] };
        let Some(row) = row else { return change };
        let (mut values, mut fractions) = ([0; KIND_FIELDS_MAX], [0; KIND_FIELDS_MAX]);
        let (values, fractions) =
            (&mut values[..row.len()], &mut fractions[..plan.moving_fields.len()]);
        let known = mirror.row_at(at, plan);
        values.copy_from_slice(known.0);
        fractions.copy_from_slice(known.1);
        change.mask = step_row_to(plan, values, fractions, ticks, row, &mut change.residuals);
        change
    }

    pub(super) fn put(
        &self,
        plan: &KindPlan,
        was: u32,
        row: Option<&[i32]>,
        models: &mut [Model],
        sink: &mut impl Sink,
    ) {
        match row {
            None => put_gone(plan, was, models, sink),
            Some(row) => put_change(plan, was, self.mask, row, &self.residuals, models, sink),
        }
    }
}

pub(super) fn put_gone(plan: &KindPlan, was: u32, models: &mut [Model], sink: &mut impl Sink) {
    sink.bit(&mut models[plan.models.has_residual + usize::from(was != 0)], true);
    sink.choose(first::<8>(&mut models[plan.shape_models(was)..]), 0);
}

/// A known row that stays: whether all is as expected, as most often it is, and if not, what is
/// not.
#[inline]
pub(super) fn put_change(
    plan: &KindPlan,
    was: u32,
    mask: u32,
    row: &[i32],
    residuals: &PerField<i32>,
    models: &mut [Model],
    sink: &mut impl Sink,
) {
    sink.bit(&mut models[plan.models.has_residual + usize::from(was != 0)], mask != 0);
    if mask != 0 {
        let residuals = bits(mask).map(|nth| residuals[nth]);
        put_off(plan, was, mask, row, residuals, models, sink);
    }
}

/// The numbers of the bits that are set, rising.
pub(super) fn bits(mask: u32) -> impl Iterator<Item = usize> {
    let mut left = mask;
    std::iter::from_fn(move || {
        let nth = left.trailing_zeros();
        left &= left.wrapping_sub(1);
        (nth < u32::BITS).then_some(nth as usize)
    })
}

/// Which fields of a row are not as expected, and what they are; their residuals are given
/// in the order of the plan.
#[inline(never)]
pub(super) fn put_off(
    plan: &KindPlan,
    was: u32,
    mask: u32,
    row: &[i32],
    residuals: impl Iterator<Item = i32>,
    models: &mut [Model],
    sink: &mut impl Sink,
) {
    sink.choose(first::<8>(&mut models[plan.shape_models(was)..]), plan.shape(mask));
    for group in plan.groups.iter().filter(|group| mask & group.mask != 0) {
        put_group(group, was, mask, models, sink);
    }
    for (nth, residual) in bits(mask).zip(residuals) {
        let at = usize::from(plan.order[nth]);
        let field = &plan.fields[at];
        sink.mark(Part::Field { kind: plan.index, field: at as u8 });
        let models = &mut models[field.changes.at..][..field.changes.len];
        match field.few_bits {
            Some(bits) => put_value(sink, models, bits, field.range.steps_above_min(row[at])),
            None => put_residual(sink, models, field.change_bits, residual),
        }
    }
}

/// Which fields of a group have residuals, when some have: of the last nothing need be said when it
/// alone is left.
fn put_group(group: &Group, was: u32, mask: u32, models: &mut [Model], sink: &mut impl Sink) {
    let (last, others) = group.members.split_last().expect("a field of the group has a residual");
    for (at, model) in others {
        sink.bit(&mut models[model + (was >> at & 1) as usize], mask >> at & 1 == 1);
    }
    let (at, model) = last;
    if mask & group.mask != 1 << at {
        sink.bit(&mut models[model + (was >> at & 1) as usize], mask >> at & 1 == 1);
    }
}

/// How many rows were left out before one that is sent.
pub(super) fn put_gap(gap: u32, models: &mut [Model], sink: &mut impl Sink) {
    sink.bit(&mut models[model::SPARSE_MORE], true);
    put_count(sink, &mut models[model::SPARSE_GAP..][..model::SPARSE_GAP_LEN], gap);
}
