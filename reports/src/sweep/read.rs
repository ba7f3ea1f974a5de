//! The file of a sweep's table: `sweep.json`. Nothing in it depends on the wall clock.

use serde_json::Value;
use sim_core::sweep::SweepTable;
use sim_core::tree::{self, Misfit};

/// The name of the file in a sweep's folder.
pub const FILE_NAME: &str = "sweep.json";

/// What this program writes and reads.
const SCHEMA: &str = "seedstorm.sweep/1";

/// A text that is no table of a sweep. Each reads on from "failed to".
#[derive(Debug, thiserror::Error)]
pub enum SweepTableError {
    /// It is not JSON, or was cut off.
    #[error("read a sweep: it is not whole JSON: {0}")]
    NotJson(serde_json::Error),
    /// It does not say that it is a sweep of this version.
    #[error(
        "read a sweep: it is {found}, and this program reads \"{SCHEMA}\"; run the sweep again to get one"
    )]
    Version {
        /// What it says it is.
        found: String,
    },
    /// It says that it is one, but is not.
    #[error("read a sweep: it is broken: {0}")]
    Broken(Misfit),
}

/// The document of a table.
///
/// # Errors
/// If it cannot be written as JSON, which would be a bug.
pub fn document(table: &SweepTable) -> Result<Value, serde_json::Error> {
    let mut value = tree::of(table)?;
    if let Some(document) = value.as_object_mut() {
        document.insert("schema".to_owned(), SCHEMA.into());
        document.insert("agrees_with_theory".to_owned(), table.agrees_with_theory().into());
    }
    Ok(value)
}

/// Reads a table back.
///
/// # Errors
/// If the text is no table of this version.
pub fn from_json(text: &str) -> Result<SweepTable, SweepTableError> {
    let value: Value = serde_json::from_str(text).map_err(SweepTableError::NotJson)?;
    match value.get("schema").map(|schema| schema.as_str()) {
        Some(Some(SCHEMA)) => tree::read(&value).map_err(SweepTableError::Broken),
        Some(Some(other)) => Err(SweepTableError::Version { found: format!("a \"{other}\"") }),
        _ => Err(SweepTableError::Version { found: "without a \"schema\"".to_owned() }),
    }
}
