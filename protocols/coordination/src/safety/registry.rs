//! The registry: who has not registered within the deadline is named, tasks go to registered agents that can do them, and only agents
//! that are gone are replaced.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Lifecycle, Seen, Table};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::time::{Duration, Time};

use crate::graph::{Graph, TaskId};
use crate::parameters::{Parameters, Strategy};
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Who registered with somebody who coordinates.
#[derive(Debug, Default)]
struct Tenure {
    /// When the deadline is over, by the coordinator's clock; before it coordinates, nobody has a deadline.
    ends: Option<Time>,
    /// Since when it coordinates, in true time.
    since: Time,
    /// What the agents can do that registered.
    registered: OrderedMap<NodeId, u64>,
    named: OrderedSet<NodeId>,
    /// How many of those that have to register did, or were named.
    accounted: u32,
    accused: bool,
}

/// Follows the registry of each coordinator.
#[derive(Debug)]
pub struct Registry {
    graph: Rc<Graph>,
    within: Duration,
    /// By agent: whether it has to register, and since when it runs.
    agents: Vec<(bool, Time)>,
    expected: u32,
    /// By slot.
    tenures: OrderedMap<Slot, Tenure>,
    one_order: bool,
    /// Agents that stand by, and were not called to the place of another one since they run.
    standing_by: OrderedSet<NodeId>,
    /// Of whom somebody who coordinates said in its life that they are gone.
    gone: OrderedSet<(Slot, NodeId)>,
    /// Since when agents do not run.
    down: OrderedMap<NodeId, Time>,
    replaced: u64,
    registrations: u64,
    missing: Vec<NodeId>,
    late: u64,
    slowest: Duration,
}

impl Registry {
    /// For these tasks and so many agents.
    pub fn new(parameters: &Parameters, graph: &Rc<Graph>, agents: u32) -> Self {
        let alone = parameters.strategy == Strategy::Single || agents == 1;
        let registers = |agent: u32| !alone && parameters.works(agent, agents);
        let standing_by =
            (0..agents).filter(|agent| parameters.stands_by(*agent, agents)).map(NodeId).collect();
        let agents: Vec<_> = (0..agents).map(|agent| (registers(agent), Time::ZERO)).collect();
        Self {
            within: parameters.register_within,
            expected: agents.iter().filter(|(registers, _)| *registers).count() as u32,
            agents,
            tenures: OrderedMap::new(),
            one_order: parameters.gives().one_order,
            graph: graph.clone(),
            standing_by,
            gone: OrderedSet::new(),
            down: OrderedMap::new(),
            replaced: 0,
            registrations: 0,
            missing: Vec::new(),
            late: 0,
            slowest: Duration::ZERO,
        }
    }

    fn registered(&mut self, ground: &Ground, slot: Slot, of: (NodeId, u64), findings: &mut Findings) {
        let (agent, capabilities) = of;
        let Some((registers, up)) = self.agents.get(agent.index()).copied() else { return };
        let tenure = self.tenures.entry(slot).or_default();
        self.registrations += 1;
        let took = ground.now.since(tenure.since.max(up));
        findings.record("registration_ns", took.as_nanos());
        self.slowest = self.slowest.max(took);
        let again = tenure.registered.insert(agent, capabilities).is_some();
        let late = tenure.named.contains(&agent);
        self.late += u64::from(late && !again);
        tenure.accounted += u32::from(registers && !again && !late);
    }

    fn named(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, Coordination>,
        agent: NodeId,
        findings: &mut Findings,
    ) {
        let Some(tenure) = self.tenures.get_mut(&seen.slot) else { return };
        findings.exercised();
        let (node, early) = (seen.node, tenure.ends.is_none_or(|ends| ground.monotonic < ends));
        if tenure.registered.contains_key(&agent) {
            let message = format!("{node} names {agent} as missing, which registered with it");
            findings.safety("named", &[node, agent], message);
        } else if early {
            let message = format!("{node} names {agent} as missing before its time to register is over");
            findings.safety("early", &[node, agent], message);
        }
        if tenure.named.insert(agent) {
            tenure.accounted += 1;
            self.missing.push(agent);
        }
    }

    /// Whoever is cut off comes back by itself: only who is gone is replaced.
    fn called(&self, seen: &Seen<'_, Coordination>, standby: NodeId, agent: NodeId, findings: &mut Findings) {
        findings.exercised();
        let node = seen.node;
        if !self.gone.contains(&(seen.slot, agent)) {
            let message = format!(
                "{node} calls {standby} to the place of {agent}, of which it does not know that it is gone"
            );
            findings.safety("replaced", &[node, standby, agent], message);
        }
    }

