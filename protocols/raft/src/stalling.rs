//! Bugs that only keep a cluster from making progress. They are no part of the catalog of plants: tests switch them on by
//! name, to see that such bugs are found.

sim_core::plants! {
    /// Which bug is on.
    pub enum Stalling {
        /// A server never learns a later term from an answer.
        NeverLearnsTerms { name: "stall-never-learns-terms" }
        /// A voter refuses candidates whose logs are longer than its own.
        RefusesLongerLogs { name: "stall-refuses-longer-logs" }
        /// A voter that refuses a candidate puts its own candidacy off for the longest timeout: who asks in vain keeps those
        /// from asking who would be elected.
        ResetsTimersOnRefusals { name: "stall-resets-timers-on-refusals" }
        /// Election timeouts double with each election, without end.
        EndlessBackOff { name: "stall-endless-back-off" }
        /// A leader stops counting at the first entry of an earlier term (RaftOS#4).
        StopsAtOldTerms { name: "stall-stops-at-old-terms" }
    }
}
