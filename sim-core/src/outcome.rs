//! What a run came to, in words that know no protocol: reports draw any protocol from this, also a stranger's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::check::{Needs, Verdict, Violation};
use crate::digest::RunDigest;
use crate::fault::{Executed, FaultPlan};
use crate::history::HistoryEntry;
use crate::network::Changes;
use crate::trace::Trace;

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
    pub slots: Vec<String>,
    /// How many of them are members.
    pub members: u32,
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
    pub metrics: BTreeMap<String, MetricSummary>,
    /// The numbers that the scenario asked for; absent if what is measured never happened.
    pub measures: BTreeMap<String, Option<u64>>,
    /// Counters that show that something happened: operations, elections, faults by family.
    pub activity: BTreeMap<String, u64>,
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
    /// A choice list ran out (only under the `Choices` scheduler).
    OutOfChoices,
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
    },
    /// It did not come, for a reason that excuses it.
    Stalled {
        /// The reason.
        reason: Stall,
    },
    /// It was owed and did not come: a liveness violation.
    Missed,
}

/// Why progress may be missing without anybody's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stall {
    /// Too few members are up or connected.
    NoQuorum,
    /// Data that is needed was lost with disks.
    LostData,
    /// A knob that is set forfeits progress under the faults that are in force.
    Forfeited,
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
    pub by_kind: BTreeMap<String, u64>,
}

/// A distribution of values, summarized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// How many values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Half are at most this.
    pub p50: u64,
    /// Nine in ten are at most this.
    pub p90: u64,
    /// 99 in a hundred are at most this.
    pub p99: u64,
    /// None is above this.
    pub max: u64,
}

/// What a check did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The check's name.
    pub name: String,
    /// Whether it was on; a check that needs real time is off where there is none.
    pub on: bool,
    /// What it needs.
    pub needs: Needs,
    /// How often it had something to judge.
    pub exercised: u64,
}

/// Everything that can be drawn, each list capped with a count of what was omitted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Picture {
    /// What state a slot was in, and when.
    pub lanes: Capped<LaneSpan>,
    /// Things that happened at a slot at a moment.
    pub marks: Capped<PointMark>,
    /// Values over time.
    pub series: Capped<Series>,
    /// Messages that crossed from slot to slot (traced runs only).
    pub edges: Capped<Edge>,
    /// Small tables.
    pub tables: Capped<Table>,
    /// What a violation rests on.
    pub evidence: Capped<Evidence>,
}

/// A list of limited length, and how much more there was. One that was read from a file takes nothing more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Capped<T> {
    /// What was kept: the first ones.
    pub items: Vec<T>,
    /// How many more there were.
    pub omitted: u64,
    #[serde(skip)]
    limit: usize,
}

impl<T> Default for Capped<T> {
    fn default() -> Self {
        Self::with_limit(20_000)
    }
}

impl<T> Capped<T> {
    /// An empty list that keeps at most `limit` items.
    pub fn with_limit(limit: usize) -> Self {
        Self { items: Vec::new(), omitted: 0, limit }
    }

    /// Adds items, or counts them.
    pub fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        items.into_iter().for_each(|item| self.push(item));
    }

    /// Adds an item, or counts it.
    pub fn push(&mut self, item: T) {
        if self.items.len() < self.limit {
            self.items.push(item);
        } else {
            self.omitted += 1;
        }
    }
}

/// A slot was in a state for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneSpan {
    /// Where.
    pub slot: u32,
    /// Which state: a role, or `down`, `paused`.
    pub state: String,
    /// From when.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
    /// More about it: `term 4`.
    pub label: String,
}

/// Something happened at a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointMark {
    /// When.
    pub at_ns: u64,
    /// Where; `u32::MAX` if it happened to the world as a whole.
    pub slot: u32,
    /// What kind of thing.
    pub kind: String,
    /// In words.
    pub label: String,
}

/// A value over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// In which unit.
    pub unit: String,
    /// Where; absent if it is about the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
    /// `(nanoseconds, value)` in order.
    pub points: Vec<(u64, f64)>,
    /// How many more points there were: between its last two, it is drawn straight.
    #[serde(default)]
    pub omitted: u64,
}

/// A message from slot to slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Sent at.
    pub sent_ns: u64,
    /// Arrived at; absent if lost.
    pub arrived_ns: Option<u64>,
    /// Sender.
    pub from: u32,
    /// Receiver.
    pub to: u32,
    /// Kind of message.
    pub kind: String,
    /// In words.
    pub label: String,
}

/// A small table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Column heads.
    pub columns: Vec<String>,
    /// Rows, as long as the heads.
    pub rows: Vec<Vec<String>>,
    /// How many more rows there were.
    #[serde(default)]
    pub omitted: u64,
}

/// What a violation rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which violation, as an index.
    pub violation: usize,
    /// The facts in order, as sentences.
    pub facts: Vec<String>,
    /// How many more there were.
    #[serde(default)]
    pub omitted: u64,
}
