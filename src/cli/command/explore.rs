//! `explore`.

mod found;

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;
use scenarios::artefact::{self, FolderLock};
use scenarios::begin::Begin;
use scenarios::campaign::{Campaign, Exploring};
use scenarios::capsule::Capsule;
use scenarios::corpus::{KEPT_PER_FINGERPRINT, folder};
use scenarios::explore::{Exploration, ExploreOptions, Finding, Hooks, Keep, Onlooker, explore_in};
use scenarios::scenario::Loaded;
use scenarios::shard::Shard;
use scenarios::shrink::{ShrinkHooks, ShrinkOptions, shrink_findings};
use sim_core::outcome::Outcome;
use sim_core::ratio::Ratio;
use sim_core::registry::Registry;

use crate::build::build_name;
use crate::cli::arguments::{BeginArguments, ScenarioArguments, fingerprint, ratio, seeds, shard_folder};
use crate::cli::command::corpus::Ran;
use crate::cli::engine::{EngineArguments, Sharded};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::export::{FileFormat, runs_file};
use crate::cli::machines::MachineArguments;
use crate::cli::progress::Progress;
use crate::cli::terminal::Terminal;
use crate::cli::wall::{Stopwatch, seconds};
use crate::cli::watch::{self, CampaignWatch};
use crate::cli::{command, files, hang, interrupt};

pub(crate) use found::{Found, ShardTold};

/// What to explore, for how long, and whom to tell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm explore raft-swarm --seeds 0..10000
  seedstorm explore raft-swarm --time 30s --out findings
  seedstorm explore raft-swarm --seeds 0..100000 --watch
  seedstorm explore raft-swarm --seeds 0..10000 --out findings --resume
  seedstorm explore raft-swarm --plant vote-not-durable --stop-on-first
  seedstorm explore raft-swarm --junit report.xml --github
  seedstorm explore raft-swarm --seeds 0..100000 --shard 0/8 --out shards/0
  seedstorm explore raft-swarm --seeds 0..100000 --engine slurm --shards 64 --job-time 1:00:00 --wait --out findings

Each distinct failure becomes one capsule in the folder of --out, which also holds the state that --resume
goes on from. Exit codes: 0 nothing found, 1 a finding, a missed limit or another end than expected, 3 nothing found but a
demand was missed (too few conclusive runs, a family of faults that did not fire, a check without anything to judge), 4 nothing ran.
A shard ends with 0 when all of its runs are made, whatever they found: `merge` judges the campaign.")]
pub(crate) struct ExploreArguments {
    #[command(flatten)]
    pub(crate) scenario: ScenarioArguments,
    /// The range of seeds; the end is excluded.
    #[arg(long, default_value = "0..1000", value_name = "A..B", value_parser = seeds)]
    pub(crate) seeds: Range<u64>,
    /// Run one shard of the campaign, such as 0/8 for the first of eight; `merge` puts all of them together.
    #[arg(long, value_name = "K/N", conflicts_with_all = ["stop_on_first", "corpus", "junit", "github", "engine"])]
    pub(crate) shard: Option<Shard>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// The share of runs that must be conclusive.
    #[arg(long, default_value = "95%", value_name = "SHARE", value_parser = ratio)]
    pub(crate) min_conclusive: Ratio,
    /// Judge only what clients can see: the protocol's own checks are off (`checks.safety = "none"`), histories,
    /// progress and crashes are judged.
    #[arg(long)]
    pub(crate) outcome_only: bool,
    /// Stop at the lowest seed with a failure that is not --known.
    #[arg(long, conflicts_with = "engine")]
    pub(crate) stop_on_first: bool,
    /// The fingerprint of a known failure, which is counted but not reported as a finding; may be repeated.
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint)]
    pub(crate) known: Vec<String>,
    /// A folder of capsules that are replayed first; new findings are added to it.
    #[arg(long, value_name = "DIR", conflicts_with = "engine")]
    pub(crate) corpus: Option<PathBuf>,
    /// Do not shrink failing runs.
    #[arg(long)]
    pub(crate) no_shrink: bool,
    /// Write a row for each run: CSV, JSON lines (*.jsonl), or Parquet (*.parquet).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "engine"])]
    pub(crate) runs: Option<PathBuf>,
    /// The format of the file of --runs, if its name does not say it.
    #[arg(long, value_name = "FORMAT", requires = "runs")]
    pub(crate) format: Option<FileFormat>,
    /// Draw in the terminal what is going on: how far and how fast, what was found, what happens in the runs, and what is
    /// still missing.
    #[arg(long, conflicts_with = "engine")]
    pub(crate) watch: bool,
    /// Stop after this time, such as 30s or 5m.
    #[arg(long, value_name = "TIME", value_parser = seconds, conflicts_with = "engine")]
    pub(crate) time: Option<f64>,
    #[command(flatten)]
    pub(crate) begin: BeginArguments,
    #[command(flatten)]
    pub(crate) machines: MachineArguments,
    #[command(flatten)]
    pub(crate) engine: EngineArguments,
}

