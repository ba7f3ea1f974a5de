//! The two steps whose order decides.
//!
//! In the failing run one message is held back, or one fault moved, until it comes after the next thing that happens at
//! the same place (for a fault also after a message that it took), and nothing else is changed. If the run then passes,
//! and still fails as long as it comes before, the order of these two alone decides. The latest such pair is told, one
//! with a fault rather than one of two messages: what came before it led up to it, and an early tie that changes
//! nothing is never taken for it. Two messages are a pair only where the story tells both: any other may decide by
//! accident, as by one sync more, after which all later ones take another time.

mod moves;

use sim_core::outcome::Outcome;
use sim_core::registry::{Launch, LaunchError};
use sim_core::sorting::SortSeldom;
use sim_core::story::{CriticalPair, Step, StepKind, Story};
use sim_core::time::Duration;
use sim_core::trace::{Recorded, Trace, TraceRequest, What};

use crate::explore::is_finding;
use crate::neighbors::neighbor;
use crate::plan::Plan;
use crate::run::run;

use super::faults::{Sends, lost_message};
use moves::{Move, moves};

/// Runs with more events than this are for shrinking first.
const MOST_EVENTS: u64 = 100_000;

/// How many events all runs may have together.
const EVENTS: u64 = 4_000_000;

/// Two steps that are farther from each other than so many usual latencies are no race.
const NEAR: u64 = 4;

/// A fault may be one part of so many of the largest timeout from what it is moved past: it is not on its way as a
/// message is, and a sync may keep the message back that it takes.
const NEAR_FAULT: u64 = 4;

/// And not more than this, however long the timeouts are.
const NEAR_FAULT_MOST: Duration = Duration::from_millis(50);

/// Finds the pair and puts it into the story, with its two steps if they are not told yet.
pub(super) fn find(plan: &Plan, events: u64, print: &str, story: &mut Story) -> Result<(), LaunchError> {
    if events > MOST_EVENTS {
        return Ok(());
    }
    let plan = neighbor(plan, 0);
    let launch = Launch { trace: Some(TraceRequest::default()), ..Launch::default() };
    let failing = run(&plan, &launch)?;
    let broken = failing.violations.iter().find(|violation| violation.fingerprint == print);
    let (Some(broken), Some(trace)) = (broken, &failing.trace) else { return Ok(()) };
    story.critical_sought = true;
    let near = (plan.setup.network.latency.usual() * NEAR).as_nanos();
    let mut moves = moves(&plan, &failing, trace, broken.at_ns);
    let near_fault = near.max((plan.cluster.largest_timeout() / NEAR_FAULT).min(NEAR_FAULT_MOST).as_nanos());
    moves.retain(|one| one.by_ns <= if one.is_fault() { near_fault } else { near });
    // A message outside of the story may decide by what it shifts: one sync more or less, and all later ones take
    // another time.
    let sends = Sends::of(trace);
    let is_told = |index: usize| {
        let step = told(trace, &sends, &trace.events[index]);
        story.steps.iter().any(|other| same(other, &step))
    };
    moves.retain(|one| one.is_fault() || (is_told(one.first) && is_told(one.second)));
    moves.sort_seldom_by_key(|one| (!one.is_fault(), std::cmp::Reverse(one.second)));
    let runs = usize::try_from(EVENTS / events.max(1)).unwrap_or(usize::MAX);
    for one in moves.into_iter().take(runs) {
        if decides(&plan, &one, print) {
            tell(story, trace, &sends, &one);
            break;
        }
    }
    Ok(())
}

/// Whether the run passes with one thing moved past another one, and fails with it moved until just before.
fn decides(plan: &Plan, one: &Move, print: &str) -> bool {
    // A fault that is moved into another one makes no plan, and so decides nothing.
    let moved = |by_ns| {
        let plan = Plan { setup: one.moved(&plan.setup, by_ns), ..plan.clone() };
        run(&plan, &Launch::default()).ok()
    };
    let passes = |outcome: Outcome| !fails(&outcome, print) && !is_finding(outcome.verdict);
    moved(one.by_ns + 1).is_some_and(passes)
        && moved(one.by_ns.saturating_sub(1)).is_some_and(|before| fails(&before, print))
}

