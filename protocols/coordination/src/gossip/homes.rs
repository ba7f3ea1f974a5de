//! Which agents keep the claims of a task: the first three by rendezvous hashing (Thaler and Ravishankar 1998), so that everybody
//! finds them alone, and the loss of an agent moves its own tasks only.

use sim_core::identity::NodeId;
use sim_core::random::{Keyed, Purpose};

use crate::graph::TaskId;

/// How many agents keep the claims of a task.
pub const HOMES: usize = 3;
/// How many agents stand in the order in which they are asked, the homes included. If none of them answers, an agent asks nobody.
const RANKED: usize = 8;
/// What tells this hash from other uses of the same keys.
const LABEL: u64 = 0x686f_6d65;

/// The order in which agents are asked about each task.
#[derive(Clone, Debug, Default)]
pub struct Homes {
    ranked: Vec<NodeId>,
    each: usize,
}

impl Homes {
    /// The homes of so many tasks among so many agents.
    pub fn of(tasks: usize, agents: u32, seed: u64) -> Self {
        let keyed = Keyed::new(seed, Purpose::Identity).labeled(LABEL);
        let each = RANKED.min(agents as usize);
        let mut ranked = Vec::with_capacity(tasks * each);
        let mut best: Vec<(u64, u32)> = Vec::with_capacity(each + 1);
        for task in 0..tasks as u64 {
            best.clear();
            for agent in 0..agents {
                let weight = keyed.word(task, agent.into());
                let place = best.partition_point(|(other, _)| *other >= weight);
                if place < each {
                    best.insert(place, (weight, agent));
                    best.truncate(each);
                }
            }
            ranked.extend(best.iter().map(|(_, agent)| NodeId(*agent)));
        }
        Self { ranked, each }
    }

    /// Whom to ask about a task, first to last.
    pub fn ranked(&self, task: TaskId) -> &[NodeId] {
        &self.ranked[task as usize * self.each..][..self.each]
    }

    /// The homes of a task.
    pub fn of_task(&self, task: TaskId) -> &[NodeId] {
        &self.ranked(task)[..HOMES.min(self.each)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_not_lost_keeps_its_tasks() {
        let (all, fewer) = (Homes::of(500, 20, 1), Homes::of(500, 19, 1));
        for task in 0..500 {
            let [before, after] = [&all, &fewer].map(|homes| homes.ranked(task).to_vec());
            let stays: Vec<NodeId> = before.iter().copied().filter(|agent| agent.0 != 19).collect();
            assert!(after.starts_with(&stays));
        }
    }

    #[test]
    fn tasks_are_spread_over_all_agents() {
        let homes = Homes::of(3_000, 10, 7);
        for agent in 0..10 {
            let first = (0..3_000).filter(|task| homes.of_task(*task)[0].0 == agent).count();
            assert!((220..380).contains(&first), "{first}");
        }
        assert_eq!(Homes::of(1, 2, 7).of_task(0).len(), 2);
    }
}
