//! Agents that stand by: they beat and have no room for tasks, until the coordinator calls one to take the place of an agent
//! that is gone. What that agent had comes to others under new fences, when its leases are over.
//!
//! An agent says in its beats in whose place it is, so that whoever coordinates next knows. When it starts again, it stands by again.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use super::Agent;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Whether an agent stands by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standby {
    /// It does tasks like anybody else.
    Never,
    /// It waits to be called.
    Waits,
    /// It is called to the place of this agent, and does tasks from then on.
    Called(NodeId, Time),
    /// It is in the place of this agent.
    Instead(NodeId),
}

impl Standby {
    pub(super) const fn new(stands_by: bool) -> Self {
        if stands_by { Self::Waits } else { Self::Never }
    }
}

/// Millionths of a dollar in a cent.
const CENT: u64 = 10_000;

impl Agent {
    /// The coordinator calls it to the place of somebody else.
    pub(super) fn take_the_place_of(&mut self, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        if self.standby == Standby::Waits {
            let delay = self.team.place.parameters.standby_delay;
            self.standby = Standby::Called(agent, cx.monotonic().saturating_add(delay));
        }
    }

    /// For how many tasks it has room, as its next beat says, and in whose place it is. The delay after a call ends with a beat.
    pub(super) fn room(&mut self, cx: &mut Context<'_, Coordination>) -> (u32, Option<NodeId>) {
        let parameters = &self.team.place.parameters;
        let places = parameters.slots + parameters.queue;
        if let Standby::Called(agent, from) = self.standby
            && cx.monotonic() >= from
        {
            self.standby = Standby::Instead(agent);
            cx.observe(Observation::Replaces { agent, cost: u64::from(parameters.standby_cents) * CENT });
        }
        match self.standby {
            Standby::Never => (places, None),
            Standby::Waits if self.team.plants.standby_has_room => (places, None),
            Standby::Waits => (0, None),
            Standby::Called(agent, _) => (0, Some(agent)),
            Standby::Instead(agent) => (places, Some(agent)),
        }
    }
}
