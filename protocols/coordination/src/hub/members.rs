//! The registry: which agents there are, what they can do, and who was heard of when.

use gossip::swim::vocabulary::Status;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedSet;
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::leases::Watch;
use super::{Deed, Hub};
use crate::graph::TaskId;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation, Gathered,
};

/// An agent, as the hub knows it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) life: u64,
    pub(super) capabilities: u64,
    pub(super) places: u32,
    /// In whose place it is.
    pub(super) instead_of: Option<NodeId>,
    /// The number of its last beat, which its leases rest on.
    pub(super) sequence: u64,
    pub(super) heard: Time,
    pub(super) alive: bool,
    /// Until when it gets no task, since it could not go on with one.
    pub(super) rests: Time,
    pub(super) returned: u32,
    /// The tasks that it has.
    pub(super) tasks: OrderedSet<TaskId>,
}

/// Where an agent stands among those that have room: the first one gets the next task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standing {
    load: u32,
    /// How many tasks in a row it could not go on with. Who can go on is preferred to who comes first: with a few agents
    /// that reach neither platform nor sink, a task went around among them for ever.
    returned: u32,
    pub(super) agent: NodeId,
}

impl Member {
    fn standing(&self, agent: NodeId) -> Standing {
        Standing { load: self.tasks.len() as u32, returned: self.returned, agent }
    }
}

/// A beat, without whom it came from.
#[derive(Clone, Copy, Debug)]
pub struct Pulse<'a> {
    /// The number of the agent's life.
    pub life: u64,
    /// The number of the beat.
    pub sequence: u64,
    /// What it can do.
    pub capabilities: u64,
    /// How many tasks it has room for, those that it has included.
    pub places: u32,
    /// In whose place it is, if it stood by.
    pub instead_of: Option<NodeId>,
    /// What it holds.
    pub held: &'a [(TaskId, u64)],
}

impl<'a> Pulse<'a> {
    /// What somebody else passed on.
    pub fn of(beat: &'a Gathered) -> Self {
        let Gathered { life, sequence, capabilities, places, instead_of, ref held, .. } = *beat;
        Self { life, sequence, capabilities, places, instead_of, held }
    }
}

