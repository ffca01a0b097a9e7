//! The client's end of the stream.
//!
//! Any bytes become a snapshot or a typed error. What that costs is bounded by their number times
//! the rows known (a new row or an event may name one of these), and by the rows known times the
//! ticks passed, at most [`PREDICT_MAX_TICKS`](crate::limits::PREDICT_MAX_TICKS) of them; what is
//! read past the end of a message is never used.

use super::additions::LastCount;
use super::codec::{Codec, Coding};
use super::layout::shared_models as model;
use super::mirror::{Gaps, Mirror, RowCursor, nth_named};
use super::plan::{Group, KindPlan};
use super::player::{InputSource, PlayerReader, Replay};
use super::predict::{origin, step_row};
use crate::ids::EntityId;
use crate::limits::{KIND_FIELDS_MAX, SNAPSHOT_ENTITIES_MAX, SNAPSHOT_EVENTS_MAX};
use crate::protocol::models::{KEYFRAME_ODDS, Model};
use crate::protocol::range::RangeSource;
use crate::protocol::symbols::{PlainSource, Source, first, take_count, take_residual, take_value};
use crate::scene::{RowRef, Rows};
use crate::tick::Tick;

/// Why bytes are not the next snapshot of a stream. The stream cannot go on after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It ends too early.
    #[error("the snapshot ends too early")]
    Short,
    /// More follows after its end.
    #[error("the snapshot goes on after its end")]
    LeftOver,
    /// A difference came before any keyframe.
    #[error("no keyframe came first")]
    NoKeyframe,
    /// A tick above the highest, or an event from before the first.
    #[error("a tick that cannot be")]
    Tick,
    /// A number of more than 32 bits.
    #[error("a number too large")]
    Number,
    /// Above a limit of this crate.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// No kind has this index.
    #[error("no kind has index {0}")]
    Kind(u32),
    /// A value outside the range of its field.
    #[error("a value outside its range")]
    Range,
    /// Entity ids that do not rise, or one that is known already.
    #[error("an entity twice")]
    Twice,
}

/// What a snapshot says beside the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The tick that it shows.
    pub tick: Tick,
    /// Whether it builds on nothing before.
    pub keyframe: bool,
    /// For a player: where its input of that tick came from, and by how many ticks the newest
    /// one was early.
    pub player: Option<(InputSource, i32)>,
}

/// Turns the snapshots of one stream back into what the viewer knows.
#[derive(Clone, Debug, Default)]
pub struct SnapshotDecoder {
    mirror: Mirror,
    events: Rows,
    event_ticks: Vec<Tick>,
    new: Rows,
    player: PlayerReader,
}

impl SnapshotDecoder {
    /// A decoder that knows nothing yet.
    #[must_use]
    pub fn new() -> SnapshotDecoder {
        SnapshotDecoder::default()
    }

    /// What the viewer knows.
    #[must_use]
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// What the last snapshot said has happened, each with its tick.
    pub fn events(&self) -> impl ExactSizeIterator<Item = (Tick, RowRef<'_>)> {
        self.event_ticks.iter().copied().zip(self.events.iter())
    }

    /// Takes the next snapshot of the stream.
    ///
    /// # Errors
    /// When it is not one. What the decoder knows is unspecified afterwards: give it up.
    pub fn decode(
        &mut self,
        codec: &Codec,
        bytes: &[u8],
        replay: &mut dyn Replay,
    ) -> Result<Snapshot, SnapshotError> {
        match codec.coding() {
            Coding::Plain => self.take(codec, &mut PlainSource::new(bytes), replay),
            Coding::Range => self.take(codec, &mut RangeSource::new(bytes), replay),
        }
    }

