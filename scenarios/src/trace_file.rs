//! A trace for people and for other programs: a line of text, or of JSON, for each event.

use std::fmt::Write;

use sim_core::identity::Slot;
use sim_core::time::Time;
use sim_core::trace::{Trace, TraceFilter, TraceRequest};

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// `0.655 s  n1 -> n3  RequestVote term 4`.
    Text,
    /// One JSON object per line.
    JsonLines,
}

/// Asks for the events of some slots (of all, if none is named), up to a moment.
pub fn request(slots: &[Slot], until: Option<Time>) -> TraceRequest {
    let filter =
        TraceFilter { slots: slots.to_vec(), until: until.unwrap_or(Time::MAX), ..TraceFilter::default() };
    TraceRequest { filter, ..TraceRequest::default() }
}

/// The whole trace; a last line says how many events there was no room for, if any.
pub fn lines(trace: &Trace, format: TraceFormat) -> String {
    let mut text = String::new();
    for event in &trace.events {
        // Writing to a string cannot fail.
        let _ = match format {
            TraceFormat::Text => writeln!(text, "{}", trace.line(event)),
            TraceFormat::JsonLines => writeln!(text, "{}", trace.json(event)),
        };
    }
    if trace.omitted > 0 {
        let _ = match format {
            TraceFormat::Text => writeln!(text, "... and {} more events", trace.omitted),
            TraceFormat::JsonLines => writeln!(text, "{{\"omitted\":{}}}", trace.omitted),
        };
    }
    text
}
