//! The two events whose order decides.
//!
//! The nearest schedule that passes is looked for among the neighbors, and then by bisection between it and the failing
//! run: in the end two runs that differ by next to nothing, one of which fails. Where their inputs first come in another
//! order, there it was decided.

use sim_core::registry::{Launch, LaunchError};
use sim_core::story::{CriticalPair, Step, StepKind, Story};
use sim_core::trace::{Recorded, Trace, TraceRequest, What};

use crate::neighbors::{WHOLE, neighbor_at};
use crate::plan::Plan;
use crate::run::run;

/// How many neighbors are tried to find one that passes.
const TRIED: u64 = 32;

/// Runs with more events than this are for shrinking first.
const MOST_EVENTS: u64 = 100_000;

/// Finds the pair and puts it into the story, with its two steps if they are not told yet.
pub(super) fn find(plan: &Plan, events: u64, print: &str, story: &mut Story) -> Result<(), LaunchError> {
    if events > MOST_EVENTS || !fails(plan, 0, 0, print)? {
        return Ok(());
    }
    let mut passing = None;
    for index in 1..=TRIED {
        if !fails(plan, index, WHOLE, print)? {
            passing = Some(index);
            break;
        }
    }
    let Some(index) = passing else { return Ok(()) };
    let (mut low, mut high) = (0, WHOLE);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if fails(plan, index, middle, print)? { low = middle } else { high = middle }
    }
    let (failed, passed) = (traced(plan, index, low)?, traced(plan, index, high)?);
    if let (Some(failed), Some(passed)) = (failed, passed)
        && let Some((earlier, later)) = first_swapped(&failed, &passed)
    {
        let pair = [earlier, later].map(|event| told(&failed, event));
        let about = format!("the nearest schedule that passes has \"{}\" first", pair[1].text);
        pair.iter().for_each(|step| put_in(story, step));
        let [first, second] = pair.map(|step| number(story, &step));
        if first != second {
            let (first, second) = (first.min(second), first.max(second));
            story.critical = Some(CriticalPair { first, second, about });
        }
    }
    Ok(())
}

fn fails(plan: &Plan, index: u64, strength: u64, print: &str) -> Result<bool, LaunchError> {
    let outcome = run(&neighbor_at(plan, index, strength), &Launch::default())?;
    Ok(outcome.violations.iter().any(|violation| violation.fingerprint == print))
}

fn traced(plan: &Plan, index: u64, strength: u64) -> Result<Option<Trace>, LaunchError> {
    let launch = Launch { trace: Some(TraceRequest::default()), ..Launch::default() };
    Ok(run(&neighbor_at(plan, index, strength), &launch)?.trace)
}

/// What comes from outside of a process: messages, timers, faults, requests.
fn is_input(event: &&Recorded) -> bool {
    matches!(
        event.what,
        What::Deliver { .. } | What::Fire { .. } | What::Fault { .. } | What::Request { .. } | What::Start
    )
}

/// An event in words, without its time.
fn words(trace: &Trace, event: &Recorded) -> String {
    let line = trace.line(event);
    line.split_once("  ").map_or(line.clone(), |(_, words)| words.to_owned())
}

/// The first input of the failing run that another one overtakes in the passing run, and that other one.
fn first_swapped<'a>(failed: &'a Trace, passed: &Trace) -> Option<(&'a Recorded, &'a Recorded)> {
    let inputs: Vec<&Recorded> = failed.events.iter().filter(is_input).collect();
    let theirs: Vec<String> =
        passed.events.iter().filter(is_input).map(|event| words(passed, event)).collect();
    let ours: Vec<String> = inputs.iter().map(|event| words(failed, event)).collect();
    let differs = |index: &usize| ours.get(*index) != theirs.get(*index);
    // What is at different places at one moment is not decided by its order; both orders then lead to the same.
    (0..ours.len()).filter(differs).find_map(|index| {
        let overtakes = theirs.get(index)?;
        let later = (index + 1..ours.len()).find(|later| ours[*later] == *overtakes)?;
        Some((inputs[index], inputs[later]))
    })
}

/// Puts a step into the story if it is not told there, and numbers the steps anew.
fn put_in(story: &mut Story, step: &Step) {
    if !story.steps.iter().any(|told| same(told, step)) {
        let at = story.steps.partition_point(|told| told.at_ns <= step.at_ns);
        // The violation stays the last.
        let at = at.min(story.steps.len().saturating_sub(1));
        story.steps.insert(at, step.clone());
    }
    for (number, step) in (1..).zip(&mut story.steps) {
        step.number = number;
    }
}

/// The number of a step that was put in.
fn number(story: &Story, step: &Step) -> u32 {
    story.steps.iter().find(|told| same(told, step)).map_or(0, |told| told.number)
}

/// Whether two steps are the same one in two runs that differ by next to nothing.
fn same(step: &Step, other: &Step) -> bool {
    let arrow = |step: &Step| step.arrow.as_ref().map(|arrow| (arrow.from, arrow.to, arrow.kind.clone()));
    let place = step.slot == other.slot || step.kind == StepKind::Fault;
    place
        && step.kind == other.kind
        && step.at_ns.abs_diff(other.at_ns) < 1_000_000
        && arrow(step) == arrow(other)
}

fn told(trace: &Trace, event: &Recorded) -> Step {
    let text = words(trace, event);
    let (kind, arrow) = match &event.what {
        What::Deliver { from, sent_at, message, .. } => {
            let arrow = sim_core::story::Arrow {
                from: from.0,
                to: event.slot.0,
                sent_ns: sent_at.as_nanos(),
                arrived_ns: Some(event.at.as_nanos()),
                kind: message.kind.clone(),
            };
            (StepKind::Message, Some(arrow))
        }
        What::Fire { .. } => (StepKind::Timer, None),
        What::Request { .. } => (StepKind::Client, None),
        What::Start => (StepKind::Process, None),
        _ => (StepKind::Fault, None),
    };
    let text = match &event.what {
        What::Deliver { from, message, .. } => {
            format!("{from} -> {}  {}", trace.slot_name(event.slot), super::words::message(message))
        }
        What::Fault { text } => text.clone(),
        _ => text,
    };
    let slot = (event.slot != sim_core::trace::WORLD).then_some(event.slot.0);
    Step { number: 0, at_ns: event.at.as_nanos(), slot, kind, text, note: String::new(), arrow }
}
