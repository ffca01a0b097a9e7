//! How a game declares its kinds: constants that carry their fields, so that a row of another
//! length does not compile.
//!
//! Used by games to fill scenes and read rows; the [`Schema`](super::Schema) made of them is what
//! everything else goes by.

use std::marker::PhantomData;

use super::rows::RowRef;
use super::schema::{Field, Kind, Predict, Reference};
use crate::limits::KIND_FIELDS_MAX;

/// Declares one field of a kind. All of it is known at compile time.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    name: &'static str,
    min: i32,
    max: i32,
    unit: &'static str,
    scale: f64,
    wraps: bool,
    predict: Predict,
    names: Option<Reference>,
    origin: Option<u8>,
}

/// The whole number nearest to one, halves away from zero; of what is far beyond 32 bits, itself.
const fn nearest(value: f64) -> f64 {
    if value.abs() > 1e15 {
        return value;
    }
    (if value < 0.0 { value - 0.5 } else { value + 0.5 }) as i64 as f64
}

impl FieldDef {
    /// A whole number from `min` to `max`, both included, that keeps its value until told
    /// otherwise.
    #[must_use]
    pub const fn whole(name: &'static str, min: i32, max: i32) -> FieldDef {
        assert!(min <= max, "the range of a field is empty");
        FieldDef {
            name,
            min,
            max,
            unit: "",
            scale: 1.0,
            wraps: false,
            predict: Predict::Hold,
            names: None,
            origin: None,
        }
    }

    /// A quantity from `low` to `high`, both included, in steps of `scale`, that moves smoothly.
    #[must_use]
    pub const fn moving(name: &'static str, low: f64, high: f64, scale: f64) -> FieldDef {
        assert!(scale > 0.0 && low <= high, "the range of a field is empty");
        let (min, max) = (nearest(low / scale), nearest(high / scale));
        assert!(min >= i32::MIN as f64 && max <= i32::MAX as f64, "more than 32 bits");
        FieldDef {
            scale,
            predict: Predict::LinearFromLastTwo,
            ..FieldDef::whole(name, min as i32, max as i32)
        }
    }

    /// An angle in radians, of which a full turn has `2^bits` steps (at most 30).
    #[must_use]
    pub const fn angle(name: &'static str, bits: u32) -> FieldDef {
        assert!(bits <= 30, "more than 30 bits");
        let steps = 1_i32 << bits;
        FieldDef {
            unit: "rad",
            scale: std::f64::consts::TAU / steps as f64,
            wraps: true,
            predict: Predict::LinearFromLastTwo,
            ..FieldDef::whole(name, 0, steps - 1)
        }
    }

    /// The same with the name of its unit, for people.
    #[must_use]
    pub const fn unit(self, unit: &'static str) -> FieldDef {
        FieldDef { unit, ..self }
    }

    /// The same with another way to move.
    #[must_use]
    pub const fn predict(self, predict: Predict) -> FieldDef {
        FieldDef { predict, ..self }
    }

    /// The same, naming a row: that of entity kind `kind` whose `field` has the same value, as
    /// the owner of a bolt names a ship. A new row or an event that names one which the viewer
    /// knows is cheaper.
    #[must_use]
    pub const fn names(self, kind: u8, field: u8) -> FieldDef {
        FieldDef { names: Some(Reference { kind, field }), ..self }
    }

    /// The same, beginning at or near the value that `field` has in the row that this one names:
    /// where a bolt starts is where its ship is.
    #[must_use]
    pub const fn origin(self, field: u8) -> FieldDef {
        FieldDef { origin: Some(field), ..self }
    }

    /// The nearest step to `value`, within the range: wrapped if the field wraps, else clamped;
    /// not-a-number becomes the step nearest to 0.
    #[must_use]
    pub fn quantise(&self, value: f64) -> i32 {
        // Rounding half to even is one instruction on every target; `round` is not.
        let steps = libm::rint(value / self.scale);
        let (min, max) = (i64::from(self.min), i64::from(self.max));
        // A cast from float saturates, and takes not-a-number to 0.
        let steps = steps as i64;
        let kept = if self.wraps {
            // Far outside of any range only for broken values, which may land anywhere.
            min + steps.saturating_sub(min).rem_euclid(max - min + 1)
        } else {
            steps.clamp(min, max)
        };
        kept as i32
    }

