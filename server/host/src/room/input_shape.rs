//! [`input_shape`]: how a game's input is encoded, found out from its serde implementation.
//!
//! The type's own `Deserialize` is run on a deserializer that has no data: it writes down what it is asked
//! for, and answers with some value. Of an enum one run sees one variant, so there are as many runs as are
//! needed to see all. Called once for each template of rooms; clients that do not know the game's type
//! write inputs by it.

use std::fmt;

use bincode::serde::encode_to_vec;
use serde::Serialize;
use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer,
    SeqAccess, VariantAccess, Visitor,
};
use tickwire_game::limits::{INPUT_SHAPE_DEPTH_MAX, INPUT_SHAPE_NODES_MAX};
use tickwire_game::protocol::WIRE;
use tickwire_game::scene::{InputNode, InputShape, InputSort};

/// How inputs of this type are encoded, as a room says it in its schema. Without nodes if that cannot be found out: it
/// holds text or numbers of 128 bits, refuses the values that it is tried with, has fields or variants with
/// `#[serde(alias)]`, or is beyond the limits of a schema.
#[must_use]
pub fn input_shape<I: Default + Serialize + DeserializeOwned>() -> InputShape {
    // The room has checked that inputs encode.
    let default = encode_to_vec(I::default(), WIRE).unwrap_or_default();
    let nodes = traced::<I>().map(|root| {
        let mut nodes = Vec::new();
        root.flatten(&mut nodes);
        nodes
    });
    let shape = InputShape { nodes: nodes.unwrap_or_default(), default };
    if shape.check().is_ok() { shape } else { InputShape { nodes: Vec::new(), ..shape } }
}

fn traced<I: DeserializeOwned>() -> Result<TracedPart, Untraceable> {
    let mut root = TracedPart::named("");
    // Each run completes a variant at least.
    for _ in 0..INPUT_SHAPE_NODES_MAX {
        I::deserialize(Tracer { part: &mut root, depth: 1 })?;
        if root.is_complete() {
            return Ok(root);
        }
    }
    Err(Untraceable)
}

/// The type cannot be traced.
#[derive(Debug)]
struct Untraceable;

impl fmt::Display for Untraceable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the type cannot be traced")
    }
}

impl std::error::Error for Untraceable {}

impl Error for Untraceable {
    fn custom<T: fmt::Display>(_: T) -> Untraceable {
        Untraceable
    }
}

/// A part of an input, as far as it was seen.
struct TracedPart {
    name: &'static str,
    /// `None` until it was seen.
    sort: Option<InputSort>,
    /// As many as its sort says.
    children: Vec<TracedPart>,
}

impl TracedPart {
    fn named(name: &'static str) -> TracedPart {
        TracedPart { name, sort: None, children: Vec::new() }
    }

    /// Whether all variants in it were seen.
    fn is_complete(&self) -> bool {
        self.sort.is_some() && self.children.iter().all(TracedPart::is_complete)
    }

    fn flatten(&self, nodes: &mut Vec<InputNode>) {
        let sort = self.sort.unwrap_or(InputSort::Unit);
        nodes.push(InputNode { name: self.name.to_owned(), sort });
        self.children.iter().for_each(|child| child.flatten(nodes));
    }
}

/// Sees one part of an input.
struct Tracer<'a> {
    part: &'a mut TracedPart,
    depth: usize,
}

impl Tracer<'_> {
    /// It is of this sort, in every run, with children of these names.
    fn see(
        &mut self,
        sort: InputSort,
        names: impl IntoIterator<Item = &'static str>,
    ) -> Result<(), Untraceable> {
        if self.depth > INPUT_SHAPE_DEPTH_MAX {
            return Err(Untraceable);
        }
        match self.part.sort {
            None => {
                self.part.sort = Some(sort);
                self.part.children = names.into_iter().map(TracedPart::named).collect();
                Ok(())
            }
            Some(seen) if seen == sort => Ok(()),
            Some(_) => Err(Untraceable),
        }
    }

    fn child(&mut self, at: usize) -> Tracer<'_> {
        Tracer { part: &mut self.part.children[at], depth: self.depth + 1 }
    }

    /// So many children, as bincode has it; more than a schema holds are not made.
    fn count(len: usize) -> Result<u16, Untraceable> {
        let is_within = len < INPUT_SHAPE_NODES_MAX;
        u16::try_from(len).ok().filter(|_| is_within).ok_or(Untraceable)
    }
}

