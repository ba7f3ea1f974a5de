//! What must never happen in Raft, judged while a run happens; and what progress it owes.
//!
//! One checker per file. They read observations (and, for votes, messages) together with the world's own truth: who is
//! honest, and how far each disk really is. They never look into a server. What is not honest is not judged.
//!
//! An observation about a server's own log, term or vote is made when its memory changes and after the record was
//! appended to the journal. So the length of the journal at that moment is the *position* of that record, and the
//! world's mark says when the position is durable. A crash takes what is beyond the mark, and a checker has to forget
//! it as well: a vote or a term that nobody could see and no disk held was never given.

mod by_index;
mod by_slot;
pub mod commit_durable;
pub mod commit_monotone;
pub mod commit_term;
pub mod election_safety;
mod holding;
pub mod leader_append_only;
pub mod leader_completeness;
pub mod log_matching;
pub mod one_vote;
pub mod sessions;
pub mod state_machine_safety;
pub mod term_monotone;

#[cfg(test)]
mod script;

use sim_core::check::{Check, Seen};
use sim_core::ground::Ground;
use sim_core::registry::Named;

use super::vocabulary::Raft;

/// What is checked, in the order of [`checks`].
pub const CHECKS: &[Named] = &[
    election_safety::ABOUT,
    one_vote::ABOUT,
    term_monotone::ABOUT,
    commit_monotone::ABOUT,
    leader_append_only::ABOUT,
    log_matching::ABOUT,
    commit_durable::ABOUT,
    commit_term::ABOUT,
    state_machine_safety::ABOUT,
    leader_completeness::ABOUT,
    sessions::ABOUT,
];

/// Every check of Raft, fresh, for one run.
pub fn checks() -> Vec<Box<dyn Check<Raft>>> {
    vec![
        Box::new(election_safety::ElectionSafety::default()),
        Box::new(one_vote::OneVote::default()),
        Box::new(term_monotone::TermMonotone::default()),
        Box::new(commit_monotone::CommitMonotone::default()),
        Box::new(leader_append_only::LeaderAppendOnly::default()),
        Box::new(log_matching::LogMatching::default()),
        Box::new(commit_durable::CommitDurable::default()),
        Box::new(commit_term::CommitTerm::default()),
        Box::new(state_machine_safety::StateMachineSafety::default()),
        Box::new(leader_completeness::LeaderCompleteness::default()),
        Box::new(sessions::Sessions::default()),
    ]
}

/// Whether an observation comes from somebody who follows the protocol.
#[inline]
fn honest(ground: &Ground, seen: &Seen<'_, Raft>) -> bool {
    ground.place(seen.slot).honest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sim_core::facts::Facts;

    use super::{CHECKS, checks};
    use crate::vocabulary::RaftObservation;

    #[test]
    fn the_table_names_every_check_once_and_in_order() {
        let names: Vec<_> = CHECKS.iter().map(|named| named.name).collect();
        assert_eq!(checks().iter().map(|check| check.name()).collect::<Vec<_>>(), names);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| name.starts_with("raft/")));
    }

    /// Whoever says what it hears must not wait for anything else.
    #[test]
    fn every_kind_is_heard_by_somebody_and_every_check_hears_something() {
        let heard: BTreeSet<_> = checks().iter().filter_map(|check| check.hears()).flatten().collect();
        assert_eq!(heard, RaftObservation::KINDS.iter().collect());
        assert!(checks().iter().all(|check| check.hears().is_some_and(|kinds| !kinds.is_empty())));
    }

    #[test]
    fn nothing_is_exercised_before_anything_happens() {
        assert!(checks().iter().all(|check| check.exercised() == 0));
    }
}
