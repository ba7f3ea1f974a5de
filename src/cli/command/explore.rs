//! `explore`.

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;
use scenarios::artefact::{self, FolderLock};
use scenarios::capsule::Capsule;
use scenarios::corpus::{KEPT_PER_FINGERPRINT, folder};
use scenarios::explore::{
    Demand, Exploration, ExploreOptions, Finding, Hooks, Keep, explore_in, github, judge, junit,
};
use scenarios::junit::Suite;
use scenarios::program;
use scenarios::scenario::Loaded;
use scenarios::shrink::{ShrinkHooks, ShrinkOptions, shrink_findings};
use serde_json::{Value, json};
use sim_core::ratio::Ratio;
use sim_core::registry::Registry;

use crate::build::build_name;
use crate::cli::arguments::{BeginArguments, ScenarioArguments, fingerprint, ratio, seeds};
use crate::cli::campaign::{self, Explored};
use crate::cli::command::corpus::Ran;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::machines::MachineArguments;
use crate::cli::progress::Progress;
use crate::cli::terminal::Terminal;
use crate::cli::wall::{Stopwatch, seconds};
use crate::cli::{command, document, files, hang, interrupt, table};

/// What to explore, for how long, and whom to tell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm explore raft-swarm --seeds 0..10000
  seedstorm explore raft-swarm --time 30s --out findings
  seedstorm explore raft-swarm --seeds 0..10000 --out findings --resume
  seedstorm explore raft-swarm --plant vote-not-durable --stop-on-first
  seedstorm explore raft-swarm --junit report.xml --github

Each distinct failure becomes one capsule in the folder of --out, which also holds the state that --resume
goes on from. Exit codes: 0 nothing found, 1 a finding or another end than expected, 3 nothing found but a demand was
missed (too few conclusive runs, a family of faults that did not fire, a check without anything to judge), 4 nothing ran.")]
pub(crate) struct ExploreArguments {
    #[command(flatten)]
    pub(crate) scenario: ScenarioArguments,
    /// The range of seeds; the end is excluded.
    #[arg(long, default_value = "0..1000", value_name = "A..B", value_parser = seeds)]
    pub(crate) seeds: Range<u64>,
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
    #[arg(long)]
    pub(crate) stop_on_first: bool,
    /// The fingerprint of a known failure, which is counted but not reported as a finding; may be repeated.
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint)]
    pub(crate) known: Vec<String>,
    /// A folder of capsules that are replayed first; new findings are added to it.
    #[arg(long, value_name = "DIR")]
    pub(crate) corpus: Option<PathBuf>,
    /// Do not shrink failing runs.
    #[arg(long)]
    pub(crate) no_shrink: bool,
    /// Stop after this time, such as 30s or 5m.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) time: Option<f64>,
    #[command(flatten)]
    pub(crate) begin: BeginArguments,
    #[command(flatten)]
    pub(crate) machines: MachineArguments,
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
        plants,
        jobs: arguments.jobs.map(usize::from),
        stop_on_first: arguments.stop_on_first,
        known: arguments.known.clone(),
        build: build_name(),
    };
    let folder = files::out_folder(&arguments.scenario);
    hang::set_scene(&loaded, folder.clone());
    arguments.machines.fit()?;
    if let Some(corpus) = &arguments.corpus {
        artefact::fit(corpus, &[])?;
    }
    let watch = Stopwatch::start();
    let old = regressions(registry, arguments, terminal)?;
    let (mut exploration, _folder_lock) =
        with_progress(&loaded, &options, arguments, &folder, terminal, watch)?;
    if !arguments.no_shrink {
        shrink_all(registry, &mut exploration.findings, &options)?;
    }
    let unkept = exploration.unkept.clone().map(CliError::Unkept);
    let (capsules, unkept) = write_capsules(&folder, &exploration.findings, unkept);
    let demands = judge(&loaded, &exploration.activity, arguments.min_conclusive);
    let explored = Explored {
        loaded: &loaded,
        options: &options,
        exploration: &exploration,
        demands: &demands,
        capsules: &capsules,
        folder: &folder,
    };
    let (page, unkept) = match campaign::write(registry, &explored) {
        Ok(page) => (Some(page), unkept),
        Err(error) => (None, unkept.or(Some(error))),
    };
    let mut words = table::of_exploration(
        &loaded,
        &options,
        &exploration,
        &demands,
        &capsules,
        watch,
        terminal.is_quiet(),
    );
    words += &page.as_ref().map_or_else(String::new, |page| format!("report        {}\n", page.display()));
    let document = || {
        let mut whole = document::of_exploration(&loaded, &options, &exploration, &demands, &capsules, watch);
        whole["report"] = json!(page);
        with_regressions(whole, old.as_ref())
    };
    terminal.result(document, &words)?;
    let older = files::older_capsules(&folder, &capsules);
    if older > 0 {
        let (them, remain) = if older == 1 {
            ("a capsule".to_owned(), "remains")
        } else {
            (format!("{older} capsules"), "remain")
        };
        terminal.remark(&format!("note: {them} of earlier explorations {remain} in {}", folder.display()));
    }
    let told = tell_machines(&loaded, arguments, &exploration, &demands, old.as_ref(), terminal);
    let added = arguments.corpus.as_ref().map_or(Ok(()), |corpus| {
        let found: Vec<Capsule> = exploration.findings.iter().map(|found| (*found.capsule).clone()).collect();
        folder::add(corpus, &found, KEPT_PER_FINGERPRINT).map(drop)
    });
    let unkept = unkept.or(told.err()).or(added.err().map(CliError::from));
    let old = old.map_or(Exit::AsExpected, |ran| ran.exit());
    let exit = worse(old, exploration.judge(&demands).into());
    Ok(unkept.map_or(exit, |error| files::unkept(&error, exit, terminal)))
}

