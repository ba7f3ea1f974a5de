//! Finds the first event in which two runs differ.

use super::tracer::Trace;

/// The first place where two traces differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// How many events are equal before it.
    pub index: usize,
    /// The event of the first trace, or nothing if it ended there.
    pub left: Option<String>,
    /// The event of the second trace, or nothing if it ended there.
    pub right: Option<String>,
}

/// Finds the first event in which two traces differ, in any part of it. Names of slots are not compared.
pub fn first_difference(left: &Trace, right: &Trace) -> Option<Difference> {
    let equal = left.events.iter().zip(&right.events).take_while(|(one, other)| one == other).count();
    if equal == left.events.len() && equal == right.events.len() && left.omitted == right.omitted {
        return None;
    }
    let render = |trace: &Trace| trace.events.get(equal).map(|event| trace.json(event).to_string());
    Some(Difference { index: equal, left: render(left), right: render(right) })
}

/// Where two runs part, with what surrounds it, a line for each event as [`Trace::line`] writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// How many events are equal before it.
    pub index: u64,
    /// When the first event that differs happened, in true time: the earlier of the two.
    pub at_ns: u64,
    /// The last equal events.
    pub before: Vec<String>,
    /// The first event that differs of either run, and what follows it; empty if the run had ended.
    pub sides: [Vec<String>; 2],
}

/// Finds where two traces part, with up to `around` events before and after it. Nothing if one is the other, as far as
/// both go: a trace that was cut is compared up to the shorter of the two.
pub fn parting(left: &Trace, right: &Trace, around: usize) -> Option<Parting> {
    let equal = left.events.iter().zip(&right.events).take_while(|(one, other)| one == other).count();
    let open = |trace: &Trace| trace.events.len() == equal && trace.omitted > 0;
    let same = left.events.len() == equal && right.events.len() == equal;
    if same || open(left) || open(right) {
        return None;
    }
    let lines = |trace: &Trace, from: usize, to: usize| -> Vec<String> {
        let to = to.min(trace.events.len());
        trace.events[from.min(to)..to].iter().map(|event| trace.line(event)).collect()
    };
    let first = [left, right].into_iter().filter_map(|trace| trace.events.get(equal));
    Some(Parting {
        index: equal as u64,
        at_ns: first.map(|event| event.at.as_nanos()).min().unwrap_or_default(),
        before: lines(left, equal.saturating_sub(around), equal),
        sides: [left, right].map(|trace| lines(trace, equal, equal + around)),
    })
}
