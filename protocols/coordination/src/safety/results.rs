//! What is said of a task is what came of it.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use crate::graph::{Graph, TaskId};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// Compares what the sink and the coordinator say of tasks with what took effect.
///
/// The ledger takes a coordinator at its word that a task has ended, so that one that is not done, and never will be, would count
/// as progress.
#[derive(Debug)]
pub struct Results {
    graph: Rc<Graph>,
    /// Whether there is one order of decisions; else nobody is judged.
    one_order: bool,
    /// Under which fence each task took effect, and whether it succeeded.
    effects: Vec<Option<(u64, bool)>>,
    /// The highest fence of each task that the sink let act.
    acted: Vec<u64>,
}

impl Results {
    /// Nothing took effect yet.
    pub fn new(graph: &Rc<Graph>, one_order: bool) -> Self {
        Self {
            one_order,
            effects: vec![None; graph.len()],
            acted: vec![0; graph.len()],
            graph: graph.clone(),
        }
    }

    fn succeeded(&self, task: TaskId) -> bool {
        self.effects[task as usize].is_some_and(|(_, done)| done)
    }

    /// Whether something that a task waits for has not succeeded, and nothing in its place: it may have failed with that.
    fn waits_in_vain(&self, task: TaskId) -> bool {
        let parents = &self.graph.task(task).parents;
        parents.iter().any(|parent| !self.graph.in_place_of(*parent).any(|other| self.succeeded(other)))
    }

    /// What a task that comes into being changes for others, coordinators that start again may see in another order.
    fn is_certain(&self, task: TaskId) -> bool {
        let own = self.graph.task(task);
        own.born.is_empty() && own.parents.iter().all(|parent| self.graph.task(*parent).born.is_empty())
    }

    fn settled(&self, node: NodeId, (task, how): (TaskId, u32), findings: &mut Findings) {
        let effect = self.effects[task as usize];
        let untrue = match (how, effect) {
            (0, Some((_, done))) => !done,
            (0, None) => true,
            (1, Some((_, done))) => done && self.is_certain(task),
            (1, None) => self.is_certain(task) && !self.waits_in_vain(task),
            _ => return,
        };
        findings.exercised();
        if untrue {
            let says = if how == 0 { "is done" } else { "has failed" };
            let took = match effect {
                Some((_, true)) => "its success took effect",
                Some((_, false)) => "its failure took effect",
                None => "it took no effect",
            };
            let message = format!("{node} says that {} {says}, and {took}", self.graph.name(task));
            findings.safety("untrue", &[node], message);
        }
    }

    /// The sink lets a fence act.
    fn acts(&mut self, to: NodeId, (task, fence): (TaskId, u64), findings: &mut Findings) {
        findings.exercised();
        let highest = &mut self.acted[task as usize];
        if fence < *highest {
            let message = format!(
                "the sink lets {to} act on {} under fence {fence:#x}, after {highest:#x}",
                self.graph.name(task)
            );
            findings.safety("old-fence", &[to], message);
        }
        *highest = fence.max(*highest);
    }

    fn written(&self, to: NodeId, (task, fence): (TaskId, u64), findings: &mut Findings) {
        if self.effects[task as usize].is_none_or(|(own, _)| own != fence) {
            let name = self.graph.name(task);
            let message =
                format!("the sink says to {to} that its result of {name} took effect, which it did not");
            findings.safety("written", &[to], message);
        }
    }
}

impl Check<Coordination> for Results {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(if self.one_order { &["Effect", "EffectFound", "Settled"] } else { &[] })
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Effect { task, fence, done } | Observation::EffectFound { task, fence, done } => {
                self.effects[task as usize] = Some((fence, done));
            }
            Observation::Settled { task, how } => self.settled(seen.node, (task, how), findings),
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        if self.one_order { &["Begun", "Saved", "Written"] } else { &[] }
    }

    fn sent(&mut self, _: &Ground, _: NodeId, to: NodeId, message: &Message, findings: &mut Findings) {
        match *message {
            Message::Begun { task, fence, .. } | Message::Saved { task, fence } => {
                self.acts(to, (task, fence), findings);
            }
            Message::Written { task, fence } => {
                self.acts(to, (task, fence), findings);
                self.written(to, (task, fence), findings);
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

    /// b waits for a, which has a fallback.
    fn script() -> Script<Coordination, Results> {
        let tasks = serde_json::json!([{ "name": "a", "fallback": "f" }, { "name": "f" }, { "name": "b", "after": ["a"] }]);
        let parameters = Parameters { tasks: Tasks::read(&tasks).unwrap(), ..Parameters::default() };
        Script::new(Results::new(&Rc::new(Graph::of(&parameters, 1).unwrap()), true), 4)
    }

    fn settled(task: u32, how: u32) -> Observation {
        Observation::Settled { task, how }
    }

    fn effect(task: u32, done: bool) -> Observation {
        Observation::Effect { task, fence: 7, done }
    }

    #[test]
    fn a_coordinator_says_of_a_task_what_came_of_it() {
        let mut true_ones = script();
        true_ones
            .see(4, effect(0, false))
            .see(0, settled(0, 1))
            .see(4, effect(1, false))
            .see(0, settled(1, 1));
        true_ones.see(0, settled(2, 1)).clean();
        script().see(0, settled(0, 2)).clean();
        script().see(0, settled(0, 0)).found("untrue", "n1 says that a is done, and it took no effect");
        script().see(0, settled(0, 1)).found("untrue", "n1 says that a has failed, and it took no effect");
        let mut failed = script();
        failed.see(4, effect(0, false)).see(0, settled(0, 0));
        failed.found("untrue", "n1 says that a is done, and its failure took effect");
        let mut done = script();
        done.see(4, effect(0, false)).see(4, effect(1, true)).see(0, settled(2, 1));
        done.found("untrue", "n1 says that b has failed, and it took no effect");
        let mut lost = script();
        lost.see(4, effect(0, true)).see(0, settled(0, 1));
        lost.found("untrue", "n1 says that a has failed, and its success took effect");
    }

    #[test]
    fn the_sink_lets_no_earlier_fence_act_and_says_what_took_effect() {
        let begun = |fence| Message::Begun { task: 0, fence, steps: 0 };
        let written = |fence| Message::Written { task: 0, fence };
        let mut right = script();
        right
            .send(4, 1, begun(6))
            .send(4, 2, begun(7))
            .see(4, effect(0, true))
            .send(4, 2, written(7))
            .clean();
        right.send(4, 1, Message::Saved { task: 0, fence: 6 });
        right.found("old-fence", "the sink lets n2 act on a under fence 0x6, after 0x7");
        let mut wrong = script();
        wrong.see(4, effect(0, true)).send(4, 1, written(8));
        wrong.found("written", "the sink says to n2 that its result of a took effect, which it did not");
    }
}
