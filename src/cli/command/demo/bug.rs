//! The third part of the demo: a planted bug is found by exploring, shrunk, told and replayed.

use std::path::{Path, PathBuf};

use scenarios::capsule::{Capsule, replay_command};
use scenarios::explore::{Exploration, ExploreOptions, Finding, Hooks, explore};
use scenarios::replay::plan_of;
use scenarios::run::twice;
use scenarios::scenario::Loaded;
use scenarios::shrink::{ShrinkHooks, ShrinkOptions, shrink};
use scenarios::story::{Told, tell_whole};
use serde_json::{Value, json};
use sim_core::registry::{Launch, Registry};
use sim_core::story;

use crate::build::build_name;
use crate::cli::capsule_page::Telling;
use crate::cli::error::CliError;
use crate::cli::terminal::Terminal;
use crate::cli::wall::Stopwatch;
use crate::cli::{files, folder, interrupt, shrink_text};

/// How many seeds are explored at most.
const SEEDS: u64 = 4_096;

/// How many runs shrinking may take.
const BUDGET: u64 = 10_000;

/// What is looked for, and where.
pub(super) struct Hunt<'a> {
    pub(super) registry: &'a Registry,
    pub(super) loaded: &'a Loaded,
    pub(super) plant: &'a str,
    pub(super) seed: u64,
    pub(super) jobs: usize,
    pub(super) out: &'a Path,
}

/// Finds the bug and shows it; nothing if it was not found.
pub(super) fn show(hunt: &Hunt<'_>, terminal: &Terminal) -> Result<Option<Value>, CliError> {
    let plants = hunt.loaded.protocol.plants.iter();
    let plant = plants.clone().find(|plant| plant.name == hunt.plant);
    let (id, about) = plant.map_or(("", ""), |plant| (plant.id, plant.about));
    terminal.say(&format!("3/3 bug    plant {} ({id}): {about}\n", hunt.plant))?;
    terminal.say("           exploring does not know which plant is on\n")?;
    let watch = Stopwatch::start();
    let exploration = explored(hunt, terminal)?;
    let first = hunt.first_seed();
    let seeds = format!("seeds {first}..{}", first + exploration.runs);
    terminal.say(&format!("           {seeds} · {} runs in {}\n\n", exploration.runs, watch.words()))?;
    let Some(finding) = exploration.findings.first() else { return Ok(None) };
    let color = terminal.color_of_results();
    let (red, plain) = if color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    terminal.say(&format!("{red}VIOLATION{plain}   {} · seed {}\n", finding.check, finding.seed))?;
    let watch = Stopwatch::start();
    let small = shrunk_capsule(hunt, finding)?;
    terminal.say(&format!("            {}\n", small.message.as_deref().unwrap_or_default()))?;
    terminal.say(&format!("shrunk      {}    ({})\n\n", shrink_text::line(&small), watch.words()))?;
    let told = tell(hunt, &small)?;
    terminal.say(&story::words(&told.story, color))?;
    let alike = replayed_alike(hunt, &small)?;
    let digest = small.digest.to_string();
    let said = if alike { "same digest" } else { "ANOTHER DIGEST" };
    terminal.say(&format!("  replayed twice, {said} {}…\n\n", digest.get(..8).unwrap_or(&digest)))?;
    let path = keep(hunt, finding, &small, &told)?;
    let replay = replay_command(&path.display().to_string());
    terminal.say(&last_lines(hunt, &replay))?;
    Ok(Some(json!({
        "seed": finding.seed,
        "runs": exploration.runs,
        "check": finding.check,
        "fingerprint": finding.fingerprint,
        "shrunk": small.shrunk,
        "digest": digest,
        "replayed_alike": alike,
        "story": told.story,
        "capsule": path,
    })))
}

impl Hunt<'_> {
    /// Every demo has seeds of its own.
    const fn first_seed(&self) -> u64 {
        (self.seed % (1 << 40)) * SEEDS
    }
}

fn explored(hunt: &Hunt<'_>, terminal: &Terminal) -> Result<Exploration, CliError> {
    let first = hunt.first_seed();
    let options = ExploreOptions {
        seeds: first..first + SEEDS,
        plants: vec![hunt.plant.to_owned()],
        jobs: Some(hunt.jobs),
        stop_on_first: true,
        known: Vec::new(),
        build: build_name(),
        ..ExploreOptions::default()
    };
    let bar = terminal.progress(SEEDS);
    let watch = Stopwatch::start();
    let after_run = || {
        bar.inc(1);
        if watch.seconds() > 1.0 {
            terminal.show(&bar);
        }
    };
    let hooks = Hooks { after_run: &after_run, interrupted: &interrupt::interrupted };
    let exploration = explore(hunt.loaded, &options, hooks);
    bar.finish_and_clear();
    Ok(exploration?)
}

fn shrunk_capsule(hunt: &Hunt<'_>, finding: &Finding) -> Result<Capsule, CliError> {
    let options = ShrinkOptions { budget: BUDGET, jobs: Some(hunt.jobs), build: build_name() };
    let hooks = ShrinkHooks { interrupted: &interrupt::interrupted, ..ShrinkHooks::NONE };
    Ok(shrink(hunt.registry, &finding.capsule, &options, hooks)?.capsule)
}

fn tell(hunt: &Hunt<'_>, small: &Capsule) -> Result<Told, CliError> {
    let plan = plan_of(hunt.registry, small, small.setup.clone())?;
    let told = tell_whole(&plan, small.fingerprint.as_deref())?;
    told.ok_or(CliError::Untold)
}

fn replayed_alike(hunt: &Hunt<'_>, small: &Capsule) -> Result<bool, CliError> {
    let plan = plan_of(hunt.registry, small, small.setup.clone())?;
    let twice = twice(&plan, &Launch::default())?;
    Ok(twice.divergence.is_none() && twice.outcome.digest == small.digest)
}

/// Writes the capsule, the record and the report.
fn keep(hunt: &Hunt<'_>, finding: &Finding, small: &Capsule, told: &Told) -> Result<PathBuf, CliError> {
    let path = files::write_capsule(hunt.out, &finding.file_name(), small)?;
    let replay = replay_command(&path.display().to_string());
    let telling = Some(Telling::new(told));
    folder::write(hunt.out, folder::record(hunt.loaded, &told.outcome, false, &replay, telling))?;
    Ok(path)
}

fn last_lines(hunt: &Hunt<'_>, replay: &str) -> String {
    let report = hunt.out.join("report.html");
    let report = match report.canonicalize() {
        Ok(path) => format!("report      file://{}\n", path.display()),
        Err(_) => String::new(),
    };
    let next = format!("next        demo --seed {} · list · explain {}\n", hunt.seed + 1, hunt.plant);
    format!("replay      {replay}\n{report}{next}")
}
