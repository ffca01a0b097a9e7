//! Structs and enums that cannot be what they are derived to be.

use tickwire_game::prelude::*;

#[derive(Row)]
struct Empty {}

#[derive(Row)]
struct Pair(u8, u8);

#[derive(Row)]
enum Either {
    One,
    Other,
}

#[derive(Event)]
struct Of<T> {
    value: T,
}

#[derive(Row)]
#[row(place(x, height))]
struct Kite {
    x: u8,
    y: u8,
}

#[derive(Row)]
#[row(position(x, y))]
struct Ball {
    x: u8,
    y: u8,
}

#[derive(FieldEnum)]
enum Weapon {
    Sword,
    Bow { arrows: u8 },
}

#[derive(FieldEnum)]
enum Nothing {}

#[derive(FieldEnum)]
struct Colour {
    red: u8,
}

#[derive(Row)]
#[row(name = "a")]
#[row(name = "b")]
struct TwoNames {
    x: u8,
}

#[derive(FieldEnum)]
enum Numbered {
    Low = 10,
    High = 20,
}

fn main() {}
