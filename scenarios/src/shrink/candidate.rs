//! A run that may be smaller.

use serde_json::Value;
use sim_core::digest::{Digest, RunDigest};
use sim_core::setup::Setup;

/// A run that may fail in the same way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// The run.
    pub(super) setup: Setup,
    /// The protocol's parameters.
    pub(super) parameters: Value,
}

impl Candidate {
    /// The same run with something about it changed.
    pub(super) fn with(&self, change: impl FnOnce(&mut Setup)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.setup);
        changed
    }

    /// Names the candidate: two with the same name are the same run.
    pub(super) fn name(&self) -> RunDigest {
        let mut digest = Digest::new();
        // Every part of a setup has a JSON form; one that had none would only be run twice.
        digest.bytes(&serde_json::to_vec(&self.setup).unwrap_or_default());
        digest.bytes(&serde_json::to_vec(&self.parameters).unwrap_or_default());
        digest.whole()
    }
}
