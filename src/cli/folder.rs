//! The files of a run's folder.

use std::path::{Path, PathBuf};

use reports::campaign::{self, CampaignRecord};
use reports::folder::{PAGE, figure_files, page, page_of_figures};
use reports::record::{FILE_NAME, RecordVersion, RunRecord};
use reports::sweep;
use scenarios::artefact;
use scenarios::scenario::Loaded;
use sim_core::outcome::Outcome;
use sim_core::sweep::SweepTable;

use super::capsule_page::Telling;
use super::error::CliError;
use super::evidence;
use super::files;

/// Everything that can be told about a run.
pub(crate) fn record(
    loaded: &Loaded,
    outcome: &Outcome,
    met: bool,
    replay: &str,
    told: Option<Telling>,
) -> RunRecord {
    let (story, moments) = Telling::parts(told);
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
        moments,
    }
}

/// Writes the record, the resolved scenario and the report; where the report is. They are of one run, also where another
/// one writes to the folder at the same time.
pub(crate) fn write(folder: &Path, mut record: RunRecord) -> Result<PathBuf, CliError> {
    let _held = artefact::wait_for(folder)?;
    let scenario = format!("{:#}\n", record.scenario);
    artefact::write(&folder.join("scenario.json"), scenario.as_bytes())?;
    let text = record.to_json()?;
    artefact::write(&folder.join(FILE_NAME), text.as_bytes())?;
    evidence::write(&folder.join(evidence::FILE_NAME), &record.name, &record.outcome)?;
    let report = folder.join(PAGE);
    // Drawn from what was written, as `report` will: a number may lose its last bit on the way through a file.
    let read =
        RunRecord::from_json(&text).map_err(|error| CliError::Record { path: report.clone(), error })?;
    artefact::write(&report, &page(&read))?;
    Ok(report)
}

/// The largest record that is read, in bytes: 256 MiB.
const LARGEST: u64 = 256 << 20;

/// What can be drawn again from what a folder holds.
pub(crate) enum ReportSource {
    /// A run.
    Run(Box<RunRecord>),
    /// An exploration.
    Campaign(Box<CampaignRecord>),
    /// A sweep.
    Sweep(Box<SweepTable>),
}

/// Reads what a folder, or a file in one, can be drawn from; which file that is.
pub(crate) fn read(path: &Path) -> Result<(PathBuf, ReportSource), CliError> {
    let path = if path.is_dir() { drawable(path)? } else { path.to_owned() };
    if !path.exists() {
        return Err(CliError::NothingToDraw { path, why: "there is no such file or folder" });
    }
    let text = files::read(&path, LARGEST)?;
    let named = |name: &str| path.file_name().is_some_and(|own| own == name);
    let drawn = if named(campaign::FILE_NAME) {
        let record = CampaignRecord::from_json(&text);
        let record = record.map_err(|error| CliError::Campaign { path: path.clone(), error })?;
        ReportSource::Campaign(Box::new(record))
    } else if named(sweep::FILE_NAME) {
        let table = sweep::from_json(&text);
        let table = table.map_err(|error| CliError::SweepTable { path: path.clone(), error })?;
        ReportSource::Sweep(Box::new(table))
    } else {
        let record = RunRecord::from_json(&text);
        ReportSource::Run(Box::new(record.map_err(|error| CliError::Record { path: path.clone(), error })?))
    };
    Ok((path, drawn))
}

const NOTHING: &str = "there is no record of a run and no sweep; `seedstorm run SCENARIO --out DIR`, `seedstorm explore SCENARIO \
                       --out DIR` and `seedstorm sweep FILE --out DIR` leave one in DIR";

/// Files by which a folder that cannot be drawn is known, and what to do instead.
const NOT_DRAWN: [(&str, &str); 3] = [
    (
        "explore.state.json",
        "an exploration is there that is not at its end; `seedstorm explore SCENARIO --out DIR --resume` goes on with it, \
         and `seedstorm report CAPSULE` draws a finding",
    ),
    ("reproduce.json", "its plots are drawn already, beside reproduce.json"),
    (
        "runs.jsonl",
        "a sweep is there that is not at its end; `seedstorm sweep FILE --out DIR --resume` goes on with it",
    ),
];

/// The file of a folder that can be drawn.
fn drawable(folder: &Path) -> Result<PathBuf, CliError> {
    let found = [FILE_NAME, sweep::FILE_NAME, campaign::FILE_NAME]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|path| path.exists());
    found.ok_or_else(|| {
        let known = NOT_DRAWN.into_iter().find(|(name, _)| folder.join(name).exists());
        CliError::NothingToDraw { path: folder.to_owned(), why: known.map_or(NOTHING, |(_, why)| why) }
    })
}

/// Writes a page and, beside it, its figures; everything is drawn before anything is written. The paths, the page's first.
pub(crate) fn write_report(drawn: &ReportSource, page_path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let (page, figures) = match drawn {
        ReportSource::Run(record) => (page_of_figures(record), figure_files(record)?),
        ReportSource::Campaign(record) => (campaign::page(record).into_bytes(), Vec::new()),
        ReportSource::Sweep(table) => (sweep::page(table).into_bytes(), sweep::figure_files(table)?),
    };
    let folder = page_path.parent().unwrap_or(Path::new(""));
    artefact::write(page_path, &page)?;
    let mut paths = vec![page_path.to_owned()];
    for (name, content) in figures {
        let path = folder.join(name);
        artefact::write(&path, &content)?;
        paths.push(path);
    }
    Ok(paths)
}
