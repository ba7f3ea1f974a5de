//! What a run leaves in its folder.

use std::path::{Path, PathBuf};

use reports::folder::{PAGE, figure_files, page};
use reports::record::{FILE_NAME, RecordVersion, RunRecord};
use scenarios::artefact;
use scenarios::scenario::Loaded;
use sim_core::outcome::Outcome;
use sim_core::story::Story;

use super::error::CliError;
use super::files;

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

/// Writes the record, the resolved scenario and the report; where the report is.
pub(crate) fn write(folder: &Path, mut record: RunRecord) -> Result<PathBuf, CliError> {
    let scenario = format!("{:#}\n", record.scenario);
    artefact::write(&folder.join("scenario.json"), scenario.as_bytes())?;
    let text = record.to_json()?;
    artefact::write(&folder.join(FILE_NAME), text.as_bytes())?;
    let report = folder.join(PAGE);
    // Drawn from what was written, as `report` will: a number may lose its last bit on the way through a file.
    let read =
        RunRecord::from_json(&text).map_err(|error| CliError::Record { path: report.clone(), error })?;
    artefact::write(&report, &page(&read))?;
    Ok(report)
}

/// The largest record that is read, in bytes: 256 MiB.
const LARGEST: u64 = 256 << 20;

/// Reads the record of a run's folder, or of a record's file; where the record is.
pub(crate) fn read(path: &Path) -> Result<(PathBuf, RunRecord), CliError> {
    let path = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
    if !path.exists() {
        return Err(CliError::NoRecord { path });
    }
    let text = files::read(&path, LARGEST)?;
    let record =
        RunRecord::from_json(&text).map_err(|error| CliError::Record { path: path.clone(), error })?;
    Ok((path, record))
}

/// Writes a page and, beside it, its figures; everything is drawn before anything is written. The paths, the page's first.
pub(crate) fn write_report(record: &RunRecord, page_path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let figures = figure_files(record)?;
    let folder = page_path.parent().unwrap_or(Path::new(""));
    artefact::write(page_path, &page(record))?;
    let mut paths = vec![page_path.to_owned()];
    for (name, content) in figures {
        let path = folder.join(name);
        artefact::write(&path, &content)?;
        paths.push(path);
    }
    Ok(paths)
}
