//! `sweep`.

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;
use reports::folder::PAGE;
use reports::sweep::FILE_NAME;
use scenarios::artefact::{self, FolderLock};
use scenarios::begin::{Begin, FolderError};
use scenarios::campaign::{Campaign, Sweeping, Text, seal};
use scenarios::document::Source;
use scenarios::parallel::{Hooks, Threads};
use scenarios::runs_table::{RunsTable, TableFile};
use scenarios::shard::Shard;
use scenarios::sweep::{
    Draft, RUNS, RUNS_CSV, Seeds, Sweep, SweepError, SweepOptions, SweepRun, Tabulated, comparisons_csv,
    points_csv, rates_csv, sweep as run_sweep,
};
use serde_json::Value;
use sim_core::judgment::Judgment;
use sim_core::ordered::OrderedMap;
use sim_core::registry::Registry;
use sim_core::sweep::SweepTable;

use crate::build::build_name;
use crate::cli::arguments::{BeginArguments, shard_folder};
use crate::cli::command::explore::ShardTold;
use crate::cli::engine::{EngineArguments, Sharded};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::export::{FileFormat, runs_file};
use crate::cli::machines::MachineArguments;
use crate::cli::progress::Progress;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::Stopwatch;
use crate::cli::{document, files, interrupt, sweep_table};

/// Which sweep.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm sweep overhead-vs-n
  seedstorm sweep my-sweep.toml --out results --jobs 4
  seedstorm sweep my-sweep.toml --out results --resume
  seedstorm sweep my-sweep.toml --shard 0/8 --out shards/0
  seedstorm sweep my-sweep.toml --engine local --shards 4 --out results

Every run is a line of DIR/runs.jsonl, in an order that does not depend on threads. Beside it: runs.csv,
points.csv (means, medians, quantiles), rates.csv (shares of runs), comparisons.csv (of [[compare]]), sweep.json, a PNG, SVG and CSV for each plot, and report.html. A shard leaves runs.jsonl alone, and ends with 0
when all of its runs are made: `merge` draws and judges the sweep.")]
pub(crate) struct SweepArguments {
    /// A sweep file, or the name of a built-in sweep (see `list sweeps`).
    pub(crate) sweep: String,
    /// Use these seeds instead of those in the file; the end is excluded.
    #[arg(long, value_name = "A..B")]
    pub(crate) seeds: Option<Seeds>,
    /// Run one shard of the sweep, such as 0/8 for the first of eight; `merge` puts all of them together.
    #[arg(long, value_name = "K/N", conflicts_with = "engine")]
    pub(crate) shard: Option<Shard>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Write a row for each run, with every declared column: CSV, JSON lines (*.jsonl), or Parquet (*.parquet).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["shard", "engine"])]
    pub(crate) runs: Option<PathBuf>,
    /// The format of the file of --runs, if its name does not say it.
    #[arg(long, value_name = "FORMAT", requires = "runs")]
    pub(crate) format: Option<FileFormat>,
    /// Where files are written [default: seedstorm-out/SWEEP].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) begin: BeginArguments,
    #[command(flatten)]
    pub(crate) engine: EngineArguments,
}

impl SweepArguments {
    /// What every shard is called with.
    fn command(&self, sweep: &Sweep) -> Vec<String> {
        let Range { start, end } = sweep.seeds();
        vec!["sweep".to_owned(), self.sweep.clone(), format!("--seeds={start}..{end}")]
    }
}

/// Runs a sweep.
pub(crate) fn sweep(
    registry: &Registry,
    arguments: &SweepArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (sweep, campaign) = load(registry, arguments)?;
    let stem = Path::new(&arguments.sweep).file_stem().unwrap_or_default();
    let folder = arguments.out.clone().unwrap_or_else(|| Path::new("seedstorm-out").join(stem));
    let folder = shard_folder(folder, &arguments.out, arguments.shard);
    if let Some(engine) = arguments.engine.engine {
        let sharded = Sharded {
            campaign: Campaign::Sweep(Box::new(campaign)),
            command: arguments.command(&sweep),
            folder,
            jobs: arguments.jobs.unwrap_or(1),
            over: arguments.begin.begin() == Begin::Over,
            machines: &MachineArguments::default(),
        };
        return sharded.run(engine, &arguments.engine, registry, terminal);
    }
    artefact::fit(&folder, &[RUNS, FILE_NAME, PAGE])?;
    let table = runs_file(arguments.runs.as_deref(), arguments.format)?;
    let held = artefact::lock(&folder).map_err(FolderError::from).map_err(SweepError::from)?;
    let watch = Stopwatch::start();
    let run = with_progress(&sweep, &held, arguments, terminal, watch)?;
    if let Some(shard) = arguments.shard {
        return end_shard(&sweep, run, &folder, watch, shard, campaign, terminal);
    }
    let threads = Threads::start(arguments.jobs.map(usize::from)).map_err(SweepError::from)?;
    let tabulated = Tabulated::read(&sweep, &folder, &build_name(), run.made, &threads)?;
    let mut unkept = Unkept::default();
    if let Some(file) = &table {
        unkept.kept(write_rows(file, &sweep, &tabulated));
    }
    let swept = Swept { sweep: &sweep, run, tabulated, threads, folder: &folder, watch };
    swept.tell(None, unkept, terminal)
}

/// A sweep that was run or merged.
pub(crate) struct Swept<'a> {
    pub(crate) sweep: &'a Sweep,
    pub(crate) run: SweepRun,
    pub(crate) tabulated: Tabulated<'a>,
    pub(crate) threads: Threads,
    pub(crate) folder: &'a Path,
    pub(crate) watch: Stopwatch,
}

