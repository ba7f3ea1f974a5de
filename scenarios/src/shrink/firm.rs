//! Makes a small run robust: among runs of the same shape, keeps the one whose neighbors fail most often.

use sim_core::registry::Launch;

use super::candidate::Candidate;
use super::passes::firm;
use super::tester::{Judge, Tested, Tester, most_events, within};
use super::{ShrinkHooks, Work};
use crate::neighbors::{PinnedMessages, neighbor};
use crate::run::run;
use crate::shrink_log::{Firmness, Pass, PassLine, Size};

/// How many neighbors of a run are made.
const NEIGHBORS: u64 = 32;

/// Nobody needs more of them to fail than this.
const FIRM: u64 = 31;

/// Other seeds under which every variant is tried.
const SEEDS_OF_VARIANTS: u64 = 8;

/// Other seeds under which the run as it is is tried.
const SEEDS: u64 = 256;

/// The maximal number of runs, whatever is left of the budget.
const MOST_RUNS: u64 = 6_000;

impl Work<'_> {
    /// Looks for a run of the same shape that fails more firmly, until nothing better is found.
    pub(super) fn firm(&mut self, tester: &mut Tester<'_>, hooks: ShrinkHooks<'_>) {
        tester.begin_firm(self.options.budget, MOST_RUNS);
        if tester.over() {
            return;
        }
        let (shape, used) = (self.best.size, tester.used());
        let at_first = tester.firmness(&self.best);
        let mut failed = at_first;
        while failed < FIRM
            && let Some((better, more)) = tester.firmer(&self.best, failed, &shape)
        {
            (self.best, failed) = (better, more);
        }
        let (before, after) = (shape, self.best.size);
        let runs = tester.used() - used;
        self.log.firmness = Some(Firmness { neighbors: NEIGHBORS, failed });
        if failed > at_first {
            self.log.add(PassLine { pass: Pass::Firm, other_seeds: SEEDS, runs, before, after });
            self.log.runs = self.earlier + tester.used();
            (hooks.improved)(&self.capsule());
        }
    }
}

impl Tester<'_> {
    /// How firmly a run fails, for the log.
    pub(super) fn firmness_of(&mut self, best: &Tested) -> Firmness {
        Firmness { neighbors: NEIGHBORS, failed: self.firmness(best) }
    }

    /// How many of the neighbors of a run fail in the same way.
    fn firmness(&mut self, best: &Tested) -> u64 {
        let (failed, runs) = self.judge().firmness(best, 0);
        self.spend(runs);
        failed
    }

    /// The firmest of the first batch in which a candidate fails more firmly than so many neighbors, and how firmly.
    fn firmer(&mut self, best: &Tested, failed: u64, shape: &Size) -> Option<(Tested, u64)> {
        let seeds = self.seeds();
        let variants = (0..=SEEDS_OF_VARIANTS)
            .flat_map(|other| firm::variants(best).map(move |candidate| seeds.under(other, candidate)));
        let plain = (SEEDS_OF_VARIANTS + 1..=SEEDS)
            .flat_map(|other| firm::plain(best).map(move |candidate| seeds.under(other, candidate)));
        let mut candidates = variants.chain(plain);
        loop {
            let results = self.try_batch(&mut candidates, NEIGHBORS + 1, |judge, candidate| {
                judge.firmer(candidate, best, failed, shape)
            })?;
            self.spend(results.iter().map(|result| result.runs).sum());
            let found = results.into_iter().filter_map(|result| result.found);
            // The first of those that are equally firm.
            let best = found.reduce(|best, other| if other.1 > best.1 { other } else { best });
            if best.is_some() {
                return best;
            }
        }
    }
}

/// What a candidate came to, and how many runs it took beyond its own.
struct Result {
    found: Option<(Tested, u64)>,
    runs: u64,
}

impl Judge<'_> {
    /// A candidate of the shape that fails more firmly than so many neighbors.
    fn firmer(&self, candidate: Candidate, best: &Tested, least: u64, shape: &Size) -> Result {
        let tested = self.test(candidate, most_events(best));
        let Some(tested) = tested.filter(|tested| tested.size.as_plain_as(shape)) else {
            return Result { found: None, runs: 0 };
        };
        let (failed, runs) = self.firmness(&tested, least);
        Result { found: (failed > least).then_some((tested, failed)), runs }
    }

    /// How many of the neighbors of a run fail in the same way, and how many were run: fewer than all once they cannot
    /// be more than so many.
    fn firmness(&self, tested: &Tested, least: u64) -> (u64, u64) {
        let Ok(pinned) = PinnedMessages::of(&tested.plan) else { return (0, 1) };
        let (mut failed, mut runs) = (0, 0);
        while runs < NEIGHBORS && failed + (NEIGHBORS - runs) > least {
            runs += 1;
            let near = pinned.pin(within(&neighbor(&tested.plan, runs), most_events(tested)));
            let outcome = near.and_then(|near| run(&near, &Launch::default()));
            failed += u64::from(outcome.is_ok_and(|outcome| self.wanted_in(&outcome).is_some()));
        }
        (failed, runs)
    }
}
