//! The page of a capsule: one file beside it.

use std::path::{Path, PathBuf};

use reports::record::{RecordVersion, RunRecord};
use scenarios::artefact;
use scenarios::capsule::{Capsule, replay_command};
use scenarios::plan::Plan;
use scenarios::replay::plan_of;
use scenarios::run::run;
use scenarios::scenario::{Expectation, verdict_name};
use scenarios::story::{StoryStage, Told, tell, tell_whole};
use serde_json::Value;
use sim_core::outcome::Outcome;
use sim_core::picture::Detail;
use sim_core::registry::{Launch, Registry};
use sim_core::story::Story;
use sim_core::trace::Moments;

use super::error::CliError;
use super::evidence;
use super::story_progress::StoryProgress;
use super::terminal::Terminal;

/// What is told of a violation, and the trace around it.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    pub(crate) story: Story,
    pub(crate) moments: Moments,
}

impl Telling {
    pub(crate) fn new(told: &Told) -> Self {
        Self { story: told.story.clone(), moments: told.moments() }
    }

    pub(crate) fn parts(told: Option<Self>) -> (Option<Story>, Option<Moments>) {
        told.map_or((None, None), |told| (Some(told.story), Some(told.moments)))
    }
}

/// How the file of a capsule ends.
pub(crate) const ENDING: &str = ".capsule.json";

/// Where the page of a capsule is: beside it, under the same name.
pub(crate) fn beside(capsule: &Path) -> PathBuf {
    let name = capsule.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(ENDING).or(name.strip_suffix(".json")).unwrap_or(&name);
    capsule.with_file_name(format!("{stem}.html"))
}

/// Everything that can be told about the run of a capsule, from an outcome with its picture and history.
pub(crate) fn record(capsule: &Capsule, path: &Path, outcome: &Outcome, told: Option<Telling>) -> RunRecord {
    let (story, moments) = Telling::parts(told);
    let text = |key: &str| capsule.scenario.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let expect: Expectation = text("expect").parse().unwrap_or_default();
    RunRecord {
        schema: RecordVersion::V1,
        name: capsule.name.clone(),
        title: text("title"),
        about: text("about"),
        scenario: capsule.scenario.clone(),
        scenario_hash: capsule.scenario_hash.clone(),
        expect: expect.to_string(),
        as_expected: expect.met(outcome),
        replay: replay_command(&path.display().to_string()),
        outcome: outcome.clone(),
        history_omitted: 0,
        story,
        moments,
    }
}

/// Runs a capsule again, on this program, and tells everything about it.
pub(crate) fn drawn(
    registry: &Registry,
    capsule: &Capsule,
    path: &Path,
    terminal: &Terminal,
) -> Result<RunRecord, CliError> {
    let plan = plan_of(registry, capsule, capsule.setup.clone())?;
    let launch = Launch { picture: Detail::Full, keep_history: true, ..Launch::default() };
    let outcome = run(&plan, &launch)?;
    let what = path.file_name().unwrap_or_default().to_string_lossy();
    let told = told(&plan, &outcome, capsule.fingerprint.as_deref(), &what, terminal)?;
    Ok(record(capsule, path, &outcome, told))
}

/// Writes the page of a record into one file, and beside it what violations rest on, where a check said so.
pub(crate) fn write(mut record: RunRecord, page: &Path) -> Result<(), CliError> {
    // Drawn from what a file would hold, as every page is.
    let text = record.to_json()?;
    let read =
        RunRecord::from_json(&text).map_err(|error| CliError::Record { path: page.to_owned(), error })?;
    artefact::write(page, &reports::folder::page(&read))?;
    evidence::write(&page.with_extension(evidence::FILE_NAME), &read.name, &read.outcome)
}

/// A run with more events than this is not traced to tell how its violation came about: `replay` does so when asked.
const MOST_TOLD: u64 = 2_000_000;
/// What would have come of it otherwise takes a run for each fault; these may have so many events together.
const MOST_AGAIN: u64 = 10_000_000;

/// How a violation came about, if there is one: the one of a fingerprint, else the first.
pub(crate) fn told(
    plan: &Plan,
    outcome: &Outcome,
    fingerprint: Option<&str>,
    what: &str,
    terminal: &Terminal,
) -> Result<Option<Telling>, CliError> {
    if outcome.violations.is_empty() || outcome.events > MOST_TOLD {
        return Ok(None);
    }
    let there = |print: &&str| outcome.violations.iter().any(|violation| violation.fingerprint == **print);
    let fingerprint = fingerprint.filter(|print| there(print));
    let whole = outcome.events.saturating_mul(outcome.faults.len() as u64) <= MOST_AGAIN;
    let progress = StoryProgress::of(what, outcome.events, terminal);
    let told = if whole {
        tell_whole(plan, fingerprint, &|stage| progress.begins(stage))?
    } else {
        progress.begins(StoryStage::Trace);
        tell(plan, fingerprint)?
    };
    Ok(told.as_ref().map(Telling::new))
}

/// How a run ended, as a line says it: `SAFETY raft/election-safety`.
pub(crate) fn verdict_line(outcome: &Outcome) -> String {
    let verdict = verdict_name(outcome.verdict).to_uppercase();
    match outcome.violations.first() {
        Some(first) => format!("{verdict} · {}", first.check),
        None => verdict,
    }
}
