//! No deadlock: no circle of tasks, and no state in which nothing can ever become ready.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;

use crate::board::State;
use crate::graph::{Graph, TaskId, would_close_a_cycle};
use crate::ledger::Ledger;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Looks when a task comes into being, and when one takes effect.
#[derive(Debug)]
pub struct Deadlock {
    graph: Rc<Graph>,
    ledger: Ledger,
    reported: bool,
}

impl Deadlock {
    /// For these tasks.
    pub fn new(graph: &Rc<Graph>, ledger: Ledger) -> Self {
        Self { graph: graph.clone(), ledger, reported: false }
    }

    fn grew(&self, newcomer: TaskId, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        let ledger = self.ledger.read();
        let there = |task: TaskId| matches!(ledger.board.state(task), State::Waiting);
        if would_close_a_cycle(&self.graph, newcomer, there) {
            let name = self.graph.name(newcomer);
            let message =
                format!("{} takes in {name}, which waits for itself through what waits for it", seen.node);
            findings.safety("circle", &[seen.node], message);
        }
    }
}

impl Check<Coordination> for Deadlock {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Grew", "Effect"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        findings.exercised();
        if let Observation::Grew { task } = *seen.observation {
            return self.grew(task, seen, findings);
        }
        let ledger = self.ledger.read();
        let graph = &self.graph;
        let stuck =
            ledger.board.unfinished() > 0 && ledger.board.ready() == 0 && ledger.done.len() < graph.len();
        // Whatever runs may still end and make others ready.
        if stuck && !self.reported && ledger.under_way() == 0 {
            let waiting = graph.iter().filter(|(id, _)| ledger.board.state(*id) == State::Waiting);
            let names: Vec<&str> = waiting.map(|(_, task)| task.name.as_str()).take(8).collect();
            if !names.is_empty() {
                self.reported = true;
                let message =
                    format!("nothing is ready or under way, and these wait for ever: {}", names.join(", "));
                findings.safety("stuck", &[], message);
            }
        }
    }
}
