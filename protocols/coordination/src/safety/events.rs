//! Events: whoever subscribes to a topic hears of each event once in its life, or it is reported that it was not told.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Seen, Table};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::time::Time;

use crate::graph::{Graph, TaskId};
use crate::parameters::Parameters;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// One event.
#[derive(Debug)]
struct Event {
    publisher: (Slot, u32),
    at: Time,
    /// Subscribers that heard of it, and those of whom it is reported that they did not.
    told: Vec<NodeId>,
    unheard: Vec<NodeId>,
    routed: bool,
}

/// Follows each event to its subscribers.
#[derive(Debug)]
pub struct Events {
    graph: Rc<Graph>,
    parameters: Parameters,
    agents: u32,
    events: OrderedMap<TaskId, Event>,
    /// In which of its lives an agent heard last of an event.
    heard: OrderedMap<(NodeId, TaskId), u32>,
}

impl Events {
    /// For these tasks and so many agents.
    pub fn new(parameters: &Parameters, graph: &Rc<Graph>, agents: u32) -> Self {
        let (graph, parameters) = (graph.clone(), parameters.clone());
        Self { graph, parameters, agents, events: OrderedMap::new(), heard: OrderedMap::new() }
    }

    fn subscribers(&self, task: TaskId) -> impl Iterator<Item = NodeId> + use<> {
        let topic = self.graph.task(task).publishes;
        let of = topic.map(|topic| self.parameters.subscribers_of(topic, self.agents));
        of.into_iter().flatten().map(NodeId)
    }

    fn heard(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, Coordination>,
        task: TaskId,
        findings: &mut Findings,
    ) {
        findings.exercised();
        let (node, name) = (seen.node, self.graph.name(task));
        if self.heard.insert((node, task), seen.incarnation) == Some(seen.incarnation) {
            findings.safety("twice", &[node], format!("{node} hears twice of the event of {name}"));
        }
        let subscribes = self.subscribers(task).any(|agent| agent == node);
        match self.events.get_mut(&task) {
            None => findings.safety(
                "invented",
                &[node],
                format!("{node} hears of an event of {name}, which was not published"),
            ),
            Some(_) if !subscribes => {
                findings.safety(
                    "stranger",
                    &[node],
                    format!("{node} hears of the event of {name}, and does not subscribe to that"),
                );
            }
            Some(event) => {
                findings.record("event_ns", ground.now.since(event.at).as_nanos());
                event.told.push(node);
            }
        }
    }

    fn routed(&mut self, node: NodeId, task: TaskId, findings: &mut Findings) {
        findings.exercised();
        let forgotten: Vec<NodeId> = {
            let Some(event) = self.events.get(&task) else { return };
            let known = |agent: &NodeId| event.told.contains(agent) || event.unheard.contains(agent);
            self.subscribers(task).filter(|agent| !known(agent)).collect()
        };
        if let Some(agent) = forgotten.first() {
            let name = self.graph.name(task);
            let message = format!(
                "{node} is done with the event of {name}, of which {agent} has not heard, which nobody reported"
            );
            findings.safety("forgotten", &[node, *agent], message);
        }
        if let Some(event) = self.events.get_mut(&task) {
            event.routed = true;
        }
    }

    /// How many events were published, heard of, reported as not heard of; how many are under way, and lost with their publisher.
    fn counts(&self, ground: &Ground) -> [u64; 5] {
        let all = || self.events.values();
        let sum = |of: fn(&Event) -> usize| all().map(|event| of(event) as u64).sum();
        let lives = |event: &&Event| {
            let place = ground.place(event.publisher.0);
            place.up && place.incarnation == event.publisher.1
        };
        let open = || all().filter(|event| !event.routed);
        let under_way = open().filter(lives).count() as u64;
        let lost = open().count() as u64 - under_way;
        [
            self.events.len() as u64,
            sum(|event| event.told.len()),
            sum(|event| event.unheard.len()),
            under_way,
            lost,
        ]
    }
}

const COUNTS: [(&str, &str); 5] = [
    ("events_published", "published"),
    ("events_heard", "heard by subscribers"),
    ("events_unheard", "not taken by a subscriber, and reported"),
    ("events_under_way", "still under way at the end"),
    ("events_lost", "lost with the agent that published them"),
];

impl Check<Coordination> for Events {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Published", "EventHeard", "EventUnheard", "EventRouted"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Published { task } => {
                let (publisher, at) = ((seen.slot, seen.incarnation), ground.now);
                let event = Event { publisher, at, told: Vec::new(), unheard: Vec::new(), routed: false };
                self.events.entry(task).or_insert(event);
            }
            Observation::EventHeard { task } => self.heard(ground, seen, task, findings),
            Observation::EventUnheard { task, agent } => {
                if let Some(event) = self.events.get_mut(&task) {
                    event.unheard.push(agent);
                }
            }
            Observation::EventRouted { task } => self.routed(seen.node, task, findings),
            _ => {}
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        if !self.events.is_empty() {
            let counts = self.counts(ground).into_iter().zip(COUNTS);
            counts.for_each(|(count, (metric, _))| findings.record(metric, count));
        }
    }

    fn table(&self, ground: &Ground) -> Option<Table> {
        if self.events.is_empty() {
            return None;
        }
        let counts = self.counts(ground).into_iter().zip(COUNTS);
        let rows = counts.map(|(count, (_, name))| vec![name.to_owned(), count.to_string()]).collect();
        let columns = vec!["what".to_owned(), "value".to_owned()];
        Some(Table { title: "Events".to_owned(), columns, rows, omitted: 0 })
    }
}

#[cfg(test)]
mod tests {
    use Observation::{EventHeard, EventRouted, EventUnheard, Published};
    use protocol_testing::script::Script;
    use sim_core::registry::parameters::Parameter;

    use super::*;
    use crate::graph::Tasks;

    /// n1 coordinates; n2 and n3 subscribe to the topic of a.
    fn script() -> Script<Coordination, Events> {
        let tasks = serde_json::json!([{ "name": "a", "publishes": "built" }, { "name": "b" }]);
        let tasks = Tasks::read(&tasks).unwrap();
        let parameters = Parameters { tasks, subscribers: 2, ..Parameters::default() };
        let graph = Rc::new(Graph::of(&parameters, 1).unwrap());
        let mut script = Script::new(Events::new(&parameters, &graph, 5), 5);
        script.see(4, Published { task: 0 });
        script
    }

    #[test]
    fn every_subscriber_is_told_or_reported() {
        let mut all = script();
        all.see(1, EventHeard { task: 0 }).see(4, EventUnheard { task: 0, agent: NodeId(2) });
        all.see(4, EventRouted { task: 0 }).clean();
        let mut one = script();
        one.see(1, EventHeard { task: 0 }).see(4, EventRouted { task: 0 });
        one.found(
            "forgotten",
            "n5 is done with the event of a, of which n3 has not heard, which nobody reported",
        );
    }

    #[test]
    fn an_event_is_heard_once_in_a_life() {
        let mut lives = script();
        lives.see(1, EventHeard { task: 0 }).restart(1).see(1, EventHeard { task: 0 }).clean();
        lives.see(1, EventHeard { task: 0 }).found("twice", "n2 hears twice of the event of a");
    }

    #[test]
    fn events_are_of_publishers_and_for_subscribers() {
        script()
            .see(3, EventHeard { task: 0 })
            .found("stranger", "n4 hears of the event of a, and does not subscribe to that");
        script()
            .see(1, EventHeard { task: 1 })
            .found("invented", "n2 hears of an event of b, which was not published");
    }
}
