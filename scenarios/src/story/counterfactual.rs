//! The same run with one thing different: without a fault, without a lost message, without the plants.

use std::cell::Cell;

use sim_core::fault::Executed;
use sim_core::network::Pin;
use sim_core::registry::{Launch, LaunchError};
use sim_core::setup::Setup;
use sim_core::story::{Counterfactual, Step, StepKind};

use super::{StoryStage, Told};
use crate::plan::Plan;
use crate::run::run;

/// How many faults are left out one by one. A run with more is for shrinking first.
const MOST: usize = 16;

/// Every counterfactual of a story. Faults are left out one by one, each with all that it is made of.
pub(super) fn all(
    plan: &Plan,
    told: &Told,
    print: &str,
    begins: &dyn Fn(StoryStage),
) -> Result<Vec<Counterfactual>, LaunchError> {
    let (entries, pins) = (entries(told), plan.setup.pins.iter().copied().collect::<Vec<Pin>>());
    let of = entries.len().min(MOST) + pins.len().min(MOST) + usize::from(!plan.plants.is_empty());
    let made = Cell::new(0);
    let judge = |what: String, step: Option<u32>, plan: &Plan| {
        made.set(made.get() + 1);
        begins(StoryStage::WhatIf { run: made.get(), of });
        let outcome = run(plan, &Launch::default())?;
        let reproduced = outcome.violations.iter().any(|violation| violation.fingerprint == print);
        Ok(Counterfactual { what, step, verdict: outcome.verdict, reproduced })
    };
    let mut all = Vec::new();
    for (number, (entry, step)) in (1..).zip(entries).take(MOST) {
        let setup = without_entry(&plan.setup, entry);
        all.push(judge(format!("without fault {number}"), step, &Plan { setup, ..plan.clone() })?);
    }
    for (index, pin) in pins.iter().enumerate().take(MOST) {
        let left = pins.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, pin)| *pin);
        let setup = Setup { pins: left.collect(), ..plan.setup.clone() };
        let what = format!("with its usual fate for message {}", index + 1);
        all.push(judge(what, lost_at(told, pin), &Plan { setup, ..plan.clone() })?);
    }
    if !plan.plants.is_empty() {
        let clean = Plan { plants: Vec::new(), ..plan.clone() };
        all.push(judge(format!("same schedule without {}", plan.plants.join(", ")), None, &clean)?);
    }
    Ok(all)
}

/// The entries of the plan that fired before the violation, each with the step that tells its beginning.
fn entries(told: &Told) -> Vec<(usize, Option<u32>)> {
    let steps = told.story.steps.iter().filter(|step| step.kind == StepKind::Fault);
    let fired: Vec<&Executed> = told.outcome.faults.iter().filter(|fault| fault.refused.is_none()).collect();
    let mut entries: Vec<(usize, Option<u32>)> = Vec::new();
    for (fault, step) in fired.into_iter().zip(steps.map(|step: &Step| step.number)) {
        let entry = fault.entry as usize;
        if entries.iter().all(|(known, _)| *known != entry) {
            entries.push((entry, Some(step)));
        }
    }
    entries
}

/// The setup without an entry of its sorted plan. The others keep their names, and with them their draws.
fn without_entry(setup: &Setup, entry: usize) -> Setup {
    let mut setup = setup.clone();
    setup.faults.sort();
    setup.faults.number();
    if entry < setup.faults.entries.len() {
        setup.faults.entries.remove(entry);
    }
    setup
}

/// The step that tells how this message was lost.
fn lost_at(told: &Told, pin: &Pin) -> Option<u32> {
    let same = |step: &&Step| {
        step.arrow.as_ref().is_some_and(|arrow| {
            (arrow.from, arrow.to, arrow.sent_ns) == (pin.from.0, pin.to.0, pin.sent_ns.as_nanos())
        })
    };
    told.story.steps.iter().find(same).map(|step| step.number)
}