    fn take(
        &mut self,
        codec: &Codec,
        source: &mut impl Source,
        replay: &mut dyn Replay,
    ) -> Result<Snapshot, SnapshotError> {
        let (tick, keyframe, ticks) = self.take_tick(codec, source)?;
        let player = if self.mirror.is_player {
            Some(self.player.take(&mut self.mirror, tick, ticks, source, replay)?)
        } else {
            None
        };
        if source.bit(&mut self.mirror.models[model::SPARSE]) {
            self.take_chosen(codec, ticks, source)?;
        } else {
            self.take_known(codec, ticks, source)?;
        }
        self.take_new(codec, source)?;
        self.take_events(codec, tick, source)?;
        ended(source)?;
        if !source.is_done() {
            return Err(SnapshotError::LeftOver);
        }
        Ok(Snapshot { tick, keyframe, player })
    }

    fn take_tick(
        &mut self,
        codec: &Codec,
        source: &mut impl Source,
    ) -> Result<(Tick, bool, u32), SnapshotError> {
        if source.bit(&mut Model::of(KEYFRAME_ODDS)) {
            let tick = Tick(source.raw(32));
            let is_player = source.raw(1) == 1;
            ended(source)?;
            self.mirror.restart(codec, tick, is_player);
            return Ok((tick, true, 1));
        }
        let last = self.mirror.tick.ok_or(SnapshotError::NoKeyframe)?;
        let models = &mut self.mirror.models[model::SKIPPED..][..model::SKIPPED_LEN];
        let skipped = take_count(source, models).ok_or(SnapshotError::Number)?;
        let ticks = skipped.checked_add(1).ok_or(SnapshotError::Tick)?;
        let tick = Tick(last.0.checked_add(ticks).ok_or(SnapshotError::Tick)?);
        self.mirror.tick = Some(tick);
        Ok((tick, false, ticks))
    }

    fn take_known(
        &mut self,
        codec: &Codec,
        ticks: u32,
        source: &mut impl Source,
    ) -> Result<(), SnapshotError> {
        let (mut at, mut gaps) = (RowCursor::default(), Gaps::default());
        let mirror = &mut self.mirror;
        while at.row < mirror.rows.len() {
            ended(source)?;
            let plan = &codec.entities[usize::from(mirror.rows.heads[at.row].kind)];
            if let Some(mask) = take_change(plan, mirror, at, source) {
                take_row_on(plan, mirror, at, mask, ticks, source)?;
                mirror.changed_masks[at.row] = mask;
            } else {
                gaps.open(mirror, at, plan);
            }
            at.pass(plan);
        }
        gaps.close(mirror, at);
        Ok(())
    }

    /// The same of a snapshot that names the rows of which it tells.
    fn take_chosen(
        &mut self,
        codec: &Codec,
        ticks: u32,
        source: &mut impl Source,
    ) -> Result<(), SnapshotError> {
        let (mut at, mut gaps) = (RowCursor::default(), Gaps::default());
        let mirror = &mut self.mirror;
        let rows = mirror.rows.len();
        let mut next = take_gap(&mut mirror.models, 0, rows, source)?;
        while at.row < rows {
            ended(source)?;
            let plan = &codec.entities[usize::from(mirror.rows.heads[at.row].kind)];
            let is_changed = next == Some(at.row);
            let change = if is_changed { take_change(plan, mirror, at, source) } else { Some(0) };
            if let Some(mask) = change {
                take_row_on(plan, mirror, at, mask, ticks, source)?;
                if is_changed {
                    mirror.changed_masks[at.row] = mask;
                }
            } else {
                gaps.open(mirror, at, plan);
            }
            if is_changed {
                next = take_gap(&mut mirror.models, at.row + 1, rows, source)?;
            }
            at.pass(plan);
        }
        gaps.close(mirror, at);
        Ok(())
    }

