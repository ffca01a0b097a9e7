//! The leaves of a [`Value`]: its numbers and booleans, flat, for what JavaScript reads in each frame.
//!
//! All else of it is its shape: names, variants, lengths, texts. As long as that stays the same, so does
//! the template, a JSON text with each leaf's place among the leaves in its stead, and JavaScript
//! fills new numbers into the objects that it has.

use super::Value;
use crate::json::Json;

/// FNV-1a: small, and nobody has a reason to make two shapes look the same.
struct ShapeHash(u64);

impl ShapeHash {
    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// A kind of value, and how many bytes or items follow.
    fn tag(&mut self, tag: u8, len: usize) {
        self.add(&[tag]);
        self.add(&(len as u32).to_le_bytes());
    }
}

impl Value {
    /// Appends all leaves to `leaves`, booleans as 0 or 1; gives a hash of the shape.
    pub(crate) fn leaves(&self, leaves: &mut Vec<f64>) -> u64 {
        let mut shape = ShapeHash(0xcbf2_9ce4_8422_2325);
        self.add_leaves(leaves, &mut shape);
        shape.0
    }

    fn add_leaves(&self, leaves: &mut Vec<f64>, shape: &mut ShapeHash) {
        match self {
            Value::Null => shape.tag(0, 0),
            Value::Bool(flag) => {
                shape.tag(1, 0);
                leaves.push(f64::from(u8::from(*flag)));
            }
            Value::Number(number) if number.is_finite() => {
                shape.tag(2, 0);
                leaves.push(*number);
            }
            // JSON has none of these: it is null as long as it lasts.
            Value::Number(_) => shape.tag(0, 0),
            Value::Text(text) => {
                shape.tag(3, text.len());
                shape.add(text.as_bytes());
            }
            Value::List(items) => {
                shape.tag(4, items.len());
                items.iter().for_each(|item| item.add_leaves(leaves, shape));
            }
            Value::Map(fields) | Value::Struct(fields) => {
                shape.tag(5, fields.len());
                for (key, value) in fields {
                    shape.tag(6, key.len());
                    shape.add(key.as_bytes());
                    value.add_leaves(leaves, shape);
                }
            }
        }
    }

    /// The JSON of the shape: a number's place `n` among the leaves stands for it, and `-1 - n` for a
    /// boolean.
    pub(crate) fn write_template(&self, json: &mut Json) {
        let mut leaves = 0.0;
        self.write_with(json, &mut |json, leaf| {
            match leaf {
                Value::Bool(_) => json.number(-1.0 - leaves),
                Value::Number(number) if number.is_finite() => json.number(leaves),
                _ => return json.null(),
            }
            leaves += 1.0;
        });
    }
}
