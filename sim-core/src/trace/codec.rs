//! Bytes of a trace: variable-length integers, texts, and contents as a stream of tagged fields.
//!
//! Most contents come again and again: a message for each recipient and as it arrives, an entry in every journal, what
//! each replica reports of it. A content is spelled out once and then named by how many contents ago that was.

use super::content::{Content, Named, ShowFacts, Shown};
use super::event::Recorded;
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
    /// An unsigned number that needs its eight bytes, as hashes do.
    pub(super) const WIDE: u8 = 12;
    /// Added to a tag: the name is the one that followed the name before it the last time, and is not written.
    pub(super) const FOLLOWS: u8 = 0x10;
    /// Added to the tag of a group: so is its label.
    pub(super) const LABELED: u8 = 0x20;
    pub(super) const LABELED_GROUP: u8 = GROUP | LABELED;
}

/// Appends an integer, seven bits to a byte.
#[inline]
pub(super) fn put_varint(bytes: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        bytes.push(value as u8);
    } else {
        put_long_varint(bytes, value);
    }
}

/// Eight bytes are made in a register, written at once, and cut to what they need.
fn put_long_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >> 56 != 0 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    // Groups of 28, 14 and 7 bits move apart until each byte has one.
    let mut word = value & 0x0fff_ffff | (value & 0x00ff_ffff_f000_0000) << 4;
    word = word & 0x0000_3fff_0000_3fff | (word & 0x0fff_c000_0fff_c000) << 2;
    word = word & 0x007f_007f_007f_007f | (word & 0x3f80_3f80_3f80_3f80) << 1;
    let last = value.checked_ilog2().unwrap_or(0) / 7;
    word |= 0x0080_8080_8080_8080 & ((1 << (8 * last)) - 1);
    let end = bytes.len() + last as usize + 1;
    bytes.extend_from_slice(&word.to_le_bytes());
    bytes.truncate(end);
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

/// Names that come again and again, written once. They also come in the same order: what followed a name the last time is
/// not even named, so that the writer compares one address and the file has a bit.
#[derive(Clone, Debug, Default)]
pub(super) struct Strings {
    pub(super) all: Vec<String>,
    numbers: FixedMap<String, u64>,
    /// What was asked for last, by where the name stands in memory: it saves hashing and decides nothing.
    recent: Vec<Option<Numbered>>,
    /// What came next the last time, by places.
    followed: Vec<Option<Numbered>>,
    place: Whereabouts,
}

