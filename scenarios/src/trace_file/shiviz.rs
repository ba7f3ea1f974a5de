//! A trace as ShiViz reads it (bestchai.bitbucket.io/shiviz): two lines for each event, what happened and then where, with
//! the vector clock (Fidge 1988, Mattern 1989). The file begins with the expression by which it is read.

use std::fmt::Write;
use std::rc::Rc;

use sim_core::hash::FixedMap;
use sim_core::identity::Slot;
use sim_core::ordered::OrderedMap;
use sim_core::trace::{Recorded, Trace, What};

/// How many events each slot has seen, by slot.
type Clock = OrderedMap<Slot, u64>;

/// The clocks between two events.
#[derive(Debug, Default)]
pub(super) struct ShiViz {
    clocks: OrderedMap<Slot, Clock>,
    /// The clock of each send.
    sends: FixedMap<u64, Rc<Clock>>,
}

impl ShiViz {
    /// The expression, and no delimiter of executions.
    pub(super) const HEAD: &'static str =
        "(?<at>[\\d.]+ \\S+)  (?<event>.*)\\n(?<host>\\S+) (?<clock>\\{.*\\})\n\n";

    pub(super) fn part(&mut self, trace: &Trace) -> String {
        let mut text = String::new();
        for event in trace.events.iter().filter(|event| is_shown(event)) {
            let clock = self.clocks.entry(event.slot).or_default();
            if let What::Deliver { id, .. } = event.what
                && let Some(sent) = self.sends.get(&id)
            {
                for (slot, seen) in sent.iter() {
                    let own = clock.entry(*slot).or_default();
                    *own = (*own).max(*seen);
                }
            }
            *clock.entry(event.slot).or_default() += 1;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", trace.line(event));
            let _ = write!(text, "{} {{", host(trace, event.slot));
            for (index, (slot, seen)) in clock.iter().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}\"{}\": {seen}", host(trace, *slot));
            }
            text.push_str("}\n");
            if let What::Send { id, .. } = event.what {
                self.sends.insert(id, Rc::new(clock.clone()));
            }
        }
        text
    }
}

/// Steps and what others can see of them.
fn is_shown(event: &Recorded) -> bool {
    matches!(
        event.what,
        What::Boot { .. }
            | What::Crash
            | What::Abort
            | What::Deliver { .. }
            | What::Fire { .. }
            | What::Request { .. }
            | What::Send { .. }
            | What::Return { .. }
            | What::Observe { .. }
            | What::Lost { .. }
            | What::Fault { .. }
    )
}

/// A name without spaces and quotes.
fn host(trace: &Trace, slot: Slot) -> String {
    let plain = |c: char| if c.is_whitespace() || matches!(c, '"' | '\\') { '_' } else { c };
    trace.slot_name(slot).chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace_file::{TraceFormat, TraceText, request};
    use sim_core::registry::Launch;

    /// The clock of an event covers that of every event that may have caused it, and of no other.
    #[test]
    fn clocks_are_the_causal_order() {
        let source = crate::builtin::find("raft-swarm").unwrap();
        let overlays =
            ["cluster.duration=1s", "checks.at_least={}", "checks.progress=\"none\""].map(str::to_owned);
        let toml = crate::document::Format::Toml;
        let loaded = crate::scenario::load(&crate::testing::real(), source, toml, &overlays).unwrap();
        let plan = crate::plan::compile(&loaded, 2, &[]);
        let launch = Launch { trace: Some(request(&[], None)), ..Launch::default() };
        let trace = crate::run::run(&plan, &launch).unwrap().trace.unwrap();
        let text = TraceText::new(TraceFormat::ShiViz).part(&trace);
        let clocks: Vec<(String, serde_json::Value)> = text
            .lines()
            .skip(1)
            .step_by(2)
            .map(|line| line.split_once(' ').unwrap())
            .map(|(host, clock)| (host.to_owned(), serde_json::from_str(clock).unwrap()))
            .collect();
        let shown: Vec<usize> =
            (0..trace.events.len()).filter(|index| is_shown(&trace.events[*index])).collect();
        assert!(clocks.len() == shown.len() && shown.len() > 200);
        let mut ticks: OrderedMap<&str, u64> = OrderedMap::new();
        for (host, clock) in &clocks {
            let tick = ticks.entry(host).or_default();
            *tick += 1;
            assert_eq!(clock[host].as_u64(), Some(*tick), "a slot counts its own events");
        }
        for at in (0..shown.len()).step_by(37) {
            // The world's own events are in every cone, as they may decide what arrives; they send nothing.
            let cone = trace.cone(shown[at]);
            for (other, (host, clock)) in
                clocks.iter().enumerate().take(at).filter(|(_, (h, _))| h != "world")
            {
                let seen = clocks[at].1.get(host).and_then(serde_json::Value::as_u64).unwrap_or(0);
                let covered = clock[host].as_u64().unwrap() <= seen;
                assert_eq!(covered, cone.binary_search(&shown[other]).is_ok(), "{other} and {at}");
            }
        }
    }
}
