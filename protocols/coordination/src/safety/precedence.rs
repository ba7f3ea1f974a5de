//! No task starts before what it waits for has ended.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::Slot;

use crate::board::State;
use crate::graph::{Graph, TaskId};
use crate::ledger::Ledger;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Reads the ledger, and writes it: it is the first of the checks.
#[derive(Debug)]
pub struct Precedence {
    graph: Rc<Graph>,
    ledger: Ledger,
    /// Whether only one coordinator decides.
    one_order: bool,
}

impl Precedence {
    /// For these tasks; if one coordinator decides or several may (`one_order`).
    pub fn new(graph: &Rc<Graph>, ledger: Ledger, one_order: bool) -> Self {
        Self { graph: graph.clone(), ledger, one_order }
    }

    /// Whether it is certain what a task waits for: one that came into being meanwhile may have come too late. Where two
    /// coordinators gave a task away under one fence, one of them counts an attempt that failed as its own, and goes on
    /// with the fallback while the task itself still runs.
    fn is_certain(&self, task: TaskId) -> bool {
        let own = self.graph.task(task);
        let one_decides = self.one_order || own.stands_for.is_none();
        one_decides
            && own.born.is_empty()
            && own.parents.iter().all(|parent| self.graph.task(*parent).born.is_empty())
    }
}

impl Check<Coordination> for Precedence {
    fn keeps_books(&self) -> bool {
        true
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        if let Observation::Started { task, .. } = *seen.observation {
            findings.exercised();
            let state = self.ledger.read().board.state(task);
            if self.is_certain(task) && matches!(state, State::Waiting | State::Dormant) {
                let own = self.graph.task(task);
                let ledger = self.ledger.read();
                let missing = own.parents.iter().find(|parent| !ledger.board.state(**parent).is_final());
                let waits = missing.map_or("what it stands for", |missing| self.graph.name(*missing));
                let message = format!("{} starts {} before {waits} has ended", seen.node, own.name);
                findings.safety("", &[seen.node], message);
            }
        }
        self.ledger.follow(ground, seen);
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        self.ledger.live(ground, slot, event);
    }
}
