//! What can be drawn of a run, as data.

use serde::{Deserialize, Serialize};

use crate::capped::Capped;
use crate::check::Evidence;

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