/// A name that is part of the program, and its number.
type Numbered = (&'static str, u64);

/// How many names are remembered by where they stand in memory.
const RECENT: usize = 1_024;

/// How many places are told apart.
const PLACES: usize = 1_024;

/// Where in a content one is: what comes next is mostly a function of it.
#[derive(Clone, Copy, Debug, Default)]
struct Whereabouts {
    /// The kind of content or the label of the group.
    within: u64,
    /// The last name, and whether its group is over.
    name: u64,
    over: bool,
}

impl Whereabouts {
    /// The beginning of a content or of a group.
    const fn beginning(within: u64) -> Self {
        Self { within, name: within, over: false }
    }

    /// Where it stands in a list: two places may share one, at the price of a few bytes.
    const fn index(self) -> usize {
        let name = self.name.wrapping_mul(2).wrapping_add(self.over as u64);
        self.within.wrapping_mul(61).wrapping_add(name) as usize % PLACES
    }
}

impl Strings {
    /// The number of the kind that a content begins with.
    fn begin(&mut self, kind: &'static str) -> u64 {
        let number = self.number_of_name(kind);
        self.place = Whereabouts::beginning(number);
        number
    }

    /// The number of the next name, unless it follows as it did the last time.
    #[inline]
    fn next(&mut self, name: &'static str) -> Option<u64> {
        match self.followed.get(self.place.index()) {
            Some(Some((known, number))) if std::ptr::eq(*known, name) => {
                (self.place.name, self.place.over) = (*number, false);
                None
            }
            _ => self.follow(name),
        }
    }

    /// By their numbers: one name may stand in several places of the program.
    #[inline(never)]
    fn follow(&mut self, name: &'static str) -> Option<u64> {
        let number = self.number_of_name(name);
        self.followed.resize(PLACES, None);
        let before = self.followed[self.place.index()].replace((name, number));
        (self.place.name, self.place.over) = (number, false);
        before.is_none_or(|(_, before)| before != number).then_some(number)
    }

    /// The number of a name that is part of the program.
    fn number_of_name(&mut self, name: &'static str) -> u64 {
        if self.recent.is_empty() {
            self.recent.resize(RECENT, None);
        }
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

/// Which types of content may be taken for each other if their hashes agree: those of one vocabulary, since a hash covers
/// the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Vocabulary {
    Messages,
    Timers,
    Requests,
    Records,
    Responses,
    Observations,
}

/// A content that was spelled out.
#[derive(Clone, Copy, Debug)]
struct Spelled {
    hash: u64,
    /// Which of the contents that were spelled out, modulo 2^32.
    number: u32,
    /// Absent where nothing was spelled out yet.
    vocabulary: Option<Vocabulary>,
}

/// The contents that were spelled out lately, by their hashes.
#[derive(Clone, Debug, Default)]
pub(super) struct Lately {
    places: Vec<Spelled>,
    count: u32,
}

/// How many contents are remembered: as many as a cluster has under way at once, and no more than the nearest cache holds.
const LATELY: usize = 2_048;

impl Lately {
    /// How many contents ago this one was spelled out, 1 for the last; if it has to be again, it is the last.
    #[inline]
    fn ago(&mut self, hash: u64, vocabulary: Vocabulary) -> Option<u32> {
        if self.places.is_empty() {
            self.places.resize(LATELY, Spelled { hash: 0, number: 0, vocabulary: None });
        }
        let place = &mut self.places[hash as usize % LATELY];
        let ago = self.count.wrapping_sub(place.number);
        // What was spelled out 2^32 contents ago must not be taken for what is to come.
        if place.hash == hash && place.vocabulary == Some(vocabulary) && ago > 0 {
            return Some(ago);
        }
        *place = Spelled { hash, number: self.count, vocabulary: Some(vocabulary) };
        self.count = self.count.wrapping_add(1);
        None
    }
}

/// What a writer remembers: names and contents that were written before.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub(super) strings: Strings,
    lately: Lately,
}

/// Appends a content.
pub(super) fn put_content(
    bytes: &mut Vec<u8>,
    written: &mut Written,
    vocabulary: Vocabulary,
    content: &dyn ShowFacts,
) {
    let Written { strings, lately } = written;
    let hash = content.content_hash();
    if let Some(ago) = lately.ago(hash, vocabulary) {
        put_varint(bytes, u64::from(ago));
        return;
    }
    bytes.push(0);
    put_varint(bytes, strings.begin(content.shown_kind()));
    bytes.extend_from_slice(&hash.to_le_bytes());
    let mut fields = PutFields { bytes, strings };
    content.show_to(&mut fields);
    bytes.push(tag::END);
}

struct PutFields<'a> {
    bytes: &'a mut Vec<u8>,
    strings: &'a mut Strings,
}

impl PutFields<'_> {
    #[inline]
    fn begin(&mut self, tag: u8, name: &'static str) {
        match self.strings.next(name) {
            None => self.bytes.push(tag | tag::FOLLOWS),
            Some(number) => {
                self.bytes.push(tag);
                put_varint(self.bytes, number);
            }
        }
    }
}

impl Visitor for PutFields<'_> {
    fn value(&mut self, name: &'static str, value: Value<'_>) {
        let (tag, number) = match value {
            Value::Unsigned(v) if v >> 49 != 0 => (tag::WIDE, None),
            Value::Unsigned(v) => (tag::UNSIGNED, Some(v)),
            Value::Signed(v) => (tag::SIGNED, Some(zigzag(v))),
            Value::Bool(v) => (if v { tag::TRUE } else { tag::FALSE }, None),
            Value::Node(v) => (tag::NODE, Some(v.0.into())),
            Value::Digest(_) => (tag::DIGEST, None),
            Value::Time(v) => (tag::TIME, Some(v.as_nanos())),
            Value::Duration(v) => (tag::DURATION, Some(v.as_nanos())),
            Value::Text(_) => (tag::TEXT, None),
            Value::Absent => (tag::ABSENT, None),
        };
        self.begin(tag, name);
        if let Some(number) = number {
            put_varint(self.bytes, number);
        }
        match value {
            Value::Text(text) => put_text(self.bytes, text),
            Value::Digest(word) => self.bytes.extend_from_slice(&word.to_le_bytes()),
            Value::Unsigned(word) if tag == tag::WIDE => self.bytes.extend_from_slice(&word.to_le_bytes()),
            _ => {}
        }
    }

    fn group(&mut self, name: &'static str, label: &'static str, inside: &mut dyn FnMut(&mut dyn Visitor)) {
        let name = self.strings.next(name);
        let end = Whereabouts { over: true, ..self.strings.place };
        let label = self.strings.next(label);
        self.strings.place = Whereabouts::beginning(self.strings.place.name);
        let follows = if name.is_none() { tag::FOLLOWS } else { 0 };
        let labeled = if label.is_none() { tag::LABELED } else { 0 };
        self.bytes.push(tag::GROUP | follows | labeled);
        name.into_iter().chain(label).for_each(|number| put_varint(self.bytes, number));
        inside(self);
        self.bytes.push(tag::END);
        self.strings.place = end;
    }
}

