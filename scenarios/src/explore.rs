//! Looking for failing runs over a range of seeds.
//!
//! Seeds are run in rounds of a fixed size, whatever the threads, and merged in seed order: nothing but the wall
//! clock can tell how many threads there were. Exploring never looks at which plant is on.

mod activity;
mod finding;
pub mod github;
pub mod junit;
mod standard;
mod state;
mod totals;

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use sim_core::registry::{Launch, LaunchError};

use crate::artefact::{FolderLock, LockError, WriteError};
use crate::begin::{Begin, Unfinished};
use crate::plan::compile;
use crate::run::run;
use crate::scenario::Loaded;

pub use activity::{Activity, Counter};
pub use finding::{Finding, is_finding};
pub use standard::{Demand, judge};
pub use totals::Totals;

use finding::RunResult;
use state::State;

/// How many seeds are run before results are merged. Part of what a campaign is: not to depend on the machine.
pub const ROUND: u64 = 256;

/// What to explore.
#[derive(Clone, Debug)]
pub struct ExploreOptions {
    /// The seeds, the end excluded.
    pub seeds: Range<u64>,
    /// Plants that are on.
    pub plants: Vec<String>,
    /// Threads; all cores if absent.
    pub jobs: Option<usize>,
    /// End at the lowest seed that fails.
    pub stop_on_first: bool,
    /// This program's build, for capsules.
    pub build: String,
}

/// What an exploration tells and asks while it goes on, from any thread.
#[derive(Clone, Copy)]
pub struct Hooks<'a> {
    /// Called after each run, for progress bars.
    pub after_run: &'a (dyn Fn() + Sync),
    /// Whether to end: what was done up to then is kept, without gaps.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl Hooks<'_> {
    /// Tells nobody and goes on to the end.
    pub const NONE: Hooks<'static> = Hooks { after_run: &|| (), interrupted: &|| false };
}

/// Where an exploration is kept, and for how long it goes on.
#[derive(Clone, Copy)]
pub struct Keep<'a> {
    /// The folder of capsules and of the state to go on from.
    pub folder: &'a Path,
    /// What becomes of a campaign that is there.
    pub begin: Begin,
    /// Whether enough was done; asked at the end of each round.
    pub enough: &'a dyn Fn() -> bool,
}

/// What an exploration came to.
#[derive(Clone, Debug, Default)]
pub struct Exploration {
    /// Runs merged: fewer than seeds if it was ended early.
    pub runs: u64,
    /// How many of them were made before, by a campaign that this one went on with.
    pub resumed: u64,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Findings, one per fingerprint, by their lowest seeds.
    pub findings: Vec<Finding>,
    /// What happened in all the runs together.
    pub activity: Activity,
    /// Sums over all runs.
    pub totals: Totals,
}

/// Why an exploration could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ExploreError {
    /// A run could not be launched; with the seed.
    #[error("explore seed {seed}: {error}")]
    Launch {
        /// Which seed.
        seed: u64,
        /// Why not.
        #[source]
        error: LaunchError,
    },
    /// The threads could not be started.
    #[error("explore: start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The folder is in use, or cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file could not be written; those of earlier rounds are kept.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is nothing to go on with.
    #[error("resume the exploration in {path}: {why}; --start-over begins from nothing")]
    Resume {
        /// The file of the state.
        path: std::path::PathBuf,
        /// What is the matter with it.
        why: String,
    },
    /// Another campaign there is unfinished.
    #[error("{0}")]
    Unfinished(Unfinished),
}

/// Runs every seed of a range.
///
/// # Errors
/// The error of the lowest seed that could not be run. The scenario cannot be run with what that seed drew.
pub fn explore(
    loaded: &Loaded,
    options: &ExploreOptions,
    hooks: Hooks<'_>,
) -> Result<Exploration, ExploreError> {
    let mut exploration = Exploration::default();
    rounds(loaded, options, hooks, &mut exploration, &mut |_| Ok(false))?;
    Ok(exploration)
}

