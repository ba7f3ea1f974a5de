//! A trace as bytes: a versioned header, the events, what explains them, and a checksum over all of it.
//!
//! SlotNames and counts are known only in the end and stand there, so that what was recorded is never copied.

use super::codec::{Malformed, Reader, put_text, put_varint};
use super::tracer::{Trace, Tracer, read_events};
use crate::digest::Digest;
use crate::slot_names::{self, SlotNames};

/// What every trace begins with.
const MAGIC: &[u8; 8] = b"SEEDTRC\n";

/// The form that is written and read.
const VERSION: u8 = 3;

/// Bytes before the first event.
pub(super) const HEADER: usize = MAGIC.len() + 1;

/// Bytes that say how long all events are together: the last before the checksum.
const LENGTH: usize = 8;

/// Room that a trace begins with.
const ROOM: usize = 1 << 16;

/// Bytes of the checksum at the end.
const CHECKSUM: usize = 16;

/// Why bytes are not a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// They do not begin like one.
    #[error("read a trace: these bytes are no seedstorm trace")]
    NotATrace,
    /// They are of another version.
    #[error("read a trace: it has version {found}, this program reads version {VERSION}")]
    Version {
        /// The version.
        found: u8,
    },
    /// They were cut or changed.
    #[error("read a trace: the checksum does not match, the file was cut or changed")]
    Checksum,
    /// The checksum matches, but no writer of this version wrote them.
    #[error("read a trace: malformed, {left} bytes before the end")]
    Malformed {
        /// How many bytes were left to read.
        left: usize,
    },
}

/// What every trace of this version begins with.
pub(super) fn header() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ROOM);
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes
}

impl Tracer {
    /// What was recorded, as bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.bytes;
        let events = (bytes.len() - HEADER) as u64;
        put_texts(&mut bytes, self.slots.len(), self.slots.iter());
        let strings = &self.written.strings.all;
        put_texts(&mut bytes, strings.len(), strings.iter().map(String::as_str));
        put_varint(&mut bytes, self.count);
        put_varint(&mut bytes, self.omitted);
        bytes.extend_from_slice(&events.to_le_bytes());
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }
}

impl Trace {
    /// Reads what [`Tracer::into_bytes`] wrote.
    ///
    /// # Errors
    /// If it is anything else; nothing is guessed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TraceError> {
        Self::from_bytes_within(bytes, slot_names::MOST)
    }

    /// [`Trace::from_bytes`], with room for names of so many bytes.
    pub(super) fn from_bytes_within(bytes: &[u8], names: usize) -> Result<Self, TraceError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(TraceError::NotATrace)?;
        match rest.first() {
            None => return Err(TraceError::Checksum),
            Some(&VERSION) => {}
            Some(&found) => return Err(TraceError::Version { found }),
        }
        let (body, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(TraceError::Checksum)?;
        if checksum(body) != *sum {
            return Err(TraceError::Checksum);
        }
        let malformed = |left| TraceError::Malformed { left };
        let (rest, length) = body[HEADER..].split_last_chunk::<LENGTH>().ok_or(malformed(0))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (events, end) = rest.split_at_checked(length).ok_or(malformed(rest.len()))?;
        read_body(events, end, names).map_err(malformed)
    }
}

/// Reads events, and what follows them; if that fails, how many bytes were left.
fn read_body(events: &[u8], end: &[u8], names: usize) -> Result<Trace, usize> {
    let mut reader = Reader::new(end, &[]);
    let ending = read_end(&mut reader, names).map_err(|Malformed| reader.bytes.len())?;
    let mut reader = Reader::new(events, &ending.strings);
    let events =
        read_events(&mut reader, ending.count).map_err(|Malformed| reader.bytes.len() + end.len())?;
    match reader.bytes.len() {
        0 => Ok(Trace { slots: ending.slots, events, omitted: ending.omitted }),
        left => Err(left + end.len()),
    }
}

/// What follows the events.
struct Ending {
    slots: SlotNames,
    strings: Vec<String>,
    count: u64,
    omitted: u64,
}

fn read_end(reader: &mut Reader<'_>, names: usize) -> Result<Ending, Malformed> {
    let slots = SlotNames::read_within(read_texts(reader)?, names).map_err(|_| Malformed)?;
    let strings = read_texts(reader)?;
    let (count, omitted) = (reader.varint()?, reader.varint()?);
    if reader.bytes.is_empty() { Ok(Ending { slots, strings, count, omitted }) } else { Err(Malformed) }
}

fn put_texts<'a>(bytes: &mut Vec<u8>, count: usize, texts: impl Iterator<Item = &'a str>) {
    put_varint(bytes, count as u64);
    texts.for_each(|text| put_text(bytes, text));
}

fn read_texts(reader: &mut Reader<'_>) -> Result<Vec<String>, Malformed> {
    let count = reader.varint()?;
    (0..count).map(|_| reader.text()).collect()
}

/// Over four sequences of words at once, since each step of a digest waits for the one before it.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut lanes = [Digest::new(); 4];
    let (blocks, rest) = bytes.as_chunks::<64>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, pair) in lanes.iter_mut().zip(words.chunks_exact(2)) {
            lane.pair(u64::from_le_bytes(pair[0]), u64::from_le_bytes(pair[1]));
        }
    }
    let mut digest = Digest::new();
    for lane in lanes {
        let whole = lane.whole().0;
        digest.pair(whole as u64, (whole >> 64) as u64);
    }
    digest.bytes(rest);
    digest.word(bytes.len() as u64);
    digest.whole().0.to_le_bytes()
}
