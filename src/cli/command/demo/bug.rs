//! The third part of the demo: a planted bug is found by exploring, shrunk, told and replayed.

use std::ops::Range;
use std::path::{Path, PathBuf};

use scenarios::capsule::{Capsule, replay_command};
use scenarios::explore::{Exploration, ExploreOptions, Finding, Hooks, ROUND, explore};
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
use crate::cli::story_progress::StoryProgress;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::Stopwatch;
use crate::cli::{files, folder, interrupt, shrink_text};

/// How many seeds are explored at most: whole rounds.
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
pub(super) fn show(
    hunt: &Hunt<'_>,
    unkept: &mut Unkept,
    terminal: &Terminal,
) -> Result<Option<Value>, CliError> {
    let plants = hunt.loaded.protocol.plants.iter();
    let plant = plants.clone().find(|plant| plant.name == hunt.plant);
    let (id, about) = plant.map_or(("", ""), |plant| (plant.id, plant.about));
    terminal.say(&format!("3/3 bug    plant {} ({id}): {about}\n", hunt.plant))?;
    terminal.say("           exploring does not know which plant is on\n")?;
    let watch = Stopwatch::start();
    let (seeds, exploration) = explored(hunt, terminal)?;
    let runs = seeds.end - hunt.first_seed();
    terminal.say(&format!(
        "           seeds {}..{} · {runs} runs in {}{}\n\n",
        hunt.first_seed(),
        seeds.end,
        watch.words(),
        failed(&exploration)
    ))?;
    let Some(finding) = rarest(&exploration) else { return Ok(None) };
    let color = terminal.color_of_results();
    let (red, plain) = if color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    terminal.say(&format!("{red}VIOLATION{plain}   {} · seed {}\n", finding.check, finding.seed))?;
    let watch = Stopwatch::start();
    let small = shrunk_capsule(hunt, finding)?;
    terminal.say(&format!("            {}\n", small.message.as_deref().unwrap_or_default()))?;
    terminal.say(&format!("shrunk      {}    ({})\n\n", shrink_text::line(&small), watch.words()))?;
    let told = tell(hunt, &small, terminal)?;
    terminal.say(&story::words(&told.story, color))?;
    let alike = replayed_alike(hunt, &small)?;
    let digest = small.digest.to_string();
    let said = if alike { "same digest" } else { "ANOTHER DIGEST" };
    terminal.say(&format!("  replayed twice, {said} {}…\n\n", digest.get(..8).unwrap_or(&digest)))?;
    let (capsule, report) = keep(hunt, finding, &small, &told, unkept);
    terminal.say(&last_lines(hunt, capsule.as_deref(), report.as_deref()))?;
    Ok(Some(json!({
        "seed": finding.seed,
        "runs": runs,
        "check": finding.check,
        "fingerprint": finding.fingerprint,
        "shrunk": small.shrunk,
        "digest": digest,
        "replayed_alike": alike,
        "story": told.story,
        "capsule": capsule,
    })))
}

impl Hunt<'_> {
    /// Every demo has seeds of its own.
    const fn first_seed(&self) -> u64 {
        (self.seed % (1 << 40)) * SEEDS
    }
}

/// Explores round by round until a round has found something: its seeds, and what it found.
fn explored(hunt: &Hunt<'_>, terminal: &Terminal) -> Result<(Range<u64>, Exploration), CliError> {
    let bar = terminal.progress(SEEDS);
    let watch = Stopwatch::start();
    let after_run = || {
        bar.inc(1);
        if watch.seconds() > 1.0 {
            terminal.show(&bar);
        }
    };
    let hooks = Hooks { after_run: &after_run, interrupted: &interrupt::interrupted };
    let end = hunt.first_seed() + SEEDS;
    let mut seeds = hunt.first_seed()..hunt.first_seed();
    loop {
        let options = options(hunt, seeds.end..(seeds.end + ROUND).min(end));
        let exploration = explore(hunt.loaded, &options, hooks);
        let exploration = exploration.inspect_err(|_| bar.finish_and_clear())?;
        seeds = options.seeds.start..options.seeds.start + exploration.runs;
        if !exploration.findings.is_empty() || exploration.interrupted || seeds.end >= end {
            bar.finish_and_clear();
            return Ok((seeds, exploration));
        }
    }
}

