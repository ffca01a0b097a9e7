//! Rows and events as structs: what their attributes say, and that what is written is read again.

use proptest::prelude::*;
use tickwire_game::prelude::*;
use tickwire_game::scene::{Axis, FieldValue, Kinded, Predict, Reference};

const WIDTH: f32 = 20.0;
const STEP: f64 = 1.0 / 64.0;
const BITS: u8 = 10;
const UNIT: &str = "m";

mod colours {
    use tickwire_game::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, FieldEnum)]
    pub(crate) enum Colour {
        Red,
        Green,
        Blue,
    }
}

use colours::Colour;

/// All that an attribute can say, with constants of a game in it.
#[derive(Clone, Debug, PartialEq, Row)]
#[row(name = "hero", place(x, y))]
struct Runner {
    #[field(range = -WIDTH..=WIDTH, step = STEP, unit = UNIT, moves_by = vx)]
    x: f32,
    #[field(range = -WIDTH..=WIDTH, step = STEP, approach(vx, per_second = WIDTH))]
    y: f64,
    #[field(range = -8..=8, step = 0.5, linear)]
    vx: f32,
    #[field(along(aim, per_second = 3, axis = y), range = 0.0..=1.0, step = 0.1)]
    far: f32,
    #[field(angle, bits = BITS, hold)]
    aim: f32,
    #[field(range = 0..=100, step = 5)]
    health: u8,
    #[field(range = i32::MIN..=i32::MAX)]
    r#type: i32,
    colour: Colour,
    is_it: bool,
    player: PlayerId,
    target: EntityId,
    #[field(names = Self::player, origin = Self::x)]
    prey: u16,
    small: i8,
}

#[derive(Clone, Copy, Debug, PartialEq, Event)]
struct GameOver;

#[derive(Clone, Copy, Debug, PartialEq, Event)]
#[event(place(x, y))]
struct Tagged {
    #[field(range = -20..=20, step = STEP, origin = Runner::x)]
    x: f32,
    #[field(range = -20..=20, step = STEP, origin = Runner::y)]
    y: f32,
    #[field(names = Runner::player)]
    by: PlayerId,
}

fn schema() -> Schema {
    Schema::new().row::<Runner>().event::<GameOver>().event::<Tagged>()
}

#[test]
fn a_schema_says_what_the_attributes_say() {
    let schema = schema();
    assert_eq!(schema.check(), Ok(()));
    let [hero] = &schema.entities[..] else { panic!("one kind of entity") };
    assert_eq!((hero.name.as_str(), hero.place), ("hero", Some([0, 1])));
    let field = |name: &str| hero.fields.iter().find(|field| field.name == name).unwrap();
    let x = field("x");
    assert_eq!((x.min, x.max, x.scale, x.unit.as_str()), (-1280, 1280, STEP, "m"));
    assert_eq!(x.predict, Predict::LinearBy { field: 2 });
    assert_eq!(field("y").predict, Predict::Approach { field: 2, per_second: 20.0 });
    assert_eq!(field("vx").predict, Predict::LinearFromLastTwo);
    let along = Predict::Along { angle: 4, per_second: 3.0, axis: Axis::Y };
    assert_eq!(field("far").predict, along);
    let aim = field("aim");
    assert_eq!((aim.max, aim.unit.as_str(), aim.wraps), (1023, "rad", true));
    assert_eq!(aim.predict, Predict::Hold);
    assert_eq!((field("health").max, field("health").scale), (20, 5.0));
    assert_eq!((field("type").min, field("type").bits()), (i32::MIN, 32));
    let last = |name| (field(name).min, field(name).max);
    assert_eq!([last("colour"), last("is_it")], [(0, 2), (0, 1)]);
    assert_eq!([last("player"), last("target")], [(0, 65_535), (0, i32::MAX)]);
    assert_eq!(last("small"), (-128, 127));
    assert_eq!(field("prey").names, Some(Reference { kind: 0, field: 9 }));
    assert_eq!(field("prey").origin, Some(0));
    let names: Vec<_> = schema.events.iter().map(|kind| kind.name.as_str()).collect();
    assert_eq!(names, ["game_over", "tagged"]);
    assert_eq!(schema.events[1].fields[1].origin, Some(1));
    assert_eq!(schema.events[1].fields[2].names, Some(Reference { kind: 0, field: 9 }));
}

#[derive(Row)]
struct Stray {
    #[field(names = Runner::player)]
    of: PlayerId,
}

