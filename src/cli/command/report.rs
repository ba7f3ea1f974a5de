//! `report`.

use std::path::PathBuf;

use clap::Args;
use reports::folder::PAGE;
use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::folder;
use crate::cli::terminal::Terminal;

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// A run's folder (what `run --out` wrote), or its record.json.
    pub(crate) run: PathBuf,
    /// Where the page is written; its figures go into `figures` beside it [default: report.html in the run's folder].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Draws a run from its record, without running anything.
pub(crate) fn report(arguments: &ReportArguments, terminal: &Terminal) -> Result<Exit, CliError> {
    let (path, record) = folder::read(&arguments.run)?;
    let page = arguments.out.clone().unwrap_or_else(|| path.with_file_name(PAGE));
    let written = folder::write_report(&record, &page)?;
    let (page, figures) = (written[0].display().to_string(), &written[1..]);
    let paths: Vec<String> = figures.iter().map(|path| path.display().to_string()).collect();
    let document = || json!({ "schema": "seedstorm.report/1", "report": page, "figures": paths });
    let beside = format!("{} files of figures beside it: PNG, SVG and CSV", figures.len());
    terminal.result(document, &format!("report   {page}\n         {beside}\n"))?;
    Ok(Exit::AsExpected)
}
