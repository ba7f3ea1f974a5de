//! Slices a run: the steps that a violation depends on.
//!
//! A process takes a *step* with each input: what arrived, and what it did then. The violating step is needed. So is
//! the step that sent what a needed step received, and the step whose sync it waited for. Of all other steps in the
//! causal cone those are told in which a process reported something about the same things as the violation: a role
//! taken in the same term, a vote, an entry at the same index.

use sim_core::check::{Verdict, Violation};
use sim_core::identity::Slot;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::outcome::{LaneSpan, Outcome};
use sim_core::process::SyncId;
use sim_core::story::{Arrow, Step, StepKind};
use sim_core::trace::{Content, Recorded, Trace, What};

use super::facts::{Fact, Frequencies, NODE, facts};
use super::faults::EventOrder;
use super::stall::is_stall;
use super::words;

/// A step: where, and its number there.
type StepId = (Slot, u64);

/// What is noted of a message that arrives again.
pub(super) const SECOND_COPY: &str = "a second copy";

/// How many inputs of a process that panicked are told, the last ones.
const LAST_INPUTS: usize = 8;

/// A kind of report that is made at most so often on the way is remarkable by itself, as a truncation.
const ODD: usize = 2;

/// How many of those are told, the last ones.
const MOST_ODD: usize = 3;

/// How many messages are told beside the one that completed what broke the property.
const MOST_COMPANY: usize = 12;

/// The needed steps of a run.
pub(super) struct Slice<'a> {
    trace: &'a Trace,
    violation: &'a Violation,
    /// The event that broke the property, if there is one.
    broken: Option<usize>,
    /// Events by step, in order.
    events: OrderedMap<StepId, Vec<usize>>,
    needed: OrderedSet<StepId>,
    /// Steps of which any input is told, also a timer.
    spelled: OrderedSet<StepId>,
    /// Deliveries of a message that had arrived before.
    again: OrderedSet<usize>,
    /// Where each message was sent.
    sends: OrderedMap<u64, usize>,
    /// Where each sync began, in order: an incarnation may use a name again.
    syncs: OrderedMap<(Slot, SyncId), Vec<usize>>,
    /// Every role that somebody takes.
    roles: OrderedSet<&'a str>,
    /// The first span of a lane that begins at a slot at a moment.
    spans: OrderedMap<(u32, u64), &'a LaneSpan>,
}

impl<'a> Slice<'a> {
    pub(super) fn new(outcome: &'a Outcome, trace: &'a Trace, violation: &'a Violation) -> Self {
        let broken = broken(trace, violation);
        let mut events: OrderedMap<StepId, Vec<usize>> = OrderedMap::new();
        for (index, event) in trace.events.iter().enumerate() {
            events.entry((event.slot, event.sequence)).or_default().push(index);
        }
        let mut slice = Self {
            trace,
            violation,
            broken,
            events,
            needed: OrderedSet::new(),
            spelled: OrderedSet::new(),
            again: again(trace),
            sends: sends(trace),
            syncs: syncs(trace),
            roles: outcome.picture.lanes.items.iter().map(|span| span.state.as_str()).collect(),
            spans: spans(outcome),
        };
        slice.find();
        slice
    }

