//! Shrinking: making a failing run as small as possible.
//!
//! Shrinking looks for a run that fails in the same way (the same fingerprint) and that a person can follow: few
//! faults, few members, no chance in the background, round numbers, and an early end. It begins with the executed plan,
//! pinned, and tries one simplification after the other, from coarse to fine. A candidate is kept if it still fails in
//! the same way and is smaller by [`Size`].
//!
//! A small run is not a part of the large one. Where taking something away moves everything that comes after, the same
//! candidate is also tried under other seeds: rarely at first, more often once nothing else helps.
//!
//! In the end comes a search among runs of the same shape for one that fails firmly: of which most neighbors
//! ([`crate::neighbors`]) fail as well. If there is none, the way that led there was a dead end, and what is left of the
//! budget goes into another one, from the start under yet other seeds.
//!
//! Candidates run in parallel in batches of a fixed size, and the first of a batch in order wins. So the result is a
//! function of the capsule and the budget, whatever the number of threads.

mod candidate;
mod firm;
mod pass;
mod passes;
mod size;
mod slots;
mod tester;

use sim_core::registry::Registry;

use crate::capsule::Capsule;
use crate::explore::Finding;
use crate::parallel::ThreadsError;
use crate::replay::ReplayError;

pub use crate::shrink_log::{Firmness, Pass, PassLine, ShrinkLog, Size};

use tester::{Tested, Tester};

/// How far to shrink.
#[derive(Clone, Debug)]
pub struct ShrinkOptions {
    /// The maximal number of runs. What comes out depends on it, and on nothing else but the capsule.
    pub budget: u64,
    /// Threads; all cores if absent.
    pub jobs: Option<usize>,
    /// This program's build, for the capsule.
    pub build: String,
}

impl ShrinkOptions {
    /// How many runs are made at most where nobody says otherwise: a few seconds for runs of a few members.
    pub const BUDGET: u64 = 30_000;
    /// How many runs each finding of an exploration may take.
    pub const BUDGET_OF_FINDINGS: u64 = 5_000;
}

/// What shrinking tells and asks while it goes on.
#[derive(Clone, Copy)]
pub struct ShrinkHooks<'a> {
    /// Called after each batch with the number of runs made so far.
    pub after_batch: &'a dyn Fn(u64),
    /// Called with the best so far after each pass that improved it, so that it can be kept.
    pub improved: &'a dyn Fn(&Capsule),
    /// Whether to end. The best so far is kept.
    pub interrupted: &'a dyn Fn() -> bool,
}

impl ShrinkHooks<'_> {
    /// Tells nobody and goes on to the end.
    pub const NONE: ShrinkHooks<'static> =
        ShrinkHooks { after_batch: &|_| (), improved: &|_| (), interrupted: &|| false };
}

/// What shrinking came to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest run, with the log in it.
    pub capsule: Capsule,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// Why a capsule cannot be shrunk.
#[derive(Debug, thiserror::Error)]
pub enum ShrinkError {
    /// It cannot be run.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// It did not fail, so there is nothing to keep.
    #[error("shrink the capsule: its run broke nothing")]
    NothingFound,
    /// It fails no more.
    #[error(
        "shrink the capsule: its violation ({check}) does not come again with this program; replay tells more"
    )]
    Gone {
        /// The check that had found it.
        check: String,
    },
    /// The threads could not be started.
    #[error("shrink: {0}")]
    Threads(#[from] ThreadsError),
}

/// Whether a capsule holds a smaller run than another one of the same failure, that fails as firmly; both shrunk by the same
/// program.
pub fn is_smaller(one: &Capsule, other: &Capsule) -> bool {
    let same = one.fingerprint == other.fingerprint
        && one.protocol == other.protocol
        && one.plants == other.plants
        && (one.engine, &one.build) == (other.engine, &other.build);
    let Some((one, other)) = one.shrunk.as_ref().zip(other.shrunk.as_ref()) else { return false };
    let firm = |log: &ShrinkLog| log.firmness.map(|found| found.failed * 100 / found.neighbors.max(1));
    same && one.after < other.after && firm(one) >= firm(other)
}

/// How many other seeds are tried for each candidate, effort by effort.
const EFFORTS: [u64; 5] = [0, 3, 15, 63, ShrinkLog::MOST_TRIED];

/// Makes the run of a capsule as small as the budget allows.
///
/// # Errors
/// If this program cannot run it, or its violation does not come again.
pub fn shrink(
    registry: &Registry,
    capsule: &Capsule,
    options: &ShrinkOptions,
    hooks: ShrinkHooks<'_>,
) -> Result<Shrunk, ShrinkError> {
    let mut tester = Tester::new(registry, capsule, options, hooks)?;
    let mut work = Work::new(&mut tester, capsule, options)?;
    work.shrink(&mut tester, hooks);
    if !work.is_firm() && tester.begin_anew(options.budget) {
        let mut other = Work::new(&mut tester, capsule, options)?;
        // What is best so far is the first one's until the other has come to its end.
        other.shrink(&mut tester, ShrinkHooks { improved: &|_| (), ..hooks });
        if other.is_better_than(&work) {
            work = other;
            (hooks.improved)(&work.capsule());
        }
    }
    work.log.runs = work.earlier + tester.used();
    Ok(Shrunk { capsule: work.capsule(), interrupted: tester.interrupted() })
}

