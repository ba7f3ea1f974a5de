//! From a tree of values to a type.
//!
//! Whatever a file holds is parsed into a tree ([`Value`]) and read from there by one reader. serde's derived code
//! is compiled once for each pair of a type and a reader, and it is large: two readers would cost twice the build.
//! For the same reason, a structure is read from a table alone, never from a list of its fields in order.

mod reader;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A value that does not fit the type it should have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misfit {
    /// Keys, indexes and names of variants that lead to the value. Of an unknown key, those of the table around it.
    pub path: Vec<String>,
    /// What is wrong, in serde's words.
    pub message: String,
}

/// Reads a tree as a type.
///
/// # Errors
/// If it does not fit: what is wrong, and where.
///
/// ```
/// #[derive(Debug, serde::Deserialize)]
/// struct Cluster {
///     nodes: Vec<u8>,
/// }
///
/// let tree = serde_json::json!({ "nodes": [3, 300] });
/// let misfit = sim_core::tree::read::<Cluster>(&tree).unwrap_err();
/// assert_eq!(misfit.to_string(), "nodes.1: invalid value: integer `300`, expected u8");
/// ```
pub fn read<T: DeserializeOwned>(tree: &Value) -> Result<T, Misfit> {
    T::deserialize(reader::Reader::Tree(tree)).map_err(reader::Caught::into_misfit)
}

/// The tree of a value: its text, read again. Values then have one writer, as they have one reader; numbers keep
/// every digit.
///
/// # Errors
/// If the value has no JSON form, such as a map whose keys are structures.
///
/// ```
/// let tree = sim_core::tree::of(&(7, 0.1, "n3"))?;
/// assert_eq!(tree, serde_json::json!([7, 0.1, "n3"]));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn of(value: &impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&serde_json::to_string(value)?)
}

/// A table of these rows. Each sort of iterator that is collected into one would bring a sort of its own.
pub fn table(rows: Vec<(String, Value)>) -> Map<String, Value> {
    rows.into_iter().collect()
}

/// A text that is no JSON, or JSON of another shape.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// It is not JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It does not fit.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// Reads a JSON text as a type.
///
/// # Errors
/// If it is not JSON, or does not fit.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ParseError> {
    Ok(read(&serde_json::from_str(text)?)?)
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.join("."))?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

#[cfg(test)]
mod tests;
