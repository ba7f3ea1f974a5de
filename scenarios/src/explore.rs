//! Looking for failing runs over a range of seeds.
//!
//! Seeds are run in rounds of a fixed size, whatever the threads, and merged in seed order: nothing but the wall
//! clock can tell how many threads there were. Exploring never looks at which plant is on.

mod activity;
mod finding;
pub mod github;
pub mod junit;
mod merged;
mod standard;
mod state;
mod totals;

use std::ops::{ControlFlow, Range};
use std::path::Path;

use sim_core::judgment::{Campaign, Judgment};
use sim_core::outcome::{Ended, Outcome};
use sim_core::registry::{Launch, LaunchError};

use crate::artefact::FolderLock;
use crate::begin::{Begin, FolderError};
use crate::campaign_limits::CampaignLimits;
use crate::parallel::{Threads, ThreadsError};
use crate::plan::compile;
use crate::run::run;
use crate::runs_table::{RunsTable, TableFile};
use crate::scenario::Loaded;
use crate::shard::Shard;

pub use activity::{Activity, Counter};
pub use finding::{Finding, fails, is_finding};
pub use merged::{STATE, keep, read};
pub use standard::{Demand, judge};
pub use totals::Totals;

use finding::RunResult;
use state::State;

pub use crate::parallel::Hooks;

/// How many seeds are run before results are merged. Part of what a campaign is: not to depend on the machine.
pub const ROUND: u64 = 256;

/// What to explore.
#[derive(Clone, Debug, Default)]
pub struct ExploreOptions {
    /// The range of seeds; the end is excluded.
    pub seeds: Range<u64>,
    /// Which part of them.
    pub shard: Shard,
    /// Plants that are on.
    pub plants: Vec<String>,
    /// Threads; all cores if absent.
    pub jobs: Option<usize>,
    /// End at the lowest seed that fails in a way that is not known.
    pub stop_on_first: bool,
    /// Fingerprints of failures that are known: they are counted, and are no findings.
    pub known: Vec<String>,
    /// This program's build, for capsules.
    pub build: String,
    /// Where a row for each run is written, if anywhere: for campaigns in one go, since what was run before is not there.
    pub table: Option<TableFile>,
}

impl ExploreOptions {
    /// How many runs it has, all shards together.
    pub fn all_runs(&self) -> u64 {
        self.seeds.end - self.seeds.start
    }

    /// How many runs its shard has.
    pub fn runs(&self) -> u64 {
        self.shard.count(self.all_runs())
    }
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
    /// Who looks on.
    pub onlooker: &'a dyn Onlooker,
}

/// Looks on while an exploration goes on, for people: nothing depends on it.
pub trait Onlooker: Sync {
    /// It begins, or goes on from what was explored before.
    fn begun(&self, _: &Exploration) {}

    /// A run has ended. Runs are told as they end, in no particular order, from any thread.
    fn ended(&self, _: &Outcome) {}
}

/// Nobody looks on.
impl Onlooker for () {}

/// What an exploration came to.
#[derive(Clone, Debug, Default)]
pub struct Exploration {
    /// Runs merged: fewer than seeds if it was ended early.
    pub runs: u64,
    /// How many of them were made before, by a campaign that this one went on with.
    pub resumed: u64,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Why what was found could not be kept, if it could not: the campaign ended with that round.
    pub unkept: Option<String>,
    /// Why the rows of its runs could not be written, if they could not: the campaign went on without them.
    pub rows_unkept: Option<String>,
    /// Findings, one per fingerprint, by their lowest seeds.
    pub findings: Vec<Finding>,
    /// How many runs failed in a way that is known.
    pub known: u64,
    /// What happened in all the runs together.
    pub activity: Activity,
    /// Sums over all runs.
    pub totals: Totals,
    /// What all runs together must keep to.
    pub limits: CampaignLimits,
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
    #[error("explore: {0}")]
    Threads(#[from] ThreadsError),
    /// Its folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
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
    rounds(loaded, options, (hooks, &()), &mut exploration, &mut |_| Ok(false))?;
    Ok(exploration)
}

/// Runs every seed of a range and keeps what was found in a folder, round by round: a capsule for each finding, and a
/// state to go on from. A campaign that was killed loses a round at most. With [`Begin::Resume`] it goes on with the
/// campaign in the folder, and comes to what it would have come to without a break. Where the folder cannot be written to any
/// more, the campaign ends with what it has, and says why.
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
    let mut unkept = None;
    let mut merged = |exploration: &Exploration| match state.save(exploration) {
        Ok(()) => Ok((keep.enough)()),
        // What was found is worth telling even where it cannot be kept, as on a full disk.
        Err(FolderError::Write(error)) => {
            unkept = Some(error.to_string());
            Ok(true)
        }
        Err(error) => Err(error.into()),
    };
    keep.onlooker.begun(&exploration);
    rounds(loaded, options, (hooks, keep.onlooker), &mut exploration, &mut merged)?;
    exploration.unkept = unkept;
    Ok((exploration, state.into_lock()))
}

