//! [`Codec`]: a schema made ready for the stream, shared by all streams of a room.
//!
//! It owns what follows from the schema alone: in which order fields are coded, by which whole
//! numbers they are predicted, and which model serves which symbol. It keeps nothing of any one
//! stream. Encoders and decoders read it with every message.

use bincode::{Decode, Encode};

use super::Picture;
use crate::limits::{SCHEMA_KINDS_MAX, SNAPSHOT_EVENTS_MAX, SNAPSHOT_GIVEN_MAX};
use crate::protocol::symbols::{Model, residual_models};
use crate::scene::{Axis, Field, Kind, Predict, Reference, Schema, SchemaError};
use crate::tick::TickRate;

/// How the symbols of a stream become bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum Coding {
    /// As plain bits: cheap for the processor.
    Plain,
    /// By an adaptive range coder: the fewest bytes.
    #[default]
    Range,
}

/// What both ends of a stream know before it begins.
#[derive(Clone, Debug, Default)]
pub struct Codec {
    schema: Schema,
    tick_rate: TickRate,
    coding: Coding,
    pub(super) entities: Vec<KindPlan>,
    pub(super) events: Vec<KindPlan>,
    pub(super) entity_kind_bits: u32,
    pub(super) event_kind_bits: u32,
    models: usize,
    /// The most bits that the dearest row and the dearest event can take.
    row_bits_max: usize,
    event_bits_max: usize,
}

/// One kind, ready for the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct KindPlan {
    pub(super) fields: Vec<FieldPlan>,
    /// The order in which fields are coded: that of the schema, but each after the one that it is
    /// predicted from.
    pub(super) order: Vec<u8>,
    /// The field that names another row, and which.
    pub(super) named: Option<(usize, Reference)>,
    pub(super) models: KindModels,
}

/// Where a kind's own models are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KindModels {
    /// Whether a row does otherwise than last time; one for rows that came as predicted last
    /// time, one for the others.
    pub(super) differs: usize,
    /// Whether that is because it is gone.
    pub(super) gone: usize,
    /// Whether a new row names one that is known.
    pub(super) named: usize,
}

/// One field, ready for the stream.
#[derive(Clone, Debug)]
pub(super) struct FieldPlan {
    pub(super) min: i32,
    pub(super) max: i32,
    /// How many values it has, if it wraps: 1 to 2^32.
    pub(super) turn: Option<i64>,
    pub(super) motion: Motion,
    /// Whether the field is coded as one of a few values instead of by its residual; then how
    /// many bits that takes.
    pub(super) tree_bits: Option<u32>,
    /// From where it begins in a new row.
    pub(super) origin: Origin,
    /// Whether a known row changes here: one model for fields that did so last time, one for
    /// the others.
    pub(super) changed_models: usize,
    /// For its residuals in known rows, or its values if it has few.
    pub(super) changes: Span,
    /// For where it begins in a new row: whether it is off its origin, then by how much. Two sets
    /// one after the other, of old rows and of fresh ones; events have only one.
    pub(super) begins: Span,
    /// How far on the models of fresh rows are from those of old ones.
    fresh_further: usize,
}

impl FieldPlan {
    /// The value so many steps above the lowest, if the range goes so far.
    pub(super) fn above_min(&self, steps: u32) -> Option<i32> {
        let value = self.min.wrapping_add(steps.cast_signed());
        (self.min <= value && value <= self.max).then_some(value)
    }

    pub(super) fn begins_at(&self, fresh: bool) -> usize {
        self.begins.at + if fresh { self.fresh_further } else { 0 }
    }
}

/// Some models in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) at: usize,
    pub(super) len: usize,
}

/// How a field moves on by one tick, in 1/65536 of a step.
#[derive(Clone, Debug)]
pub(super) enum Motion {
    Hold,
    LastTwo,
    By { field: usize, per_step: i64 },
    Approach { field: usize, ratio: i64, keep: i64 },
    Along { ways: Box<[i32]>, angle: usize, angle_min: i32 },
}

