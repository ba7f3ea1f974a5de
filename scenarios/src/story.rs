//! Stories: the steps that led to a violation.
//!
//! A failing run is made again with a trace. Of its causal cone only those steps are told that the violation needs: the
//! step that broke the property, what it shares facts with (the same term, the same index), the messages that led
//! there, and what went wrong on the way. Everything is read off the trace, so that any protocol can be told.

mod consequence;
mod counterfactual;
mod critical;
mod facts;
mod faults;
mod fold;
mod likelihood;
mod slice;
mod stall;
mod words;

use std::fmt;

use sim_core::check::Violation;
use sim_core::outcome::Outcome;
use sim_core::picture::Detail;
use sim_core::registry::{Launch, LaunchError};
use sim_core::sorting::SortSeldom;
use sim_core::story::{Step, StepKind, Story};
use sim_core::time::Time;
use sim_core::trace::{Center, Moments, Trace, TraceFilter, TraceRequest};

use crate::plan::Plan;
use crate::run::run;

pub use likelihood::{LikelihoodOptions, likelihood};

use slice::Slice;

/// How many steps are told. More than these nobody follows; the rest is counted.
pub const MOST_STEPS: usize = 40;

/// What is under way while a story is made, for people who wait for it: each takes runs, and those of a long run take long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoryStage {
    /// The run is made again with a trace.
    Trace,
    /// What came of the violation.
    Consequence,
    /// The two steps whose order decides.
    Order,
    /// The same run with one thing different: which of how many.
    WhatIf {
        /// Counted from 1.
        run: usize,
        /// How many there are.
        of: usize,
    },
    /// From which moment on it was doomed: which of how many moments.
    Likelihood {
        /// Counted from 1.
        moment: usize,
        /// How many there are at most.
        of: usize,
    },
}

impl fmt::Display for StoryStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trace => f.write_str("what led to it"),
            Self::Consequence => f.write_str("what came of it"),
            Self::Order => f.write_str("whose order decides"),
            Self::WhatIf { run, of } => write!(f, "what if, run {run} of {of}"),
            Self::Likelihood { moment, of } => {
                write!(f, "from when on it was doomed, moment {moment} of {of}")
            }
        }
    }
}

/// A story, and the run that it was read off.
#[derive(Clone, Debug)]
pub struct Told {
    /// What led to the violation.
    pub story: Story,
    /// Which violation it is.
    pub fingerprint: String,
    /// The run, with its trace.
    pub outcome: Outcome,
}

/// How many events of the trace are kept on each side of the violation.
const AROUND_VIOLATION: usize = 200;
/// And of each step that is told.
const AROUND_STEP: usize = 12;

impl Told {
    /// The trace around the violation and around each step that is told.
    pub fn moments(&self) -> Moments {
        let Some(trace) = &self.outcome.trace else { return Moments::default() };
        let broken = self.outcome.violations.iter().find(|found| found.fingerprint == self.fingerprint);
        let broken = broken.map(|found| (found.at_ns, AROUND_VIOLATION));
        let steps = self.story.steps.iter().map(|step| (step.at_ns, AROUND_STEP));
        let centers: Vec<Center> = broken.into_iter().chain(steps).collect();
        Moments::of(trace, &centers)
    }
}

/// [`tell`], with everything that takes more runs: what came of it, what would have come of it without each fault and
/// without the plants, the two steps whose order decides, and from which moment on the run was doomed. Whoever waits is told each
/// stage as it begins.
///
/// # Errors
/// If the plan cannot be run.
pub fn tell_whole(
    plan: &Plan,
    fingerprint: Option<&str>,
    begins: &dyn Fn(StoryStage),
) -> Result<Option<Told>, LaunchError> {
    begins(StoryStage::Trace);
    let Some(mut told) = tell(plan, fingerprint)? else { return Ok(None) };
    let print = told.fingerprint.clone();
    let violation = told.outcome.violations.iter().find(|violation| violation.fingerprint == print);
    if let Some(violation) = violation {
        begins(StoryStage::Consequence);
        told.story.consequence = consequence::find(plan, told.outcome.events, violation);
    }
    begins(StoryStage::Order);
    critical::find(plan, told.outcome.events, &print, &mut told.story)?;
    told.story.slots = slots(&told.outcome, &told.story.steps);
    told.story.counterfactuals = counterfactual::all(plan, &told, &print, begins)?;
    told.story.likelihood = likelihood::of_story(plan, told.outcome.events, &print, begins)?;
    Ok(Some(told))
}

