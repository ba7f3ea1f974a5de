//! Failing runs, grouped by what failed.

use sim_core::check::Verdict;
use sim_core::outcome::{Outcome, Picture};

use crate::capsule::Capsule;
use crate::plan::Plan;
use crate::scenario::{Loaded, verdict_name};

/// One way of failing, as its lowest seed shows it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The lowest seed.
    pub seed: u64,
    /// How bad it is.
    pub verdict: Verdict,
    /// The same failure under another seed has the same one.
    pub fingerprint: String,
    /// The check that found it.
    pub check: String,
    /// What it said.
    pub message: String,
    /// How many runs failed in this way.
    pub runs: u64,
    /// The run of the lowest seed.
    pub capsule: Box<Capsule>,
}

/// Whether a verdict accuses the protocol. Faults beyond what the protocol promises to bear accuse nobody.
pub const fn is_finding(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Service | Verdict::Liveness | Verdict::Safety | Verdict::Crash)
}

/// Whether a run is a finding: its verdict accuses the protocol, and is not what the scenario expects.
pub fn fails(loaded: &Loaded, outcome: &Outcome) -> bool {
    is_finding(outcome.verdict) && !loaded.scenario.expect.met(outcome)
}

/// A run on its way from a worker to the merge.
pub(super) struct RunResult {
    pub(super) outcome: Outcome,
    /// The plan, if the run failed.
    pub(super) failed: Option<Box<Plan>>,
}

impl RunResult {
    /// Keeps the plan of a failing run; the picture of a run is dropped, since nobody looks at so many.
    pub(super) fn new(loaded: &Loaded, plan: Plan, mut outcome: Outcome) -> Self {
        outcome.picture = Picture::default();
        let failed = fails(loaded, &outcome);
        Self { outcome, failed: failed.then(|| Box::new(plan)) }
    }
}

impl Finding {
    pub(super) fn new(loaded: &Loaded, plan: &Plan, outcome: &Outcome, build: &str) -> Self {
        let capsule = Box::new(Capsule::new(loaded, plan, outcome, build));
        let name = || verdict_name(outcome.verdict).to_owned();
        Self {
            seed: outcome.seed,
            verdict: outcome.verdict,
            fingerprint: capsule.fingerprint.clone().unwrap_or_else(name),
            check: capsule.check.clone().unwrap_or_else(name),
            message: capsule.message.clone().unwrap_or_default(),
            runs: 1,
            capsule,
        }
    }

    /// The name of its capsule's file: the check and the fingerprint.
    pub fn file_name(&self) -> String {
        file_name(&self.check, &self.fingerprint)
    }
}

/// The name of a capsule's file, by what its run broke: nothing in it leads out of a folder.
pub(super) fn file_name(check: &str, fingerprint: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    let part = |text: &str| text.chars().map(plain).collect::<String>();
    format!("{}-{}.capsule.json", part(check), part(fingerprint))
}
