//! Where the two differ, and why that is no fault of either. Each is as narrow as the situation that it is about: an event
//! in which it would show is not let happen to either side, or what one side says beyond the other is left out. How often
//! each came up is counted, and a difference that never comes up fails the test: then it has no place here.

use std::collections::BTreeMap;

/// A difference that is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// The crate does not answer a request for a vote of an earlier term. Ours refuses it and tells its term, so that the
    /// candidate need not wait for its next timeout. The refusal is left out.
    SilentOnOldVotes,
    /// The crate does not answer a request for a pre-vote while it hears a leader. Ours refuses it. The refusal is left out.
    SilentWhileProtected,
    /// Without pre-vote and check-quorum, the crate does not answer entries of an earlier term: candidates make terms known.
    /// Ours refuses them (Raft paper, figure 2). The refusal is left out.
    SilentOnOldEntries,
    /// The crate gives no vote in a term whose leader it knows. Ours does: that candidate cannot win, since a majority
    /// voted for the leader. The request is lost.
    NoVoteBesideLeader,
    /// The crate grants a pre-vote for the term that it is in, if its vote in it is free or the asker's. Ours grants only later
    /// ones: the asker would have to win a term that has begun. The request is lost.
    PreVoteOfOwnTerm,
    /// The crate counts a granted pre-vote that was asked for in an earlier term. Ours looks at the term. The answer is lost.
    OldPreVoteCounts,
    /// The crate keeps the first answer that a voter gives in a candidacy, though it be to an earlier one of the same term.
    /// Ours lets a granted one follow a refusal. The granted one is lost.
    FirstAnswerCounts,
    /// The crate follows again when so many refuse that it cannot win. Ours asks on until its timer fires. Both count as
    /// followers.
    GivesUp,
    /// The crate acknowledges its commit index for entries that begin before it. Ours acknowledges what it was sent. The
    /// acknowledgment is lost.
    AcknowledgesCommit,
    /// The crate tells followers what is committed at once, fast-forwards with requests for votes, and keeps its commit
    /// index on disk. Ours tells it with the next message, and learns it anew after a restart. Ours may be behind until
    /// then.
    CommitIsLate,
    /// A heartbeat of the crate tells a follower no more commits than it has acknowledged entries; one of ours claims an entry
    /// that must match, and tells all up to it. The crate may be behind, of what its leader has committed, until the follower's
    /// answer is answered.
    HeartbeatTellsLess,
    /// After a refusal the window of ours is small and grows with each acknowledgment, that of the crate is not. A second
    /// message under way on such a link is lost, and everything else until the next heartbeat is answered.
    SmallWindow,
    /// How a leader finds where the logs meet: the hints and probes are each side's own. What is said on a link after a
    /// refusal is lost until the next heartbeat is answered; then the logs must be equal.
    Probing,
}

impl Known {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::SilentOnOldVotes,
        Self::SilentWhileProtected,
        Self::SilentOnOldEntries,
        Self::NoVoteBesideLeader,
        Self::PreVoteOfOwnTerm,
        Self::OldPreVoteCounts,
        Self::FirstAnswerCounts,
        Self::GivesUp,
        Self::AcknowledgesCommit,
        Self::CommitIsLate,
        Self::HeartbeatTellsLess,
        Self::SmallWindow,
        Self::Probing,
    ];
}

/// How often each came up.
pub type Tally = BTreeMap<Known, u64>;
