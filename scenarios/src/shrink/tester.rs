//! Runs candidates, in batches, and says which is the first that fails in the same way and is smaller.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;
use serde_json::{Value, json};
use sim_core::digest::RunDigest;
use sim_core::outcome::{Outcome, Picture};
use sim_core::random::{Keyed, Purpose};
use sim_core::registry::{Entry, Launch, Registry};

use super::candidate::Candidate;
use super::pass::Pass;
use super::size::Size;
use super::{ShrinkError, ShrinkHooks, ShrinkOptions};
use crate::capsule::Capsule;
use crate::plan::Plan;
use crate::replay::ReplayError;
use crate::run::run;

/// How many candidates run before anybody looks. Part of what shrinking is: not to depend on the machine.
const BATCH: usize = 16;

/// Keeps the other seeds of a shrink apart from everything else that is drawn from a seed.
const OTHER_SEEDS: u64 = 1 << 42;

/// Seeds end here, so that every program that reads JSON reads them exactly.
const SEEDS_END: u64 = 1 << 53;

/// Runs candidates.
pub(super) struct Tester<'a> {
    judge: Judge<'a>,
    threads: ThreadPool,
    hooks: ShrinkHooks<'a>,
    budget: u64,
    used: u64,
    interrupted: bool,
    /// Other seeds, by number.
    seeds: Keyed,
    /// What was run already.
    tried: BTreeSet<RunDigest>,
}

/// Says what a candidate comes to; from any thread.
struct Judge<'a> {
    entry: &'a dyn Entry,
    plants: Vec<String>,
    /// The fingerprint that has to come again.
    wanted: String,
    /// Parameters as they are if nobody sets them.
    defaults: Value,
}

/// A candidate that fails in the same way.
pub(super) struct Tested {
    pub(super) candidate: Candidate,
    pub(super) plan: Plan,
    pub(super) outcome: Outcome,
    pub(super) size: Size,
    /// When the violation was found, in nanoseconds.
    pub(super) at_ns: u64,
}

impl Judge<'_> {
    /// Runs a candidate; nothing if it does not fail in the same way, or cannot be run at all.
    fn test(&self, candidate: Candidate) -> Option<Tested> {
        let cluster = Arc::from(self.entry.configure(&candidate.parameters).ok()?);
        let (setup, plants) = (candidate.setup.clone(), self.plants.clone());
        let plan = Plan { setup, cluster, protocol: self.entry.info(), plants };
        let mut outcome = run(&plan, &Launch::default()).ok()?;
        let found = outcome.violations.iter().find(|violation| violation.fingerprint == self.wanted)?;
        let at_ns = found.at_ns;
        outcome.picture = Picture::default();
        let size = Size::of(&plan.setup, &candidate.parameters, &self.defaults, &outcome);
        Some(Tested { candidate, plan, outcome, size, at_ns })
    }
}

impl<'a> Tester<'a> {
    pub(super) fn new(
        registry: &'a Registry,
        capsule: &Capsule,
        options: &ShrinkOptions,
        hooks: ShrinkHooks<'a>,
    ) -> Result<Self, ShrinkError> {
        let entry = registry.find(&capsule.protocol);
        let entry = entry.ok_or_else(|| ReplayError::Protocol(capsule.protocol.clone()))?;
        let defaults = entry.configure(&json!({})).map(|cluster| cluster.parameters());
        let judge = Judge {
            entry,
            plants: capsule.plants.clone(),
            wanted: capsule.fingerprint.clone().ok_or(ShrinkError::NothingFound)?,
            // A protocol without defaults has no knobs to put back.
            defaults: defaults.unwrap_or_else(|_| capsule.parameters.clone()),
        };
        Ok(Self {
            judge,
            threads: rayon::ThreadPoolBuilder::new().num_threads(options.jobs.unwrap_or(0)).build()?,
            hooks,
            budget: options.budget,
            used: 0,
            interrupted: false,
            seeds: Keyed::new(capsule.seed, Purpose::Fault).labeled(OTHER_SEEDS),
            tried: BTreeSet::new(),
        })
    }

    /// What shrinking begins with: the executed plan, else the plan as it was drawn.
    pub(super) fn start(&mut self, capsule: &Capsule) -> Result<Tested, ShrinkError> {
        let drawn = Candidate { setup: capsule.setup.clone(), parameters: capsule.parameters.clone() };
        let pinned = drawn.with(|setup| setup.faults = capsule.pinned.clone());
        for candidate in [pinned, drawn] {
            self.used += 1;
            if let Some(tested) = self.judge.test(candidate) {
                return Ok(tested);
            }
        }
        Err(ShrinkError::Gone { check: capsule.check.clone().unwrap_or_default() })
    }

    /// Runs made so far.
    pub(super) const fn used(&self) -> u64 {
        self.used
    }

    /// Whether somebody ended it.
    pub(super) const fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// Whether no run may be made any more.
    pub(super) fn over(&self) -> bool {
        self.interrupted || self.used >= self.budget
    }

    /// The first candidate of a pass, in order, that fails in the same way and is smaller; each also under so many
    /// other seeds.
    pub(super) fn first_better(&mut self, best: &Tested, pass: Pass, effort: u64) -> Option<Tested> {
        let (seeds, defaults) = (self.seeds, self.judge.defaults.clone());
        let seeded = |other| {
            let candidates = pass.candidates(best, &defaults, effort);
            candidates.map(move |candidate| under(seeds, other, candidate))
        };
        let mut candidates = pass.seeds(effort).flat_map(seeded);
        loop {
            let batch = self.batch(&mut candidates);
            if batch.is_empty() {
                return None;
            }
            self.used += batch.len() as u64;
            let judge = &self.judge;
            let smaller = |candidate| judge.test(candidate).filter(|tested| tested.size < best.size);
            let tested: Vec<Option<Tested>> =
                self.threads.install(|| batch.into_par_iter().map(smaller).collect());
            (self.hooks.after_batch)(self.used);
            if let Some(better) = tested.into_iter().flatten().next() {
                return Some(better);
            }
        }
    }

    /// The next candidates that were not tried yet; none if it is over.
    fn batch(&mut self, candidates: &mut dyn Iterator<Item = Candidate>) -> Vec<Candidate> {
        self.interrupted = self.interrupted || (self.hooks.interrupted)();
        if self.over() {
            return Vec::new();
        }
        let left = usize::try_from(self.budget - self.used).unwrap_or(usize::MAX);
        let fresh = candidates.filter(|candidate| self.tried.insert(candidate.name()));
        fresh.take(BATCH.min(left)).collect()
    }
}

/// The candidate under another seed; number 0 is its own.
fn under(seeds: Keyed, other: u64, candidate: Candidate) -> Candidate {
    if other == 0 {
        return candidate;
    }
    candidate.with(|setup| setup.seed = seeds.word(other, 0) % SEEDS_END)
}
