//! What a home does: it keeps the claims of its tasks, and answers for them.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use super::claims::MOST_DOUBLED;
use super::{Claimant, SmallMessage, Wish};
use crate::graph::TaskId;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation, Ending};

/// Who has a task, as a home knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    /// Nobody that this home knows, if the sink has seen a later fence than the one that it gave.
    pub(super) agent: Option<NodeId>,
    pub(super) fence: u64,
    pub(super) until: Time,
    /// Which question it answers, so that one that comes twice is answered alike.
    pub(super) sequence: u64,
}

impl Claim {
    /// Whether it lasts until the agent says something (plant S09).
    fn is_unconfirmed(&self) -> bool {
        self.until == Time::MAX
    }
}

impl Claimant {
    /// As a home: somebody wants a task.
    pub(super) fn wanted(
        &mut self,
        from: NodeId,
        task: TaskId,
        sequence: u64,
        cx: &mut Context<'_, Coordination>,
    ) {
        // One that the sink gives no epoch says nothing, so that the next home is asked.
        let (now, Some(epoch)) = (cx.monotonic(), self.epoch) else { return };
        let known = self.claims.get(&task).copied().filter(|claim| claim.until > now);
        let wait = match known {
            _ if now < self.closed => Some(self.closed.since(now)),
            _ if self.has_ended(task) => Some(self.parameters.poll),
            Some(claim) if claim.agent != Some(from) && claim.is_unconfirmed() => Some(self.parameters.lease),
            Some(claim) if claim.agent != Some(from) => Some(claim.until.since(now)),
            _ => None,
        };
        if let Some(wait) = wait {
            return self.say(from, SmallMessage::Taken(task, 0, wait), cx);
        }
        let again = known.filter(|claim| claim.sequence == sequence);
        let fence = again.map_or_else(
            || {
                self.counter += 1;
                u64::from(epoch) << 32 | u64::from(self.counter)
            },
            |claim| claim.fence,
        );
        self.grant(from, (task, fence), sequence, cx);
        self.take_for_begun(task, from);
    }

    /// Plant S09: a thief counts as begun, for good, whether or not it hears that it may.
    pub(super) fn take_for_begun(&mut self, task: TaskId, agent: NodeId) {
        let steals = !self.common.homes.of_task(task).contains(&agent);
        if let Some(claim) = self.claims.get_mut(&task)
            && steals
            && self.common.plants.steal_unconfirmed
        {
            claim.until = Time::MAX;
        }
    }

    /// As a home: somebody has a task, and wants to keep it.
    pub(super) fn kept(
        &mut self,
        from: NodeId,
        (task, fence): (TaskId, u64),
        sequence: u64,
        cx: &mut Context<'_, Coordination>,
    ) {
        let now = cx.monotonic();
        let other = self.claims.get(&task).copied().filter(|claim| claim.until > now && claim.fence > fence);
        match other {
            Some(claim) => self.say(from, SmallMessage::Taken(task, fence, claim.until.since(now)), cx),
            None => self.grant(from, (task, fence), sequence, cx),
        }
    }

    fn grant(
        &mut self,
        agent: NodeId,
        (task, fence): (TaskId, u64),
        sequence: u64,
        cx: &mut Context<'_, Coordination>,
    ) {
        let until = cx.monotonic().saturating_add(self.parameters.lease);
        self.claims.insert(task, Claim { agent: Some(agent), fence, until, sequence });
        self.note(task, fence, Some(agent));
        let attempt = self.failed.get(&task).copied().unwrap_or_default();
        self.say(agent, SmallMessage::Claimed(task, fence, attempt, sequence), cx);
    }

    /// Tells the other homes.
    fn note(&mut self, task: TaskId, fence: u64, agent: Option<NodeId>) {
        let common = self.common.clone();
        for other in common.homes.of_task(task).iter().filter(|other| **other != self.own) {
            self.wishes.push(Wish::Send(*other, SmallMessage::Noted(task, fence, agent)));
        }
    }

    /// As a home: somebody has ended its work on a task.
    pub fn released(&mut self, task: TaskId, fence: u64, ending: Ending, cx: &mut Context<'_, Coordination>) {
        let current = self.claims.get(&task).is_some_and(|claim| claim.fence == fence);
        if !current || self.has_ended(task) {
            return;
        }
        match ending {
            // The sink tells of that; nobody is to begin meanwhile.
            Ending::Done | Ending::Failed | Ending::Elsewhere => return,
            Ending::Attempt => {
                let failed = self.failed.entry(task).or_default();
                *failed += 1;
                let failed = *failed;
                cx.observe(Observation::Retried { task, failed });
            }
            Ending::Returned => cx.observe(Observation::Returned { task }),
            Ending::Superseded => return self.overtake(task, fence, cx),
        }
        self.claims.remove(&task);
        self.note(task, fence, None);
    }

    /// Somebody whom another home let have a task may still work on it: it has a lease, and twice as long each time, or homes
    /// that do not hear each other would take a long task from each other's agents for ever. And this home needs higher fences, or
    /// the sink refuses whoever has the task from it for ever.
    fn overtake(&mut self, task: TaskId, fence: u64, cx: &mut Context<'_, Coordination>) {
        let times = self.overtaken.entry(task).or_default();
        let wait = self.parameters.lease.saturating_mul(1 << (*times).min(MOST_DOUBLED));
        *times += 1;
        let until = cx.monotonic().saturating_add(wait);
        self.claims.insert(task, Claim { agent: None, fence, until, sequence: 0 });
        if self.epoch.is_some_and(|epoch| u64::from(epoch) == fence >> 32) {
            self.wishes.push(Wish::Open);
        }
    }
}
