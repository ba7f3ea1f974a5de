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
    /// Folds the digests of all runs, in seed order: equal for equal campaigns.
    #[serde(skip)]
    pub(super) folded: Digest,
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
        self.folded.word((digest >> 64) as u64);
        self.folded.word(digest as u64);
    }

    /// The digest of all runs' digests.
    pub fn digest(&self) -> RunDigest {
        self.folded.whole()
    }
}
