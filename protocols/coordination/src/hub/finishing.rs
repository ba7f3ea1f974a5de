//! What an agent says that became of a task.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::{Deed, Hub};
use crate::board::State;
use crate::graph::TaskId;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation, Ending};

impl Hub {
    /// An agent has ended its work on a task under a fence.
    pub fn finished(
        &mut self,
        from: NodeId,
        (task, fence): (TaskId, u64),
        ending: Ending,
        cx: &mut Context<'_, Coordination>,
    ) {
        if self.epoch.is_none() && self.office.is_none() {
            return;
        }
        let now = cx.monotonic();
        let reports = self.is_in_office();
        let current = self.leases[task as usize].is_some_and(|lease| lease.fence == fence);
        if !current && !self.plants.no_fence {
            cx.observe(Observation::Stale { task, fence });
            // The sink may have taken it before somebody else got the task; then it has ended.
            if !matches!(ending, Ending::Attempt | Ending::Returned | Ending::Superseded)
                && !self.board.state(task).is_final()
            {
                self.deeds.push(Deed::Ask(self.known));
            }
            return;
        }
        match ending {
            Ending::Done | Ending::Failed => {
                self.release(task, cx);
                self.went_on(from, now);
                let state = if ending == Ending::Done { State::Done } else { State::Failed };
                self.board.end(task, state, now);
            }
            Ending::Attempt => {
                self.release(task, cx);
                let failed = self.board.failed_attempts(task) + 1;
                if !self.board.fail_attempt(task, now) && reports {
                    cx.observe(Observation::Retried { task, failed });
                }
            }
            Ending::Returned | Ending::Superseded => {
                self.release(task, cx);
                if reports {
                    cx.observe(Observation::Returned { task });
                }
                self.rest(from, cx);
                self.board.give_back(task, now, false);
            }
            Ending::Elsewhere => self.deeds.push(Deed::Ask(self.known)),
        }
        self.report(cx);
        if reports {
            self.pump(cx);
        }
    }
}
