//! What servers report in the scripts of checks.

use sim_core::check::Check;

use crate::raft::vocabulary::{Raft, RaftObservation};

/// A script of servers.
pub(super) type Script<C> = crate::script::Script<Raft, C>;

impl<C: Check<Raft>> Script<C> {
    /// A crashed server is back and reports what it found.
    pub(super) fn restart(&mut self, slot: u32, recovered: RaftObservation) -> &mut Self {
        self.boot(slot).see(slot, recovered)
    }
}

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
