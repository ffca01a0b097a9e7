//! [`Value`]s as bytes: what JavaScript gives, and what the serializer writes.
//!
//! Seven forms of MessagePack, of which every value can be made: `nil`, `false`, `true`, `float 64`,
//! `str 32`, `array 32` and `map 32`, its keys `str 32`. `Packer` in `build/kit/values.js` writes them. The
//! serializer has an eighth, for structs, and keys that are numbers.

use super::{Fields, Value, ValueError};

/// An input lies no deeper.
const DEPTH_MAX: u32 = 32;

pub(super) const NULL: u8 = 0xc0;
const FALSE: u8 = 0xc2;
const TRUE: u8 = 0xc3;
const NUMBER: u8 = 0xcb;
const TEXT: u8 = 0xdb;
const LIST: u8 = 0xdd;
const MAP: u8 = 0xdf;
/// MessagePack promises never to use it.
const STRUCT: u8 = 0xc1;

/// What has a number of items.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Tag {
    List = LIST,
    Map = MAP,
    Struct = STRUCT,
}

pub(super) fn flag(flag: bool) -> u8 {
    if flag { TRUE } else { FALSE }
}

#[inline(never)]
pub(super) fn number(bytes: &mut Vec<u8>, number: f64) {
    bytes.push(NUMBER);
    bytes.extend(number.to_be_bytes());
}

#[inline(never)]
pub(super) fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(TEXT);
    bytes.extend((text.len() as u32).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// An object of one field, whose value is to follow.
#[inline(never)]
pub(super) fn variant(bytes: &mut Vec<u8>, variant: &str) {
    let at = begin(bytes, Tag::Map);
    end(bytes, at, 1);
    text(bytes, variant);
}

/// Begins what has items; gives where their number is to stand.
#[inline(never)]
pub(super) fn begin(bytes: &mut Vec<u8>, tag: Tag) -> usize {
    bytes.push(tag as u8);
    let at = bytes.len();
    bytes.extend([0; 4]);
    at
}

/// Ends what began at `at`.
#[inline(never)]
pub(super) fn end(bytes: &mut [u8], at: usize, count: u32) {
    bytes[at..at + 4].copy_from_slice(&count.to_be_bytes());
}

impl Value {
    /// Reads all of `bytes` as one value; no bytes at all are an object without fields.
    pub(crate) fn unpack(bytes: &[u8]) -> Result<Value, ValueError> {
        if bytes.is_empty() {
            return Ok(Value::Map(Vec::new()));
        }
        let mut packed = Packed(bytes);
        let value = packed.value(DEPTH_MAX).ok_or_else(|| ValueError::new("it is not packed"))?;
        if packed.0.is_empty() { Ok(value) } else { Err(ValueError::new("more than one value")) }
    }
}

/// What is still to be read.
struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    fn value(&mut self, depth: u32) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        Some(match self.take(1)?[0] {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            NUMBER => Value::Number(f64::from_be_bytes(self.take(8)?.try_into().ok()?)),
            TEXT => Value::Text(self.text()?),
            LIST => {
                let mut items = Vec::new();
                // Nothing is set aside for a number that is only announced.
                for _ in 0..self.len()? {
                    items.push(self.value(depth)?);
                }
                Value::List(items)
            }
            MAP => Value::Map(self.fields(depth)?),
            STRUCT => Value::Struct(self.fields(depth)?),
            _ => return None,
        })
    }

    fn fields(&mut self, depth: u32) -> Option<Fields> {
        let mut fields = Vec::new();
        for _ in 0..self.len()? {
            let key = match self.value(1)? {
                Value::Text(key) => key,
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            fields.push((key, self.value(depth)?));
        }
        Some(fields)
    }

    fn len(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<String> {
        let len = self.len()?;
        String::from_utf8(self.take(len as usize)?.to_vec()).ok()
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
}
