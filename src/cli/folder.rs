//! What a run leaves in its folder.

use std::path::Path;

use reports::record::{FILE_NAME, RecordVersion, RunRecord};
use scenarios::artefact;
use scenarios::scenario::Loaded;
use sim_core::outcome::Outcome;
use sim_core::story::Story;

use super::error::CliError;

/// Everything that can be told about a run.
pub(crate) fn record(
    loaded: &Loaded,
    outcome: &Outcome,
    met: bool,
    replay: &str,
    story: Option<Story>,
) -> RunRecord {
    RunRecord {
        schema: RecordVersion::V1,
        name: loaded.name.clone(),
        title: loaded.scenario.title.clone(),
        about: loaded.scenario.about.clone(),
        scenario: loaded.resolved.clone(),
        scenario_hash: loaded.hash.to_string(),
        expect: loaded.scenario.expect.to_string(),
        as_expected: met,
        replay: replay.to_owned(),
        outcome: outcome.clone(),
        history_omitted: 0,
        story,
    }
}

/// Writes the record, the resolved scenario and the report.
pub(crate) fn write(folder: &Path, mut record: RunRecord) -> Result<(), CliError> {
    let scenario = format!("{:#}\n", record.scenario);
    artefact::write(&folder.join("scenario.json"), scenario.as_bytes())?;
    let text = record.to_json()?;
    artefact::write(&folder.join(FILE_NAME), text.as_bytes())?;
    Ok(())
}
