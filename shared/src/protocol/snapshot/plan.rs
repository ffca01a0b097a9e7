//! The plan of a kind: in which order its fields are coded, by which whole numbers they are
//! predicted, and by which models.
//!
//! Made once for a codec, from the schema and the tick rate alone. A cosine or an exponential is
//! rounded to 1/65536: both ends take it from the same library, and one that is right to a
//! billionth gives the same unless it falls on a half.

use std::mem::discriminant;

use super::layout::{Layout, Span};
use crate::limits::{KIND_FIELDS_MAX, KIND_MOVING_MAX};
use crate::protocol::models::{Model, choice};
use crate::protocol::symbols::{fresh_residual_models, fresh_value_models};
use crate::scene::{Axis, Field, Kind, Predict, Reference, Schema};
use crate::tick::TickRate;

/// One kind, ready for the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct KindPlan {
    /// Where it stands in the schema.
    pub(super) index: u8,
    pub(super) is_event: bool,
    pub(super) fields: Vec<FieldPlan>,
    /// The fields that hold their values until others are sent.
    pub(super) holds: Vec<u8>,
    /// Those of them that move others, and where their deltas are noted.
    pub(super) held_slots: Vec<(u8, u8)>,
    /// Those that move, each after the one that it is predicted from.
    pub(super) moving_fields: Vec<MovingField>,
    /// In which order fields are coded: those that hold, then those that move. In masks of fields
    /// the bits stand in that order.
    pub(super) order: Vec<u8>,
    /// The field that names another row, and which.
    pub(super) named: Option<(usize, Reference)>,
    /// Whether other rows or events name its rows.
    pub(super) is_named: bool,
    pub(super) groups: [Group; 3],
    pub(super) models: KindModels,
}

impl KindPlan {
    /// Which groups have fields in a mask.
    pub(super) fn shape(&self, mask: u32) -> u32 {
        let bit = |group: usize| u32::from(mask & self.groups[group].mask != 0) << group;
        bit(PACED) | bit(MOVED) | bit(HELD)
    }

    /// The models of the shape of a row whose fields of the mask `was` had residuals last time.
    pub(super) fn shape_models(&self, was: u32) -> usize {
        let paced = was & self.groups[PACED].mask != 0;
        self.models.shape + 8 * usize::from(paced)
    }
}

/// Where a kind's own models are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KindModels {
    /// Whether a row is not as expected; one for rows that were so last time, one for the others.
    pub(super) has_residual: usize,
    /// Which groups of its fields have residuals, or that it is gone: two sets of eight, by whether
    /// a field that goes on by its last two values had one last time.
    pub(super) shape: usize,
    /// Whether a new row names one that is known.
    pub(super) named: usize,
}

/// Fields that tend to have residuals together: those that hold, those that go on by their last two
/// values, those that another field moves.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// A bit for each field, by its number in the order of the plan.
    pub(super) mask: u32,
    /// Each field by that number, and the models of whether it has a residual: one for fields that
    /// had one last time, one for the others.
    pub(super) members: Vec<(u8, usize)>,
}

/// The groups by their bits in a shape.
pub(super) const PACED: usize = 0;
pub(super) const MOVED: usize = 1;
pub(super) const HELD: usize = 2;