/// Writes what was found; where, or where it would be. That it cannot be kept is no reason not to tell it.
fn write_capsules(
    folder: &Path,
    findings: &[Finding],
    mut unkept: Option<CliError>,
) -> (Vec<PathBuf>, Option<CliError>) {
    let mut write = |finding: &Finding| {
        let name = finding.file_name();
        files::write_capsule(folder, &name, &finding.capsule).unwrap_or_else(|error| {
            unkept.get_or_insert(error);
            folder.join(name)
        })
    };
    let capsules = findings.iter().map(&mut write).collect();
    (capsules, unkept)
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

/// The document of an exploration, with what came of the corpus before it.
fn with_regressions(mut document: Value, ran: Option<&Ran>) -> Value {
    if let Some(ran) = ran {
        document["corpus"] = json!({ "capsules": ran.capsules(), "damaged": ran.damaged() });
    }
    document
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
    arguments: &ExploreArguments,
    folder: &Path,
    terminal: &Terminal,
    watch: Stopwatch,
) -> Result<(Exploration, FolderLock), CliError> {
    interrupt::listen();
    let progress = Progress::new(&loaded.name, options.seeds.end - options.seeds.start, terminal, watch);
    let enough = || arguments.time.is_some_and(|limit| watch.seconds() >= limit);
    let stopped = || interrupt::interrupted() || enough();
    let hooks = Hooks { after_run: &|| progress.step(), interrupted: &stopped };
    let keep = Keep { folder, begin: arguments.begin.begin(), enough: &enough };
    let explored = explore_in(keep, loaded, options, hooks);
    progress.finish();
    let (mut exploration, lock) = explored?;
    // What ends with its time ends as it should.
    exploration.interrupted = exploration.interrupted && interrupt::interrupted();
    Ok((exploration, lock))
}

/// Tells other programs, as far as they were asked for: of the corpus first, as it was run.
fn tell_machines(
    loaded: &Loaded,
    arguments: &ExploreArguments,
    exploration: &Exploration,
    demands: &[Demand],
    old: Option<&Ran>,
    terminal: &Terminal,
) -> Result<(), CliError> {
    let folder = files::out_folder(&arguments.scenario);
    let capsule = |finding: &Finding| folder.join(finding.file_name()).display().to_string();
    let mut suites: Vec<Suite> = old.map(Ran::suite).into_iter().collect();
    suites.push(junit::suite(loaded, exploration, demands, &capsule));
    let mut annotations = old.map(Ran::annotations).unwrap_or_default();
    annotations += &github::annotations(loaded, exploration, demands, &capsule);
    let mut summary = old.map(Ran::summary).unwrap_or_default();
    summary += &github::summary(loaded, exploration, demands, &capsule);
    arguments.machines.tell(
        &format!("{} explore", program::name()),
        &suites,
        &annotations,
        &summary,
        terminal,
    )
}
