//! `explore`.

use std::path::PathBuf;

use indicatif::ProgressBar;
use scenarios::capsule::Capsule;
use scenarios::corpus::{KEPT_PER_FINGERPRINT, Tally, replay_all};
use scenarios::explore::{Exploration, ExploreOptions, Finding, Hooks, explore as explore_seeds};
use scenarios::scenario::Loaded;
use scenarios::shrink::{ShrinkHooks, ShrinkOptions, shrink_findings};
use sim_core::ratio::Ratio;
use sim_core::registry::Registry;

use crate::cli::arguments::ExploreArguments;
use crate::cli::build::build_name;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::wall::Stopwatch;
use crate::cli::{command, corpus, document, files, interrupt, table};

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
    let old = regressions(registry, arguments, terminal)?;
    let mut exploration = with_progress(&loaded, &options, terminal, watch)?;
    if !arguments.no_shrink {
        shrink_all(registry, &mut exploration.findings, &options)?;
    }
    let folder = files::out_folder(&arguments.scenario);
    let write = |finding: &Finding| files::write_capsule(&folder, &finding.file_name(), &finding.capsule);
    let capsules = exploration.findings.iter().map(write).collect::<Result<Vec<PathBuf>, CliError>>()?;
    let words = table::of_exploration(&loaded, &options, &exploration, &capsules, watch);
    terminal
        .result(|| document::of_exploration(&loaded, &options, &exploration, &capsules, watch), &words)?;
    if let Some(corpus) = &arguments.corpus {
        let found: Vec<Capsule> = exploration.findings.iter().map(|found| (*found.capsule).clone()).collect();
        corpus::add(corpus, &found, KEPT_PER_FINGERPRINT)?;
    }
    Ok(worse(old, exit(&exploration, arguments.min_conclusive)))
}

/// Runs the corpus, if there is one, before anything new is looked for.
fn regressions(
    registry: &Registry,
    arguments: &ExploreArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let Some(folder) = &arguments.corpus else { return Ok(Exit::AsExpected) };
    let watch = Stopwatch::start();
    let kept = corpus::read(folder, false)?;
    if kept.is_empty() {
        return Ok(Exit::AsExpected);
    }
    let results = replay_all(registry, &kept, &build_name());
    terminal.remark(command::corpus::words(&kept, &results, watch).trim_end());
    Ok(command::corpus::exit(Tally::of(&results)))
}

/// The end that says more: a bug of the program, an interruption, a finding, and then whatever exploring came to.
const fn worse(corpus: Exit, explored: Exit) -> Exit {
    match (corpus, explored) {
        (Exit::AsExpected, exit) | (_, exit @ (Exit::Internal | Exit::Interrupted)) => exit,
        (exit, _) => exit,
    }
}

/// Shrinks what was found, each finding within its own budget.
fn shrink_all(
    registry: &Registry,
    findings: &mut [Finding],
    options: &ExploreOptions,
) -> Result<(), CliError> {
    let build = options.build.clone();
    let options = ShrinkOptions { budget: ShrinkOptions::BUDGET_OF_FINDINGS, jobs: options.jobs, build };
    let hooks = ShrinkHooks { interrupted: &interrupt::interrupted, ..ShrinkHooks::NONE };
    Ok(shrink_findings(registry, findings, &options, hooks)?)
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
