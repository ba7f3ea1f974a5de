//! The record of a run, `record.json`: the input of its report.

mod read;

pub use read::RecordError;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::outcome::Outcome;
use sim_core::story::Story;
use sim_core::trace::Moments;

/// The name of the file in a run's folder.
pub const FILE_NAME: &str = "record.json";

/// The version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordVersion {
    /// The only one so far.
    #[serde(rename = "seedstorm.record/1")]
    V1,
}

/// A run with everything that can be told about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Which version of the format this is.
    pub schema: RecordVersion,
    /// As people call the scenario: a path or a built-in name.
    pub name: String,
    /// The scenario's title. A text from a file: data, never markup.
    pub title: String,
    /// The scenario's paragraph.
    pub about: String,
    /// The scenario, resolved and whole.
    pub scenario: Value,
    /// Its hash.
    pub scenario_hash: String,
    /// What the scenario expects, as it is written.
    pub expect: String,
    /// Whether the outcome is what the scenario expects.
    pub as_expected: bool,
    /// The command that makes the same run again.
    pub replay: String,
    /// What the run came to.
    pub outcome: Outcome,
    /// How many operations of the history were left out, the last ones.
    #[serde(default)]
    pub history_omitted: u64,
    /// How a violation came about, if there was one and it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<Story>,
    /// The trace around what the story tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moments: Option<Moments>,
}

/// How many operations of a history a record keeps.
const MOST_OPERATIONS: usize = 100_000;

impl RunRecord {
    /// The record as it stands in a file. A long history is cut, and the record says by how much.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which would be a bug.
    pub fn to_json(&mut self) -> Result<String, serde_json::Error> {
        let history = &mut self.outcome.history;
        self.history_omitted += history.len().saturating_sub(MOST_OPERATIONS) as u64;
        history.truncate(MOST_OPERATIONS);
        let mut text = serde_json::to_string(self)?;
        text.push('\n');
        Ok(text)
    }
}
