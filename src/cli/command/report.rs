//! `report`.

use std::path::{Path, PathBuf};

use clap::Args;
use reports::campaign;
use reports::folder::PAGE;
use serde_json::json;
use sim_core::registry::Registry;

use crate::cli::capsule_page::{self, ENDING};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files;
use crate::cli::folder::{self, ReportSource};
use crate::cli::terminal::Terminal;

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// A capsule, or the folder of a run, an exploration or a sweep (what `--out` named), or its record.json,
    /// campaign.json or sweep.json.
    pub(crate) run: PathBuf,
    /// Where the page is written [default: report.html in the folder, campaign.html for an exploration, beside a capsule
    /// under its name]. A run's figures go into `figures` beside it, a sweep's beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Draws a run, an exploration or a sweep from what it left, without running anything; a capsule is run again.
pub(crate) fn report(
    registry: &Registry,
    arguments: &ReportArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    if arguments.run.to_string_lossy().ends_with(ENDING) && arguments.run.is_file() {
        return of_capsule(registry, arguments, terminal);
    }
    let (path, drawn) = folder::read(&arguments.run)?;
    let name = if matches!(drawn, ReportSource::Campaign(_)) { campaign::PAGE } else { PAGE };
    let page = arguments.out.clone().unwrap_or_else(|| path.with_file_name(name));
    let figures = folder::write_report(&drawn, &page)?.split_off(1);
    told(&page, &figures, terminal)
}

/// Says what was written.
fn told(page: &Path, figures: &[PathBuf], terminal: &Terminal) -> Result<Exit, CliError> {
    let page = page.display().to_string();
    let paths: Vec<String> = figures.iter().map(|path| path.display().to_string()).collect();
    let document = || json!({ "schema": "seedstorm.report/1", "report": page, "figures": paths });
    let beside = match figures.len() {
        0 => String::new(),
        count => format!("         {count} files of figures beside it: PNG, SVG and CSV\n"),
    };
    terminal.result(document, &format!("report   {page}\n{beside}"))?;
    Ok(Exit::AsExpected)
}

/// Runs a capsule again and draws it. Without `--out` it is one file, since the folder may hold many capsules.
fn of_capsule(
    registry: &Registry,
    arguments: &ReportArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (capsule, _) = files::capsule(&arguments.run, false)?;
    let page = arguments.out.clone().unwrap_or_else(|| capsule_page::beside(&arguments.run));
    scenarios::artefact::fit_file(&page)?;
    let record = capsule_page::drawn(registry, &capsule, &arguments.run, terminal)?;
    let figures = match &arguments.out {
        Some(_) => folder::write_report(&ReportSource::Run(Box::new(record)), &page)?.split_off(1),
        None => capsule_page::write(record, &page).map(|()| Vec::new())?,
    };
    told(&page, &figures, terminal)
}
