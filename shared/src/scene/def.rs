//! What `#[derive(Row)]` and `#[derive(Event)]` write: a kind's fields as constants, tied to a struct.
//!
//! A game fills scenes and reads rows by such structs alone; the [`Schema`](super::Schema) made of
//! them is what everything else goes by. What types a field may have is in `value`.

use super::schema::{Field, Kind, Predict, Reference};
use super::value::FieldValue;

/// A struct whose fields are those of a kind, in their order. `#[derive(Row)]` and
/// `#[derive(Event)]` make it; there is no reason to write it by hand.
pub trait Kinded: Sized + 'static {
    /// What the kind is called in the schema.
    const NAME: &'static str;
    /// What the fields are called.
    const FIELD_NAMES: &'static [&'static str];
    /// Range, step, unit and motion of each field.
    const FIELDS: &'static [FieldDef];
    /// Which two fields say where it is (x, y), if it has a place.
    const PLACE: Option<[u8; 2]>;
    /// Whether it is a kind of event; else it is one of entity.
    const IS_EVENT: bool;

    /// Puts down the steps that stand for it, one for each field.
    ///
    /// # Panics
    /// When `steps` are not as many as the fields.
    fn quantise(&self, steps: &mut [i32]);

    /// Gives the values of all fields in their units, unrounded.
    fn numbers(&self, each: impl FnMut(f64));

    /// What so many steps stand for; `None` unless there is one for each field.
    fn read(steps: &[i32]) -> Option<Self>;
}

/// A kind of entity: a struct with `#[derive(Row)]`.
///
/// ```
/// use tickwire_game::prelude::*;
///
/// #[derive(Row)]
/// #[row(place(x, y))]
/// struct Runner {
///     #[field(range = -20.0..=20.0, step = 1.0 / 64.0, unit = "m", moves_by = vx)]
///     x: f32,
///     #[field(range = -20.0..=20.0, step = 1.0 / 64.0, unit = "m", moves_by = vy)]
///     y: f32,
///     #[field(range = -8.0..=8.0, step = 1.0 / 16.0)]
///     vx: f32,
///     #[field(range = -8.0..=8.0, step = 1.0 / 16.0)]
///     vy: f32,
///     #[field(angle, bits = 10)]
///     aim: f32,
///     player: PlayerId,
///     is_it: bool,
///     #[field(range = 0..=100)]
///     health: u8,
/// }
///
/// let schema = Schema::new().row::<Runner>();
/// assert_eq!(schema.check(), Ok(()));
/// ```
///
/// | on the struct | |
/// |---|---|
/// | `#[row(place(x, y))]` | two of its fields say where it is: viewers are sent what is near |
/// | `#[row(name = "ship")]` | what the kind is called, else the struct's name in snake case |
///
/// | on a field | |
/// |---|---|
/// | `range = low..=high` | both ends included; `f32`, `f64`, `i32` and `u32` must have one; constants may stand in it |
/// | `step = 1.0 / 64.0` | how fine it is sent; `f32` and `f64` must say so |
/// | `angle, bits = 10` | in radians, a turn in 2^10 steps; it wraps |
/// | `unit = "m"` | for people; ids have `player` or `entity` |
/// | `hold` | keeps its value until the next one; so do whole numbers, `bool`s and enums |
/// | `linear` | moves on as it did between its last two values; so do floats and angles |
/// | `moves_by = vx` | moves by another field, the velocity in its unit per second |
/// | `approach(wx, per_second = 4.0)` | nears another field: [`Predict::Approach`] |
/// | `along(aim, per_second = 30.0, axis = x)` | flies along an angle: [`Predict::Along`] |
/// | `names = Ship::player` | has the value that this field has in a row of that kind: whose a bolt is |
/// | `origin = Ship::x` | begins at or near that field of the row named |
///
/// A field may be an `f32`, `f64`, `i8` to `i32`, `u8` to `u32`, `bool`, a
/// [`PlayerId`](crate::ids::PlayerId), an [`EntityId`](crate::ids::EntityId) below 2^31, or an enum
/// with `#[derive(FieldEnum)]`. Values outside of the range are clamped, or wrapped.
///
/// What cannot be does not compile: a type that is no field,
///
/// ```compile_fail,E0277
/// # use tickwire_game::prelude::*;
/// #[derive(Row)]
/// struct Team {
///     members: [PlayerId; 4],
/// }
/// ```
///
/// a range beyond what the type holds,
///
/// ```compile_fail,E0080
/// # use tickwire_game::prelude::*;
/// #[derive(Row)]
/// struct Tower {
///     #[field(range = 0..=1000)]
///     health: u8,
/// }
/// ```
///
/// more steps than 32 bits can count,
///
/// ```compile_fail,E0080
/// # use tickwire_game::prelude::*;
/// #[derive(Row)]
/// struct Comet {
///     #[field(range = -1.0e9..=1.0e9, step = 0.001)]
///     x: f64,
/// }
/// ```
///
/// or a field of another kind that is not there.
///
/// ```compile_fail,E0080
/// # use tickwire_game::prelude::*;
/// #[derive(Row)]
/// struct Ship {
///     player: PlayerId,
/// }
///
/// #[derive(Row)]
/// struct Bolt {
///     #[field(names = Ship::owner)]
///     owner: PlayerId,
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of entity",
    label = "needs `#[derive(Row)]`",
    note = "a struct with `#[derive(Row)]` is a kind of entity; add it to the game's schema: `.row::<{Self}>()`"
)]
pub trait Row: Kinded {}

