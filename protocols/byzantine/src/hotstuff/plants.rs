//! Published bugs, each at one hook of the clean code.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// Certificates take 2f votes.
        small_quorum {
            name: "quorum-of-2f",
            id: "B01",
            breaks: "Agreement",
            source: "PBFT, section 4.2",
            witness: "hotstuff-witness-quorum-of-2f",
        }
        /// A second proposal in the same view is voted for as well.
        second_proposal {
            name: "second-proposal-accepted",
            id: "B08",
            breaks: "Agreement",
            source: "PBFT, section 4.2; Autobahn DA-6",
            witness: "hotstuff-witness-second-proposal-accepted",
        }
        /// Anybody may propose, not the leader alone.
        any_proposer {
            name: "proposer-not-checked",
            id: "B09",
            breaks: "voting rules, Agreement",
            source: "Autobahn DA-4",
            witness: "hotstuff-witness-proposer-not-checked",
        }
        /// The votes in a timeout certificate are counted by message, not by signer.
        votes_by_message {
            name: "votes-counted-by-message",
            id: "B11",
            breaks: "certificates",
            source: "diem twins_vote_dedup_test; n2paxos",
            witness: "hotstuff-witness-votes-counted-by-message",
        }
        /// Under the two-chain rule, the views of the two blocks need not be consecutive.
        any_two_chain {
            name: "views-not-consecutive",
            id: "B16",
            breaks: "Agreement, without any traitor",
            source: "Twins, section 3; Fast-HotStuff",
            witness: "hotstuff-witness-views-not-consecutive",
        }
        /// Members vote for whatever extends any certificate: nobody looks at the lock, or at what those who gave up knew.
        lock_ignored {
            name: "lock-ignored",
            id: "B18",
            breaks: "Agreement, liveness",
            source: "HotStuff, safeNode; twins-simulator preferred_round",
            witness: "hotstuff-witness-lock-ignored",
        }
        /// Votes and locks are not written down.
        vote_not_durable {
            name: "vote-not-durable",
            id: "B19",
            breaks: "an honest member votes twice",
            source: "asonnino f6d1a89; diem 67f1e5e; aptos 33b0385bb0",
            witness: "hotstuff-witness-vote-not-durable",
        }
        /// A request needs no signature of its client, so that a leader may invent it.
        requests_unsigned {
            name: "requests-unsigned",
            id: "B34",
            breaks: "Validity",
            source: "BFT-SMaRt 582141cf",
            witness: "hotstuff-witness-requests-unsigned",
        }
        /// A client's timestamp is not checked, so that a request that is ordered twice is executed twice.
        executed_again {
            name: "requests-executed-again",
            id: "B35",
            breaks: "exactly once",
            source: "PBFT, section 4.1",
            witness: "hotstuff-witness-requests-executed-again",
        }
        /// A certificate without signers is indexed before it is checked.
        malformed_panics {
            name: "malformed-certificate-panics",
            id: "B40",
            breaks: "liveness: one traitor kills all",
            source: "Autobahn DA-11; BFT-SMaRt ae06f929",
            witness: "hotstuff-witness-malformed-certificate-panics",
        }
        /// On a timeout certificate, only who leads the new view enters it.
        leader_enters_alone {
            name: "leader-enters-alone",
            id: "B42",
            breaks: "liveness",
            source: "Autobahn DA-7",
            witness: "hotstuff-witness-leader-enters-alone",
        }
        /// Control, harmless: a collector waits for every vote, and makes do with a quorum after a while.
        waits_for_all {
            name: "waits-for-all",
            id: "C03",
            breaks: "nothing",
            source: "aptos MC-1",
            witness: "hotstuff-witness-controls",
        }
    }
}
