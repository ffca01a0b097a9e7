//! Inputs of a game that is known by its schema alone: how the schema describes them, and what some are.

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tests::real::{Node, Python, say};
use tests::vectors::hex;
use tickwire_game::protocol::WIRE;
use tickwire_host::room::input_shape;

use super::compare;

/// Of each sort that an input can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Every {
    jump: bool,
    none: (),
    bytes: (u8, i8),
    short: [i16; 2],
    #[serde(rename = "wide")]
    large: (u16, u32, i32, u64, i64),
    aim: Option<f32>,
    far: f64,
    weapon: Weapon,
    class: Option<Class>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Weapon {
    #[default]
    None,
    Bolt(i8),
    Beam {
        from: i64,
        wide: bool,
    },
    Mine(u32, f64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Class {
    #[default]
    Light,
    Heavy,
}

fn inputs() -> [Every; 4] {
    let exact = 1_i64 << 53;
    [
        Every::default(),
        Every {
            jump: true,
            bytes: (255, -128),
            short: [-1, 300],
            large: (251, 65_536, -70_000, exact as u64 - 1, 1 - exact),
            aim: Some(-1.5),
            far: 1e-300,
            weapon: Weapon::Bolt(-3),
            class: Some(Class::Heavy),
            ..Every::default()
        },
        Every {
            large: (250, 250, 125, 1 << 40, -(1 << 40)),
            weapon: Weapon::Beam { from: -126, wide: true },
            class: Some(Class::Light),
            ..Every::default()
        },
        Every {
            large: (u16::MAX, u32::MAX, i32::MIN, 252, -65_537),
            aim: Some(0.0),
            weapon: Weapon::Mine(7, -0.25),
            ..Every::default()
        },
    ]
}

#[test]
fn inputs_stand_as_they_always_stood() {
    let shape = input_shape::<Every>();
    assert!(!shape.nodes.is_empty());
    let encoded = bincode::encode_to_vec(&shape, WIRE).expect("a Vec takes all");
    let mut text = format!("inputs 1\nschema {}\n", hex(&encoded));
    for input in inputs() {
        let encoded = bincode::serde::encode_to_vec(input, WIRE).expect("a Vec takes all");
        let json = serde_json::to_string(&input).expect("it has JSON");
        writeln!(text, "input {} {json}", hex(&encoded)).expect("a String takes all");
    }
    compare("inputs.txt", &text);
}

#[test]
fn other_clients_read_and_write_the_same_inputs() {
    let count = inputs().len();
    let expected = format!("{count} inputs read and written as they should be\n");
    if let Some(node) = Node::find() {
        let (status, printed) = node.run("../tests/golden/inputs.mjs", &[]);
        assert!(status.success() && printed == expected, "{status}: {printed}");
    }
    if let Some(python) = Python::find() {
        let (status, printed) = python.run(&["check.py", "--inputs"], Duration::ZERO);
        assert!(status.success() && printed == expected, "{status}: {printed}");
    }
    say(&expected);
}
