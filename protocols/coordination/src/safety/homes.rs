//! A home lets one agent at a time have a task.

use sim_core::check::{Check, Findings, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::time::{Duration, Time};

use super::said;
use crate::graph::TaskId;
use crate::ledger::Ledger;
use crate::parameters::{CLOCK_DRIFT_PPM, Parameters, Strategy};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// What a home said last of a task.
#[derive(Clone, Copy, Debug)]
struct Word {
    agent: NodeId,
    fence: u64,
    at: Time,
    /// In which life of its slot.
    life: u32,
}

/// Looks at what homes say to agents: homes that do not hear each other may let several agents have one task, but none of them contradicts
/// itself, also not over a crash.
///
/// In true time, with more room than clocks may drift. What a home lets itself have is not said.
#[derive(Debug)]
pub struct Homes {
    ledger: Ledger,
    applies: bool,
    /// How long an agent counts on what it was told.
    lease: Duration,
    /// Fences of this epoch and of those before may belong to a home in its first life, which has promised nothing before.
    first_epochs: u64,
    words: OrderedMap<(NodeId, TaskId), Word>,
    /// The highest fence of each task that anybody was let have.
    highest: Vec<u64>,
    known: OrderedSet<(TaskId, u64)>,
    /// Work that is over, whether or not the home has heard that.
    ended: OrderedSet<(TaskId, u64)>,
}

impl Homes {
    /// Nobody has anything.
    pub fn new(parameters: &Parameters, agents: u32, drift_ppm: u32, ledger: Ledger) -> Self {
        let tasks = ledger.read().board.graph().len();
        Self {
            applies: parameters.strategy == Strategy::Gossip && agents > 1 && drift_ppm <= CLOCK_DRIFT_PPM,
            lease: parameters.lease / 16 * 15,
            first_epochs: agents.into(),
            words: OrderedMap::new(),
            highest: vec![0; tasks],
            known: OrderedSet::new(),
            ended: OrderedSet::new(),
            ledger,
        }
    }

    fn knows(&mut self, task: TaskId, fence: u64) -> bool {
        let highest = &mut self.highest[task as usize];
        *highest = fence.max(*highest);
        !self.known.insert((task, fence))
    }

    fn lets_have(
        &mut self,
        (now, life): (Time, u32),
        (home, agent): (NodeId, NodeId),
        (task, fence): (TaskId, u64),
        findings: &mut Findings,
    ) {
        findings.exercised();
        let highest = self.highest[task as usize];
        let new = !self.knows(task, fence);
        let before = self.words.insert((home, task), Word { agent, fence, at: now, life });
        let Some(before) = before.filter(|before| before.agent != agent) else { return };
        let lasted = now.since(before.at);
        let ledger = self.ledger.read();
        let over = self.ended.contains(&(task, before.fence)) || ledger.is_settled(task);
        if lasted >= self.lease || before.fence != highest || over {
            return;
        }
        // A home that starts again lets agents keep what they have, and gives nothing away for as long as a lease.
        let contradicts = match (new, before.life == life) {
            (true, same) => same || fence >> 32 > self.first_epochs,
            (false, same) => same && fence < before.fence,
        };
        if contradicts {
            let (name, other) = (ledger.board.graph().name(task), before.agent);
            let left = Duration::from_nanos(self.lease.as_nanos() - lasted.as_nanos()).told();
            let message =
                format!("{home} lets {agent} have {name}, which {other} may count on for {left} more");
            findings.safety("", &[home, agent, other], message);
        }
    }
}

impl Check<Coordination> for Homes {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(if self.applies { &["Started", "Ended"] } else { &[] })
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, _: &mut Findings) {
        match *seen.observation {
            Observation::Started { task, fence, .. } => drop(self.knows(task, fence)),
            Observation::Ended { task, fence } => drop(self.ended.insert((task, fence))),
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        if self.applies { &["Claimed", "Relay"] } else { &[] }
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &Message,
        findings: &mut Findings,
    ) {
        if let Some((agent, &Message::Claimed { task, fence, .. })) = said(from, to, message) {
            let life = ground.place(ground.stepping).incarnation;
            self.lets_have((ground.now, life), (from, agent), (task, fence), findings);
        }
    }
}
