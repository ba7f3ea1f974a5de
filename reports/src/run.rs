//! Views of a record that reports need: operations with latencies, faults as time spans, lanes of members.

pub mod figures;
mod palette;

use std::cmp::Reverse;

use sim_core::fault::{Executed, Kind};
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::outcome::{LaneSpan, Outcome, Series};
use sim_core::sorting::SortSeldom;
use sim_core::trace::WORLD;

use crate::figure::Band;
use crate::record::RunRecord;

pub(crate) use palette::Palette;

/// More members than these have no lane each.
pub(crate) const MOST_LANES: u32 = 50;

/// A record, read for drawing.
pub(crate) struct Run<'a> {
    pub(crate) record: &'a RunRecord,
    pub(crate) outcome: &'a Outcome,
    pub(crate) operations: Vec<OperationSpan>,
}

/// An operation of a client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OperationSpan {
    pub(crate) call_ns: u64,
    pub(crate) ended: Option<Ended>,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) at_ns: u64,
    /// Whether it took effect, if that is known.
    pub(crate) ok: Option<bool>,
}

impl OperationSpan {
    /// Nanoseconds from call to return, if it returned.
    pub(crate) fn latency_ns(&self) -> Option<u64> {
        self.ended.map(|ended| ended.at_ns.saturating_sub(self.call_ns))
    }
}

impl<'a> Run<'a> {
    pub(crate) fn new(record: &'a RunRecord) -> Self {
        let entries = record.outcome.history.iter();
        let operation = |entry: &sim_core::history::HistoryEntry| OperationSpan {
            call_ns: entry.call_ns,
            ended: entry.return_ns.map(|at_ns| Ended { at_ns, ok: entry.ok }),
        };
        Self { record, outcome: &record.outcome, operations: entries.map(operation).collect() }
    }

    /// How long the run was, in seconds; never zero, so that it can be divided by.
    pub(crate) fn seconds(&self) -> f64 {
        seconds(self.outcome.virtual_ns.max(1))
    }

    /// The name of a slot.
    pub(crate) fn slot(&self, slot: u32) -> String {
        self.outcome.slots.get(slot as usize).map_or_else(|| format!("slot {slot}"), str::to_owned)
    }

    /// The faults that happened.
    pub(crate) fn faults(&self) -> impl Iterator<Item = &'a Executed> {
        self.outcome.faults.iter().filter(|fault| fault.refused.is_none())
    }

    /// When a fault ended; one that is over at once ends where it began.
    pub(crate) fn until(&self, fault: &Executed) -> u64 {
        let lasts = !matches!(fault.kind, Kind::ClockStep | Kind::BitRot | Kind::Join | Kind::Leave);
        fault.until_ns.unwrap_or(if lasts { self.outcome.virtual_ns } else { fault.at_ns })
    }

    /// The slots that were a traitor's at some time.
    pub(crate) fn traitors(&self) -> OrderedSet<u32> {
        self.outcome.picture.traitors()
    }

    /// The name of a slot, marked if it was a traitor's at some time.
    pub(crate) fn marked(&self, slot: u32) -> String {
        let mark = if self.traitors().contains(&slot) { " \u{2717}" } else { "" };
        format!("{}{mark}", self.slot(slot))
    }

    /// The faults as bands behind a figure over seconds.
    pub(crate) fn bands(&self) -> Vec<Band> {
        let band = |fault: &Executed| Band {
            label: fault.kind.name().to_owned(),
            from: seconds(fault.at_ns),
            to: seconds(self.until(fault)),
        };
        self.faults().map(band).collect()
    }

    /// What a member was, and when.
    pub(crate) fn lane(&self, slot: u32) -> impl Iterator<Item = &'a LaneSpan> {
        self.outcome.picture.lanes.items.iter().filter(move |span| span.slot == slot)
    }

    /// What all members were, and when.
    pub(crate) fn member_spans(&self) -> impl Iterator<Item = &'a LaneSpan> {
        let members = self.outcome.members;
        self.outcome.picture.lanes.items.iter().filter(move |span| span.slot < members)
    }

    /// How many members were in each state, where they were counted.
    fn censuses(&self) -> impl Iterator<Item = &'a Series> {
        self.outcome.picture.series.items.iter().filter(|series| series.unit == Series::MEMBERS)
    }

    /// How many members were in a state over time, where they were counted.
    pub(crate) fn census(&self, state: &str) -> Option<&'a Series> {
        self.censuses().find(|series| series.name == state)
    }

    /// The states of all members, the one that takes most time first.
    pub(crate) fn states(&self) -> Vec<&'a str> {
        let mut states: Vec<(&str, u64)> = self.censuses().filter_map(time_in).collect();
        if !states.is_empty() {
            states.sort_seldom_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            return states.into_iter().map(|(state, _)| state).collect();
        }
        for span in self.member_spans() {
            let time = span.to_ns.saturating_sub(span.from_ns);
            match states.iter_mut().find(|(state, _)| *state == span.state) {
                Some((_, total)) => *total += time,
                None => states.push((&span.state, time)),
            }
        }
        states.sort_seldom_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        states.into_iter().map(|(state, _)| state).collect()
    }

    /// What most members are at first.
    pub(crate) fn first_state(&self) -> Option<&'a str> {
        let at_first = |series: &&Series| series.points.first().map_or(0, |point| point.1 as u64);
        if let Some(first) = self.censuses().max_by_key(at_first) {
            return Some(&first.name);
        }
        let mut counts: OrderedMap<&str, (u32, Reverse<&str>)> = OrderedMap::new();
        let mut seen: OrderedSet<u32> = OrderedSet::new();
        let mut spans: Vec<&LaneSpan> = self.member_spans().collect();
        spans.sort_seldom_by_key(|span| (span.from_ns, span.slot));
        for span in spans.into_iter().filter(|span| seen.insert(span.slot)) {
            counts.entry(&span.state).or_insert((0, Reverse(&span.state))).0 += 1;
        }
        counts.into_values().max().map(|(_, Reverse(state))| state)
    }

    /// Until when it is kept what every member was.
    pub(crate) fn recorded_until(&self) -> u64 {
        let (lanes, end) = (&self.outcome.picture.lanes, self.outcome.virtual_ns);
        let last = lanes.items.iter().map(|span| span.to_ns).max();
        if lanes.omitted > 0 { last.unwrap_or(end).min(end) } else { end }
    }

    /// When the first phase ended and a core was healed.
    pub(crate) fn healed(&self) -> Option<u64> {
        let marks = &self.outcome.picture.marks.items;
        marks.iter().find(|mark| mark.slot == WORLD.0 && mark.kind == "heal").map(|mark| mark.at_ns)
    }

    /// Latencies in milliseconds of operations that returned.
    pub(crate) fn latencies(&self) -> Vec<f64> {
        let returned = self.operations.iter().filter_map(OperationSpan::latency_ns);
        returned.map(|latency| latency as f64 / 1e6).collect()
    }
}

/// For how many nanoseconds members were in a state, all together; nothing if nobody was seen in it.
fn time_in(series: &Series) -> Option<(&str, u64)> {
    let spent = |pair: &[(u64, f64)]| (pair[1].0 - pair[0].0) as f64 * pair[0].1;
    let time: f64 = series.points.windows(2).map(spent).sum();
    series.points.iter().any(|point| point.1 > 0.0).then_some((&series.name, time as u64))
}

/// Nanoseconds as seconds.
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
