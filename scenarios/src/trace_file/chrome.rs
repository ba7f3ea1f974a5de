//! A trace in the Trace Event Format, which Perfetto (ui.perfetto.dev) and chrome://tracing open.
//!
//! Each slot is a thread. A step is a slice as long as the work it does (at least a nanosecond), a message an arrow from
//! the step that sent it to the step that received it, an operation of a client an asynchronous slice, the time from a crash
//! to the next boot a slice called "down". Observations, losses and faults are marks. Times are microseconds.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use sim_core::identity::Slot;
use sim_core::ordered::OrderedSet;
use sim_core::time::Duration;
use sim_core::trace::{Recorded, Trace, WORLD, What};

/// The state between two events.
#[derive(Debug, Default)]
pub(super) struct Chrome {
    /// How many slots have a name by now.
    named: usize,
    begun: bool,
    /// The step whose effects are being read.
    step: Option<Step>,
    /// Slots that have crashed and did not boot again.
    down: OrderedSet<Slot>,
}

/// A step: one input and its effects.
#[derive(Debug)]
struct Step {
    slot: Slot,
    sequence: u64,
    at_ns: u64,
    name: String,
    args: Value,
    work: Duration,
    /// What belongs to it and is written behind it.
    inside: Vec<Value>,
}

impl Chrome {
    pub(super) fn head(scenario: &str, seed: u64) -> String {
        let about = json!({ "scenario": scenario, "seed": seed });
        format!(
            "{{\"schema\":\"seedstorm.chrome-trace/1\",\"displayTimeUnit\":\"ns\",\"otherData\":{about},\"traceEvents\":["
        )
    }

    pub(super) fn part(&mut self, trace: &Trace) -> String {
        let mut text = String::new();
        if !self.begun {
            self.put(&mut text, &thread(WORLD, "world"));
        }
        for (index, name) in trace.slots.iter().enumerate().skip(self.named) {
            let slot = Slot(u32::try_from(index).unwrap_or(u32::MAX));
            self.put(&mut text, &thread(slot, name));
        }
        self.named = self.named.max(trace.slots.len());
        for event in &trace.events {
            self.event(&mut text, trace, event);
        }
        text
    }

    pub(super) fn tail(&mut self) -> String {
        let mut text = String::new();
        self.close(&mut text);
        text + "\n]}\n"
    }

    fn put(&mut self, text: &mut String, value: &Value) {
        let comma = if self.begun { "," } else { "" };
        self.begun = true;
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}\n{value}");
    }

    /// Writes the step that is at its end.
    fn close(&mut self, text: &mut String) {
        let Some(step) = self.step.take() else { return };
        let mut slice = mark("X", step.slot, step.at_ns, &step.name);
        slice["dur"] = micros(step.work.as_nanos().max(1));
        slice["args"] = step.args;
        self.put(text, &slice);
        for value in &step.inside {
            self.put(text, value);
        }
    }

    fn event(&mut self, text: &mut String, trace: &Trace, event: &Recorded) {
        let own = |step: &Step| step.slot == event.slot && step.sequence == event.sequence;
        let (at, slot) = (event.at.as_nanos(), event.slot);
        match &event.what {
            What::Start | What::Deliver { .. } | What::Fire { .. } | What::Request { .. } => {
                self.begin(text, trace, event);
            }
            What::Link { .. } | What::Synced { .. } => self.begin(text, trace, event),
            What::Work { time } => {
                if let Some(step) = self.step.as_mut().filter(|step| own(step)) {
                    step.work = step.work.saturating_add(*time);
                }
            }
            What::Crash => {
                self.close(text);
                if self.down.insert(slot) {
                    self.put(text, &mark("B", slot, at, "down"));
                }
            }
            What::Boot { .. } => {
                self.close(text);
                if self.down.remove(&slot) {
                    self.put(text, &mark("E", slot, at, "down"));
                }
            }
            What::Send { .. } | What::Return { .. } | What::Observe { .. } | What::Append { .. } => {
                self.inside(text, trace, event, own);
            }
            What::Lost { .. } | What::Fault { .. } | What::Abort => self.inside(text, trace, event, own),
            What::SetTimer { .. } | What::CancelTimer { .. } | What::Rewrite { .. } | What::Sync { .. } => {}
            What::Hold { .. } | What::HoldUntilDurable { .. } | What::CloseLink { .. } => {}
        }
    }

    /// An input begins a step.
    fn begin(&mut self, text: &mut String, trace: &Trace, event: &Recorded) {
        self.close(text);
        let (at_ns, slot) = (event.at.as_nanos(), event.slot);
        let kind = event.what.content().map(|content| content.kind.clone());
        let mut step = Step {
            slot,
            sequence: event.sequence,
            at_ns,
            name: kind.unwrap_or_else(|| event.what.kind().name().to_owned()),
            args: args(trace, event),
            work: Duration::ZERO,
            inside: Vec::new(),
        };
        match &event.what {
            What::Deliver { id, .. } => {
                let mut arrow = mark("f", slot, at_ns, "message");
                arrow["bp"] = "e".into();
                step.inside.push(with_id(arrow, "message", &id.to_string()));
            }
            What::Request { id, .. } => {
                let begin = mark("b", slot, at_ns, &step.name);
                step.inside.push(with_id(begin, "operation", &format!("{}.{}", slot.0, id.0)));
            }
            _ => {}
        }
        self.step = Some(step);
    }

    /// What belongs to the step that is under way, or to none.
    fn inside(&mut self, text: &mut String, trace: &Trace, event: &Recorded, own: impl Fn(&Step) -> bool) {
        let (at, slot) = (event.at.as_nanos(), event.slot);
        let value = match &event.what {
            What::Send { id, .. } => with_id(mark("s", slot, at, "message"), "message", &id.to_string()),
            What::Return { id, response } => {
                let end = mark("e", slot, at, &response.kind);
                let mut end = with_id(end, "operation", &format!("{}.{}", slot.0, id.0));
                end["args"] = args(trace, event);
                end
            }
            what => {
                let name = what.content().map_or_else(|| what.kind().name(), |content| &content.kind);
                let mut instant = mark("i", slot, at, name);
                instant["s"] = if slot == WORLD { "g".into() } else { "t".into() };
                instant["args"] = args(trace, event);
                instant
            }
        };
        match self.step.as_mut().filter(|step| own(step)) {
            Some(step) => step.inside.push(value),
            None => {
                self.close(text);
                self.put(text, &value);
            }
        }
    }
}