/// A kind of event: a struct with `#[derive(Event)]`. Attributes are as for [`Row`], but for
/// `#[event(…)]` in the place of `#[row(…)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of event",
    label = "needs `#[derive(Event)]`",
    note = "a struct with `#[derive(Event)]` is a kind of event; add it to the game's schema: `.event::<{Self}>()`"
)]
pub trait Event: Kinded {}

/// One field of a kind. All of it is known at compile time.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    min: i32,
    max: i32,
    unit: &'static str,
    scale: f64,
    wraps: bool,
    predict: Predict,
    /// A kind of entity by its name, and the index of its field.
    names: Option<(&'static str, u8)>,
    origin: Option<u8>,
}

/// The whole number nearest to one, halves away from zero; of what is far beyond 32 bits, itself.
const fn nearest(value: f64) -> f64 {
    if value.abs() > 1e15 {
        return value;
    }
    (if value < 0.0 { value - 0.5 } else { value + 0.5 }) as i64 as f64
}

/// What the derives write: not for authors of games.
#[doc(hidden)]
impl FieldDef {
    /// A whole number from `min` to `max`, both included, that keeps its value until the next.
    const fn whole(min: i32, max: i32) -> FieldDef {
        FieldDef {
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

    /// Of a type whose range is known.
    #[must_use]
    pub const fn of<T: FieldValue>() -> FieldDef {
        match T::RANGE {
            Some([min, max]) => FieldDef::whole(min, max).unit(T::UNIT),
            None => panic!("a field of this type needs a range: `#[field(range = low..=high)]`"),
        }
    }

    /// From `low` to `high`, both included, in steps of `step`. A float moves on as it did, anything
    /// else keeps its value.
    #[must_use]
    pub const fn within<T: FieldValue>(low: f64, high: f64, step: f64) -> FieldDef {
        assert!(FieldDef::has_steps(low, high, step));
        let (min, max) = (nearest(low / step), nearest(high / step));
        let predict = if T::IS_FLOAT { Predict::LinearFromLastTwo } else { Predict::Hold };
        let whole = FieldDef::whole(min as i32, max as i32).unit(T::UNIT);
        FieldDef { scale: step, predict, ..whole }
    }

    /// Whether there is a step from `low` to `high`, and 32 bits hold them.
    #[must_use]
    pub const fn has_steps(low: f64, high: f64, step: f64) -> bool {
        step > 0.0
            && low <= high
            && nearest(low / step) >= i32::MIN as f64
            && nearest(high / step) <= i32::MAX as f64
    }

    /// Whether a type holds all from `low` to `high`.
    #[must_use]
    pub const fn holds<T: FieldValue>(low: f64, high: f64) -> bool {
        T::LEAST <= low && high <= T::MOST
    }

    /// Whether a type is a float.
    #[must_use]
    pub const fn is_float<T: FieldValue>() -> bool {
        T::IS_FLOAT
    }

    /// An angle in radians, of which a full turn has `2^bits` steps (at most 30).
    #[must_use]
    pub const fn angle(bits: u32) -> FieldDef {
        assert!(bits <= 30, "an angle has at most 30 bits");
        let steps = 1_i32 << bits;
        FieldDef {
            unit: "rad",
            scale: std::f64::consts::TAU / steps as f64,
            wraps: true,
            predict: Predict::LinearFromLastTwo,
            ..FieldDef::whole(0, steps - 1)
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

    /// The same, naming a row: that of kind `T` whose `field` has the same value, as the owner of a
    /// bolt names a ship. A new row or an event that names one which the viewer knows is cheaper.
    #[must_use]
    pub const fn names<T: Row>(self, field: u8) -> FieldDef {
        FieldDef { names: Some((T::NAME, field)), ..self }
    }

    /// The same, beginning at or near the value that `field` has in the row that this one names:
    /// where a bolt starts is where its ship is.
    #[must_use]
    pub const fn origin(self, field: u8) -> FieldDef {
        FieldDef { origin: Some(field), ..self }
    }

    /// Where a field stands in a kind of entity.
    #[must_use]
    pub const fn index_of<T: Row>(name: &str) -> Option<u8> {
        let mut at = 0;
        while at < T::FIELD_NAMES.len() {
            if is_same(T::FIELD_NAMES[at], name) {
                return Some(at as u8);
            }
            at += 1;
        }
        None
    }

    /// The nearest step to `value`, within the range: wrapped if the field wraps, else clamped;
    /// not-a-number becomes the step nearest to 0.
    #[must_use]
    #[inline]
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
    #[inline]
    pub fn value(&self, step: i32) -> f64 {
        f64::from(step) * self.scale
    }
}

/// Equality of texts, at compile time.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The kind that a struct stands for, as the schema has it, after the kinds of `entities`.
///
/// # Panics
/// When it names a kind that is neither among those nor itself.
pub(super) fn describe<T: Kinded>(entities: &[Kind]) -> Kind {
    describe_as(&Described::of::<T>(), entities)
}

/// What a struct says of itself: as values, so that what is made of it is compiled once.
struct Described {
    name: &'static str,
    is_event: bool,
    field_names: &'static [&'static str],
    fields: &'static [FieldDef],
    place: Option<[u8; 2]>,
}

impl Described {
    fn of<T: Kinded>() -> Described {
        Described {
            name: T::NAME,
            is_event: T::IS_EVENT,
            field_names: T::FIELD_NAMES,
            fields: T::FIELDS,
            place: T::PLACE,
        }
    }
}

#[inline(never)]
fn describe_as(kind: &Described, entities: &[Kind]) -> Kind {
    let reference = |(named, field): (&'static str, u8)| {
        let own = (!kind.is_event && kind.name == named).then_some(entities.len());
        let at = entities.iter().position(|entity| entity.name == named).or(own);
        let at = at.unwrap_or_else(|| {
            panic!("`{}` names `{named}`: add that to the schema before it", kind.name)
        });
        Reference { kind: at as u8, field }
    };
    let fields = kind.field_names.iter().zip(kind.fields).map(|(name, def)| Field {
        name: (*name).to_owned(),
        min: def.min,
        max: def.max,
        unit: def.unit.to_owned(),
        scale: def.scale,
        wraps: def.wraps,
        predict: def.predict,
        names: def.names.map(reference),
        origin: def.origin,
    });
    Kind { name: kind.name.to_owned(), fields: fields.collect(), place: kind.place }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: FieldDef = FieldDef::within::<f32>(-16.0, 16.0, 1.0 / 32.0);
    const AIM: FieldDef = FieldDef::angle(10);

    #[test]
    fn both_ends_of_a_range_are_in_it_though_a_step_divides_them_inexactly() {
        let field = FieldDef::within::<f32>(-0.3, 0.3, 0.1);
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