    fn event(&self, index: usize) -> &'a Recorded {
        &self.trace.events[index]
    }

    fn step_of(&self, index: usize) -> StepId {
        let event = self.event(index);
        (event.slot, event.sequence)
    }

    /// Finds the needed steps.
    fn find(&mut self) {
        let Some(last) = self.broken.or_else(|| self.trace.events.len().checked_sub(1)) else { return };
        let cone = self.cone(last);
        let about = self.about();
        let mut frequencies = Frequencies::default();
        for index in &cone {
            if let What::Observe { observation } = &self.event(*index).what {
                frequencies.add(observation);
            }
        }
        self.spelled = self.last_inputs();
        let telling = cone.iter().filter(|index| self.telling(**index, &about, &frequencies));
        let mut open: Vec<StepId> = telling.map(|index| self.step_of(*index)).collect();
        open.extend(self.broken.map(|index| self.step_of(index)));
        open.extend(&self.spelled);
        open.extend(self.odd(&cone));
        let company: Vec<StepId> = open.iter().flat_map(|step| self.company(*step)).collect();
        open.extend(company);
        while let Some(step) = open.pop() {
            if self.needed.insert(step) {
                open.extend(self.causes(step));
            }
        }
        self.prune();
    }

    /// Leaves out what came to nothing: steps of those who are not involved, from which no needed step received anything
    /// and after which nothing needed happened at the same place.
    fn prune(&mut self) {
        let Some(broken) = self.broken.map(|index| self.step_of(index)) else { return };
        let mut steps: Vec<(usize, StepId)> =
            self.needed.iter().map(|step| (self.events[step][0], *step)).collect();
        steps.sort_unstable();
        let (mut kept, mut causes, mut places) = (OrderedSet::new(), OrderedSet::new(), OrderedSet::new());
        for (_, step) in steps.into_iter().rev() {
            let wanted = step == broken || self.involved(step.0) || causes.contains(&step);
            if wanted || places.contains(&step.0) {
                causes.extend(self.causes(step));
                places.insert(step.0);
                kept.insert(step);
            }
        }
        self.needed = kept;
    }

    /// The causal cones of the violating event and of what the others who are involved did of the same kind.
    fn cone(&self, last: usize) -> Vec<usize> {
        let mut cone: OrderedSet<usize> = self.trace.cone(last).into_iter().collect();
        let kind = |index: usize| match &self.event(index).what {
            What::Observe { observation } => Some(observation.kind.as_str()),
            _ => None,
        };
        let wanted = kind(last);
        for node in &self.violation.nodes {
            let name = self.trace.node_name(*node);
            let same = |index: &usize| {
                kind(*index) == wanted && self.trace.slot_name(self.event(*index).slot) == name
            };
            let latest = wanted.and_then(|_| (0..last).rev().find(same));
            cone.extend(latest.into_iter().flat_map(|index| self.trace.cone(index)));
        }
        cone.into_iter().collect()
    }

    /// The facts that the violating event speaks of.
    fn about(&self) -> Vec<Fact> {
        let content = self.broken.and_then(|index| self.event(index).what.content());
        let involved = self.violation.nodes.iter().map(|node| (NODE.to_owned(), node.to_string()));
        content.map(facts).unwrap_or_default().into_iter().chain(involved).collect()
    }

    fn involved(&self, slot: Slot) -> bool {
        let name = self.trace.slot_name(slot);
        self.violation.nodes.iter().any(|node| node.to_string() == name)
    }

    /// The last steps of the process that panicked.
    fn last_inputs(&self) -> OrderedSet<StepId> {
        let Some(broken) = self.broken.filter(|_| self.violation.verdict == Verdict::Crash) else {
            return OrderedSet::new();
        };
        let slot = self.event(broken).slot;
        let until = (slot, self.event(broken).sequence);
        let inputs = |events: &&Vec<usize>| events.iter().any(|index| is_input(self.event(*index)));
        let steps = self.events.range((slot, 0)..=until).rev().filter(|(_, events)| inputs(events));
        steps.take(LAST_INPUTS).map(|(step, _)| *step).collect()
    }

    /// Where somebody who is involved reported something that is hardly ever reported.
    fn odd(&self, cone: &[usize]) -> Vec<StepId> {
        let mut kinds: OrderedMap<&str, Vec<usize>> = OrderedMap::new();
        for index in cone {
            if let What::Observe { observation } = &self.event(*index).what {
                kinds.entry(&observation.kind).or_default().push(*index);
            }
        }
        let odd = kinds.into_values().filter(|indices| indices.len() <= ODD).flatten();
        let mut odd: Vec<usize> = odd.filter(|index| self.involved(self.event(*index).slot)).collect();
        odd.sort_unstable();
        odd.into_iter().rev().take(MOST_ODD).map(|index| self.step_of(index)).collect()
    }

    /// The steps in which the same process heard the same from others before, where it concluded something of what the
    /// violation is about: votes that it counted, acknowledgements, copies.
    fn company(&self, step: StepId) -> Vec<StepId> {
        let kind = |index: usize| match &self.event(index).what {
            What::Observe { observation } => Some(observation.kind.as_str()),
            _ => None,
        };
        let wanted = self.broken.and_then(kind);
        let concludes = self.events[&step].iter().any(|index| wanted.is_some() && kind(*index) == wanted);
        let heard = |step: &StepId| self.events[step].iter().find_map(|index| delivered(self.event(*index)));
        let Some(last) = heard(&step).filter(|_| concludes && self.involved(step.0)) else {
            return Vec::new();
        };
        let same = |other: &Content| other.kind == last.kind && plain_facts(other) == plain_facts(last);
        let earlier = self.events.range((step.0, 0)..step).rev();
        let earlier = earlier.map(|(step, _)| *step).filter(|step| heard(step).is_some_and(same));
        earlier.take(MOST_COMPANY).collect()
    }

    /// Whether an event is a report about the same things as the violation.
    fn telling(&self, index: usize, about: &[Fact], frequencies: &Frequencies) -> bool {
        let event = self.event(index);
        let What::Observe { observation } = &event.what else { return false };
        let shared: Vec<Fact> = facts(observation).into_iter().filter(|fact| about.contains(fact)).collect();
        let role = self.role_at(event).is_some();
        // Where no event broke anything, as when progress is missed, changes of roles are all there is to tell.
        (role && (self.broken.is_none() || !shared.is_empty()))
            || shared.iter().any(|fact| frequencies.rare(fact))
    }

    /// The role and rank that a slot takes with this event.
    fn role_at(&self, event: &Recorded) -> Option<(&'a str, &'a str)> {
        let span = self.spans.get(&(event.slot.0, event.at.as_nanos()))?;
        Some((span.state.as_str(), span.label.as_str()))
    }

    /// The steps that led to this one at once: who sent what it received, and who began the sync that ended.
    fn causes(&self, step: StepId) -> Vec<StepId> {
        let cause = |index: &usize| match self.event(*index).what {
            What::Deliver { id, .. } => self.sends.get(&id).copied(),
            What::Synced { id, .. } => self.sync(step.0, id, *index),
            _ => None,
        };
        self.events[&step].iter().filter_map(cause).map(|index| self.step_of(index)).collect()
    }

    /// Where a sync began that ended here.
    fn sync(&self, slot: Slot, wanted: SyncId, before: usize) -> Option<usize> {
        let begun = self.syncs.get(&(slot, wanted))?;
        let earlier = begun.partition_point(|index| *index < before);
        earlier.checked_sub(1).map(|last| begun[last])
    }

    /// The needed steps in words, with their places in the trace.
    pub(super) fn steps(&self) -> Vec<(EventOrder, Step)> {
        self.needed.iter().flat_map(|step| self.told(*step)).collect()
    }

    /// What arrived, and what was reported then.
    fn told(&self, step: StepId) -> Vec<(EventOrder, Step)> {
        let events = &self.events[&step];
        let spelled = self.spelled.contains(&step);
        let input = events.iter().find_map(|index| self.input(*index, spelled));
        let report = self.report(events);
        let notes = self.disk(step.0, events);
        let mut told: Vec<(EventOrder, Step)> = input.into_iter().chain(report).collect();
        if let Some((_, last)) = told.last_mut()
            && last.note.is_empty()
        {
            last.note = notes;
        }
        told
    }

    /// What arrived; timers and the like only if they are to be spelled out.
    fn input(&self, index: usize, spelled: bool) -> Option<(EventOrder, Step)> {
        let event = self.event(index);
        let here = self.trace.slot_name(event.slot);
        let (kind, text, arrow) = match &event.what {
            What::Deliver { from, sent_at, message, id } => {
                let arrow = Arrow {
                    from: self.sender(*id, from.0),
                    to: event.slot.0,
                    sent_ns: sent_at.as_nanos(),
                    arrived_ns: Some(event.at.as_nanos()),
                    kind: message.kind.clone(),
                };
                let from = self.trace.node_name(*from);
                let text = format!("{from} -> {here}  {}", words::message(&self.trace.named(message)));
                (StepKind::Message, text, Some(arrow))
            }
            What::Request { request, .. } => {
                let asked = words::message(&self.trace.named(request));
                (StepKind::Client, format!("{here} is asked: {asked}"), None)
            }
            other if spelled => {
                let (kind, words) = words::input(other)?;
                (kind, format!("{here} {words}"), None)
            }
            _ => return None,
        };
        let mut step = self.step(event, kind, text, arrow);
        if self.again.contains(&index) {
            step.note = SECOND_COPY.to_owned();
        }
        Some(((index, 0), step))
    }

    fn sender(&self, wanted: u64, otherwise: u32) -> u32 {
        self.sends.get(&wanted).map_or(otherwise, |index| self.event(*index).slot.0)
    }

    /// Everything that was reported in a step, in one line.
    fn report(&self, events: &[usize]) -> Option<(EventOrder, Step)> {
        let observed = |index: &usize| match &self.event(*index).what {
            What::Observe { observation } => Some((*index, observation)),
            _ => None,
        };
        let observed: Vec<(usize, &Content)> = events.iter().filter_map(observed).collect();
        let (last, _) = *observed.last()?;
        let broken = observed.iter().any(|(index, _)| Some(*index) == self.broken);
        let event = self.event(last);
        let role = self.role_at(event);
        let mut parts: Vec<String> = Vec::new();
        for (_, content) in observed.iter().filter(|(_, content)| !self.implied(content, &observed)) {
            let takes = role.filter(|(state, _)| names_role(&content.kind, state));
            let words = takes.map_or_else(
                || words::observation(content),
                |(state, rank)| words::role(content, state, rank),
            );
            if !parts.contains(&words) {
                parts.push(words);
            }
        }
        let text = format!("{} {}", self.trace.slot_name(event.slot), parts.join(", "));
        let kind = if broken { StepKind::Violation } else { StepKind::Observation };
        let mut step = self.step(event, kind, text, None);
        if broken {
            step.note = format!("<- {}", self.violation.message);
        }
        Some(((last, 1), step))
    }

    /// Whether an observation says no more than another one of the same step, and names no role.
    fn implied(&self, content: &Content, observed: &[(usize, &Content)]) -> bool {
        let says = facts(content);
        let more = |other: &Content| {
            let others = facts(other);
            others.len() > says.len() && says.iter().all(|fact| others.contains(fact))
        };
        let role = self.roles.iter().any(|role| names_role(&content.kind, role));
        !role && observed.iter().any(|(_, other)| more(other))
    }

    fn step(&self, event: &Recorded, kind: StepKind, text: String, arrow: Option<Arrow>) -> Step {
        let (at_ns, slot) = (event.at.as_nanos(), Some(event.slot.0));
        Step { number: 0, at_ns, slot, kind, text, note: String::new(), arrow }
    }

    /// What a step put on the disk: the records that it appended, and whether they were synced.
    fn disk(&self, slot: Slot, events: &[usize]) -> String {
        let appended = events.iter().filter_map(|index| match &self.event(*index).what {
            What::Append { record, .. } => Some(words::record(record)),
            _ => None,
        });
        let appended: Vec<String> = appended.collect();
        let sync = events.iter().find_map(|index| match self.event(*index).what {
            What::Sync { id, .. } => Some((*index, id)),
            _ => None,
        });
        if appended.is_empty() {
            return String::new();
        }
        let synced = sync.is_some_and(|(index, id)| self.synced(slot, id, index));
        format!("disk: {}{}", words::listed(&appended), if synced { "" } else { " (not synced)" })
    }

    /// Whether a sync ended before the process did.
    fn synced(&self, slot: Slot, wanted: SyncId, after: usize) -> bool {
        let later = self.trace.events[after..].iter().filter(|event| event.slot == slot);
        let ended = |event: &Recorded| match event.what {
            What::Synced { id, result } if id == wanted => Some(result == sim_core::process::SyncResult::Ok),
            What::Crash => Some(false),
            _ => None,
        };
        later.map(ended).find_map(|ended| ended).unwrap_or(false)
    }
}

