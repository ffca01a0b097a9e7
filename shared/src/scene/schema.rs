//! What a game's rows mean: kinds of entity and of event, and their fields.
//!
//! A game declares its kinds as structs ([`Row`], [`Event`]); the schema made of them is sent at join,
//! so that a client of any language can decode any game.

use bincode::{Decode, Encode};

use super::def::{Event, Kinded, Row, describe};
use super::input::InputShape;
use super::kinds::Kinds;
use crate::limits::{KIND_FIELDS_MAX, KIND_MOVING_MAX, SCHEMA_KINDS_MAX};

/// How a field moves between two snapshots: what a client draws in between, and what a codec
/// expects next. What comes as expected costs next to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub enum Predict {
    /// It keeps its value until another is sent; never interpolated.
    Hold,
    /// It moves on as it did between its last two values; interpolated.
    LinearFromLastTwo,
    /// It moves by another field of the same kind, the velocity in this field's units per
    /// second; interpolated.
    LinearBy {
        /// Index of that field.
        field: u8,
    },
    /// It nears another field of the same kind, in the same unit: of what is missing,
    /// `1 - exp(-per_second / tick rate)` is made up in each tick. A velocity that nears the one
    /// steered at, for example; interpolated.
    Approach {
        /// Index of that field.
        field: u8,
        /// How fast, per second.
        per_second: f64,
    },
    /// It moves on at a fixed speed in the direction of an angle of the same kind, in radians;
    /// interpolated.
    Along {
        /// Index of the angle.
        angle: u8,
        /// How fast, in this field's units per second.
        per_second: f64,
        /// Which part of the way is this field's.
        axis: Axis,
    },
}

/// One of the two directions of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Axis {
    /// The cosine of an angle.
    X,
    /// Its sine.
    Y,
}

/// What a field names: the row of a kind of entity in which another field has the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Reference {
    /// Index of the kind of entity.
    pub kind: u8,
    /// Index of its field.
    pub field: u8,
}

/// One field as the schema has it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Field {
    /// What it is called.
    pub name: String,
    /// Lowest step.
    pub min: i32,
    /// Highest step.
    pub max: i32,
    /// Its unit, for people; may be empty.
    pub unit: String,
    /// How much of the unit one step is.
    pub scale: f64,
    /// Whether the step after `max` is `min`.
    pub wraps: bool,
    /// How it moves.
    pub predict: Predict,
    /// Which row it names, if it does.
    pub names: Option<Reference>,
    /// At or near which field of the row named (by the first field of its kind that names one)
    /// it begins.
    pub origin: Option<u8>,
}

impl Field {
    /// How many bits a step takes on the wire: enough for `max - min`.
    #[must_use]
    pub fn bits(&self) -> u32 {
        32 - self.max.wrapping_sub(self.min).cast_unsigned().leading_zeros()
    }

    /// The value that a step stands for, in the field's unit.
    #[must_use]
    pub fn value(&self, step: i32) -> f64 {
        f64::from(step) * self.scale
    }
}

/// One kind as the schema has it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Kind {
    /// What it is called.
    pub name: String,
    /// Its fields, in the order of a row's values.
    pub fields: Vec<Field>,
    /// Which two fields say where it is (x, y), if it has a place.
    pub place: Option<[u8; 2]>,
}

impl Kind {
    /// Where a row of this kind is, in the game's units.
    #[must_use]
    pub fn place(&self, values: &[i32]) -> Option<[f64; 2]> {
        let at = self.place?;
        Some(at.map(|index| self.fields[usize::from(index)].value(values[usize::from(index)])))
    }
}

/// What a game's rows and events mean.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Schema {
    /// Kinds of entity; a row's kind is an index into them.
    pub entities: Vec<Kind>,
    /// Kinds of event; an event's kind is an index into them.
    pub events: Vec<Kind>,
    /// How an input is encoded; known of a schema that a room sends.
    pub input: InputShape,
    kinds: Kinds,
}

/// Why a schema cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// More kinds than [`SCHEMA_KINDS_MAX`], fields than [`KIND_FIELDS_MAX`], or fields that
    /// others are predicted from than [`KIND_MOVING_MAX`].
    #[error("too many kinds or fields")]
    TooMany,
    /// A field's `min` lies above its `max`.
    #[error("the range of a field is empty")]
    EmptyRange,
    /// Fields are predicted from each other in a circle.
    #[error("fields are predicted from each other in a circle")]
    Circle,
    /// A field's scale or rate is not a positive finite number.
    #[error("a scale or rate is not a positive number")]
    Scale,
    /// A place or a velocity names a field that is not there.
    #[error("a field that is not there is referred to")]
    NoSuchField,
    /// It is not that of the game which is to be played, though name and rules are.
    #[error("the server's schema is not this game's: `RULES` must rise when it changes")]
    OtherGame,
    /// The description of the input is no tree, or beyond its limits.
    #[error("the input is described wrongly")]
    Input,
}

