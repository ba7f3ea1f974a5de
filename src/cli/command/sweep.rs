//! `sweep`.

use std::path::{Path, PathBuf};

use clap::Args;
use reports::folder::PAGE;
use reports::sweep::FILE_NAME;
use scenarios::artefact::{self, FolderLock};
use scenarios::begin::FolderError;
use scenarios::document::Source;
use scenarios::parallel::Hooks;
use scenarios::sweep::{
    Draft, Seeds, Sweep, SweepError, SweepOptions, SweepRun, points_csv, runs_csv, sweep as run_sweep,
    tabulate,
};
use sim_core::judgment::Judgment;
use sim_core::ordered::OrderedMap;
use sim_core::registry::Registry;
use sim_core::sweep::SweepTable;

use crate::cli::arguments::BeginArguments;
use crate::cli::build::build_name;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::progress::Progress;
use crate::cli::terminal::Terminal;
use crate::cli::wall::Stopwatch;
use crate::cli::{document, files, interrupt, sweep_table};

/// Which sweep.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm sweep overhead-vs-n
  seedstorm sweep my-sweep.toml --out results --jobs 4
  seedstorm sweep my-sweep.toml --out results --resume

Every run is a line of DIR/runs.jsonl, in an order that does not depend on threads. Beside it: runs.csv,
points.csv, sweep.json, a PNG, SVG and CSV for each plot, and report.html.")]
pub(crate) struct SweepArguments {
    /// A sweep file, or the name of a built-in sweep (see `list sweeps`).
    pub(crate) sweep: String,
    /// Use these seeds instead of those in the file; the end is excluded.
    #[arg(long, value_name = "A..B")]
    pub(crate) seeds: Option<Seeds>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Where files are written [default: seedstorm-out/SWEEP].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) begin: BeginArguments,
}

/// Runs a sweep.
pub(crate) fn sweep(
    registry: &Registry,
    arguments: &SweepArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let sweep = load(registry, arguments)?;
    let stem = Path::new(&arguments.sweep).file_stem().unwrap_or_default();
    let folder = arguments.out.clone().unwrap_or_else(|| Path::new("seedstorm-out").join(stem));
    artefact::fit(&folder, &["runs.jsonl", FILE_NAME, PAGE])?;
    let held = artefact::lock(&folder).map_err(FolderError::from).map_err(SweepError::from)?;
    let watch = Stopwatch::start();
    let run = with_progress(&sweep, &held, arguments, terminal, watch)?;
    let table = tabulate(&sweep, &run.rows);
    let mut unkept = None;
    let kept = if run.interrupted || run.rows.is_empty() {
        Vec::new()
    } else {
        match keep(&sweep, &run, &table, &folder) {
            Ok(kept) => kept,
            Err(CliError::Write(error)) => {
                unkept = Some(CliError::Write(error));
                Vec::new()
            }
            Err(error) => return Err(error),
        }
    };
    let words = sweep_table::words(&sweep, &run, &table, &kept, watch);
    terminal.result(|| document::of_sweep(&sweep, &run, &table, &kept, watch), &words)?;
    let exit = judge(&run, &table).into();
    Ok(unkept.map_or(exit, |error| files::unkept(&error, exit, terminal)))
}

fn load(registry: &Registry, arguments: &SweepArguments) -> Result<Sweep, CliError> {
    let source = files::sweep_source(&arguments.sweep)?;
    let folder = Path::new(&arguments.sweep).parent().unwrap_or(Path::new("")).to_owned();
    let mut draft = Draft::parse(source)?;
    if let Some(seeds) = arguments.seeds.clone() {
        draft.set_seeds(seeds);
    }
    let mut sources: OrderedMap<String, Source> = OrderedMap::new();
    for name in draft.scenarios() {
        sources.insert(name.to_owned(), files::scenario_beside(&folder, name)?);
    }
    Ok(draft.build(registry, &sources)?)
}

fn with_progress(
    sweep: &Sweep,
    held: &FolderLock,
    arguments: &SweepArguments,
    terminal: &Terminal,
    watch: Stopwatch,
) -> Result<SweepRun, CliError> {
    interrupt::listen();
    let options = SweepOptions {
        jobs: arguments.jobs.map(usize::from),
        begin: arguments.begin.begin(),
        build: build_name(),
    };
    let progress = Progress::new(&sweep.name, sweep.runs(), terminal, watch);
    let hooks = Hooks { after_run: &|| progress.step(), interrupted: &interrupt::interrupted };
    let run = run_sweep(sweep, held, &options, hooks);
    progress.finish();
    Ok(run?)
}

/// Writes everything that a whole sweep leaves; the files' names in order.
fn keep(sweep: &Sweep, run: &SweepRun, table: &SweepTable, folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("runs.csv".to_owned(), runs_csv(sweep, &run.rows).into_bytes()),
        ("points.csv".to_owned(), points_csv(table).into_bytes()),
        (FILE_NAME.to_owned(), format!("{:#}\n", reports::sweep::document(table)?).into_bytes()),
    ];
    // Drawn from what is written, as `report` will: a number may lose its last bit on the way through a file.
    let reread = reports::sweep::from_json(&reports::sweep::document(table)?.to_string());
    let table = &reread.map_err(|error| CliError::SweepTable { path: folder.join(FILE_NAME), error })?;
    for (name, content) in reports::sweep::figure_files(table)? {
        files.push((name.to_string_lossy().into_owned(), content));
    }
    files.push((PAGE.to_owned(), reports::sweep::page(table).into_bytes()));
    let mut kept = vec![folder.join("runs.jsonl")];
    for (name, content) in files {
        let path = folder.join(name);
        artefact::write(&path, &content)?;
        kept.push(path);
    }
    Ok(kept)
}

/// What the sweep comes to.
pub(crate) fn judge(run: &SweepRun, table: &SweepTable) -> Judgment {
    if run.interrupted { Judgment::Interrupted } else { table.judge() }
}