impl ExploreArguments {
    /// What every shard is called with.
    fn command(&self) -> Vec<String> {
        let ScenarioArguments { scenario, overlays, plants, .. } = &self.scenario;
        let mut words = vec!["explore".to_owned(), scenario.clone()];
        let repeated = [("--set", overlays), ("--plant", plants), ("--known", &self.known)];
        for (flag, values) in repeated {
            words.extend(values.iter().map(|value| format!("{flag}={value}")));
        }
        words.push(format!("--seeds={}..{}", self.seeds.start, self.seeds.end));
        words.push(format!("--min-conclusive={}", self.min_conclusive));
        let switches = [("--outcome-only", self.outcome_only), ("--no-shrink", self.no_shrink)];
        words.extend(switches.iter().filter(|(_, on)| *on).map(|(flag, _)| (*flag).to_owned()));
        words
    }
}

/// Runs a scenario under many seeds.
pub(crate) fn explore(
    registry: &Registry,
    arguments: &ExploreArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let mut scenario = arguments.scenario.clone();
    if arguments.outcome_only {
        scenario.overlays.push("checks.safety=\"none\"".to_owned());
    }
    let (loaded, plants) = files::scenario(registry, &scenario)?;
    let options = ExploreOptions {
        seeds: arguments.seeds.clone(),
        shard: arguments.shard.unwrap_or_default(),
        plants,
        jobs: arguments.jobs.map(usize::from),
        stop_on_first: arguments.stop_on_first,
        known: arguments.known.clone(),
        build: build_name(),
        table: runs_file(arguments.runs.as_deref(), arguments.format)?,
    };
    let folder =
        shard_folder(files::out_folder(&arguments.scenario), &arguments.scenario.out, arguments.shard);
    arguments.machines.fit()?;
    if let Some(engine) = arguments.engine.engine {
        let exploring = Exploring::new(&loaded, &options, arguments.min_conclusive, !arguments.no_shrink);
        let sharded = Sharded {
            campaign: Campaign::Explore(Box::new(exploring)),
            command: arguments.command(),
            folder,
            jobs: arguments.jobs.unwrap_or(1),
            over: arguments.begin.begin() == Begin::Over,
            machines: &arguments.machines,
        };
        return sharded.run(engine, &arguments.engine, registry, terminal);
    }
    hang::set_scene(&loaded, folder.clone());
    if let Some(corpus) = &arguments.corpus {
        artefact::fit(corpus, &[])?;
    }
    let watch = Stopwatch::start();
    let old = regressions(registry, arguments, terminal)?;
    let (mut exploration, _folder_lock) =
        with_progress(&loaded, &options, arguments, &folder, terminal, watch)?;
    // Shrinking and telling are no part of how fast it explored.
    let watch = watch.stop();
    if !arguments.no_shrink {
        shrink_all(registry, &mut exploration.findings, &options, terminal)?;
    }
    let found = Found { loaded: &loaded, options: &options, exploration, folder: &folder, watch };
    if let Some(shard) = arguments.shard {
        let campaign = Exploring::new(&loaded, &options, arguments.min_conclusive, !arguments.no_shrink);
        return found.end_shard(shard, campaign, terminal);
    }
    let machines = &arguments.machines;
    let (exit, mut unkept) =
        found.tell(registry, arguments.min_conclusive, machines, old.as_ref(), None, terminal)?;
    if let Some(corpus) = &arguments.corpus {
        let findings = &found.exploration.findings;
        let found: Vec<Capsule> = findings.iter().map(|found| (*found.capsule).clone()).collect();
        unkept.kept(folder::add(corpus, &found, KEPT_PER_FINGERPRINT));
    }
    let old = old.map_or(Exit::AsExpected, |ran| ran.exit());
    let exit = worse(old, exit);
    Ok(unkept.end(exit, terminal))
}

