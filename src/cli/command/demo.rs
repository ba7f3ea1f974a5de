//! `demo`: a calm run, a storm, and a real bug that is found, shrunk, explained and replayed.

mod bug;
mod passing;

use std::path::PathBuf;

use clap::Args;
use scenarios::artefact;
use scenarios::builtin;
use scenarios::document::Format;
use scenarios::program;
use scenarios::scenario::{Loaded, load};
use serde_json::{Value, json};
use sim_core::registry::Registry;

use crate::cli::arguments::seed;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::Stopwatch;
use crate::cli::{files, interrupt};

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// The seed of the demo.
    #[arg(long, default_value_t = 0, value_parser = seed)]
    pub(crate) seed: u64,
    /// The planted bug to look for, by name or number (see `list plants`).
    #[arg(long, value_name = "NAME", default_value = "vote-not-durable")]
    pub(crate) plant: String,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Where files are written.
    #[arg(long, value_name = "DIR", default_value = "seedstorm-out/demo")]
    pub(crate) out: PathBuf,
}

/// What the demo explores.
const EXPLORED: &str = "demo-bug";

/// Shows what this program is for, in a few seconds.
pub(crate) fn demo(
    registry: &Registry,
    arguments: &DemoArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    artefact::fit(&arguments.out, &["scenario.json", "record.json", "report.html"])?;
    let watch = Stopwatch::start();
    interrupt::listen();
    let jobs = arguments.jobs.map_or_else(rayon::current_num_threads, usize::from);
    let (version, seed) = (env!("CARGO_PKG_VERSION"), arguments.seed);
    terminal.say(&format!("{} {version} · demo · seed {seed} · {jobs} threads\n\n", program::name()))?;
    let calm = passing::show(&builtin(registry, "raft-calm")?, "1/3 calm ", seed, terminal)?;
    let storm = passing::show(&builtin(registry, "raft-storm")?, "2/3 storm", seed, terminal)?;
    let loaded = builtin(registry, EXPLORED)?;
    let plant = files::plant(&loaded, &arguments.plant)?;
    let hunt = bug::Hunt { registry, loaded: &loaded, plant: &plant, seed, jobs, out: &arguments.out };
    let mut unkept = Unkept::default();
    let found = bug::show(&hunt, &mut unkept, terminal)?;
    let (exit, ended) = match &found {
        _ if interrupt::interrupted() => (Exit::Interrupted, "the demo was interrupted"),
        Some(_) if unkept.is_empty() => (Exit::AsExpected, "the demo found what it was meant to find"),
        Some(_) => (Exit::Unkept, "the demo found what it was meant to find, and could not keep all of it"),
        None => (Exit::Inconclusive, "the demo did not find what it was meant to find"),
    };
    terminal.say(&format!("{} · exit {}: {ended}\n", watch.words(), exit as u8))?;
    let document = || document(seed, &plant, &[calm, storm], found.as_ref(), watch);
    terminal.result(document, "")?;
    Ok(unkept.end(exit, terminal))
}

fn builtin(registry: &Registry, name: &str) -> Result<Loaded, CliError> {
    let missing = || CliError::NoScenario { name: name.to_owned(), nearest: None };
    let source = builtin::find(name).ok_or_else(missing)?;
    Ok(load(registry, source, Format::Toml, &[])?)
}

fn document(seed: u64, plant: &str, passing: &[Value], bug: Option<&Value>, watch: Stopwatch) -> Value {
    json!({
        "schema": "seedstorm.demo/1",
        "seed": seed,
        "plant": plant,
        "runs": passing,
        "bug": bug,
        "wall": { "elapsed_ms": watch.milliseconds() },
    })
}
