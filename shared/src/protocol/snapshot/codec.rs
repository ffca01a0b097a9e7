//! [`Codec`]: a schema made ready for the stream, shared by all streams of a room.
//!
//! It owns what follows from the schema alone: in which order fields are coded, by which whole
//! numbers they are predicted, and which model serves which symbol. It keeps nothing of any one
//! stream. Encoders and decoders read it with every message.

use bincode::{Decode, Encode};

use super::Picture;
use crate::limits::{
    KIND_FIELDS_MAX, KIND_MOVING_MAX, SCHEMA_KINDS_MAX, SNAPSHOT_EVENTS_MAX, SNAPSHOT_GIVEN_MAX,
};
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
    /// Where it stands in the schema.
    pub(super) index: u8,
    pub(super) is_event: bool,
    pub(super) fields: Vec<FieldPlan>,
    /// The fields that hold their values until told otherwise.
    pub(super) holds: Vec<u8>,
    /// A bit for each of these.
    pub(super) holds_mask: u32,
    /// Those that move, each after the one that it is predicted from.
    pub(super) movers: Vec<Mover>,
    /// In which order fields are coded: those that hold, then those that move.
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
    /// Whether any of the fields that hold has changed; one model for rows where one had last
    /// time, one for the others.
    pub(super) holds_changed: usize,
    /// Whether a new row names one that is known.
    pub(super) named: usize,
}

/// One field, ready for the stream.
#[derive(Clone, Debug)]
pub(super) struct FieldPlan {
    pub(super) range: Range,
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

/// The values that a field may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) min: i32,
    pub(super) max: i32,
    /// By how much `max` is above `min`.
    pub(super) span: u64,
    /// How many they are (1 to 2^32) if the one after `max` is `min`, else 0.
    pub(super) turn: i64,
}

/// A field that moves.
#[derive(Clone, Debug)]
pub(super) struct Mover {
    pub(super) at: u8,
    pub(super) range: Range,
    /// Where it is noted by how much it moved, for those that are moved by it.
    pub(super) slot: usize,
    pub(super) moves_others: bool,
    /// Whether it changes; one model for rows where it did so last time, one for the others.
    pub(super) changed_models: usize,
    pub(super) motion: Motion,
}

/// Places for the ways of fields that move others: one for each, one for all that move none, and
/// one that stays 0, of the fields that hold.
pub(super) const SLOTS: usize = KIND_MOVING_MAX + 2;
const SLOT_OF_NONE: usize = SLOTS - 2;
const SLOT_OF_HOLDS: usize = SLOTS - 1;

impl FieldPlan {
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
    LastTwo,
    /// The field, and whether it is known more finely than its value says.
    By {
        field: (usize, bool),
        slot: usize,
        per_step: i64,
    },
    Approach {
        field: (usize, bool),
        ratio: i64,
        keep: i64,
    },
    Along {
        ways: Box<[i32]>,
        angle: usize,
        angle_min: i32,
    },
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
    use crate::protocol::symbols::residual_models;

    pub(in super::super) const SKIPPED: usize = 0;
    pub(in super::super) const SKIPPED_LEN: usize = 4;
    pub(in super::super) const GIVEN: usize = SKIPPED + SKIPPED_LEN;
    pub(in super::super) const GIVEN_LEN: usize = 3;
    pub(in super::super) const MARGIN_CHANGED: usize = GIVEN + GIVEN_LEN;
    pub(in super::super) const MARGIN: usize = MARGIN_CHANGED + 1;
    pub(in super::super) const MARGIN_LEN: usize = residual_models(16);
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
        let number = |plans: &mut Vec<KindPlan>| {
            plans.iter_mut().zip(0..).for_each(|(plan, index)| plan.index = index);
        };
        let (mut entities, mut events): (Vec<KindPlan>, Vec<KindPlan>) = (entities, events);
        number(&mut entities);
        number(&mut events);
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
        holds_changed: layout.take(if moves { 2 } else { 0 }),
        named: layout.take(usize::from(named.is_some())),
    };
    let mut movers = if moves { movers(kind, tick_rate) } else { Vec::new() };
    for mover in &mut movers {
        mover.changed_models = layout.take(2);
    }
    let is_mover = |at: usize| movers.iter().any(|mover| usize::from(mover.at) == at);
    let holds: Vec<u8> =
        (0..kind.fields.len()).filter(|at| !is_mover(*at)).map(|at| at as u8).collect();
    // Fields that hold seldom change: their residuals share models.
    let mut held = None;
    let mut fields = Vec::with_capacity(kind.fields.len());
    for (at, field) in kind.fields.iter().enumerate() {
        let bits = field.bits();
        let tree_bits = (!is_mover(at) && bits <= TREE_BITS_MAX).then_some(bits);
        let changed_models = layout.take(if moves && !is_mover(at) { 2 } else { 0 });
        let residual = residual_models(bits);
        let (changes, begins) = match tree_bits {
            Some(bits) => {
                let tree = layout.span(1 << bits, 1);
                (tree, tree)
            }
            None if !moves => (Span::default(), layout.span(1 + residual, 1)),
            None if !is_mover(at) => {
                let held = *held.get_or_insert_with(|| layout.span(residual_models(32), 1));
                (held, layout.span(1 + residual, 2))
            }
            None => (layout.span(residual, 1), layout.span(1 + residual, 2)),
        };
        fields.push(FieldPlan {
            range: range(field),
            origin: origin(schema, kind, field, moves),
            tree_bits,
            changed_models,
            changes,
            fresh_further: if moves && tree_bits.is_none() { begins.len } else { 0 },
            begins,
        });
    }
    let order = holds.iter().copied().chain(movers.iter().map(|mover| mover.at)).collect();
    let holds_mask = holds.iter().map(|at| 1 << at).sum();
    let index = 0;
    KindPlan { index, is_event: !moves, fields, holds, holds_mask, movers, order, named, models }
}

