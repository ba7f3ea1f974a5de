//! Real bugs, each one switch at one hook of the clean code. All are off unless asked for.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// The vote is kept in memory only: the journal holds the term without it.
        vote_not_durable {
            name: "vote-not-durable",
            id: "R01",
            breaks: "ElectionSafety",
            source: "akka-raft #62; redisraft 9806229",
            witness: "raft-witness-vote-not-durable",
        }
        /// A leader commits entries of earlier terms by counting replicas (Raft paper, section 5.4.2, figure 8).
        commit_old_term_by_counting {
            name: "commit-old-term-by-counting",
            id: "R03",
            breaks: "LeaderCompleteness, StateMachineSafety",
            source: "LogCabin #44; PySyncObj #169; willemt 97c9183",
            witness: "raft-witness-commit-old-term",
        }
        /// A voter compares the lengths of logs only, not their last terms.
        vote_by_length {
            name: "vote-by-length",
            id: "R04",
            breaks: "LeaderCompleteness",
            source: "Raft paper, section 5.4.1; inverse form hashicorp 441bd09 (#94)",
            witness: "raft-witness-vote-by-length",
        }
        /// A follower drops everything beyond the previous entry of a message, also what does not conflict.
        truncates_without_conflict {
            name: "truncates-without-conflict",
            id: "R06",
            breaks: "StateMachineSafety",
            source: "raftos #26",
            witness: "raft-witness-truncates-without-conflict",
        }
        /// A follower takes the commit index of the leader, also if it is lower than its own.
        commit_goes_back {
            name: "commit-goes-back",
            id: "R08",
            breaks: "CommitMonotone",
            source: "PySyncObj #166",
            witness: "raft-witness-commit-goes-back",
        }
        /// A candidate counts votes of earlier terms.
        counts_old_votes {
            name: "counts-old-votes",
            id: "R09",
            breaks: "ElectionSafety",
            source: "xraft #33; akka-raft #46",
            witness: "raft-witness-counts-old-votes",
        }
        /// A candidate counts how many votes come, not from whom.
        counts_votes_twice {
            name: "counts-votes-twice",
            id: "R10",
            breaks: "ElectionSafety",
            source: "akka-raft #45",
            witness: "raft-witness-counts-votes-twice",
        }
        /// A leader counts how many acknowledgments come, not from whom, and commits what the last one was for.
        commits_by_acknowledgments {
            name: "commits-by-acknowledgments",
            id: "R11",
            breaks: "CommitDurable",
            source: "willemt 05608a3; akka-raft #42",
            witness: "raft-witness-commits-by-acknowledgments",
        }
        /// Among an even number of servers, the copies of half of them commit an entry.
        half_is_a_majority {
            name: "half-is-a-majority",
            id: "R12",
            breaks: "CommitDurable",
            source: "hashicorp 163a55f",
            witness: "raft-witness-half-is-a-majority",
        }
        /// A leader that looks for what to commit stops at the first entry of an earlier term.
        commit_stops_at_old_terms {
            name: "commit-stops-at-old-terms",
            id: "R14",
            breaks: "progress",
            source: "raftos PR30",
            witness: "raft-witness-commit-stops-at-old-terms",
        }
        /// A candidate or leader that votes in a newer term steps down after the vote, which forgets it.
        step_down_after_vote {
            name: "step-down-after-vote",
            id: "R17",
            breaks: "ElectionSafety",
            source: "akka-raft #56; willemt 75b0104",
            witness: "raft-witness-step-down-after-vote",
        }
        /// A vote for the first server, whose number is zero, looks like no vote.
        vote_for_zero_is_none {
            name: "vote-for-zero-is-none",
            id: "R18",
            breaks: "ElectionSafety",
            source: "willemt fe60545",
            witness: "raft-witness-vote-for-zero-is-none",
        }
        /// A candidate asks for votes, and counts its own, before its term and vote are durable.
        candidate_before_durable {
            name: "candidate-before-durable",
            id: "R21",
            breaks: "ElectionSafety",
            source: "sofa-jraft",
            witness: "raft-witness-candidate-before-durable",
        }
        /// A follower acknowledges entries before they are durable.
        acknowledges_before_sync {
            name: "acknowledges-before-sync",
            id: "R22",
            breaks: "CommitDurable",
            source: "openraft ee460f37",
            witness: "raft-witness-acknowledges-before-sync",
        }
        /// A server whose journal is damaged starts from nothing, under its old name.
        damaged_disk_is_blank {
            name: "damaged-disk-is-blank",
            id: "R24",
            breaks: "TermMonotone, OneVote",
            source: "sofa-jraft",
            witness: "raft-witness-damaged-disk-is-blank",
        }
        /// Servers neither ask before they raise their terms nor protect a leader that they hear, although both are
        /// switched on.
        no_pre_vote {
            name: "no-pre-vote",
            id: "R35",
            breaks: "LeadershipIsStable",
            source: "etcd #9333, #8499, #9241",
            witness: "raft-witness-no-pre-vote",
        }
        /// A leader that reaches no majority goes on, although check-quorum is on.
        no_check_quorum {
            name: "no-check-quorum",
            id: "R36",
            breaks: "LeadershipIsStable",
            source: "Cloudflare, November 2020",
            witness: "raft-witness-no-check-quorum",
        }
        /// A leader grants pre-votes against itself.
        leader_grants_pre_votes {
            name: "leader-grants-pre-votes",
            id: "R39",
            breaks: "LeadershipIsStable",
            source: "DaosRaft #70; braft #492",
            witness: "raft-witness-leader-grants-pre-votes",
        }
        /// An operation that a client asks for twice is done twice.
        no_sessions {
            name: "no-sessions",
            id: "R53",
            breaks: "Sessions",
            source: "Raft paper, section 8; sofa-jraft #1195",
            witness: "raft-witness-no-sessions",
        }
        /// A leader has a lease until its next check of the quorum, whatever clocks and delays are.
        lease_by_timer {
            name: "lease-by-timer",
            id: "R41",
            breaks: "linearizability",
            source: "sofa-jraft PR34; tikv #964",
            witness: "raft-witness-lease-by-timer",
        }
        /// A leader has a lease as long as nobody deposes it, and never asks itself whether it reaches a majority.
        lease_without_quorum {
            name: "lease-without-quorum",
            id: "R42",
            breaks: "linearizability",
            source: "raft-rs 40157d8 (#141); etcd 926a44a",
            witness: "raft-witness-lease-without-quorum",
        }
        /// A new leader serves reads before an entry of its own term is committed.
        reads_before_own_commit {
            name: "reads-before-own-commit",
            id: "R43",
            breaks: "linearizability",
            source: "raft-rs 8c95a3f; etcd 3189a66 (#12680)",
            witness: "raft-witness-reads-before-own-commit",
        }
        /// A leader serves reads before it has applied what was committed when they were asked for.
        reads_before_applied {
            name: "reads-before-applied",
            id: "R46",
            breaks: "linearizability",
            source: "Xraft-KV #1",
            witness: "raft-witness-reads-before-applied",
        }
        /// A server that loads a snapshot is in the term of its last entry.
        term_of_snapshot {
            name: "term-of-snapshot",
            id: "R02",
            breaks: "TermMonotone, OneVote",
            source: "willemt/raft PR118",
            witness: "raft-witness-term-of-snapshot",
        }
        /// Entries from the first one on always match, also where the log begins later.
        start_always_matches {
            name: "start-always-matches",
            id: "R47",
            breaks: "LogMatching",
            source: "willemt/raft PR118",
            witness: "raft-witness-start-always-matches",
        }
        /// A snapshot that is installed drops what the log holds beyond it, although it matches.
        install_drops_suffix {
            name: "install-drops-suffix",
            id: "R49",
            breaks: "CommitDurable",
            source: "openraft 674e78aa; hashicorp f10b599",
            witness: "raft-witness-install-drops-suffix",
        }
        /// A snapshot replaces a state that is newer.
        takes_old_snapshots {
            name: "takes-old-snapshots",
            id: "R50",
            breaks: "StateMachineSafety",
            source: "openraft ac3e5a89",
            witness: "raft-witness-takes-old-snapshots",
        }
        /// A leader changes the membership before it has committed an entry of its own term.
        changes_before_own_commit {
            name: "changes-before-own-commit",
            id: "R25",
            breaks: "Membership",
            source: "Ongaro, raft-dev, 2015; copycat #23",
            witness: "raft-witness-changes-before-own-commit",
        }
        /// A joint configuration counts old and new voters together.
        joint_is_union {
            name: "joint-is-union",
            id: "R27",
            breaks: "CommitDurable",
            source: "Raft paper, section 6; raft-rs 2d89626",
            witness: "raft-witness-joint-is-union",
        }
        /// Who is no voter in its own log refuses to vote, though it may have been promoted.
        learners_refuse {
            name: "learners-refuse",
            id: "R31",
            breaks: "progress",
            source: "etcd abb533c",
            witness: "raft-witness-learners-refuse",
        }
        /// Learners count in the check of the quorum.
        learners_count {
            name: "learners-count",
            id: "R32",
            breaks: "LeadershipIsStable",
            source: "hashicorp 6e41709",
            witness: "raft-witness-learners-count",
        }
        /// Learners and removed servers stand for election.
        anybody_stands {
            name: "anybody-stands",
            id: "R33",
            breaks: "Membership",
            source: "etcd db54973; hashicorp 656e6c0",
            witness: "raft-witness-anybody-stands",
        }
        /// Members that do not answer are not counted any more: a majority of those who are left elects and commits.
        quorum_adapts {
            name: "quorum-adapts",
            id: "H01",
            breaks: "CommitDurable, StateMachineSafety",
            source: "advice to adapt the quorum in a partition: 5 of 7 becomes 3 of 4",
            witness: "raft-witness-quorum-adapts",
        }
        /// Half of an even number of servers elects a leader.
        half_elects {
            name: "half-elects",
            id: "H03",
            breaks: "ElectionSafety",
            source: "a tie that a tie-breaker settles on both sides",
            witness: "raft-witness-half-elects",
        }
        /// Two thirds of the servers, rounded down, elect and commit: one of three, three of six.
        two_thirds_rounded_down {
            name: "two-thirds-rounded-down",
            id: "H09",
            breaks: "ElectionSafety, CommitDurable",
            source: "claude-flow v3, swarm/src/consensus",
            witness: "raft-witness-two-thirds-rounded-down",
        }
        /// Three servers elect and commit, however many there are.
        three_decide {
            name: "three-decide",
            id: "H10",
            breaks: "ElectionSafety, CommitDurable",
            source: "claude-flow v3, swarm/src/consensus",
            witness: "raft-witness-three-decide",
        }
        /// A candidate counts the votes of its own copies of the others, without asking them.
        asks_its_copies {
            name: "asks-its-copies",
            id: "H11",
            breaks: "ElectionSafety",
            source: "claude-flow v3, swarm/src/consensus",
            witness: "raft-witness-asks-its-copies",
        }
        /// Control, harmless: an acknowledgment that was overtaken lowers what a leader knows of a follower.
        forgets_matches {
            name: "forgets-matches",
            id: "C01",
            breaks: "nothing",
            source: "RaftOS, PySyncObj",
            witness: "raft-witness-controls",
        }
        /// Control, harmless: messages are sent twice, timeouts are up to half longer, and the commit index is told a
        /// heartbeat late.
        noise {
            name: "noise",
            id: "C02",
            breaks: "nothing",
            source: "-",
            witness: "raft-witness-controls",
        }
    }
}
