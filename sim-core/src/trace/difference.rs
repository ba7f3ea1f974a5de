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