/// Where a field of a new row begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// At a fixed step.
    At(i32),
    /// At the value of a field of the row that is named, times a ratio in 1/65536; at a fixed
    /// step if none is.
    Named { field: usize, ratio: i64, else_at: i32 },
    /// At the value of a field of the same row, times a ratio: a velocity that has reached what
    /// it nears.
    Same { field: usize, ratio: i64 },
}

/// Models that no kind has for itself, by their places.
pub(super) mod shared_models {
    pub(in super::super) const SKIPPED: usize = 0;
    pub(in super::super) const SKIPPED_LEN: usize = 4;
    pub(in super::super) const GIVEN: usize = SKIPPED + SKIPPED_LEN;
    pub(in super::super) const GIVEN_LEN: usize = 3;
    pub(in super::super) const MARGIN_CHANGED: usize = GIVEN + GIVEN_LEN;
    pub(in super::super) const MARGIN: usize = MARGIN_CHANGED + 1;
    pub(in super::super) const MARGIN_LEN: usize = 10;
    pub(in super::super) const OWN_NONE: usize = MARGIN + MARGIN_LEN;
    pub(in super::super) const OWN_TOLD: usize = OWN_NONE + 1;
    pub(in super::super) const OWN_LEN: usize = OWN_TOLD + 1;
    pub(in super::super) const OWN_LEN_LEN: usize = 2;
    pub(in super::super) const OWN_BYTE: usize = OWN_LEN + OWN_LEN_LEN;
    pub(in super::super) const OWN_BYTE_LEN: usize = 48;
    pub(in super::super) const SPARSE: usize = OWN_BYTE + OWN_BYTE_LEN;
    pub(in super::super) const SPARSE_MORE: usize = SPARSE + 1;
    pub(in super::super) const SPARSE_GAP: usize = SPARSE_MORE + 1;
    pub(in super::super) const SPARSE_GAP_LEN: usize = 8;
    pub(in super::super) const NEW_MORE: usize = SPARSE_GAP + SPARSE_GAP_LEN;
    pub(in super::super) const NEW_OLD: usize = NEW_MORE + 2;
    pub(in super::super) const FRESH_GAP: usize = NEW_OLD + 1;
    pub(in super::super) const FRESH_GAP_LEN: usize = 8;
    pub(in super::super) const OLD_GAP: usize = FRESH_GAP + FRESH_GAP_LEN;
    pub(in super::super) const OLD_GAP_LEN: usize = 14;
    pub(in super::super) const EVENT_MORE: usize = OLD_GAP + OLD_GAP_LEN;
    pub(in super::super) const EVENT_AGO: usize = EVENT_MORE + 2;
    pub(in super::super) const EVENT_AGO_LEN: usize = 4;
    /// Then the trees of the kinds, and all that belongs to single kinds.
    pub(in super::super) const LEN: usize = EVENT_AGO + EVENT_AGO_LEN;
}

/// Fields of so few bits are coded as one of their values, each learned for itself.
const TREE_BITS_MAX: u32 = 6;
/// Angles of more values than this have no table of ways.
const WAYS_MAX: i64 = 1 << 16;

impl Codec {
    /// A codec for scenes of `schema` at `tick_rate`.
    ///
    /// # Errors
    /// When the schema cannot be used.
    pub fn new(schema: Schema, tick_rate: TickRate, coding: Coding) -> Result<Codec, SchemaError> {
        schema.check()?;
        let entity_kind_bits = kind_bits(&schema.entities);
        let event_kind_bits = kind_bits(&schema.events);
        let mut layout = Layout { next: shared_models::LEN };
        // Their trees: entities, then events.
        layout.take((1 << entity_kind_bits) + (1 << event_kind_bits));
        let plan = |kind: &Kind, layout: &mut Layout, moves: bool| {
            plan_kind(&schema, kind, tick_rate, layout, moves)
        };
        let entities = schema.entities.iter().map(|kind| plan(kind, &mut layout, true)).collect();
        let events = schema.events.iter().map(|kind| plan(kind, &mut layout, false)).collect();
        let models = layout.next;
        let (row_bits_max, event_bits_max) = (dearest(&schema.entities), dearest(&schema.events));
        Ok(Codec {
            tick_rate,
            coding,
            entities,
            events,
            entity_kind_bits,
            event_kind_bits,
            models,
            row_bits_max,
            event_bits_max,
            schema,
        })
    }

