//! What went wrong, as steps of a story.

use sim_core::fault::Executed;
use sim_core::fault::Kind;
use sim_core::identity::Slot;
use sim_core::outcome::Outcome;
use sim_core::story::{Arrow, Step, StepKind};
use sim_core::time::Duration;
use sim_core::trace::{LossReason, Recorded, Trace, What};

/// Where a step stands in the trace, so that all steps can be put in order.
pub(super) type Place = (usize, u32);

/// The faults that began before the violation, and the messages that were lost by chance or by a pin.
pub(super) fn steps(outcome: &Outcome, trace: &Trace, until_ns: u64) -> Vec<(Place, Step)> {
    let mut after = 0;
    let mut told = Vec::new();
    let began = outcome.faults.iter().filter(|fault| fault.refused.is_none() && fault.at_ns <= until_ns);
    for (order, fault) in (0..).zip(began) {
        let place = place(trace, fault, after);
        after = place;
        told.push(((place, order), step(trace, fault, until_ns)));
    }
    told.extend(lost(trace, until_ns));
    told
}

/// Where the trace has the beginning of a fault, not before what was placed already.
fn place(trace: &Trace, fault: &Executed, after: usize) -> usize {
    let events = trace.events.iter().enumerate().skip(after);
    let same = |(_, event): &(usize, &Recorded)| {
        event.at.as_nanos() == fault.at_ns && matches!(event.what, What::Fault { .. })
    };
    let late = |at: usize| trace.events[at].at.as_nanos() >= fault.at_ns;
    let fallback = || (after..trace.events.len()).find(|at| late(*at)).unwrap_or(trace.events.len());
    events.clone().find(same).map_or_else(fallback, |(index, _)| index)
}

fn step(trace: &Trace, fault: &Executed, until_ns: u64) -> Step {
    let slot = if let [slot] = fault.slots[..] { Some(slot.0) } else { None };
    Step {
        number: 0,
        at_ns: fault.at_ns,
        slot,
        kind: StepKind::Fault,
        text: words(trace, fault, until_ns),
        note: String::new(),
        arrow: None,
    }
}

/// `crash n3, back at 0.690 s`.
pub(super) fn words(trace: &Trace, fault: &Executed, until_ns: u64) -> String {
    let names =
        |slots: &[Slot]| slots.iter().map(|slot| trace.slot_name(*slot)).collect::<Vec<_>>().join(" ");
    let mut text = match fault.kind {
        Kind::Isolate => format!("cut off {}", names(&fault.slots)),
        kind if fault.slots.is_empty() => kind.name().to_owned(),
        kind => format!("{} {}", kind.name(), names(&fault.slots)),
    };
    if !fault.detail.is_empty() && fault.kind != Kind::Isolate {
        text += &format!(" ({})", fault.detail);
    }
    if let Some(end) = fault.until_ns.filter(|end| *end <= until_ns) {
        let what = if matches!(fault.kind, Kind::Crash | Kind::Amnesia) { "back" } else { "over" };
        let lasted = end.saturating_sub(fault.at_ns);
        // Moments are told in milliseconds.
        text += &if lasted < 1_000_000 {
            format!(", {what} {} later", Duration::from_nanos(lasted))
        } else {
            format!(", {what} at {:.3} s", Duration::from_nanos(end).as_secs_f64())
        };
    }
    text
}

/// Messages that chance or a pin took, which the others of the story did not.
fn lost(trace: &Trace, until_ns: u64) -> Vec<(Place, Step)> {
    let losses = trace.events.iter().enumerate().filter_map(|(index, event)| match event.what {
        What::Lost { id, reason: LossReason::Chance | LossReason::Corrupt } => Some((index, event, id)),
        _ => None,
    });
    let step = |(index, event, id): (usize, &Recorded, u64)| {
        let step = lost_message(trace, event, id)?;
        (event.at.as_nanos() <= until_ns).then_some(((index, 0), step))
    };
    losses.filter_map(step).collect()
}

/// How a message was lost with an event.
pub(super) fn lost_message(trace: &Trace, event: &Recorded, id: u64) -> Option<Step> {
    let send =
        trace.events.iter().rev().filter(|send| send.at <= event.at).find_map(|event| match &event.what {
            What::Send { id: sent, to, message } if *sent == id => Some((event, *to, message)),
            _ => None,
        });
    let (send, to, message) = send?;
    let arrow = Arrow {
        from: send.slot.0,
        to: to.0,
        sent_ns: send.at.as_nanos(),
        arrived_ns: None,
        kind: message.kind.clone(),
    };
    Some(Step {
        number: 0,
        at_ns: event.at.as_nanos(),
        slot: Some(send.slot.0),
        kind: StepKind::Message,
        text: format!("{} -> {to}  {}", trace.slot_name(send.slot), super::words::message(message)),
        note: "lost".to_owned(),
        arrow: Some(arrow),
    })
}
