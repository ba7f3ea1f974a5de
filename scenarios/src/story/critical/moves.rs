//! Which steps of a failing run may be reordered.

use sim_core::fault::{Executed, Moment};
use sim_core::identity::Slot;
use sim_core::network::{Pin, PinnedFate};
use sim_core::outcome::Outcome;
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};
use sim_core::trace::{LossReason, Recorded, Trace, WORLD, What};

use crate::plan::Plan;

/// Something that may come after what came next at the same place, or a fault before what came last, or after a message
/// that was lost to it.
#[derive(Clone, Debug)]
pub(super) struct Move {
    /// The place in the trace of what comes first.
    pub(super) first: usize,
    /// The place in the trace of what comes second.
    pub(super) second: usize,
    /// How far apart the two are, in nanoseconds.
    pub(super) by_ns: u64,
    /// Whether the second is brought forward, rather than the first put off.
    pub(super) earlier: bool,
    what: Moved,
}

impl Move {
    /// Whether a fault is what is moved.
    pub(super) const fn is_fault(&self) -> bool {
        matches!(self.what, Moved::Fault { .. })
    }
}

#[derive(Clone, Debug)]
enum Moved {
    /// A message, how long it took, and the ordinals that it may have.
    Message { pin: Pin, took: Duration },
    /// An entry of the numbered plan.
    Fault { entry: usize, at: Time },
}

/// A step may be that many of its slot at its instant, what it held back included.
const ORDINALS: u32 = 3;

/// A fault is put off past so many of the messages that were lost to it, one at a time.
const MOST_LOST: usize = 8;

impl Move {
    /// The setup with one thing moved so far.
    pub(super) fn moved(&self, setup: &Setup, by_ns: u64) -> Setup {
        let mut setup = setup.clone();
        match self.what {
            Moved::Message { pin, took } => {
                let fate = PinnedFate::Delay(took + Duration::from_nanos(by_ns));
                setup.pins = setup.pins.iter().copied().chain([Pin { fate, ..pin }]).collect();
            }
            Moved::Fault { entry, at } => {
                setup.faults.sort();
                setup.faults.number();
                let nanos = at.as_nanos();
                let to = if self.earlier { nanos.saturating_sub(by_ns) } else { nanos.saturating_add(by_ns) };
                setup.faults.entries[entry].at = Moment::At(Time::from_nanos(to));
            }
        }
        setup
    }
}

/// Everything that may be moved up to a moment.
pub(super) fn moves(plan: &Plan, outcome: &Outcome, trace: &Trace, until_ns: u64) -> Vec<Move> {
    let inputs: Vec<usize> =
        (0..trace.events.len()).filter(|index| is_input(&trace.events[*index], until_ns)).collect();
    let mut moves = Vec::new();
    for (place, index) in inputs.iter().enumerate() {
        let event = &trace.events[*index];
        let next = inputs[place + 1..].iter().find(|next| trace.events[**next].slot == event.slot);
        if let (Some(next), What::Deliver { id, .. }) = (next, &event.what) {
            moves.extend(message(trace, *index, *next, *id));
        }
    }
    let began = outcome.faults.iter().filter(|fault| fault.refused.is_none() && fault.at_ns <= until_ns);
    moves.extend(began.flat_map(|fault| faults(plan, trace, &inputs, fault)));
    moves
}

/// What comes from outside of a process.
fn is_input(event: &Recorded, until_ns: u64) -> bool {
    event.at.as_nanos() <= until_ns
        && matches!(event.what, What::Deliver { .. } | What::Fire { .. } | What::Request { .. })
}

/// A message that is held back until after the next input; with each ordinal that it may have, since a pin that names
/// no message changes nothing.
fn message(trace: &Trace, index: usize, next: usize, id: u64) -> Vec<Move> {
    let sent = trace.events[..index].iter().enumerate().rev();
    let mut sent = sent.filter_map(|(place, event)| match event.what {
        What::Send { id: sent, .. } if sent == id => Some((place, event)),
        _ => None,
    });
    let Some((place, send)) = sent.next() else { return Vec::new() };
    let (here, later) = (&trace.events[index], &trace.events[next]);
    let What::Send { to: receiver, .. } = send.what else { return Vec::new() };
    let before = trace.events[..place].iter().rev().take_while(|event| event.sequence == send.sequence);
    let same = before.filter(|event| matches!(event.what, What::Send { to, .. } if to == receiver));
    let among = u32::try_from(same.count()).unwrap_or(0);
    let moved = |step: u32| {
        let ordinal = step << 16 | among;
        let fate = PinnedFate::Drop;
        let pin = Pin { from: send.slot, to: here.slot, sent_ns: send.at, ordinal, fate };
        let what = Moved::Message { pin, took: here.at.since(send.at) };
        let by_ns = later.at.since(here.at).as_nanos();
        Move { first: index, second: next, by_ns, earlier: false, what }
    };
    (0..ORDINALS).map(moved).collect()
}

/// A fault of a fixed moment, after the next input at a place that it strikes or a message that was lost there, or before
/// the last input.
fn faults(plan: &Plan, trace: &Trace, inputs: &[usize], fault: &Executed) -> Vec<Move> {
    let mut setup = plan.setup.clone();
    setup.faults.sort();
    let entry = fault.entry as usize;
    let Some(Moment::At(at)) = setup.faults.entries.get(entry).map(|entry| entry.at.clone()) else {
        return Vec::new();
    };
    let strikes = |slot: Slot| slot == WORLD || fault.slots.is_empty() || fault.slots.contains(&slot);
    let is_it =
        |event: &Recorded| event.at == at && matches!(event.what, What::Fault { .. }) && strikes(event.slot);
    let begun: Vec<usize> = (0..trace.events.len()).filter(|index| is_it(&trace.events[*index])).collect();
    // Of several that began together it is not known which event is whose.
    let [here] = begun[..] else { return Vec::new() };
    let struck = |index: &&usize| strikes(trace.events[**index].slot);
    let what = Moved::Fault { entry, at };
    let next = inputs.iter().filter(struck).find(|index| **index > here).copied();
    let lost = (here..trace.events.len()).filter(|index| {
        let event = &trace.events[*index];
        let to_fault = matches!(
            event.what,
            What::Lost { reason: LossReason::Cut | LossReason::SessionEnded | LossReason::Down, .. }
        );
        to_fault && strikes(event.slot)
    });
    let after = next.into_iter().chain(lost.take(MOST_LOST)).map(|second| Move {
        first: here,
        second,
        by_ns: trace.events[second].at.since(at).as_nanos(),
        earlier: false,
        what: what.clone(),
    });
    let last = inputs.iter().rev().filter(struck).find(|index| **index < here).map(|last| Move {
        first: *last,
        second: here,
        by_ns: at.since(trace.events[*last].at).as_nanos(),
        earlier: true,
        what: what.clone(),
    });
    after.chain(last).collect()
}
