//! Inputs from objects, as a page gives them.

use serde::{Deserialize, Serialize};
use test_games::dots::{Dots, Go};

use super::*;
use crate::value::Value;

fn packed(value: &impl Serialize) -> Vec<u8> {
    Value::pack(value).expect("it can be written")
}

/// Some fields of [`Go`], as an object.
#[derive(Default, Serialize, Deserialize)]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blink: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blick: Option<bool>,
}

fn some(x: Option<f64>, blink: Option<bool>) -> Vec<u8> {
    as_map(&Fields { x, blink, blick: None })
}

/// As JavaScript packs: it knows no structs.
fn as_map(some: &Fields) -> Vec<u8> {
    let mut bytes = packed(some);
    bytes[0] = 0xdf;
    bytes
}

fn take(input: &mut HeldInput<Dots>, ticks: std::ops::Range<u32>) -> Vec<(i8, bool)> {
    ticks.map(|tick| input.take(Tick(tick))).map(|go| (go.x, go.blink)).collect()
}

#[test]
fn what_is_left_out_is_as_in_the_default_and_what_is_held_is_held() {
    let mut input = HeldInput::<Dots>::new();
    assert_eq!(input.next(), Go::default());
    input.hold(&some(Some(-3.0), None), &[]).unwrap();
    assert_eq!(input.next(), Go { x: -3, y: 0, blink: false });
    input.hold(&some(None, Some(true)), &[]).unwrap();
    assert_eq!(take(&mut input, 1..3), [(0, true), (0, true)]);
    input.hold(&[], &[]).unwrap();
    assert_eq!(take(&mut input, 3..5), [(0, false), (0, false)]);
}

#[test]
fn a_tap_between_two_ticks_counts_for_one_of_them_with_what_is_held() {
    let mut input = HeldInput::<Dots>::new();
    input.hold(&some(Some(5.0), Some(true)), &[]).unwrap();
    input.hold(&some(Some(5.0), Some(false)), &[]).unwrap();
    assert_eq!(take(&mut input, 1..3), [(5, true), (5, false)]);
}

#[test]
fn what_is_pressed_counts_for_one_tick_and_goes_on_from_what_is_held() {
    let mut input = HeldInput::<Dots>::new();
    input.press(&some(None, Some(true))).unwrap();
    assert_eq!(take(&mut input, 1..3), [(0, true), (0, false)], "of nobody who holds anything");
    input.hold(&some(Some(5.0), None), &[]).unwrap();
    input.press(&some(Some(7.0), Some(true))).unwrap();
    assert_eq!(take(&mut input, 3..6), [(7, true), (5, false), (5, false)]);
}

#[test]
fn what_a_stick_points_at_counts_as_held_and_no_flicker_of_it_as_presses() {
    let mut input = HeldInput::<Dots>::new();
    let (on, off) = (some(None, Some(true)), some(None, None));
    for _ in 0..9 {
        input.hold(&[], &on).unwrap();
        input.hold(&[], &off).unwrap();
    }
    input.hold(&[], &on).unwrap();
    assert_eq!(take(&mut input, 1..4), [(0, true); 3]);
}

#[test]
fn who_is_away_gives_the_default_until_something_is_held_again() {
    let mut input = HeldInput::<Dots>::new();
    input.hold(&some(Some(5.0), Some(true)), &[]).unwrap();
    input.release();
    assert_eq!(take(&mut input, 1..3), [(0, false); 2]);
    input.hold(&some(Some(5.0), Some(true)), &[]).unwrap();
    assert_eq!(take(&mut input, 3..4), [(5, true)]);
    input.restart();
    assert_eq!(take(&mut input, 1..2), [(5, true)], "another room, the same hands");
}

#[test]
fn what_is_no_input_is_said_where_it_is_wrong_and_what_was_held_is_held_on() {
    let mut input = HeldInput::<Dots>::new();
    input.hold(&some(Some(5.0), None), &[]).unwrap();
    let blick = as_map(&Fields { blick: Some(true), ..Fields::default() });
    let mut wrong = |bytes: &[u8]| input.hold(bytes, &[]).unwrap_err().to_string();
    assert_eq!(wrong(&blick), "blick: there is no such field, only x, y, blink");
    let half = wrong(&some(Some(0.5), None));
    assert_eq!(half, "x: invalid type: floating point `0.5`, expected i8");
    assert_eq!(wrong(&some(Some(400.0), None)), "x: invalid value: integer `400`, expected i8");
    assert_eq!(wrong(&[0xdf, 0, 0, 0, 1]), "it is not packed");
    assert_eq!(wrong(&packed(&3)), "invalid type: floating point `3.0`, expected struct Go");
    assert_eq!(take(&mut input, 1..2), [(5, false)]);
}
