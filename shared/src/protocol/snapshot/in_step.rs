//! A viewer that is in step: it knows its rows exactly as a scene shows them.
//!
//! Of such a viewer an encoder keeps the numbers of what it believes of the rows that it knows: 4
//! bytes a row. What these are, and what there is to say of a row, is kept and found once for all
//! such viewers ([`RowSteps`]), so that here is only selected and coded. Part of
//! [`SnapshotEncoder`]; a viewer that falls behind, or is not sent all, is parted from the scene
//! and gets a mirror of its own.

use super::additions::{EventWriter, KnownRows, NewWriter};
use super::changes::{put_gone, put_off};
use super::codec::Codec;
use super::encoder::SnapshotEncoder;
use super::layout::shared_models as model;
use super::picture::Picture;
use super::row_steps::{Belief, Fractions, NONE, RowStep, RowSteps, number_of};
use crate::limits::SNAPSHOT_EVENTS_MAX;
use crate::protocol::symbols::{Part, Sink};
use crate::scene::{Reference, Rows};

/// What there is to say of a row that was known.
#[derive(Clone, Copy, Debug)]
struct RowChange {
    kind: u8,
    /// Which of its fields came otherwise than expected the time before.
    was: u32,
    /// Which row it is now; [`NONE`] if it went.
    now: u32,
    mask: u32,
    residuals: u32,
}

/// Lists that are used within one call and kept for their memory.
#[derive(Debug, Default)]
pub struct InStepScratch {
    known: Vec<u32>,
    /// What became of the rows that were known.
    changes: Vec<RowChange>,
    /// Which of the visible rows are new.
    new: Vec<u32>,
    /// For each reference of the codec, the rows of its kind that are known, without new ones and
    /// then with them.
    named: Vec<Vec<u32>>,
}

/// What is needed to encode for viewers in step, beside the picture.
pub struct Steps<'a> {
    /// The rows of the scene before.
    pub before: &'a Rows,
    /// How they went on; prepared for the scene before and that of the picture. With another than
    /// before the stream restarts.
    pub rows: &'a mut RowSteps,
    /// What is used meanwhile.
    pub scratch: &'a mut InStepScratch,
}

impl SnapshotEncoder {
    /// Writes all of the picture for a viewer in step with the scene before.
    pub(super) fn put_in_step(
        &mut self,
        codec: &Codec,
        picture: &Picture<'_>,
        steps: &mut Steps<'_>,
        sink: &mut impl Sink,
    ) {
        self.select(codec, picture, steps);
        self.put_head(codec, picture, sink);
        sink.bit(&mut self.mirror.models[model::SPARSE], false);
        self.put_rows_in_step(codec, picture.rows, steps, sink);
        sink.mark(Part::Head);
        let (rows, scratch) = (picture.rows, &mut *steps.scratch);
        let models = &mut self.mirror.models[..];
        let mut writer = NewWriter::new(self.mirror.fresh_id);
        let known = KnownInStep { codec, rows, steps: steps.rows, known: &scratch.named };
        for &index in &scratch.new {
            writer.put(codec, &known, models, rows.row(index as usize), sink);
        }
        self.mirror.fresh_id = writer.finish(models, sink);
        if !picture.events.is_empty() {
            add_new_named(codec, rows, scratch);
        }
        let known = KnownInStep { codec, rows, steps: steps.rows, known: &scratch.named };
        let mut writer = EventWriter::default();
        for (tick, event) in picture.events.iter().take(SNAPSHOT_EVENTS_MAX) {
            writer.put(codec, &known, models, picture.tick.0 - tick.0, *event, sink);
        }
        writer.finish(models, sink);
        self.in_step.clear();
        fit(&mut self.in_step, scratch.known.len());
        self.in_step.extend_from_slice(&scratch.known);
    }

    /// Finds what became of the rows known, and which are new. Both lists rise, so one pass over the
    /// two finds what stayed and what went.
    fn select(&self, codec: &Codec, picture: &Picture<'_>, steps: &mut Steps<'_>) {
        let (before, rows) = (steps.before, picture.rows);
        let InStepScratch { known: next, changes, new, .. } = &mut *steps.scratch;
        next.clear();
        new.clear();
        changes.clear();
        let mut left = picture.visible.iter().copied().peekable();
        for &number in &self.in_step {
            let Belief { row, mask: was, .. } = steps.rows.believed(number);
            let successor = steps.rows.successor(row);
            let now = successor.row().filter(|&now| {
                while let Some(row) = left.next_if(|row| *row < now) {
                    new.push(row);
                    next.push(believe_new(row, steps.rows));
                }
                left.next_if_eq(&now).is_some()
            });
            let kind = successor.kind;
            let Some(now) = now else {
                changes.push(RowChange { kind, was, now: NONE, mask: 0, residuals: 0 });
                continue;
            };
            let plan = &codec.entities[usize::from(kind)];
            let RowStep { belief, mask, residuals } =
                steps.rows.step(plan, number, before, now, rows);
            changes.push(RowChange { kind, was, now, mask, residuals });
            next.push(belief);
        }
        for row in left {
            new.push(row);
            next.push(believe_new(row, steps.rows));
        }
    }

