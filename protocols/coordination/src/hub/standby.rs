//! An agent that is gone is replaced by one that stands by.
//!
//! Gone is what the witness says, and not merely silence: one that is cut off comes back by itself.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::{Deed, Hub};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

impl Hub {
    /// Calls an agent that stands by to the place of one that is gone, unless that has a substitute or stood by itself.
    pub(super) fn replace(&mut self, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        if self.parameters.standbys == 0 {
            return;
        }
        let gone = self.members.get(&agent);
        if gone.is_some_and(|gone| gone.alive) {
            return;
        }
        if gone.map_or(self.parameters.stands_by(agent.0, self.agents), |gone| gone.places == 0) {
            // It stood by. If it was called, somebody else is.
            let place = self.called.remove(&agent);
            return place.into_iter().for_each(|place| self.replace(place, cx));
        }
        let needs = gone.map_or(self.parameters.capabilities(agent.0, self.agents), |gone| gone.capabilities);
        let taken = self.called.values().any(|place| *place == agent)
            || self.members.values().any(|member| member.alive && member.instead_of == Some(agent));
        if taken {
            return;
        }
        let free = self.members.iter().find(|(node, member)| {
            let stands_by = self.parameters.stands_by(node.0, self.agents) && member.instead_of.is_none();
            let able = needs & !member.capabilities == 0;
            stands_by && able && member.alive && member.places == 0 && !self.called.contains_key(node)
        });
        let Some(standby) = free.map(|(node, _)| *node) else {
            return cx.observe(Observation::NobodyStandsBy { agent });
        };
        self.called.insert(standby, agent);
        cx.observe(Observation::Called { standby, agent });
        self.deeds.push(Deed::Post(standby, Message::Replace { letter: 0, agent }));
    }

    /// An agent that was called did not take the letter: another one is.
    pub fn not_called(&mut self, standby: NodeId, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        if self.called.remove(&standby).is_some() && self.is_in_office() {
            self.replace(agent, cx);
        }
    }
}
