//! Two sides of a split network that both decide.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Seen, Table, Verdict};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::time::Time;

use crate::graph::{Graph, TaskId};
use crate::parameters::Parameters;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// How many decisions the table shows.
const MOST_ROWS: usize = 20;

/// What was decided at a place of the order, by whom and when.
#[derive(Clone, Copy, Debug)]
struct Decided {
    at: Time,
    by: NodeId,
    slot: Slot,
    task: TaskId,
    agent: NodeId,
}

/// Compares what coordinators decide at the same place of the order.
///
/// It looks also where the policy for partitions gives up one order of decisions: that the network never splits for long is an
/// assumption of that policy, and this check says when it does not hold. A swarm that draws policies turns it off.
#[derive(Debug)]
pub struct SplitBrain {
    graph: Rc<Graph>,
    has_core: bool,
    verdict: Verdict,
    decided: OrderedMap<u64, Decided>,
    /// What was decided twice: the place, and both.
    twice: Vec<(u64, Decided, Decided)>,
    begun_again: u64,
}

impl SplitBrain {
    /// Nothing is decided.
    pub fn new(graph: &Rc<Graph>, parameters: &Parameters) -> Self {
        Self {
            graph: graph.clone(),
            has_core: parameters.strategy.has_core(),
            verdict: if parameters.gives().one_order { Verdict::Safety } else { Verdict::Assumption },
            decided: OrderedMap::new(),
            twice: Vec::new(),
            begun_again: 0,
        }
    }
}

impl Check<Coordination> for SplitBrain {
    fn hears(&self) -> Option<&'static [&'static str]> {
        if self.has_core { Some(&["Granted", "BeganAgain"]) } else { Some(&[]) }
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        let (by, slot) = (seen.node, seen.slot);
        let Observation::Granted { task, fence, agent, .. } = *seen.observation else {
            self.begun_again += 1;
            return;
        };
        findings.exercised();
        let decided = Decided { at: ground.now, by, slot, task, agent };
        let first = *self.decided.entry(fence).or_insert(decided);
        if first.slot == slot || (first.task, first.agent) == (task, agent) {
            return;
        }
        self.twice.push((fence, first, decided));
        let name = |task| self.graph.name(task);
        let message = format!(
            "{} and {by} both decide, each for its own side of the network: decision {fence} gives {} to {} on one side, and \
             {} to {agent} on the other",
            first.by,
            name(first.task),
            first.agent,
            name(task)
        );
        findings.found(self.verdict, "", &[first.by, by], message);
    }

    fn finish(&mut self, _: &Ground, findings: &mut Findings) {
        if self.has_core {
            findings.record("decisions_made_twice", self.twice.len() as u64);
            findings.record("members_begun_again", self.begun_again);
        }
    }

    fn table(&self, _: &Ground) -> Option<Table> {
        let told = |own: &Decided| {
            format!(
                "{} to {}, by {} at {}",
                self.graph.name(own.task),
                own.agent,
                own.by,
                own.at.since(Time::ZERO).told()
            )
        };
        let row =
            |(place, one, other): &(u64, Decided, Decided)| vec![place.to_string(), told(one), told(other)];
        let rows: Vec<_> = self.twice.iter().take(MOST_ROWS).map(row).collect();
        let columns = ["decision", "one side gives", "the other side gives"].map(str::to_owned).to_vec();
        let omitted = self.twice.len() - rows.len();
        let title = "What both sides of the split decided".to_owned();
        (!rows.is_empty()).then_some(Table { title, columns, rows, omitted: omitted as u64 })
    }
}