/// Runs every seed of a range and keeps what was found in a folder, round by round: a capsule for each finding, and a
/// state to go on from. A campaign that was killed loses a round at most. With [`Begin::Resume`] it goes on with the
/// campaign in the folder, and comes to what it would have come to without a break.
///
/// # Errors
/// As [`explore`]; if the folder cannot be used or is in use; with [`Begin::Fresh`] if it holds an unfinished campaign; and
/// with [`Begin::Resume`] if it holds no campaign, or one of another scenario, plant, range of seeds, engine or build.
/// Whatever was kept before stays.
///
/// The folder stays this campaign's until the lock is dropped.
pub fn explore_in(
    keep: Keep<'_>,
    loaded: &Loaded,
    options: &ExploreOptions,
    hooks: Hooks<'_>,
) -> Result<(Exploration, FolderLock), ExploreError> {
    let (mut state, mut exploration) = State::open(keep.folder, keep.begin, loaded, options)?;
    let mut merged = |exploration: &Exploration| {
        state.save(exploration)?;
        Ok((keep.enough)())
    };
    rounds(loaded, options, hooks, &mut exploration, &mut merged)?;
    Ok((exploration, state.into_lock()))
}

/// Goes on from where an exploration is, and tells `merged` of each round, which says whether that is enough.
fn rounds(
    loaded: &Loaded,
    options: &ExploreOptions,
    hooks: Hooks<'_>,
    exploration: &mut Exploration,
    merged: &mut dyn FnMut(&Exploration) -> Result<bool, ExploreError>,
) -> Result<(), ExploreError> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(options.jobs.unwrap_or(0)).build()?;
    let seeds = &options.seeds;
    while !exploration.finished(options) {
        let start = seeds.start + exploration.runs;
        // Rounds begin at multiples of their size, also after an interruption in the middle of one.
        let end = start.saturating_add(ROUND - exploration.runs % ROUND).min(seeds.end);
        let results = threads.install(|| round(loaded, options, start..end, hooks));
        for result in results {
            let Some(result) = result? else {
                exploration.interrupted = true;
                break;
            };
            let failed = exploration.merge(loaded, options, result);
            if failed && options.stop_on_first {
                break;
            }
        }
        if merged(exploration)? || exploration.interrupted {
            break;
        }
    }
    Ok(())
}

/// The results of a round in seed order; nothing where it was interrupted.
fn round(
    loaded: &Loaded,
    options: &ExploreOptions,
    seeds: Range<u64>,
    hooks: Hooks<'_>,
) -> Vec<Result<Option<RunResult>, ExploreError>> {
    let one = |seed| {
        if (hooks.interrupted)() {
            return Ok(None);
        }
        let plan = compile(loaded, seed, &options.plants);
        let outcome = run(&plan, &Launch::default()).map_err(|error| ExploreError::Launch { seed, error })?;
        (hooks.after_run)();
        Ok(Some(RunResult::new(loaded, plan, outcome)))
    };
    seeds.into_par_iter().map(one).collect()
}

impl Exploration {
    /// Whether there is nothing left to do.
    fn finished(&self, options: &ExploreOptions) -> bool {
        let stopped = options.stop_on_first && !self.findings.is_empty();
        stopped || self.runs >= options.seeds.end - options.seeds.start
    }

    /// Takes in the next run in seed order; whether it failed.
    fn merge(&mut self, loaded: &Loaded, options: &ExploreOptions, result: RunResult) -> bool {
        self.runs += 1;
        self.activity.add(&result.outcome, &loaded.scenario.expect);
        self.totals.add(&result.outcome);
        let Some(plan) = result.failed else { return false };
        let finding = Finding::new(loaded, &plan, &result.outcome, &options.build);
        match self.findings.iter_mut().find(|known| known.fingerprint == finding.fingerprint) {
            Some(known) => known.runs += 1,
            None => self.findings.push(finding),
        }
        true
    }
}

#[cfg(test)]
mod tests;
