//! Sums over all runs of a campaign.

use serde::{Deserialize, Serialize};
use sim_core::digest::{Digest, RunDigest};
use sim_core::ordered::OrderedMap;
use sim_core::outcome::Outcome;

/// The run that had the most events: of many small runs, one huge one is easily overlooked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Largest {
    /// Its seed, the lowest one of equals.
    pub seed: u64,
    /// How many events it had.
    pub events: u64,
}

impl Largest {
    /// The larger one of two.
    fn or(self, other: Self) -> Self {
        let rank = |run: &Self| (run.events, std::cmp::Reverse(run.seed));
        if rank(&other) > rank(&self) { other } else { self }
    }
}

/// Sums over all runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Events dispatched.
    pub events: u64,
    /// Virtual time passed, in nanoseconds.
    pub virtual_ns: u64,
    /// Messages sent, by kind.
    pub messages: OrderedMap<String, u64>,
    /// How runs ended.
    pub ended: OrderedMap<String, u64>,
    /// The run that had the most events, if there was any.
    #[serde(default)]
    pub largest: Option<Largest>,
    /// The sum, modulo 2^128, of a hash of each run's seed and digest: equal for equal campaigns, whoever made which run.
    #[serde(skip)]
    pub(super) folded: RunDigest,
}

impl Totals {
    /// Takes in one run.
    pub fn add(&mut self, outcome: &Outcome) {
        self.events = self.events.saturating_add(outcome.events);
        self.virtual_ns = self.virtual_ns.saturating_add(outcome.virtual_ns);
        for (kind, sent) in &outcome.messages.by_kind {
            let total = self.messages.entry(kind.clone()).or_default();
            *total = total.saturating_add(*sent);
        }
        *self.ended.entry(outcome.ended.name().to_owned()).or_default() += 1;
        self.compare(Largest { seed: outcome.seed, events: outcome.events });
        let RunDigest(digest) = outcome.digest;
        let mut run = Digest::new();
        run.word(outcome.seed);
        run.word((digest >> 64) as u64);
        run.word(digest as u64);
        self.fold(run.whole());
    }

    /// Takes in the sums over other runs.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.events = self.events.saturating_add(other.events);
        self.virtual_ns = self.virtual_ns.saturating_add(other.virtual_ns);
        for (sums, others) in [(&mut self.messages, &other.messages), (&mut self.ended, &other.ended)] {
            for (name, count) in others {
                let total = sums.entry(name.clone()).or_default();
                *total = total.saturating_add(*count);
            }
        }
        other.largest.into_iter().for_each(|run| self.compare(run));
        self.fold(other.folded);
    }

    fn compare(&mut self, run: Largest) {
        self.largest = Some(self.largest.map_or(run, |largest| largest.or(run)));
    }

    const fn fold(&mut self, RunDigest(digest): RunDigest) {
        self.folded = RunDigest(self.folded.0.wrapping_add(digest));
    }

    /// The digest of all runs' digests.
    pub const fn digest(&self) -> RunDigest {
        self.folded
    }
}

#[cfg(test)]
mod tests {
    use super::{Largest, Totals};

    #[test]
    fn the_largest_run_is_the_same_in_whatever_order_runs_are_counted() {
        let runs = [(5, 10), (3, 70), (2, 70), (9, 1)].map(|(seed, events)| Largest { seed, events });
        let mut forward = Totals::default();
        runs.iter().for_each(|run| forward.compare(*run));
        let mut backward = Totals::default();
        let mut shard = Totals::default();
        runs[..2].iter().for_each(|run| shard.compare(*run));
        runs[2..].iter().rev().for_each(|run| backward.compare(*run));
        backward.absorb(&shard);
        assert_eq!(forward.largest, Some(Largest { seed: 2, events: 70 }));
        assert_eq!(forward.largest, backward.largest);
    }
}
