//! `shrink`: the smallest run that fails in the same way.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use clap::Args;
use scenarios::artefact;
use scenarios::capsule::Capsule;
use scenarios::shrink::{ShrinkHooks, ShrinkOptions, Shrunk, is_smaller, shrink as shrink_capsule};
use sim_core::registry::Registry;

use crate::build::build_name;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::{Stopwatch, seconds};
use crate::cli::{files, interrupt, shrink_text};

#[derive(Debug, Args)]
pub(crate) struct ShrinkArguments {
    /// A capsule file.
    pub(crate) capsule: PathBuf,
    /// Accept a capsule that was changed by hand.
    #[arg(long)]
    pub(crate) edited: bool,
    /// Where the shrunk capsule is written [default: beside the original, as NAME.min.capsule.json].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The maximal number of runs.
    #[arg(long, value_name = "RUNS", default_value_t = ShrinkOptions::BUDGET)]
    pub(crate) budget: u64,
    /// Stop after this time and keep the best result so far; the result then depends on the machine.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) time: Option<f64>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
}

/// Shrinks a capsule and writes the small one, also if it is interrupted.
pub(crate) fn shrink(
    registry: &Registry,
    arguments: &ShrinkArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (capsule, _) = files::capsule(&arguments.capsule, arguments.edited)?;
    let options = ShrinkOptions {
        budget: arguments.budget,
        jobs: arguments.jobs.map(usize::from),
        build: build_name(),
    };
    let path = arguments.out.clone().unwrap_or_else(|| beside(&arguments.capsule));
    artefact::fit_file(&path)?;
    let watch = Stopwatch::start();
    let place = ShrinkOutput::of(path.clone());
    let shrunk = with_progress(registry, &capsule, &options, arguments.time, &place, terminal, watch)?;
    let mut unkept = Unkept::default();
    let written = unkept.kept(place.write(&shrunk.capsule));
    if written == Some(false) {
        let path = path.display();
        terminal.remark(&format!("note: {path} holds a smaller run of the same failure, and stays as it is"));
    }
    let kept = written.map(|_| &*path);
    let before = capsule.shrunk.as_ref().map_or(0, |log| log.runs);
    let words = shrink_text::words(&shrunk.capsule, before, kept, watch);
    terminal.result(|| shrink_text::document(&shrunk, kept, watch), &words)?;
    let interrupted = shrunk.interrupted && interrupt::interrupted();
    Ok(unkept.end(if interrupted { Exit::Interrupted } else { Exit::AsExpected }, terminal))
}

/// Where the small capsule is written, and what was there before.
struct ShrinkOutput {
    path: PathBuf,
    there: Option<Capsule>,
}

impl ShrinkOutput {
    fn of(path: PathBuf) -> Self {
        let there = files::capsule(&path, false).ok().map(|(capsule, _)| capsule);
        Self { path, there }
    }

    /// Writes a capsule, unless what was there before is a smaller one of the same failure: somebody waited for that.
    /// Whether it was written.
    fn write(&self, capsule: &Capsule) -> Result<bool, CliError> {
        if self.there.as_ref().is_some_and(|there| is_smaller(there, capsule)) {
            return Ok(false);
        }
        files::write_capsule_at(&self.path, capsule)?;
        Ok(true)
    }
}

fn with_progress(
    registry: &Registry,
    capsule: &Capsule,
    options: &ShrinkOptions,
    limit: Option<f64>,
    place: &ShrinkOutput,
    terminal: &Terminal,
    watch: Stopwatch,
) -> Result<Shrunk, CliError> {
    interrupt::listen();
    let bar = terminal.progress(options.budget);
    let after_batch = |runs| {
        bar.set_position(runs);
        if watch.seconds() > 1.0 {
            terminal.show(&bar);
        }
    };
    // What is best so far is on the disk before anything kills this program. Where it finds no room, the end tries again: until
    // then somebody may make some.
    let noted = Cell::new(false);
    let improved = |capsule: &Capsule| {
        if let Err(error) = place.write(capsule)
            && !noted.replace(true)
        {
            terminal
                .remark(&format!("note: failed to {error}; shrinking goes on, and tries again at its end"));
        }
    };
    let late = || limit.is_some_and(|limit| watch.seconds() > limit);
    let interrupted = || interrupt::interrupted() || late();
    let hooks = ShrinkHooks { after_batch: &after_batch, improved: &improved, interrupted: &interrupted };
    let shrunk = shrink_capsule(registry, capsule, options, hooks);
    bar.finish_and_clear();
    Ok(shrunk?)
}

/// `x.capsule.json` becomes `x.min.capsule.json`.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".capsule.json").or_else(|| name.strip_suffix(".json")).unwrap_or(&name);
    path.with_file_name(format!("{}.min.capsule.json", stem.strip_suffix(".min").unwrap_or(stem)))
}
