//! Looking for failing runs over a range of seeds.
//!
//! Seeds are run in rounds of a fixed size, whatever the threads, and merged in seed order: nothing but the wall
//! clock can tell how many threads there were. Exploring never looks at which plant is on.

mod activity;
mod finding;
mod totals;

use std::ops::Range;

use rayon::prelude::*;
use sim_core::registry::{Launch, LaunchError};

use crate::plan::compile;
use crate::run::run;
use crate::scenario::Loaded;

pub use activity::{Activity, Counter};
pub use finding::{Finding, is_finding};
pub use totals::Totals;

use finding::RunResult;

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

/// What an exploration came to.
#[derive(Clone, Debug, Default)]
pub struct Exploration {
    /// Runs merged: fewer than seeds if it was ended early.
    pub runs: u64,
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
    let threads = rayon::ThreadPoolBuilder::new().num_threads(options.jobs.unwrap_or(0)).build()?;
    let mut exploration = Exploration::default();
    let mut start = options.seeds.start;
    while start < options.seeds.end {
        let end = start.saturating_add(ROUND).min(options.seeds.end);
        let results = threads.install(|| round(loaded, options, start..end, hooks));
        for result in results {
            let Some(result) = result? else {
                exploration.interrupted = true;
                return Ok(exploration);
            };
            let failed = exploration.merge(loaded, options, result);
            if failed && options.stop_on_first {
                return Ok(exploration);
            }
        }
        start = end;
    }
    Ok(exploration)
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
    /// Takes in the next run in seed order; whether it failed.
    fn merge(&mut self, loaded: &Loaded, options: &ExploreOptions, result: RunResult) -> bool {
        self.runs += 1;
        self.activity.add(&result.outcome);
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
