//! Bytes of a trace: variable-length integers, texts, and contents as a stream of tagged fields.

use super::content::{Content, Named, ShowFacts, Shown};
use crate::facts::{Value, Visitor};
use crate::hash::FixedMap;
use crate::identity::NodeId;
use crate::time::{Duration, Time};

/// Something in the bytes that no writer wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Groups inside groups are refused beyond this depth: a reader must not exhaust its stack.
const DEEPEST: u32 = 64;

/// How a field's value is tagged.
mod tag {
    pub(super) const END: u8 = 0;
    pub(super) const UNSIGNED: u8 = 1;
    pub(super) const SIGNED: u8 = 2;
    pub(super) const FALSE: u8 = 3;
    pub(super) const TRUE: u8 = 4;
    pub(super) const NODE: u8 = 5;
    pub(super) const DIGEST: u8 = 6;
    pub(super) const TIME: u8 = 7;
    pub(super) const DURATION: u8 = 8;
    pub(super) const TEXT: u8 = 9;
    pub(super) const ABSENT: u8 = 10;
    pub(super) const GROUP: u8 = 11;
}

/// Appends an integer, seven bits to a byte.
pub(super) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Appends a text with its length.
pub(super) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_varint(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// Maps signed numbers of either sign and small size to small unsigned ones.
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Undoes [`zigzag`].
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Names that come again and again, written once.
#[derive(Clone, Debug, Default)]
pub(super) struct Strings {
    pub(super) all: Vec<String>,
    numbers: FixedMap<String, u64>,
    /// What was asked for last, by where the name stands in memory: it saves hashing and decides nothing.
    recent: Vec<Option<(&'static str, u64)>>,
}

/// How many names are remembered by their place.
const RECENT: usize = 256;

impl Strings {
    /// The number of a name that is part of the program: names come again and again from the same places.
    fn number_of_name(&mut self, name: &'static str) -> u64 {
        self.recent.resize(RECENT, None);
        let place = (name.as_ptr().addr() ^ name.len()) % RECENT;
        if let Some((known, number)) = self.recent[place]
            && std::ptr::eq(known, name)
        {
            return number;
        }
        let number = self.number(name);
        self.recent[place] = Some((name, number));
        number
    }

    fn number(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.all.len() as u64;
        self.all.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// Appends a content.
pub(super) fn put_content(bytes: &mut Vec<u8>, strings: &mut Strings, content: &dyn ShowFacts) {
    put_varint(bytes, strings.number_of_name(content.shown_kind()));
    bytes.extend_from_slice(&content.content_hash().to_le_bytes());
    let mut fields = PutFields { bytes, strings };
    content.show_to(&mut fields);
    bytes.push(tag::END);
}

struct PutFields<'a> {
    bytes: &'a mut Vec<u8>,
    strings: &'a mut Strings,
}

impl PutFields<'_> {
    fn begin(&mut self, tag: u8, name: &'static str) {
        self.bytes.push(tag);
        let number = self.strings.number_of_name(name);
        put_varint(self.bytes, number);
    }
}

impl Visitor for PutFields<'_> {
    fn value(&mut self, name: &'static str, value: Value<'_>) {
        let (tag, number) = match value {
            Value::Unsigned(v) => (tag::UNSIGNED, Some(v)),
            Value::Signed(v) => (tag::SIGNED, Some(zigzag(v))),
            Value::Bool(v) => (if v { tag::TRUE } else { tag::FALSE }, None),
            Value::Node(v) => (tag::NODE, Some(v.0.into())),
            Value::Digest(v) => (tag::DIGEST, Some(v)),
            Value::Time(v) => (tag::TIME, Some(v.as_nanos())),
            Value::Duration(v) => (tag::DURATION, Some(v.as_nanos())),
            Value::Text(_) => (tag::TEXT, None),
            Value::Absent => (tag::ABSENT, None),
        };
        self.begin(tag, name);
        if let Some(number) = number {
            put_varint(self.bytes, number);
        }
        if let Value::Text(text) = value {
            put_text(self.bytes, text);
        }
    }

    fn group(&mut self, name: &'static str, label: &'static str, inside: &mut dyn FnMut(&mut dyn Visitor)) {
        self.begin(tag::GROUP, name);
        let label = self.strings.number_of_name(label);
        put_varint(self.bytes, label);
        inside(self);
        self.bytes.push(tag::END);
    }
}

/// Reads what the functions above wrote; anything else is [`Malformed`], never a panic.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) strings: &'a [String],
}

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Malformed)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// An integer that must fit a smaller type.
    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, Malformed> {
        T::try_from(self.varint()?).map_err(|_| Malformed)
    }

    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        let length = self.number()?;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Malformed)?;
        Ok(text.to_owned())
    }

    fn name(&mut self) -> Result<String, Malformed> {
        let number: usize = self.number()?;
        self.strings.get(number).cloned().ok_or(Malformed)
    }

    pub(super) fn content(&mut self) -> Result<Content, Malformed> {
        let kind = self.name()?;
        let hash = self.take(8)?.try_into().map_err(|_| Malformed)?;
        Ok(Content { kind, hash: u64::from_le_bytes(hash), fields: self.fields(0)? })
    }

    fn fields(&mut self, depth: u32) -> Result<Vec<Named>, Malformed> {
        if depth > DEEPEST {
            return Err(Malformed);
        }
        let mut fields = Vec::new();
        loop {
            let tag = self.byte()?;
            if tag == tag::END {
                return Ok(fields);
            }
            let name = self.name()?;
            fields.push(Named { name, value: self.value(tag, depth)? });
        }
    }

    fn value(&mut self, tag: u8, depth: u32) -> Result<Shown, Malformed> {
        Ok(match tag {
            tag::UNSIGNED => Shown::Unsigned(self.varint()?),
            tag::SIGNED => Shown::Signed(unzigzag(self.varint()?)),
            tag::FALSE => Shown::Bool(false),
            tag::TRUE => Shown::Bool(true),
            tag::NODE => Shown::Node(NodeId(self.number()?)),
            tag::DIGEST => Shown::Digest(self.varint()?),
            tag::TIME => Shown::Time(Time::from_nanos(self.varint()?)),
            tag::DURATION => Shown::Duration(Duration::from_nanos(self.varint()?)),
            tag::TEXT => Shown::Text(self.text()?),
            tag::ABSENT => Shown::Absent,
            tag::GROUP => Shown::Group { label: self.name()?, inside: self.fields(depth + 1)? },
            _ => return Err(Malformed),
        })
    }
}