/// Reads what the functions above wrote; anything else is [`Malformed`], never a panic.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) strings: &'a [String],
    /// The places of the events whose contents were spelled out.
    spelled: Vec<usize>,
    /// As a writer has them.
    followed: Vec<Option<u64>>,
    place: Whereabouts,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], strings: &'a [String]) -> Self {
        Self {
            bytes,
            strings,
            spelled: Vec::new(),
            followed: vec![None; PLACES],
            place: Whereabouts::default(),
        }
    }

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

    /// The kind that a content begins with.
    fn kind(&mut self) -> Result<String, Malformed> {
        let number = self.varint()?;
        self.place = Whereabouts::beginning(number);
        self.named(number)
    }

    /// The next name: the one that followed the last time, or one that is written.
    fn name(&mut self, follows: bool) -> Result<String, Malformed> {
        let written = if follows { None } else { Some(self.varint()?) };
        let before = &mut self.followed[self.place.index()];
        let number = written.or(*before).ok_or(Malformed)?;
        *before = Some(number);
        (self.place.name, self.place.over) = (number, false);
        self.named(number)
    }

    fn named(&self, number: u64) -> Result<String, Malformed> {
        let place = usize::try_from(number).map_err(|_| Malformed)?;
        self.strings.get(place).cloned().ok_or(Malformed)
    }

    /// The content of the event that follows these.
    pub(super) fn content(&mut self, before: &[Recorded]) -> Result<Content, Malformed> {
        let ago: usize = self.number()?;
        if ago > 0 {
            let place = self.spelled.len().checked_sub(ago).ok_or(Malformed)?;
            let event = before.get(self.spelled[place]).ok_or(Malformed)?;
            return event.what.content().cloned().ok_or(Malformed);
        }
        self.spelled.push(before.len());
        let kind = self.kind()?;
        Ok(Content { kind, hash: self.hash()?, fields: self.fields(0)? })
    }

    fn hash(&mut self) -> Result<u64, Malformed> {
        let bytes = self.take(8)?.try_into().map_err(|_| Malformed)?;
        Ok(u64::from_le_bytes(bytes))
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
            let name = self.name(tag & tag::FOLLOWS != 0)?;
            fields.push(Named { name, value: self.value(tag & !tag::FOLLOWS, depth)? });
        }
    }

    fn value(&mut self, tag: u8, depth: u32) -> Result<Shown, Malformed> {
        Ok(match tag {
            tag::UNSIGNED => Shown::Unsigned(self.varint()?),
            tag::WIDE => Shown::Unsigned(self.hash()?),
            tag::SIGNED => Shown::Signed(unzigzag(self.varint()?)),
            tag::FALSE => Shown::Bool(false),
            tag::TRUE => Shown::Bool(true),
            tag::NODE => Shown::Node(NodeId(self.number()?)),
            tag::DIGEST => Shown::Digest(self.hash()?),
            tag::TIME => Shown::Time(Time::from_nanos(self.varint()?)),
            tag::DURATION => Shown::Duration(Duration::from_nanos(self.varint()?)),
            tag::TEXT => Shown::Text(self.text()?),
            tag::ABSENT => Shown::Absent,
            tag::GROUP | tag::LABELED_GROUP => {
                let end = Whereabouts { over: true, ..self.place };
                let label = self.name(tag == tag::LABELED_GROUP)?;
                self.place = Whereabouts::beginning(self.place.name);
                let inside = self.fields(depth + 1)?;
                self.place = end;
                Shown::Group { label, inside }
            }
            _ => return Err(Malformed),
        })
    }
}