/// An event of the format.
fn mark(phase: &str, slot: Slot, at_ns: u64, name: &str) -> Value {
    json!({ "ph": phase, "pid": 1, "tid": thread_of(slot), "ts": micros(at_ns), "name": name })
}

fn with_id(mut value: Value, category: &str, id: &str) -> Value {
    value["cat"] = category.into();
    value["id"] = id.into();
    value
}

fn thread(slot: Slot, name: &str) -> Value {
    json!({ "ph": "M", "pid": 1, "tid": thread_of(slot), "name": "thread_name", "args": { "name": name } })
}

/// The world is the first thread.
fn thread_of(slot: Slot) -> u64 {
    if slot == WORLD { 0 } else { u64::from(slot.0) + 1 }
}

/// Nanoseconds as microseconds with three decimals, which JSON keeps as they are up to 2^53 ns.
fn micros(ns: u64) -> Value {
    (ns as f64 / 1_000.0).into()
}

/// What an event says, apart from when and where.
fn args(trace: &Trace, event: &Recorded) -> Value {
    let mut args = trace.json(event);
    if let Some(object) = args.as_object_mut() {
        for known in ["at_ns", "slot", "name"] {
            object.remove(known);
        }
        if let Some(Value::Object(content)) = object.remove("content") {
            let taken: Map<String, Value> = content;
            for (name, value) in taken {
                object.entry(name).or_insert(value);
            }
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace_file::{TraceFormat, TraceText, request};
    use sim_core::ordered::OrderedMap;
    use sim_core::registry::Launch;

    fn traced(scenario: &str, seed: u64, format: TraceFormat) -> (Trace, String) {
        let source = crate::builtin::find(scenario).unwrap();
        let overlays =
            ["cluster.duration=3s", "checks.at_least={}", "checks.progress=\"none\""].map(str::to_owned);
        let toml = crate::document::Format::Toml;
        let loaded = crate::scenario::load(&crate::testing::real(), source, toml, &overlays).unwrap();
        let plan = crate::plan::compile(&loaded, seed, &[]);
        let launch = Launch { trace: Some(request(&[], None)), ..Launch::default() };
        let trace = crate::run::run(&plan, &launch).unwrap().trace.unwrap();
        let mut writing = TraceText::new(format);
        let head = writing.head(scenario, seed);
        let text = head + &writing.part(&trace) + &writing.tail();
        (trace, text)
    }

    /// Each arrow leads from the slice of a send to the slice of a delivery, and nothing is left out.
    #[test]
    fn arrows_begin_and_end_within_slices() {
        let (trace, text) = traced("raft-swarm", 3, TraceFormat::Chrome);
        let document: Value = serde_json::from_str(&text).unwrap();
        let events = document["traceEvents"].as_array().unwrap();
        let mut slices: OrderedSet<(u64, u64)> = OrderedSet::new();
        let mut begun: OrderedMap<String, u64> = OrderedMap::new();
        let (mut arrows, mut last, mut down) = (0, 0.0, 0);
        for event in events {
            let (tid, ns) =
                (event["tid"].as_u64().unwrap(), event["ts"].as_f64().map(|ts| (ts * 1e3) as u64));
            match event["ph"].as_str().unwrap() {
                "X" => {
                    let ts = event["ts"].as_f64().unwrap();
                    assert!(ts >= last && event["dur"].as_f64().unwrap() > 0.0);
                    last = ts;
                    slices.insert((tid, ns.unwrap()));
                }
                "s" => {
                    let id = event["id"].as_str().unwrap().to_owned();
                    assert!(begun.insert(id, ns.unwrap()).is_none());
                }
                "f" => {
                    assert!(slices.contains(&(tid, ns.unwrap())), "{event}");
                    assert!(begun[event["id"].as_str().unwrap()] <= ns.unwrap());
                    arrows += 1;
                }
                "B" => down += 1,
                "E" => down -= 1,
                _ => {}
            }
        }
        let count = |name: &str| trace.events.iter().filter(|event| event.what.kind().name() == name).count();
        assert_eq!((begun.len(), arrows), (count("send"), count("deliver")));
        assert!(arrows > 100 && down >= 0);
    }
}
