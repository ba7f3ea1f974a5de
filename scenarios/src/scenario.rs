//! The typed scenario: everything that a file may contain, with defaults, before a seed is known.
//!
//! Enums are tagged from the outside, since other forms lose the place of an error. What depends on the protocol
//! (`[cluster.<protocol>]`) stays a neutral value here and is read by the protocol's registry entry.

pub(crate) mod adversaries;
pub(crate) mod byzzfuzz;
mod checks;
mod counters;
pub(crate) mod domains;
mod expect;
mod files;
mod limits;
mod load;
mod names;
mod read;
pub(crate) mod rounds;
mod setup;
mod stop;
mod summary;
mod swarm;
#[cfg(test)]
mod tests;
mod validate;
pub(crate) mod versions;
pub mod wan;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::fault::FaultEntry;
use sim_core::limit::Limit;
use sim_core::ordered::OrderedMap;
use sim_core::setup::{ClockModel, DiskModel, Measure, NetworkModel, ServiceModel};
use sim_core::time::Duration;
use sim_core::workload::WorkloadModel;

pub use adversaries::AdversaryTable;
pub(crate) use adversaries::{EVERYWHERE, meaning};
pub use byzzfuzz::ByzzFuzz;
pub use checks::{AtLeast, Checks, Linearizable, ProgressRule, Safety};
pub use domains::{Domain, Domains, Filling, Rooms};
pub use expect::{Expectation, ParseExpectationError, VERDICTS, verdict_name};
pub use load::{Loaded, load, reload};
pub(crate) use load::{from_document, hash};
pub use names::{InitialState, NodeName, ParseNodeNameError, Twin};
pub(crate) use sim_core::history::LINEARIZABLE;
pub use stop::StopRules;
pub use summary::summary;
pub use swarm::{DrawnRounds, Families, Lengths, Range, Swarm, Traitors, Twins};
pub(crate) use validate::within_limits;

/// The version that a file must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SchemaVersion {
    /// The only one so far.
    #[serde(rename = "seedstorm.scenario/1")]
    V1,
}

/// A whole scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Which version of the format it is written in.
    pub schema: SchemaVersion,
    /// One line.
    pub title: String,
    /// A paragraph on what one should see.
    #[serde(default)]
    pub about: String,
    /// What a run of it should come to.
    #[serde(default)]
    pub expect: Expectation,
    /// Who runs, and for how long.
    pub cluster: ClusterTable,
    /// What members may be upgraded to: parameters of the protocol that are set otherwise, by the name of the version.
    #[serde(default, skip_serializing_if = "OrderedMap::is_empty")]
    pub versions: OrderedMap<String, Value>,
    /// What fails together: machines, zones, regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<Domains>,
    /// How messages travel.
    #[serde(default)]
    pub network: NetworkModel,
    /// How long syncs take.
    #[serde(default)]
    pub disk: DiskModel,
    /// How wrong clocks are to begin with.
    #[serde(default)]
    pub clock: ClockModel,
    /// What steps cost.
    #[serde(default)]
    pub service: ServiceModel,
    /// What clients do; they do nothing if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<WorkloadModel>,
    /// What goes wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultEntry>,
    /// Who is a traitor, and what becomes of what they would say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adversaries: Vec<AdversaryTable>,
    /// No fault is refused: they may exceed what the protocol promises to bear, on purpose.
    #[serde(default)]
    pub over_budget: bool,
    /// What is drawn from the seed instead of written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm: Option<Swarm>,
    /// What is checked.
    #[serde(default)]
    pub checks: Checks,
    /// The state at the start.
    #[serde(default)]
    pub initial: InitialState,
    /// When to stop before the end.
    #[serde(default)]
    pub stop: StopRules,
    /// One number per run each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measure: Vec<Measure>,
    /// What a run or a campaign must keep to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limit: Vec<Limit>,
    /// How many clients there are; `workload.clients` in a file.
    #[serde(skip)]
    pub clients: u32,
}

/// Who runs, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterTable {
    /// The protocol, by its registered name; its own parameters stand in `[cluster.<protocol>]`.
    pub protocol: String,
    /// How many members there are.
    pub nodes: u32,
    /// Length of the first phase: safety under faults.
    pub duration: Duration,
    /// The run ends after this many dispatched events, whatever else; by default, many times what a run of its size has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_events: Option<u64>,
    /// More events and messages than this in two seconds of virtual time on end, or four times as many within one, are a
    /// storm; by default, many times what a run of its size has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_events_per_second: Option<u64>,
}
