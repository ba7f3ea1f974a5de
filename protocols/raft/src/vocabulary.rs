//! What Raft servers and clients say and keep; [`Entry`] is one of the log, [`RaftObservation`] what servers report.

use sim_core::facts;
use sim_core::identity::NodeId;
use sim_core::process::Message;

use super::batch::Batch;
use super::configuration::Config;
use super::snapshot::Image;
use objects::{Operation, Reply};

mod log_entry;
mod report;

pub use log_entry::{Command, Entry, Words};
pub use report::RaftObservation;

sim_core::vocabulary! {
    /// Raft with a key-value state machine.
    pub Raft {
        message: RaftMessage,
        timer: RaftTimer,
        request: RaftRequest,
        response: RaftResponse,
        record: RaftRecord,
        observation: RaftObservation,
    }
}

facts! {
    /// What servers and clients say to each other (Raft paper, figure 2).
    pub enum RaftMessage {
        /// A candidate asks for a vote; a pre-candidate asks whether it would get one (dissertation, 9.6).
        RequestVote {
            /// The candidate's term; of a pre-vote, the term it would have.
            term: u64,
            /// Index of its last entry.
            last_index: u64,
            /// Term of its last entry.
            last_term: u64,
            /// Whether this is a pre-vote.
            pre: bool,
        },
        /// The answer to a request for a vote.
        Vote {
            /// The voter's term; of a granted pre-vote, the term asked for.
            term: u64,
            /// Whether it is granted.
            granted: bool,
            /// Whether this answers a pre-vote.
            pre: bool,
        },
        /// Entries, or a heartbeat if there are none.
        AppendEntries {
            /// The leader's term.
            term: u64,
            /// Index of the entry before the new ones.
            prev_index: u64,
            /// Its term.
            prev_term: u64,
            /// The leader's commit index.
            commit: u64,
            /// The new entries, shared by all recipients.
            entries: Batch,
        },
        /// The answer to entries.
        AppendReply {
            /// The follower's term.
            term: u64,
            /// Whether the previous entry matched.
            success: bool,
            /// On success the highest index known to match; else a hint where the leader may try again.
            index: u64,
        },
        /// A client asks for an operation.
        ClientRequest {
            /// Its place in the client's session.
            sequence: u64,
            /// What to do.
            operation: Operation,
            /// Whether a server that does not lead should pass it on rather than say who leads: the client has tried.
            relay: bool,
        },
        /// A server passes a client's request on to the leader.
        Forward {
            /// Whose request.
            client: NodeId,
            /// Its place in the client's session.
            sequence: u64,
            /// What to do.
            operation: Operation,
        },
        /// A server answers a client.
        ClientReply {
            /// Which of the client's operations.
            sequence: u64,
            /// What came of it; absent if this server is not the leader.
            reply: Option<Reply>,
            /// Index of the log entry that carried it; 0 if absent.
            index: u64,
            /// Who may be the leader, if this server is not.
            leader: Option<NodeId>,
        },
        /// The leader of a term wants a follower to stand at once (dissertation, section 3.10).
        TimeoutNow {
            /// The leader's term.
            term: u64,
        },
        /// Whom the leader wants to succeed asks for a vote, also those who hear that leader.
        RequestTransferredVote {
            /// The candidate's term.
            term: u64,
            /// Index of its last entry.
            last_index: u64,
            /// Term of its last entry.
            last_term: u64,
        },
        /// A client reads without the log (dissertation, section 6.4).
        Read {
            /// Its place in the client's session.
            sequence: u64,
            /// What to read.
            operation: Operation,
            /// How.
            by: ReadBy,
        },
        /// The answer to a read.
        ReadReply {
            /// Which of the client's operations.
            sequence: u64,
            /// What was read.
            reply: Reply,
            /// The index that the server had applied.
            index: u64,
        },
        /// A leader asks whether it still leads.
        Probe {
            /// Its term.
            term: u64,
            /// Which time it asks in this term.
            round: u64,
        },
        /// The answer: it does.
        ProbeReply {
            /// The follower's term.
            term: u64,
            /// Which time the leader asked.
            round: u64,
        },
        /// A leader sends a chunk of its snapshot (dissertation, section 5.2).
        InstallSnapshot(Box<InstallSnapshot>),
        /// The answer to a chunk.
        InstallReply {
            /// The follower's term.
            term: u64,
            /// The last index that the snapshot covers.
            index: u64,
            /// The chunk that it awaits.
            chunk: u64,
            /// Whether it has all of it.
            done: bool,
        },
        /// An operator wants a server in or out (dissertation, chapter 4).
        Change {
            /// Whom.
            node: NodeId,
            /// Whether in.
            add: bool,
        },
        /// The answer, if it is done, or if another server leads.
        ChangeReply {
            /// Whom.
            node: NodeId,
            /// Whether in.
            add: bool,
            /// Whether it is so.
            done: bool,
            /// Who may be the leader, if this server is not.
            leader: Option<NodeId>,
        },
    }
}

