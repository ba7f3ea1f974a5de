//! What servers report in the scripts of checks.

use crate::vocabulary::{Raft, RaftObservation};

/// A script of servers.
pub(super) type Script<C> = protocol_testing::script::Script<Raft, C>;

/// It found this much on its disk.
pub(super) fn recovered(term: u64, last_index: u64, hash: u64) -> RaftObservation {
    RaftObservation::Recovered { term, vote: None, last_index, hash }
}

/// It appended an entry.
pub(super) fn appended(index: u64, term: u64, hash: u64) -> RaftObservation {
    RaftObservation::Appended { index, term, hash }
}

/// A leader of a term committed, by counting, up to an entry of its term.
pub(super) fn counted(index: u64, hash: u64, term: u64) -> RaftObservation {
    RaftObservation::Committed { index, hash, entry_term: term, term, counted: true }
}

/// A follower was told of a commit.
pub(super) fn told(index: u64, hash: u64, term: u64) -> RaftObservation {
    RaftObservation::Committed { index, hash, entry_term: term, term, counted: false }
}

/// It won an election.
pub(super) fn leads(term: u64, last_index: u64) -> RaftObservation {
    RaftObservation::BecameLeader { term, last_index }
}
