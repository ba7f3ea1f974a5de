//! The record and the page of an exploration: what was found, what happened in all the runs, and whether "nothing found"
//! counts.

mod page;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::tree::{self, Misfit};

pub use page::page;

/// The name of the file in the folder of an exploration.
pub const FILE_NAME: &str = "campaign.json";

/// The page's name beside it.
pub const PAGE: &str = "campaign.html";

/// What this program writes and reads.
const SCHEMA: &str = "seedstorm.campaign/1";

/// An exploration with everything that its page tells. Nothing in it depends on the wall clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignRecord {
    /// As people call the scenario.
    pub name: String,
    /// The scenario's title. A text from a file: data, never markup.
    pub title: String,
    /// The scenario's paragraph.
    pub about: String,
    /// The protocol.
    pub protocol: String,
    /// The plants that were on.
    pub plants: Vec<String>,
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds were to be run.
    pub seeds: u64,
    /// How many were run, from the first on.
    pub runs: u64,
    /// What the campaign came to, in a sentence.
    pub headline: String,
    /// Its judgment, as documents name it.
    pub judgment: String,
    /// What was found, one for each way of failing.
    pub findings: Vec<FindingRecord>,
    /// How many runs failed in a way that is known.
    pub known: u64,
    /// What was demanded before "nothing found" counts.
    pub demands: Vec<DemandRecord>,
    /// Runs by verdict.
    pub verdicts: Vec<Counted>,
    /// Why runs were inconclusive.
    pub reasons: Vec<Counted>,
    /// Runs in which progress was owed and judged.
    pub owed_liveness: u64,
    /// Groups of counters, each with a title.
    pub groups: Vec<Group>,
    /// Folds the digests of all runs.
    pub digest: String,
}

/// One way of failing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRecord {
    /// How bad it is.
    pub verdict: String,
    /// The check that found it.
    pub check: String,
    /// What it said.
    pub message: String,
    /// The lowest seed.
    pub seed: u64,
    /// How many runs failed in this way.
    pub runs: u64,
    /// How far it was shrunk, in words; empty if it was not.
    pub shrunk: String,
    /// The name of its capsule's file.
    pub capsule: String,
    /// The name of its page's file, if there is one.
    pub page: Option<String>,
    /// The command that replays it.
    pub replay: String,
}

/// A demand, and how it was met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandRecord {
    /// What is demanded, in words.
    pub what: String,
    /// The share of runs in which it was so, between 0 and 1.
    pub found: f64,
    /// The least share of runs.
    pub needed: f64,
    /// Whether it was met.
    pub met: bool,
}

/// Something that was counted by runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// What.
    pub name: String,
    /// In how many runs.
    pub runs: u64,
}

/// Counters of one sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What they count: `fault family`.
    pub title: String,
    /// Each with the runs in which it moved, and how much it counted in all of them.
    pub counters: Vec<CounterRecord>,
}

/// A counter over all runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterRecord {
    /// Its name.
    pub name: String,
    /// Runs in which it moved.
    pub runs: u64,
    /// How much it counted in all runs.
    pub total: u64,
}

/// A text that is no record of an exploration. Each reads on from "failed to".
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// It is not JSON, or was cut off.
    #[error("read an exploration: it is not whole JSON: {0}")]
    NotJson(serde_json::Error),
    /// It does not say that it is one of this version.
    #[error(
        "read an exploration: it is {found}, and this program reads \"{SCHEMA}\"; explore again to get one"
    )]
    Version {
        /// What it says it is.
        found: String,
    },
    /// It says that it is one, but is not.
    #[error("read an exploration: it is broken: {0}")]
    Broken(Misfit),
}

impl CampaignRecord {
    /// The record as it stands in a file.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which would be a bug.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut value = tree::of(self)?;
        if let Some(document) = value.as_object_mut() {
            document.insert("schema".to_owned(), SCHEMA.into());
        }
        Ok(format!("{value:#}\n"))
    }

    /// Reads a record back.
    ///
    /// # Errors
    /// If the text is no record of this version.
    pub fn from_json(text: &str) -> Result<Self, CampaignError> {
        let mut value: Value = serde_json::from_str(text).map_err(CampaignError::NotJson)?;
        let schema = value.as_object_mut().and_then(|document| document.remove("schema"));
        match schema.as_ref().map(|schema| schema.as_str()) {
            Some(Some(SCHEMA)) => tree::read(&value).map_err(CampaignError::Broken),
            Some(Some(other)) => Err(CampaignError::Version { found: format!("a {other:?}") }),
            _ => Err(CampaignError::Version { found: "without a \"schema\"".to_owned() }),
        }
    }
}