/// What is answered with one value. A whole number is 1, since some types refuse 0.
macro_rules! leaves {
    ($($deserialize:ident: $sort:ident, $visit:ident($value:expr);)*) => {$(
        fn $deserialize<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Untraceable> {
            self.see(InputSort::$sort, [])?;
            visitor.$visit($value)
        }
    )*};
}

/// What an input cannot hold: it has no bound, or no sort in the schema.
macro_rules! refused {
    ($($deserialize:ident)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Untraceable> {
            Err(Untraceable)
        }
    )*};
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Untraceable;

    leaves! {
        deserialize_bool: Bool, visit_bool(false);
        deserialize_u8: U8, visit_u8(1);
        deserialize_u16: U16, visit_u16(1);
        deserialize_u32: U32, visit_u32(1);
        deserialize_u64: U64, visit_u64(1);
        deserialize_i8: I8, visit_i8(1);
        deserialize_i16: I16, visit_i16(1);
        deserialize_i32: I32, visit_i32(1);
        deserialize_i64: I64, visit_i64(1);
        deserialize_f32: F32, visit_f32(1.0);
        deserialize_f64: F64, visit_f64(1.0);
    }

    refused! {
        deserialize_any deserialize_i128 deserialize_u128 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_map
        deserialize_identifier deserialize_ignored_any
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_unit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Untraceable> {
        self.see(InputSort::Unit, [])?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Untraceable> {
        self.see(InputSort::Option, [""])?;
        visitor.visit_some(self.child(0))
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Untraceable> {
        self.see(InputSort::List, [""])?;
        visitor.visit_seq(Children { of: self, next: 0 })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        mut self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        let count = Tracer::count(len)?;
        self.see(InputSort::Tuple(count), std::iter::repeat_n("", len))?;
        visitor.visit_seq(Children { of: self, next: 0 })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        let count = Tracer::count(fields.len())?;
        self.see(InputSort::Struct(count), fields.iter().copied())?;
        visitor.visit_seq(Children { of: self, next: 0 })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        let count = Tracer::count(variants.len())?;
        self.see(InputSort::Enum(count), variants.iter().copied())?;
        let variants = &self.part.children;
        let next = variants.iter().position(|variant| !variant.is_complete()).unwrap_or(0);
        if next >= variants.len() {
            return Err(Untraceable);
        }
        visitor.visit_enum(TracedVariant { of: self.child(next), index: next as u32 })
    }
}

/// The children of a part, one after the other.
struct Children<'a> {
    of: Tracer<'a>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Children<'_> {
    type Error = Untraceable;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Untraceable> {
        if self.next >= self.of.part.children.len() {
            return Ok(None);
        }
        self.next += 1;
        seed.deserialize(self.of.child(self.next - 1)).map(Some)
    }
}

/// One variant of an enum.
struct TracedVariant<'a> {
    of: Tracer<'a>,
    index: u32,
}

impl<'de> EnumAccess<'de> for TracedVariant<'_> {
    type Error = Untraceable;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), Untraceable> {
        let index: U32Deserializer<Untraceable> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> VariantAccess<'de> for TracedVariant<'_> {
    type Error = Untraceable;

    fn unit_variant(mut self) -> Result<(), Untraceable> {
        self.of.see(InputSort::Unit, [])
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Untraceable> {
        seed.deserialize(self.of)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        self.of.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        self.of.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::*;

    fn lines<I: Default + Serialize + DeserializeOwned>() -> Vec<String> {
        let shape = input_shape::<I>();
        let default = encode_to_vec(I::default(), WIRE).expect("it can be encoded");
        assert_eq!(shape.default, default);
        shape.nodes.iter().map(|InputNode { name, sort }| format!("{name}:{sort:?}")).collect()
    }

    #[derive(Default, Serialize, Deserialize)]
    struct Push {
        up: bool,
        #[serde(rename = "aim")]
        angle: u16,
        at: Option<[f32; 2]>,
        weapon: Weapon,
        class: Class,
        power: Power,
    }

    #[derive(Default, Serialize, Deserialize)]
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

    #[derive(Default, Serialize, Deserialize)]
    enum Class {
        #[default]
        Light,
        Heavy,
    }

    #[derive(Default, Serialize, Deserialize)]
    struct Power(u8);

    /// Enums in each other, one of them twice.
    #[derive(Default, Serialize, Deserialize)]
    struct Nested {
        class: Option<Class>,
        action: Action,
    }

    #[derive(Default, Serialize, Deserialize)]
    enum Action {
        #[default]
        Wait,
        Change(Class),
        Build(Option<Class>),
    }

    #[test]
    fn enums_within_options_and_enums_are_seen_whole() {
        let expected = [
            ":Struct(2)",
            "class:Option",
            ":Enum(2)",
            "Light:Unit",
            "Heavy:Unit",
            "action:Enum(3)",
            "Wait:Unit",
            "Change:Enum(2)",
            "Light:Unit",
            "Heavy:Unit",
            "Build:Option",
            ":Enum(2)",
            "Light:Unit",
            "Heavy:Unit",
        ];
        assert_eq!(lines::<Nested>(), expected);
    }

    #[test]
    fn an_input_is_described_field_by_field_as_it_is_encoded() {
        let expected = [
            ":Struct(6)",
            "up:Bool",
            "aim:U16",
            "at:Option",
            ":Tuple(2)",
            ":F32",
            ":F32",
            "weapon:Enum(4)",
            "None:Unit",
            "Bolt:I8",
            "Beam:Struct(2)",
            "from:I64",
            "wide:Bool",
            "Mine:Tuple(2)",
            ":U32",
            ":F64",
            "class:Enum(2)",
            "Light:Unit",
            "Heavy:Unit",
            "power:U8",
        ];
        assert_eq!(lines::<Push>(), expected);
        assert_eq!(lines::<()>(), [":Unit"]);
        assert_eq!(lines::<u8>(), [":U8"]);
        assert_eq!(lines::<Vec<(bool, i16)>>(), [":List", ":Tuple(2)", ":Bool", ":I16"]);
    }

    /// What people read is another thing than what is sent.
    #[derive(Default)]
    struct Two(u8);

    impl Serialize for Two {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if serializer.is_human_readable() {
                "two".serialize(serializer)
            } else {
                self.0.serialize(serializer)
            }
        }
    }

    impl<'de> Deserialize<'de> for Two {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Two, D::Error> {
            assert!(!deserializer.is_human_readable());
            u8::deserialize(deserializer).map(Two)
        }
    }

    #[derive(Serialize, Deserialize)]
    struct Careful {
        speed: NonZeroU8,
    }

    impl Default for Careful {
        fn default() -> Careful {
            Careful { speed: NonZeroU8::MIN }
        }
    }

    #[test]
    fn what_is_sent_is_described_and_the_default_may_be_what_the_type_takes_alone() {
        assert_eq!(lines::<Two>(), [":U8"]);
        assert_eq!(lines::<Careful>(), [":Struct(1)", "speed:U8"]);
    }

    #[derive(Default, Serialize, Deserialize)]
    struct Deep(Option<Box<Deep>>);

    #[test]
    fn what_cannot_be_described_is_known_by_its_default_alone() {
        assert_eq!(lines::<String>(), Vec::<String>::new());
        assert_eq!(lines::<(u8, char)>(), Vec::<String>::new());
        assert_eq!(lines::<[[u8; 32]; 8]>(), Vec::<String>::new());
        assert_eq!(lines::<u128>(), Vec::<String>::new());
        assert_eq!(lines::<Deep>(), Vec::<String>::new());
    }
}
