//! One role, one holder: no term has two leaders, no view two primaries.

use crate::check::{BySlot, Check, Findings, Lifecycle, Seen};
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::ordered::OrderedMap;
use crate::process::{Observe, Protocol};

/// Nobody but one is ever in a role in a rank (a term, a view, an epoch), over all time.
///
/// What says a role without a rank is in the rank that its process reported last since it booted. If it never reported any,
/// the protocol has a single rank: the role has one holder for ever.
#[derive(Debug)]
pub struct OnePerRank {
    role: &'static str,
    rank: BySlot<u64>,
    holder: OrderedMap<u64, NodeId>,
}

impl OnePerRank {
    /// Of this role, as [`Summary::role`](crate::process::Summary::role) has it.
    pub const fn of(role: &'static str) -> Self {
        Self { role, rank: BySlot::new(), holder: OrderedMap::new() }
    }
}

impl<P: Protocol> Check<P> for OnePerRank {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let summary = seen.observation.summary();
        let rank = self.rank.at(seen.slot);
        *rank = summary.rank.unwrap_or(*rank);
        if summary.role != Some(self.role) || !seen.honest {
            return;
        }
        findings.exercised();
        let first = *self.holder.entry(*rank).or_insert(seen.node);
        if first != seen.node {
            let message = format!("two in role {} of rank {rank}: {first} and {}", self.role, seen.node);
            findings.safety("", &[first, seen.node], message);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Wiped) {
            self.rank.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::{Fact, Script};
    use super::OnePerRank;

    #[test]
    fn two_holders_of_one_rank_are_found_however_far_apart() {
        let mut script = Script::new(OnePerRank::of("leader"), 3);
        script.see(0, Fact::Leads { rank: 4 }).see(1, Fact::Leads { rank: 5 }).crash(0, 0).clean();
        script.see(2, Fact::Follows { rank: 4 }).clean();
        script.see(2, Fact::Leads { rank: 4 }).found("", "two in role leader of rank 4: n1 and n3");
        assert_eq!(script.exercised(), 3);
    }

    #[test]
    fn a_role_without_a_rank_is_in_the_rank_that_was_reported_last() {
        let mut script = Script::new(OnePerRank::of("leader"), 3);
        script.see(0, Fact::Enters { rank: 1 }).see(0, Fact::Wins {});
        script.see(1, Fact::Enters { rank: 2 }).see(1, Fact::Wins {}).clean();
        script.see(2, Fact::Enters { rank: 2 }).see(2, Fact::Wins {});
        script.found("", "two in role leader of rank 2: n2 and n3");
        let mut only = Script::new(OnePerRank::of("leader"), 3);
        only.see(0, Fact::Wins {}).see(0, Fact::Wins {}).clean();
        only.see(1, Fact::Wins {}).found("", "two in role leader of rank 0: n1 and n2");
    }

    /// It wins again after a crash, somebody wins a lower rank late, and a traitor says what it likes.
    #[test]
    fn odd_and_correct() {
        let mut script = Script::new(OnePerRank::of("leader"), 3);
        script.see(0, Fact::Leads { rank: 4 }).restart(0).see(0, Fact::Leads { rank: 4 });
        script.see(1, Fact::Leads { rank: 9 }).see(2, Fact::Leads { rank: 6 });
        script.corrupt(1).see(1, Fact::Leads { rank: 4 }).clean();
    }
}
