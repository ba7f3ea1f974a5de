//! Every task is in one place at a time, as the coordinator tells it.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;

use crate::graph::Graph;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Where the coordinator has a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Board,
    Away(u64),
    Over,
}

/// Follows each task from the board to an agent and back, until it is over; a new coordinator begins anew.
#[derive(Debug)]
pub struct Conservation {
    graph: Rc<Graph>,
    places: Vec<Place>,
    /// How many of the first agents may coordinate.
    coordinators: u32,
    /// Whether there is one order of decisions.
    one_order: bool,
}

impl Conservation {
    /// All tasks are on the board.
    pub fn new(graph: &Rc<Graph>, core: u32, one_order: bool) -> Self {
        Self {
            one_order,
            places: vec![Place::Board; graph.len()],
            coordinators: core.max(1),
            graph: graph.clone(),
        }
    }

    /// Moves a task, if it was where it had to be.
    fn shift(
        &mut self,
        task: u32,
        to: Place,
        fits: impl Fn(Place) -> bool,
        what: &'static str,
        seen: &Seen<'_, Coordination>,
        findings: &mut Findings,
    ) {
        findings.exercised();
        let from = std::mem::replace(&mut self.places[task as usize], to);
        if !fits(from) {
            let where_ = match from {
                Place::Board => "is on the board".to_owned(),
                Place::Away(fence) => format!("is with an agent under fence {fence:#x}"),
                Place::Over => "has ended".to_owned(),
            };
            let message = format!("{} {what} {}, which {where_}", seen.node, self.graph.name(task));
            findings.safety(what, &[seen.node], message);
        }
    }
}

impl Check<Coordination> for Conservation {
    fn hears(&self) -> Option<&'static [&'static str]> {
        if !self.one_order {
            return Some(&[]);
        }
        Some(&["Coordinator", "Granted", "Adopted", "Expired", "Retried", "Returned", "Settled"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        let away = |place: Place| matches!(place, Place::Away(_));
        match *seen.observation {
            Observation::Coordinator { .. } => self.places.fill(Place::Board),
            Observation::Granted { task, fence, .. } | Observation::Adopted { task, fence, .. } => {
                self.shift(
                    task,
                    Place::Away(fence),
                    |from| from == Place::Board,
                    "gives away",
                    seen,
                    findings,
                );
            }
            Observation::Expired { task, fence, .. } => {
                self.shift(
                    task,
                    Place::Board,
                    |from| from == Place::Away(fence),
                    "takes back",
                    seen,
                    findings,
                );
            }
            // Agents without a coordinator report these of their own tasks, which nobody gave to them.
            Observation::Retried { task, .. } | Observation::Returned { task }
                if seen.slot.0 < self.coordinators =>
            {
                let own = self.places[task as usize] != Place::Board;
                if own {
                    self.shift(task, Place::Board, away, "puts back", seen, findings);
                }
            }
            Observation::Settled { task, .. } => {
                self.shift(task, Place::Over, |from| from != Place::Over, "ends", seen, findings);
            }
            _ => {}
        }
    }
}
