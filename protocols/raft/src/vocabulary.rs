//! What Raft servers and clients say, keep and report.

use std::rc::Rc;

use sim_core::digest::{Digest, hash_words};
use sim_core::facts;
use sim_core::facts::{Facts, Field, Visitor, show_facts};
use sim_core::identity::NodeId;
use sim_core::process::{Message, Observe, Summary};

use super::batch::Batch;
use super::configuration::Config;
use super::snapshot::Image;
use super::store::{Operation, Reply};

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

/// One place of the replicated log. Its content is hashed once, as it is made, and it is kept once, by every log, journal
/// and message that it passes through: so it never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry(Rc<Made>);

#[derive(Debug, PartialEq, Eq)]
struct Made {
    term: u64,
    command: Command,
    content: u64,
}

impl Entry {
    /// An entry of a leader of this term.
    pub fn new(term: u64, command: Command) -> Self {
        let content = hash_words(&[term, command.content()]);
        Self(Rc::new(Made { term, command, content }))
    }

    /// The term of the leader that made it.
    #[inline]
    pub fn term(&self) -> u64 {
        self.0.term
    }

    /// What it does.
    #[inline]
    pub fn command(&self) -> &Command {
        &self.0.command
    }

    /// A hash of term and command.
    #[inline]
    pub fn hash(&self) -> u64 {
        self.0.content
    }
}

impl Facts for Entry {
    const KINDS: &'static [&'static str] = &["Entry"];

    fn kind(&self) -> u8 {
        0
    }

    fn digest(&self, digest: &mut Digest) {
        digest.word(self.hash());
    }

    fn visit(&self, visitor: &mut dyn Visitor) {
        self.term().show("term", visitor);
        self.command().show("command", visitor);
    }
}

impl Field for Entry {
    #[inline]
    fn fold(&self, digest: &mut Digest) {
        digest.word(self.hash());
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        show_facts(self, name, visitor);
    }
}

facts! {
    /// What an entry does to the state machine.
    #[derive(PartialEq, Eq)]
    pub enum Command {
        /// Nothing: a new leader's first entry.
        Noop,
        /// A client's operation; the pair of client and sequence makes it happen once.
        Apply {
            /// Whose session.
            client: NodeId,
            /// Rises by one with each operation of the session.
            sequence: u64,
            /// What to do.
            operation: Operation,
        },
        /// Who votes from now on: nothing to the state machine.
        Config {
            /// The configuration.
            config: Config,
        },
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
            /// Which key.
            key: u64,
            /// How.
            by: ReadBy,
        },
        /// The answer to a read.
        ReadReply {
            /// Which of the client's operations.
            sequence: u64,
            /// The value; absent if unwritten.
            value: Option<u64>,
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
        InstallSnapshot {
            /// The leader's term.
            term: u64,
            /// The last index that the snapshot covers.
            index: u64,
            /// The term there.
            last_term: u64,
            /// The chained hash up to there.
            hash: u64,
            /// Which chunk, counted from zero.
            chunk: u64,
            /// How many there are.
            chunks: u64,
            /// Bytes in this chunk.
            bytes: u64,
            /// The configuration in force there.
            config: Config,
            /// What the chunks are of; complete with the last one.
            image: Image,
        },
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
    pub struct RaftRequest {
        /// What to do.
        pub operation: Operation,
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
        Snapshot {
            /// The last index that it covers.
            index: u64,
            /// The term there.
            term: u64,
            /// The chained hash up to there.
            hash: u64,
            /// The index before the first entry that is kept.
            base_index: u64,
            /// The term there.
            base_term: u64,
            /// The chained hash up to there.
            base_hash: u64,
            /// The configuration in force there.
            config: Config,
            /// The state machine.
            image: Image,
        },
    }
}

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

impl Message for RaftMessage {
    fn wire_size(&self) -> u32 {
        const HEADER: u32 = 40;
        const ENTRY: u32 = 48;
        match self {
            Self::AppendEntries { entries, .. } => {
                HEADER + 32 + ENTRY * u32::try_from(entries.len()).unwrap_or(u32::MAX / ENTRY / 2)
            }
            Self::RequestVote { .. } => HEADER + 25,
            Self::Vote { .. } => HEADER + 10,
            Self::AppendReply { .. } => HEADER + 17,
            Self::ClientRequest { .. } => HEADER + 34,
            Self::Forward { .. } => HEADER + 37,
            Self::ClientReply { .. } | Self::ReadReply { .. } => HEADER + 29,
            Self::TimeoutNow { .. } => HEADER + 8,
            Self::RequestTransferredVote { .. } => HEADER + 24,
            Self::Read { .. } => HEADER + 17,
            Self::Probe { .. } | Self::ProbeReply { .. } => HEADER + 16,
            Self::InstallSnapshot { bytes, .. } => {
                HEADER + 48 + u32::try_from(*bytes).unwrap_or(u32::MAX / 2)
            }
            Self::InstallReply { .. } => HEADER + 25,
            Self::Change { .. } => HEADER + 5,
            Self::ChangeReply { .. } => HEADER + 11,
        }
    }
}

impl Observe for RaftObservation {
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
            | Self::ConfigAppended { .. }
            | Self::Removed { .. } => Summary::default(),
            Self::SnapshotInstalled { index, hash, .. } => {
                Summary { position: Some(index), digest: Some(hash), ..Summary::default() }
            }
            Self::Transferring { to } => Summary { peer: Some(to), ..Summary::default() },
        }
    }
}
