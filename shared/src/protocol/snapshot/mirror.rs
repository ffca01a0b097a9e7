//! [`Mirror`]: what a viewer knows, the same on both ends of a stream.
//!
//! It owns the rows known and, beside each, what predicts it further. Rows lie in memory in the
//! order of their ids, without gaps, so that a snapshot changes them in place.

use std::ops::Range;

use super::codec::Codec;
use super::plan::KindPlan;
use crate::ids::EntityId;
use crate::protocol::models::Model;
use crate::scene::{Head, Reference, RowRef, Rows};
use crate::tick::Tick;

/// What a viewer knows: the same on both ends of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirror {
    pub(super) tick: Option<Tick>,
    pub(super) rows: Rows,
    /// For each field that moves, what its value does not say: where between two steps it is, or
    /// its speed.
    pub(super) fractions: Vec<i16>,
    /// Beside each row, which of its fields came otherwise than expected last time; a bit each.
    pub(super) changed_masks: Vec<u32>,
    pub(super) own: Option<Vec<u8>>,
    /// Whether the stream is a player's.
    pub(super) is_player: bool,
    pub(super) margin_ticks: i16,
    /// One more than the highest id that was ever known.
    pub(super) fresh_id: u32,
    pub(super) models: Vec<Model>,
}

/// Memory is given out for so many rows more than are needed.
const SPARE_ROWS: usize = 2;
/// Memory for more than so many rows that are not there is given back.
const SPARE_ROWS_MAX: usize = 10;

/// A position in the lists of a mirror: of one row, its values and its fractions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowCursor {
    pub(super) row: usize,
    value: usize,
    fraction: usize,
}

impl RowCursor {
    fn step_back(&mut self, plan: &KindPlan) {
        self.row -= 1;
        self.value -= plan.fields.len();
        self.fraction -= plan.moving_fields.len();
    }

    /// Past a row of this plan.
    pub(super) fn pass(&mut self, plan: &KindPlan) {
        self.row += 1;
        self.value += plan.fields.len();
        self.fraction += plan.moving_fields.len();
    }

    fn values(self, plan: &KindPlan) -> Range<usize> {
        self.value..self.value + plan.fields.len()
    }

    fn fractions(self, plan: &KindPlan) -> Range<usize> {
        self.fraction..self.fraction + plan.moving_fields.len()
    }
}

/// Closes the gaps of rows that go, while a mirror is gone through: what stands between two of them
/// moves down in one.
#[derive(Default)]
pub(super) struct Gaps {
    /// The first row that has not moved down yet.
    from: RowCursor,
    /// Where it goes.
    to: RowCursor,
}

impl Gaps {
    /// The row at a place goes.
    pub(super) fn open(&mut self, mirror: &mut Mirror, at: RowCursor, plan: &KindPlan) {
        self.move_down(mirror, at);
        self.from.pass(plan);
    }

    /// There are no more rows than up to `end`.
    pub(super) fn close(mut self, mirror: &mut Mirror, end: RowCursor) {
        self.move_down(mirror, end);
        mirror.rows.heads.truncate(self.to.row);
        mirror.changed_masks.truncate(self.to.row);
        mirror.rows.values.truncate(self.to.value);
        mirror.fractions.truncate(self.to.fraction);
    }

    /// Where the next row that stays, `row` for now, will stand.
    pub(super) fn row_kept(&self, row: usize) -> usize {
        row - self.from.row + self.to.row
    }

    /// All that stays from the last gap up to `end`. Until something has gone, it stands where it
    /// stood.
    fn move_down(&mut self, mirror: &mut Mirror, end: RowCursor) {
        let (from, to) = (self.from, self.to);
        if from.row != to.row {
            mirror.rows.values.copy_within(from.value..end.value, to.value);
            mirror.fractions.copy_within(from.fraction..end.fraction, to.fraction);
            mirror.changed_masks.copy_within(from.row..end.row, to.row);
            let by = from.value - to.value;
            for row in from.row..end.row {
                mirror.rows.heads[row - from.row + to.row] = mirror.rows.heads[row].moved_down(by);
            }
        }
        self.to.row += end.row - from.row;
        self.to.value += end.value - from.value;
        self.to.fraction += end.fraction - from.fraction;
        self.from = end;
    }
}

