//! Runs candidates in batches and returns the first smaller one that fails in the same way.

use std::sync::Arc;

use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::digest::RunDigest;
use sim_core::ordered::OrderedSet;
use sim_core::outcome::{Ended, Outcome, Picture};
use sim_core::random::{Keyed, Purpose};
use sim_core::registry::{Entry, Launch, Registry};

use super::candidate::Candidate;
use super::{ShrinkError, ShrinkHooks, ShrinkOptions};
use crate::capsule::Capsule;
use crate::parallel::Threads;
use crate::plan::{Plan, SEEDS_END};
use crate::replay::ReplayError;
use crate::run::run;
use crate::shrink_log::{Pass, Size};

/// How many candidates run before anybody looks. Part of what shrinking is: not to depend on the machine.
const BATCH: usize = 16;

/// One part of so many of the budget is kept for what makes a small run firm.
const FIRM_SHARE: u64 = 5;

/// One part of so many of the budget is kept for making small again what was made firm.
const POLISH_SHARE: u64 = 20;

/// One part of so many of the budget has to be left for another beginning.
const ANEW_SHARE: u64 = 4;

/// Keeps the other seeds of a shrink apart from everything else that is drawn from a seed.
const OTHER_SEEDS: u64 = 1 << 42;

/// Keeps what candidates draw apart from their seeds.
const OTHER_DRAWS: u64 = 1 << 44;

/// Runs candidates.
pub(super) struct Tester<'a> {
    judge: Judge<'a>,
    threads: Threads,
    hooks: ShrinkHooks<'a>,
    /// Runs after which what is under way ends.
    limit: u64,
    used: u64,
    interrupted: bool,
    seeds: Seeds,
    /// What was run already.
    tried: OrderedSet<RunDigest>,
}

