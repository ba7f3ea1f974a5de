//! A scenario as text that remembers where everything stood, so that an error can point at it.
//!
//! TOML and JSON become the same neutral tree; beside it, a [`Places`] tree keeps the bytes that each key and value
//! came from. Overlays (`--set key=value`) replace values before anything is typed and are sources of their own, so
//! an error in one names it.

mod json;
mod overlay;
mod place;
mod texts;
mod toml;
mod typed;

use std::sync::Arc;

use serde_json::Value;

pub use place::Places;
pub(crate) use texts::clean;
pub(crate) use typed::Complaint;

use crate::problem::{Problem, Problems};

pub use crate::source::{Origin, Source};

/// The largest scenario text that is read, in bytes: 4 MiB.
pub const LARGEST: usize = 4 << 20;

/// The largest resolved scenario, in bytes: 64 MiB. What it names as files stands in it.
pub const LARGEST_RESOLVED: usize = 64 << 20;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.1.
    Toml,
    /// JSON.
    Json,
}

impl Format {
    /// The format that a file name speaks of: JSON for `.json`, TOML for all else.
    pub fn of_name(name: &str) -> Self {
        if name.ends_with(".json") { Self::Json } else { Self::Toml }
    }
}

/// A parsed text, not yet typed.
#[derive(Clone, Debug)]
pub struct Document {
    /// The values; a table at the top.
    pub value: Value,
    /// Where they stood.
    pub places: Places,
}

impl Document {
    /// Parses a text.
    ///
    /// # Errors
    /// If it is too large, not written in the format, or holds texts that nobody could show: everything that is wrong with
    /// how it is written.
    pub fn parse(source: Source, format: Format) -> Result<Self, Problems> {
        Self::parse_within(source, format, LARGEST)
    }

    /// [`Document::parse`] of a text of at most so many bytes.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_within(source: Source, format: Format, most: usize) -> Result<Self, Problems> {
        let source = Arc::new(source);
        if source.text.len() > most {
            let title = format!("the scenario has {} bytes, more than {most}", source.text.len());
            return Err(Problem::new(title).at(Origin::new(&source, 0..0)).into());
        }
        let document = match format {
            Format::Toml => toml::parse(&source),
            Format::Json => json::parse(&source),
        }?;
        let problems = texts::check(&[], &document.value, &document.places);
        if problems.is_empty() { Ok(document) } else { Err(Problems { list: problems }) }
    }

    /// Puts a value that was written elsewhere at a key, as `cluster.nodes`; an error about it points there.
    ///
    /// # Errors
    /// If the key leads through something that is no table, or names nothing.
    pub fn place(&mut self, key: &str, value: Value, places: Places) -> Result<(), Problems> {
        overlay::place(self, key, value, places).map_err(Problems::from)
    }

    /// Sets one value, as `cluster.nodes=7` or `faults.0.at="2s"` says, before anything is typed.
    ///
    /// # Errors
    /// If the text has no `=`, the key leads through something that is no table, or the value cannot be read.
    pub fn set(&mut self, assignment: &str) -> Result<(), Problem> {
        overlay::apply(self, assignment)
    }
}

/// Reads a text of one type, in which nothing but that type's keys may stand.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read<T: serde::de::DeserializeOwned>(source: Source) -> Result<T, Problems> {
    let format = Format::of_name(&source.name);
    let document = Document::parse(source, format)?;
    Complaint::read(&document.value).map_err(|complaint| complaint.explain(&document.places).into())
}
