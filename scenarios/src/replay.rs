//! Running a capsule again.

use std::sync::Arc;

use sim_core::check::Verdict;
use sim_core::digest::RunDigest;
use sim_core::outcome::Outcome;
use sim_core::registry::{Launch, LaunchError, ParameterError, Registry};
use sim_core::setup::Setup;

use crate::ENGINE;
use crate::capsule::Capsule;
use crate::plan::Plan;
use crate::run::run;
use crate::scenario::within_limits;

/// What a replay came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same engine and build, and the same digest; or the same finding from the recorded plan.
    Reproduced,
    /// Another finding.
    Changed,
    /// Nothing is found any more.
    Gone,
    /// The same engine and build came to another digest: something in the run is not deterministic.
    Nondeterministic {
        /// The digest in the capsule.
        recorded: RunDigest,
    },
}

impl Replayed {
    /// Its name, as documents and terminals show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Nondeterministic { .. } => "nondeterministic",
        }
    }
}

/// A capsule, run again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// What it came to.
    pub replayed: Replayed,
    /// Whether the engine and the build are those of the recording, so that the digest had to be the same.
    pub same_build: bool,
    /// The outcome.
    pub outcome: Outcome,
    /// What was run.
    pub plan: Plan,
}

/// Why a capsule cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Its protocol is not registered.
    #[error("replay the capsule: there is no protocol \"{0}\"")]
    Protocol(String),
    /// Its protocol's parameters are not accepted any more.
    #[error("replay the capsule: {0}")]
    Parameters(#[from] ParameterError),
    /// It asks for more than any scenario may.
    #[error("replay the capsule: {0}; nothing was run")]
    Limits(String),
    /// Its setup is not accepted any more.
    #[error("replay the capsule: {0}")]
    Launch(#[from] LaunchError),
}

/// What decides how a capsule is run again.
#[derive(Clone, Copy, Debug)]
pub struct ReplayOptions<'a> {
    /// This program's build.
    pub build: &'a str,
    /// Whether the capsule's checksum matched; an edited capsule may come to another digest.
    pub intact: bool,
}

/// How the name of a build ends that could not be told: it is like no other, not even like itself.
pub const UNKNOWN_BUILD: &str = "-unknown";

/// Runs a capsule again: on the same engine and build as drawn, and otherwise from its
/// pinned plan and fates.
///
/// # Errors
/// If this program cannot run it.
pub fn replay(
    registry: &Registry,
    capsule: &Capsule,
    options: ReplayOptions<'_>,
    launch: &Launch,
) -> Result<Replay, ReplayError> {
    let same_build = options.intact
        && capsule.engine == ENGINE
        && capsule.build == options.build
        && !options.build.ends_with(UNKNOWN_BUILD);
    let setup = if same_build { capsule.setup.clone() } else { capsule.pinned_setup() };
    let plan = plan_of(registry, capsule, setup)?;
    let outcome = run(&plan, launch)?;
    let replayed = if same_build { same(capsule, &outcome) } else { judge(capsule, &outcome) };
    Ok(Replay { replayed, same_build, outcome, plan })
}

/// A setup, to be run with the protocol, the parameters and the plants of a capsule.
///
/// # Errors
/// If this program has no such protocol, it does not accept the parameters, or the setup exceeds what a scenario may ask for.
pub fn plan_of(registry: &Registry, capsule: &Capsule, setup: Setup) -> Result<Plan, ReplayError> {
    let entry = registry.find(&capsule.protocol);
    let entry = entry.ok_or_else(|| ReplayError::Protocol(capsule.protocol.clone()))?;
    within_limits(&setup, entry.info()).map_err(ReplayError::Limits)?;
    let cluster = Arc::from(entry.configure(&capsule.parameters)?);
    Ok(Plan { setup, cluster, protocol: entry.info(), plants: capsule.plants.clone() })
}

fn same(capsule: &Capsule, outcome: &Outcome) -> Replayed {
    if outcome.digest == capsule.digest {
        Replayed::Reproduced
    } else {
        Replayed::Nondeterministic { recorded: capsule.digest }
    }
}

fn judge(capsule: &Capsule, outcome: &Outcome) -> Replayed {
    let same = match &capsule.fingerprint {
        Some(print) => outcome.violations.iter().any(|violation| violation.fingerprint == *print),
        None => outcome.verdict == capsule.verdict,
    };
    match (same, outcome.verdict) {
        (true, _) => Replayed::Reproduced,
        (false, Verdict::Pass | Verdict::Inconclusive) => Replayed::Gone,
        (false, _) => Replayed::Changed,
    }
}