/// Says what a candidate comes to; from any thread.
pub(super) struct Judge<'a> {
    entry: &'a dyn Entry,
    plants: Vec<String>,
    /// The fingerprint that has to come again.
    wanted: String,
    /// What the run has to be judged to be: a violation of what the protocol promises must not become one beyond what it
    /// promises to bear.
    verdict: Verdict,
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
    /// When the wanted violation was found in a run, in nanoseconds, if it was, and the run was judged as the found one.
    pub(super) fn wanted_in(&self, outcome: &Outcome) -> Option<u64> {
        if outcome.verdict != self.verdict {
            return None;
        }
        let wanted = outcome.violations.iter().find(|violation| violation.fingerprint == self.wanted);
        wanted.map(|violation| violation.at_ns)
    }

    /// Runs a candidate; nothing if it does not fail in the same way within so many events, or cannot be run at all.
    pub(super) fn test(&self, candidate: Candidate, most_events: u64) -> Option<Tested> {
        let cluster = Arc::from(self.entry.configure(&candidate.parameters).ok()?);
        let (setup, plants) = (candidate.setup.clone(), self.plants.clone());
        let plan = Plan { setup, cluster, protocol: self.entry.info(), plants };
        let mut outcome = run(&within(&plan, most_events), &Launch::default()).ok()?;
        // A run that was cut short is not the run of its setup; one that ends at its own limit is.
        if outcome.ended == Ended::EventLimit && plan.setup.max_events > most_events {
            return None;
        }
        let at_ns = self.wanted_in(&outcome)?;
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
            verdict: capsule.verdict,
            // A protocol without defaults has no knobs to put back.
            defaults: defaults.unwrap_or_else(|_| capsule.parameters.clone()),
        };
        Ok(Self {
            judge,
            threads: Threads::start(options.jobs)?,
            hooks,
            limit: options.budget - options.budget / FIRM_SHARE,
            used: 0,
            interrupted: false,
            seeds: Seeds::of(capsule),
            tried: OrderedSet::new(),
        })
    }

    /// What shrinking begins with: the executed plan, else the plan as it was drawn.
    pub(super) fn start(&mut self, capsule: &Capsule) -> Result<Tested, ShrinkError> {
        let drawn = Candidate { setup: capsule.setup.clone(), parameters: capsule.parameters.clone() };
        let pinned = drawn.with(|setup| setup.faults = capsule.pinned.clone());
        for candidate in [pinned, drawn] {
            self.used += 1;
            if let Some(tested) = self.judge.test(candidate, u64::MAX) {
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
        self.interrupted || self.used >= self.limit
    }

    /// Makes small again what was made firm, with what is left of a budget.
    pub(super) fn begin_polish(&mut self, budget: u64) {
        self.limit = budget;
        self.tried.clear();
    }

    /// Goes on with what is left of a budget, at most so many runs, and forgets what was tried: it was judged otherwise.
    pub(super) fn begin_firm(&mut self, budget: u64, most: u64) {
        self.limit = (budget - budget / POLISH_SHARE).min(self.used.saturating_add(most));
        self.tried.clear();
    }

    /// Begins anew under yet other seeds with what is left of a budget; whether that is enough to be worth it.
    pub(super) fn begin_anew(&mut self, budget: u64) -> bool {
        let left = budget.saturating_sub(self.used);
        self.limit = self.used + left - left / FIRM_SHARE;
        self.seeds = Seeds(self.seeds.0.labeled(OTHER_SEEDS));
        self.tried.clear();
        !self.interrupted && left >= budget / ANEW_SHARE
    }

    pub(super) const fn judge(&self) -> &Judge<'a> {
        &self.judge
    }

    pub(super) const fn seeds(&self) -> Seeds {
        self.seeds
    }

    /// Counts runs that a judge made beyond one for each candidate.
    pub(super) const fn spend(&mut self, runs: u64) {
        self.used += runs;
    }

    /// The first candidate of a pass, in order, that fails in the same way and is smaller; each also under so many
    /// other seeds.
    pub(super) fn first_better(&mut self, best: &Tested, pass: Pass, effort: u64) -> Option<Tested> {
        let (seeds, defaults) = (self.seeds, self.judge.defaults.clone());
        let seeded = |other| {
            let candidates = pass.candidates(best, &defaults, effort, seeds);
            candidates.map(move |candidate| seeds.under(other, candidate))
        };
        let mut candidates = pass.seeds(effort).flat_map(seeded);
        let most = most_events(best);
        loop {
            let tested = self.try_batch(&mut candidates, 1, |judge, candidate| {
                judge.test(candidate, most).filter(|tested| tested.size < best.size)
            })?;
            if let Some(better) = tested.into_iter().flatten().next() {
                return Some(better);
            }
        }
    }

    /// What the next candidates come to, in order; nothing if there are none, or it is over. Each costs up to so many
    /// runs, one of which is counted here.
    pub(super) fn try_batch<T: Send>(
        &mut self,
        candidates: &mut dyn Iterator<Item = Candidate>,
        cost: u64,
        judged: impl Fn(&Judge<'_>, Candidate) -> T + Sync,
    ) -> Option<Vec<T>> {
        let batch = self.batch(candidates, cost);
        if batch.is_empty() {
            return None;
        }
        self.used += batch.len() as u64;
        let judge = &self.judge;
        let one = |candidate| judged(judge, candidate);
        let results = self.threads.map(batch, one);
        (self.hooks.after_batch)(self.used);
        Some(results)
    }

    /// The next candidates that were not tried yet, each of which costs up to so many runs; none if it is over.
    fn batch(&mut self, candidates: &mut dyn Iterator<Item = Candidate>, cost: u64) -> Vec<Candidate> {
        self.interrupted = self.interrupted || (self.hooks.interrupted)();
        if self.over() {
            return Vec::new();
        }
        let left = usize::try_from((self.limit - self.used) / cost).unwrap_or(usize::MAX);
        let fresh = candidates.filter(|candidate| self.tried.insert(candidate.name()));
        fresh.take(BATCH.min(left)).collect()
    }
}

/// How many events a candidate may have. One that has many times as many as the best so far is no smaller for a reader,
/// and one that fails no more may go on for hours: it is waiting for progress that nobody makes.
pub(super) fn most_events(best: &Tested) -> u64 {
    best.size.events.saturating_mul(8).saturating_add(2_000)
}

/// The plan, ended after so many events.
pub(super) fn within(plan: &Plan, events: u64) -> Plan {
    let mut plan = plan.clone();
    plan.setup.max_events = plan.setup.max_events.min(events);
    plan
}

/// Other seeds, by number.
#[derive(Clone, Copy)]
pub(super) struct Seeds(Keyed);

impl Seeds {
    /// Those of a capsule; others for one that was shrunk before, so that shrinking goes on.
    fn of(capsule: &Capsule) -> Self {
        let before = capsule.shrunk.as_ref().map_or(0, |log| log.runs);
        Self(Keyed::new(capsule.seed, Purpose::Fault).labeled(OTHER_SEEDS).labeled(before))
    }

    /// What else is drawn beside seeds.
    pub(super) const fn drawn(self, label: u64) -> Keyed {
        self.0.labeled(OTHER_DRAWS).labeled(label)
    }

    /// The candidate under another seed; number 0 is its own.
    pub(super) fn under(self, other: u64, candidate: Candidate) -> Candidate {
        if other == 0 {
            return candidate;
        }
        candidate.with(|setup| setup.seed = self.0.word(other, 0) % SEEDS_END)
    }
}
