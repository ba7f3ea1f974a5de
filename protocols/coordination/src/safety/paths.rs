//! Tasks start after the success of what they wait for, and on the way that was taken.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use crate::graph::{Graph, TaskId};
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Looks at the graph and at what took effect, and at nothing else.
///
/// The ledger works out with the same board as the protocol what follows when a task ends: a mistake there would hide itself.
#[derive(Debug)]
pub struct Paths {
    graph: Rc<Graph>,
    one_order: bool,
    /// By task: whether it ends by a result in any case, its own or that of a task that fails before it; it is never left out.
    needed: Vec<bool>,
    /// Whether each task succeeded.
    done: Vec<bool>,
}

/// Tasks that no branch and no cancellation leaves out.
fn needed(graph: &Graph) -> Vec<bool> {
    let mut free = vec![true; graph.len()];
    for (id, task) in graph.iter() {
        let left_out = task.branch.iter().flat_map(|split| [split.then, split.otherwise]);
        left_out.chain(task.cancels.iter().copied()).for_each(|other| free[other as usize] = false);
        free[id as usize] &= task.is_plain();
    }
    // One that waits only for tasks that are left out is left out with them.
    let mut needed = vec![false; graph.len()];
    let mut next: Vec<TaskId> =
        graph.iter().filter(|(_, own)| own.parents.is_empty()).map(|(id, _)| id).collect();
    while let Some(task) = next.pop() {
        if free[task as usize] && !std::mem::replace(&mut needed[task as usize], true) {
            next.extend(&graph.task(task).children);
        }
    }
    needed
}

impl Paths {
    /// Nothing is done yet.
    pub fn new(graph: &Rc<Graph>, one_order: bool) -> Self {
        Self { one_order, needed: needed(graph), done: vec![false; graph.len()], graph: graph.clone() }
    }

    /// What a task waits for and that has not succeeded, nor anything in its place.
    fn missing(&self, task: TaskId) -> Option<TaskId> {
        let succeeded =
            |parent: TaskId| self.graph.in_place_of(parent).any(|other| self.done[other as usize]);
        let parents = self.graph.task(task).parents.iter().copied();
        parents.filter(|parent| self.needed[*parent as usize]).find(|parent| !succeeded(*parent))
    }

    /// A task whose result decided for another one.
    fn decided_against(&self, task: TaskId) -> Option<TaskId> {
        let against = |parent: &TaskId| {
            let own = self.graph.task(*parent);
            own.branch.is_some_and(|split| {
                let (taken, other) = if own.score > split.above {
                    (split.then, split.otherwise)
                } else {
                    (split.otherwise, split.then)
                };
                self.done[*parent as usize] && other == task && taken != task
            })
        };
        self.graph.task(task).parents.iter().copied().find(against)
    }

    fn started(&self, node: NodeId, task: TaskId, findings: &mut Findings) {
        let name = self.graph.name(task);
        // One that comes into being late waits only for what has not ended.
        let missing = self.missing(task).filter(|_| self.graph.task(task).born.is_empty());
        if let Some(missing) = missing {
            let missing = self.graph.name(missing);
            let message = format!("{node} starts {name}, and {missing} has not succeeded");
            findings.safety("unmet", &[node], message);
        }
        if let Some(parent) = self.decided_against(task) {
            let parent = self.graph.name(parent);
            let message = format!("{node} starts {name}, against which the result of {parent} decided");
            findings.safety("branch", &[node], message);
        }
    }
}

impl Check<Coordination> for Paths {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(if self.one_order { &["Effect", "EffectFound", "Started"] } else { &[] })
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Effect { task, done, .. } | Observation::EffectFound { task, done, .. } => {
                self.done[task as usize] |= done;
            }
            Observation::Started { task, .. } => {
                findings.exercised();
                self.started(seen.node, task, findings);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::script::Script;
    use sim_core::registry::parameters::Parameter;

    use super::*;
    use crate::graph::Tasks;
    use crate::parameters::Parameters;

    fn script(tasks: &serde_json::Value) -> Script<Coordination, Paths> {
        let parameters = Parameters { tasks: Tasks::read(tasks).unwrap(), ..Parameters::default() };
        Script::new(Paths::new(&Rc::new(Graph::of(&parameters, 1).unwrap()), true), 4)
    }

    fn started(task: u32) -> Observation {
        Observation::Started { task, fence: 1, lease: None }
    }

    fn effect(task: u32, done: bool) -> Observation {
        Observation::Effect { task, fence: 1, done }
    }

    #[test]
    fn who_waits_for_a_task_starts_after_its_success_or_that_of_its_fallback() {
        let tasks = serde_json::json!([
            { "name": "a", "fallback": "f" }, { "name": "f" }, { "name": "b", "after": ["a"] },
            { "name": "x", "cancels": ["c"] }, { "name": "c" }, { "name": "d", "after": ["c"] }
        ]);
        script(&tasks).see(1, effect(0, true)).see(1, started(2)).clean();
        script(&tasks).see(1, effect(0, false)).see(1, effect(1, true)).see(1, started(2)).clean();
        script(&tasks).see(1, started(2)).found("unmet", "n2 starts b, and a has not succeeded");
        let mut failed = script(&tasks);
        failed
            .see(1, effect(0, false))
            .see(1, started(2))
            .found("unmet", "n2 starts b, and a has not succeeded");
        // Who waits for a task that may be canceled goes on as if it had succeeded.
        script(&tasks).see(1, started(5)).clean();
    }

    #[test]
    fn only_the_way_that_was_taken_is_gone() {
        let tasks = serde_json::json!([
            { "name": "a", "score": 80, "branch": { "above": 50, "then": "fast", "else": "audit" } },
            { "name": "fast", "after": ["a"] }, { "name": "audit", "after": ["a"] }
        ]);
        let mut right = script(&tasks);
        right.see(1, effect(0, true)).see(1, started(1)).clean();
        right.see(1, started(2)).found("branch", "n2 starts audit, against which the result of a decided");
    }
}
