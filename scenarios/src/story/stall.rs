//! The story of a stall: who belongs to the healed core, who leads, and what each member waits for.

use sim_core::check::{Verdict, Violation};
use sim_core::fault::selector::LEADERS;
use sim_core::identity::Slot;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{LaneSpan, Outcome};
use sim_core::process::{RequestId, SyncId, TimerId};
use sim_core::sorting::SortSeldom;
use sim_core::story::{Step, StepKind};
use sim_core::time::Duration;
use sim_core::trace::{Recorded, Trace, What};

/// How many members and clients are told of.
const MOST_SLOTS: usize = 9;

/// How many kinds of messages are told of, each way.
const MOST_KINDS: usize = 2;

/// Whether a violation is of progress that nobody made, and not of a step that somebody took.
pub(super) fn is_stall(violation: &Violation) -> bool {
    matches!(violation.verdict, Verdict::Liveness | Verdict::Service)
}

/// The steps that tell where everybody stands as the run ends.
pub(super) fn steps(outcome: &Outcome, trace: &Trace, violation: &Violation) -> Vec<Step> {
    let heals = outcome.picture.marks.items.iter().filter(|mark| mark.kind == "heal");
    let Some(since_ns) = heals.map(|mark| mark.at_ns).max() else { return Vec::new() };
    let core = healed_core(outcome);
    let step = |slot: Option<u32>, text: String| Step {
        number: 0,
        at_ns: violation.at_ns,
        slot,
        kind: StepKind::Process,
        text,
        note: String::new(),
        arrow: None,
    };
    let names: Vec<&str> = core.iter().map(|slot| &outcome.slots[*slot as usize]).collect();
    let healed = Duration::from_nanos(since_ns).as_secs_f64();
    let mut told = vec![step(
        None,
        format!("healed core since {healed:.3} s: {}; {}", listed(&names), leads(outcome, &core)),
    )];
    let clients = (outcome.members..outcome.slots.len() as u32).map(Slot);
    let members = told_of(outcome, violation, &core);
    let states = members.iter().map(|slot| (Slot(*slot), State::of(trace, Slot(*slot), since_ns)));
    let waiting = clients.map(|slot| (slot, State::of(trace, slot, since_ns)));
    let waiting = waiting.filter(|(_, state)| !state.asked.is_empty());
    for (slot, state) in states.chain(waiting).take(MOST_SLOTS) {
        told.push(step(Some(slot.0), state.words(outcome, slot)));
    }
    told
}

/// The members of the healed core; where nothing was healed, all that are up at the end.
fn healed_core(outcome: &Outcome) -> Vec<u32> {
    let up = |slot: &u32| role(outcome, *slot).is_some_and(|span| span.state != "down");
    if outcome.core.is_empty() { (0..outcome.members).filter(up).collect() } else { outcome.core.clone() }
}

/// Those whose states are told: whom the violation names, else the core.
fn told_of(outcome: &Outcome, violation: &Violation, core: &[u32]) -> Vec<u32> {
    let named = |slot: &u32| {
        let name = &outcome.slots[*slot as usize];
        violation.nodes.iter().any(|node| node.to_string() == *name)
    };
    let named: Vec<u32> = (0..outcome.members).filter(named).collect();
    if named.is_empty() { core.to_vec() } else { named }
}

/// The state of a slot as the run ends.
fn role(outcome: &Outcome, slot: u32) -> Option<&LaneSpan> {
    let last =
        outcome.picture.lanes.items.iter().filter(|span| span.slot == slot).max_by_key(|span| span.to_ns);
    last.filter(|span| span.to_ns >= outcome.virtual_ns)
}

/// `n2 leads`, or `nobody leads`.
fn leads(outcome: &Outcome, members: &[u32]) -> String {
    let leading = members
        .iter()
        .filter(|slot| role(outcome, **slot).is_some_and(|span| LEADERS.contains(&span.state.as_str())));
    let names: Vec<&str> = leading.map(|slot| &outcome.slots[*slot as usize]).collect();
    match names[..] {
        [] => "nobody leads".to_owned(),
        [one] => format!("{one} leads"),
        _ => format!("{} lead", listed(&names)),
    }
}