/// One field, ready for the stream.
#[derive(Clone, Debug)]
pub(super) struct FieldPlan {
    pub(super) range: Range,
    /// How many bits its range takes.
    pub(super) bits: u32,
    /// Of how many bits its residuals in known rows may be.
    pub(super) change_bits: u32,
    /// Whether the field is coded as one of a few values instead of by its residual; then how
    /// many bits that takes.
    pub(super) few_bits: Option<u32>,
    /// From where it begins in a new row.
    pub(super) origin: RowOrigin,
    /// For its residuals in known rows, or its values if it has few.
    pub(super) changes: Span,
    /// For where it begins in a new row: whether it has a residual from its origin, then which.
    /// Where that depends on another row, two sets one after the other, of old rows and of fresh
    /// ones.
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
pub(super) struct MovingField {
    pub(super) at: u8,
    /// Where its delta is noted for the fields that are moved by it; [`SLOT_OF_NONE`] if none is.
    pub(super) slot: u8,
    pub(super) range: Range,
    pub(super) motion: Motion,
}

/// Slots for the deltas of fields that move others.
pub(super) const SLOTS: usize = KIND_MOVING_MAX;
/// No slot.
const SLOT_OF_NONE: u8 = SLOTS as u8;

impl FieldPlan {
    pub(super) fn begins_at(&self, fresh: bool) -> usize {
        self.begins.at + if fresh { self.fresh_further } else { 0 }
    }
}

/// How a field moves on by one tick, in 1/65536 of a step.
#[derive(Clone, Debug)]
pub(super) enum Motion {
    LastTwo,
    /// By, or towards, the field whose delta is noted in `slot`.
    By {
        slot: u8,
        per_step: i64,
    },
    Approach {
        slot: u8,
        ratio: i64,
        keep: i64,
    },
    Along {
        deltas: DeltaTable,
        angle: u8,
        angle_min: i32,
    },
}

/// How far a field moves in a tick in the direction of an angle, by its steps above the lowest.
#[derive(Clone, Debug)]
pub(super) struct DeltaTable {
    /// Of the lowest angles; a hostile schema could ask for tables without measure.
    table: Box<[i32]>,
    /// In this field's units.
    per_second: f64,
    /// How many of its steps a unit a second is in a tick, inverted.
    divisor: f64,
    axis: Axis,
    radians_per_step: f64,
    angle_min: i32,
}

impl DeltaTable {
    #[inline]
    pub(super) fn at(&self, steps: u32) -> i32 {
        self.table.get(steps as usize).copied().unwrap_or_else(|| self.compute(steps))
    }

    fn compute(&self, steps: u32) -> i32 {
        if steps >= WAYS_MAX {
            return 0;
        }
        let radians = (f64::from(self.angle_min) + f64::from(steps)) * self.radians_per_step;
        let part = if self.axis == Axis::X { libm::cos(radians) } else { libm::sin(radians) };
        fixed(self.per_second * part / self.divisor) as i32
    }
}

/// Where a field of a new row begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum RowOrigin {
    /// At a fixed step.
    At(i32),
    /// At the value of a field of the row that is named, times a ratio in 1/65536; at a fixed
    /// step if none is.
    Named { field: usize, ratio: i64, else_at: i32 },
    /// At the value of a field of the same row, times a ratio: a velocity that has reached what
    /// it nears.
    Same { field: usize, ratio: i64 },
}

/// Rows of no more fields that move are stepped once for all viewers who know them alike.
pub(super) const MOVERS_SHARED_MAX: usize = 6;

/// Fields of so few bits are coded as one of their values, each learned for itself.
const FEW_BITS_MAX: u32 = 6;
/// Angles of more steps above the lowest than this lead nowhere.
const WAYS_MAX: u32 = 1 << 16;

