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
    }
}
