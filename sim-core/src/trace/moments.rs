//! The trace around a few moments of a run, so that a reader can travel in time there: each event, and for the beginning
//! of each stretch what every process had reported and what was in flight.

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::event::{Recorded, WORLD, What};
use super::tracer::Trace;
use crate::identity::{NodeId, Slot};
use crate::ordered::{OrderedMap, OrderedSet};

/// Stretches of a trace, in order and apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments {
    /// The stretches.
    pub windows: Vec<Window>,
}

/// One stretch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When its first event happened.
    pub from_ns: u64,
    /// When its last event happened.
    pub to_ns: u64,
    /// The latest observation of each kind before the first event, by process: slot, kind, words.
    pub facts: Vec<(u32, String, String)>,
    /// The messages that were in flight before the first event, each as it was sent.
    pub in_flight: Vec<Moment>,
    /// Its events.
    pub events: Vec<Moment>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When, in true time.
    pub at_ns: u64,
    /// Where; absent if it happened to the world as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
    /// Which sort of event: `send`, `observe`.
    pub what: String,
    /// The kind of its content, as `RequestVote`; empty if it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The number of the message, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The slot at the other end of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<u32>,
    /// Its content in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The whole event in a line.
    pub line: String,
}

/// A moment that matters, and how many events on each side are kept.
pub type Center = (u64, usize);

impl Moments {
    /// The stretches around some moments of a trace.
    pub fn of(trace: &Trace, centers: &[Center]) -> Self {
        let mut ranges = ranges(trace, centers).into_iter().peekable();
        let mut state = State::default();
        let mut windows: Vec<Window> = Vec::new();
        for (index, event) in trace.events.iter().enumerate() {
            while ranges.next_if(|(_, to)| *to <= index).is_some() {}
            let Some((from, _)) = ranges.peek().copied() else { break };
            if index == from {
                windows.push(state.window(trace, event.at.as_nanos()));
            }
            if let Some(window) = windows.last_mut().filter(|_| index >= from) {
                window.events.push(state.moment(trace, event));
                window.to_ns = event.at.as_nanos();
            }
            state.take(index, event);
        }
        Self { windows }
    }
}

/// Ranges of indexes, merged where they touch. Whole instants are kept.
fn ranges(trace: &Trace, centers: &[Center]) -> Vec<(usize, usize)> {
    let events = &trace.events;
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    let mut sorted: OrderedSet<(usize, usize)> = OrderedSet::new();
    for (at_ns, around) in centers {
        let here = events.partition_point(|event| event.at.as_nanos() <= *at_ns);
        let (mut from, mut to) = (here.saturating_sub(*around), (here + around).min(events.len()));
        while from > 0
            && from < events.len()
            && events[from - 1].at == events[from].at
            && here - from < 2 * around
        {
            from -= 1;
        }
        while to > 0 && to < events.len() && events[to - 1].at == events[to].at && to - here < 2 * around {
            to += 1;
        }
        if from < to {
            sorted.insert((from, to));
        }
    }
    for (from, to) in sorted {
        match ranges.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => ranges.push((from, to)),
        }
    }
    ranges
}

/// What was reported and what is in flight, up to an event: indexes into the trace.
#[derive(Default)]
struct State {
    facts: OrderedMap<(Slot, String), usize>,
    in_flight: OrderedMap<u64, usize>,
}

impl State {
    fn take(&mut self, index: usize, event: &Recorded) {
        match &event.what {
            What::Observe { observation } => {
                self.facts.insert((event.slot, observation.kind.clone()), index);
            }
            What::Crash => self.facts.retain(|(slot, _), _| *slot != event.slot),
            What::Send { id, .. } => {
                self.in_flight.insert(*id, index);
            }
            What::Deliver { id, .. } | What::Lost { id, .. } => {
                self.in_flight.remove(id);
            }
            _ => {}
        }
    }

    /// A window that begins now.
    fn window(&self, trace: &Trace, from_ns: u64) -> Window {
        let said = |((slot, kind), index): (&(Slot, String), &usize)| {
            (slot.0, kind.clone(), words(trace, trace.events[*index].what.content()))
        };
        let sent = self.in_flight.values().map(|index| self.moment(trace, &trace.events[*index]));
        Window {
            from_ns,
            to_ns: from_ns,
            facts: self.facts.iter().map(said).collect(),
            in_flight: sent.collect(),
            events: Vec::new(),
        }
    }