    fn granted(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, Coordination>,
        of: (TaskId, NodeId),
        findings: &mut Findings,
    ) {
        let (task, agent) = of;
        let Some(tenure) = self.tenures.get_mut(&seen.slot) else { return };
        findings.exercised();
        let node = seen.node;
        let over = tenure.ends.is_some_and(|ends| ground.monotonic >= ends);
        if over && tenure.accounted < self.expected && !tenure.accused {
            tenure.accused = true;
            let left = self.expected - tenure.accounted;
            let message = format!(
                "{node} gives tasks away after the deadline, and has not named {left} that did not register"
            );
            findings.safety("unnamed", &[node], message);
        }
        let name = self.graph.name(task);
        if self.standing_by.contains(&agent) {
            let message = format!("{node} gives {name} to {agent}, which stands by and takes nobody's place");
            findings.safety("standby", &[node, agent], message);
        }
        match tenure.registered.get(&agent) {
            None if self.agents.get(agent.index()).is_some_and(|(registers, _)| *registers) => {
                let message = format!("{node} gives {name} to {agent}, which has not registered with it");
                findings.safety("stranger", &[node, agent], message);
            }
            Some(can) if self.graph.task(task).needs & !can != 0 => {
                let message =
                    format!("{node} gives {name} to {agent}, which registered without what that needs");
                findings.safety("unable", &[node, agent], message);
            }
            _ => {}
        }
    }
}

impl Check<Coordination> for Registry {
    fn hears(&self) -> Option<&'static [&'static str]> {
        if self.one_order && self.expected > 0 {
            Some(&[
                "Coordinator",
                "Deposed",
                "Registered",
                "Missing",
                "Granted",
                "Replaces",
                "Gone",
                "Called",
            ])
        } else {
            Some(&[])
        }
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Coordinator { .. } => {
                // Agents may register before that.
                let tenure = self.tenures.entry(seen.slot).or_default();
                tenure.ends = Some(ground.monotonic.saturating_add(self.within));
                tenure.since = ground.now;
            }
            Observation::Deposed => drop(self.tenures.remove(&seen.slot)),
            Observation::Registered { agent, capabilities, .. } => {
                self.registered(ground, seen.slot, (agent, capabilities), findings);
            }
            Observation::Replaces { agent, .. } => {
                self.standing_by.remove(&seen.node);
                self.replaced += 1;
                if let Some(since) = self.down.get(&agent) {
                    findings.record("replacement_ns", ground.now.since(*since).as_nanos());
                }
            }
            Observation::Gone { agent, .. } => drop(self.gone.insert((seen.slot, agent))),
            Observation::Called { standby, agent } => self.called(seen, standby, agent, findings),
            Observation::Missing { agent } => self.named(ground, seen, agent, findings),
            Observation::Granted { task, agent, .. } => self.granted(ground, seen, (task, agent), findings),
            _ => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        match event {
            Lifecycle::Booted => {
                if let Some((_, up)) = self.agents.get_mut(slot.index()) {
                    *up = ground.now;
                }
                self.down.remove(&ground.place(slot).node);
            }
            Lifecycle::Crashed | Lifecycle::Wiped => {
                self.tenures.remove(&slot);
                self.gone.retain(|(own, _)| *own != slot);
                self.down.insert(ground.place(slot).node, ground.now);
            }
            Lifecycle::Corrupted | Lifecycle::Healed => {}
        }
    }

    fn finish(&mut self, _: &Ground, findings: &mut Findings) {
        if self.registrations + self.missing.len() as u64 > 0 {
            findings.record("agents_unregistered", self.missing.len() as u64);
            findings.record("agents_registered_late", self.late);
            findings.record("agents_replaced", self.replaced);
        }
    }

    fn table(&self, _: &Ground) -> Option<Table> {
        if self.registrations == 0 && self.missing.is_empty() {
            return None;
        }
        let row = |name: &str, value: String| vec![name.to_owned(), value];
        let mut named: Vec<String> = self.missing.iter().map(NodeId::to_string).collect();
        let more = named.len().saturating_sub(8);
        named.truncate(8);
        let missing = match (named.is_empty(), more) {
            (true, _) => "nobody".to_owned(),
            (false, 0) => named.join(", "),
            (false, more) => format!("{} and {more} more", named.join(", ")),
        };
        let rows = vec![
            row("registrations", self.registrations.to_string()),
            row("slowest registration", self.slowest.told()),
            row("agents that did not register in time", missing),
            row("agents that registered late", self.late.to_string()),
            row("agents replaced by one that stood by", self.replaced.to_string()),
        ];
        let columns = vec!["what".to_owned(), "value".to_owned()];
        Some(Table { title: "Registry".to_owned(), columns, rows, omitted: 0 })
    }
}

