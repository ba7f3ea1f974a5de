//! Priorities without starvation.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::ordered::OrderedSet;
use sim_core::time::{Duration, Time};

use crate::board::most_overtaken;
use crate::graph::Graph;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// How many priorities there are.
const RANKS: usize = 3;
/// Moments that are not further apart may be one for a coordinator.
const MARGIN: Duration = Duration::from_millis(1);

fn level(graph: &Graph, task: u32) -> usize {
    (graph.task(task).rank.level() as usize).min(RANKS - 1)
}

/// Compares a task that is given away with the oldest one that could have been, at the moment when the coordinator chooses it:
/// where a core decides, another one may become free before that is decided.
///
/// Only tasks that any agent can do and that need no lock are compared: others may have to wait for somebody else.
#[derive(Debug)]
pub struct Starvation {
    graph: Rc<Graph>,
    bound: Duration,
    /// When each task became ready, as far as the present coordinator knows.
    since: Vec<Option<Time>>,
    waiting: OrderedSet<(Time, u32)>,
    /// The same, by priority.
    by_rank: [OrderedSet<(Time, u32)>; RANKS],
    /// Tasks that were chosen, which a core has to decide.
    proposed: OrderedSet<u32>,
    /// Whether there is one order of decisions.
    one_order: bool,
}

impl Starvation {
    /// A level of priority is worth so much waiting.
    pub fn new(graph: &Rc<Graph>, ageing: Duration, one_order: bool) -> Self {
        // The coordinator's clock may run a little slower than true time.
        let bound = most_overtaken(ageing).saturating_add(ageing / 8);
        let (waiting, proposed) = (OrderedSet::new(), OrderedSet::new());
        let (since, by_rank) = (vec![None; graph.len()], [const { OrderedSet::new() }; RANKS]);
        Self { one_order, since, waiting, by_rank, proposed, bound, graph: graph.clone() }
    }

    fn leave(&mut self, task: u32) {
        if let Some(since) = self.since[task as usize] {
            self.waits(since, task, false);
        }
    }

    /// Whether a task waits from now on; whether it did so before.
    fn waits(&mut self, since: Time, task: u32, waits: bool) -> bool {
        let own = &mut self.by_rank[level(&self.graph, task)];
        if waits {
            own.insert((since, task));
            !self.waiting.insert((since, task))
        } else {
            own.remove(&(since, task));
            self.waiting.remove(&(since, task))
        }
    }

    /// A task that became ready earlier than this one and is as urgent, or more.
    fn passed_over(&self, since: Time, task: u32) -> Option<u32> {
        let mut as_urgent = self.by_rank[..=level(&self.graph, task)].iter().filter_map(OrderedSet::first);
        as_urgent.find(|(other, _)| other.saturating_add(MARGIN) < since).map(|(_, other)| *other)
    }
}

impl Check<Coordination> for Starvation {
    fn hears(&self) -> Option<&'static [&'static str]> {
        if !self.one_order {
            return Some(&[]);
        }
        Some(&["Coordinator", "Ready", "Grew", "Proposed", "Granted", "Adopted", "Settled"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Coordinator { .. } => {
                self.since.fill(None);
                self.waiting.clear();
                self.by_rank.iter_mut().for_each(OrderedSet::clear);
                self.proposed.clear();
            }
            Observation::Ready { task } => {
                let since = *self.since[task as usize].get_or_insert(ground.now);
                let own = self.graph.task(task);
                if own.needs == 0 && own.lock.is_none() {
                    self.waits(since, task, true);
                }
            }
            // Whoever is ready and waits for a newcomer is not ready any more.
            Observation::Grew { task } => {
                let graph = self.graph.clone();
                for child in &graph.task(task).children {
                    if let Some(since) = self.since[*child as usize]
                        && self.waits(since, *child, false)
                    {
                        self.since[*child as usize] = None;
                    }
                }
            }
            // It became ready before that, under somebody else.
            Observation::Adopted { task, .. } => {
                self.leave(task);
                self.since[task as usize].get_or_insert(ground.now);
            }
            Observation::Settled { task, .. } => self.leave(task),
            Observation::Granted { task, .. } if self.proposed.remove(&task) => {}
            Observation::Proposed { task, .. } | Observation::Granted { task, .. } => {
                self.leave(task);
                if matches!(seen.observation, Observation::Proposed { .. }) {
                    self.proposed.insert(task);
                }
                let Some(since) = self.since[task as usize] else { return };
                let Some((oldest, other)) = self.waiting.first().copied() else { return };
                findings.exercised();
                if let Some(other) = self.passed_over(since, task) {
                    let [name, other] = [task, other].map(|task| self.graph.name(task));
                    let message = format!(
                        "{name} is given away before {other}, which is as urgent and became ready earlier"
                    );
                    findings.safety("urgency", &[seen.node], message);
                }
                if since > oldest.saturating_add(self.bound) {
                    let [name, other] = [task, other].map(|task| self.graph.name(task));
                    let by = since.since(oldest).told();
                    let message =
                        format!("{name} is given away before {other}, which became ready {by} earlier");
                    findings.safety("", &[seen.node], message);
                }
            }
            _ => {}
        }
    }
}
