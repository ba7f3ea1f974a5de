//! No two live leases of one task, in true time.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use crate::graph::TaskId;
use crate::ledger::Ledger;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Looks at who else has a task when somebody begins with it.
///
/// A lease is live until the agent says that it dropped the task, crashes, or its time is over in truth. The ledger has
/// noted this beginning already.
#[derive(Debug)]
pub struct LiveLeases {
    ledger: Ledger,
    /// Whether the strategy gives that; else it is counted.
    exclusive: bool,
    /// Tasks that were begun with each lock, those that nobody has any more perhaps among them; nothing where locks are not given.
    locks: Vec<Vec<TaskId>>,
    twice: u64,
}

impl LiveLeases {
    /// Reads this ledger.
    pub const fn new(ledger: Ledger, exclusive: bool) -> Self {
        Self { ledger, exclusive, locks: Vec::new(), twice: 0 }
    }

    /// The same; whether the strategy gives locks to one task at a time, too.
    #[must_use]
    pub fn with_locks(mut self, given: bool) -> Self {
        let count = self.ledger.read().board.graph().locks;
        self.locks = vec![Vec::new(); if given { count as usize } else { 0 }];
        self
    }

    /// Somebody begins a task: another one may have its lock. One that is over needs it no more, even if its agent has not heard so.
    fn takes_lock(&mut self, ground: &Ground, (node, task): (NodeId, TaskId), findings: &mut Findings) {
        let ledger = self.ledger.read();
        let graph = ledger.board.graph();
        let Some(lock) = graph.task(task).lock else { return };
        let Some(others) = self.locks.get_mut(lock as usize) else { return };
        findings.exercised();
        others.retain(|other| {
            *other != task && !ledger.is_settled(*other) && ledger.holders(*other).next().is_some()
        });
        let live = |other: TaskId| ledger.holders(other).find(|(_, run)| run.until > ground.now);
        if let Some((other, (slot, _))) = others.iter().find_map(|other| Some((*other, live(*other)?))) {
            let holder = ground.place(slot).node;
            let [name, other] = [task, other].map(|task| graph.name(task));
            let message =
                format!("{node} begins {name}, and {holder} has {other}, which needs the same lock");
            findings.safety("lock", &[node, holder], message);
        }
        others.push(task);
    }
}

impl Check<Coordination> for LiveLeases {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        let Observation::Started { task, .. } = *seen.observation else { return };
        findings.exercised();
        self.takes_lock(ground, (seen.node, task), findings);
        let ledger = self.ledger.read();
        let other = ledger.holders(task).find(|(slot, run)| *slot != seen.slot && run.until > ground.now);
        self.twice += u64::from(other.is_some());
        if let Some((slot, run)) = other.filter(|_| self.exclusive) {
            let other = ground.place(slot).node;
            let name = ledger.board.graph().name(task);
            let left = run.until.since(ground.now).told();
            let still = if run.until == sim_core::time::Time::MAX {
                String::new()
            } else {
                format!(" for {left} more")
            };
            let message = format!("{} begins {name}, which {other} still has{still}", seen.node);
            findings.safety("", &[seen.node, other], message);
        }
    }

    fn finish(&mut self, _: &Ground, findings: &mut Findings) {
        findings.record("tasks_begun_while_held", self.twice);
    }
}
