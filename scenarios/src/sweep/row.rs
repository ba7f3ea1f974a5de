//! One run of a sweep, as a line of `runs.jsonl`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::check::{Verdict, Violation};
use sim_core::digest::RunDigest;
use sim_core::judgment::Judgment;
use sim_core::limit::{LimitReading, Over};
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{Ended, MetricSummary, Outcome};

use super::{PlannedPoint, Sweep};
use crate::scenario::{Scenario, verdict_name};

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The point's place in the sweep.
    pub point: usize,
    /// The scenario's label.
    pub base: String,
    /// The swept keys and their values.
    pub at: OrderedMap<String, Value>,
    /// The seed.
    pub seed: u64,
    /// The verdict.
    pub verdict: String,
    /// Whether it accuses the protocol, or came to a conclusive end that the scenario does not expect.
    pub finding: bool,
    /// Whether a property of safety did not hold, whatever else the run came to.
    pub broken: bool,
    /// How many members there were.
    pub members: u32,
    /// The digest of the run.
    pub digest: RunDigest,
    /// Events dispatched.
    pub events: u64,
    /// True time at the end, in nanoseconds.
    pub virtual_ns: u64,
    /// Why it ended.
    pub ended: Ended,
    /// Messages handed to the network.
    pub messages: u64,
    /// Messages that arrived.
    pub delivered: u64,
    /// Messages that did not.
    pub dropped: u64,
    /// Bytes handed to the network.
    pub bytes: u64,
    /// How much there was of what messages are counted by.
    pub per: u64,
    /// Latencies and other quantities.
    pub metrics: OrderedMap<String, MetricSummary>,
    /// What the scenario measures.
    pub measures: OrderedMap<String, Option<u64>>,
    /// How the run stands to the limits on all runs of its point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitReading>,
}

/// Whether a violation is of something that must never happen, and not of what is owed, nor a panic. Beyond its assumptions
/// that accuses nobody.
pub(super) fn is_broken(violation: &Violation) -> bool {
    matches!(violation.verdict, Verdict::Assumption | Verdict::Safety)
}

impl Row {
    /// The row of a run at a point of a sweep.
    pub(super) fn new(sweep: &Sweep, index: usize, point: &PlannedPoint, outcome: &Outcome) -> Self {
        let base = sweep.base(point);
        let per = base.per.as_ref().map_or(1, |per| outcome.activity.get(per).copied().unwrap_or(0));
        Self {
            point: index,
            base: base.label.clone(),
            at: point.at.iter().cloned().collect(),
            per,
            ..Self::of(&point.loaded.scenario, outcome)
        }
    }

    /// The row of a run of a scenario, at no point of a sweep.
    pub(crate) fn of(scenario: &Scenario, outcome: &Outcome) -> Self {
        Self {
            point: 0,
            base: String::new(),
            at: OrderedMap::new(),
            seed: outcome.seed,
            verdict: verdict_name(outcome.verdict).to_owned(),
            finding: scenario.expect.judge(outcome) == Judgment::Finding,
            broken: outcome.violations.iter().any(is_broken),
            members: outcome.members,
            digest: outcome.digest,
            events: outcome.events,
            virtual_ns: outcome.virtual_ns,
            ended: outcome.ended,
            messages: outcome.messages.sent,
            delivered: outcome.messages.delivered,
            dropped: outcome.messages.dropped,
            bytes: outcome.messages.bytes,
            per: 1,
            metrics: outcome.metrics.clone(),
            measures: outcome.measures.clone(),
            limits: outcome
                .limits
                .iter()
                .filter(|reading| reading.limit.over == Over::Campaign)
                .cloned()
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worst of a run counts as its verdict; what it broke before stays broken.
    #[test]
    fn a_run_that_breaks_a_property_and_crashes_is_broken() {
        let violation = |verdict| Violation {
            check: "toy/agreement".to_owned(),
            at_ns: 1,
            message: String::new(),
            fingerprint: String::new(),
            nodes: Vec::new(),
            verdict,
        };
        let loaded = crate::testing::toml(crate::testing::LEAST).unwrap();
        let plan = crate::plan::compile(&loaded, 0, &[]);
        let mut outcome = crate::run::run(&plan, &sim_core::registry::Launch::default()).unwrap();
        for (verdict, found, broken) in [
            (Verdict::Pass, &[][..], false),
            (Verdict::Crash, &[Verdict::Safety, Verdict::Crash], true),
            (Verdict::Crash, &[Verdict::Crash], false),
            (Verdict::Assumption, &[Verdict::Liveness], false),
            (Verdict::Assumption, &[Verdict::Safety], true),
        ] {
            outcome.verdict = verdict;
            outcome.violations = found.iter().map(|found| violation(*found)).collect();
            assert_eq!(Row::of(&loaded.scenario, &outcome).broken, broken, "{found:?}");
        }
    }
}
