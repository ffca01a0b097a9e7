//! Rust values as [`Value`](super::Value)s: a serde serializer. Enums are written as serde_json writes them.
//!
//! What is generic here is in the wasm once for each type, so it is as little as can be: it packs
//! (`pack`), and one reader for all makes the value of that.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

use super::pack::{self, Tag};

/// Something that has no JSON: a map by something else than names and numbers, say.
#[derive(Debug)]
pub(super) struct WriteError;

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that has no JSON")
    }
}

impl std::error::Error for WriteError {}

impl ser::Error for WriteError {
    fn custom<T: fmt::Display>(_: T) -> WriteError {
        WriteError
    }
}

type Written = Result<(), WriteError>;

/// Packs a value after what was packed before.
pub(super) struct Writer<'a>(pub(super) &'a mut Vec<u8>);

/// A list, or fields, whose number is known at the end.
pub(super) struct Counted<'a> {
    bytes: &'a mut Vec<u8>,
    /// Where that number is to stand.
    at: usize,
    count: u32,
}

impl<'a> Writer<'a> {
    fn count(self, tag: Tag) -> Result<Counted<'a>, WriteError> {
        let at = pack::begin(self.0, tag);
        Ok(Counted { bytes: self.0, at, count: 0 })
    }

    fn variant(self, variant: &'static str) -> Writer<'a> {
        pack::variant(self.0, variant);
        self
    }
}

impl Counted<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Written {
        self.count += 1;
        item.serialize(Writer(self.bytes))
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Written {
        pack::text(self.bytes, key);
        self.item(value)
    }

    fn finish(self) -> Written {
        pack::end(self.bytes, self.at, self.count);
        Ok(())
    }
}

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => {
        $(fn $name(self, value: $type) -> Written {
            #[allow(clippy::cast_lossless, reason = "some of them lose, above 2^53")]
            // JavaScript has no other numbers.
            pack::number(self.0, value as f64);
            Ok(())
        })*
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = Counted<'a>;
    type SerializeTuple = Counted<'a>;
    type SerializeTupleStruct = Counted<'a>;
    type SerializeTupleVariant = Counted<'a>;
    type SerializeMap = Counted<'a>;
    type SerializeStruct = Counted<'a>;
    type SerializeStructVariant = Counted<'a>;

    numbers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_i128: i128, serialize_u128: u128, serialize_f32: f32, serialize_f64: f64
    }

    fn serialize_bool(self, value: bool) -> Written {
        self.0.push(pack::flag(value));
        Ok(())
    }

    fn serialize_char(self, value: char) -> Written {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Written {
        pack::text(self.0, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        value.serialize(self)
    }

    fn serialize_none(self) -> Written {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        self.0.push(pack::NULL);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(self.variant(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Counted<'a>, WriteError> {
        self.count(Tag::List)
    }

    fn serialize_tuple(self, _: usize) -> Result<Counted<'a>, WriteError> {
        self.count(Tag::List)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Counted<'a>, WriteError> {
        self.count(Tag::List)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Counted<'a>, WriteError> {
        self.variant(variant).count(Tag::List)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Counted<'a>, WriteError> {
        self.count(Tag::Map)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Counted<'a>, WriteError> {
        self.count(Tag::Struct)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Counted<'a>, WriteError> {
        self.variant(variant).count(Tag::Struct)
    }
}

macro_rules! items {
    ($($of:ident: $item:ident),*) => {
        $(impl ser::$of for Counted<'_> {
            type Ok = ();
            type Error = WriteError;

            fn $item<T: Serialize + ?Sized>(&mut self, item: &T) -> Written {
                self.item(item)
            }

            fn end(self) -> Written {
                self.finish()
            }
        })*
    };
}

items! {
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field
}

macro_rules! fields {
    ($($of:ident),*) => {
        $(impl ser::$of for Counted<'_> {
            type Ok = ();
            type Error = WriteError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Written {
                self.field(key, value)
            }

            fn end(self) -> Written {
                self.finish()
            }
        })*
    };
}

fields! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Counted<'_> {
    type Ok = ();
    type Error = WriteError;

    /// Numbers are written as text when they are read.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        key.serialize(Writer(self.bytes))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.item(value)
    }

    fn end(self) -> Written {
        self.finish()
    }
}