impl Hub {
    /// An agent is alive.
    pub fn beat(&mut self, from: NodeId, pulse: &Pulse<'_>, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        match self.members.get(&from) {
            None => self.register(from, pulse, cx),
            // What it had in its former life comes back with the leases: an old beat may be late.
            Some(member) if member.life != pulse.life => self.reborn(from, pulse, cx),
            Some(member) if !member.alive => {
                cx.observe(Observation::Back { agent: from });
                self.watch_for(now.saturating_add(self.parameters.dead_after), Watch::Agent(from), cx);
            }
            Some(_) => {}
        }
        // As long as it does not know what has ended, it takes nothing from anybody.
        let revoked = if self.opens.is_some() { self.renew(from, pulse.held, now, cx) } else { Vec::new() };
        if let Some(member) = self.members.get_mut(&from) {
            member.heard = now;
            // One that stood by has room later. An old beat may be late.
            if pulse.sequence >= member.sequence {
                (member.places, member.instead_of) = (pulse.places, pulse.instead_of);
            }
            member.alive = true;
            member.sequence = member.sequence.max(pulse.sequence);
        }
        self.speaks_again(from);
        self.enlist(from, now);
        let heard = Message::BeatHeard { sequence: pulse.sequence, revoked: revoked.into() };
        self.deeds.push(Deed::Send(from, heard));
        self.pump(cx);
    }

    fn register(&mut self, agent: NodeId, pulse: &Pulse<'_>, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        self.report_registered(agent, pulse, cx);
        let member = Member {
            life: pulse.life,
            capabilities: pulse.capabilities,
            places: pulse.places,
            instead_of: pulse.instead_of,
            sequence: pulse.sequence,
            heard: now,
            alive: true,
            rests: Time::ZERO,
            returned: 0,
            tasks: OrderedSet::new(),
        };
        self.members.insert(agent, member);
        self.watch_for(now.saturating_add(self.parameters.dead_after), Watch::Agent(agent), cx);
    }

    /// An agent started again.
    fn reborn(&mut self, agent: NodeId, pulse: &Pulse<'_>, cx: &mut Context<'_, Coordination>) {
        self.report_registered(agent, pulse, cx);
        self.leave(agent);
        if let Some(place) = self.called.remove(&agent) {
            self.replace(place, cx);
        }
        let was_lost = self.members.get(&agent).is_some_and(|member| !member.alive);
        if let Some(member) = self.members.get_mut(&agent) {
            (member.life, member.sequence) = (pulse.life, pulse.sequence);
            (member.capabilities, member.places) = (pulse.capabilities, pulse.places);
        }
        if was_lost {
            self.watch_for(
                cx.monotonic().saturating_add(self.parameters.dead_after),
                Watch::Agent(agent),
                cx,
            );
        }
    }

    /// The agent that the hub lives in does tasks, too; nobody needs to hear of it.
    pub fn employ_itself(&mut self, capabilities: u64, places: u32) {
        let member = Member {
            life: 0,
            capabilities,
            places,
            instead_of: None,
            sequence: 0,
            heard: Time::MAX,
            alive: true,
            rests: Time::ZERO,
            returned: 0,
            tasks: OrderedSet::new(),
        };
        self.members.insert(self.own, member);
        self.enlist(self.own, Time::ZERO);
    }

    /// An agent was not heard of for long enough: when it will be, if it was.
    pub(super) fn examine(&mut self, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let Some(member) = self.members.get_mut(&agent).filter(|member| member.alive) else { return };
        let over = member.heard.saturating_add(self.parameters.dead_after);
        if now < over {
            return self.watch_for(over, Watch::Agent(agent), cx);
        }
        if self.fallen.as_ref().is_some_and(|fallen| !fallen.contains(&agent)) {
            let again = now.saturating_add(self.parameters.heartbeat);
            return self.watch_for(again, Watch::Agent(agent), cx);
        }
        self.lose(agent, cx);
    }

    /// What the own member of SWIM holds of everybody has changed.
    pub fn told_of_membership(
        &mut self,
        all: impl Iterator<Item = (NodeId, Status)>,
        presides: bool,
        cx: &mut Context<'_, Coordination>,
    ) {
        let (mut fallen, mut dead) = (OrderedSet::new(), Vec::new());
        for (agent, status) in all.filter(|(_, status)| !matches!(status, Status::Alive | Status::Suspect)) {
            fallen.insert(agent);
            // Whom it never heard of, as one that has just started, is not dead.
            if status != Status::Unknown && self.members.get(&agent).is_some_and(|member| member.alive) {
                dead.push(agent);
            }
        }
        self.fallen = Some(fallen);
        if presides {
            dead.into_iter().for_each(|agent| self.lose(agent, cx));
        }
    }

    fn lose(&mut self, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        let Some(member) = self.members.get_mut(&agent) else { return };
        member.alive = false;
        cx.observe(Observation::Lost { agent });
        self.leave(agent);
        self.fell_silent(agent, cx);
        if self.plants.dead_is_gone {
            self.take_all_back(agent, cx);
        }
    }

    /// How long nothing was heard of an agent.
    pub(super) fn silence_of(&self, agent: NodeId, cx: &mut Context<'_, Coordination>) -> Duration {
        let now = cx.monotonic();
        let heard = self.members.get(&agent).map_or(self.began, |member| member.heard);
        now.since(heard)
    }

    /// What an agent had is ready again.
    pub(super) fn take_all_back(&mut self, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        let tasks: Vec<TaskId> =
            self.members.get(&agent).map(|member| member.tasks.iter().copied().collect()).unwrap_or_default();
        for task in tasks {
            let fence = self.leases[task as usize].map(|lease| lease.fence);
            if !fence.is_some_and(|fence| self.proposes_expiry(task, fence)) {
                self.take_back(task, cx);
            }
        }
    }

    /// An agent gets no task for a while, longer each time.
    pub(super) fn rest(&mut self, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        self.leave(agent);
        let Some(member) = self.members.get_mut(&agent) else { return };
        member.returned += 1;
        let pause = self.parameters.heartbeat.saturating_mul(1 << member.returned.min(6));
        member.rests = now.saturating_add(pause.min(Duration::from_secs(600)));
        let until = member.rests;
        self.watch_for(until, Watch::Rest(agent), cx);
    }

    /// An agent ended a task, with whatever result: it can go on with tasks.
    pub(super) fn went_on(&mut self, agent: NodeId, now: Time) {
        self.leave(agent);
        if let Some(member) = self.members.get_mut(&agent) {
            member.returned = 0;
        }
        self.enlist(agent, now);
    }

    /// An agent has room, or has none: where it stands among the free ones.
    pub(super) fn enlist(&mut self, agent: NodeId, now: Time) {
        self.leave(agent);
        let Some(member) = self.members.get(&agent) else { return };
        let has_room = (member.tasks.len() as u32) < member.places || self.plants.no_back_pressure;
        if member.alive && has_room && now >= member.rests {
            self.free.entry(member.capabilities).or_default().insert(member.standing(agent));
        }
    }

    /// An agent is not among the free ones any more.
    pub(super) fn leave(&mut self, agent: NodeId) {
        let Some(member) = self.members.get(&agent) else { return };
        if let Some(free) = self.free.get_mut(&member.capabilities) {
            free.remove(&member.standing(agent));
        }
    }
}
