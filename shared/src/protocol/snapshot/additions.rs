//! What an encoder says of new rows and of events.
//!
//! The writers here are made for one snapshot and write into any sink, so the budget learns from
//! them what a row would cost. They put no row into the mirror: the encoder does.

use super::codec::Codec;
use super::layout::shared_models as model;
use super::mirror::{count_of_kind, find_named};
use super::plan::KindPlan;
use super::predict::origin;
use crate::protocol::models::Model;
use crate::protocol::symbols::{Part, Sink, put_count, put_residual, put_value};
use crate::scene::{Reference, RowRef, Rows};

/// The rows that a viewer knows, as what names one of them is looked up.
pub(super) trait KnownRows {
    /// How many there are of a kind.
    fn count_of_kind(&self, kind: u8) -> u32;
    /// The first that is named by `value`, as its number among those of its kind and its values.
    fn find_named(&self, named: Reference, value: i32) -> Option<(u32, &[i32])>;
}

impl KnownRows for Rows {
    fn count_of_kind(&self, kind: u8) -> u32 {
        count_of_kind(self, kind)
    }

    fn find_named(&self, named: Reference, value: i32) -> Option<(u32, &[i32])> {
        find_named(self, named, value)
    }
}

/// How many rows there are of the kind that was counted last, while they stay the same.
#[derive(Clone, Default)]
pub(super) struct LastCount(Option<(u8, u32)>);

impl LastCount {
    pub(super) fn of_kind(&mut self, known: &impl KnownRows, kind: u8) -> u32 {
        match self.0 {
            Some((counted, count)) if counted == kind => count,
            _ => {
                let count = known.count_of_kind(kind);
                self.0 = Some((kind, count));
                count
            }
        }
    }
}

/// Writes new rows by rising id.
#[derive(Clone)]
pub(super) struct NewWriter {
    sent: usize,
    /// Whether those are through whose ids are below the highest known.
    fresh: bool,
    /// One more than the highest id known.
    fresh_id: u32,
    counted: LastCount,
}

impl NewWriter {
    /// `fresh_id` is one more than the highest id known.
    pub(super) fn new(fresh_id: u32) -> NewWriter {
        NewWriter { sent: 0, fresh: false, fresh_id, counted: LastCount::default() }
    }

    /// How many it has written.
    pub(super) fn sent(&self) -> usize {
        self.sent
    }

    pub(super) fn put(
        &mut self,
        codec: &Codec,
        known: &impl KnownRows,
        models: &mut [Model],
        row: RowRef<'_>,
        sink: &mut impl Sink,
    ) {
        let id = row.entity.0;
        sink.mark(Part::New { kind: row.kind });
        sink.bit(&mut models[model::NEW_MORE + usize::from(self.sent > 0)], true);
        self.sent += 1;
        let old = id < self.fresh_id && !self.fresh;
        if !self.fresh {
            sink.bit(&mut models[model::NEW_OLD], old);
        }
        if old {
            let models = &mut models[model::OLD_GAP..][..model::OLD_GAP_LEN];
            put_count(sink, models, self.fresh_id - 1 - id);
        } else {
            self.fresh = true;
            let models = &mut models[model::FRESH_GAP..][..model::FRESH_GAP_LEN];
            put_count(sink, models, id - self.fresh_id);
            // The highest id of all is no start for another.
            self.fresh_id = id.saturating_add(1);
        }
        let tree = codec.entity_kind_models();
        let bits = codec.entity_kind_bits;
        put_value(sink, &mut models[tree..], bits, row.kind.into());
        let plan = &codec.entities[usize::from(row.kind)];
        put_fields(plan, known, &mut self.counted, models, row.values, !old, sink);
    }

    /// Gives one more than the highest id known now.
    pub(super) fn finish(&self, models: &mut [Model], sink: &mut impl Sink) -> u32 {
        sink.bit(&mut models[model::NEW_MORE + usize::from(self.sent > 0)], false);
        self.fresh_id
    }
}

/// Writes events in the order in which they happened.
#[derive(Clone, Default)]
pub(super) struct EventWriter {
    any: bool,
    counted: LastCount,
}

impl EventWriter {
    pub(super) fn put(
        &mut self,
        codec: &Codec,
        known: &impl KnownRows,
        models: &mut [Model],
        ago: u32,
        event: RowRef<'_>,
        sink: &mut impl Sink,
    ) {
        sink.mark(Part::Event { kind: event.kind });
        sink.bit(&mut models[model::EVENT_MORE + usize::from(self.any)], true);
        self.any = true;
        put_count(sink, &mut models[model::EVENT_AGO..][..model::EVENT_AGO_LEN], ago);
        let tree = codec.event_kind_models();
        put_value(sink, &mut models[tree..], codec.event_kind_bits, event.kind.into());
        let plan = &codec.events[usize::from(event.kind)];
        put_fields(plan, known, &mut self.counted, models, event.values, false, sink);
    }

    pub(super) fn finish(&self, models: &mut [Model], sink: &mut impl Sink) {
        sink.bit(&mut models[model::EVENT_MORE + usize::from(self.any)], false);
    }
}

/// All fields of a new row or an event.
fn put_fields(
    plan: &KindPlan,
    known: &impl KnownRows,
    counted: &mut LastCount,
    models: &mut [Model],
    row: &[i32],
    fresh: bool,
    sink: &mut impl Sink,
) {
    let mut named_row = None;
    if let Some((at, named)) = plan.named {
        let count = counted.of_kind(known, named.kind);
        let found = known.find_named(named, row[at]);
        if count > 0 {
            sink.bit(&mut models[plan.models.named], found.is_some());
        }
        if let Some((nth, values)) = found {
            sink.one_of(nth, count);
            named_row = Some(values);
        }
    }
    for &at in &plan.order {
        let at = usize::from(at);
        // What names a row that is known is known by that.
        if named_row.is_some() && plan.named.is_some_and(|(named_at, _)| named_at == at) {
            continue;
        }
        let field = &plan.fields[at];
        let (kind, number) = (plan.index, at as u8);
        sink.mark(if plan.is_event {
            Part::EventField { kind, field: number }
        } else {
            Part::NewField { kind, field: number }
        });
        let models = &mut models[field.begins_at(fresh)..][..field.begins.len];
        match field.few_bits {
            Some(bits) => put_value(sink, models, bits, field.range.steps_above_min(row[at])),
            None => {
                let origin = origin(field, row, named_row);
                let residual = field.range.difference(row[at], origin);
                sink.bit(&mut models[0], residual != 0);
                if residual != 0 {
                    put_residual(sink, &mut models[1..], field.bits, residual);
                }
            }
        }
    }
}