    /// What there is to say of the rows known.
    fn put_rows_in_step(
        &mut self,
        codec: &Codec,
        rows: &Rows,
        steps: &mut Steps<'_>,
        sink: &mut impl Sink,
    ) {
        let InStepScratch { changes, named, .. } = &mut *steps.scratch;
        named.resize_with(codec.references.len(), Vec::new);
        named.iter_mut().for_each(Vec::clear);
        let models = &mut self.mirror.models[..];
        for &RowChange { kind, was, now, mask, residuals } in &*changes {
            let plan = &codec.entities[usize::from(kind)];
            sink.mark(Part::Changes { kind });
            if now == NONE {
                put_gone(plan, was, models, sink);
                continue;
            }
            sink.bit(&mut models[plan.models.has_residual + usize::from(was != 0)], mask != 0);
            if mask != 0 {
                let row = rows.row(now as usize).values;
                let residuals = steps.rows.residuals(residuals);
                put_off(plan, was, mask, row, residuals, models, sink);
            }
            if plan.is_named {
                note_named(codec, kind, now, named);
            }
        }
    }

    /// From now on its viewer knows what it knows apart from any scene. `scene` is the one that it
    /// is in step with; `steps` go from it or to it, or else all that it knows is forgotten.
    pub(super) fn leave_step(&mut self, codec: &Codec, scene: &Rows, steps: &RowSteps) {
        let numbered_by = self.numbered_by.take();
        let beliefs = numbered_by.zip(self.mirror.tick);
        let Some(belief) = beliefs.and_then(|(by, tick)| steps.beliefs_of(tick, &by)) else {
            return self.restart();
        };
        let mirror = &mut self.mirror;
        let known = std::mem::take(&mut self.in_step);
        let plan = |kind: u8| &codec.entities[usize::from(kind)];
        let kinds = known.iter().map(|number| scene.heads[belief(*number).row as usize].kind);
        mirror.make_space_for(kinds.map(plan));
        for number in known {
            let Belief { row, mask, fractions } = belief(number);
            let row = scene.row(row as usize);
            mirror.rows.push_row(row);
            let plan = plan(row.kind);
            mirror.fractions.extend_from_slice(fractions.of_plan(plan));
            mirror.changed_masks.push(mask);
        }
    }

    /// Its viewer knows just the visible rows of the picture, each as it is: from now on it is in
    /// step with that scene.
    pub(super) fn fall_in_step(
        &mut self,
        codec: &Codec,
        picture: &Picture<'_>,
        steps: &mut RowSteps,
    ) {
        let mirror = &mut self.mirror;
        debug_assert_eq!(mirror.rows.len(), picture.visible.len());
        let mut fraction = 0;
        self.in_step = picture
            .visible
            .iter()
            .zip(&mirror.changed_masks)
            .map(|(&row, &mask)| {
                let kind = picture.rows.heads[row as usize].kind;
                let moving_fields = codec.entities[usize::from(kind)].moving_fields.len();
                fraction += moving_fields;
                let fractions =
                    Fractions::of(&mirror.fractions[fraction - moving_fields..fraction]);
                steps.believe(Belief { row, mask, fractions })
            })
            .collect();
        (mirror.rows, mirror.fractions, mirror.changed_masks) = Default::default();
        self.numbered_by = Some(steps.identity());
    }
}

/// The number of what is believed of a row that has just become known.
fn believe_new(row: u32, steps: &mut RowSteps) -> u32 {
    steps.believe(Belief { row, mask: 0, fractions: Fractions::default() })
}

/// Memory for a few rows more than there are, and not for many more: with thousands of viewers
/// vectors that double are too much.
fn fit(known: &mut Vec<u32>, len: usize) {
    const SPARE: usize = 16;
    const SPARE_MAX: usize = 64;
    if known.capacity() < len || known.capacity() > len + SPARE_MAX {
        *known = Vec::with_capacity(len + SPARE);
    }
}

fn note_named(codec: &Codec, kind: u8, row: u32, named: &mut [Vec<u32>]) {
    for (reference, rows) in codec.references.iter().zip(named) {
        if reference.kind == kind {
            rows.push(row);
        }
    }
}

/// Events may name what is new as well.
fn add_new_named(codec: &Codec, rows: &Rows, scratch: &mut InStepScratch) {
    for (reference, named) in codec.references.iter().zip(&mut scratch.named) {
        let is_of_kind = |row: &u32| rows.heads[*row as usize].kind == reference.kind;
        let before = named.len();
        named.extend(scratch.new.iter().copied().filter(is_of_kind));
        if named.len() > before {
            named.sort_unstable();
        }
    }
}

/// The rows that a viewer in step knows.
struct KnownInStep<'a> {
    codec: &'a Codec,
    rows: &'a Rows,
    steps: &'a RowSteps,
    known: &'a [Vec<u32>],
}

impl KnownRows for KnownInStep<'_> {
    fn count_of_kind(&self, kind: u8) -> u32 {
        let nth = self.codec.references.iter().position(|reference| reference.kind == kind);
        nth.map_or(0, |nth| self.known[nth].len() as u32)
    }

    fn find_named(&self, named: Reference, value: i32) -> Option<(u32, &[i32])> {
        let nth = number_of(self.codec, named);
        let known = &self.known[nth];
        let (row, at) = self
            .steps
            .named(nth, value)
            .find_map(|row| Some((row, known.binary_search(&row).ok()?)))?;
        Some((at as u32, &self.rows.values[self.rows.heads[row as usize].span()]))
    }
}
