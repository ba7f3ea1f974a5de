//! Election safety: at most one leader in a term, over all time (Raft paper, section 5.2).

use std::collections::BTreeMap;

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::registry::Named;

use super::honest;
use crate::vocabulary::{Raft, RaftObservation};

/// What it is called and what it means.
pub const ABOUT: Named = Named {
    name: "raft/election-safety",
    about: "No term ever has two leaders, also not one after the other.",
};

/// Remembers the leader of each term.
#[derive(Debug, Default)]
pub struct ElectionSafety {
    leader_of: BTreeMap<u64, NodeId>,
    exercised: u64,
}

impl Check<Raft> for ElectionSafety {
    fn name(&self) -> &'static str {
        ABOUT.name
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["BecameLeader"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        let RaftObservation::BecameLeader { term, .. } = *seen.observation else { return };
        if !honest(ground, seen) {
            return;
        }
        self.exercised += 1;
        let first = *self.leader_of.entry(term).or_insert(seen.node);
        if first != seen.node {
            let message = format!("two leaders in term {term}: {first} and {}", seen.node);
            findings.safety(ABOUT.name, "", &[first, seen.node], message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ElectionSafety;
    use crate::safety::script::{Script, leads, recovered};

    #[test]
    fn two_leaders_of_one_term_are_found_however_far_apart() {
        let mut script = Script::new(ElectionSafety::default(), 3);
        script.see(0, leads(4, 0)).see(1, leads(5, 0)).see(2, leads(6, 0)).crash(0, 0).clean();
        script.see(1, leads(4, 0)).found("", "two leaders in term 4: n1 and n2");
        assert_eq!(script.check.exercised, 4);
    }

    #[test]
    fn a_leader_seen_twice_and_leaders_of_other_terms_are_fine() {
        let mut script = Script::new(ElectionSafety::default(), 3);
        script.see(0, leads(4, 0)).see(0, leads(4, 0)).see(1, leads(9, 0)).see(2, leads(6, 0));
        script.crash(0, 0).recover(0, recovered(4, 0, 0)).see(0, leads(4, 0)).clean();
    }

    #[test]
    fn a_traitor_may_say_what_it_likes() {
        let mut script = Script::new(ElectionSafety::default(), 3);
        script.see(0, leads(4, 0)).corrupt(1).see(1, leads(4, 0)).clean();
    }
}
