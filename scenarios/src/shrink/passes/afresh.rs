//! Small runs made afresh: a few of the faults that are left, at other moments, under other seeds.
//!
//! Leaving faults out one by one ends where each of them sets the stage for the next. The same bug often needs one of them,
//! at a moment that the found run had no reason to choose. So single faults and pairs are tried on their own, at moments
//! that a protocol's own events name. Such runs are short, and most of what is tried costs little.

use sim_core::distribution::Distribution;
use sim_core::fault::plan::TriggerOn;
use sim_core::fault::{Fault, FaultEntry, Moment, Selector, Trigger};
use sim_core::random::{Keyed, below};
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use super::super::candidate::Candidate;
use super::super::pass::Candidates;
use super::super::tester::{Seeds, Tested};
use super::background::{LATENCIES, even_latency, no_losses};
use super::faults::set_length;

/// How many runs are made for each other seed that another candidate is tried with.
const RUNS: u64 = 64;

/// How many runs are made at most for one best run.
const MOST_RUNS: u64 = 4_096;

/// An event that a fault waits for is one of the first few of its kind.
const MOST_NTH: u64 = 6;

/// Runs with fewer faults than the best one.
pub(in super::super) fn afresh(best: &Tested, seeds: Seeds, effort: u64) -> Candidates<'_> {
    let faults = best.candidate.setup.faults.entries.len();
    // A single fault is left out by the pass for faults.
    let runs = if faults < 2 { 0 } else { (effort * RUNS).min(MOST_RUNS) };
    // What is drawn depends on how far shrinking came, so that a smaller run is not tried with the same draws again.
    let keyed = seeds.drawn(best.size.events);
    Box::new((0..runs).map(move |number| Draws { keyed, number, next: 0 }.candidate(best, seeds)))
}

/// The draws of one candidate.
struct Draws {
    keyed: Keyed,
    number: u64,
    next: u64,
}

impl Draws {
    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.next += 1;
        below(self.keyed.word(self.number, self.next), n)
    }

    fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        among.get(self.below(among.len() as u64) as usize)
    }

    fn candidate(mut self, best: &Tested, seeds: Seeds) -> Candidate {
        let entries = self.subset(&best.candidate.setup.faults.entries);
        let entries: Vec<FaultEntry> = entries.into_iter().map(|entry| self.moved(entry, best)).collect();
        let latency = self.latency(&best.candidate.setup);
        let candidate = best.candidate.with(|setup| {
            setup.faults.entries = entries;
            for entry in 0..setup.faults.entries.len() {
                if let Some(lasts) = self.length() {
                    set_length(setup, entry, lasts);
                }
            }
            setup.faults.sort();
            if let Some(latency) = latency {
                no_losses(setup);
                even_latency(setup, latency);
            }
        });
        seeds.under(self.number + 1, candidate)
    }

    /// Mostly one fault, at times two, seldom none. Those near the end are likelier, since they are nearer to the violation.
    fn subset(&mut self, entries: &[FaultEntry]) -> Vec<FaultEntry> {
        let count = match self.below(8) {
            0 => 0,
            1..=5 => 1,
            _ => 2.min(entries.len() - 1),
        };
        let length = entries.len() as u64;
        let mut chosen: Vec<usize> =
            (0..count).map(|_| self.below(length).max(self.below(length)) as usize).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen.into_iter().map(|index| entries[index].clone()).collect()
    }

    /// The fault at its own moment, at an earlier event of the same kind, at an event of the protocol, or at any time.
    fn moved(&mut self, entry: FaultEntry, best: &Tested) -> FaultEntry {
        // A round is in force from the start.
        if matches!(entry.what, Fault::Round(_)) {
            return entry;
        }
        let nth = |draws: &mut Self| 1 + draws.below(MOST_NTH) as u32;
        let at = match (self.below(4), entry.at.clone()) {
            (0, at) => at,
            (1, Moment::On(trigger)) => Moment::On(Trigger { nth: nth(self), ..trigger }),
            (1 | 2, _) => return self.at_event(entry, best),
            _ => {
                let end = best.candidate.setup.duration.as_nanos().max(1);
                Moment::At(Time::from_nanos(self.below(end) / 1_000_000 * 1_000_000))
            }
        };
        FaultEntry { at, ..entry }
    }

    /// The fault where and when the protocol reports something.
    fn at_event(&mut self, mut entry: FaultEntry, best: &Tested) -> FaultEntry {
        let Some(event) = self.pick(best.plan.protocol.observations) else { return entry };
        let what = TriggerOn::Event((*event).to_owned());
        let nth = 1 + self.below(MOST_NTH) as u32;
        entry.at = Moment::On(Trigger { what, nth, role: None, before: None, after: None });
        if self.below(2) == 0 {
            for selector in entry.what.selectors_mut() {
                *selector = Selector::EventNode;
            }
        }
        entry
    }

    /// Another length, or none for the one that it has.
    fn length(&mut self) -> Option<Option<Duration>> {
        match self.below(6) {
            0 => Some(Some(Duration::from_millis(1))),
            1 => Some(Some(Duration::from_millis(10))),
            2 => Some(None),
            _ => None,
        }
    }

    /// One latency for all messages, or none for those that the run has.
    fn latency(&mut self, setup: &Setup) -> Option<Duration> {
        let drawn = !matches!(setup.network.latency, Distribution::Fixed(_));
        let other = self.below(if drawn { 2 } else { 4 }) == 0;
        other.then(|| self.pick(&LATENCIES).copied()).flatten()
    }
}
