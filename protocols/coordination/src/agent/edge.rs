//! An agent as a member of SWIM, by which a coordinator finds out who is lost, and an agent that claims tasks whom not to ask.
//!
//! All agents are members, also those of a core. What the coordinator's own member holds of the others replaces how long their beats
//! have been missing: whom some other agent still reaches is not lost. Leases rest on beats all the same.

use gossip::swim::member::Member;
use gossip::swim::vocabulary::Swim;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::part::{Part, PartPlace};
use sim_core::process::{Boot, Context, Factory, Input, Process};

use super::routing::send_all;
use super::{Agent, Boss, Team};
use crate::vocabulary::{Coordination, CoordinationMessage as Message};

/// A member of SWIM.
pub(super) struct Edge {
    swim: Part<Swim, Member>,
    /// What it held alive when the coordinator was told last.
    living: ContentHash,
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Edge").field("swim", self.swim.process()).finish()
    }
}

impl Edge {
    /// The member of an agent that starts, if agents are members.
    pub(super) fn new(boot: &Boot<'_, Coordination>, team: &Team) -> Option<Box<Self>> {
        let mut members = team.swim.clone()?;
        let place = PartPlace { number: 2, journals: 1..1 };
        let member = place.boot(boot, |boot: Boot<'_, Swim>| members.boot(boot));
        let living = member.living();
        Some(Box::new(Self { swim: Part::new(place, member), living }))
    }
}

impl Agent {
    /// Steps the member of SWIM in this agent, if the input is its own; else gives it back.
    pub(super) fn edge_step<'i>(
        &mut self,
        input: Input<'i, Coordination>,
        cx: &mut Context<'_, Coordination>,
    ) -> Option<Input<'i, Coordination>> {
        let Some(edge) = &self.edge else { return Some(input) };
        if matches!(input, Input::Start) {
            self.edge_input(Input::Start, cx);
            return Some(Input::Start);
        }
        match edge.swim.own(input) {
            Ok(own) => {
                own.into_iter().for_each(|own| self.edge_input(own, cx));
                None
            }
            Err(input) => Some(input),
        }
    }

    pub(super) fn edge_input(&mut self, input: Input<'_, Swim>, cx: &mut Context<'_, Coordination>) {
        let (node, team, relays) = (self.node, &self.team, &mut self.relays);
        let Some(edge) = &mut self.edge else { return };
        if matches!(input, Input::Message { .. }) {
            cx.work(team.place.parameters.voting);
        }
        let call = |member: &mut Member, cx: &mut Context<'_, Swim>| member.step(input, cx);
        edge.swim.call(cx, call, |to, inner, cx| {
            send_all((node, relays), team, to, Message::Membership { inner }, cx);
        });
        let living = edge.swim.process().living();
        if std::mem::replace(&mut edge.living, living) != living {
            self.tell_of_membership(cx);
        }
    }

    /// The coordinator in it, if there is one, or the claimant is told what the member holds of everybody.
    fn tell_of_membership(&mut self, cx: &mut Context<'_, Coordination>) {
        let presides = self.presides(cx);
        let Some(edge) = self.edge.take() else { return };
        let everybody = (0..self.team.agents).map(NodeId);
        let all = everybody.map(|agent| (agent, edge.swim.process().holds(agent)));
        if let Boss::Claimant(own) = &mut self.boss {
            own.told_of_membership(all, cx);
        } else if let Some(hub) = self.hub_mut() {
            hub.told_of_membership(all, presides, cx);
        }
        self.edge = Some(edge);
    }
}
