//! The drawable parts of a run, as data.

use serde::{Deserialize, Serialize};

use super::expected::Expectation;
use super::standing::Standing;
use crate::capped::Capped;
use crate::check::{Evidence, Table};
use crate::fault::selector::LEADERS;
use crate::metrics::Cumulative;
use crate::ordered::OrderedSet;
use crate::sorting::SortSeldom;

/// Everything that can be drawn, each list capped with a count of what was omitted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Picture {
    /// What state a slot was in, and when.
    pub lanes: Capped<LaneSpan>,
    /// Things that happened at a slot at a moment.
    pub marks: Capped<PointMark>,
    /// Values over time.
    pub series: Capped<Series>,
    /// How far each member was, read now and then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standings: Vec<Standing>,
    /// How the values of each metric are distributed, and how many messages each member sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distributions: Vec<Cumulative>,
    /// What theory says of the share of members in some state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expectation>,
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

/// The mark of a slot that becomes a traitor's.
pub(crate) const TRAITOR: &str = "corrupt";

/// The state of a slot that stands still.
pub(crate) const PAUSED: &str = "paused";

/// A time in which somebody led, pauses in between included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reign {
    /// Who.
    pub slot: u32,
    /// From when.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
}

impl Picture {
    /// The slots that were a traitor's at some time.
    pub fn traitors(&self) -> OrderedSet<u32> {
        self.marks.items.iter().filter(|mark| mark.kind == TRAITOR).map(|mark| mark.slot).collect()
    }

    /// Who led and when, first to last. A leader that was paused and went on is one leader: the reign lasts from the first
    /// to the last time that this slot said that it leads, as long as it was nothing but paused in between and its rank
    /// (term, view) stayed.
    pub fn reigns(&self) -> Vec<Reign> {
        let mut spans: Vec<&LaneSpan> = self.lanes.items.iter().collect();
        spans.sort_seldom_by_key(|span| (span.slot, span.from_ns));
        let mut reigns: Vec<Reign> = Vec::new();
        // The rank of the reign that was listed last, while it may go on.
        let mut open: Option<&str> = None;
        let mut slot = None;
        for span in spans {
            if slot != Some(span.slot) {
                (slot, open) = (Some(span.slot), None);
            }
            if LEADERS.contains(&span.state.as_str()) {
                match reigns.last_mut().filter(|_| open == Some(span.label.as_str())) {
                    Some(reign) => reign.to_ns = span.to_ns,
                    None => reigns.push(Reign { slot: span.slot, from_ns: span.from_ns, to_ns: span.to_ns }),
                }
                open = Some(&span.label);
            } else if span.state != PAUSED {
                open = None;
            }
        }
        reigns.sort_seldom_by_key(|reign| (reign.from_ns, reign.slot));
        reigns
    }
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

impl Series {
    /// The unit of a series that says how many members are in the state of its name.
    pub const MEMBERS: &'static str = "members";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_does_not_make_a_second_leader() {
        let mut lanes = Capped::with_limit(100);
        let mut at = 0;
        let mut enter = |slot, state: &str, label: &str| {
            at += 1;
            let (state, label) = (state.to_owned(), label.to_owned());
            lanes.push(LaneSpan { slot, state, from_ns: at, to_ns: at + 1, label });
        };
        enter(0, "leader", "1");
        enter(0, "paused", "");
        enter(0, "leader", "1");
        // Another term, another reign; and one that was down starts anew.
        enter(0, "paused", "");
        enter(0, "leader", "2");
        enter(0, "down", "");
        enter(0, "leader", "2");
        enter(1, "follower", "2");
        enter(1, "primary", "3");
        enter(1, "follower", "3");
        enter(1, "primary", "3");
        let picture = Picture { lanes, ..Picture::default() };
        let reigns: Vec<_> =
            picture.reigns().iter().map(|reign| (reign.slot, reign.from_ns, reign.to_ns)).collect();
        assert_eq!(reigns, [(0, 1, 4), (0, 5, 6), (0, 7, 8), (1, 9, 10), (1, 11, 12)]);
    }
}
