//! The commit rule: a leader concludes by counting only that entries of its own term are committed; those of earlier
//! terms are committed along with them (Raft paper, section 5.4.2 and figure 8).

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::process::Protocol;

use crate::vocabulary::RaftObservation;

/// Compares two terms; remembers nothing.
#[derive(Debug, Default)]
pub struct CommitTerm {}

impl CommitTerm {
    /// A leader of a term concludes that it is committed up to an index.
    #[inline(always)]
    pub(super) fn counted<P: Protocol>(
        &self,
        seen: &Seen<'_, P>,
        (index, entry_term): (u64, u64),
        term: u64,
        findings: &mut Findings,
    ) {
        findings.exercised();
        if entry_term != term {
            let node = seen.node;
            findings.accuse("", &[node], || {
                format!(
                    "{node}, leader of term {term}, committed index {index} of term {entry_term} by counting"
                )
            });
        }
    }
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for CommitTerm {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Committed"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let RaftObservation::Committed { index, entry_term, term, counted: true, .. } = *seen.observation
        else {
            return;
        };
        if !seen.honest {
            return;
        }
        self.counted(seen, (index, entry_term), term, findings);
    }
}

#[cfg(test)]
mod tests {
    use super::CommitTerm;
    use crate::safety::script::{Script, counted, told};
    use crate::vocabulary::RaftObservation;

    #[test]
    fn an_old_entry_committed_by_counting_is_found() {
        let mut script = Script::new(CommitTerm::default(), 3);
        script.see(0, counted(1, 11, 2)).clean();
        let old = RaftObservation::Committed { index: 2, hash: 12, entry_term: 2, term: 4, counted: true };
        script.see(0, old).found("", "n1, leader of term 4, committed index 2 of term 2 by counting");
        assert_eq!(script.exercised(), 2);
    }

    #[test]
    fn a_follower_may_be_told_of_an_old_entry() {
        let mut script = Script::new(CommitTerm::default(), 3);
        let old = RaftObservation::Committed { index: 2, hash: 12, entry_term: 2, term: 4, counted: false };
        script.see(1, old).see(1, told(3, 13, 4)).clean();
        assert_eq!(script.exercised(), 0);
    }
}
