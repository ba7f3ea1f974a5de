//! serde's side of reading a tree.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde_json::{Map, Value};

use super::Misfit;

/// A value to be read: a part of the tree, or a key.
#[derive(Clone, Copy)]
pub(super) enum Reader<'a> {
    Tree(&'a Value),
    Key(&'a str),
}

/// A misfit on its way up: the path grows from its end.
#[derive(Debug)]
pub(super) struct Caught(Box<Misfit>);

impl Caught {
    #[cold]
    fn new(message: String) -> Self {
        Self(Box::new(Misfit { path: Vec::new(), message }))
    }

    #[cold]
    fn inside(mut self, segment: impl fmt::Display) -> Self {
        self.0.path.push(segment.to_string());
        self
    }

    pub(super) fn into_misfit(mut self) -> Misfit {
        self.0.path.reverse();
        *self.0
    }
}

impl fmt::Display for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Caught {}

impl de::Error for Caught {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    #[cold]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match found {
            Unexpected::Unit => Self::new(format!("invalid type: null, expected {expected}")),
            found => Self::new(format!("invalid type: {found}, expected {expected}")),
        }
    }
}

impl<'a> Reader<'a> {
    fn unexpected(self) -> Unexpected<'a> {
        match self {
            Self::Key(text) => Unexpected::Str(text),
            Self::Tree(value) => match value {
                Value::Null => Unexpected::Unit,
                Value::Bool(truth) => Unexpected::Bool(*truth),
                Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                    (Some(number), _) => Unexpected::Unsigned(number),
                    (None, Some(number)) => Unexpected::Signed(number),
                    (None, None) => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
                },
                Value::String(text) => Unexpected::Str(text),
                Value::Array(_) => Unexpected::Seq,
                Value::Object(_) => Unexpected::Map,
            },
        }
    }

    #[cold]
    fn refuse(self, expected: &dyn Expected) -> Caught {
        de::Error::invalid_type(self.unexpected(), expected)
    }

    fn text(self) -> Option<&'a str> {
        match self {
            Self::Key(text) => Some(text),
            Self::Tree(value) => value.as_str(),
        }
    }

    fn table(self) -> Option<&'a Map<String, Value>> {
        match self {
            Self::Key(_) => None,
            Self::Tree(value) => value.as_object(),
        }
    }

    fn list(self) -> Option<&'a [Value]> {
        match self {
            Self::Key(_) => None,
            Self::Tree(value) => value.as_array().map(Vec::as_slice),
        }
    }

    /// The number as it stands; of a key, the number that it spells.
    fn number(self) -> Option<Number> {
        match self {
            Self::Key(text) => {
                let unsigned = text.parse().ok().map(Number::Unsigned);
                unsigned.or_else(|| text.parse().ok().map(Number::Signed))
            }
            Self::Tree(value) => {
                let unsigned = value.as_u64().map(Number::Unsigned);
                let signed = || value.as_i64().map(Number::Signed);
                unsigned.or_else(signed).or_else(|| value.as_f64().map(Number::Float))
            }
        }
    }

    fn visit_number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        match self.number() {
            Some(Number::Unsigned(number)) => visitor.visit_u64(number),
            Some(Number::Signed(number)) => visitor.visit_i64(number),
            Some(Number::Float(number)) => visitor.visit_f64(number),
            None => Err(self.refuse(&visitor)),
        }
    }

    fn visit_text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        match self.text() {
            Some(text) => visitor.visit_str(text),
            None => Err(self.refuse(&visitor)),
        }
    }

    fn visit_list<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Caught> {
        let Some(items) = self.list() else { return Err(self.refuse(&visitor)) };
        let mut items = Items { items, next: 0 };
        let value = visitor.visit_seq(&mut items)?;
        if items.next < items.items.len() {
            return Err(de::Error::invalid_length(items.items.len(), &"fewer elements in array"));
        }
        Ok(value)
    }

    fn visit_table<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Caught> {
        match self.table() {
            Some(table) => visitor.visit_map(Entries { rest: table.iter(), value: None }),
            None => Err(self.refuse(&visitor)),
        }
    }
}

enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
            self.visit_number(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Caught;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        match self {
            Self::Key(text) => visitor.visit_str(text),
            Self::Tree(value) => match value {
                Value::Null => visitor.visit_unit(),
                Value::Bool(truth) => visitor.visit_bool(*truth),
                Value::Number(_) => self.visit_number(visitor),
                Value::String(text) => visitor.visit_str(text),
                Value::Array(_) => self.visit_list(visitor),
                Value::Object(_) => self.visit_table(visitor),
            },
        }
    }

    numbers! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_f32 deserialize_f64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        match self {
            Self::Tree(Value::Bool(truth)) => visitor.visit_bool(*truth),
            _ => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        self.visit_text(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        self.visit_text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        self.visit_text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        self.visit_text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        match self {
            Self::Tree(Value::Null) => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        match self {
            Self::Tree(Value::Null) => visitor.visit_unit(),
            _ => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, v: V) -> Result<V::Value, Caught> {
        self.deserialize_unit(v)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, v: V) -> Result<V::Value, Caught> {
        v.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Caught> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Caught> {
        self.visit_list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        self.visit_table(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Caught> {
        self.visit_table(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Caught> {
        if let Some(name) = self.text() {
            return visitor.visit_enum(Variant { name, inside: None });
        }
        let Some(table) = self.table() else { return Err(self.refuse(&"string or map")) };
        let mut entries = table.iter();
        match (entries.next(), entries.next()) {
            (Some((name, inside)), None) => visitor.visit_enum(Variant { name, inside: Some(inside) }),
            _ => Err(de::Error::invalid_value(Unexpected::Map, &"map with a single key")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Caught> {
        visitor.visit_unit()
    }
}

/// What is left of a list.
struct Items<'a> {
    items: &'a [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for &mut Items<'de> {
    type Error = Caught;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Caught> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(Reader::Tree(item)).map(Some).map_err(|caught| caught.inside(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

/// What is left of a table, and the value of the key that was read last.
struct Entries<'a> {
    rest: serde_json::map::Iter<'a>,
    value: Option<(&'a str, &'a Value)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Caught;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Caught> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some((key, value));
        seed.deserialize(Reader::Key(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Caught> {
        let Some((key, value)) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Reader::Tree(value)).map_err(|caught| caught.inside(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A variant by its name, and what belongs to it.
struct Variant<'a> {
    name: &'a str,
    inside: Option<&'a Value>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Caught;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Caught> {
        Ok((seed.deserialize(Reader::Key(self.name))?, self))
    }
}

impl<'a> Variant<'a> {
    fn inside(&self, expected: &dyn Expected) -> Result<Reader<'a>, Caught> {
        match self.inside {
            Some(value) => Ok(Reader::Tree(value)),
            None => Err(de::Error::invalid_type(Unexpected::UnitVariant, expected)),
        }
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Caught;

    fn unit_variant(self) -> Result<(), Caught> {
        let Some(value) = self.inside else { return Ok(()) };
        <() as de::Deserialize>::deserialize(Reader::Tree(value)).map_err(|caught| caught.inside(self.name))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Caught> {
        let reader = self.inside(&"newtype variant")?;
        seed.deserialize(reader).map_err(|caught| caught.inside(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Caught> {
        self.inside(&"tuple variant")?.visit_list(visitor).map_err(|caught| caught.inside(self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Caught> {
        self.inside(&"struct variant")?.visit_table(visitor).map_err(|caught| caught.inside(self.name))
    }
}
