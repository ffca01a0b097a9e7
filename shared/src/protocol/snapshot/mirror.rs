//! [`Mirror`]: what a viewer knows, the same on both ends of a stream.
//!
//! It owns the rows known and, beside each, what predicts it further. Rows lie in memory in the
//! order of their ids, without gaps, so that a snapshot changes them in place.

use super::GivenKind;
use super::codec::Codec;
use crate::protocol::models::Model;
use crate::scene::{Head, Reference, RowRef, Rows};
use crate::tick::Tick;

/// What a viewer knows: the same on both ends of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirror {
    pub(super) tick: Option<Tick>,
    pub(super) rows: Rows,
    /// Beside each value, what else its motion needs.
    pub(super) rests: Vec<i16>,
    /// Beside each row, which of its fields came otherwise than expected last time; a bit each.
    pub(super) masks: Vec<u32>,
    pub(super) own: Option<Vec<u8>>,
    /// Whether the stream is a player's.
    pub(super) is_player: bool,
    pub(super) margin_ticks: i16,
    /// One more than the highest id that was ever known.
    pub(super) fresh_id: u32,
    pub(super) models: Vec<Model>,
}

/// Memory is given out for so many rows more than are needed.
const SPARE_ROWS: usize = 8;

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
            + self.rests.capacity() * size_of::<i16>()
            + self.masks.capacity() * size_of::<u32>()
            + self.models.capacity() * size_of::<Model>()
            + self.own.as_ref().map_or(0, Vec::capacity)
    }

    /// Forgets everything, for a keyframe.
    pub(super) fn restart(&mut self, codec: &Codec, tick: Tick, is_player: bool) {
        self.tick = Some(tick);
        self.rows.clear();
        self.rests.clear();
        self.masks.clear();
        self.own = None;
        self.is_player = is_player;
        self.margin_ticks = 0;
        self.fresh_id = 0;
        codec.restart(&mut self.models);
    }

    /// Puts row `from` to place `to`, its values to `start`: both no higher than they were. Gives
    /// where its values end.
    pub(super) fn keep(&mut self, from: usize, to: usize, start: usize) -> usize {
        let head = self.rows.heads[from];
        let span = head.span();
        let end = start + span.len();
        if from != to || span.start != start {
            self.rows.values.copy_within(span.clone(), start);
            self.rests.copy_within(span, start);
            self.rows.heads[to] = Head::new(head.entity, head.kind, start..end);
            self.masks[to] = self.masks[from];
        }
        end
    }

    /// Leaves only the first `rows` rows, whose values end at `end`.
    pub(super) fn truncate(&mut self, rows: usize, end: usize) {
        self.rows.heads.truncate(rows);
        self.masks.truncate(rows);
        self.rows.values.truncate(end);
        self.rests.truncate(end);
    }

    /// Puts `count` new rows in their places. `row` gives them by their number; they rise by id,
    /// and none is known.
    pub(super) fn insert<'a>(&mut self, count: usize, row: impl Fn(usize) -> RowRef<'a>) {
        if count == 0 {
            return;
        }
        let fields: usize = (0..count).map(|new| row(new).values.len()).sum();
        let (mut kept, mut new) = (self.rows.heads.len(), count);
        let (rows, values) = (kept + count, self.rows.values.len() + fields);
        self.make_space(rows, values);
        self.rows.values.resize(values, 0);
        self.rests.resize(values, 0);
        self.masks.resize(rows, 0);
        let filler = Head::new(row(0).entity, 0, 0..0);
        self.rows.heads.resize(rows, filler);
        // From the highest id down, until all that is left stands where it stood.
        let (mut to, mut end) = (rows, values);
        while new > 0 {
            to -= 1;
            let coming = row(new - 1);
            let known = kept.checked_sub(1).map(|at| self.rows.heads[at]);
            match known.filter(|head| head.entity > coming.entity) {
                Some(head) => {
                    kept -= 1;
                    let start = end - head.span().len();
                    self.rows.values.copy_within(head.span(), start);
                    self.rests.copy_within(head.span(), start);
                    self.rows.heads[to] = Head::new(head.entity, head.kind, start..end);
                    self.masks[to] = self.masks[kept];
                    end = start;
                }
                None => {
                    new -= 1;
                    let start = end - coming.values.len();
                    self.rows.values[start..end].copy_from_slice(coming.values);
                    self.rests[start..end].fill(0);
                    self.rows.heads[to] = Head::new(coming.entity, coming.kind, start..end);
                    self.masks[to] = 0;
                    end = start;
                }
            }
        }
    }

    /// Vectors double when they grow; with thousands of viewers that is too much.
    fn make_space(&mut self, rows: usize, values: usize) {
        if rows > self.rows.heads.capacity() {
            let more = rows + SPARE_ROWS - self.rows.heads.len();
            self.rows.heads.reserve_exact(more);
            self.masks.reserve_exact(rows + SPARE_ROWS - self.masks.len());
        }
        if values > self.rows.values.capacity() {
            let spare = SPARE_ROWS * values / rows.max(1);
            self.rows.values.reserve_exact(values + spare - self.rows.values.len());
            self.rests.reserve_exact(values + spare - self.rests.len());
        }
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

/// The row that is named by `value`, as its number among those of its kind and its values; and
/// how many of that kind there are.
pub(super) fn find_named(
    rows: &Rows,
    named: Reference,
    value: i32,
) -> (Option<(u32, &[i32])>, u32) {
    let field = usize::from(named.field);
    let (mut found, mut count) = (None, 0);
    for head in &rows.heads {
        if head.kind == named.kind {
            if found.is_none() && rows.values[head.span().start + field] == value {
                found = Some((count, head.span()));
            }
            count += 1;
        }
    }
    (found.map(|(nth, span)| (nth, &rows.values[span])), count)
}

/// Of the inputs since the last snapshot, those that a player is told of.
pub(super) fn told_given(given: &[GivenKind], ticks: u32) -> &[GivenKind] {
    let most = if ticks as usize <= crate::limits::SNAPSHOT_GIVEN_MAX { ticks as usize } else { 1 };
    &given[given.len().saturating_sub(most)..]
}
