//! Real bugs, each one switch at one hook of the clean code. All are off unless asked for.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// Whoever was never heard is never suspected.
        ignores_the_silent {
            name: "ignores-the-silent",
            id: "G22",
            breaks: "heartbeat/detection",
            source: "akka-core PR526: without a first heartbeat the detector never begins",
            witness: "heartbeat-witness-ignores-the-silent",
        }
        /// The silence that was suspected is remembered as a gap like any other.
        remembers_pauses {
            name: "remembers-pauses",
            id: "G22",
            breaks: "heartbeat/detection",
            source: "akka PR25259, a comment in its code: the pause itself must not enter the history",
            witness: "heartbeat-witness-remembers-pauses",
        }
        /// Whoever is suspected is not told anything any more.
        deserts_suspects {
            name: "deserts-suspects",
            id: "G35",
            breaks: "progress",
            source: "both sides of a healed partition wait for the other one to speak first",
            witness: "heartbeat-witness-deserts-suspects",
        }
    }
}
