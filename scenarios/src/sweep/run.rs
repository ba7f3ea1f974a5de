//! Running a sweep: rounds of a fixed size over points and seeds in order, each appended to the file of runs.

use std::ops::ControlFlow;

use sim_core::outcome::Ended;
use sim_core::registry::Launch;

use super::order::Order;
use super::store::Store;
use super::{Row, Sweep, SweepError};
use crate::artefact::FolderLock;
use crate::begin::{Begin, FolderError};
use crate::parallel::{Hooks, Threads};
use crate::plan::compile;
use crate::run::run;
use crate::shard::Shard;

/// How many runs are made before they are written: what a killed sweep loses at most.
const ROUND: u64 = 64;

/// How a sweep is run.
#[derive(Clone, Debug, Default)]
pub struct SweepOptions {
    /// Threads; all cores if absent.
    pub jobs: Option<usize>,
    /// What becomes of a sweep that is in the folder.
    pub begin: Begin,
    /// Which part of the sweep.
    pub shard: Shard,
    /// This program's build: runs of two builds do not belong in one table.
    pub build: String,
}

/// What a sweep has run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepRun {
    /// How many runs stand in the file, by point and seed, without gaps.
    pub made: u64,
    /// How many of them were there before.
    pub resumed: u64,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// Runs a sweep, keeping every run in `runs.jsonl` in a folder that nobody else works in.
///
/// # Errors
/// If the folder cannot be written to, holds an unfinished sweep or something else to go on with, or a run cannot be
/// launched. What was written before stays, and can be gone on with.
pub fn sweep(
    sweep: &Sweep,
    held: &FolderLock,
    options: &SweepOptions,
    hooks: Hooks<'_>,
) -> Result<SweepRun, SweepError> {
    let threads = Threads::start(options.jobs)?;
    let (mut store, mut order) = Store::open(sweep, held.folder(), options)?;
    let before = order.taken();
    let mut done = SweepRun { resumed: before, made: before, interrupted: false };
    let one = |number: u64, launch: &Launch| {
        let (point, seed) = Order::at(sweep, options.shard, number);
        single(sweep, point, seed, launch)
    };
    // One stretch in all, or one up to each look of the rule by which points stop.
    while !done.interrupted && !order.is_at_end() {
        let stretch = order.stretch();
        let merge = |results: Vec<Result<Option<Row>, SweepError>>| {
            let mut round = Vec::with_capacity(results.len());
            for result in results {
                let Some(row) = result? else {
                    done.interrupted = true;
                    break;
                };
                order.take(&row);
                round.push(row);
            }
            let unkept = |error| match done.made {
                0 => FolderError::from(error).into(),
                kept => SweepError::Unkept { kept, runs: sweep.runs_of(options.shard), error },
            };
            store.append(&round).map_err(unkept)?;
            done.made += round.len() as u64;
            Ok(if done.interrupted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        threads.rounds(ROUND, stretch, hooks, one, merge)?;
    }
    Ok(done)
}

/// One run; nothing if it was stopped.
fn single(sweep: &Sweep, index: u64, seed: u64, launch: &Launch) -> Result<Option<Row>, SweepError> {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let point = &sweep.points[index];
    let plan = compile(&point.loaded, seed, &sweep.base(point).plants);
    let outcome = run(&plan, launch).map_err(|error| {
        let at: Vec<String> = point.at.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        let at = if at.is_empty() { String::new() } else { format!(" at {}", at.join(", ")) };
        SweepError::Launch { base: sweep.base(point).label.clone(), at, seed, error }
    })?;
    Ok((outcome.ended != Ended::Stopped).then(|| Row::new(sweep, index, point, &outcome)))
}