    /// The value that a step stands for, in the field's unit.
    #[must_use]
    pub fn value(&self, step: i32) -> f64 {
        f64::from(step) * self.scale
    }
}

/// Marks a [`KindDef`] as a kind of entity.
#[derive(Clone, Copy, Debug)]
pub enum OfEntity {}
/// Marks a [`KindDef`] as a kind of event.
#[derive(Clone, Copy, Debug)]
pub enum OfEvent {}

/// A kind of entity with `N` fields: `const SHIP: EntityKind<3> = EntityKind::new(0, "ship", [...])`.
pub type EntityKind<const N: usize> = KindDef<N, OfEntity>;
/// A kind of event with `N` fields.
pub type EventKind<const N: usize> = KindDef<N, OfEvent>;

/// Declares a kind and its `N` fields, so that rows of another length do not compile.
#[derive(Clone, Copy, Debug)]
pub struct KindDef<const N: usize, Of> {
    index: u8,
    name: &'static str,
    fields: [FieldDef; N],
    place: Option<[u8; 2]>,
    of: PhantomData<Of>,
}

impl<const N: usize, Of> KindDef<N, Of> {
    /// The kind that stands at `index` in its list in the schema.
    #[must_use]
    pub const fn new(index: u8, name: &'static str, fields: [FieldDef; N]) -> Self {
        assert!(N <= KIND_FIELDS_MAX, "too many fields");
        KindDef { index, name, fields, place: None, of: PhantomData }
    }

    /// The same, placed in the world by two of its fields: interest goes by them.
    #[must_use]
    pub const fn at(self, x: u8, y: u8) -> Self {
        assert!((x as usize) < N && (y as usize) < N, "no such field");
        KindDef { place: Some([x, y]), ..self }
    }

    /// Where the kind stands in its list.
    #[must_use]
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// The values of a row of this kind, in the fields' units; `None` for a row of another kind.
    #[must_use]
    pub fn read(&self, row: RowRef<'_>) -> Option<[f64; N]> {
        if row.kind != self.index || row.values.len() != N {
            return None;
        }
        Some(std::array::from_fn(|i| self.fields[i].value(row.values[i])))
    }

    /// The steps that stand for `values`.
    #[must_use]
    pub fn quantise(&self, values: [f64; N]) -> [i32; N] {
        std::array::from_fn(|i| self.fields[i].quantise(values[i]))
    }

    /// Whether rows of this kind have a place.
    #[must_use]
    pub const fn has_place(&self) -> bool {
        self.place.is_some()
    }

    /// The kind as the schema has it, and where it stands.
    pub(super) fn describe(&self) -> (u8, Kind) {
        let fields = self.fields.iter().map(|def| Field {
            name: def.name.to_owned(),
            min: def.min,
            max: def.max,
            unit: def.unit.to_owned(),
            scale: def.scale,
            wraps: def.wraps,
            predict: def.predict,
            names: def.names,
            origin: def.origin,
        });
        let kind = Kind { name: self.name.to_owned(), fields: fields.collect(), place: self.place };
        (self.index, kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: FieldDef = FieldDef::moving("x", -16.0, 16.0, 1.0 / 32.0);
    const AIM: FieldDef = FieldDef::angle("aim", 10);

    #[test]
    fn both_ends_of_a_range_are_in_it_though_a_step_divides_them_inexactly() {
        let field = FieldDef::moving("x", -0.3, 0.3, 0.1);
        assert_eq!((field.min, field.max), (-3, 3));
    }

    #[test]
    fn a_value_outside_the_range_is_clamped() {
        assert_eq!(X.quantise(1.0), 32);
        assert_eq!(X.quantise(99.0), 512);
        assert_eq!(X.quantise(f64::NEG_INFINITY), -512);
        assert_eq!(X.quantise(f64::NAN), 0);
    }

    #[test]
    fn an_angle_wraps() {
        let turn = std::f64::consts::TAU;
        assert_eq!(AIM.quantise(0.25 * turn), 256);
        assert_eq!(AIM.quantise(-0.25 * turn), 768);
        assert_eq!(AIM.quantise(turn), 0);
        assert_eq!(AIM.quantise(f64::INFINITY), AIM.quantise(f64::INFINITY));
    }
}