/// Goes on from where an exploration is, and tells `merged` of each round, which says whether that is enough.
fn rounds(
    loaded: &Loaded,
    options: &ExploreOptions,
    (hooks, onlooker): (Hooks<'_>, &dyn Onlooker),
    exploration: &mut Exploration,
    merged: &mut dyn FnMut(&Exploration) -> Result<bool, ExploreError>,
) -> Result<(), ExploreError> {
    let table = options.table.as_ref().map(|file| RunsTable::of_exploration(file, loaded));
    let mut table = table.transpose().map_err(FolderError::from)?;
    let mut rows_unkept = None;
    let (numbers, finished) = (exploration.runs..options.runs(), exploration.finished(options));
    let one = |number, launch: &Launch| {
        let seed = options.seeds.start + options.shard.number(number);
        let plan = compile(loaded, seed, &options.plants);
        let outcome = run(&plan, launch).map_err(|error| ExploreError::Launch { seed, error })?;
        if outcome.ended == Ended::Stopped {
            return Ok(None);
        }
        onlooker.ended(&outcome);
        Ok(Some(RunResult::new(loaded, plan, outcome)))
    };
    let merge = |results: Vec<Result<Option<RunResult>, ExploreError>>| {
        for result in results {
            let Some(result) = result? else {
                exploration.interrupted = true;
                break;
            };
            // Rows that find no room are given up, and the campaign goes on: it is worth more than they are.
            if let Some(Err(error)) = table.as_mut().map(|table| table.add_outcome(loaded, &result.outcome)) {
                rows_unkept = Some(error.to_string());
                table = None;
            }
            exploration.merge(loaded, options, result);
            if options.stop_on_first && !exploration.findings.is_empty() {
                break;
            }
        }
        let enough = merged(exploration)?;
        let ends = enough || exploration.interrupted || exploration.finished(options);
        Ok(if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    if !finished {
        Threads::start(options.jobs)?.rounds(ROUND, numbers, hooks, one, merge)?;
    }
    if let Some(Err(error)) = table.map(RunsTable::finish) {
        rows_unkept = Some(error.to_string());
    }
    exploration.rows_unkept = rows_unkept;
    Ok(())
}

impl Exploration {
    /// What it comes to: the one thing that the exit code, the terminal, JUnit and GitHub say.
    pub fn judge(&self, demands: &[Demand]) -> Judgment {
        let found: u64 = self.findings.iter().map(|finding| finding.runs).sum();
        Campaign {
            runs: self.runs,
            contradictions: found + self.activity.unexpected + self.limits.missed(),
            missed: demands.iter().filter(|demand| !demand.met).count(),
            interrupted: self.interrupted,
        }
        .judge()
    }

    /// The judgment as a headline.
    pub fn headline(&self, demands: &[Demand]) -> String {
        let missed = demands.iter().filter(|demand| !demand.met).count();
        let missed = if missed == 1 { "1 demand was".to_owned() } else { format!("{missed} demands were") };
        let found = match self.findings.len() {
            0 => "NOTHING FOUND".to_owned(),
            1 => "1 FINDING".to_owned(),
            count => format!("{count} FINDINGS"),
        };
        match (self.judge(demands), self.activity.unexpected) {
            (Judgment::Finding, 0) if self.findings.is_empty() => match self.limits.missed() {
                1 => "1 LIMIT MISSED".to_owned(),
                count => format!("{count} LIMITS MISSED"),
            },
            (Judgment::Finding, unexpected @ 1..) if self.findings.is_empty() => {
                format!("NOT AS EXPECTED in {unexpected} runs")
            }
            (Judgment::Inconclusive, _) => format!("INCONCLUSIVE: nothing was found, but {missed} missed"),
            (Judgment::Interrupted, _) if self.runs == 0 => Judgment::Interrupted.words().to_owned(),
            (Judgment::NothingRan, _) => Judgment::NothingRan.words().to_owned(),
            (Judgment::AsExpected | Judgment::Finding | Judgment::Interrupted, _) => found,
        }
    }

    /// Whether there is nothing left to do.
    fn finished(&self, options: &ExploreOptions) -> bool {
        let stopped = options.stop_on_first && !self.findings.is_empty();
        stopped || self.runs >= options.runs()
    }

    /// Takes in the next run in seed order.
    fn merge(&mut self, loaded: &Loaded, options: &ExploreOptions, result: RunResult) {
        self.runs += 1;
        self.activity.add(&result.outcome, &loaded.scenario.expect);
        self.totals.add(&result.outcome);
        self.limits.add(result.outcome.seed, &result.outcome.limits);
        let Some(plan) = result.failed else { return };
        let finding = Finding::new(loaded, &plan, &result.outcome, &options.build);
        match self.findings.iter_mut().find(|known| known.fingerprint == finding.fingerprint) {
            Some(known) => known.runs += 1,
            None if options.known.contains(&finding.fingerprint) => self.known += 1,
            None => self.findings.push(finding),
        }
    }
}

#[cfg(test)]
mod tests;
