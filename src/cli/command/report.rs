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
    /// The folder of a run or a sweep (what `--out` named), or its record.json or sweep.json.
    pub(crate) run: PathBuf,
    /// Where the page is written [default: report.html in the folder]. A run's figures go into `figures` beside it, a
    /// sweep's beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Draws a run or a sweep from what it left, without running anything.
pub(crate) fn report(arguments: &ReportArguments, terminal: &Terminal) -> Result<Exit, CliError> {
    let (path, drawn) = folder::read(&arguments.run)?;
    let page = arguments.out.clone().unwrap_or_else(|| path.with_file_name(PAGE));
    let written = folder::write_report(&drawn, &page)?;
    let (page, figures) = (written[0].display().to_string(), &written[1..]);
    let paths: Vec<String> = figures.iter().map(|path| path.display().to_string()).collect();
    let document = || json!({ "schema": "seedstorm.report/1", "report": page, "figures": paths });
    let beside = format!("{} files of figures beside it: PNG, SVG and CSV", figures.len());
    terminal.result(document, &format!("report   {page}\n         {beside}\n"))?;
    Ok(Exit::AsExpected)
}
