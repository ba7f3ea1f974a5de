//! Who leads which view. Views begin with 1. A leader keeps several views in a row, its turn; then it is the next member's.

use sim_core::identity::NodeId;

/// Who leads among so many members that keep so many views each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turns {
    members: u64,
    views: u64,
}

impl Turns {
    /// At least one member, and one view for each.
    pub fn new(members: u32, views: u64) -> Self {
        Self { members: u64::from(members.max(1)), views: views.max(1) }
    }

    /// Which turn a view belongs to, from 0.
    pub const fn turn(self, view: u64) -> u64 {
        view.saturating_sub(1) / self.views
    }

    /// Who leads a view.
    pub fn leader(self, view: u64) -> NodeId {
        NodeId(u32::try_from(self.turn(view) % self.members).unwrap_or(0))
    }

    /// The first view of the turn after that of a view. A liar may speak of any view, and none is after the last ones.
    pub const fn after(self, view: u64) -> u64 {
        (self.turn(view).saturating_add(1)).saturating_mul(self.views).saturating_add(1)
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
}
