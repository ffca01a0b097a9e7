//! [`Codec`]: a schema made ready for the stream, shared by all streams of a room.
//!
//! It owns what follows from the schema and the tick rate alone, and keeps nothing of any one
//! stream. Encoders and decoders read it with every message; `plan` and `layout` make it.

use super::Picture;
use super::layout::{Layout, shared_models as at};
use super::plan::{KindPlan, MOVERS_SHARED_MAX, plan_kind};
use crate::limits::{SNAPSHOT_EVENTS_MAX, SNAPSHOT_INPUTS_MAX};
use crate::protocol::models::Model;
use crate::protocol::symbols::{fresh_value_models, value_models};
use crate::scene::{Field, Kind, Reference, Schema, SchemaError};
use crate::tick::TickRate;

/// Whether this is compiled for a page, where each kilobyte is waited for.
const IS_PAGE: bool = cfg!(all(target_family = "wasm", target_os = "unknown"));

/// How the symbols of a stream become bytes. On the wire they are always range coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As plain bits, of which one can tell by eye what they say: for tests, golden vectors, and to
    /// measure what range coding saves. In a page there is none.
    Plain,
    /// By an adaptive range coder: the fewest bytes.
    Range,
}

/// What both ends of a stream know before it begins.
#[derive(Clone, Debug)]
pub struct Codec {
    schema: Schema,
    tick_rate: TickRate,
    coding: Coding,
    pub(super) entities: Vec<KindPlan>,
    pub(super) events: Vec<KindPlan>,
    pub(super) entity_kind_bits: u32,
    pub(super) event_kind_bits: u32,
    /// The models of a stream as each keyframe finds them.
    models: Vec<Model>,
    /// The most bits that the dearest row and the dearest event can take.
    row_bits_max: usize,
    event_bits_max: usize,
    /// What fields name, each once.
    pub(super) references: Vec<Reference>,
    /// Whether rows are such that viewers can share what is found of them.
    pub(super) may_share: bool,
}

impl Codec {
    /// A codec for scenes of `schema` at `tick_rate`.
    ///
    /// # Errors
    /// When the schema cannot be used.
    pub fn new(schema: Schema, tick_rate: TickRate, coding: Coding) -> Result<Codec, SchemaError> {
        debug_assert!(coding == Coding::Range || !IS_PAGE, "a page has no plain coding");
        schema.check()?;
        let entity_kind_bits = kind_bits(&schema.entities);
        let event_kind_bits = kind_bits(&schema.events);
        let mut layout = Layout::new();
        layout.take_all(fresh_value_models(entity_kind_bits));
        layout.take_all(fresh_value_models(event_kind_bits));
        let mut plan = |kinds: &[Kind], moves: bool| -> Vec<KindPlan> {
            let mut plans = Vec::with_capacity(kinds.len());
            for _ in kinds {
                plans.push(plan_kind(&schema, &plans, moves, tick_rate, &mut layout));
            }
            plans
        };
        let (mut entities, events) = (plan(&schema.entities, true), plan(&schema.events, false));
        let models = layout.into_models();
        let mut references: Vec<Reference> = Vec::new();
        for (_, named) in entities.iter().chain(&events).filter_map(|plan| plan.named) {
            if !references.contains(&named) {
                references.push(named);
            }
        }
        for named in &references {
            entities[usize::from(named.kind)].is_named = true;
        }
        let may_share = entities.iter().all(|plan| plan.moving_fields.len() <= MOVERS_SHARED_MAX);
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
            references,
            may_share,
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

    /// How symbols become bytes. In a page always as on the wire, so that no other way need be loaded.
    #[must_use]
    #[inline]
    pub fn coding(&self) -> Coding {
        if IS_PAGE { Coding::Range } else { self.coding }
    }

    /// Puts the models of a stream back to where each keyframe finds them.
    pub(super) fn restart(&self, models: &mut Vec<Model>) {
        models.clone_from(&self.models);
    }

    /// More bytes than a snapshot of a picture can have, if `rows` is the sum of the rows known
    /// and of those visible.
    pub(super) fn most_bytes(&self, rows: usize, picture: &Picture<'_>) -> usize {
        let own = picture
            .player
            .map_or(0, |player| 2 * player.own.map_or(0, <[u8]>::len) + 2 * SNAPSHOT_INPUTS_MAX);
        let events = picture.events.len().min(SNAPSHOT_EVENTS_MAX);
        128 + own + (rows * self.row_bits_max + events * self.event_bits_max) / 8
    }

    /// Where the models of the kinds of entity are.
    pub(super) fn entity_kind_models(&self) -> usize {
        at::LEN
    }

    /// Where the models of the kinds of event are.
    pub(super) fn event_kind_models(&self) -> usize {
        at::LEN + value_models(self.entity_kind_bits)
    }
}

/// How many bits the index of one of `kinds` takes.
fn kind_bits(kinds: &[Kind]) -> u32 {
    usize::BITS - kinds.len().saturating_sub(1).leading_zeros()
}

/// How many bits a row of one of `kinds` can take, at twelve for the dearest of those that learn.
fn dearest(kinds: &[Kind]) -> usize {
    const COUNT_BITS: usize = 33 * 8 + 32;
    const ROW_BITS: usize = 12 * 12 + 2 * COUNT_BITS;
    let field = |field: &Field| 12 * 5 + 8 * 2 + field.bits() as usize;
    let bits = |kind: &Kind| ROW_BITS + kind.fields.iter().map(field).sum::<usize>();
    kinds.iter().map(bits).max().unwrap_or(0)
}
