//! Bugs that only tests switch on, each at one hook of the clean code. Nobody published them, so the protocol itself does
//! not have them: [`super::entry::WITH_TEST_PLANTS`] does.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// Members believe every signature.
        signatures_unchecked {
            name: "test-signatures-unchecked",
            id: "T01",
            breaks: "Agreement, Validity",
            source: "a test",
            witness: "bracha-swarm",
        }
        /// Members wait for the quorums of a cluster of half the size, so that both stories of a lying sender find one.
        half_quorums {
            name: "test-half-quorums",
            id: "T02",
            breaks: "Agreement",
            source: "a test",
            witness: "bracha-swarm",
        }
    }
}