    /// What the rows and events mean.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Ticks per second.
    #[must_use]
    pub fn tick_rate(&self) -> TickRate {
        self.tick_rate
    }

    /// How symbols become bytes.
    #[must_use]
    pub fn coding(&self) -> Coding {
        self.coding
    }

    /// Puts the models of a stream back to where each keyframe finds them.
    pub(super) fn restart(&self, models: &mut Vec<Model>) {
        models.clear();
        models.reserve_exact(self.models);
        models.resize(self.models, Model::NEW);
    }

    /// More bytes than a snapshot of a picture can have, if `rows` is the sum of the rows known
    /// and of those visible.
    pub(super) fn most_bytes(&self, rows: usize, picture: &Picture<'_>) -> usize {
        let own = picture
            .player
            .map_or(0, |player| 2 * player.own.map_or(0, <[u8]>::len) + 2 * SNAPSHOT_GIVEN_MAX);
        let events = picture.events.len().min(SNAPSHOT_EVENTS_MAX);
        128 + own + (rows * self.row_bits_max + events * self.event_bits_max) / 8
    }

    /// Where the tree of the kinds of entity is.
    pub(super) fn entity_kind_models(&self) -> usize {
        shared_models::LEN
    }

    /// Where the tree of the kinds of event is.
    pub(super) fn event_kind_models(&self) -> usize {
        shared_models::LEN + (1 << self.entity_kind_bits)
    }
}

/// How many bits the index of one of `kinds` takes.
fn kind_bits(kinds: &[Kind]) -> u32 {
    usize::BITS - kinds.len().saturating_sub(1).leading_zeros()
}

const _: () = assert!(SCHEMA_KINDS_MAX <= 64, "the trees of kinds stay small");

/// How many bits a row of one of `kinds` can take, at eight for the dearest of those that learn.
fn dearest(kinds: &[Kind]) -> usize {
    const COUNT_BITS: usize = 33 * 8 + 32;
    const ROW_BITS: usize = 8 * 16 + 2 * COUNT_BITS;
    let field = |field: &Field| 8 * (5 + field.bits() as usize) + field.bits() as usize;
    let bits = |kind: &Kind| ROW_BITS + kind.fields.iter().map(field).sum::<usize>();
    kinds.iter().map(bits).max().unwrap_or(0)
}

/// Gives out places for models.
struct Layout {
    next: usize,
}

impl Layout {
    fn take(&mut self, models: usize) -> usize {
        self.next += models;
        self.next - models
    }

    fn span(&mut self, len: usize, sets: usize) -> Span {
        Span { at: self.take(len * sets), len }
    }
}

