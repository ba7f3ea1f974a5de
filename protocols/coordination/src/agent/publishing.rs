//! Events: the success of a task, told to the agents that subscribe to its topic.
//!
//! Who subscribes to what is known before the start, so that whoever finished a task tells them itself, by letters: no broker can be lost.
//! Each subscriber hears of an event once in its life, or the publisher reports that it did not take it. What a publisher had not told
//! when it crashed is not told.

use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::process::Context;

use super::Agent;
use crate::graph::TaskId;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// What an agent published, and what it heard of.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// How many subscribers it still tries to tell of each.
    open: OrderedMap<TaskId, u32>,
    heard: OrderedSet<TaskId>,
}

impl Agent {
    /// A task of this agent succeeded: if it publishes on a topic, subscribers are told.
    pub(super) fn publish(&mut self, task: TaskId, cx: &mut Context<'_, Coordination>) {
        let team = self.team.clone();
        let own = team.place.graph.task(task);
        let Some(topic) = own.publishes else { return };
        cx.observe(Observation::Published { task });
        let parameters = &team.place.parameters;
        let subscribers = || parameters.subscribers_of(topic, team.agents).map(NodeId);
        // One more, until all letters are posted: some may be dropped meanwhile.
        self.events.open.insert(task, subscribers().count() as u32 + 1);
        for agent in subscribers() {
            if agent == self.node {
                self.hear_event(task, cx);
                self.event_ended(task, cx);
            } else {
                self.post(agent, Message::Event { letter: 0, task }, own.rank.priority(), cx);
            }
        }
        self.event_ended(task, cx);
    }

    /// It hears of an event.
    pub(super) fn hear_event(&mut self, task: TaskId, cx: &mut Context<'_, Coordination>) {
        if self.events.heard.insert(task) {
            cx.observe(Observation::EventHeard { task });
        }
    }

    /// A letter is given up; whether a subscriber is not told because of that.
    pub(super) fn event_unheard(
        &mut self,
        agent: NodeId,
        letter: &Message,
        cx: &mut Context<'_, Coordination>,
    ) {
        if let Message::Event { task, .. } = *letter {
            if !self.team.plants.event_dropped_silently {
                cx.observe(Observation::EventUnheard { task, agent });
            }
            self.event_ended(task, cx);
        }
    }

    /// A subscriber was told of an event, or is not told any more.
    pub(super) fn event_ended(&mut self, task: TaskId, cx: &mut Context<'_, Coordination>) {
        let Some(left) = self.events.open.get_mut(&task) else { return };
        *left -= 1;
        if *left == 0 {
            self.events.open.remove(&task);
            cx.observe(Observation::EventRouted { task });
        }
    }
}