/// Makes the next plan after `plans`, of a kind of entity or of event: events do not move.
pub(super) fn plan_kind(
    schema: &Schema,
    plans: &[KindPlan],
    is_entity: bool,
    tick_rate: TickRate,
    layout: &mut Layout,
) -> KindPlan {
    let index = plans.len();
    let kinds = if is_entity { &schema.entities } else { &schema.events };
    let kind = &kinds[index];
    let slots = slots(kind);
    let moving_fields =
        if is_entity { moving_fields(kind, &slots, tick_rate, layout) } else { Vec::new() };
    let is_mover = |at: u8| moving_fields.iter().any(|moving| moving.at == at);
    let holds: Vec<u8> = (0..kind.fields.len() as u8).filter(|at| !is_mover(*at)).collect();
    let held_slots = holds.iter().map(|&at| (at, slots[usize::from(at)]));
    let held_slots = held_slots.filter(|(_, slot)| is_entity && *slot != SLOT_OF_NONE).collect();
    let order: Vec<u8> =
        holds.iter().copied().chain(moving_fields.iter().map(|moving| moving.at)).collect();
    let named = kind.named();
    let mut models = KindModels::default();
    if is_entity {
        models.has_residual = layout.take(2);
        models.shape = layout.take_all((0..2).flat_map(|_| choice::fresh(8)).collect()).at;
    }
    if named.is_some() {
        models.named = layout.take(1);
    }
    let groups = groups(holds.len() as u8, &moving_fields, is_entity, layout);
    let mut fields: Vec<FieldPlan> = Vec::with_capacity(kind.fields.len());
    // Fields that hold seldom change: their residuals share models, whatever their ranges.
    let mut held = None;
    let held_bits = holds.iter().map(|at| kind.fields[usize::from(*at)].bits()).max().unwrap_or(0);
    for at in 0..kind.fields.len() {
        let field = &kind.fields[at];
        let is_mover = is_mover(at as u8);
        let bits = field.bits();
        let few_bits = (!is_mover && bits <= FEW_BITS_MAX).then_some(bits);
        // Fields that are alike, as x and y are, learn together.
        let like = (0..at).find(|&other| alike(&kind.fields[other], field));
        let like = like.map(|other| &fields[other]);
        // So do those of all events, which are few.
        let mut earlier =
            kinds.iter().zip(plans).flat_map(|(kind, plan)| kind.fields.iter().zip(&plan.fields));
        let like =
            like.or_else(|| Some(earlier.find(|(other, _)| !is_entity && alike(other, field))?.1));
        let origin = origin(schema, kind, field, is_entity);
        let sets = if is_entity && matches!(origin, RowOrigin::Named { .. }) { 2 } else { 1 };
        let (changes, begins) = match (like, few_bits) {
            (Some(like), _) => (like.changes, like.begins),
            (None, Some(bits)) => {
                let values = layout.take_all(fresh_value_models(bits));
                (values, values)
            }
            (None, None) => {
                let changes = match (is_entity, is_mover) {
                    (false, _) => Span::default(),
                    (true, true) => layout.take_all(fresh_residual_models(bits)),
                    (true, false) => *held
                        .get_or_insert_with(|| layout.take_all(fresh_residual_models(held_bits))),
                };
                let set = || [Model::NEW].into_iter().chain(fresh_residual_models(bits));
                let begins = layout.take_all((0..sets).flat_map(|_| set()).collect());
                (changes, Span { len: begins.len / sets, ..begins })
            }
        };
        fields.push(FieldPlan {
            range: range(field),
            bits,
            change_bits: if is_mover { bits } else { held_bits },
            few_bits,
            origin,
            changes,
            fresh_further: if few_bits.is_none() { (sets - 1) * begins.len } else { 0 },
            begins,
        });
    }
    let index = index as u8;
    let (is_event, is_named) = (!is_entity, false);
    KindPlan {
        index,
        is_event,
        fields,
        holds,
        held_slots,
        moving_fields,
        order,
        named,
        is_named,
        groups,
        models,
    }
}

fn alike(one: &Field, other: &Field) -> bool {
    let sort = |field: &Field| (field.min, field.max, field.wraps, field.origin.is_some());
    sort(one) == sort(other)
        && one.scale == other.scale
        && discriminant(&one.predict) == discriminant(&other.predict)
        && one.names == other.names
}

/// By their numbers in the order of the plan: so many hold, then come those that move.
fn groups(
    holds: u8,
    moving_fields: &[MovingField],
    is_entity: bool,
    layout: &mut Layout,
) -> [Group; 3] {
    let numbered = || moving_fields.iter().zip(holds..);
    let goes_by_last_two = |moving: &MovingField| matches!(moving.motion, Motion::LastTwo);
    let paced: Vec<u8> =
        numbered().filter(|(moving, _)| goes_by_last_two(moving)).map(|it| it.1).collect();
    let moved: Vec<u8> =
        numbered().filter(|(moving, _)| !goes_by_last_two(moving)).map(|it| it.1).collect();
    let holds: Vec<u8> = (0..holds).collect();
    [paced, moved, holds].map(|fields| Group {
        mask: fields.iter().map(|nth| 1 << nth).sum(),
        // A field that is alone in its group has a residual when the group has.
        members: fields
            .iter()
            .map(|&nth| (nth, if is_entity && fields.len() > 1 { layout.take(2) } else { 0 }))
            .collect(),
    })
}

fn range(field: &Field) -> Range {
    let span = i64::from(field.max) - i64::from(field.min);
    let turn = if field.wraps { span + 1 } else { 0 };
    Range { min: field.min, max: field.max, span: span.cast_unsigned(), turn }
}