impl Swept<'_> {
    /// Writes tables and plots, and tells what it came to; how it ends. `merged` is what a merge adds to the document.
    /// `unkept` is what could not be written before.
    pub(crate) fn tell(
        &self,
        merged: Option<Value>,
        mut unkept: Unkept,
        terminal: &Terminal,
    ) -> Result<Exit, CliError> {
        let Self { sweep, run, tabulated, watch, .. } = self;
        let table = &tabulated.table;
        let whole = !run.interrupted && run.made > 0;
        let kept = if whole { self.keep(&mut unkept)? } else { Vec::new() };
        let words = sweep_table::words(sweep, run, table, &kept, *watch, terminal.width());
        let document = || {
            let mut document = document::of_sweep(sweep, run, table, &kept, *watch);
            if let Some(merged) = merged {
                document["merged"] = merged;
            }
            document
        };
        terminal.result(document, &words)?;
        let exit = judge(run, table).into();
        Ok(unkept.end(exit, terminal))
    }

    /// Writes everything that a whole sweep leaves; the files' names in order, without those that could not be written.
    fn keep(&self, unkept: &mut Unkept) -> Result<Vec<PathBuf>, CliError> {
        let Self { sweep, tabulated, threads, folder, .. } = self;
        let table = &tabulated.table;
        let mut kept = vec![folder.join(RUNS)];
        let csv = folder.join(RUNS_CSV);
        kept.extend(unkept.kept(tabulated.write_runs_csv(&csv, threads)).map(|()| csv));
        let document = reports::sweep::document(table)?;
        let mut files: Vec<(String, Vec<u8>)> = vec![
            ("points.csv".to_owned(), points_csv(table).into_bytes()),
            ("rates.csv".to_owned(), rates_csv(table).into_bytes()),
            (FILE_NAME.to_owned(), format!("{document:#}\n").into_bytes()),
        ];
        if !sweep.file.compares.is_empty() {
            files.push(("comparisons.csv".to_owned(), comparisons_csv(table).into_bytes()));
        }
        // Drawn from what is written, as `report` will: a number may lose its last bit on the way through a file.
        let reread = reports::sweep::from_json(&document.to_string());
        let table = &reread.map_err(|error| CliError::SweepTable { path: folder.join(FILE_NAME), error })?;
        let drawn = threads.map(&table.plots[..], |plot| reports::sweep::plot_files(table, plot));
        for plot in drawn {
            files.extend(
                plot?.into_iter().map(|(name, content)| (name.to_string_lossy().into_owned(), content)),
            );
        }
        files.push((PAGE.to_owned(), reports::sweep::page(table).into_bytes()));
        // Each waits for the disk, and none for another one.
        let written = threads.map(&files[..], |(name, content)| {
            let path = folder.join(name);
            artefact::write(&path, content).map(|()| path)
        });
        kept.extend(written.into_iter().filter_map(|path| unkept.kept(path)));
        Ok(kept)
    }
}

/// Seals a shard that has all of its runs.
fn end_shard(
    sweep: &Sweep,
    run: SweepRun,
    folder: &Path,
    watch: Stopwatch,
    shard: Shard,
    campaign: Sweeping,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let SweepRun { made, resumed, interrupted } = run;
    let campaign = Campaign::Sweep(Box::new(campaign));
    let mut unkept = Unkept::default();
    // A sweep ends by itself only when no run of its own follows.
    let runs = if interrupted { sweep.runs_of(shard) } else { made };
    let seal = || seal(folder, &build_name(), shard, &campaign, &[RUNS.to_owned()]);
    let sealed = !interrupted && unkept.kept(seal()).is_some();
    let told = ShardTold { shard, campaign: &campaign, made, resumed, runs, sealed, folder };
    terminal.result(|| told.document(watch), &told.words(watch))?;
    Ok(unkept.end(told.exit(interrupted), terminal))
}

fn load(registry: &Registry, arguments: &SweepArguments) -> Result<(Sweep, Sweeping), CliError> {
    let source = files::sweep_source(&arguments.sweep)?;
    let text = Text::of(&source);
    let folder = Path::new(&arguments.sweep).parent().unwrap_or(Path::new("")).to_owned();
    let mut draft = Draft::parse(source)?;
    if let Some(seeds) = arguments.seeds.clone() {
        draft.set_seeds(seeds);
    }
    let mut sources: OrderedMap<String, Source> = OrderedMap::new();
    for name in draft.scenarios() {
        sources.insert(name.to_owned(), files::scenario_beside(&folder, name)?);
    }
    let sweep = draft.build(registry, &sources)?;
    let campaign = Sweeping {
        sweep: text,
        seeds: Seeds(sweep.seeds()),
        scenarios: sources.iter().map(|(name, source)| (name.clone(), Text::of(source))).collect(),
        sweep_hash: sweep.hash.clone(),
    };
    Ok((sweep, campaign))
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
        shard: arguments.shard.unwrap_or_default(),
        build: build_name(),
    };
    let progress = Progress::new(&sweep.name, sweep.runs_of(options.shard), terminal, watch);
    let hooks = Hooks { after_run: &|| progress.step(), interrupted: &interrupt::interrupted };
    let run = run_sweep(sweep, held, &options, hooks);
    progress.finish();
    Ok(run?)
}

/// Writes a row for each run.
fn write_rows(file: &TableFile, sweep: &Sweep, tabulated: &Tabulated<'_>) -> Result<(), CliError> {
    let mut table = RunsTable::of_sweep(file, sweep)?;
    tabulated.each(|row| table.add_row(row))?;
    Ok(table.finish()?)
}

/// What the sweep comes to.
pub(crate) fn judge(run: &SweepRun, table: &SweepTable) -> Judgment {
    if run.interrupted { Judgment::Interrupted } else { table.judge() }
}