impl Schema {
    /// An empty schema, to which kinds are added: a kind's index is its place among them.
    #[must_use]
    pub fn new() -> Schema {
        Schema::default()
    }

    /// One of these kinds, which no structs stand for: for code that goes by the schema alone.
    #[must_use]
    pub fn of_kinds(entities: Vec<Kind>, events: Vec<Kind>) -> Schema {
        Schema { entities, events, ..Schema::default() }
    }

    /// Adds the next kind of entity.
    ///
    /// # Panics
    /// When there is one of that name, or when it names one which is neither before it nor itself: a
    /// mistake of the game's, found the first time that it runs.
    #[must_use]
    pub fn row<R: Row>(mut self) -> Schema {
        let kind = self.next::<R>();
        self.entities.push(kind);
        self
    }

    /// Adds the next kind of event.
    ///
    /// # Panics
    /// As [`Schema::row`].
    #[must_use]
    pub fn event<E: Event>(mut self) -> Schema {
        let kind = self.next::<E>();
        self.events.push(kind);
        self
    }

    fn next<T: Kinded>(&mut self) -> Kind {
        self.refuse_twice(T::NAME, T::IS_EVENT);
        self.kinds.push::<T>();
        describe::<T>(&self.entities)
    }

    fn refuse_twice(&self, name: &str, is_event: bool) {
        let kinds = if is_event { &self.events } else { &self.entities };
        let is_new = kinds.iter().all(|kind| kind.name != name);
        assert!(is_new, "the schema has two kinds that are called `{name}`");
    }

    /// The same with this description of the input.
    #[must_use]
    pub fn with_input(self, input: InputShape) -> Schema {
        Schema { input, ..self }
    }

    /// Whether rows and events mean the same in both.
    #[must_use]
    pub fn has_kinds_of(&self, other: &Schema) -> bool {
        self.entities == other.entities && self.events == other.events
    }

    /// Which structs stand for its kinds: none of a schema from the wire.
    #[must_use]
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Whether it can be used: a schema from the wire must be checked before it is.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self) -> Result<(), SchemaError> {
        for kinds in [&self.entities, &self.events] {
            if kinds.len() > SCHEMA_KINDS_MAX {
                return Err(SchemaError::TooMany);
            }
            for kind in kinds {
                kind.check()?;
                kind.check_references(&self.entities)?;
            }
        }
        self.input.check()
    }
}

impl Predict {
    /// Which field of the same kind must be known before this one.
    pub(crate) fn needs(self) -> Option<u8> {
        match self {
            Predict::Hold | Predict::LinearFromLastTwo => None,
            Predict::LinearBy { field } | Predict::Approach { field, .. } => Some(field),
            Predict::Along { angle, .. } => Some(angle),
        }
    }
}

impl Kind {
    fn check(&self) -> Result<(), SchemaError> {
        if self.fields.len() > KIND_FIELDS_MAX {
            return Err(SchemaError::TooMany);
        }
        let has = |index: u8| usize::from(index) < self.fields.len();
        if self.place.is_some_and(|[x, y]| !has(x) || !has(y)) {
            return Err(SchemaError::NoSuchField);
        }
        for field in &self.fields {
            if field.min > field.max {
                return Err(SchemaError::EmptyRange);
            }
            if !(field.scale.is_finite() && field.scale > 0.0) {
                return Err(SchemaError::Scale);
            }
            if field.predict.needs().is_some_and(|index| !has(index)) {
                return Err(SchemaError::NoSuchField);
            }
            if let Predict::Approach { per_second, .. } | Predict::Along { per_second, .. } =
                field.predict
                && !(per_second.is_finite() && per_second > 0.0)
            {
                return Err(SchemaError::Scale);
            }
        }
        let moves_others =
            |at: u8| self.fields.iter().any(|field| field.predict.needs() == Some(at));
        if (0..self.fields.len() as u8).filter(|at| moves_others(*at)).count() > KIND_MOVING_MAX {
            return Err(SchemaError::TooMany);
        }
        for start in &self.fields {
            let mut next = start.predict.needs();
            for _ in 0..self.fields.len() {
                next = next.and_then(|index| self.fields[usize::from(index)].predict.needs());
            }
            if next.is_some() {
                return Err(SchemaError::Circle);
            }
        }
        Ok(())
    }

