//! A trace as bytes: a versioned header, the events, a checksum over all of it.

use super::codec::{Malformed, Reader, put_text, put_varint};
use super::tracer::{Trace, Tracer, read_events};
use crate::digest::Digest;

/// What every trace begins with.
const MAGIC: &[u8; 8] = b"SEEDTRC\n";

/// The form that is written and read.
const VERSION: u64 = 1;

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
        found: u64,
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

impl Tracer {
    /// What was recorded, as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        put_varint(&mut bytes, VERSION);
        put_varint(&mut bytes, self.count);
        put_varint(&mut bytes, self.omitted);
        for texts in [&self.slots, &self.strings.all] {
            put_varint(&mut bytes, texts.len() as u64);
            texts.iter().for_each(|text| put_text(&mut bytes, text));
        }
        bytes.extend_from_slice(&self.bytes);
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }
}

impl Trace {
    /// Reads what [`Tracer::to_bytes`] wrote.
    ///
    /// # Errors
    /// If it is anything else; nothing is guessed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TraceError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(TraceError::NotATrace)?;
        let mut reader = Reader { bytes: rest, strings: &[] };
        let version = reader.varint().map_err(|Malformed| TraceError::Checksum)?;
        if version != VERSION {
            return Err(TraceError::Version { found: version });
        }
        let body = bytes.len().checked_sub(CHECKSUM).ok_or(TraceError::Checksum)?;
        if checksum(&bytes[..body]) != bytes[body..] {
            return Err(TraceError::Checksum);
        }
        let Some(end) = reader.bytes.len().checked_sub(CHECKSUM) else { return Err(TraceError::Checksum) };
        reader.bytes = &reader.bytes[..end];
        read_body(&mut reader).map_err(|Malformed| TraceError::Malformed { left: reader.bytes.len() })
    }
}

fn read_body(reader: &mut Reader<'_>) -> Result<Trace, Malformed> {
    let count = reader.varint()?;
    let omitted = reader.varint()?;
    let slots = read_texts(reader)?;
    let strings = read_texts(reader)?;
    let mut inner = Reader { bytes: reader.bytes, strings: &strings };
    let events = read_events(&mut inner, count);
    let read = reader.bytes.len() - inner.bytes.len();
    reader.take(read)?;
    let events = events?;
    if reader.bytes.is_empty() { Ok(Trace { slots, events, omitted }) } else { Err(Malformed) }
}

fn read_texts(reader: &mut Reader<'_>) -> Result<Vec<String>, Malformed> {
    let count = reader.varint()?;
    (0..count).map(|_| reader.text()).collect()
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut digest = Digest::new();
    digest.bytes(bytes);
    digest.whole().0.to_le_bytes()
}
