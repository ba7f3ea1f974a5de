//! Exactly-once effects, through fences.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;

use crate::graph::Graph;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// What the sink accepted.
#[derive(Debug)]
pub struct Effects {
    graph: Rc<Graph>,
    /// Under which fence each task took effect.
    effects: Vec<Option<u64>>,
    granted: Vec<u64>,
    /// Whether fences come from one order.
    one_order: bool,
}

impl Effects {
    /// Nothing took effect yet.
    pub fn new(graph: &Rc<Graph>, one_order: bool) -> Self {
        Self {
            one_order,
            effects: vec![None; graph.len()],
            granted: vec![0; graph.len()],
            graph: graph.clone(),
        }
    }
}

impl Check<Coordination> for Effects {
    fn hears(&self) -> Option<&'static [&'static str]> {
        if self.one_order {
            Some(&["Effect", "EffectFound", "Granted"])
        } else {
            Some(&["Effect", "EffectFound"])
        }
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Effect { task, fence, .. } => {
                findings.exercised();
                if let Some(before) = self.effects[task as usize].replace(fence) {
                    let name = self.graph.name(task);
                    let message = format!("{name} took effect twice: under fence {before:#x} and {fence:#x}");
                    findings.safety("twice", &[], message);
                }
            }
            Observation::EffectFound { task, fence, .. } => {
                // What took effect is found under its own fence, at every start.
                let found = self.effects[task as usize].replace(fence);
                if let Some(before) = found.filter(|before| *before != fence) {
                    let name = self.graph.name(task);
                    let message = format!(
                        "{name} took effect under fence {before:#x}, and {fence:#x} was found on the disk"
                    );
                    findings.safety("found", &[], message);
                }
            }
            Observation::Granted { task, fence, agent, .. } => {
                findings.exercised();
                let before = std::mem::replace(&mut self.granted[task as usize], fence);
                if fence <= before {
                    let name = self.graph.name(task);
                    let message = format!(
                        "{name} goes to {agent} under fence {fence:#x}, which is not above {before:#x}"
                    );
                    findings.safety("fence", &[seen.node, agent], message);
                }
            }
            _ => {}
        }
    }
}