/// Runs a plan again and tells how a violation of this fingerprint came about; the first violation if it is absent.
/// Nothing is told if there is none. Counterfactuals, the consequence and the critical pair are left empty. Of a run
/// that is too long to be traced whole, what led to the violation last is told.
///
/// # Errors
/// If the plan cannot be run.
pub fn tell(plan: &Plan, fingerprint: Option<&str>) -> Result<Option<Told>, LaunchError> {
    tell_within(plan, fingerprint, TraceRequest::default().limit)
}

/// [`tell`], from a trace of at most so many events.
fn tell_within(plan: &Plan, fingerprint: Option<&str>, limit: u64) -> Result<Option<Told>, LaunchError> {
    let traced = |filter: TraceFilter| {
        let trace = Some(TraceRequest { filter, limit, ..TraceRequest::default() });
        run(plan, &Launch { picture: Detail::Full, keep_history: true, trace, ..Launch::default() })
    };
    let wanted = |violation: &&Violation| fingerprint.is_none_or(|print| violation.fingerprint == print);
    let mut outcome = traced(TraceFilter::default())?;
    let Some(violation) = outcome.violations.iter().find(wanted) else { return Ok(None) };
    if let Some(filter) = outcome.trace.as_ref().and_then(|trace| before(trace, violation.at_ns)) {
        outcome = traced(filter)?;
        if outcome.trace.as_ref().is_none_or(|trace| trace.omitted > 0) {
            return Ok(None);
        }
    }
    let Some(violation) = outcome.violations.iter().find(wanted) else { return Ok(None) };
    let Some(trace) = &outcome.trace else { return Ok(None) };
    let (story, fingerprint) = (of(&outcome, trace, violation), violation.fingerprint.clone());
    Ok(Some(Told { story, fingerprint, outcome }))
}

/// What to trace of a run whose trace was full before the violation: as long before it as half a trace holds, by
/// how dense the events of the run are. Nothing if the trace goes far enough.
fn before(trace: &Trace, at_ns: u64) -> Option<TraceFilter> {
    let reached = trace.events.last().map_or(0, |event| event.at.as_nanos());
    if trace.omitted == 0 || reached > at_ns {
        return None;
    }
    let (kept, all) = (trace.events.len() as u128, trace.events.len() as u128 + u128::from(trace.omitted));
    let span = u64::try_from(u128::from(at_ns) * kept / (2 * all)).unwrap_or(at_ns);
    let until = Time::from_nanos(at_ns);
    Some(TraceFilter { from: Time::from_nanos(at_ns - span), until, ..TraceFilter::default() })
}

fn of(outcome: &Outcome, trace: &Trace, violation: &Violation) -> Story {
    let slice = Slice::new(outcome, trace, violation);
    let mut told = slice.steps();
    told.extend(faults::steps(outcome, trace, violation.at_ns));
    told.sort_seldom_by_key(|(place, _)| *place);
    let mut steps: Vec<Step> = told.into_iter().map(|(_, step)| step).collect();
    if steps.last().is_none_or(|step| step.kind != StepKind::Violation) {
        steps.retain(|step| step.at_ns <= violation.at_ns);
        if stall::is_stall(violation) {
            steps.extend(stall::steps(outcome, trace, violation));
        }
        steps.push(found_at(violation));
    }
    fold::fold(&mut steps);
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
        likelihood: None,
    }
}

/// The end of a story in which no single event breaks the property: progress that was missed, a history that no order
/// explains.
fn found_at(violation: &Violation) -> Step {
    Step {
        number: 0,
        at_ns: violation.at_ns,
        slot: None,
        kind: StepKind::Violation,
        text: violation.check.clone(),
        note: format!("<- {}", violation.message),
        arrow: None,
    }
}

/// Keeps what fits: faults and the end of the story, and of everything else what came last. How many steps went.
fn cap(steps: &mut Vec<Step>) -> u64 {
    let surplus = steps.len().saturating_sub(MOST_STEPS);
    // Where everybody stands as a stalled run ends is its end, however many faults there were.
    let last = steps.last().map_or(0, |step| step.at_ns);
    let stands = |step: &Step| step.kind == StepKind::Process && step.at_ns == last;
    let mut gone = 0;
    steps.retain(|step| {
        let kept = matches!(step.kind, StepKind::Fault | StepKind::Violation) || stands(step);
        let goes = gone < surplus && !kept;
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
