//! A run as plain data: everything but the protocol that, with the engine, determines a run bit for bit.

mod amount;
mod measure;
mod validate;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use amount::Amount;
pub use measure::{Measure, MeasureOf, Pattern, PatternError, Point};
pub use validate::SetupError;

pub use crate::clock::TimerClock;
pub use crate::graph::Topology;
pub use crate::network::NetworkModel;
pub use crate::server::ServiceModel;

use crate::adversary::Adversary;
use crate::distribution::Distribution;
use crate::fault::FaultPlan;
use crate::limit::Limit;
use crate::network::Pins;
use crate::time::Duration;
use crate::workload::WorkloadModel;

/// One run, ready to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How many members there are at genesis.
    pub members: u32,
    /// How many client slots there are.
    pub clients: u32,
    /// Length of the first phase: safety under faults.
    pub duration: Duration,
    /// The protocol's base timeout, if there is a second phase in which progress is owed: opportunities are counted in it
    /// ([`crate::progress`]).
    #[serde(alias = "progress_within")]
    pub progress_timeout: Option<Duration>,
    /// A service level: how soon after the heal progress must come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_within: Option<Duration>,
    /// Ends a run that has no end: dispatched events.
    pub max_events: u64,
    /// More events and messages than this in two seconds of virtual time on end, or four times as many within one, are a storm:
    /// a finding that ends the run.
    #[serde(default = "no_limit")]
    pub max_events_per_second: u64,
    /// How messages travel.
    pub network: NetworkModel,
    /// How long syncs take.
    pub disk: DiskModel,
    /// How wrong clocks are to begin with.
    pub clocks: ClockModel,
    /// What steps cost.
    pub service: ServiceModel,
    /// What clients do.
    pub workload: Option<WorkloadModel>,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// The behavior of traitors, as the protocol names it; its default if absent.
    pub behavior: Option<String>,
    /// Rules for traitors, on top of `behavior`; the first that fits decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adversaries: Vec<Adversary>,
    /// Fates of single messages that are given rather than drawn.
    pub pins: Pins,
    /// Whether `pins` are all that chance does to messages: what is not pinned meets its plain latency, whatever the
    /// network model and degradations say.
    #[serde(default)]
    pub pins_only: bool,
    /// When to stop before the end.
    pub stop: Vec<Stop>,
    /// What to report as one number per run.
    pub measures: Vec<Measure>,
    /// Service levels that the run must keep to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// What the state is at the start, where it is not all up and empty.
    pub initial: Initial,
    /// What a run must show to count: `(activity counter, at least)`; else it is inconclusive.
    pub at_least: Vec<(String, Amount)>,
    /// Steps that the search for a linearization may take for each object.
    pub history_budget: u64,
    /// Checks that are off, by name.
    pub checks_off: Vec<String>,
    /// What members may be upgraded to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
}

/// The name of the version as which everybody starts.
pub const FIRST_VERSION: &str = "first";

/// The same protocol, set otherwise: what a member may run after an upgrade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// As faults name it.
    pub name: String,
    /// All parameters of the protocol.
    pub parameters: Value,
}

impl Setup {
    /// A calm minute of `members` members without clients, faults or a second phase; change what differs.
    pub fn new(seed: u64, members: u32) -> Self {
        Self {
            seed,
            members,
            clients: 0,
            duration: Duration::from_secs(60),
            progress_timeout: None,
            recovery_within: None,
            max_events: 1 << 40,
            max_events_per_second: no_limit(),
            network: NetworkModel::default(),
            disk: DiskModel::default(),
            clocks: ClockModel::default(),
            service: ServiceModel::default(),
            workload: None,
            faults: FaultPlan::default(),
            behavior: None,
            adversaries: Vec::new(),
            pins: Pins::default(),
            pins_only: false,
            stop: Vec::new(),
            measures: Vec::new(),
            limits: Vec::new(),
            initial: Initial::default(),
            at_least: Vec::new(),
            history_budget: 1_000_000,
            checks_off: Vec::new(),
            versions: Vec::new(),
        }
    }
}

/// Capsules of earlier versions know no storms.
const fn no_limit() -> u64 {
    u64::MAX
}

/// How long syncs take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiskModel {
    /// Time of one sync.
    pub sync: Distribution,
}

impl Default for DiskModel {
    fn default() -> Self {
        Self { sync: Distribution::Fixed(Duration::ZERO) }
    }
}

fn is_nothing(length: &Duration) -> bool {
    length.is_zero()
}

/// How wrong clocks are to begin with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClockModel {
    /// The wall clock of each slot starts with an offset drawn from this; none if absent.
    pub offset: Option<Distribution>,
    /// Each slot drifts at a rate drawn uniformly within plus and minus this many parts per million.
    pub drift_ppm: u32,
    /// By which clock timers run.
    pub timers: TimerClock,
    /// Each timer fires later than it was set to by up to this, drawn evenly, as on a busy machine.
    #[serde(skip_serializing_if = "is_nothing")]
    pub timer_jitter: Duration,
}

/// When to stop before the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Stop {
    /// As soon as observations of this kind (as `"BecameLeader"`) have been made `count` times in all, or at so many
    /// members.
    Observed {
        /// The kind's name.
        kind: String,
        /// How often, or by whom.
        count: Amount,
    },
    /// As soon as this many operations have returned.
    Returned(u64),
    /// As soon as every running member is in this role.
    AllInRole(String),
    /// At the first violation.
    Violation,
}

/// The state at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Initial {
    /// Members that are down from the start, by slot.
    pub absent: Vec<u32>,
    /// Traitors from the start, by slot.
    pub corrupt: Vec<u32>,
    /// Twins: `(slot, identity)`.
    pub twins: Vec<(u32, u32)>,
    /// Identities of which a second copy runs in a slot of its own, beside all members and clients: the first of these slots
    /// comes after the last client, the others follow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<u32>,
    /// What the members' disks and timers hold at the start, in the words of the protocol, which reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Value>,
}
