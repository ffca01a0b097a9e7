//! The server's end of the stream.
//!
//! Owned by the code that sends to one viewer (or the same to many). It turns pictures into
//! messages and moves its mirror on by exactly what the message says; what it has encoded must
//! therefore reach the viewer.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::additions::{EventWriter, NewWriter};
use super::budget::Budget;
use super::changes::{Change, put_change, put_gap, put_gone};
use super::codec::{Codec, Coding};
use super::in_step::Steps;
use super::layout::shared_models as model;
use super::mirror::{Gaps, Mirror, RowCursor};
use super::picture::{Picture, Visible};
use super::predict::{step_row, step_row_to};
use super::row_steps::RowSteps;
use crate::limits::{KIND_FIELDS_MAX, SNAPSHOT_ENTITIES_MAX, SNAPSHOT_EVENTS_MAX};
use crate::protocol::bits::BitWriter;
use crate::protocol::models::{KEYFRAME_ODDS, Model};
use crate::protocol::range::RangeWriter;
use crate::protocol::symbols::{Part, Sink, Tally, put_count};
use crate::scene::Rows;
use crate::tick::Tick;

/// Memory for so many new rows is kept from snapshot to snapshot.
const NEW_KEPT_MAX: usize = 16;

/// Turns pictures into snapshots for one viewer. What it has encoded must reach the viewer: a
/// snapshot is a difference to the one before.
#[derive(Clone, Debug, Default)]
pub struct SnapshotEncoder {
    /// What its viewer knows; without rows while that is in step.
    pub(super) mirror: Mirror,
    /// What its viewer believes of the rows that it knows as the last scene sent shows them, by the
    /// numbers of [`RowSteps`].
    pub(super) in_step: Vec<u32>,
    /// Whose numbers these are; `None` while its viewer is in step with no scene.
    pub(super) numbered_by: Option<Arc<()>>,
    /// Which of the visible rows are new; kept for its memory.
    new: Vec<u32>,
    /// What is kept of entities while not all that there is to say fits.
    budget: Option<Box<Budget>>,
}

impl SnapshotEncoder {
    /// An encoder for a viewer that knows nothing: its first snapshot is a keyframe.
    #[must_use]
    pub fn new() -> SnapshotEncoder {
        SnapshotEncoder::default()
    }