/// The slot of each field's delta.
fn slots(kind: &Kind) -> [u8; KIND_FIELDS_MAX] {
    let (mut slots, mut next) = ([SLOT_OF_NONE; KIND_FIELDS_MAX], 0);
    for field in &kind.fields {
        let Some(needed) = field.predict.needs().map(usize::from) else { continue };
        if slots[needed] == SLOT_OF_NONE {
            slots[needed] = next;
            next += 1;
        }
    }
    debug_assert!(usize::from(next) <= SLOTS, "the schema was checked");
    slots
}

/// The fields that move as they stand, but each after the one that it is predicted from.
fn moving_fields(
    kind: &Kind,
    slots: &[u8; KIND_FIELDS_MAX],
    tick_rate: TickRate,
    layout: &mut Layout,
) -> Vec<MovingField> {
    let mut moving_fields: Vec<MovingField> = Vec::new();
    for at in 0..kind.fields.len() {
        let mut chain = vec![at];
        while let Some(needed) = kind.fields[chain[chain.len() - 1]].predict.needs() {
            chain.push(needed.into());
        }
        for at in chain.into_iter().rev() {
            let field = &kind.fields[at];
            if moving_fields.iter().any(|moving| usize::from(moving.at) == at) {
                continue;
            }
            if let Some(motion) = motion(kind, field, slots, tick_rate, layout) {
                moving_fields.push(MovingField {
                    at: at as u8,
                    slot: slots[at],
                    range: range(field),
                    motion,
                });
            }
        }
    }
    moving_fields
}

/// `None` for a field that holds.
fn motion(
    kind: &Kind,
    field: &Field,
    slots: &[u8; KIND_FIELDS_MAX],
    tick_rate: TickRate,
    layout: &mut Layout,
) -> Option<Motion> {
    let hz = f64::from(tick_rate.hz());
    Some(match field.predict {
        Predict::Hold => return None,
        Predict::LinearFromLastTwo => Motion::LastTwo,
        Predict::LinearBy { field: by } => {
            let by = usize::from(by);
            let per_step = fixed(kind.fields[by].scale / (field.scale * hz));
            Motion::By { slot: slots[by], per_step }
        }
        Predict::Approach { field: goal, per_second } => {
            let goal = usize::from(goal);
            Motion::Approach {
                slot: slots[goal],
                ratio: fixed(kind.fields[goal].scale / field.scale),
                keep: fixed(libm::exp(-per_second / hz)),
            }
        }
        Predict::Along { angle, per_second, axis } => {
            let def = &kind.fields[usize::from(angle)];
            let mut deltas = DeltaTable {
                table: Box::default(),
                per_second,
                divisor: field.scale * hz,
                axis,
                radians_per_step: def.scale,
                angle_min: def.min,
            };
            let steps = (i64::from(def.max) - i64::from(def.min) + 1).min(WAYS_MAX.into());
            deltas.table =
                (0..layout.take_ways(steps as u32)).map(|at| deltas.compute(at)).collect();
            Motion::Along { deltas, angle, angle_min: def.min }
        }
    })
}

/// Where a field begins; `nears` says whether its kind moves, and so may be on its way to another
/// field.
fn origin(schema: &Schema, kind: &Kind, field: &Field, nears: bool) -> RowOrigin {
    // The step nearest to nothing.
    let zero = 0.clamp(field.min, field.max);
    if let (Some((_, named)), Some(origin)) = (kind.named(), field.origin) {
        let of = &schema.entities[usize::from(named.kind)].fields[usize::from(origin)];
        let ratio = fixed(of.scale / field.scale);
        return RowOrigin::Named { field: usize::from(origin), ratio, else_at: zero };
    }
    match field.predict {
        Predict::Approach { field: goal, .. } if nears => {
            let ratio = fixed(kind.fields[usize::from(goal)].scale / field.scale);
            RowOrigin::Same { field: usize::from(goal), ratio }
        }
        _ => RowOrigin::At(zero),
    }
}

/// In 1/65536, to the nearest; what is too large is as large as can be reckoned with.
fn fixed(value: f64) -> i64 {
    const MOST: f64 = (1_i64 << 40) as f64;
    libm::rint(value * 65_536.0).clamp(-MOST, MOST) as i64
}