/// Whether an observation of this kind says that a process takes this role.
fn names_role(kind: &str, role: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    plain(kind).contains(&plain(role))
}

/// Where each message was sent.
fn sends(trace: &Trace) -> OrderedMap<u64, usize> {
    let sends = trace.events.iter().enumerate().filter_map(|(index, event)| match event.what {
        What::Send { id, .. } => Some((id, index)),
        _ => None,
    });
    sends.collect()
}

/// Where each sync began.
fn syncs(trace: &Trace) -> OrderedMap<(Slot, SyncId), Vec<usize>> {
    let mut syncs: OrderedMap<(Slot, SyncId), Vec<usize>> = OrderedMap::new();
    for (index, event) in trace.events.iter().enumerate() {
        if let What::Sync { id, .. } = event.what {
            syncs.entry((event.slot, id)).or_default().push(index);
        }
    }
    syncs
}

/// Where each role begins.
fn spans(outcome: &Outcome) -> OrderedMap<(u32, u64), &LaneSpan> {
    let mut spans = OrderedMap::new();
    for span in &outcome.picture.lanes.items {
        spans.entry((span.slot, span.from_ns)).or_insert(span);
    }
    spans
}

/// Deliveries of a message that had arrived before.
fn again(trace: &Trace) -> OrderedSet<usize> {
    let mut heard = OrderedSet::new();
    let delivered = trace.events.iter().enumerate().filter_map(|(index, event)| match event.what {
        What::Deliver { id, .. } => Some((index, id)),
        _ => None,
    });
    delivered.filter(|(_, id)| !heard.insert(*id)).map(|(index, _)| index).collect()
}

