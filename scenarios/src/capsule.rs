//! Capsules: a run in one small file that replays for ever.
//!
//! A capsule holds what was drawn, not only the seed it was drawn from: it replays on an engine that would draw
//! something else. Its checksum covers everything else in it, so that a file that was cut short, or changed by hand
//! without saying so, is not taken for a run.

mod fates;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::check::{Verdict, Violation};
use sim_core::digest::RunDigest;
use sim_core::fault::{Executed, FaultPlan};
use sim_core::outcome::Outcome;
use sim_core::setup::Setup;
use sim_core::text::{clipped, one_line};
use sim_core::tree;

use crate::ENGINE;
use crate::document::{Complaint, clean};
use crate::plan::Plan;
use crate::scenario::{Loaded, hash};
use crate::shrink_log::ShrinkLog;

pub use fates::Fates;

/// The version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapsuleVersion {
    /// The only one so far.
    #[serde(rename = "seedstorm.capsule/1")]
    V1,
}

/// A run, with all that is needed to run it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capsule {
    /// Which version of the format this is.
    pub schema: CapsuleVersion,
    /// The number of the engine that ran it.
    pub engine: u32,
    /// Which program ran it: the same engine and build must come to the same digest.
    pub build: String,
    /// The scenario's name.
    pub name: String,
    /// The scenario, resolved and whole.
    pub scenario: Value,
    /// Its hash.
    pub scenario_hash: String,
    /// The seed.
    pub seed: u64,
    /// The protocol.
    pub protocol: String,
    /// Its parameters, with knobs as drawn.
    pub parameters: Value,
    /// The plants that were on.
    pub plants: Vec<String>,
    /// The run as drawn, its fault plan included.
    pub setup: Setup,
    /// What the run did of its plan.
    pub executed: Vec<Executed>,
    /// The executed plan as a plan of its own: moments as they came, slots as they were drawn.
    pub pinned: FaultPlan,
    /// What chance did to messages.
    #[serde(default)]
    pub fates: Fates,
    /// What it was judged to be.
    pub verdict: Verdict,
    /// The check that found the first violation, if there was one.
    pub check: Option<String>,
    /// What that check said.
    pub message: Option<String>,
    /// Its fingerprint.
    pub fingerprint: Option<String>,
    /// The digest of the run.
    pub digest: RunDigest,
    /// What shrinking did, if it was shrunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<ShrinkLog>,
}

/// The largest file that is read, in bytes: 64 MiB.
pub const LARGEST: u64 = 64 << 20;

/// So much of what is wrong with a file is told, in characters.
const LONGEST_MESSAGE: usize = 1_000;

/// Why a file is no capsule.
#[derive(Debug, thiserror::Error)]
pub enum CapsuleError {
    /// Nothing is in it.
    #[error("read the capsule: the file is empty")]
    Empty,
    /// It is not JSON.
    #[error("read the capsule: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A part of it is of another shape.
    #[error("read the capsule: {place}: {message}")]
    Shape {
        /// Keys and indexes that lead to the part.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// It is a document of another kind or version.
    #[error("read the capsule: its schema is {found}, expected \"seedstorm.capsule/1\"")]
    Schema {
        /// What it says.
        found: String,
    },
    /// Its content is not what was written.
    #[error("read the capsule: its checksum does not match its content; --edited accepts this")]
    Checksum,
}

/// What a failing run is known by: the first of its worst violations.
pub fn first_violation(outcome: &Outcome) -> Option<&Violation> {
    let worst = outcome.violations.iter().map(|violation| violation.verdict).max();
    outcome.violations.iter().find(|violation| Some(violation.verdict) == worst)
}

impl Capsule {
    /// The capsule of a run.
    pub fn new(loaded: &Loaded, plan: &Plan, outcome: &Outcome, build: &str) -> Self {
        let first = first_violation(outcome);
        Self {
            schema: CapsuleVersion::V1,
            engine: ENGINE,
            build: build.to_owned(),
            name: loaded.name.clone(),
            scenario: loaded.resolved.clone(),
            scenario_hash: loaded.hash.clone(),
            seed: plan.setup.seed,
            protocol: plan.protocol.name.to_owned(),
            parameters: plan.cluster.parameters(),
            plants: plan.plants.clone(),
            setup: plan.setup.clone(),
            executed: outcome.faults.clone(),
            pinned: outcome.plan.clone(),
            fates: Fates::of(&plan.setup, outcome),
            verdict: outcome.verdict,
            check: first.map(|violation| violation.check.clone()),
            message: first.map(|violation| violation.message.clone()),
            fingerprint: first.map(|violation| violation.fingerprint.clone()),
            digest: outcome.digest,
            shrunk: None,
        }
    }

