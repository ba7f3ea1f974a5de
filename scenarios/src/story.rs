//! Telling how a violation came about.
//!
//! A failing run is made again with a trace. Of its causal cone only those steps are told that the violation needs: the
//! step that broke the property, what it shares facts with (the same term, the same index), the messages that led
//! there, and what went wrong on the way. Everything is read off the trace, so that any protocol can be told.

mod consequence;
mod counterfactual;
mod critical;
mod facts;
mod faults;
mod slice;
mod words;

use sim_core::check::Violation;
use sim_core::outcome::Outcome;
use sim_core::picture::Detail;
use sim_core::registry::{Launch, LaunchError};
use sim_core::story::{Step, StepKind, Story};
use sim_core::trace::{Trace, TraceRequest};

use crate::plan::Plan;
use crate::run::run;

use slice::Slice;

/// How many steps are told. More than these nobody follows; the rest is counted.
pub const MOST_STEPS: usize = 40;

/// A story, and the run that it was read off.
#[derive(Clone, Debug)]
pub struct Told {
    /// What led to the violation.
    pub story: Story,
    /// The run, with its trace.
    pub outcome: Outcome,
}

/// [`tell`], with everything that takes more runs: what came of it, what would have come of it without each fault and
/// without the plants, and the two steps whose order decides.
///
/// # Errors
/// If the plan cannot be run.
pub fn tell_whole(plan: &Plan, fingerprint: Option<&str>) -> Result<Option<Told>, LaunchError> {
    let Some(mut told) = tell(plan, fingerprint)? else { return Ok(None) };
    let violation = told.outcome.violations.iter().find(|violation| violation.check == told.story.check);
    let print = violation.map(|violation| violation.fingerprint.clone()).unwrap_or_default();
    if let Some(violation) = violation {
        told.story.consequence = consequence::find(plan, told.outcome.events, violation);
    }
    critical::find(plan, told.outcome.events, &print, &mut told.story)?;
    told.story.slots = slots(&told.outcome, &told.story.steps);
    told.story.counterfactuals = counterfactual::all(plan, &told, &print)?;
    Ok(Some(told))
}

/// Runs a plan again and tells how a violation of this fingerprint came about; the first violation if it is absent.
/// Nothing is told if there is none. Counterfactuals, the consequence and the critical pair are left empty.
///
/// # Errors
/// If the plan cannot be run.
pub fn tell(plan: &Plan, fingerprint: Option<&str>) -> Result<Option<Told>, LaunchError> {
    let picture = Detail::Full;
    let launch =
        Launch { picture, keep_history: true, trace: Some(TraceRequest::default()), ..Launch::default() };
    let outcome = run(plan, &launch)?;
    let wanted = |violation: &&Violation| fingerprint.is_none_or(|print| violation.fingerprint == print);
    let Some(violation) = outcome.violations.iter().find(wanted) else { return Ok(None) };
    let Some(trace) = &outcome.trace else { return Ok(None) };
    let story = of(&outcome, trace, violation);
    Ok(Some(Told { story, outcome }))
}

fn of(outcome: &Outcome, trace: &Trace, violation: &Violation) -> Story {
    let slice = Slice::new(outcome, trace, violation);
    let mut told = slice.steps();
    told.extend(faults::steps(outcome, trace, violation.at_ns));
    told.sort_by_key(|(place, _)| *place);
    let mut steps: Vec<Step> = told.into_iter().map(|(_, step)| step).collect();
    let omitted = cap(&mut steps);
    for (number, step) in (1..).zip(&mut steps) {
        step.number = number;
    }
    Story {
        headline: violation.message.clone(),
        check: violation.check.clone(),
        slots: slots(outcome, &steps),
        steps,
        omitted,
        counterfactuals: Vec::new(),
        critical: None,
        critical_sought: false,
        consequence: None,
    }
}

/// Keeps what fits: faults and the end of the story, and of everything else what came last. How many steps went.
fn cap(steps: &mut Vec<Step>) -> u64 {
    let surplus = steps.len().saturating_sub(MOST_STEPS);
    let mut gone = 0;
    steps.retain(|step| {
        let goes = gone < surplus && !matches!(step.kind, StepKind::Fault | StepKind::Violation);
        gone += usize::from(goes);
        !goes
    });
    gone as u64
}

/// Who takes part, in the order of slots.
fn slots(outcome: &Outcome, steps: &[Step]) -> Vec<u32> {
    let of_step = |step: &Step| {
        let ends = step.arrow.iter().flat_map(|arrow| [arrow.from, arrow.to]);
        step.slot.into_iter().chain(ends).collect::<Vec<_>>()
    };
    let mut slots: Vec<u32> = steps.iter().flat_map(of_step).collect();
    let struck = outcome.faults.iter().filter(|fault| fault.refused.is_none());
    slots.extend(struck.flat_map(|fault| fault.slots.iter().map(|slot| slot.0)));
    slots.sort_unstable();
    slots.dedup();
    slots
}

#[cfg(test)]
mod tests;
