//! Who gets which task: the first ready one that a free agent can do goes to the least loaded such agent; of those that are
//! loaded alike, to one that went on with what it had lately.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use super::leases::Lease;
use super::members::Standing;
use super::{Deed, Hub};
use crate::graph::{Namespaces, TaskId};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};
use crate::worker::Order;

impl Hub {
    /// Gives away what can be given away.
    pub(super) fn pump(&mut self, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        if self.board.ready() == 0 || !self.is_open(now) {
            return;
        }
        while let Some((task, agent)) = self.next_pair() {
            self.grant(task, agent, now, cx);
        }
    }

    /// The least loaded agent for which there is a task, and the task.
    fn next_pair(&mut self) -> Option<(TaskId, NodeId)> {
        let mut heads: Vec<(Standing, u64)> =
            self.free.iter().filter_map(|(can, free)| Some((*free.first()?, *can))).collect();
        heads.sort_unstable();
        if self.plants.namespace_ignored {
            heads.iter_mut().for_each(|(_, can)| *can |= Namespaces::ALL);
        }
        heads.into_iter().find_map(|(Standing { agent, .. }, can)| Some((self.board.pick(can)?, agent)))
    }

    fn grant(&mut self, task: TaskId, agent: NodeId, now: Time, cx: &mut Context<'_, Coordination>) {
        if self.proposes_grant(task, agent, cx) {
            return;
        }
        self.counter += 1;
        let fence = u64::from(self.epoch.unwrap_or_default()) << 32 | u64::from(self.counter);
        if agent == self.own {
            let attempt = self.report_grant(task, agent, fence, cx);
            self.lease(task, Lease { agent, fence, expires: Time::MAX }, cx);
            let order = Order { task, fence, attempt, lease_until: Time::MAX, named_from: 0 };
            return self.deeds.push(Deed::Take(order));
        }
        let expires = now.saturating_add(self.parameters.lease);
        self.lease(task, Lease { agent, fence, expires }, cx);
        self.tell_of_grant(task, agent, fence, cx);
    }

    /// Reports that an agent has a task; how many attempts failed before.
    fn report_grant(
        &self,
        task: TaskId,
        agent: NodeId,
        fence: u64,
        cx: &mut Context<'_, Coordination>,
    ) -> u32 {
        let attempt = self.board.failed_attempts(task);
        let now = cx.monotonic();
        let waited = now.since(self.board.ready_at(task).unwrap_or(now));
        cx.observe(Observation::Granted { task, fence, agent, attempt, waited });
        attempt
    }

    /// Reports that an agent has a task, and tells the agent, under the lease that its last beat renewed.
    pub(super) fn tell_of_grant(
        &mut self,
        task: TaskId,
        agent: NodeId,
        fence: u64,
        cx: &mut Context<'_, Coordination>,
    ) {
        let attempt = self.report_grant(task, agent, fence, cx);
        let sequence = self.members.get(&agent).map_or(0, |member| member.sequence);
        let grant = Message::Grant { letter: 0, task, fence, attempt, sequence };
        self.deeds.push(Deed::Post(agent, grant));
    }
}
