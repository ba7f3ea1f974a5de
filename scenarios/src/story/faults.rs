//! What went wrong, as steps of a story.

use sim_core::fault::Executed;
use sim_core::fault::Kind;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::Outcome;
use sim_core::story::{Arrow, Step, StepKind};
use sim_core::time::Duration;
use sim_core::trace::{LossReason, Recorded, Trace, What};

/// Where a step stands in the trace, so that all steps can be put in order.
pub(super) type EventOrder = (usize, u32);

/// The faults that began before the violation, and the messages that were lost by chance or by a pin.
pub(super) fn steps(outcome: &Outcome, trace: &Trace, until_ns: u64) -> Vec<(EventOrder, Step)> {
    let mut after = 0;
    let mut told = Vec::new();
    let began = outcome.faults.iter().filter(|fault| fault.refused.is_none() && fault.at_ns <= until_ns);
    for (order, fault) in (0..).zip(began) {
        let place = place(trace, fault, after);
        after = place;
        told.push(((place, order), step(fault, until_ns)));
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

fn step(fault: &Executed, until_ns: u64) -> Step {
    let slot = if let [slot] = fault.slots[..] { Some(slot.0) } else { None };
    Step {
        number: 0,
        at_ns: fault.at_ns,
        slot,
        kind: StepKind::Fault,
        text: words(fault, until_ns),
        note: String::new(),
        arrow: None,
    }
}

/// What comes before the end of a fault that somebody is back from.
const BACK: &str = ", back";

/// What comes before the end of any other fault.
const OVER: &str = ", over";

/// A fault as its step tells it, without its end.
pub(super) fn without_end(text: &str) -> &str {
    let end = [BACK, OVER].iter().filter_map(|word| text.rfind(word)).max();
    &text[..end.unwrap_or(text.len())]
}

/// `crash n3, back at 0.690 s`.
fn words(fault: &Executed, until_ns: u64) -> String {
    let mut text = fault.detail.clone();
    if let Some(end) = fault.until_ns.filter(|end| *end <= until_ns) {
        let what = if matches!(fault.kind, Kind::Crash | Kind::Amnesia) { BACK } else { OVER };
        let lasted = end.saturating_sub(fault.at_ns);
        // Moments are told in milliseconds.
        text += &if lasted < 1_000_000 {
            format!("{what} {} ms later", lasted as f64 / 1e6)
        } else {
            format!("{what} at {:.3} s", Duration::from_nanos(end).as_secs_f64())
        };
    }
    text
}

/// Messages that chance or a pin took, which the others of the story did not.
fn lost(trace: &Trace, until_ns: u64) -> Vec<(EventOrder, Step)> {
    let sends = Sends::of(trace);
    let losses = trace.events.iter().enumerate().filter_map(|(index, event)| match event.what {
        What::Lost { id, reason: LossReason::Chance | LossReason::Corrupt } => Some((index, event, id)),
        _ => None,
    });
    let step = |(index, event, id): (usize, &Recorded, u64)| {
        let step = lost_message(trace, &sends, event, id)?;
        (event.at.as_nanos() <= until_ns).then_some(((index, 0), step))
    };
    losses.filter_map(step).collect()
}

/// Where each message was sent, by its id: a trace is gone through once, however many messages were lost.
pub(super) struct Sends<'a>(OrderedMap<u64, &'a Recorded>);

impl<'a> Sends<'a> {
    pub(super) fn of(trace: &'a Trace) -> Self {
        let sent = trace.events.iter().filter_map(|event| match event.what {
            What::Send { id, .. } => Some((id, event)),
            _ => None,
        });
        Self(sent.collect())
    }
}

/// How a message was lost with an event.
pub(super) fn lost_message(trace: &Trace, sends: &Sends<'_>, event: &Recorded, id: u64) -> Option<Step> {
    let send = sends.0.get(&id)?;
    let What::Send { to, message, .. } = &send.what else { return None };
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
        text: format!(
            "{} -> {}  {}",
            trace.slot_name(send.slot),
            trace.node_name(*to),
            super::words::message(&trace.named(message))
        ),
        note: "lost".to_owned(),
        arrow: Some(arrow),
    })
}

#[cfg(test)]
mod tests {
    use sim_core::fault::Family;

    use super::*;

    #[test]
    fn a_fault_is_told_with_its_end_and_named_without_it() {
        let cut = Executed {
            entry: 0,
            at_ns: 100_000_000,
            until_ns: Some(690_000_000),
            family: Family::Network,
            kind: Kind::Split,
            slots: Vec::new(),
            detail: "cut n1 and n3 from n2, n4 and n5".to_owned(),
            refused: None,
        };
        let told = words(&cut, 1_000_000_000);
        assert_eq!(told, "cut n1 and n3 from n2, n4 and n5, over at 0.690 s");
        assert_eq!(without_end(&told), cut.detail);
        // What ends after the violation is not told to end.
        assert_eq!(words(&cut, 200_000_000), cut.detail);
        assert_eq!(without_end(&cut.detail), cut.detail);
        let crash = Executed { kind: Kind::Crash, until_ns: Some(100_300_000), ..cut };
        assert_eq!(words(&crash, 1_000_000_000), "cut n1 and n3 from n2, n4 and n5, back 0.3 ms later");
    }
}
