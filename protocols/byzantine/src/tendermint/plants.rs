//! Published bugs, each at one hook of the clean code.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// Members decide with 2f votes.
        small_quorum {
            name: "quorum-of-2f",
            id: "B01",
            breaks: "Agreement",
            source: "PBFT, section 4.2",
            witness: "tendermint-witness-quorum-of-2f",
        }
        /// The digest in a proposal is not compared with the block that comes with it.
        digest_uncompared {
            name: "digest-not-compared",
            id: "B07",
            breaks: "Agreement",
            source: "pbft-java NoopDigester; Autobahn DA-1",
            witness: "tendermint-witness-digest-not-compared",
        }
        /// A second proposal for the same round replaces the first, and is voted for as well.
        second_proposal {
            name: "second-proposal-accepted",
            id: "B08",
            breaks: "Agreement",
            source: "PBFT, section 4.2; Autobahn DA-6",
            witness: "tendermint-witness-second-proposal-accepted",
        }
        /// Anybody may propose, not the proposer of the round alone.
        any_proposer {
            name: "proposer-not-checked",
            id: "B09",
            breaks: "Agreement, Validity",
            source: "Autobahn DA-4",
            witness: "tendermint-witness-proposer-not-checked",
        }
        /// Votes are counted by message, not by signer.
        votes_by_message {
            name: "votes-counted-by-message",
            id: "B11",
            breaks: "Agreement",
            source: "diem twins_vote_dedup_test; n2paxos",
            witness: "tendermint-witness-votes-counted-by-message",
        }
        /// Votes and locks are kept in memory only.
        votes_in_memory {
            name: "votes-not-durable",
            id: "B19",
            breaks: "an honest member votes twice",
            source: "asonnino f6d1a89; diem 67f1e5e; aptos 33b0385bb0",
            witness: "tendermint-witness-votes-not-durable",
        }
        /// A member that is locked votes for any proposal of a later round, although it proves no lock.
        unlocks_unproved {
            name: "unlock-without-proof",
            id: "B22",
            breaks: "Agreement",
            source: "Tendermint accountability specification, F2; horcrux #308",
            witness: "tendermint-witness-unlock-without-proof",
        }
        /// A proposer proposes a new block, although a quorum has prevoted for one.
        fresh_value {
            name: "valid-value-ignored",
            id: "B23",
            breaks: "liveness: locked members refuse every proposal",
            source: "tendermint #1047, PR1142, #1263",
            witness: "tendermint-witness-valid-value-ignored",
        }
        /// A member that is locked stays so, although a quorum has prevoted for something else since.
        never_relocks {
            name: "never-relocks",
            id: "B27",
            breaks: "liveness: two locks that exclude each other",
            source: "arXiv 1901.07160, section 7.1; pbft-consensus #29, #31; quorum #305",
            witness: "tendermint-witness-never-relocks",
        }
        /// A request needs no signature of its client, so that a proposer may invent it.
        requests_unsigned {
            name: "requests-unsigned",
            id: "B34",
            breaks: "Validity",
            source: "BFT-SMaRt 582141cf",
            witness: "tendermint-witness-requests-unsigned",
        }
        /// A client's timestamp is not checked, so that a request that is ordered twice is executed twice.
        executed_again {
            name: "requests-executed-again",
            id: "B35",
            breaks: "exactly once",
            source: "PBFT, section 4.1",
            witness: "tendermint-witness-requests-executed-again",
        }
        /// A certificate without signers is indexed before it is checked.
        malformed_panics {
            name: "malformed-certificate-panics",
            id: "B40",
            breaks: "liveness: one traitor kills all",
            source: "Autobahn DA-11; BFT-SMaRt ae06f929",
            witness: "tendermint-witness-malformed-certificate-panics",
        }
        /// A vote that comes before the proposal of its round blocks the member at that height.
        early_votes_block {
            name: "early-vote-blocks",
            id: "B41",
            breaks: "liveness: members that hear a vote first stand still",
            source: "BFT-SMaRt 7326d316",
            witness: "tendermint-witness-early-vote-blocks",
        }
    }
}
