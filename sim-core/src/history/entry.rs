//! The written form of one operation.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::record::Record;
use crate::operation::{ObjectModel, Operation, Reply};

/// One operation as a line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryEntry {
    /// The sequential process that called it.
    pub process: u64,
    /// When it was called.
    pub call_ns: u64,
    /// When it returned; null if it never did.
    #[serde(deserialize_with = "required")]
    pub return_ns: Option<u64>,
    /// What was called.
    pub f: Function,
    /// Which object; null or left out where there is only one.
    #[serde(default)]
    pub key: Option<Datum>,
    /// What was written or read; `[from, to]` for a compare-and-swap, `[from, to, amount]` for a transfer; null is the
    /// unwritten value.
    #[serde(default)]
    pub value: EntryValue,
    /// True if it took effect, false for a compare-and-swap that saw another value or a transfer from an account that held
    /// too little, null if unknown.
    #[serde(deserialize_with = "required")]
    pub ok: Option<bool>,
    /// Free remarks, ignored by every check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

/// An optional field that must be written all the same: a forgotten `return_ns` must not read as "never returned".
fn required<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// The operations of all models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Function {
    /// Read a register, a list, a set or a bank.
    Read,
    /// Write a register.
    Write,
    /// Compare and swap.
    Cas,
    /// Append to a list.
    Append,
    /// Read one of many registers.
    Get,
    /// Write one of many registers.
    Put,
    /// Put at the tail of a queue.
    Enqueue,
    /// Take from the head of a queue.
    Dequeue,
    /// Add to a set.
    Add,
    /// Take out of a set.
    Remove,
    /// Move money between two accounts of a bank.
    Transfer,
}

/// A key or a value: a number or a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Datum {
    /// A number from zero up.
    Number(u64),
    /// A number below zero.
    Negative(i64),
    /// A text.
    Text(String),
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Negative(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// The `value` of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EntryValue {
    /// Nothing, or the unwritten value.
    #[default]
    None,
    /// One value.
    One(Datum),
    /// `[from, to]`, `[from, to, amount]`, or the content of a list, set or bank.
    Many(Vec<Option<Datum>>),
}

impl From<Option<u64>> for EntryValue {
    fn from(value: Option<u64>) -> Self {
        value.map_or(Self::None, |value| Self::One(Datum::Number(value)))
    }
}

impl HistoryEntry {
    /// The written form of a recorded operation.
    pub(super) fn new(model: ObjectModel, record: &Record) -> Self {
        let (f, value) = written(model, &record.operation, record.reply());
        Self {
            process: record.process,
            call_ns: record.called.as_nanos(),
            return_ns: record.reply().and(record.end.as_ref()).map(|end| end.at.as_nanos()),
            f,
            key: Some(Datum::Number(record.operation.key())),
            value,
            ok: record.reply().map(|reply| *reply != Reply::Mismatch),
            meta: None,
        }
    }
}

fn written(model: ObjectModel, operation: &Operation, reply: Option<&Reply>) -> (Function, EntryValue) {
    let kv = model == ObjectModel::Kv;
    let one = |value: u64| EntryValue::from(Some(value));
    match *operation {
        Operation::Read { .. } => (if kv { Function::Get } else { Function::Read }, read_value(reply)),
        Operation::Write { value, .. } => (if kv { Function::Put } else { Function::Write }, one(value)),
        Operation::Cas { from, to, .. } => {
            let pair = vec![from.map(Datum::Number), Some(Datum::Number(to))];
            (Function::Cas, EntryValue::Many(pair))
        }
        Operation::Append { value, .. } => (Function::Append, one(value)),
        Operation::ReadList { .. } | Operation::ReadSet { .. } | Operation::ReadBank { .. } => {
            (Function::Read, read_value(reply))
        }
        Operation::Transfer { from, to, amount, .. } => {
            let all = [u64::from(from), u64::from(to), amount].map(|number| Some(Datum::Number(number)));
            (Function::Transfer, EntryValue::Many(all.to_vec()))
        }
        Operation::Enqueue { value, .. } => (Function::Enqueue, one(value)),
        Operation::Dequeue { .. } => (Function::Dequeue, read_value(reply)),
        Operation::Add { value, .. } => (Function::Add, one(value)),
        Operation::Remove { value, .. } => (Function::Remove, one(value)),
    }
}

fn read_value(reply: Option<&Reply>) -> EntryValue {
    match reply {
        Some(Reply::Value(value)) => EntryValue::from(*value),
        Some(Reply::Values(values)) => {
            EntryValue::Many(values.iter().map(|value| Some(Datum::Number(*value))).collect())
        }
        _ => EntryValue::None,
    }
}