/// What a message says, whoever it is about.
fn plain_facts(content: &Content) -> Vec<Fact> {
    facts(content).into_iter().filter(|(name, _)| name != NODE).collect()
}

fn delivered(event: &Recorded) -> Option<&Content> {
    if let What::Deliver { message, .. } = &event.what { Some(message) } else { None }
}

fn is_input(event: &Recorded) -> bool {
    words::input(&event.what).is_some() || matches!(event.what, What::Deliver { .. } | What::Request { .. })
}

/// The input in which a process panicked: the last one there.
fn panicked(trace: &Trace, violation: &Violation) -> Option<usize> {
    let node = violation.nodes.first()?.to_string();
    let there =
        |event: &Recorded| event.at.as_nanos() <= violation.at_ns && trace.slot_name(event.slot) == node;
    trace.events.iter().rposition(|event| there(event) && is_input(event))
}

/// The event that broke the property: the last report at that moment by one of those who are involved, else the last
/// message sent then by one of them.
fn broken(trace: &Trace, violation: &Violation) -> Option<usize> {
    match violation.verdict {
        Verdict::Crash => return panicked(trace, violation),
        // Progress that nobody made is broken by no event.
        _ if is_stall(violation) => return None,
        _ => {}
    }
    let then = |event: &Recorded| event.at.as_nanos() == violation.at_ns;
    let involved = |event: &Recorded| {
        let name = trace.slot_name(event.slot);
        violation.nodes.is_empty() || violation.nodes.iter().any(|node| trace.node_name(*node) == name)
    };
    let latest = |wanted: fn(&Recorded) -> bool| {
        let events = trace.events.iter().enumerate().rev();
        let found = |(index, event): (usize, &Recorded)| {
            (then(event) && involved(event) && wanted(event)).then_some(index)
        };
        events.filter_map(found).next()
    };
    latest(|event| matches!(event.what, What::Observe { .. }))
        .or_else(|| latest(|event| matches!(event.what, What::Send { .. } | What::Return { .. })))
}
