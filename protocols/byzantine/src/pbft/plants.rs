//! Published bugs, each at one hook of the clean code.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// Members prepare and commit with 2f votes.
        small_quorum {
            name: "quorum-of-2f",
            id: "B01",
            breaks: "Agreement",
            source: "PBFT, section 4.2",
            witness: "pbft-witness-quorum-of-2f",
        }
        /// Members commit to a proposal as soon as they have it, before it is prepared.
        commit_unprepared {
            name: "commit-without-prepared",
            id: "B02",
            breaks: "Agreement across views",
            source: "PBFT, section 4.2",
            witness: "pbft-witness-commit-without-prepared",
        }
        /// A view change forgets what was prepared.
        forget_prepared {
            name: "view-change-forgets-prepared",
            id: "B03",
            breaks: "Agreement",
            source: "raijin #8",
            witness: "pbft-witness-view-change-forgets-prepared",
        }
        /// What a view change claims to be prepared is believed without its certificate.
        claims_unverified {
            name: "prepared-claims-unverified",
            id: "B04",
            breaks: "Agreement, Validity",
            source: "boscore PR166; Autobahn DA-3",
            witness: "pbft-witness-prepared-claims-unverified",
        }
        /// The digest in a vote is not compared with the batch that it stands for.
        digest_uncompared {
            name: "digest-not-compared",
            id: "B07",
            breaks: "Agreement",
            source: "pbft-java NoopDigester; Autobahn DA-1",
            witness: "pbft-witness-digest-not-compared",
        }
        /// A second proposal for the same view and sequence number replaces the first.
        second_proposal {
            name: "second-proposal-accepted",
            id: "B08",
            breaks: "Agreement",
            source: "PBFT, section 4.2; Autobahn DA-6",
            witness: "pbft-witness-second-proposal-accepted",
        }
        /// Anybody may propose, not the primary alone.
        any_proposer {
            name: "proposer-not-checked",
            id: "B09",
            breaks: "Agreement, Validity",
            source: "Autobahn DA-4",
            witness: "pbft-witness-proposer-not-checked",
        }
        /// The sequence number in a vote is not compared with that of the proposal.
        sequence_uncompared {
            name: "sequence-not-compared",
            id: "B10",
            breaks: "Agreement",
            source: "ByzzBench; ByzzFuzz",
            witness: "pbft-witness-sequence-not-compared",
        }
        /// Votes are counted by message, not by signer.
        votes_by_message {
            name: "votes-counted-by-message",
            id: "B11",
            breaks: "Agreement",
            source: "diem twins_vote_dedup_test; n2paxos",
            witness: "pbft-witness-votes-counted-by-message",
        }
        /// A checkpoint that one member vouches for is taken for stable, and there is no high watermark.
        unstable_checkpoint {
            name: "unstable-checkpoint-adopted",
            id: "B33",
            breaks: "Agreement, bounded memory",
            source: "swarmDB KEP-1702; PBFT, section 4.3",
            witness: "pbft-witness-unstable-checkpoint-adopted",
        }
        /// A request needs no signature of its client, so that a primary may invent it.
        requests_unsigned {
            name: "requests-unsigned",
            id: "B34",
            breaks: "Validity",
            source: "BFT-SMaRt 582141cf",
            witness: "pbft-witness-requests-unsigned",
        }
        /// A client's timestamp is not checked, so that a request that is ordered twice is executed twice.
        executed_again {
            name: "requests-executed-again",
            id: "B35",
            breaks: "exactly once",
            source: "PBFT, section 4.1",
            witness: "pbft-witness-requests-executed-again",
        }
        /// The requests of a batch are executed in the order of a hash table, keyed by the member's own seed.
        hash_order {
            name: "hash-order-execution",
            id: "B37",
            breaks: "Agreement",
            source: "Autobahn DA-27",
            witness: "pbft-witness-hash-order-execution",
        }
        /// A certificate without signers is indexed before it is checked.
        malformed_panics {
            name: "malformed-certificate-panics",
            id: "B40",
            breaks: "liveness: one traitor kills all",
            source: "Autobahn DA-11; BFT-SMaRt ae06f929",
            witness: "pbft-witness-malformed-certificate-panics",
        }
        /// What a new view proposes again is believed, whatever its primary shows for it.
        new_view_unverified {
            name: "new-view-unverified",
            id: "T03",
            breaks: "Agreement across views",
            source: "PBFT, section 4.4",
            witness: "pbft-witness-new-view-unverified",
        }
        /// Members prepare and commit with three votes, however many there are.
        three_decide {
            name: "three-decide",
            id: "H10",
            breaks: "Agreement",
            source: "claude-flow v3, swarm/src/consensus",
            witness: "pbft-witness-three-decide",
        }
        /// A vote counts for the proposal that is known, whatever digest it carries.
        votes_for_any_digest {
            name: "votes-for-any-digest",
            id: "H12",
            breaks: "Agreement",
            source: "claude-flow v3, swarm/src/consensus",
            witness: "pbft-witness-votes-for-any-digest",
        }
        /// A member that gives a primary up goes on to the next view by itself, tells nobody and asks nobody.
        silent_view_change {
            name: "silent-view-change",
            id: "H13",
            breaks: "Agreement, progress",
            source: "claude-flow v3, swarm/src/consensus",
            witness: "pbft-witness-silent-view-change",
        }
    }
}
