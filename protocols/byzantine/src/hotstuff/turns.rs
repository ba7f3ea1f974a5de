//! Who leads which view. Views begin with 1. A leader keeps several views in a row, its turn; then it is the next member's.
//!
//! Where the plan of a run has rounds, it may say who leads the first views. Each of these is a turn of its own.

use sim_core::identity::NodeId;

/// Who leads among so many members that keep so many views each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    members: u64,
    views: u64,
    /// Who leads the first views, where a plan says so.
    planned: Vec<Option<NodeId>>,
}

impl Turns {
    /// At least one member, and one view for each.
    pub fn new(members: u32, views: u64) -> Self {
        Self { members: u64::from(members.max(1)), views: views.max(1), planned: Vec::new() }
    }

    /// The same after views that these lead.
    #[must_use]
    pub fn after_planned(self, leaders: &[Option<NodeId>]) -> Self {
        Self { planned: leaders.to_vec(), ..self }
    }

    /// How many views a plan gives to leaders.
    const fn planned_views(&self) -> u64 {
        self.planned.len() as u64
    }

    /// Which turn a view belongs to, from 0.
    pub const fn turn(&self, view: u64) -> u64 {
        let (before, planned) = (view.saturating_sub(1), self.planned_views());
        if before < planned { before } else { planned + (before - planned) / self.views }
    }

    /// Who leads a view.
    pub fn leader(&self, view: u64) -> NodeId {
        let planned = usize::try_from(view.saturating_sub(1)).ok().and_then(|index| self.planned.get(index));
        let own = || {
            let turn = self.turn(view).checked_sub(self.planned_views());
            let turn = turn.unwrap_or_else(|| view.saturating_sub(1) / self.views);
            NodeId(u32::try_from(turn % self.members).unwrap_or(0))
        };
        planned.copied().flatten().unwrap_or_else(own)
    }

    /// The first view of the turn after that of a view. A liar may speak of any view, and none is after the last ones.
    pub const fn after(&self, view: u64) -> u64 {
        let (turn, planned) = (self.turn(view), self.planned_views());
        if turn < planned {
            return turn + 2;
        }
        let later = (turn - planned).saturating_add(1).saturating_mul(self.views);
        planned.saturating_add(later).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_keeps_its_views_and_the_next_one_follows() {
        let leaders = |views| (1..=9).map(|view| Turns::new(4, views).leader(view).0).collect::<Vec<_>>();
        assert_eq!(leaders(1), [0, 1, 2, 3, 0, 1, 2, 3, 0]);
        assert_eq!(leaders(4), [0, 0, 0, 0, 1, 1, 1, 1, 2]);
        assert_eq!([1, 4, 5, 8].map(|view| Turns::new(4, 4).after(view)), [5, 5, 9, 9]);
        assert_eq!([1, 2, 3].map(|view| Turns::new(4, 1).after(view)), [2, 3, 4]);
        assert_eq!([1, 4].map(|views| Turns::new(4, views).after(u64::MAX)), [u64::MAX; 2]);
    }

    #[test]
    fn planned_views_are_turns_of_their_own_and_the_others_follow() {
        let planned = [Some(NodeId(3)), None, Some(NodeId(3))];
        let turns = Turns::new(4, 2).after_planned(&planned);
        // The second view is nobody's by plan: n1 would lead it anyway, as it does the first two.
        assert_eq!((1..=8).map(|view| turns.leader(view).0).collect::<Vec<_>>(), [3, 0, 3, 0, 0, 1, 1, 2]);
        assert_eq!((1..=7).map(|view| turns.turn(view)).collect::<Vec<_>>(), [0, 1, 2, 3, 3, 4, 4]);
        assert_eq!((0..=7).map(|view| turns.after(view)).collect::<Vec<_>>(), [2, 2, 3, 4, 6, 6, 8, 8]);
        assert_eq!(turns.after(u64::MAX), u64::MAX);
        assert_eq!(Turns::new(4, 2).after_planned(&[]), Turns::new(4, 2));
    }
}