fn fails(outcome: &Outcome, print: &str) -> bool {
    outcome.violations.iter().any(|violation| violation.fingerprint == print)
}

fn tell(story: &mut Story, trace: &Trace, sends: &Sends<'_>, one: &Move) {
    let pair = [one.first, one.second].map(|index| told(trace, sends, &trace.events[index]));
    pair.iter().for_each(|step| put_in(story, step));
    let [first, second] = pair.each_ref().map(|step| number(story, step));
    if first != second {
        let [one_text, other_text] = pair.each_ref().map(|step| text(story, step));
        let by = Duration::from_nanos(one.by_ns).as_millis_f64();
        let about = if one.earlier {
            format!("with \"{other_text}\" before \"{one_text}\", {by:.3} ms sooner, the run passes")
        } else {
            format!("with \"{one_text}\" after \"{other_text}\", {by:.3} ms later, the run passes")
        };
        let (first, second) = (first.min(second), first.max(second));
        story.critical = Some(CriticalPair { first, second, about });
    }
}

/// An event in words, without its time.
fn words(trace: &Trace, event: &Recorded) -> String {
    let line = trace.line(event);
    line.split_once("  ").map_or(line.clone(), |(_, words)| words.to_owned())
}
/// Puts a step into the story if it is not told there, and numbers the steps anew.
fn put_in(story: &mut Story, step: &Step) {
    if find_told(story, step).is_none() {
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
    find_told(story, step).map_or(0, |told| told.number)
}

/// What the story calls a step that was put in; of a fault, without its end.
fn text<'a>(story: &'a Story, step: &'a Step) -> &'a str {
    let said = find_told(story, step).map_or(&step.text, |told| &told.text);
    if step.kind == StepKind::Fault { super::faults::without_end(said) } else { said }
}

/// A step as the story tells it. Of several faults of one instant it is the one at the same place.
fn find_told<'a>(story: &'a Story, step: &Step) -> Option<&'a Step> {
    let told = |here: bool| {
        story.steps.iter().find(move |told| same(told, step) && (!here || told.slot == step.slot))
    };
    told(true).or_else(|| told(false))
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

fn told(trace: &Trace, sends: &Sends<'_>, event: &Recorded) -> Step {
    if let What::Lost { id, .. } = event.what
        && let Some(step) = lost_message(trace, sends, event, id)
    {
        return step;
    }
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
            let message = super::words::message(&trace.named(message));
            format!("{} -> {}  {message}", trace.node_name(*from), trace.slot_name(event.slot))
        }
        What::Fault { text } => text.clone(),
        _ => text,
    };
    let slot = (event.slot != sim_core::trace::WORLD).then_some(event.slot.0);
    Step { number: 0, at_ns: event.at.as_nanos(), slot, kind, text, note: String::new(), arrow }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_faults_at_once_the_one_at_the_same_place_is_meant() {
        let crash = |number, slot, text: &str| Step {
            number,
            at_ns: 5_000_000,
            slot: Some(slot),
            kind: StepKind::Fault,
            text: text.to_owned(),
            note: String::new(),
            arrow: None,
        };
        let steps = vec![crash(1, 0, "cut n1 from n2, n3 and n4, over at 0.010 s"), crash(2, 2, "crash n3")];
        let story = Story { steps, ..Story::default() };
        let as_traced = crash(0, 2, "crash n3");
        assert_eq!((number(&story, &as_traced), text(&story, &as_traced)), (2, "crash n3"));
        // A cut happens to the world in the trace, and at somebody's place in the story.
        let of_the_world = Step { slot: None, ..as_traced };
        assert_eq!(text(&story, &of_the_world), "cut n1 from n2, n3 and n4");
    }
}
