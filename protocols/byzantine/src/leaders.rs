//! Who leads which turn: each member in turn, as often as its power says, unless the plan of a run gives the turn to somebody.
//!
//! Turns count from 0. A plan with rounds speaks of turn 0 as round 1.

use sim_core::identity::NodeId;

use crate::power::Power;

/// Who leads among so many members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaders {
    members: u32,
    power: Power,
    /// Who leads the first turns, where a plan says so.
    planned: Vec<Option<NodeId>>,
}

impl Leaders {
    /// Members of this power, and what a plan says about their first turns.
    pub fn new(members: u32, power: Power, planned: &[Option<NodeId>]) -> Self {
        Self { members, power, planned: planned.to_vec() }
    }

    /// Who leads a turn.
    pub fn of(&self, turn: u64) -> NodeId {
        let planned = usize::try_from(turn).ok().and_then(|turn| self.planned.get(turn)).copied().flatten();
        planned.unwrap_or_else(|| self.power.turn(turn, self.members))
    }

    /// How many turns a plan speaks of: whoever leads these may be bad.
    pub fn planned(&self) -> u32 {
        u32::try_from(self.planned.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_comes_first_and_then_each_in_turn() {
        let leaders = Leaders::new(3, Power::EQUAL, &[Some(NodeId(2)), None, Some(NodeId(2))]);
        assert_eq!([0, 1, 2, 3, 4].map(|turn| leaders.of(turn).0), [2, 1, 2, 0, 1]);
        assert_eq!(leaders.planned(), 3);
        let heavy = Leaders::new(2, Power::listed(&[2, 1]).unwrap(), &[]);
        assert_eq!([0, 1, 2, 3].map(|turn| heavy.of(turn).0), [0, 0, 1, 0]);
    }
}
