//! Checks determinism: two runs of one plan must have the same digest.

use sim_core::digest::RunDigest;
use sim_core::outcome::Outcome;
use sim_core::registry::{Launch, LaunchError};
use sim_core::trace::{Difference, TraceRequest, first_difference};

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
    /// The first differing event, if recording both runs once more showed one.
    pub first: Option<Difference>,
}

/// Runs a plan twice. If the digests differ, both runs are made again, recorded, and compared event by event.
///
/// # Errors
/// As [`run`].
pub fn twice(plan: &Plan, launch: &Launch) -> Result<Twice, LaunchError> {
    let outcome = run(plan, launch)?;
    let second = run(plan, launch)?;
    let digests = [outcome.digest, second.digest];
    if digests[0] == digests[1] {
        return Ok(Twice { outcome, divergence: None });
    }
    let first = first_differing_event(plan)?;
    Ok(Twice { outcome, divergence: Some(Divergence { digests, first }) })
}

/// Records both runs, which changes nothing in them, and compares.
fn first_differing_event(plan: &Plan) -> Result<Option<Difference>, LaunchError> {
    let recorded = Launch { trace: Some(TraceRequest::default()), ..Launch::default() };
    let (left, right) = (run(plan, &recorded)?.trace, run(plan, &recorded)?.trace);
    Ok(left.zip(right).and_then(|(left, right)| first_difference(&left, &right)))
}