    fn take_new(&mut self, codec: &Codec, source: &mut impl Source) -> Result<(), SnapshotError> {
        self.new.clear();
        let mirror = &mut self.mirror;
        let (mut any, mut fresh) = (0, false);
        let mut least = 0;
        let mut counted = LastCount::default();
        while source.bit(&mut mirror.models[model::NEW_MORE + any]) {
            ended(source)?;
            any = 1;
            if mirror.rows.len() + self.new.len() >= SNAPSHOT_ENTITIES_MAX {
                return Err(SnapshotError::TooMany("entities"));
            }
            let old = !fresh && source.bit(&mut mirror.models[model::NEW_OLD]);
            let id = if old {
                let models = &mut mirror.models[model::OLD_GAP..][..model::OLD_GAP_LEN];
                let gap = take_count(source, models).ok_or(SnapshotError::Number)?;
                mirror.fresh_id.checked_sub(1).and_then(|id| id.checked_sub(gap))
            } else {
                fresh = true;
                let models = &mut mirror.models[model::FRESH_GAP..][..model::FRESH_GAP_LEN];
                let gap = take_count(source, models).ok_or(SnapshotError::Number)?;
                mirror.fresh_id.checked_add(gap)
            };
            // An id after the highest of all stands for none.
            let id = id.filter(|id| u64::from(*id) >= least).ok_or(SnapshotError::Twice)?;
            least = u64::from(id) + 1;
            if fresh {
                mirror.fresh_id = id.saturating_add(1);
            }
            let entity = EntityId(id);
            if mirror.rows.find(entity).is_some() {
                return Err(SnapshotError::Twice);
            }
            let tree = codec.entity_kind_models();
            let kind = take_value(source, &mut mirror.models[tree..], codec.entity_kind_bits);
            let plan = codec.entities.get(kind as usize).ok_or(SnapshotError::Kind(kind))?;
            let values = self.new.push(entity, kind as u8, plan.fields.len());
            let known = (&mirror.rows, &mut counted);
            take_fields(plan, known, &mut mirror.models, values, !old, source)?;
        }
        ended(source)?;
        let new = &self.new;
        mirror.insert(codec, new.len(), |at| new.row(at));
        Ok(())
    }

    fn take_events(
        &mut self,
        codec: &Codec,
        now: Tick,
        source: &mut impl Source,
    ) -> Result<(), SnapshotError> {
        self.events.clear();
        self.event_ticks.clear();
        let mirror = &mut self.mirror;
        let mut any = 0;
        let mut counted = LastCount::default();
        while source.bit(&mut mirror.models[model::EVENT_MORE + any]) {
            ended(source)?;
            any = 1;
            if self.event_ticks.len() >= SNAPSHOT_EVENTS_MAX {
                return Err(SnapshotError::TooMany("events"));
            }
            let models = &mut mirror.models[model::EVENT_AGO..][..model::EVENT_AGO_LEN];
            let ago = take_count(source, models).ok_or(SnapshotError::Number)?;
            self.event_ticks.push(Tick(now.0.checked_sub(ago).ok_or(SnapshotError::Tick)?));
            let tree = codec.event_kind_models();
            let kind = take_value(source, &mut mirror.models[tree..], codec.event_kind_bits);
            let plan = codec.events.get(kind as usize).ok_or(SnapshotError::Kind(kind))?;
            let values = self.events.push(EntityId(0), kind as u8, plan.fields.len());
            let known = (&mirror.rows, &mut counted);
            take_fields(plan, known, &mut mirror.models, values, false, source)?;
        }
        Ok(())
    }
}

/// Nothing may be made of what lies beyond the end.
pub(super) fn ended(source: &impl Source) -> Result<(), SnapshotError> {
    if source.is_over() { Err(SnapshotError::Short) } else { Ok(()) }
}

/// Which fields of a known row are not as expected; `None` if it is gone.
fn take_change(
    plan: &KindPlan,
    mirror: &mut Mirror,
    at: RowCursor,
    source: &mut impl Source,
) -> Option<u32> {
    let was = mirror.changed_masks[at.row];
    let models = &mut mirror.models;
    if !source.bit(&mut models[plan.models.has_residual + usize::from(was != 0)]) {
        return Some(0);
    }
    let shape = source.choose(first::<8>(&mut models[plan.shape_models(was)..]));
    if shape == 0 {
        return None;
    }
    let groups = plan.groups.iter().enumerate().filter(|(at, _)| shape >> at & 1 == 1);
    Some(groups.map(|(_, group)| take_group(group, was, models, source)).sum())
}

