//! [`input_shape`]: how a game's input is encoded, found out from its serde implementation.
//!
//! Called once for each template of rooms. Clients that do not know the game's type write inputs by it.

use bincode::serde::encode_to_vec;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_reflection::{
    ContainerFormat, Error, Format, Named, Registry, Samples, Tracer, TracerConfig, VariantFormat,
};
use tickwire_game::limits::{INPUT_SHAPE_DEPTH_MAX, INPUT_SHAPE_NODES_MAX};
use tickwire_game::protocol::WIRE;
use tickwire_game::scene::{InputNode, InputShape, InputSort};

/// How inputs of this type are encoded, as a room says it in its schema. Without nodes if that cannot be found out: serde says too
/// little of the type, it holds text, or it is beyond the limits of a schema.
#[must_use]
pub fn input_shape<I: Default + Serialize + DeserializeOwned>() -> InputShape {
    let input = I::default();
    // The room has checked that inputs encode.
    let default = encode_to_vec(&input, WIRE).unwrap_or_default();
    let nodes = traced(&input).and_then(|(whole, registry)| {
        let mut nodes = Nodes { registry, nodes: Vec::new() };
        nodes.add("", &whole, 1)?;
        Some(nodes.nodes)
    });
    let shape = InputShape { nodes: nodes.unwrap_or_default(), default };
    if shape.check().is_ok() { shape } else { InputShape { nodes: Vec::new(), ..shape } }
}

/// The type as serde tells it, with all types in it by their names.
fn traced<I: Serialize + DeserializeOwned>(input: &I) -> Option<(Format, Registry)> {
    let config = || TracerConfig::default().is_human_readable(false);
    // A type that refuses some values can be traced by the default alone; the variants of enums in it
    // are not all found then.
    let by_default = || {
        config()
            .record_samples_for_newtype_structs(true)
            .record_samples_for_tuple_structs(true)
            .record_samples_for_structs(true)
    };
    trace(input, &config).or_else(|| trace(input, &by_default))
}

fn trace<I: Serialize + DeserializeOwned>(
    input: &I,
    config: &impl Fn() -> TracerConfig,
) -> Option<(Format, Registry)> {
    // One pass finds one more variant of each enum that is known to have more. Which enums there are
    // is only said at the end, and then all begins anew.
    let mut enums: Vec<String> = Vec::new();
    for _ in 0..INPUT_SHAPE_NODES_MAX {
        let (mut tracer, mut samples) = (Tracer::new(config()), Samples::new());
        tracer.trace_value(&mut samples, input).ok()?;
        let (mut whole, _) = tracer.trace_type_once::<I>(&samples).ok()?;
        for _ in 0..INPUT_SHAPE_NODES_MAX {
            let incomplete =
                enums.iter().filter(|name| tracer.check_incomplete_enum(name).is_some());
            if incomplete.count() == 0 {
                break;
            }
            (whole, _) = tracer.trace_type_once::<I>(&samples).ok()?;
        }
        match tracer.registry() {
            Ok(registry) => return Some((whole, registry)),
            Err(Error::MissingVariants(names)) => enums.extend(names),
            Err(_) => return None,
        }
    }
    None
}

/// The nodes that were added, in preorder.
struct Nodes {
    registry: Registry,
    nodes: Vec<InputNode>,
}

impl Nodes {
    /// Adds a node and those below it; `None` if they cannot be described.
    fn add(&mut self, name: &str, format: &Format, depth: usize) -> Option<()> {
        let sort = match format {
            Format::Unit => InputSort::Unit,
            Format::Bool => InputSort::Bool,
            Format::U8 => InputSort::U8,
            Format::U16 => InputSort::U16,
            Format::U32 => InputSort::U32,
            Format::U64 => InputSort::U64,
            Format::I8 => InputSort::I8,
            Format::I16 => InputSort::I16,
            Format::I32 => InputSort::I32,
            Format::I64 => InputSort::I64,
            Format::F32 => InputSort::F32,
            Format::F64 => InputSort::F64,
            Format::Option(inner) => {
                self.push(name, InputSort::Option, depth)?;
                return self.add("", inner, depth + 1);
            }
            Format::Seq(item) => {
                self.push(name, InputSort::List, depth)?;
                return self.add("", item, depth + 1);
            }
            Format::Tuple(items) => return self.add_tuple(name, items, depth),
            Format::TupleArray { content, size } => {
                let size = (*size).min(INPUT_SHAPE_NODES_MAX);
                return self.add_tuple(name, &vec![(**content).clone(); size], depth);
            }
            Format::TypeName(container) => return self.add_container(name, container, depth),
            // What is no number takes memory, which an input must not.
            _ => return None,
        };
        self.push(name, sort, depth)
    }

    fn add_container(&mut self, name: &str, container: &str, depth: usize) -> Option<()> {
        match self.registry.get(container)?.clone() {
            ContainerFormat::UnitStruct => self.push(name, InputSort::Unit, depth),
            ContainerFormat::NewTypeStruct(inner) => self.add(name, &inner, depth),
            ContainerFormat::TupleStruct(items) => self.add_tuple(name, &items, depth),
            ContainerFormat::Struct(fields) => self.add_struct(name, &fields, depth),
            ContainerFormat::Enum(variants) => {
                let count = u16::try_from(variants.len()).ok()?;
                self.push(name, InputSort::Enum(count), depth)?;
                for (place, (index, Named { name, value })) in variants.iter().enumerate() {
                    // A variant is encoded as its index: none may be missing.
                    if usize::try_from(*index) != Ok(place) {
                        return None;
                    }
                    self.add_variant(name, value, depth + 1)?;
                }
                Some(())
            }
        }
    }

    fn add_variant(&mut self, name: &str, variant: &VariantFormat, depth: usize) -> Option<()> {
        match variant {
            VariantFormat::Unit => self.push(name, InputSort::Unit, depth),
            VariantFormat::NewType(inner) => self.add(name, inner, depth),
            VariantFormat::Tuple(items) => self.add_tuple(name, items, depth),
            VariantFormat::Struct(fields) => self.add_struct(name, fields, depth),
            VariantFormat::Variable(_) => None,
        }
    }

    fn add_struct(&mut self, name: &str, fields: &[Named<Format>], depth: usize) -> Option<()> {
        self.push(name, InputSort::Struct(u16::try_from(fields.len()).ok()?), depth)?;
        fields.iter().try_for_each(|field| self.add(&field.name, &field.value, depth + 1))
    }

    fn add_tuple(&mut self, name: &str, items: &[Format], depth: usize) -> Option<()> {
        self.push(name, InputSort::Tuple(u16::try_from(items.len()).ok()?), depth)?;
        items.iter().try_for_each(|item| self.add("", item, depth + 1))
    }

    fn push(&mut self, name: &str, sort: InputSort, depth: usize) -> Option<()> {
        if depth > INPUT_SHAPE_DEPTH_MAX || self.nodes.len() >= INPUT_SHAPE_NODES_MAX {
            return None;
        }
        self.nodes.push(InputNode { name: name.to_owned(), sort });
        Some(())
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