fn plan_kind(
    schema: &Schema,
    kind: &Kind,
    tick_rate: TickRate,
    layout: &mut Layout,
    moves: bool,
) -> KindPlan {
    let named = kind.named();
    let models = KindModels {
        differs: layout.take(if moves { 2 } else { 0 }),
        gone: layout.take(usize::from(moves)),
        named: layout.take(usize::from(named.is_some())),
    };
    // Fields that hold seldom change: their residuals share models.
    let mut held = None;
    let mut fields = Vec::with_capacity(kind.fields.len());
    for field in &kind.fields {
        let motion = if moves { motion(kind, field, tick_rate) } else { Motion::Hold };
        let bits = field.bits();
        let tree_bits = (matches!(motion, Motion::Hold) && bits <= TREE_BITS_MAX).then_some(bits);
        let changed_models = layout.take(if moves { 2 } else { 0 });
        let residual = residual_models(bits);
        let (changes, begins) = match tree_bits {
            Some(bits) => {
                let tree = layout.span(1 << bits, 1);
                (tree, tree)
            }
            None if !moves => (Span::default(), layout.span(1 + residual, 1)),
            None if matches!(motion, Motion::Hold) => {
                let held = *held.get_or_insert_with(|| layout.span(residual_models(32), 1));
                (held, layout.span(1 + residual, 2))
            }
            None => (layout.span(residual, 1), layout.span(1 + residual, 2)),
        };
        fields.push(FieldPlan {
            min: field.min,
            max: field.max,
            turn: field.wraps.then(|| i64::from(field.max) - i64::from(field.min) + 1),
            origin: origin(schema, kind, field, named.filter(|_| field.origin.is_some())),
            motion,
            tree_bits,
            changed_models,
            changes,
            fresh_further: if moves && tree_bits.is_none() { begins.len } else { 0 },
            begins,
        });
    }
    KindPlan { fields, order: order(kind), named, models }
}

/// Each field after the one that it is predicted from, else as they stand.
fn order(kind: &Kind) -> Vec<u8> {
    let mut order: Vec<u8> = Vec::with_capacity(kind.fields.len());
    for at in 0..kind.fields.len() as u8 {
        let mut chain = vec![at];
        while let Some(needed) = kind.fields[usize::from(chain[chain.len() - 1])].predict.needs() {
            chain.push(needed);
        }
        for field in chain.into_iter().rev() {
            if !order.contains(&field) {
                order.push(field);
            }
        }
    }
    order
}

fn motion(kind: &Kind, field: &Field, tick_rate: TickRate) -> Motion {
    let hz = f64::from(tick_rate.hz());
    match field.predict {
        Predict::Hold => Motion::Hold,
        Predict::LinearFromLastTwo => Motion::LastTwo,
        Predict::LinearBy { field: by } => {
            let by = usize::from(by);
            Motion::By { field: by, per_step: fixed(kind.fields[by].scale / (field.scale * hz)) }
        }
        Predict::Approach { field: goal, per_second } => {
            let goal = usize::from(goal);
            Motion::Approach {
                field: goal,
                ratio: fixed(kind.fields[goal].scale / field.scale),
                keep: fixed(libm::exp(-per_second / hz)),
            }
        }
        Predict::Along { angle, per_second, axis } => {
            let angle = usize::from(angle);
            let def = &kind.fields[angle];
            let steps = (i64::from(def.max) - i64::from(def.min) + 1).min(WAYS_MAX);
            let way = |step: i64| {
                let radians = (i64::from(def.min) + step) as f64 * def.scale;
                let part = if axis == Axis::X { libm::cos(radians) } else { libm::sin(radians) };
                fixed(per_second * part / (field.scale * hz)) as i32
            };
            Motion::Along { ways: (0..steps).map(way).collect(), angle, angle_min: def.min }
        }
    }
}

fn origin(
    schema: &Schema,
    kind: &Kind,
    field: &Field,
    named: Option<(usize, Reference)>,
) -> Origin {
    // The step nearest to nothing.
    let zero = 0.clamp(field.min, field.max);
    if let (Some((_, named)), Some(origin)) = (named, field.origin) {
        let of = &schema.entities[usize::from(named.kind)].fields[usize::from(origin)];
        let ratio = fixed(of.scale / field.scale);
        return Origin::Named { field: usize::from(origin), ratio, else_at: zero };
    }
    match field.predict {
        Predict::Approach { field: goal, .. } => {
            let ratio = fixed(kind.fields[usize::from(goal)].scale / field.scale);
            Origin::Same { field: usize::from(goal), ratio }
        }
        _ => Origin::At(zero),
    }
}

/// In 1/65536, to the nearest; what is too large is as large as can be reckoned with.
fn fixed(value: f64) -> i64 {
    const MOST: f64 = (1_i64 << 40) as f64;
    libm::rint(value * 65_536.0).clamp(-MOST, MOST) as i64
}
