//! [`Value`]: what a game's types look like from JavaScript: null, booleans, numbers, texts, lists and
//! fields by name.
//!
//! Whatever serde can write becomes one ([`Value::of`], by `write`), and becomes a game's input again
//! ([`Value::read`], by `read`); `pack` reads what JavaScript gives, `leaves` writes what it draws by.
//! Compared with a text between the two it saves the parsing of numbers, which is ten kB of wasm.

mod leaves;
mod pack;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::json::Json;

/// What JavaScript sees of a Rust value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    /// Keys that may be any: those of a map, and the one of an enum's variant.
    Map(Fields),
    /// Keys that are always the same: those of a struct.
    Struct(Fields),
}

/// In the order in which they were written.
pub(crate) type Fields = Vec<(String, Value)>;

/// Why a value is none of the type that is asked for, for the author of a page.
///
/// In a box, for there is a `Result` of it for each field of each type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueError(Box<Wrong>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    /// The field that is meant, with those that it lies in; empty for the whole.
    place: String,
    what: String,
}

impl ValueError {
    #[inline(never)]
    fn new(what: &str) -> ValueError {
        ValueError(Box::new(Wrong { place: String::new(), what: what.to_owned() }))
    }

    /// The same of what lies in the field `key`.
    #[inline(never)]
    fn within(mut self, key: &str) -> ValueError {
        let place = &mut self.0.place;
        if !place.is_empty() {
            place.insert(0, '.');
        }
        place.insert_str(0, key);
        self
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong { place, what } = &*self.0;
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        f.write_str(what)
    }
}

impl std::error::Error for ValueError {}

impl Value {
    /// What a Rust value looks like; null if it is none that can be written.
    pub(crate) fn of(value: &impl Serialize) -> Value {
        Value::pack(value).and_then(|packed| Value::unpack(&packed).ok()).unwrap_or(Value::Null)
    }

    /// The same as bytes; nothing if it is none that can be written.
    pub(crate) fn pack(value: &impl Serialize) -> Option<Vec<u8>> {
        let mut packed = Vec::new();
        value.serialize(write::Writer(&mut packed)).ok()?;
        Some(packed)
    }

    /// Reads it as a Rust value.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        T::deserialize(read::ValueReader(self))
    }

    /// `given` in place of what this has of the same names, however deep they lie.
    pub(crate) fn merged(&self, given: &Value) -> Result<Value, ValueError> {
        match (self, given) {
            (Value::Struct(fields), Value::Map(given)) => {
                let mut fields = fields.clone();
                for (key, value) in given {
                    let Some((_, field)) = fields.iter_mut().find(|(name, _)| name == key) else {
                        let names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
                        let what = format!("there is no such field, only {}", names.join(", "));
                        return Err(ValueError::new(&what).within(key));
                    };
                    *field = field.merged(value).map_err(|error| error.within(key))?;
                }
                Ok(Value::Struct(fields))
            }
            (_, Value::Map(given)) if given.is_empty() => Ok(self.clone()),
            (Value::List(items), Value::List(given)) if items.len() == given.len() => {
                let merged = items.iter().zip(given).map(|(item, given)| item.merged(given));
                merged.collect::<Result<_, _>>().map(Value::List)
            }
            (Value::Bool(_), given) if !matches!(given, Value::Bool(_)) => {
                Err(ValueError::new("it must be true or false"))
            }
            _ => Ok(given.clone()),
        }
    }

    /// Hands out the booleans that are where `shape` has one, in the order of its fields.
    pub(crate) fn each_bool(&mut self, shape: &Value, each: &mut impl FnMut(&mut bool)) {
        match (self, shape) {
            (Value::Bool(value), Value::Bool(_)) => each(value),
            (Value::List(items), Value::List(shapes)) => {
                items.iter_mut().zip(shapes).for_each(|(item, shape)| item.each_bool(shape, each));
            }
            (Value::Struct(fields), Value::Struct(shapes)) => {
                let pairs = fields.iter_mut().zip(shapes);
                pairs.for_each(|((_, field), (_, shape))| field.each_bool(shape, each));
            }
            _ => {}
        }
    }

    /// Writes it as JSON.
    pub(crate) fn write(&self, json: &mut Json) {
        self.write_with(json, &mut |json, leaf| match *leaf {
            Value::Bool(value) => json.flag(value),
            Value::Number(value) => json.number(value),
            _ => {}
        });
    }

    /// Writes it as JSON, its numbers and booleans by `leaf`.
    fn write_with(&self, json: &mut Json, leaf: &mut dyn FnMut(&mut Json, &Value)) {
        match self {
            Value::Null => json.null(),
            Value::Bool(_) | Value::Number(_) => leaf(json, self),
            Value::Text(text) => json.text(text),
            Value::List(items) => json.list(|json| {
                for item in items {
                    item.write_with(json, leaf);
                }
            }),
            Value::Map(fields) | Value::Struct(fields) => json.object(|json| {
                for (key, value) in fields {
                    value.write_with(json.key(key), leaf);
                }
            }),
        }
    }
}
