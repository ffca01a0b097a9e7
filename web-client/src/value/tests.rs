//! Values of all kinds, there and back, and their leaves.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct All {
    flag: bool,
    small: i8,
    large: u64,
    half: f32,
    whole: f64,
    letter: char,
    name: String,
    nothing: Option<u8>,
    something: Option<u8>,
    unit: (),
    pair: (i16, bool),
    list: Vec<Kind>,
    map: BTreeMap<u32, f64>,
    wrapped: Wrapped,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Bare,
    One(u8),
    Two(u8, bool),
    Named { x: f32 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u16);

fn all() -> All {
    All {
        flag: true,
        small: -3,
        large: 1 << 52,
        half: 0.5,
        whole: -2.0,
        letter: 'é',
        name: "a \"name\"".to_owned(),
        nothing: None,
        something: Some(9),
        unit: (),
        pair: (-300, false),
        list: vec![Kind::Bare, Kind::One(1), Kind::Two(2, true), Kind::Named { x: 1.5 }],
        map: BTreeMap::from([(10, 1.0), (2, f64::NAN)]),
        wrapped: Wrapped(7),
    }
}

fn json(value: &Value) -> String {
    let mut json = Json::default();
    value.write(&mut json);
    String::from_utf8(json.into_bytes()).unwrap()
}

#[test]
fn a_value_of_every_kind_is_written_as_serde_json_writes_it_and_read_again() {
    let mut all = all();
    let expected: serde_json::Value = serde_json::to_value(&all).unwrap();
    let seen: serde_json::Value = serde_json::from_str(&json(&Value::of(&all))).unwrap();
    assert_eq!(seen.to_string().replace(".0", ""), expected.to_string().replace(".0", ""));
    // An input is `Copy`, and has no maps: their keys are not read.
    all.map.clear();
    assert_eq!(Value::of(&all).read::<All>().unwrap(), all);
}

#[test]
fn what_is_of_another_type_is_said_with_its_place() {
    let mut value = Value::of(&all());
    let Value::Struct(fields) = &mut value else { panic!("it is a struct") };
    fields.iter_mut().find(|(name, _)| name == "pair").unwrap().1 =
        Value::List(vec![Value::Number(1.0), Value::Null]);
    let error = value.read::<All>().unwrap_err().to_string();
    assert_eq!(error, "pair.1: invalid type: unit value, expected a boolean");
}

#[test]
fn a_merge_goes_as_deep_as_structs_do() {
    #[derive(Serialize)]
    struct Outer {
        inner: Inner,
        flags: [bool; 2],
    }
    #[derive(Serialize)]
    struct Inner {
        a: u8,
        b: Option<Kind>,
    }
    let base = Value::of(&Outer { inner: Inner { a: 1, b: None }, flags: [false, true] });
    let given = |key: &str, value: Value| Value::Map(vec![(key.to_owned(), value)]);
    let merged = base.merged(&given("inner", given("a", Value::Number(2.0)))).unwrap();
    assert_eq!(json(&merged), r#"{"inner":{"a":2,"b":null},"flags":[false,true]}"#);
    let wrong = base.merged(&given("inner", given("c", Value::Null))).unwrap_err().to_string();
    assert_eq!(wrong, "inner.c: there is no such field, only a, b");
    let flags = Value::List(vec![Value::Bool(true), Value::Number(1.0)]);
    let wrong = base.merged(&given("flags", flags)).unwrap_err().to_string();
    assert_eq!(wrong, "flags: it must be true or false");
}

/// What JavaScript makes of a template and leaves.
fn fill(template: &serde_json::Value, leaves: &[f64]) -> serde_json::Value {
    use serde_json::Value as Json;
    match template {
        Json::Number(place) => {
            let place = place.as_f64().unwrap();
            if place < 0.0 {
                Json::Bool(leaves[(-1.0 - place) as usize] != 0.0)
            } else {
                serde_json::json!(leaves[place as usize])
            }
        }
        Json::Array(items) => items.iter().map(|item| fill(item, leaves)).collect(),
        Json::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), fill(value, leaves))).collect()
        }
        other => other.clone(),
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-4_000_000..4_000_000).prop_map(|quarters| f64::from(quarters) / 4.0).boxed(),
        Just(f64::NAN).boxed(),
        Just(-0.0).boxed()
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(Value::Number),
        "[a-c\"]{0,3}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let fields = prop::collection::btree_map("[a-c0-9]{1,2}", inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::List),
            fields.prop_map(|fields| Value::Struct(fields.into_iter().collect())),
        ]
    })
}

/// The same shape with other numbers and booleans.
fn changed(value: &Value, by: f64) -> Value {
    match value {
        Value::Bool(flag) => Value::Bool(!flag),
        Value::Number(number) if number.is_finite() => Value::Number(number + by),
        Value::List(items) => Value::List(items.iter().map(|item| changed(item, by)).collect()),
        Value::Struct(fields) => {
            let change = |(key, value): &(String, Value)| (key.clone(), changed(value, by));
            Value::Struct(fields.iter().map(change).collect())
        }
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn a_template_filled_with_leaves_is_the_value(value in any_value(), by in -99..99) {
        let mut template = Json::default();
        value.write_template(&mut template);
        let template = serde_json::from_slice(&template.into_bytes()).unwrap();
        let mut shape = None;
        // The template of one is that of all of its shape.
        for value in [value.clone(), changed(&value, f64::from(by) / 4.0)] {
            let mut leaves = Vec::new();
            let hash = value.leaves(&mut leaves);
            prop_assert_eq!(*shape.get_or_insert(hash), hash);
            let expected: serde_json::Value = serde_json::from_str(&json(&value)).unwrap();
            let filled = fill(&template, &leaves).to_string();
            let plain = |text: String| text.replace(".0", "");
            prop_assert_eq!(plain(filled), plain(expected.to_string()));
        }
    }

    #[test]
    fn other_shapes_have_other_hashes(one in any_value(), other in any_value()) {
        let template = |value: &Value| {
            let mut json = Json::default();
            value.write_template(&mut json);
            json.into_bytes()
        };
        let hash = |value: &Value| value.leaves(&mut Vec::new());
        prop_assert_eq!(template(&one) == template(&other), hash(&one) == hash(&other));
    }

    #[test]
    fn bytes_that_are_no_value_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Value::unpack(&bytes);
    }
}