impl Mirror {
    /// The tick of the last snapshot; `None` before the first.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.tick
    }

    /// The entities known, by rising id.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The player's own state, in bincode.
    #[must_use]
    pub fn own(&self) -> Option<&[u8]> {
        self.own.as_deref()
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Mirror>()
            + self.rows.heads.capacity() * size_of::<Head>()
            + self.rows.values.capacity() * size_of::<i32>()
            + self.fractions.capacity() * size_of::<i16>()
            + self.changed_masks.capacity() * size_of::<u32>()
            + self.models.capacity() * size_of::<Model>()
            + self.own.as_ref().map_or(0, Vec::capacity)
    }

    /// Becomes equal to another, in the memory that it has.
    pub(super) fn copy_from(&mut self, other: &Mirror) {
        // All by name: none that is added can be forgotten.
        let Mirror {
            tick,
            rows,
            fractions,
            changed_masks,
            own,
            is_player,
            margin_ticks,
            fresh_id,
            models,
        } = other;
        self.tick = *tick;
        self.rows.clone_from(rows);
        self.fractions.clone_from(fractions);
        self.changed_masks.clone_from(changed_masks);
        self.own.clone_from(own);
        self.is_player = *is_player;
        self.margin_ticks = *margin_ticks;
        self.fresh_id = *fresh_id;
        self.models.clone_from(models);
    }

    /// Forgets everything, for a keyframe.
    pub(super) fn restart(&mut self, codec: &Codec, tick: Tick, is_player: bool) {
        self.tick = Some(tick);
        self.rows.clear();
        self.fractions.clear();
        self.changed_masks.clear();
        self.own = None;
        self.is_player = is_player;
        self.margin_ticks = 0;
        self.fresh_id = 0;
        codec.restart(&mut self.models);
    }

    /// What is known of the row at a place: its values, their fractions, and all models.
    #[inline]
    pub(super) fn row_at(
        &mut self,
        at: RowCursor,
        plan: &KindPlan,
    ) -> (&mut [i32], &mut [i16], &mut [Model]) {
        let values = &mut self.rows.values[at.values(plan)];
        (values, &mut self.fractions[at.fractions(plan)], &mut self.models)
    }

    /// Puts `count` new rows in their places. `row` gives them by their number; they rise by id,
    /// and none is known.
    pub(super) fn insert<'a>(
        &mut self,
        codec: &Codec,
        count: usize,
        row: impl Fn(usize) -> RowRef<'a>,
    ) {
        let mut to = RowCursor {
            row: self.rows.heads.len(),
            value: self.rows.values.len(),
            fraction: self.fractions.len(),
        };
        let mut from = to;
        for new in 0..count {
            to.pass(&codec.entities[usize::from(row(new).kind)]);
        }
        self.make_space(to);
        let filler = Head::new(EntityId(0), 0, 0..0);
        self.rows.heads.resize(to.row, filler);
        self.rows.values.resize(to.value, 0);
        self.fractions.resize(to.fraction, 0);
        self.changed_masks.resize(to.row, 0);
        // From the highest id down, until all that is left stands where it stood.
        let mut new = count;
        while new > 0 {
            let coming = row(new - 1);
            let known = from.row.checked_sub(1).map(|at| self.rows.heads[at]);
            let known = known.filter(|head| head.entity > coming.entity);
            let plan = &codec.entities[usize::from(known.map_or(coming.kind, |head| head.kind))];
            to.step_back(plan);
            if let Some(head) = known {
                from.step_back(plan);
                self.rows.values.copy_within(from.values(plan), to.value);
                self.fractions.copy_within(from.fractions(plan), to.fraction);
                self.rows.heads[to.row] = Head::new(head.entity, head.kind, to.values(plan));
                self.changed_masks[to.row] = self.changed_masks[from.row];
            } else {
                new -= 1;
                self.rows.values[to.values(plan)].copy_from_slice(coming.values);
                self.fractions[to.fractions(plan)].fill(0);
                self.rows.heads[to.row] = Head::new(coming.entity, coming.kind, to.values(plan));
                self.changed_masks[to.row] = 0;
            }
        }
    }

    /// Makes space for rows of these plans, while there are none. When a connection stalls, viewers
    /// of a whole room may come to mirrors of their own in one tick.
    pub(super) fn make_space_for<'a>(&mut self, plans: impl Iterator<Item = &'a KindPlan>) {
        let mut end = RowCursor::default();
        plans.for_each(|plan| end.pass(plan));
        self.make_space(end);
    }

    /// Vectors double when they grow, and never shrink; with thousands of viewers that is too much.
    fn make_space(&mut self, end: RowCursor) {
        let spare = |per_row: usize, rows: usize| rows * per_row / end.row.max(1);
        fit(&mut self.rows.heads, end.row, |rows| rows);
        fit(&mut self.changed_masks, end.row, |rows| rows);
        fit(&mut self.rows.values, end.value, |rows| spare(end.value, rows));
        fit(&mut self.fractions, end.fraction, |rows| spare(end.fraction, rows));
    }
}

/// Makes space for `len` items and a few rows more, or less space of too much; `of_rows` says how
/// many items so many rows have.
fn fit<T>(items: &mut Vec<T>, len: usize, of_rows: impl Fn(usize) -> usize) {
    if len > items.capacity() {
        items.reserve_exact(len + of_rows(SPARE_ROWS) - items.len());
    } else if items.capacity() > len + of_rows(SPARE_ROWS_MAX) {
        items.shrink_to(len + of_rows(SPARE_ROWS));
    }
}

/// The values of the row that stands at `nth` among those of the kind named.
///
/// # Panics
/// When there are not so many.
pub(super) fn nth_named(rows: &Rows, named: Reference, nth: u32) -> &[i32] {
    let mut of_kind = rows.heads.iter().filter(|head| head.kind == named.kind);
    let head = of_kind.nth(nth as usize).expect("the caller has counted them");
    &rows.values[head.span()]
}

/// The row that is named by `value`, as its number among those of its kind and its values.
pub(super) fn find_named(rows: &Rows, named: Reference, value: i32) -> Option<(u32, &[i32])> {
    let of_kind = rows.heads.iter().filter(|head| head.kind == named.kind);
    let mut values = of_kind.map(|head| &rows.values[head.span()]).zip(0..);
    let (values, nth) = values.find(|(values, _)| values[usize::from(named.field)] == value)?;
    Some((nth, values))
}

/// How many rows of a kind there are.
pub(super) fn count_of_kind(rows: &Rows, kind: u8) -> u32 {
    rows.heads.iter().map(|head| u32::from(head.kind == kind)).sum()
}
