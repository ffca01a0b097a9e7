//! Fields that cannot be sent as they are declared.

use tickwire_game::prelude::*;

#[derive(Row)]
struct NoRange {
    x: f32,
}

#[derive(Row)]
struct NoStep {
    #[field(range = -1.0..=1.0)]
    x: f32,
}

#[derive(Row)]
struct WideOpen {
    points: i32,
}

#[derive(Row)]
struct HalfOpen {
    #[field(range = 0..100)]
    health: u8,
}

#[derive(Row)]
struct NotARange {
    #[field(range = 100)]
    health: u8,
}

#[derive(Row)]
struct Unknown {
    #[field(min = 0)]
    health: u8,
}

#[derive(Row)]
struct NoVelocity {
    #[field(range = -1.0..=1.0, step = 0.1, moves_by = vz)]
    x: f32,
}

#[derive(Row)]
struct Circle {
    #[field(range = -1.0..=1.0, step = 0.1, moves_by = y)]
    x: f32,
    #[field(range = -1.0..=1.0, step = 0.1, moves_by = x)]
    y: f32,
}

#[derive(Row)]
struct TwoWays {
    #[field(range = -1.0..=1.0, step = 0.1, hold, linear)]
    x: f32,
}

#[derive(Row)]
struct NoBits {
    #[field(angle)]
    aim: f32,
}

#[derive(Row)]
struct WholeAngle {
    #[field(angle, bits = 8)]
    aim: u8,
}

#[derive(Row)]
struct BitsAlone {
    #[field(bits = 8)]
    aim: u8,
}

#[derive(Row)]
struct NoRate {
    #[field(range = -1.0..=1.0, step = 0.1, approach(y))]
    x: f32,
    #[field(range = -1.0..=1.0, step = 0.1)]
    y: f32,
}

#[derive(Row)]
struct NoAxis {
    #[field(range = -1.0..=1.0, step = 0.1, along(aim, per_second = 2.0, axis = z))]
    x: f32,
    #[field(angle, bits = 8)]
    aim: f32,
}

#[derive(Event)]
struct NamesNoField {
    #[field(names = NoBits)]
    by: PlayerId,
}

#[derive(Event)]
struct LostOrigin {
    #[field(range = -1.0..=1.0, step = 0.1, origin = NoBits::aim)]
    x: f32,
}

#[derive(Row)]
struct TooLarge {
    at: u64,
}

#[derive(Row)]
struct Texts {
    name: String,
}

#[derive(Row)]
struct MayBeMissing {
    target: Option<EntityId>,
}

#[derive(Row)]
struct RangedBool {
    #[field(range = 0..=1)]
    is_it: bool,
}

#[derive(Row)]
struct SaidTwice {
    #[field(range = 0..=10, range = 0..=20)]
    health: u8,
}

fn main() {}
