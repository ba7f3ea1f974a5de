//! Log matching: two logs that hold an entry of the same index and term are equal up to there (Raft paper, section
//! 5.3). The hash of an entry covers everything before it, so that one comparison compares two whole prefixes.

use sim_core::check::neutral::{Prefix, Prefixes};
use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use crate::vocabulary::RaftObservation;
use sim_core::process::Protocol;

/// Remembers the first prefix seen for each index and term.
#[derive(Debug, Default)]
pub struct LogMatching {
    prefixes: Prefixes,
}

impl LogMatching {
    /// A server appends an entry of a term, with which its log has this hash.
    #[inline(always)]
    pub(super) fn appended(
        &mut self,
        node: NodeId,
        (index, term, hash): (u64, u64, u64),
        findings: &mut Findings,
    ) {
        findings.exercised();
        let first = self.prefixes.known_or(index, Prefix { rank: term, digest: hash, node });
        if first.digest != hash {
            let other = first.node;
            findings.accuse("", &[other, node], || {
                format!("the logs of {other} and {node} differ up to index {index} of term {term}")
            });
        }
    }
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for LogMatching {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Appended"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let RaftObservation::Appended { index, term, hash } = *seen.observation else { return };
        if !seen.honest {
            return;
        }
        self.appended(seen.node, (index, term, hash), findings);
    }
}

#[cfg(test)]
mod tests {
    use super::LogMatching;
    use crate::safety::script::{Script, appended, recovered};
    use crate::vocabulary::RaftObservation;

    #[test]
    fn unequal_prefixes_of_one_index_and_term_are_found() {
        let mut script = Script::new(LogMatching::default(), 3);
        script.write(0, appended(1, 1, 11)).write(0, appended(2, 1, 12)).write(1, appended(1, 1, 11)).clean();
        script.write(1, appended(2, 1, 92)).found("", "the logs of n1 and n2 differ up to index 2 of term 1");
        assert_eq!(script.exercised(), 4);
    }

    #[test]
    fn they_are_found_too_where_the_index_saw_another_term_first() {
        let mut script = Script::new(LogMatching::default(), 3);
        script.write(0, appended(1, 1, 11)).write(1, appended(1, 2, 21)).write(2, appended(1, 3, 31)).clean();
        script.write(0, appended(1, 2, 99)).found("", "the logs of n2 and n1 differ up to index 1 of term 2");
    }

    #[test]
    fn other_terms_and_repeated_appends_after_a_lost_tail_are_fine() {
        let mut script = Script::new(LogMatching::default(), 3);
        script.write(0, appended(1, 1, 11)).write(0, appended(2, 1, 12)).crash(0, 0);
        script.recover(0, recovered(1, 0, 0)).write(0, appended(1, 1, 11)).write(0, appended(2, 1, 12));
        script.write(1, appended(1, 2, 21)).write(1, RaftObservation::Truncated { from: 1 });
        script.write(1, appended(1, 1, 11)).clean();
    }
}