    /// The capsule of a smaller run that fails in the same way.
    #[must_use]
    pub fn shrunk_to(&self, plan: &Plan, outcome: &Outcome, build: &str, log: ShrinkLog) -> Self {
        let wanted = self.fingerprint.as_ref();
        let found = outcome.violations.iter().find(|violation| Some(&violation.fingerprint) == wanted);
        Self {
            engine: ENGINE,
            build: build.to_owned(),
            seed: plan.setup.seed,
            parameters: plan.cluster.parameters(),
            setup: plan.setup.clone(),
            executed: outcome.faults.clone(),
            pinned: outcome.plan.clone(),
            fates: Fates::of(&plan.setup, outcome),
            verdict: outcome.verdict,
            check: found.map(|violation| violation.check.clone()),
            message: found.map(|violation| violation.message.clone()),
            digest: outcome.digest,
            shrunk: Some(log),
            ..self.clone()
        }
    }

    /// The run with everything in it given rather than drawn: faults at the moments and slots that they came to, and
    /// messages that meet the fates they met. The same as [`Capsule::setup`] on the engine that recorded it.
    pub fn pinned_setup(&self) -> Setup {
        Setup { faults: self.pinned.clone(), ..self.fates.given(&self.setup) }
    }

    /// The file's text, with its checksum and the command that replays it.
    ///
    /// # Errors
    /// Never for a capsule made by [`Capsule::new`]: every part has a JSON form.
    pub fn to_json(&self, path: &str) -> Result<String, serde_json::Error> {
        let mut value = tree::of(self)?;
        let checksum = hash(&value);
        if let Some(table) = value.as_object_mut() {
            table.insert("checksum".to_owned(), checksum.into());
            table.insert("command".to_owned(), replay_command(path).into());
        }
        serde_json::to_string_pretty(&value).map(|text| text + "\n")
    }

    /// Reads a file's text. With `edited`, content that does not match its checksum is accepted; the second value
    /// says whether it matched.
    ///
    /// # Errors
    /// If it is no capsule, or not the one that was written.
    pub fn from_json(text: &str, edited: bool) -> Result<(Self, bool), CapsuleError> {
        if text.trim().is_empty() {
            return Err(CapsuleError::Empty);
        }
        let mut value: Value = serde_json::from_str(text)?;
        let schema = value.get("schema").cloned().unwrap_or(Value::Null);
        if schema != "seedstorm.capsule/1" {
            let found = clipped(&one_line(&schema.to_string()), LONGEST_MESSAGE).into_owned();
            return Err(CapsuleError::Schema { found });
        }
        let table = value.as_object_mut();
        let checksum = table.and_then(|table| {
            // The command names a path, which changes as the file is moved: it is for people only.
            table.remove("command");
            table.remove("checksum")
        });
        let intact = checksum == Some(Value::String(hash(&value)));
        if !intact && !edited {
            return Err(CapsuleError::Checksum);
        }
        clean(&mut value);
        let capsule = Complaint::read(&value).map_err(|complaint| CapsuleError::Shape {
            place: one_line(&complaint.place("the document")).into_owned(),
            message: clipped(&one_line(&complaint.message), LONGEST_MESSAGE).into_owned(),
        })?;
        Ok((capsule, intact))
    }
}

/// The command that replays a capsule at a path, quoted for a shell where it has to be.
pub fn replay_command(path: &str) -> String {
    format!("{} replay {}", crate::program::name(), shell_word(path))
}

/// A text as one word of a shell, quoted where it has to be.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
