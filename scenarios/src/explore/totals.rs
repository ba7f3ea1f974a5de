//! Sums over all runs of a campaign.

use serde::{Deserialize, Serialize};
use sim_core::digest::{Digest, RunDigest};
use sim_core::ordered::OrderedMap;
use sim_core::outcome::Outcome;

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
        self.fold(other.folded);
    }

    const fn fold(&mut self, RunDigest(digest): RunDigest) {
        self.folded = RunDigest(self.folded.0.wrapping_add(digest));
    }

    /// The digest of all runs' digests.
    pub const fn digest(&self) -> RunDigest {
        self.folded
    }
}