facts! {
    /// A chunk of a snapshot, as a leader sends it.
    pub struct InstallSnapshot {
        /// The leader's term.
        pub term: u64,
        /// The last index that the snapshot covers.
        pub index: u64,
        /// The term there.
        pub last_term: u64,
        /// The chained hash up to there.
        pub hash: u64,
        /// Which chunk, counted from zero.
        pub chunk: u64,
        /// How many there are.
        pub chunks: u64,
        /// Bytes in this chunk.
        pub bytes: u64,
        /// The configuration in force there.
        pub config: Config,
        /// What the chunks are of; complete with the last one.
        pub image: Image,
    }
}

facts! {
    /// On what a read rests that does not go through the log.
    #[derive(Copy, PartialEq, Eq)]
    pub enum ReadBy {
        /// A majority was asked whether the leader still leads.
        Index,
        /// The leader has a lease.
        Lease,
        /// Nothing: any server answers at once.
        Stale,
    }
}

facts! {
    /// What a timer is for.
    #[derive(PartialEq, Eq)]
    pub enum RaftTimer {
        /// No leader was heard for too long.
        Election,
        /// A leader's heartbeat is due, or a candidate asks again.
        Heartbeat,
        /// A leader asks itself whether it still reaches a majority (check-quorum).
        Quorum,
        /// A failed sync is tried again.
        Disk,
        /// A client tries an operation again.
        Retry {
            /// Which one.
            sequence: u64,
        },
        /// A leader hands leadership over, or gives up doing so.
        Transfer,
        /// What is committed is applied.
        Apply,
        /// An operator asks for a change.
        Operate,
    }
}

facts! {
    /// What a workload asks of a client.
    #[derive(PartialEq, Eq)]
    pub enum RaftRequest {
        /// An operation on the objects.
        Operation {
            /// What to do.
            operation: Operation,
        },
        /// A server came, or left for good. Nothing of it goes through the log.
        Member {
            /// Who.
            node: NodeId,
            /// Whether it came.
            here: bool,
        },
    }
}

facts! {
    /// What a client returns.
    #[derive(PartialEq, Eq)]
    pub struct RaftResponse {
        /// What came of it.
        pub reply: Reply,
        /// Index of the log entry that carried it.
        pub index: u64,
    }
}

facts! {
    /// A snapshot in the journal.
    #[derive(PartialEq, Eq)]
    pub struct SnapshotRecord {
        /// The last index that it covers.
        pub index: u64,
        /// The term there.
        pub term: u64,
        /// The chained hash up to there.
        pub hash: u64,
        /// The index before the first entry that is kept.
        pub base_index: u64,
        /// The term there.
        pub base_term: u64,
        /// The chained hash up to there.
        pub base_hash: u64,
        /// The configuration in force there.
        pub config: Config,
        /// The state machine.
        pub image: Image,
    }
}

facts! {
    /// What the journal holds.
    #[derive(PartialEq, Eq)]
    pub enum RaftRecord {
        /// The current term and the vote in it.
        HardState {
            /// The term.
            term: u64,
            /// Who got the vote of this term.
            vote: Option<NodeId>,
        },
        /// An entry at an index; entries come in order.
        Entry {
            /// The index.
            index: u64,
            /// The entry.
            entry: Entry,
        },
        /// Entries from this index on are gone.
        Truncate {
            /// The first one gone.
            from: u64,
        },
        /// A snapshot; the entries that are kept follow.
        Snapshot(Box<SnapshotRecord>),
    }
}

impl Message for RaftMessage {
    fn wire_size(&self) -> u32 {
        const HEADER: u32 = 40;
        const ENTRY: u32 = 48;
        match self {
            Self::AppendEntries { entries, .. } => {
                let each = |entry: &Entry| ENTRY.saturating_add(entry.extra_bytes());
                entries.iter().map(each).fold(HEADER + 32, u32::saturating_add)
            }
            Self::RequestVote { .. } => HEADER + 25,
            Self::Vote { .. } => HEADER + 10,
            Self::AppendReply { .. } => HEADER + 17,
            Self::ClientRequest { operation, .. } => HEADER + 34 + operation.extra_bytes(),
            Self::Forward { operation, .. } => HEADER + 37 + operation.extra_bytes(),
            Self::ClientReply { reply: Some(reply), .. } | Self::ReadReply { reply, .. } => {
                HEADER + 29 + reply.extra_bytes()
            }
            Self::ClientReply { .. } => HEADER + 29,
            Self::TimeoutNow { .. } => HEADER + 8,
            Self::RequestTransferredVote { .. } => HEADER + 24,
            Self::Read { .. } => HEADER + 18,
            Self::Probe { .. } | Self::ProbeReply { .. } => HEADER + 16,
            Self::InstallSnapshot(chunk) => HEADER + 48 + u32::try_from(chunk.bytes).unwrap_or(u32::MAX / 2),
            Self::InstallReply { .. } => HEADER + 25,
            Self::Change { .. } => HEADER + 5,
            Self::ChangeReply { .. } => HEADER + 11,
        }
    }
}