fn range(field: &Field) -> Range {
    let span = i64::from(field.max) - i64::from(field.min);
    let turn = if field.wraps { span + 1 } else { 0 };
    Range { min: field.min, max: field.max, span: span.cast_unsigned(), turn }
}

/// The fields that move as they stand, but each after the one that it is predicted from.
fn movers(kind: &Kind, tick_rate: TickRate) -> Vec<Mover> {
    let mut movers: Vec<Mover> = Vec::new();
    let (mut slots, mut next_slot) = ([SLOT_OF_NONE; KIND_FIELDS_MAX], 0);
    for (at, field) in kind.fields.iter().enumerate() {
        let Some(needed) = field.predict.needs().map(usize::from) else { continue };
        if kind.fields[needed].predict == Predict::Hold {
            slots[needed] = SLOT_OF_HOLDS;
        } else if slots[needed] == SLOT_OF_NONE {
            slots[needed] = next_slot;
            next_slot += 1;
        }
        debug_assert_ne!(at, needed, "the schema was checked");
    }
    for at in 0..kind.fields.len() {
        let mut chain = vec![at];
        while let Some(needed) = kind.fields[chain[chain.len() - 1]].predict.needs() {
            chain.push(needed.into());
        }
        for at in chain.into_iter().rev() {
            let field = &kind.fields[at];
            if movers.iter().any(|mover| usize::from(mover.at) == at) {
                continue;
            }
            if let Some(motion) = motion(kind, field, &slots, tick_rate) {
                let slot = slots[at];
                let moves_others = slot != SLOT_OF_NONE;
                movers.push(Mover {
                    at: at as u8,
                    range: range(field),
                    slot,
                    moves_others,
                    changed_models: 0,
                    motion,
                });
            }
        }
    }
    movers
}

/// Whether a field is known more finely than its value says.
fn has_rest(kind: &Kind, at: usize) -> bool {
    !matches!(kind.fields[at].predict, Predict::Hold | Predict::LinearFromLastTwo)
}

/// `None` for a field that holds.
fn motion(
    kind: &Kind,
    field: &Field,
    slots: &[usize; KIND_FIELDS_MAX],
    tick_rate: TickRate,
) -> Option<Motion> {
    let hz = f64::from(tick_rate.hz());
    Some(match field.predict {
        Predict::Hold => return None,
        Predict::LinearFromLastTwo => Motion::LastTwo,
        Predict::LinearBy { field: by } => {
            let by = usize::from(by);
            let per_step = fixed(kind.fields[by].scale / (field.scale * hz));
            Motion::By { field: (by, has_rest(kind, by)), slot: slots[by], per_step }
        }
        Predict::Approach { field: goal, per_second } => {
            let goal = usize::from(goal);
            Motion::Approach {
                field: (goal, has_rest(kind, goal)),
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
    })
}

/// Where a field begins; `nears` says whether its kind moves, and so may be on its way to another
/// field.
fn origin(schema: &Schema, kind: &Kind, field: &Field, nears: bool) -> Origin {
    // The step nearest to nothing.
    let zero = 0.clamp(field.min, field.max);
    if let (Some((_, named)), Some(origin)) = (kind.named(), field.origin) {
        let of = &schema.entities[usize::from(named.kind)].fields[usize::from(origin)];
        let ratio = fixed(of.scale / field.scale);
        return Origin::Named { field: usize::from(origin), ratio, else_at: zero };
    }
    match field.predict {
        Predict::Approach { field: goal, .. } if nears => {
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
