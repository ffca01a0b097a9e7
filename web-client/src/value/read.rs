//! [`Value`]s as Rust values: a serde deserializer, whose errors say in which field they lie.

use std::fmt::Display;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};

use super::{Value, ValueError};

impl de::Error for ValueError {
    fn custom<T: Display>(what: T) -> ValueError {
        ValueError::new(&what.to_string())
    }
}

/// Reads a [`Value`]. Each type is asked for what it expects alone: a visitor of all there is would be
/// several times as large.
#[derive(Clone, Copy)]
pub(super) struct ValueReader<'a>(pub(super) &'a Value);

/// Above, a number may not be whole where it seems so.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

impl<'a> ValueReader<'a> {
    /// It is none of what is expected.
    #[inline(never)]
    fn wrong(self, expected: &dyn Expected) -> ValueError {
        let found = match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(flag) => Unexpected::Bool(*flag),
            Value::Number(number) => Unexpected::Float(*number),
            Value::Text(text) => Unexpected::Str(text),
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) | Value::Struct(_) => Unexpected::Map,
        };
        ValueError::invalid_type(found, expected)
    }

    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match *self.0 {
            Value::Number(number) if number.fract() == 0.0 && number.abs() <= WHOLE_MAX => {
                visitor.visit_i64(number as i64)
            }
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn float<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match *self.0 {
            Value::Number(number) => visitor.visit_f64(number),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Text(text) => visitor.visit_str(text),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn unit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn items<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let Value::List(items) = self.0 else { return Err(self.wrong(&visitor)) };
        let mut list = ListedValue { items: items.iter(), number: 0 };
        let value = visitor.visit_seq(&mut list)?;
        if list.items.len() > 0 { Err(ValueError::new("it has too many items")) } else { Ok(value) }
    }

    fn fields<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Map(fields) | Value::Struct(fields) => {
                visitor.visit_map(Keyed { fields: fields.iter(), value: None })
            }
            _ => Err(self.wrong(&visitor)),
        }
    }
}

macro_rules! by {
    ($($how:ident: $($name:ident)*;)*) => {
        $($(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            self.$how(visitor)
        })*)*
    };
}

impl<'de> Deserializer<'de> for ValueReader<'_> {
    type Error = ValueError;

    by! {
        whole: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
            deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128;
        float: deserialize_f32 deserialize_f64;
        text: deserialize_char deserialize_str deserialize_string deserialize_identifier;
        unit: deserialize_unit;
        items: deserialize_seq deserialize_bytes deserialize_byte_buf;
        fields: deserialize_map;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => self.unit(visitor),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) if number.fract() == 0.0 => self.whole(visitor),
            Value::Number(_) => self.float(visitor),
            Value::Text(_) => self.text(visitor),
            Value::List(_) => self.items(visitor),
            Value::Map(_) | Value::Struct(_) => self.fields(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Bool(flag) => visitor.visit_bool(*flag),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.items(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.items(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.fields(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Text(name) => visitor.visit_enum(Variant { name, value: None }),
            Value::Map(fields) | Value::Struct(fields) if fields.len() == 1 => {
                let (name, value) = &fields[0];
                visitor.visit_enum(Variant { name, value: Some(value) })
            }
            _ => Err(self.wrong(&visitor)),
        }
    }
}

struct ListedValue<'a> {
    items: std::slice::Iter<'a, Value>,
    number: usize,
}

impl<'de> SeqAccess<'de> for ListedValue<'_> {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ValueError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let number = self.number;
        self.number += 1;
        let read = seed.deserialize(ValueReader(item));
        read.map(Some).map_err(|error| error.within(&number.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Keyed<'a> {
    fields: std::slice::Iter<'a, (String, Value)>,
    value: Option<&'a (String, Value)>,
}

impl<'de> MapAccess<'de> for Keyed<'_> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ValueError> {
        self.value = self.fields.next();
        let Some((key, _)) = self.value else { return Ok(None) };
        let key: &str = key;
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, ValueError> {
        let Some((key, value)) = self.value else { return Err(ValueError::new("no field")) };
        seed.deserialize(ValueReader(value)).map_err(|error| error.within(key))
    }
}

struct Variant<'a> {
    name: &'a str,
    value: Option<&'a Value>,
}

impl<'a, 'de> EnumAccess<'de> for Variant<'a> {
    type Error = ValueError;
    type Variant = VariantContent<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, VariantContent<'a>), ValueError> {
        let variant = seed.deserialize(self.name.into_deserializer())?;
        Ok((variant, VariantContent(self.value)))
    }
}

/// What a variant holds.
struct VariantContent<'a>(Option<&'a Value>);

impl<'a> VariantContent<'a> {
    fn reader(&self) -> Result<ValueReader<'a>, ValueError> {
        let missing =
            || ValueError::invalid_type(Unexpected::UnitVariant, &"a variant with content");
        self.0.map(ValueReader).ok_or_else(missing)
    }
}

impl<'de> VariantAccess<'de> for VariantContent<'_> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        match self.0 {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(ValueError::invalid_type(Unexpected::NewtypeVariant, &"a bare name")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, ValueError> {
        seed.deserialize(self.reader()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.reader()?.items(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.reader()?.fields(visitor)
    }
}
