//! Registration: the first beat of a life registers an agent in its namespace, with what it can do and for how many tasks it
//! has room. A coordinator names whoever has not registered within the deadline; who comes later is taken all the same.
//!
//! Whoever coordinates next knows nobody at first, and gives all of them as much time again.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::leases::Watch;
use super::{Hub, Pulse};
use crate::graph::Namespaces;
use crate::parameters::Parameters;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

impl Hub {
    /// It coordinates from now on: agents have until the deadline to register.
    pub(super) fn open_registration(&mut self, cx: &mut Context<'_, Coordination>) {
        self.began = cx.monotonic();
        let ends = self.began.saturating_add(self.parameters.register_within);
        self.registration_ends = Some(ends);
        self.watch_for(ends, Watch::Registration, cx);
    }

    pub(super) fn report_registered(
        &self,
        agent: NodeId,
        pulse: &Pulse<'_>,
        cx: &mut Context<'_, Coordination>,
    ) {
        let (capabilities, places) = (pulse.capabilities, pulse.places);
        let namespace = Namespaces::number(capabilities);
        cx.observe(Observation::Registered { agent, namespace, capabilities, places });
    }

    /// Names whoever has not registered, once the deadline is over. It does so before anything else in a step, so that it gives
    /// nothing away between the deadline and that.
    pub fn name_missing(&mut self, cx: &mut Context<'_, Coordination>) {
        if self.registration_ends.is_none_or(|ends| cx.monotonic() < ends) {
            return;
        }
        self.registration_ends = None;
        if self.plants.missing_unnamed {
            return;
        }
        let Parameters { register_within, dead_after, .. } = self.parameters;
        let missing =
            |agent: &NodeId| self.parameters.works(agent.0, self.agents) && !self.members.contains_key(agent);
        let missing: Vec<NodeId> = (0..self.agents).map(NodeId).filter(missing).collect();
        for agent in missing {
            cx.observe(Observation::Missing { agent });
            // The witness knows whether it is gone or cut off, once it was silent for long enough.
            if register_within >= dead_after {
                self.fell_silent(agent, cx);
            }
        }
    }
}