fn take_group(group: &Group, was: u32, models: &mut [Model], source: &mut impl Source) -> u32 {
    // A group without fields never has residuals; if a message claims so the mask stays empty.
    let Some((last, others)) = group.members.split_last() else { return 0 };
    let mut mask = 0;
    for (at, model) in others {
        let has_residual = source.bit(&mut models[model + (was >> at & 1) as usize]);
        mask |= u32::from(has_residual) << at;
    }
    let (at, model) = last;
    let has_residual = mask == 0 || source.bit(&mut models[model + (was >> at & 1) as usize]);
    mask | u32::from(has_residual) << at
}

/// Moves a known row on, with the residuals of the fields in `mask`.
fn take_row_on(
    plan: &KindPlan,
    mirror: &mut Mirror,
    at: RowCursor,
    mask: u32,
    ticks: u32,
    source: &mut impl Source,
) -> Result<(), SnapshotError> {
    let mut sound = true;
    let (values, fractions, models) = mirror.row_at(at, plan);
    step_row(plan, values, fractions, ticks, |nth, at, expected| {
        if mask >> nth & 1 == 0 {
            return expected;
        }
        let field = &plan.fields[at];
        let models = &mut models[field.changes.at..][..field.changes.len];
        let value = match field.few_bits {
            Some(bits) => field.range.above_min(take_value(source, models, bits)),
            None => {
                let residual = take_residual(source, models, field.change_bits);
                residual.and_then(|residual| field.range.moved(expected, residual))
            }
        };
        sound &= value.is_some();
        value.unwrap_or(expected)
    });
    ended(source)?;
    if sound { Ok(()) } else { Err(SnapshotError::Range) }
}

/// Of which row the snapshot tells next, if of any.
fn take_gap(
    models: &mut [Model],
    from: usize,
    rows: usize,
    source: &mut impl Source,
) -> Result<Option<usize>, SnapshotError> {
    if !source.bit(&mut models[model::SPARSE_MORE]) {
        return Ok(None);
    }
    let models = &mut models[model::SPARSE_GAP..][..model::SPARSE_GAP_LEN];
    let gap = take_count(source, models).ok_or(SnapshotError::Number)?;
    let next = from + gap as usize;
    ended(source)?;
    if next < rows { Ok(Some(next)) } else { Err(SnapshotError::TooMany("rows passed over")) }
}

/// All fields of a new row or an event.
fn take_fields(
    plan: &KindPlan,
    (known, counted): (&Rows, &mut LastCount),
    models: &mut [Model],
    row: &mut [i32],
    fresh: bool,
    source: &mut impl Source,
) -> Result<(), SnapshotError> {
    let mut named_row = None;
    if let Some((at, named)) = plan.named {
        let count = counted.of_kind(known, named.kind);
        if count > 0 && source.bit(&mut models[plan.models.named]) {
            let values = nth_named(known, named, source.one_of(count));
            row[at] = values[usize::from(named.field)];
            let field = &plan.fields[at];
            if !field.range.has(row[at]) {
                return Err(SnapshotError::Range);
            }
            named_row = Some(values);
        }
    }
    debug_assert!(row.len() <= KIND_FIELDS_MAX);
    for &at in &plan.order {
        let at = usize::from(at);
        if named_row.is_some() && plan.named.is_some_and(|(named_at, _)| named_at == at) {
            continue;
        }
        let field = &plan.fields[at];
        let models = &mut models[field.begins_at(fresh)..][..field.begins.len];
        let value = match field.few_bits {
            Some(bits) => field.range.above_min(take_value(source, models, bits)),
            None => {
                let origin = origin(field, row, named_row);
                if source.bit(&mut models[0]) {
                    take_residual(source, &mut models[1..], field.bits)
                        .and_then(|residual| field.range.moved(origin, residual))
                } else {
                    Some(origin)
                }
            }
        };
        row[at] = value.ok_or(SnapshotError::Range)?;
    }
    ended(source)
}
