//! `evidence.json`: what violations rest on, for other programs: who is guilty, and what each of them signed.

use std::fs;
use std::path::Path;

use scenarios::artefact::{self, WriteError};
use serde_json::{Value, json};
use sim_core::check::{Culprit, Evidence, Guilt};
use sim_core::outcome::Outcome;

use super::error::CliError;

/// The name of the file in a run's folder. Beside a capsule, the name of the capsule stands before it.
pub(crate) const FILE_NAME: &str = "evidence.json";

/// Writes the document, if a check said what a violation rests on; else none is left there of another run.
pub(crate) fn write(path: &Path, scenario: &str, outcome: &Outcome) -> Result<(), CliError> {
    match document(scenario, outcome) {
        Some(document) => Ok(artefact::write(path, format!("{document:#}\n").as_bytes())?),
        None if path.exists() => {
            artefact::ours(path)?;
            Ok(fs::remove_file(path).map_err(|error| WriteError { path: path.to_owned(), error })?)
        }
        None => Ok(()),
    }
}

fn document(scenario: &str, outcome: &Outcome) -> Option<Value> {
    let all = &outcome.picture.evidence.items;
    let evidence: Vec<Value> = all.iter().filter_map(|evidence| of_violation(outcome, evidence)).collect();
    let document = json!({
        "schema": "seedstorm.evidence/1",
        "scenario": scenario,
        "seed": outcome.seed,
        "protocol": outcome.protocol,
        "digest": outcome.digest,
        "evidence": evidence,
    });
    (!evidence.is_empty()).then_some(document)
}

fn of_violation(outcome: &Outcome, evidence: &Evidence) -> Option<Value> {
    let violation = outcome.violations.get(evidence.violation)?;
    Some(json!({
        "check": violation.check,
        "at_ns": violation.at_ns,
        "message": violation.message,
        "nodes": violation.nodes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "facts": evidence.facts,
        "omitted": evidence.omitted,
        "guilt": evidence.guilt.as_ref().map(guilt),
    }))
}

fn guilt(guilt: &Guilt) -> Value {
    let culprit = |culprit: &Culprit| json!({ "node": culprit.node.to_string(), "signed": culprit.signed });
    json!({
        "culprits": guilt.culprits.iter().map(culprit).collect::<Vec<_>>(),
        "third_party": guilt.beyond_statements.is_none(),
        "beyond_statements": guilt.beyond_statements,
    })
}