/// `n1, n2 and n3`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., _] if names.len() > MOST_SLOTS => {
            format!("{} and {} more", first[..MOST_SLOTS].join(", "), names.len() - MOST_SLOTS)
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What a slot did since the heal, and what it waits for.
#[derive(Default)]
struct State {
    sent: OrderedMap<String, u64>,
    heard: OrderedMap<String, u64>,
    timers: OrderedMap<TimerId, String>,
    syncs: Vec<SyncId>,
    asked: Vec<(RequestId, String)>,
}

impl State {
    fn of(trace: &Trace, slot: Slot, since_ns: u64) -> Self {
        let mut state = Self::default();
        for event in trace.events.iter().filter(|event| event.slot == slot) {
            state.take(event, event.at.as_nanos() >= since_ns);
        }
        state
    }

    fn take(&mut self, event: &Recorded, counted: bool) {
        match &event.what {
            What::Crash => {
                let (sent, heard) = (std::mem::take(&mut self.sent), std::mem::take(&mut self.heard));
                *self = Self { sent, heard, ..Self::default() };
            }
            What::Send { message, .. } if counted => *self.sent.entry(message.kind.clone()).or_default() += 1,
            What::Deliver { message, .. } if counted => {
                *self.heard.entry(message.kind.clone()).or_default() += 1;
            }
            What::SetTimer { id, timer, .. } => {
                self.timers.insert(*id, timer.kind.clone());
            }
            What::CancelTimer { id } | What::Fire { id, .. } => {
                self.timers.remove(id);
            }
            What::Sync { id, .. } => self.syncs.push(*id),
            What::Synced { id, .. } => self.syncs.retain(|begun| begun != id),
            What::Request { id, request } => self.asked.push((*id, super::words::message(request))),
            What::Return { id, .. } => self.asked.retain(|(asked, _)| asked != id),
            _ => {}
        }
    }

    /// `n2 is candidate 8 since 3.412 s; sent RequestVote 33 times; heard Vote 33 times; waits for its timer Election`.
    fn words(&self, outcome: &Outcome, slot: Slot) -> String {
        let name = &outcome.slots[slot.0 as usize];
        let is = role(outcome, slot.0).map(|span| {
            let since = Duration::from_nanos(span.from_ns).as_secs_f64();
            let label = if span.label.is_empty() { String::new() } else { format!(" {}", span.label) };
            format!("{name} is {}{label} since {since:.3} s", span.state)
        });
        let counted = |what: &str, counts: &OrderedMap<String, u64>| {
            let mut kinds: Vec<(&String, &u64)> = counts.iter().collect();
            kinds.sort_seldom_by_key(|(_, count)| std::cmp::Reverse(**count));
            let kinds: Vec<String> = kinds
                .into_iter()
                .take(MOST_KINDS)
                .map(|(kind, count)| format!("{kind} {count} times"))
                .collect();
            (!kinds.is_empty()).then(|| format!("{what} {}", kinds.join(" and ")))
        };
        let parts = [is, counted("sent", &self.sent), counted("heard", &self.heard), self.waits()];
        let said = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        if said.starts_with(name) { said } else { format!("{name} {said}") }
    }

    fn waits(&self) -> Option<String> {
        let timers: Vec<&str> = self.timers.values().map(String::as_str).collect();
        let asked = self.asked.last().map(|(_, request)| format!("an answer to {request}"));
        let sync = (!self.syncs.is_empty()).then(|| "a sync of its disk".to_owned());
        let timers = match timers[..] {
            [] => None,
            [one] => Some(format!("its timer {one}")),
            _ => Some(format!("its timers {}", listed(&timers))),
        };
        let parts: Vec<String> = [asked, sync, timers].into_iter().flatten().collect();
        Some(if parts.is_empty() {
            "waits for messages, and for nothing else".to_owned()
        } else {
            format!("waits for {}", parts.join(" and "))
        })
    }
}
