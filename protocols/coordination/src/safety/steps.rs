//! Steps of a task, one after the other, from where the sink says that they were.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use crate::graph::{Graph, TaskId};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// An agent's work on a task.
#[derive(Clone, Copy, Debug)]
struct Work {
    fence: u64,
    /// The last step that is done, if any is.
    last: Option<u32>,
    /// Whether the agent works on the task twice: then nobody knows which step is whose.
    twice: bool,
}

/// Follows the steps of each piece of work.
#[derive(Debug)]
pub struct Steps {
    graph: Rc<Graph>,
    /// The most steps of each task that anybody has done.
    most: Vec<u32>,
    work: OrderedMap<(Slot, TaskId), Work>,
    /// What the sink said how many steps were saved, least and most.
    told: OrderedMap<(TaskId, u64), (u32, u32)>,
    /// The fence under which each agent started a task last, in this life.
    started: OrderedMap<(Slot, TaskId), u64>,
    /// Whether one coordinator at a time decides; where a part of the core may decide for itself, two give the same fences.
    one_order: bool,
}

impl Steps {
    /// Nothing is done yet.
    pub fn new(graph: &Rc<Graph>, one_order: bool) -> Self {
        Self {
            one_order,
            most: vec![0; graph.len()],
            work: OrderedMap::new(),
            told: OrderedMap::new(),
            started: OrderedMap::new(),
            graph: graph.clone(),
        }
    }

    fn stepped(
        &mut self,
        seen: &Seen<'_, Coordination>,
        (task, steps): (TaskId, u32),
        findings: &mut Findings,
    ) {
        findings.exercised();
        let (node, name) = (seen.node, self.graph.name(task));
        let most = self.most[task as usize];
        self.most[task as usize] = steps.max(most);
        if steps > most.saturating_add(1) {
            let last = steps - 1;
            let message = format!("{node} has done step {steps} of {name}, and nobody has done step {last}");
            return findings.safety("skipped", &[node], message);
        }
        let Some(work) = self.work.get_mut(&(seen.slot, task)).filter(|work| !work.twice) else { return };
        let (least, most) = match work.last {
            Some(last) => (last, last),
            None => match self.told.get(&(task, work.fence)) {
                Some(told) => *told,
                None => return,
            },
        };
        let first = work.last.replace(steps).is_none();
        if steps <= least || steps > most.saturating_add(1) {
            let before = if first { "were saved" } else { "it had done" };
            let message = format!("{node} does step {steps} of {name} next, and {most} {before}");
            findings.safety("resumed", &[node], message);
        }
    }
}

impl Check<Coordination> for Steps {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Ended", "Stepped"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Started { task, fence, .. } => {
                if self.started.insert((seen.slot, task), fence) == Some(fence) && self.one_order {
                    let message =
                        format!("{} starts {} twice under one fence", seen.node, self.graph.name(task));
                    findings.safety("again", &[seen.node], message);
                }
                let new = Work { fence, last: None, twice: false };
                let work = self.work.entry((seen.slot, task)).or_insert(new);
                work.twice = work.fence != fence;
            }
            Observation::Ended { task, .. } => drop(self.work.remove(&(seen.slot, task))),
            Observation::Stepped { task, steps } => self.stepped(seen, (task, steps), findings),
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Begun"]
    }

    fn sent(&mut self, _: &Ground, _: NodeId, _: NodeId, message: &Message, _: &mut Findings) {
        if let Message::Begun { task, fence, steps } = *message {
            let (least, most) = self.told.entry((task, fence)).or_insert((steps, steps));
            (*least, *most) = (steps.min(*least), steps.max(*most));
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Wiped) {
            self.work.retain(|(own, _), _| *own != slot);
            self.started.retain(|(own, _), _| *own != slot);
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

    fn steps(one_order: bool) -> Steps {
        let tasks = serde_json::json!([{ "name": "a", "steps": 5 }]);
        let parameters = Parameters { tasks: Tasks::read(&tasks).unwrap(), ..Parameters::default() };
        Steps::new(&Rc::new(Graph::of(&parameters, 1).unwrap()), one_order)
    }

    fn script() -> Script<Coordination, Steps> {
        let mut script = Script::new(steps(true), 4);
        script.see(1, started(1)).send(5, 1, begun(1, 0)).see(1, stepped(1)).see(1, stepped(2)).clean();
        script
    }

    fn started(fence: u64) -> Observation {
        Observation::Started { task: 0, fence, lease: None }
    }

    fn begun(fence: u64, steps: u32) -> Message {
        Message::Begun { task: 0, fence, steps }
    }

    fn stepped(steps: u32) -> Observation {
        Observation::Stepped { task: 0, steps }
    }

    #[test]
    fn nobody_starts_a_task_twice_under_one_fence() {
        let ended = Observation::Ended { task: 0, fence: 1 };
        script().see(1, ended.clone()).see(1, started(1)).found("again", "n2 starts a twice under one fence");
        script().see(1, ended.clone()).see(1, started(2)).see(2, started(1)).clean();
        let mut divided = Script::new(steps(false), 4);
        divided.see(1, started(1)).see(1, ended).see(1, started(1)).clean();
        // What it had in a former life it does not know.
        script().crash(1, 0).see(1, started(1)).clean();
    }

    #[test]
    fn no_step_is_skipped() {
        script().see(1, stepped(4)).found("skipped", "n2 has done step 4 of a, and nobody has done step 3");
        // What is saved and was never done is no step either.
        let mut saved = script();
        saved.see(2, started(2)).send(5, 2, begun(2, 3)).see(2, stepped(4));
        saved.found("skipped", "n3 has done step 4 of a, and nobody has done step 3");
    }

    #[test]
    fn whoever_goes_on_with_a_task_begins_with_the_first_step_that_was_not_saved() {
        let mut right = script();
        right
            .crash(1, 0)
            .see(2, started(2))
            .send(5, 2, begun(2, 1))
            .see(2, stepped(2))
            .see(2, stepped(3))
            .clean();
        let mut again = script();
        again.see(2, started(2)).send(5, 2, begun(2, 1)).see(2, stepped(1));
        again.found("resumed", "n3 does step 1 of a next, and 1 were saved");
        script().see(1, stepped(2)).found("resumed", "n2 does step 2 of a next, and 2 it had done");
        // Nobody knows what an agent does that works on a task twice.
        let mut twice = script();
        twice.see(1, started(2)).send(5, 1, begun(2, 0)).see(1, stepped(1)).see(1, stepped(3)).clean();
    }
}