/// Shrinks the capsules of findings, each within the budget. One whose violation does not come again stays as it is.
///
/// # Errors
/// If the threads cannot be started, or this program cannot run a capsule.
pub fn shrink_findings(
    registry: &Registry,
    findings: &mut [Finding],
    options: &ShrinkOptions,
    hooks: ShrinkHooks<'_>,
) -> Result<(), ShrinkError> {
    for finding in findings {
        match shrink(registry, &finding.capsule, options, hooks) {
            Ok(shrunk) => *finding.capsule = shrunk.capsule,
            Err(ShrinkError::Gone { .. } | ShrinkError::NothingFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A shrink under way.
struct Work<'a> {
    best: Tested,
    log: ShrinkLog,
    /// Runs that were made before this shrink.
    earlier: u64,
    capsule: &'a Capsule,
    options: &'a ShrinkOptions,
}

impl<'a> Work<'a> {
    /// Nothing done yet.
    fn new(
        tester: &mut Tester<'_>,
        capsule: &'a Capsule,
        options: &'a ShrinkOptions,
    ) -> Result<Self, ShrinkError> {
        let best = tester.start(capsule)?;
        let log = ShrinkLog::new(capsule.shrunk.as_ref(), capsule.seed, best.size);
        Ok(Self { earlier: log.runs, log, best, capsule, options })
    }

    fn shrink(&mut self, tester: &mut Tester<'_>, hooks: ShrinkHooks<'_>) {
        while self.efforts(tester, hooks) {}
        self.firm(tester, hooks);
        // The firmer run is another one: what the first one needed, this one may do without.
        let shape = self.best.size;
        tester.begin_polish(self.options.budget);
        while Pass::COARSE.into_iter().any(|pass| self.pass(pass, tester, 0, hooks)) {}
        if self.best.size.plainly_below(&shape) && !tester.over() {
            self.log.firmness = Some(tester.firmness_of(&self.best));
        }
    }

    /// Whether most neighbors fail.
    fn is_firm(&self) -> bool {
        self.log.firmness.is_some_and(|firmness| 2 * firmness.failed >= firmness.neighbors)
    }

    /// Whether it is firmer, and takes no more faults; or as firm, and smaller.
    fn is_better_than(&self, other: &Self) -> bool {
        match (self.is_firm(), other.is_firm()) {
            (true, false) => self.best.size.faults <= other.best.size.faults,
            (false, true) => false,
            _ => self.best.size < other.best.size,
        }
    }

    /// Tries every pass with rising effort, until one helps: what helped may have made room for what is cheaper. Whether
    /// any did, and more may.
    fn efforts(&mut self, tester: &mut Tester<'_>, hooks: ShrinkHooks<'_>) -> bool {
        self.log.tried = None;
        for effort in EFFORTS {
            let helped = self.round(tester, effort, hooks);
            if helped || tester.over() {
                return helped && !tester.over();
            }
            self.log.tried = Some(effort);
        }
        false
    }

    /// Tries every pass once; whether any helped.
    fn round(&mut self, tester: &mut Tester<'_>, effort: u64, hooks: ShrinkHooks<'_>) -> bool {
        let mut helped = false;
        for pass in Pass::ALL.into_iter().filter(|pass| *pass != Pass::Firm) {
            if tester.over() {
                break;
            }
            let before = self.best.size;
            helped |= self.pass(pass, tester, effort, hooks);
            // What is much smaller is cheaper to go on with from the beginning.
            if effort > 0 && self.best.size.plainly_below(&before) {
                break;
            }
        }
        helped
    }

    /// Tries one pass until it helps no more; whether it did at all.
    fn pass(&mut self, pass: Pass, tester: &mut Tester<'_>, effort: u64, hooks: ShrinkHooks<'_>) -> bool {
        let (before, used) = (self.best.size, tester.used());
        while let Some(better) = tester.first_better(&self.best, pass, effort) {
            self.best = better;
        }
        if self.best.size == before {
            return false;
        }
        let runs = tester.used() - used;
        self.log.add(PassLine { pass, other_seeds: effort, runs, before, after: self.best.size });
        self.log.runs = self.earlier + tester.used();
        (hooks.improved)(&self.capsule());
        true
    }

    fn capsule(&self) -> Capsule {
        let Tested { plan, outcome, size, .. } = &self.best;
        let log = ShrinkLog { after: *size, ..self.log.clone() };
        self.capsule.shrunk_to(plan, outcome, &self.options.build, log)
    }
}

#[cfg(test)]
mod tests;
