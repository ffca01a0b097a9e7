//! [`Codec`]: a schema made ready for the stream, shared by all streams of a room.

use bincode::{Decode, Encode};

use crate::scene::{Schema, SchemaError};
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
}

impl Codec {
    /// A codec for scenes of `schema` at `tick_rate`.
    ///
    /// # Errors
    /// When the schema cannot be used.
    pub fn new(schema: Schema, tick_rate: TickRate, coding: Coding) -> Result<Codec, SchemaError> {
        schema.check()?;
        Ok(Codec { schema, tick_rate, coding })
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
}
