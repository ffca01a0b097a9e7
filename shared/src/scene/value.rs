//! What types the fields of a kind may have, and the numbers that stand for their values.
//!
//! Used by what `#[derive(Row)]` and `#[derive(Event)]` write; `#[derive(FieldEnum)]` adds enums.

use crate::ids::{EntityId, PlayerId};

/// The unit of a field that is a player's id: the roster has its name.
pub const UNIT_PLAYER: &str = "player";
/// The unit of a field that is the id of an entity.
pub const UNIT_ENTITY: &str = "entity";

/// A type that a field of a row or an event may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a row or an event",
    label = "neither a number, nor a `bool`, an id or an enum of its own derive",
    note = "fields are `f32`, `f64`, `i8` to `i32`, `u8` to `u32`, `bool`, `PlayerId`, `EntityId`, or enums without fields with `#[derive(FieldEnum)]`"
)]
pub trait FieldValue: Sized {
    /// Lowest and highest number of a field that does not say its range; `None` for types that
    /// must, since all that they hold would be more than a field should have.
    const RANGE: Option<[i32; 2]>;
    /// The least number that stands for a value.
    const LEAST: f64;
    /// The greatest number that stands for a value.
    const MOST: f64;
    /// Whether it is a float.
    const IS_FLOAT: bool = false;
    /// The unit of a field that does not say one: `player` and `entity` for ids, by which a client that
    /// knows no game finds whose a row is. See [`UNIT_PLAYER`].
    const UNIT: &'static str = "";

    /// The number that stands for it.
    fn number(&self) -> f64;

    /// The value for which a number stands: the nearest that there is.
    fn of_number(number: f64) -> Self;
}

macro_rules! whole {
    ($($type:ty: $range:expr;)*) => {$(
        impl FieldValue for $type {
            const RANGE: Option<[i32; 2]> = $range;
            const LEAST: f64 = <$type>::MIN as f64;
            const MOST: f64 = <$type>::MAX as f64;

            #[inline]
            fn number(&self) -> f64 {
                f64::from(*self)
            }

            #[inline]
            fn of_number(number: f64) -> $type {
                number as $type
            }
        }
    )*};
}

whole! {
    u8: Some([0, u8::MAX as i32]);
    i8: Some([i8::MIN as i32, i8::MAX as i32]);
    u16: Some([0, u16::MAX as i32]);
    i16: Some([i16::MIN as i32, i16::MAX as i32]);
    u32: None;
    i32: None;
}

macro_rules! float {
    ($($type:ty)*) => {$(
        impl FieldValue for $type {
            const RANGE: Option<[i32; 2]> = None;
            const LEAST: f64 = <$type>::MIN as f64;
            const MOST: f64 = <$type>::MAX as f64;
            const IS_FLOAT: bool = true;

            #[inline]
            fn number(&self) -> f64 {
                f64::from(*self)
            }

            #[inline]
            fn of_number(number: f64) -> $type {
                number as $type
            }
        }
    )*};
}

float! { f32 f64 }

impl FieldValue for bool {
    const RANGE: Option<[i32; 2]> = Some([0, 1]);
    const LEAST: f64 = 0.0;
    const MOST: f64 = 1.0;

    #[inline]
    fn number(&self) -> f64 {
        f64::from(u8::from(*self))
    }

    #[inline]
    fn of_number(number: f64) -> bool {
        number != 0.0
    }
}

impl FieldValue for PlayerId {
    const RANGE: Option<[i32; 2]> = u16::RANGE;
    const LEAST: f64 = u16::LEAST;
    const MOST: f64 = u16::MOST;
    const UNIT: &'static str = UNIT_PLAYER;

    #[inline]
    fn number(&self) -> f64 {
        self.0.number()
    }

    #[inline]
    fn of_number(number: f64) -> PlayerId {
        PlayerId(u16::of_number(number))
    }
}

/// Ids from 2^31 on are more than a field holds: they are clamped.
impl FieldValue for EntityId {
    const RANGE: Option<[i32; 2]> = Some([0, i32::MAX]);
    const LEAST: f64 = 0.0;
    const MOST: f64 = u32::MOST;
    const UNIT: &'static str = UNIT_ENTITY;

    #[inline]
    fn number(&self) -> f64 {
        self.0.number()
    }

    #[inline]
    fn of_number(number: f64) -> EntityId {
        EntityId(u32::of_number(number))
    }
}
