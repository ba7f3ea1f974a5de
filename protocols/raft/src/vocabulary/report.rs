//! What servers report to checks and readers.

use sim_core::facts;
use sim_core::identity::NodeId;
use sim_core::process::{Observe, Summary};

use super::ReadBy;
use crate::configuration::Config;

facts! {
    /// What a server reports. Observations about its own log and term are made when its memory changes, before any hold;
    /// whether they are durable the world knows.
    pub enum RaftObservation {
        /// It came back with this much (also the first time, with nothing).
        Recovered {
            /// The term found.
            term: u64,
            /// The vote found.
            vote: Option<NodeId>,
            /// The last index found.
            last_index: u64,
            /// The chained hash up to it.
            hash: u64,
        },
        /// It takes no part: its disk is damaged, or it is no member of the cluster.
        Halted,
        /// Its term rose.
        TermSet {
            /// The new term.
            term: u64,
        },
        /// It follows.
        BecameFollower {
            /// In which term.
            term: u64,
        },
        /// It asks for pre-votes.
        BecamePreCandidate {
            /// In which term it would be a candidate.
            term: u64,
        },
        /// It asks for votes.
        BecameCandidate {
            /// In which term.
            term: u64,
        },
        /// It won an election.
        BecameLeader {
            /// Of which term.
            term: u64,
            /// Index of its last entry when it won.
            last_index: u64,
        },
        /// It gave its vote (also to itself).
        Voted {
            /// In which term.
            term: u64,
            /// To whom.
            candidate: NodeId,
        },
        /// It appended an entry.
        Appended {
            /// At which index.
            index: u64,
            /// Of which term.
            term: u64,
            /// The chained hash of the log up to and with it.
            hash: u64,
        },
        /// It dropped a conflicting suffix.
        Truncated {
            /// The first index gone.
            from: u64,
        },
        /// Its commit index rose.
        Committed {
            /// To which index.
            index: u64,
            /// The chained hash up to it.
            hash: u64,
            /// The term of the entry at that index.
            entry_term: u64,
            /// The server's current term.
            term: u64,
            /// Whether a leader concluded it by counting, rather than a follower being told.
            counted: bool,
        },
        /// It applied an entry.
        Applied {
            /// At which index.
            index: u64,
            /// The chained hash up to it.
            hash: u64,
            /// The state machine's digest afterwards.
            state: u64,
            /// Whose operation it was, if it was one.
            client: Option<NodeId>,
            /// Its place in the session; 0 if there is none.
            sequence: u64,
            /// Whether the session had seen it already, so that nothing was done.
            repeated: bool,
            /// A hash of what it came to, as the session remembers it; 0 if there is none.
            answer: u64,
        },
        /// A client returned what a server acknowledged.
        Acknowledged {
            /// Its place in the client's session.
            sequence: u64,
            /// The index that the server named.
            index: u64,
            /// A hash of the reply.
            answer: u64,
        },
        /// A leader begins to hand leadership over.
        Transferring {
            /// To whom.
            to: NodeId,
        },
        /// It answered a read that did not go through the log.
        ReadServed {
            /// Whose.
            client: NodeId,
            /// Its place in the client's session.
            sequence: u64,
            /// Up to which index it had applied.
            index: u64,
            /// In which term.
            term: u64,
            /// On what it rests.
            by: ReadBy,
        },
        /// It took a snapshot.
        SnapshotTaken {
            /// The last index that it covers.
            index: u64,
            /// The chained hash up to there.
            hash: u64,
            /// The state machine's digest.
            state: u64,
        },
        /// It keeps one more chunk of a snapshot that the leader sends, and not yet all.
        ChunkKept {
            /// The last index that the snapshot covers.
            index: u64,
            /// How many chunks it has.
            chunk: u64,
            /// How many there are.
            chunks: u64,
        },
        /// It replaced its state machine with a snapshot of the leader, or found one at boot.
        SnapshotInstalled {
            /// The last index that it covers.
            index: u64,
            /// The chained hash up to there.
            hash: u64,
            /// The state machine's digest.
            state: u64,
            /// The last index of its log.
            last_index: u64,
        },
        /// It appended a configuration, or found one at boot or in a snapshot, and uses it from now on.
        ConfigAppended {
            /// At which index.
            index: u64,
            /// In which term.
            term: u64,
            /// The configuration.
            config: Config,
        },
        /// A leader that is no voter any more stops leading.
        Removed {
            /// In which term.
            term: u64,
        },
    }
}

impl Observe for RaftObservation {
    const OPAQUE: &'static [&'static str] = &["Appended", "Applied", "Acknowledged"];

    fn summary(&self) -> Summary {
        let role = |role, rank| Summary { role: Some(role), rank: Some(rank), ..Summary::default() };
        match *self {
            Self::Recovered { term, .. } => role("follower", term),
            Self::Halted => Summary { role: Some("halted"), ..Summary::default() },
            Self::BecameFollower { term } => role("follower", term),
            Self::BecamePreCandidate { term } | Self::BecameCandidate { term } => role("candidate", term),
            Self::BecameLeader { term, .. } => role("leader", term),
            Self::TermSet { term } => Summary { rank: Some(term), ..Summary::default() },
            Self::Voted { term, candidate } => {
                Summary { rank: Some(term), peer: Some(candidate), ..Summary::default() }
            }
            Self::Committed { index, hash, .. } => {
                Summary { position: Some(index), digest: Some(hash), ..Summary::default() }
            }
            Self::Appended { .. }
            | Self::Truncated { .. }
            | Self::Applied { .. }
            | Self::Acknowledged { .. }
            | Self::ReadServed { .. }
            | Self::SnapshotTaken { .. }
            | Self::ChunkKept { .. }
            | Self::ConfigAppended { .. }
            | Self::Removed { .. } => Summary::default(),
            Self::SnapshotInstalled { index, hash, .. } => {
                Summary { position: Some(index), digest: Some(hash), ..Summary::default() }
            }
            Self::Transferring { to } => Summary { peer: Some(to), ..Summary::default() },
        }
    }
}