#[cfg(test)]
mod tests {
    use protocol_testing::script::Script;
    use sim_core::registry::parameters::Parameter;

    use super::*;
    use crate::graph::Tasks;

    fn parameters() -> Parameters {
        let tasks = serde_json::json!([{ "name": "a", "namespace": "build" }, { "name": "b" }]);
        let namespaces = crate::graph::Namespaces(vec!["review".to_owned(), "build".to_owned()]);
        Parameters { tasks: Tasks::read(&tasks).unwrap(), namespaces, ..Parameters::default() }
    }

    /// n1 coordinates; n2 (build) and n3 (review) have fifteen seconds to register.
    fn script() -> Script<Coordination, Registry> {
        let parameters = parameters();
        let graph = Rc::new(Graph::of(&parameters, 1).unwrap());
        let mut script = Script::new(Registry::new(&parameters, &graph, 3), 3);
        script.at(at(1), 0).see(0, Observation::Coordinator { epoch: 1 });
        script
    }

    fn at(seconds: u64) -> Time {
        Time::ZERO + Duration::from_secs(seconds)
    }

    fn registered(agent: u32) -> Observation {
        let capabilities = parameters().capabilities(agent, 3);
        let namespace = crate::graph::Namespaces::number(capabilities);
        Observation::Registered { agent: NodeId(agent), namespace, capabilities, places: 2 }
    }

    fn granted(task: u32, agent: u32) -> Observation {
        Observation::Granted { task, fence: 1, agent: NodeId(agent), attempt: 0, waited: Duration::ZERO }
    }

    const MISSING: Observation = Observation::Missing { agent: NodeId(2) };

    #[test]
    fn who_does_not_register_is_named_before_more_is_given_away() {
        let mut named = script();
        named.see(0, registered(1)).see(0, granted(0, 1)).at(at(17), 0).see(0, MISSING);
        named.see(0, granted(1, 1)).see(0, registered(2)).see(0, granted(1, 2)).clean();
        let table = named.check.table(&named.ground).unwrap();
        assert_eq!(table.rows[2], ["agents that did not register in time", "n3"]);
        let mut silent = script();
        silent.see(0, registered(1)).at(at(17), 0).see(0, granted(0, 1));
        silent.found(
            "unnamed",
            "n1 gives tasks away after the deadline, and has not named 1 that did not register",
        );
    }

    #[test]
    fn nobody_is_named_early_or_although_it_registered() {
        script().see(0, MISSING).found("early", "n1 names n3 as missing before its time to register is over");
        let mut wrong = script();
        wrong.see(0, registered(2)).at(at(17), 0).see(0, MISSING);
        wrong.found("named", "n1 names n3 as missing, which registered with it");
    }

    #[test]
    fn only_who_is_gone_is_replaced() {
        let (standby, agent, silent) = (NodeId(1), NodeId(2), Duration::ZERO);
        let mut known = script();
        known
            .see(0, Observation::Gone { agent, silent })
            .see(0, Observation::Called { standby, agent })
            .clean();
        known.restart(0).see(0, Observation::Called { standby, agent });
        let message = "n1 calls n2 to the place of n3, of which it does not know that it is gone";
        known.found("replaced", message);
    }

    #[test]
    fn tasks_go_to_those_that_registered_and_can_do_them() {
        script()
            .see(0, granted(1, 2))
            .found("stranger", "n1 gives b to n3, which has not registered with it");
        let mut unable = script();
        unable
            .see(0, registered(1))
            .see(0, registered(2))
            .see(0, granted(1, 2))
            .see(0, granted(0, 1))
            .clean();
        unable
            .see(0, granted(0, 2))
            .found("unable", "n1 gives a to n3, which registered without what that needs");
        let mut deposed = script();
        deposed.see(0, registered(1)).see(0, Observation::Deposed);
        deposed.at(at(40), 0).see(0, Observation::Coordinator { epoch: 2 });
        deposed.see(0, granted(1, 1)).found("stranger", "n1 gives b to n2, which has not registered with it");
    }
}
