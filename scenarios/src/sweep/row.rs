//! One run of a sweep, as a line of `runs.jsonl`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::digest::RunDigest;
use sim_core::judgment::Judgment;
use sim_core::limit::{LimitReading, Over};
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{Ended, MetricSummary, Outcome};

use super::{PlannedPoint, Sweep};
use crate::scenario::verdict_name;

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

impl Row {
    /// The row of a run.
    pub(super) fn new(sweep: &Sweep, index: usize, point: &PlannedPoint, outcome: &Outcome) -> Self {
        let base = sweep.base(point);
        let per = base.per.as_ref().map_or(1, |per| outcome.activity.get(per).copied().unwrap_or(0));
        Self {
            point: index,
            base: base.label.clone(),
            at: point.at.iter().cloned().collect(),
            seed: outcome.seed,
            verdict: verdict_name(outcome.verdict).to_owned(),
            finding: point.loaded.scenario.expect.judge(outcome) == Judgment::Finding,
            members: outcome.members,
            digest: outcome.digest,
            events: outcome.events,
            virtual_ns: outcome.virtual_ns,
            ended: outcome.ended,
            messages: outcome.messages.sent,
            delivered: outcome.messages.delivered,
            dropped: outcome.messages.dropped,
            bytes: outcome.messages.bytes,
            per,
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
