//! `explore`.

use std::path::PathBuf;

use indicatif::ProgressBar;
use scenarios::explore::{Exploration, ExploreOptions, Finding, Hooks, explore as explore_seeds};
use scenarios::scenario::Loaded;
use sim_core::ratio::Ratio;
use sim_core::registry::Registry;

use crate::cli::arguments::ExploreArguments;
use crate::cli::build::build_name;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::wall::Stopwatch;
use crate::cli::{document, files, interrupt, table};

/// Runs a scenario under many seeds.
pub(crate) fn explore(
    registry: &Registry,
    arguments: &ExploreArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (loaded, plants) = files::scenario(registry, &arguments.scenario)?;
    let options = ExploreOptions {
        seeds: arguments.seeds.clone(),
        plants,
        jobs: arguments.jobs.map(usize::from),
        stop_on_first: arguments.stop_on_first,
        build: build_name(),
    };
    let watch = Stopwatch::start();
    let exploration = with_progress(&loaded, &options, terminal, watch)?;
    let folder = files::out_folder(&arguments.scenario);
    let write = |finding: &Finding| files::write_capsule(&folder, &finding.file_name(), &finding.capsule);
    let capsules = exploration.findings.iter().map(write).collect::<Result<Vec<PathBuf>, CliError>>()?;
    let words = table::of_exploration(&loaded, &options, &exploration, &capsules, watch);
    terminal
        .result(|| document::of_exploration(&loaded, &options, &exploration, &capsules, watch), &words)?;
    Ok(exit(&exploration, arguments.min_conclusive))
}

fn with_progress(
    loaded: &Loaded,
    options: &ExploreOptions,
    terminal: &Terminal,
    watch: Stopwatch,
) -> Result<Exploration, CliError> {
    interrupt::listen();
    let bar: ProgressBar = terminal.progress(options.seeds.end - options.seeds.start);
    let after_run = || {
        bar.inc(1);
        if watch.seconds() > 1.0 {
            terminal.show(&bar);
        }
    };
    let hooks = Hooks { after_run: &after_run, interrupted: &interrupt::interrupted };
    let exploration = explore_seeds(loaded, options, hooks);
    bar.finish_and_clear();
    Ok(exploration?)
}

fn exit(exploration: &Exploration, min_conclusive: Ratio) -> Exit {
    let activity = &exploration.activity;
    if exploration.interrupted {
        Exit::Interrupted
    } else if exploration.runs == 0 {
        Exit::NothingRan
    } else if !exploration.findings.is_empty() {
        Exit::Finding
    } else if activity.conclusive < min_conclusive.of(activity.runs) {
        Exit::Inconclusive
    } else {
        Exit::AsExpected
    }
}