    fn check_references(&self, entities: &[Kind]) -> Result<(), SchemaError> {
        let has = |kind: u8, field: u8| {
            let kind = entities.get(usize::from(kind));
            kind.is_some_and(|kind| usize::from(field) < kind.fields.len())
        };
        for field in &self.fields {
            if field.names.is_some_and(|named| !has(named.kind, named.field)) {
                return Err(SchemaError::NoSuchField);
            }
            if let Some(origin) = field.origin
                && !self.named().is_some_and(|(_, named)| has(named.kind, origin))
            {
                return Err(SchemaError::NoSuchField);
            }
        }
        Ok(())
    }

    /// Its first field that names a row, and which.
    #[must_use]
    pub fn named(&self) -> Option<(usize, Reference)> {
        self.fields.iter().enumerate().find_map(|(at, field)| Some((at, field.names?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Row;

    #[derive(Row)]
    #[row(place(x, aim))]
    struct Thing {
        #[field(range = -16.0..=16.0, step = 1.0 / 32.0)]
        x: f32,
        #[field(angle, bits = 10)]
        aim: f32,
    }

    #[derive(Row)]
    struct Three {
        #[field(range = -16.0..=16.0, step = 1.0 / 32.0)]
        a: f32,
        #[field(range = -16.0..=16.0, step = 1.0 / 32.0)]
        b: f32,
        #[field(range = -16.0..=16.0, step = 1.0 / 32.0)]
        c: f32,
    }

    #[test]
    fn a_field_takes_the_bits_of_its_range() {
        let bits = |min, max| {
            let field = Field {
                name: "".into(),
                min,
                max,
                unit: "".into(),
                scale: 1.0,
                wraps: false,
                predict: Predict::Hold,
                names: None,
                origin: None,
            };
            field.bits()
        };
        assert_eq!(bits(5, 5), 0);
        assert_eq!(bits(0, 1), 1);
        assert_eq!(bits(-512, 512), 11);
        assert_eq!(bits(i32::MIN, i32::MAX), 32);
    }

    #[test]
    fn a_schema_from_the_wire_is_checked() {
        let schema = Schema::new().row::<Thing>();
        assert_eq!(schema.check(), Ok(()));
        let mut wrong = schema.clone();
        wrong.entities[0].place = Some([0, 2]);
        assert_eq!(wrong.check(), Err(SchemaError::NoSuchField));
        let mut wrong = schema.clone();
        wrong.entities[0].fields[0].scale = f64::NAN;
        assert_eq!(wrong.check(), Err(SchemaError::Scale));
        let mut wrong = schema;
        wrong.entities[0].fields[1].max = -1;
        assert_eq!(wrong.check(), Err(SchemaError::EmptyRange));
    }

    #[test]
    fn fields_may_need_and_name_each_other_but_not_in_a_circle_or_what_is_not_there() {
        let schema = Schema::new().row::<Three>();
        let with = |change: fn(&mut [Field])| {
            let mut schema = schema.clone();
            change(&mut schema.entities[0].fields);
            schema.check()
        };
        let by = |field| Predict::LinearBy { field };
        assert_eq!(with(|fields| fields[0].predict = Predict::LinearBy { field: 2 }), Ok(()));
        assert_eq!(
            with(|fields| fields[0].predict = Predict::LinearBy { field: 0 }),
            Err(SchemaError::Circle)
        );
        let mut round = schema.clone();
        for (field, other) in round.entities[0].fields.iter_mut().zip([1, 2, 0]) {
            field.predict = by(other);
        }
        assert_eq!(round.check(), Err(SchemaError::Circle));
        let slow = |fields: &mut [Field]| {
            fields[1].predict = Predict::Approach { field: 0, per_second: 0.0 };
        };
        assert_eq!(with(slow), Err(SchemaError::Scale));
        let name = |fields: &mut [Field]| fields[1].names = Some(Reference { kind: 0, field: 2 });
        assert_eq!(with(name), Ok(()));
        let nobody = |fields: &mut [Field]| fields[1].names = Some(Reference { kind: 1, field: 0 });
        assert_eq!(with(nobody), Err(SchemaError::NoSuchField));
        assert_eq!(with(|fields| fields[0].origin = Some(0)), Err(SchemaError::NoSuchField));
        let both = |fields: &mut [Field]| {
            fields[1].names = Some(Reference { kind: 0, field: 2 });
            fields[0].origin = Some(1);
        };
        assert_eq!(with(both), Ok(()));
    }
}
