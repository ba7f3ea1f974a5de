//! Typed contents of events, with their types erased: kind, hash and named fields.

use std::fmt;

use serde_json::{Map, Value as Json};

use crate::facts::{Facts, Value, Visitor};
use crate::identity::NodeId;
use crate::time::{Duration, Time};

/// [`Facts`] behind a reference, whatever their type.
pub trait ShowFacts {
    /// The name of the kind.
    fn shown_kind(&self) -> &'static str;
    /// Shows the fields.
    fn show_to(&self, visitor: &mut dyn Visitor);
    /// The 64-bit content hash.
    fn content_hash(&self) -> u64;
}

impl<F: Facts> ShowFacts for F {
    fn shown_kind(&self) -> &'static str {
        self.kind_name()
    }
    fn show_to(&self, visitor: &mut dyn Visitor) {
        self.visit(visitor);
    }
    fn content_hash(&self) -> u64 {
        self.content()
    }
}

/// Facts whose content hash is known already.
pub(crate) struct Known<'a> {
    pub(crate) facts: &'a dyn ShowFacts,
    pub(crate) hash: u64,
}

impl ShowFacts for Known<'_> {
    fn shown_kind(&self) -> &'static str {
        self.facts.shown_kind()
    }
    fn show_to(&self, visitor: &mut dyn Visitor) {
        self.facts.show_to(visitor);
    }
    fn content_hash(&self) -> u64 {
        self.hash
    }
}

/// A content read back from a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The name of the kind.
    pub kind: String,
    /// The content hash.
    pub hash: u64,
    /// The fields.
    pub fields: Vec<Named>,
}

/// A field with its name; elements of lists have an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Shown,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// An unsigned number.
    Unsigned(u64),
    /// A signed number.
    Signed(i64),
    /// A yes or no.
    Bool(bool),
    /// A process.
    Node(NodeId),
    /// A content hash or signature tag.
    Digest(u64),
    /// A moment.
    Time(Time),
    /// A length of time.
    Duration(Duration),
    /// A text.
    Text(String),
    /// No value.
    Absent,
    /// A nested value or a list.
    Group {
        /// Its kind, or `"list"`.
        label: String,
        /// What it holds.
        inside: Vec<Named>,
    },
}

impl Content {
    /// The content of some facts, as a trace keeps it.
    pub fn of(facts: &dyn ShowFacts) -> Self {
        let mut fields = Collect(Vec::new());
        facts.show_to(&mut fields);
        Self { kind: facts.shown_kind().to_owned(), hash: facts.content_hash(), fields: fields.0 }
    }

    /// As a JSON object with the kind, the hash and the fields.
    pub fn to_json(&self) -> Json {
        let mut object = Map::new();
        object.insert("kind".to_owned(), self.kind.clone().into());
        object.insert("hash".to_owned(), format!("{:016x}", self.hash).into());
        object.insert("fields".to_owned(), group("", &self.fields));
        Json::Object(object)
    }
}

struct Collect(Vec<Named>);

impl Visitor for Collect {
    fn value(&mut self, name: &'static str, value: Value<'_>) {
        self.0.push(Named { name: name.to_owned(), value: value.into() });
    }

    fn group(&mut self, name: &'static str, label: &'static str, inside: &mut dyn FnMut(&mut dyn Visitor)) {
        let mut fields = Self(Vec::new());
        inside(&mut fields);
        let value = Shown::Group { label: label.to_owned(), inside: fields.0 };
        self.0.push(Named { name: name.to_owned(), value });
    }
}

impl From<Value<'_>> for Shown {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Unsigned(v) => Self::Unsigned(v),
            Value::Signed(v) => Self::Signed(v),
            Value::Bool(v) => Self::Bool(v),
            Value::Node(v) => Self::Node(v),
            Value::Digest(v) => Self::Digest(v),
            Value::Time(v) => Self::Time(v),
            Value::Duration(v) => Self::Duration(v),
            Value::Text(v) => Self::Text(v.to_owned()),
            Value::Absent => Self::Absent,
        }
    }
}

/// Unnamed fields make a JSON array, named ones an object; a kind that is not plain stands under `"kind"`.
fn group(label: &str, inside: &[Named]) -> Json {
    let plain = matches!(label, "" | "list" | "pair");
    if plain && !label.is_empty() || inside.iter().any(|field| field.name.is_empty()) {
        return inside.iter().map(|field| field.value.to_json()).collect();
    }
    let mut object: Map<String, Json> =
        inside.iter().map(|field| (field.name.clone(), field.value.to_json())).collect();
    if !plain {
        object.insert("kind".to_owned(), label.into());
    }
    Json::Object(object)
}

impl Shown {
    fn to_json(&self) -> Json {
        match self {
            Self::Unsigned(v) => (*v).into(),
            Self::Signed(v) => (*v).into(),
            Self::Bool(v) => (*v).into(),
            Self::Node(v) => v.to_string().into(),
            Self::Digest(v) => format!("{v:016x}").into(),
            Self::Time(v) => v.as_nanos().into(),
            Self::Duration(v) => v.as_nanos().into(),
            Self::Text(v) => v.clone().into(),
            Self::Absent => Json::Null,
            Self::Group { label, inside } => group(label, inside),
        }
    }
}

impl fmt::Display for Content {
    /// As [`render`](crate::facts::render) writes the facts themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        for field in &self.fields {
            write!(f, " {field}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{} ", self.name)?;
        }
        self.value.fmt(f)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(v) => v.fmt(f),
            Self::Signed(v) => v.fmt(f),
            Self::Bool(v) => v.fmt(f),
            Self::Node(v) => v.fmt(f),
            Self::Digest(v) => write!(f, "{v:016x}"),
            Self::Time(v) => v.fmt(f),
            Self::Duration(v) => v.fmt(f),
            Self::Text(v) => f.write_str(v),
            Self::Absent => f.write_str("none"),
            Self::Group { label, inside } => {
                f.write_str(if label == "list" { "" } else { label })?;
                f.write_str("[")?;
                for (i, field) in inside.iter().enumerate() {
                    write!(f, "{}{field}", if i == 0 { "" } else { " " })?;
                }
                f.write_str("]")
            }
        }
    }
}