    fn moment(&self, trace: &Trace, event: &Recorded) -> Moment {
        let (id, peer) = match &event.what {
            What::Send { id, to, .. } => (Some(*id), slot_of(trace, *to)),
            What::Deliver { id, from, .. } => (Some(*id), slot_of(trace, *from)),
            What::Lost { id, .. } => (Some(*id), self.receiver(trace, *id)),
            _ => (None, None),
        };
        let content = event.what.content();
        Moment {
            at_ns: event.at.as_nanos(),
            slot: (event.slot != WORLD).then_some(event.slot.0),
            what: event.what.kind().name().to_owned(),
            kind: content.map_or_else(String::new, |content| content.kind.clone()),
            id,
            peer,
            text: words(trace, content),
            line: trace.line(event),
        }
    }

    /// To whom a message that is in flight goes.
    fn receiver(&self, trace: &Trace, id: u64) -> Option<u32> {
        match &trace.events[*self.in_flight.get(&id)?].what {
            What::Send { to, .. } => slot_of(trace, *to),
            _ => None,
        }
    }
}

fn words(trace: &Trace, content: Option<&Content>) -> String {
    content.map_or_else(String::new, |content| trace.named(content).to_string())
}

/// The slot of a node that was there from the beginning.
fn slot_of(trace: &Trace, node: NodeId) -> Option<u32> {
    (node.index() < trace.slots.len()).then_some(node.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::LinkState;
    use crate::time::Time;

    /// Ten events a millisecond apart: a message from n1 to n2 that is on its way from 2 to 6 ms, one that gets lost.
    fn trace() -> Trace {
        let content = |kind: &str| Content { kind: kind.to_owned(), hash: 0, fields: Vec::new() };
        let whats = [
            What::Observe { observation: content("Voted") },
            What::Observe { observation: content("Led") },
            What::Send { id: 7, to: NodeId(1), message: content("Ping") },
            What::Send { id: 8, to: NodeId(1), message: content("Pong") },
            What::Observe { observation: content("Voted") },
            What::Lost { id: 8, reason: crate::trace::LossReason::Chance },
            What::Deliver {
                id: 7,
                from: NodeId(0),
                sent_at: Time::from_nanos(2_000_000),
                message: content("Ping"),
            },
            What::Crash,
            What::Link { peer: NodeId(0), state: LinkState::Up },
            What::Observe { observation: content("Late") },
        ];
        let slots = [0, 0, 0, 0, 0, 0, 1, 0, 1, 1];
        let event = |(index, (what, slot)): (usize, (What<Content, String>, u32))| Recorded {
            at: Time::from_nanos(index as u64 * 1_000_000),
            slot: Slot(slot),
            sequence: index as u64,
            what,
        };
        let events = whats.into_iter().zip(slots).enumerate().map(event).collect();
        Trace { slots: ["n1", "n2"].into_iter().collect(), events, omitted: 0 }
    }

    #[test]
    fn a_window_begins_with_what_was_said_and_what_was_in_flight() {
        let moments = Moments::of(&trace(), &[(4_000_000, 1)]);
        let [window] = moments.windows.as_slice() else { panic!("{moments:#?}") };
        assert_eq!((window.from_ns, window.to_ns), (4_000_000, 5_000_000));
        let flying: Vec<_> = window.in_flight.iter().map(|sent| (sent.id, sent.slot, sent.peer)).collect();
        assert_eq!(flying, [(Some(7), Some(0), Some(1)), (Some(8), Some(0), Some(1))]);
        let said: Vec<_> = window.facts.iter().map(|(slot, kind, _)| (*slot, kind.as_str())).collect();
        assert_eq!(said, [(0, "Led"), (0, "Voted")]);
        assert_eq!((window.events[1].what.as_str(), window.events[1].peer), ("lost", Some(1)));
    }

    #[test]
    fn windows_that_touch_are_one_and_a_crash_forgets_what_was_said() {
        let whole = Moments::of(&trace(), &[(2_000_000, 2), (4_000_000, 2)]);
        assert_eq!(whole.windows.len(), 1, "{whole:#?}");
        let two = Moments::of(&trace(), &[(1_000_000, 1), (8_000_000, 1)]);
        let [first, second] = two.windows.as_slice() else { panic!("{two:#?}") };
        assert_eq!((first.events.len(), first.facts.len()), (2, 1));
        assert_eq!((second.from_ns, second.facts.len(), second.in_flight.len()), (8_000_000, 0, 0));
        assert!(Moments::of(&trace(), &[]).windows.is_empty());
    }
}