    /// The tick of the last snapshot; `None` before the first.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.mirror.tick()
    }

    /// What the viewer knows once it has decoded all that was encoded, but for the rows of one that
    /// is in step with a scene ([`SnapshotEncoder::encode_shared`]).
    #[must_use]
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// The same with all rows: an encoder in step takes them from `scene`, the last that was sent;
    /// `steps` are those of then. It copies, for tests.
    #[must_use]
    pub fn whole_mirror(&self, codec: &Codec, scene: &Rows, steps: &RowSteps) -> Mirror {
        let mut encoder = self.clone();
        if self.is_in_step() {
            encoder.leave_step(codec, scene, steps);
        }
        encoder.mirror
    }

    /// Must be called when its viewer is sent nothing while others are, before the rows of `scene`,
    /// the last that was sent, are forgotten: from then on the encoder remembers by itself what its
    /// viewer knows. If this is called too late the stream restarts. `steps` are those with which
    /// that scene was encoded.
    pub fn keep(&mut self, codec: &Codec, scene: (Tick, &Rows), steps: &RowSteps) {
        if !self.is_in_step() {
            return;
        }
        if self.mirror.tick == Some(scene.0) {
            self.leave_step(codec, scene.1, steps);
        } else {
            self.restart();
        }
    }

    pub(super) fn is_in_step(&self) -> bool {
        self.numbered_by.is_some()
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<SnapshotEncoder>() - size_of::<Mirror>()
            + self.mirror.memory_bytes()
            + self.new.capacity() * size_of::<u32>()
            + self.in_step.capacity() * size_of::<u32>()
            + self.budget.as_ref().map_or(0, |budget| budget.memory_bytes())
    }

    /// Whether the last snapshot left something out, for want of space.
    #[must_use]
    pub fn is_over_budget(&self) -> bool {
        self.budget.as_ref().is_some_and(|budget| budget.is_over_budget())
    }

    /// Makes the next snapshot a keyframe, which builds on nothing before.
    pub fn restart(&mut self) {
        self.in_step.clear();
        self.numbered_by = None;
        self.mirror.tick = None;
    }

    /// What the next snapshot would spend its bits on, in 1/256 of a bit, if all of `picture` is
    /// sent. For reports: it works on a copy.
    #[must_use]
    pub fn tally(&self, codec: &Codec, picture: &Picture<'_>) -> BTreeMap<Part, u64> {
        let mut tally = Tally::new(codec.coding() == Coding::Plain);
        self.clone().put_all(codec, picture, &mut tally);
        tally.by_256
    }

    /// Adds the snapshot of `picture` to the end of `out`; returns how many of its events it has.
    /// The bytes are those that [`SnapshotEncoder::encode`] writes, but rows that the viewer knows
    /// as the scene before showed them cost less. Afterwards it is in step with the scene of the
    /// picture, if it was sent all: see [`SnapshotEncoder::keep`].
    ///
    /// # Panics
    /// As [`SnapshotEncoder::encode`].
    pub fn encode_shared(
        &mut self,
        codec: &Codec,
        picture: &Picture<'_>,
        steps: &mut Steps<'_>,
        out: &mut Vec<u8>,
    ) -> usize {
        if let Some(numbered_by) = &self.numbered_by {
            let rows = picture.visible.len() + self.in_step.len();
            if !steps.rows.is_from(self.mirror.tick, numbered_by) {
                // `keep` was not called in time, or these are other steps than before.
                self.restart();
            } else if codec.most_bytes(rows, picture) > picture.max_bytes {
                self.leave_step(codec, steps.before, steps.rows);
            } else {
                self.check(picture);
                steps.rows.count_in_step(self.in_step.len());
                match codec.coding() {
                    Coding::Plain => {
                        let mut bits = BitWriter::new(out);
                        self.put_in_step(codec, picture, steps, &mut bits);
                        bits.finish();
                    }
                    Coding::Range => {
                        let mut range = RangeWriter::new(out);
                        self.put_in_step(codec, picture, steps, &mut range);
                        range.finish();
                    }
                }
                return picture.events.len().min(SNAPSHOT_EVENTS_MAX);
            }
        }
        steps.rows.count_alone(self.mirror.rows.len());
        let events = self.encode(codec, picture, out);
        if self.budget.is_none() && codec.may_share {
            self.fall_in_step(codec, picture, steps.rows);
        }
        events
    }

    fn check(&self, picture: &Picture<'_>) {
        if let Some(last) = self.mirror.tick {
            assert!(picture.tick > last, "a scene is encoded once, and never an older one");
            assert_eq!(picture.player.is_some(), self.mirror.is_player, "one viewer, one role");
        }
    }

    /// Adds the snapshot of `picture` to the end of `out`; returns how many of its events it has.
    ///
    /// # Panics
    /// When the tick does not rise, a player's stream becomes a spectator's, or there is not one
    /// of `sources` for each tick.
    pub fn encode(&mut self, codec: &Codec, picture: &Picture<'_>, out: &mut Vec<u8>) -> usize {
        assert!(!self.is_in_step(), "it shares its rows");
        self.check(picture);
        let rows = picture.visible.len() + self.mirror.rows.len();
        let mut events = picture.events.len().min(SNAPSHOT_EVENTS_MAX);
        if codec.most_bytes(rows, picture) <= picture.max_bytes {
            // It fits in any case: nothing is pending any more.
            self.budget = None;
            self.encode_all(codec, picture, out);
        } else if let Some(sent) = self.encode_within(codec, picture, out) {
            events = sent;
        }
        // A keyframe has many new rows, and is soon forgotten.
        if self.new.capacity() > NEW_KEPT_MAX {
            self.new = Vec::new();
        }
        events
    }

    /// How many events were sent, if not all of the picture fits.
    fn encode_within(
        &mut self,
        codec: &Codec,
        picture: &Picture<'_>,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let mut budget = self.budget.take().unwrap_or_default();
        let start = out.len();
        // After one that did not fit the next will not either.
        if !budget.is_over_budget() {
            budget.save(&self.mirror);
            self.encode_all(codec, picture, out);
            if out.len() - start > picture.max_bytes {
                out.truncate(start);
                budget.restore(&mut self.mirror);
                budget.start_limiting();
            }
        }
        let events =
            budget.is_over_budget().then(|| self.encode_some(codec, picture, &mut budget, out));
        self.budget = Some(budget);
        events
    }

    fn encode_all(&mut self, codec: &Codec, picture: &Picture<'_>, out: &mut Vec<u8>) {
        match codec.coding() {
            Coding::Plain => {
                let mut bits = BitWriter::new(out);
                self.put_all(codec, picture, &mut bits);
                bits.finish();
            }
            Coding::Range => {
                let mut range = RangeWriter::new(out);
                self.put_all(codec, picture, &mut range);
                range.finish();
            }
        }
    }

    fn encode_some(
        &mut self,
        codec: &Codec,
        picture: &Picture<'_>,
        budget: &mut Budget,
        out: &mut Vec<u8>,
    ) -> usize {
        match codec.coding() {
            Coding::Plain => {
                let mut bits = BitWriter::new(out);
                let events = self.put_some(codec, picture, budget, &mut bits);
                bits.finish();
                events
            }
            Coding::Range => {
                let mut range = RangeWriter::new(out);
                let events = self.put_some(codec, picture, budget, &mut range);
                range.finish();
                events
            }
        }
    }

    /// All that there is to say.
    fn put_all(&mut self, codec: &Codec, picture: &Picture<'_>, sink: &mut impl Sink) {
        let ticks = self.put_head(codec, picture, sink);
        sink.bit(&mut self.mirror.models[model::SPARSE], false);
        self.put_known(codec, picture, ticks, sink);
        sink.mark(Part::Head);
        let mirror = &mut self.mirror;
        let mut writer = NewWriter::new(mirror.fresh_id);
        for &index in &self.new {
            let row = picture.rows.row(index as usize);
            writer.put(codec, &mirror.rows, &mut mirror.models, row, sink);
        }
        mirror.fresh_id = writer.finish(&mut mirror.models, sink);
        mirror.insert(codec, self.new.len(), |new| picture.rows.row(self.new[new] as usize));
        let mut writer = EventWriter::default();
        for (tick, event) in picture.events.iter().take(SNAPSHOT_EVENTS_MAX) {
            let ago = picture.tick.0 - tick.0;
            writer.put(codec, &mirror.rows, &mut mirror.models, ago, *event, sink);
        }
        writer.finish(&mut mirror.models, sink);
    }

    /// What matters most of it, within the budget.
    fn put_some(
        &mut self,
        codec: &Codec,
        picture: &Picture<'_>,
        budget: &mut Budget,
        sink: &mut impl Sink,
    ) -> usize {
        let ticks = self.put_head(codec, picture, sink);
        sink.bit(&mut self.mirror.models[model::SPARSE], true);
        // An entity that became of another kind counts as known: it must go as the one first.
        self.find_new(picture);
        budget.choose(codec, &mut self.mirror, picture, &self.new, ticks, sink.bytes());
        self.put_chosen(codec, picture, budget, ticks, sink);
        let mirror = &mut self.mirror;
        let known = mirror.rows.len();
        let mut writer = NewWriter::new(mirror.fresh_id);
        self.new.retain(|&index| {
            let row = picture.rows.row(index as usize);
            let Mirror { rows, models, .. } = &mut *mirror;
            let is_sent = budget.takes_new(row.entity)
                && known + writer.sent() < SNAPSHOT_ENTITIES_MAX
                && budget.fits(codec, sink.bytes(), |cost| {
                    writer.clone().put(codec, rows, models, row, cost);
                });
            if is_sent {
                writer.put(codec, rows, models, row, sink);
            }
            is_sent
        });
        mirror.fresh_id = writer.finish(&mut mirror.models, sink);
        mirror.insert(codec, self.new.len(), |new| picture.rows.row(self.new[new] as usize));
        budget.insert_new(mirror, &self.new, picture);
        budget.events_follow();
        let mut writer = EventWriter::default();
        let mut sent = 0;
        for (tick, event) in picture.events.iter().take(SNAPSHOT_EVENTS_MAX) {
            let ago = picture.tick.0 - tick.0;
            let Mirror { rows, models, .. } = &mut *mirror;
            if budget.fits(codec, sink.bytes(), |cost| {
                writer.clone().put(codec, rows, models, ago, *event, cost);
            }) {
                writer.put(codec, rows, models, ago, *event, sink);
                sent += 1;
            }
        }
        writer.finish(&mut mirror.models, sink);
        sent
    }

    /// Tick and player; gives by how many ticks the known rows move on.
    pub(super) fn put_head(
        &mut self,
        codec: &Codec,
        picture: &Picture<'_>,
        sink: &mut impl Sink,
    ) -> u32 {
        let tick = picture.tick;
        sink.mark(Part::Head);
        sink.bit(&mut Model::of(KEYFRAME_ODDS), self.mirror.tick.is_none());
        let ticks = match self.mirror.tick {
            None => {
                self.mirror.restart(codec, tick, picture.player.is_some());
                sink.raw(tick.0, 32);
                sink.raw(u32::from(self.mirror.is_player), 1);
                1
            }
            Some(last) => {
                self.mirror.tick = Some(tick);
                let ticks = tick.0 - last.0;
                let models = &mut self.mirror.models[model::SKIPPED..][..model::SKIPPED_LEN];
                put_count(sink, models, ticks - 1);
                ticks
            }
        };
        if let Some(player) = &picture.player {
            player.put(&mut self.mirror, ticks, sink);
        }
        ticks
    }

    /// Both lists rise by id, so one pass over the two finds what stayed and what went.
    fn put_known(
        &mut self,
        codec: &Codec,
        picture: &Picture<'_>,
        ticks: u32,
        sink: &mut impl Sink,
    ) {
        let (mut at, mut gaps) = (RowCursor::default(), Gaps::default());
        let mut visible = Visible::new(picture);
        let mut residuals = [0; KIND_FIELDS_MAX];
        self.new.clear();
        let mirror = &mut self.mirror;
        while at.row < mirror.rows.len() {
            let head = mirror.rows.heads[at.row];
            let plan = &codec.entities[usize::from(head.kind)];
            sink.mark(Part::Changes { kind: head.kind });
            let was = mirror.changed_masks[at.row];
            match visible.find(head.entity, head.kind, |new| self.new.push(new)) {
                None => {
                    put_gone(plan, was, &mut mirror.models, sink);
                    gaps.open(mirror, at, plan);
                }
                Some(row) => {
                    let (values, fractions, models) = mirror.row_at(at, plan);
                    let mask = step_row_to(plan, values, fractions, ticks, row, &mut residuals);
                    put_change(plan, was, mask, row, &residuals, models, sink);
                    mirror.changed_masks[at.row] = mask;
                }
            }
            at.pass(plan);
        }
        self.new.extend_from_slice(visible.left);
        gaps.close(mirror, at);
    }

    /// The same for those that were chosen; the others move on as expected.
    fn put_chosen(
        &mut self,
        codec: &Codec,
        picture: &Picture<'_>,
        budget: &mut Budget,
        ticks: u32,
        sink: &mut impl Sink,
    ) {
        let (mut at, mut gaps, mut gap) = (RowCursor::default(), Gaps::default(), 0);
        let mut visible = Visible::new(picture);
        let mirror = &mut self.mirror;
        while at.row < mirror.rows.len() {
            let head = mirror.rows.heads[at.row];
            let plan = &codec.entities[usize::from(head.kind)];
            let row = visible.find(head.entity, head.kind, |_| {});
            let was = mirror.changed_masks[at.row];
            // Most rows are not taken, and what there is to say of them does not count.
            let change =
                budget.takes_known(at.row).then(|| Change::of(plan, mirror, at, row, ticks));
            let change = change.filter(|change| {
                budget.fits(codec, sink.bytes(), |cost| {
                    put_gap(gap, &mut mirror.models, cost);
                    change.put(plan, was, row, &mut mirror.models, cost);
                })
            });
            let is_sent = change.is_some();
            if let Some(change) = change {
                put_gap(gap, &mut mirror.models, sink);
                change.put(plan, was, row, &mut mirror.models, sink);
                gap = 0;
                mirror.changed_masks[at.row] = change.mask;
            } else {
                gap += 1;
            }
            if row.is_some() || !is_sent {
                let (values, fractions, _) = mirror.row_at(at, plan);
                step_row(plan, values, fractions, ticks, |_, at, expected| match row {
                    Some(row) if is_sent => row[at],
                    _ => expected,
                });
                budget.keep(at.row, gaps.row_kept(at.row), is_sent);
            } else {
                gaps.open(mirror, at, plan);
            }
            at.pass(plan);
        }
        sink.bit(&mut mirror.models[model::SPARSE_MORE], false);
        budget.truncate(gaps.row_kept(at.row));
        gaps.close(mirror, at);
    }

    /// Which visible rows are not known.
    fn find_new(&mut self, picture: &Picture<'_>) {
        self.new.clear();
        let mut known = self.mirror.rows.heads.iter().peekable();
        for &index in picture.visible {
            let entity = picture.rows.heads[index as usize].entity;
            while known.next_if(|known| known.entity < entity).is_some() {}
            if known.next_if(|known| known.entity == entity).is_none() {
                self.new.push(index);
            }
        }
    }
}