#[test]
#[should_panic(expected = "`stray` names `hero`: add that to the schema before it")]
fn a_kind_that_is_named_must_stand_before() {
    let _ = Schema::new().row::<Stray>().row::<Runner>();
}

#[test]
#[should_panic(expected = "two kinds that are called `hero`")]
fn no_two_kinds_have_one_name() {
    let _ = schema().row::<Runner>();
}

#[test]
#[should_panic(expected = "Stray is not in the game's schema: add `.row::<Stray>()`")]
fn a_kind_that_is_not_in_the_schema_is_said_to_be_missing() {
    let _ = schema().kinds().index::<Stray>();
}

#[test]
fn of_a_number_that_no_variant_has_the_nearest_is_read() {
    let read = [-7.0, 0.0, 1.0, 2.0, 3.0, f64::INFINITY].map(Colour::of_number);
    let [red, green, blue] = [Colour::Red, Colour::Green, Colour::Blue];
    assert_eq!(read, [red, red, green, blue, blue, blue]);
}

fn steps<T: Kinded>(row: &T) -> Vec<i32> {
    let mut steps = vec![0; T::FIELDS.len()];
    row.quantise(&mut steps);
    steps
}

fn runner() -> impl Strategy<Value = Runner> {
    let place = (-25.0..25.0_f32, -25.0..25.0_f64, -9.0..9.0_f32, -0.5..1.5_f32);
    let rest = (-20.0..20.0_f32, any::<u8>(), any::<i32>(), 0..3_usize, any::<bool>());
    let ids = (any::<u16>(), any::<u32>(), any::<u16>(), any::<i8>());
    (place, rest, ids).prop_map(|((x, y, vx, far), rest, (player, target, prey, small))| {
        let (aim, health, r#type, colour, is_it) = rest;
        let colour = [Colour::Red, Colour::Green, Colour::Blue][colour];
        let (player, target) = (PlayerId(player), EntityId(target));
        Runner { x, y, vx, far, aim, health, r#type, colour, is_it, player, target, prey, small }
    })
}

fn near(value: f64, read: f64, [low, high]: [f64; 2], step: f64) -> bool {
    (value.clamp(low, high) - read).abs() <= step * 0.500_001
}

proptest! {
    #[test]
    fn what_is_written_is_read_to_half_a_step(runner in runner()) {
        let read = Runner::read(&steps(&runner)).expect("there is a step for each field");
        let f = f64::from;
        prop_assert!(near(f(runner.x), f(read.x), [-20.0, 20.0], STEP));
        prop_assert!(near(runner.y, read.y, [-20.0, 20.0], STEP));
        prop_assert!(near(f(runner.vx), f(read.vx), [-8.0, 8.0], 0.5));
        prop_assert!(near(f(runner.far), f(read.far), [0.0, 1.0], 0.1));
        prop_assert!(near(runner.health.into(), read.health.into(), [0.0, 100.0], 5.0));
        let turned = f(runner.aim - read.aim).rem_euclid(std::f64::consts::TAU);
        let off = turned.min(std::f64::consts::TAU - turned);
        prop_assert!(off <= 0.500_1 * std::f64::consts::TAU / 1024.0, "{off}");
        let target = EntityId(runner.target.0.min(i32::MAX as u32));
        let Runner { r#type, colour, is_it, player, prey, small, .. } = runner;
        prop_assert_eq!(&read, &Runner { r#type, colour, is_it, player, target, prey, small, ..read.clone() });
        // What was read is written as it came.
        prop_assert_eq!(steps(&read), steps(&runner));
    }

    #[test]
    fn any_steps_are_read(mut values in proptest::collection::vec(any::<i32>(), 13..=13)) {
        prop_assert!(Runner::read(&values).is_some());
        values.pop();
        prop_assert!(Runner::read(&values).is_none());
    }

    #[test]
    fn numbers_are_given_as_they_are(runner in runner()) {
        let mut numbers = Vec::new();
        runner.numbers(|number| numbers.push(number));
        prop_assert_eq!(numbers.len(), Runner::FIELDS.len());
        prop_assert_eq!((numbers[0], numbers[5]), (f64::from(runner.x), f64::from(runner.health)));
        let written: Vec<_> =
            Runner::FIELDS.iter().zip(numbers).map(|(field, number)| field.quantise(number)).collect();
        prop_assert_eq!(written, steps(&runner));
    }
}
