//! Election safety: at most one leader in a term, over all time (Raft paper, section 5.2).

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::Protocol;

use crate::vocabulary::RaftObservation;

/// Remembers the leader of each term.
#[derive(Debug, Default)]
pub struct ElectionSafety {
    leader_of: OrderedMap<u64, NodeId>,
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for ElectionSafety {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["BecameLeader"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let RaftObservation::BecameLeader { term, .. } = *seen.observation else { return };
        if !seen.honest {
            return;
        }
        findings.exercised();
        let first = *self.leader_of.entry(term).or_insert(seen.node);
        if first != seen.node {
            let message = format!("two leaders in term {term}: {first} and {}", seen.node);
            findings.safety("", &[first, seen.node], message);
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
        assert_eq!(script.exercised(), 4);
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
