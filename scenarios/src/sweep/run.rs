//! Running a sweep: rounds of a fixed size over points and seeds in order, each appended to the file of runs.

use rayon::prelude::*;
use sim_core::registry::Launch;

use super::store::Store;
use super::{Row, Sweep, SweepError};
use crate::artefact::FolderLock;
use crate::begin::Begin;
use crate::explore::Hooks;
use crate::plan::compile;
use crate::run::run;

/// How many runs are made before they are written: what a killed sweep loses at most.
const ROUND: usize = 64;

/// How a sweep is run.
#[derive(Clone, Debug, Default)]
pub struct SweepOptions {
    /// Threads; all cores if absent.
    pub jobs: Option<usize>,
    /// What becomes of a sweep that is in the folder.
    pub begin: Begin,
    /// This program's build: runs of two builds do not belong in one table.
    pub build: String,
}

/// What a sweep has run.
#[derive(Clone, Debug, Default)]
pub struct SweepRun {
    /// The runs, by point and seed, without gaps.
    pub rows: Vec<Row>,
    /// How many of them were there before.
    pub resumed: usize,
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
    let threads = rayon::ThreadPoolBuilder::new().num_threads(options.jobs.unwrap_or(0)).build()?;
    let (mut store, rows) = Store::open(sweep, held.folder(), options)?;
    let mut done = SweepRun { resumed: rows.len(), rows, interrupted: false };
    let seeds = sweep.seeds();
    let per_point = seeds.end - seeds.start;
    let total = usize::try_from(sweep.runs()).unwrap_or(usize::MAX);
    while done.rows.len() < total {
        let start = done.rows.len();
        let end = (start + ROUND).min(total);
        let one = |number: usize| {
            let point = number as u64 / per_point;
            single(sweep, point as usize, seeds.start + number as u64 % per_point, hooks)
        };
        let results: Vec<_> = threads.install(|| (start..end).into_par_iter().map(one).collect());
        let mut round = Vec::with_capacity(results.len());
        for result in results {
            match result? {
                Some(row) => round.push(row),
                None => {
                    done.interrupted = true;
                    break;
                }
            }
        }
        done.rows.extend(store.append(&round)?);
        if done.interrupted {
            break;
        }
    }
    Ok(done)
}

/// One run; nothing if the sweep was interrupted.
fn single(sweep: &Sweep, index: usize, seed: u64, hooks: Hooks<'_>) -> Result<Option<Row>, SweepError> {
    if (hooks.interrupted)() {
        return Ok(None);
    }
    let point = &sweep.points[index];
    let plan = compile(&point.loaded, seed, &sweep.base(point).plants);
    let outcome = run(&plan, &Launch::default()).map_err(|error| {
        let at: Vec<String> = point.at.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        let at = if at.is_empty() { String::new() } else { format!(" at {}", at.join(", ")) };
        SweepError::Launch { base: sweep.base(point).label.clone(), at, seed, error }
    })?;
    (hooks.after_run)();
    Ok(Some(Row::new(sweep, index, point, &outcome)))
}
