//! The outcome of a run in neutral terms, so that reports can draw any protocol, including a user's own.

use serde::{Deserialize, Serialize};

pub use crate::capped::Capped;
pub use crate::check::{CheckReport, Evidence};
pub use crate::metrics::{Cumulative, MetricSummary};
pub use crate::picture::{Course, Edge, Expectation, LaneSpan, Picture, PointMark, Reign, Series, Table};

use crate::check::{Verdict, Violation};
use crate::digest::RunDigest;
use crate::fault::{Executed, FaultPlan};
use crate::history::HistoryEntry;
use crate::limit::LimitReading;
use crate::network::Changes;
use crate::ordered::{OrderedMap, OrderedSet};
use crate::slot_names::SlotNames;
use crate::trace::Trace;

/// In the activity of a run, names of marks ([`Context::sometimes`](crate::process::Context::sometimes)) begin with this.
pub const MARK: &str = "sometimes.";

/// The neutral outcome of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The protocol's name.
    pub protocol: String,
    /// The plants that were on.
    pub plants: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// Names of all slots, members first.
    pub slots: SlotNames,
    /// How many of them are members.
    pub members: u32,
    /// The slots of the core that was healed, in order; none if nothing was healed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub core: Vec<u32>,
    /// The worst of everything below.
    pub verdict: Verdict,
    /// Why the verdict is inconclusive, if it is.
    pub reasons: Vec<String>,
    /// Properties that were broken, in the order found.
    pub violations: Vec<Violation>,
    /// How many more violations there were.
    pub violations_omitted: u64,
    /// Folds every input and effect.
    pub digest: RunDigest,
    /// Inputs dispatched.
    pub events: u64,
    /// True time at the end.
    pub virtual_ns: u64,
    /// Why it ended.
    pub ended: Ended,
    /// Whether progress was owed, and came.
    pub progress: Progress,
    /// Message counts.
    pub messages: MessageCounts,
    /// Latencies and other quantities, by name.
    pub metrics: OrderedMap<String, MetricSummary>,
    /// The numbers that the scenario asked for; absent if what is measured never happened.
    pub measures: OrderedMap<String, Option<u64>>,
    /// How the run stands to each limit of the scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitReading>,
    /// Counters that show that something happened: operations, elections, faults by family.
    pub activity: OrderedMap<String, u64>,
    /// Every check: whether it was on, how often it was exercised.
    pub checks: Vec<CheckReport>,
    /// What was done of the fault plan, and what was refused.
    pub faults: Vec<Executed>,
    /// The executed plan, pinned: with the same seed it does the same.
    #[serde(skip)]
    pub plan: FaultPlan,
    /// Fates of messages that changed something.
    #[serde(skip)]
    pub fates: Changes,
    /// What clients saw, in exact event order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
    /// What can be drawn.
    pub picture: Picture,
    /// The trace, if one was asked for.
    #[serde(skip)]
    pub trace: Option<Trace>,
    /// The same as a file, if it was asked for in that form.
    #[serde(skip)]
    pub trace_file: Option<Vec<u8>>,
}

impl Outcome {
    /// The names of the first slots of a set, and how many more there are.
    pub fn names(&self, slots: &OrderedSet<u32>) -> String {
        let name =
            |slot: &u32| self.slots.get(*slot as usize).map_or_else(|| format!("slot {slot}"), str::to_owned);
        let mut names: Vec<String> = slots.iter().take(MOST_NAMES).map(name).collect();
        if slots.len() > MOST_NAMES {
            names.push(format!("{} more", slots.len() - MOST_NAMES));
        }
        names.join(", ")
    }
}

/// So many slots are named.
const MOST_NAMES: usize = 4;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Its time was over.
    Horizon,
    /// A stop rule of the scenario was met.
    StopRule,
    /// Nothing was left to happen.
    Quiescent,
    /// The limit of events was reached.
    EventLimit,
    /// More happened within a second of virtual time than may.
    Storm,
    /// Somebody outside ended it: its outcome says nothing.
    Stopped,
    /// A choice list ran out (only under the `Choices` scheduler).
    OutOfChoices,
}

impl Ended {
    /// Every way in which a run can end.
    pub const ALL: [Self; 7] = [
        Self::Horizon,
        Self::StopRule,
        Self::Quiescent,
        Self::EventLimit,
        Self::Storm,
        Self::Stopped,
        Self::OutOfChoices,
    ];

    /// The name, as documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Horizon => "horizon",
            Self::StopRule => "stop_rule",
            Self::Quiescent => "quiescent",
            Self::EventLimit => "event_limit",
            Self::Storm => "storm",
            Self::Stopped => "stopped",
            Self::OutOfChoices => "out_of_choices",
        }
    }
}

/// Whether progress was owed in the second phase, and came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// There was no second phase, or nothing is owed in it.
    NotOwed {
        /// Why not.
        why: String,
    },
    /// It came.
    Made {
        /// How long after the heal, in nanoseconds.
        after_ns: u64,
        /// How late it was, in words, if it was: a service level was missed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        late: Option<String>,
    },
    /// It did not come, for a reason that excuses it.
    Stalled {
        /// The reason.
        reason: Stall,
        /// More about it: which knob, which queue, how much.
        #[serde(default)]
        detail: String,
    },
    /// It was owed and did not come: a liveness violation.
    Missed {
        /// How many opportunities passed.
        #[serde(default)]
        detail: String,
    },
}

/// Why progress may be missing without anybody's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stall {
    /// Too few members are up or connected.
    NoQuorum,
    /// Data that is needed was lost with disks.
    LostData,
    /// Under these settings the protocol promises no progress.
    Settings,
    /// A knob that is set forfeits it: with the knob changed, the run makes progress.
    Knob,
    /// Somebody outside the healed core stood in the way: without them, the run makes progress.
    Outsider,
    /// Messages from before the heal were still coming in: without them, the run makes progress.
    Backlog,
    /// Links, disks or queues were too slow to give the protocol enough opportunities.
    Untimely,
}

impl Stall {
    /// The reason in words, as the end of a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoQuorum => "too few members are up or connected",
            Self::LostData => "data that is needed was lost with disks",
            Self::Settings => "these settings promise none",
            Self::Knob => "a knob that is set forfeits it",
            Self::Outsider => "a member outside the healed core stood in its way",
            Self::Backlog => "messages from before the heal stood in its way",
            Self::Untimely => "the network, the disks or the servers were too slow to tell",
        }
    }
}

/// Message counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageCounts {
    /// Messages handed to the network, one per recipient.
    pub sent: u64,
    /// Messages handed to a process.
    pub delivered: u64,
    /// Messages that never arrived, for any reason.
    pub dropped: u64,
    /// Additional copies made by the network.
    pub duplicated: u64,
    /// Still under way at the end.
    pub in_flight: u64,
    /// Bytes handed to the network.
    pub bytes: u64,
    /// Messages sent, by kind.
    pub by_kind: OrderedMap<String, u64>,
}