fn options(hunt: &Hunt<'_>, seeds: Range<u64>) -> ExploreOptions {
    ExploreOptions {
        seeds,
        plants: vec![hunt.plant.to_owned()],
        jobs: Some(hunt.jobs),
        build: build_name(),
        ..ExploreOptions::default()
    }
}

/// How many runs of the last round failed, in how many ways.
fn failed(exploration: &Exploration) -> String {
    let ways = exploration.findings.len();
    let runs: u64 = exploration.findings.iter().map(|finding| finding.runs).sum();
    match ways {
        0 => String::new(),
        1 => format!(", {runs} of which fail"),
        _ => format!(", {runs} of which fail, in {ways} ways; the rarest is told"),
    }
}

/// The way of failing that the fewest runs show. What is found in nearly every run stands next to the mistake; what is rare took more
/// to come about, and shows what the mistake can lead to.
fn rarest(exploration: &Exploration) -> Option<&Finding> {
    exploration.findings.iter().min_by_key(|finding| (finding.runs, finding.seed))
}

fn shrunk_capsule(hunt: &Hunt<'_>, finding: &Finding) -> Result<Capsule, CliError> {
    let options = ShrinkOptions { budget: BUDGET, jobs: Some(hunt.jobs), build: build_name() };
    let hooks = ShrinkHooks { interrupted: &interrupt::interrupted, ..ShrinkHooks::NONE };
    Ok(shrink(hunt.registry, &finding.capsule, &options, hooks)?.capsule)
}

fn tell(hunt: &Hunt<'_>, small: &Capsule, terminal: &Terminal) -> Result<Told, CliError> {
    let plan = plan_of(hunt.registry, small, small.setup.clone())?;
    let events = small.shrunk.as_ref().map_or(0, |log| log.after.events);
    let progress = StoryProgress::of("the story", events, terminal);
    let told = tell_whole(&plan, small.fingerprint.as_deref(), &|stage| progress.begins(stage))?;
    told.ok_or(CliError::Untold)
}

fn replayed_alike(hunt: &Hunt<'_>, small: &Capsule) -> Result<bool, CliError> {
    let plan = plan_of(hunt.registry, small, small.setup.clone())?;
    let twice = twice(&plan, &Launch::default())?;
    Ok(twice.divergence.is_none() && twice.outcome.digest == small.digest)
}

/// Writes the capsule, the record and the report; where the capsule and the report are, if they are.
fn keep(
    hunt: &Hunt<'_>,
    finding: &Finding,
    small: &Capsule,
    told: &Told,
    unkept: &mut Unkept,
) -> (Option<PathBuf>, Option<PathBuf>) {
    let capsule = unkept.kept(files::write_capsule(hunt.out, &finding.file_name(), small));
    let path = hunt.out.join(finding.file_name());
    let replay = replay_command(&path.display().to_string());
    let record = folder::record(hunt.loaded, &told.outcome, false, &replay, Some(Telling::new(told)));
    (capsule, unkept.kept(folder::write(hunt.out, record)))
}

/// Where the rest can be read, as far as it was written.
fn last_lines(hunt: &Hunt<'_>, capsule: Option<&Path>, report: Option<&Path>) -> String {
    let replay = capsule.map(|path| replay_command(&path.display().to_string()));
    let replay = replay.map_or_else(String::new, |replay| format!("replay      {replay}\n"));
    let report = report.and_then(|report| report.canonicalize().ok());
    let report = report.map_or_else(String::new, |path| format!("report      file://{}\n", path.display()));
    let next = format!("next        demo --seed {} · list · explain {}\n", hunt.seed + 1, hunt.plant);
    format!("{replay}{report}{next}")
}