/// Runs the corpus, if there is one, before anything new is looked for.
fn regressions(
    registry: &Registry,
    arguments: &ExploreArguments,
    terminal: &Terminal,
) -> Result<Option<Ran>, CliError> {
    let Some(folder) = &arguments.corpus else { return Ok(None) };
    let watch = Stopwatch::start();
    let there = folder::read(folder, false)?;
    if there.kept.is_empty() && there.damaged.is_empty() {
        return Ok(None);
    }
    let ran = Ran::new(registry, folder, there);
    terminal.remark(command::corpus::words(&ran, watch).trim_end());
    Ok(Some(ran))
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
    terminal: &Terminal,
) -> Result<(), CliError> {
    let (build, budget) = (options.build.clone(), ShrinkOptions::BUDGET_OF_FINDINGS);
    let options = ShrinkOptions { budget, jobs: options.jobs, build };
    let (bar, watch) = (terminal.progress(budget * findings.len() as u64), Stopwatch::start());
    for (before, finding) in (0..).zip(findings) {
        let after_batch = |runs| {
            bar.set_position(before * budget + runs);
            if watch.seconds() > 1.0 {
                terminal.show(&bar);
            }
        };
        let hooks = ShrinkHooks {
            after_batch: &after_batch,
            interrupted: &interrupt::interrupted,
            ..ShrinkHooks::NONE
        };
        let shrunk = shrink_findings(registry, std::slice::from_mut(finding), &options, hooks);
        shrunk.inspect_err(|_| bar.finish_and_clear())?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// Explores, and shows how far it is.
fn with_progress(
    loaded: &Loaded,
    options: &ExploreOptions,
    arguments: &ExploreArguments,
    folder: &Path,
    terminal: &Terminal,
    watch: Stopwatch,
) -> Result<(Exploration, FolderLock), CliError> {
    interrupt::listen();
    let progress = Progress::new(&loaded.name, options.runs(), terminal, watch);
    let drawn = arguments.watch && watch::possible(terminal);
    let drawn =
        drawn.then(|| CampaignWatch::new(loaded, options, arguments.min_conclusive, watch, terminal.color()));
    let shown = Shown { progress: &progress, drawn: drawn.as_ref() };
    let enough = || arguments.time.is_some_and(|limit| watch.seconds() >= limit);
    let stopped = || {
        shown.look();
        interrupt::interrupted() || enough()
    };
    let hooks = Hooks { after_run: &|| (), interrupted: &stopped };
    let keep = Keep { folder, begin: arguments.begin.begin(), enough: &enough, onlooker: &shown };
    let explored = explore_in(keep, loaded, options, hooks);
    progress.finish();
    drop(drawn);
    let (mut exploration, lock) = explored?;
    // What ends with its time ends as it should.
    exploration.interrupted = exploration.interrupted && interrupt::interrupted();
    Ok((exploration, lock))
}

/// How an exploration is shown while it goes on: drawn, or as a bar.
struct Shown<'a> {
    progress: &'a Progress<'a>,
    drawn: Option<&'a CampaignWatch<'a>>,
}

impl Shown<'_> {
    /// Draws, if it is time to. A campaign asks every few milliseconds whether to end, also where runs are long.
    fn look(&self) {
        if let Some(drawn) = self.drawn {
            drawn.look();
        }
    }
}

impl Onlooker for Shown<'_> {
    fn begun(&self, exploration: &Exploration) {
        match self.drawn {
            Some(drawn) => drawn.begun(exploration),
            None => self.progress.resume(exploration.runs),
        }
    }

    fn ended(&self, outcome: &Outcome) {
        match self.drawn {
            Some(drawn) => drawn.ended(outcome),
            None => self.progress.step(),
        }
    }
}
