//! Leases: who has which task, under which fence, and until when.
//!
//! A beat renews what it names; a lease keeps one entry in the one queue of what is watched, looked at when it comes to
//! the front and put back if it was renewed.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use super::{Deed, Hub, WATCH};
use crate::board::State;
use crate::graph::TaskId;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation, CoordinationTimer as Timer};

/// A task that an agent has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) agent: NodeId,
    pub(super) fence: u64,
    pub(super) expires: Time,
}

/// What is looked at when its time comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Watch {
    /// Tasks may be given away.
    Opens,
    /// Whether the lease of a task under a fence is over.
    Lease(TaskId, u64),
    /// Agents have had their time to register.
    Registration,
    /// Whether an agent is lost.
    Agent(NodeId),
    /// An agent has rested.
    Rest(NodeId),
    /// The sink is asked for agents that are silent.
    Silence,
    /// Whether the note of a key and a version is still there, which has expired.
    Note(u32, u64),
}

impl Hub {
    /// The timer of all that is watched fired; unless it presides, it looks a little later.
    pub fn look(&mut self, presides: bool, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        self.armed = None;
        if !presides {
            if self.is_in_office() {
                cx.set_timer(WATCH, self.parameters.election_timeout / 4, Timer::Watch);
                self.armed = Some(now.saturating_add(self.parameters.election_timeout / 4));
            }
            return;
        }
        while let Some((_, what)) = self.watch.first().copied().filter(|(at, _)| *at <= now) {
            self.watch.pop_first();
            match what {
                // Who is missing was named when this step began.
                Watch::Opens | Watch::Registration => {}
                Watch::Lease(task, fence) => self.expire(task, fence, cx),
                Watch::Agent(agent) => self.examine(agent, cx),
                Watch::Rest(agent) => self.enlist(agent, now),
                Watch::Silence => self.ask_again_for_silent(cx),
                Watch::Note(key, version) => self.note_expires(key, version, cx),
            }
        }
        self.arm(cx);
        self.pump(cx);
    }

    pub(super) fn lease(&mut self, task: TaskId, lease: Lease, cx: &mut Context<'_, Coordination>) {
        self.leases[task as usize] = Some(lease);
        self.leave(lease.agent);
        if let Some(member) = self.members.get_mut(&lease.agent) {
            member.tasks.insert(task);
        }
        self.enlist(lease.agent, cx.monotonic());
        if lease.expires < Time::MAX {
            self.watch_for(lease.expires, Watch::Lease(task, lease.fence), cx);
        }
    }

    /// Nobody has a task any more.
    pub(super) fn release(&mut self, task: TaskId, cx: &mut Context<'_, Coordination>) -> Option<Lease> {
        let lease = self.leases[task as usize].take()?;
        self.leave(lease.agent);
        if let Some(member) = self.members.get_mut(&lease.agent) {
            member.tasks.remove(&task);
        }
        self.enlist(lease.agent, cx.monotonic());
        Some(lease)
    }

    fn expire(&mut self, task: TaskId, fence: u64, cx: &mut Context<'_, Coordination>) {
        let Some(lease) = self.leases[task as usize].filter(|lease| lease.fence == fence) else { return };
        if lease.expires > cx.monotonic() {
            return self.watch_for(lease.expires, Watch::Lease(task, fence), cx);
        }
        // Whoever had the task may have ended it, and may be unable to tell.
        self.deeds.push(Deed::Ask(self.known));
        if !self.plants.not_requeued && !self.proposes_expiry(task, fence) {
            self.take_back(task, cx);
            // Somebody else is to try first.
            self.rest(lease.agent, cx);
        }
    }

    /// A task is ready again, since the agent that had it is gone.
    pub(super) fn take_back(&mut self, task: TaskId, cx: &mut Context<'_, Coordination>) {
        if let Some(Lease { agent, fence, .. }) = self.release(task, cx) {
            if self.is_in_office() {
                cx.observe(Observation::Expired { task, fence, agent });
            }
            self.board.give_back(task, cx.monotonic(), self.plants.lock_not_freed);
            self.report(cx);
        }
    }

    /// Renews what an agent says that it holds; gives back the fences that are not its any more.
    pub(super) fn renew(
        &mut self,
        from: NodeId,
        held: &[(TaskId, u64)],
        now: Time,
        cx: &mut Context<'_, Coordination>,
    ) -> Vec<u64> {
        let expires = now.saturating_add(self.parameters.lease);
        let mut revoked = Vec::new();
        for (task, fence) in held {
            match self.leases[*task as usize] {
                Some(lease) if lease.fence == *fence => {
                    let over = self.office.as_ref().is_some_and(|office| office.is_closing(*fence));
                    if !over && !self.plants.lease_not_renewed {
                        self.leases[*task as usize] = Some(Lease { expires, ..lease });
                    }
                }
                None if self.may_adopt(*task, now) => {
                    self.board.assign(*task);
                    cx.observe(Observation::Adopted { task: *task, fence: *fence, agent: from });
                    self.lease(*task, Lease { agent: from, fence: *fence, expires }, cx);
                }
                _ => revoked.push(*fence),
            }
        }
        revoked
    }

    /// Whether an agent may go on with a task that it has from a former life of the hub.
    fn may_adopt(&self, task: TaskId, now: Time) -> bool {
        self.opens.is_some() && !self.is_open(now) && self.board.state(task) == State::Ready
    }
}
