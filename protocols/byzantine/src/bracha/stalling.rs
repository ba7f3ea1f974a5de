//! Bugs that only keep broadcasts from being delivered. They are no part of the catalog of plants: tests switch them on by
//! name, to see that such bugs are found.

sim_core::plants! {
    /// Which bug is on.
    pub enum Stalling {
        /// What was lost with a session is not said again.
        NeverSaysAgain { name: "stall-never-says-again" }
        /// A vote that comes before the initial is dropped (BFT-SMaRt 7326d316).
        ForgetsEarlyVotes { name: "stall-forgets-early-votes" }
        /// A sync that failed is not tried again.
        GivesUpItsDisk { name: "stall-gives-up-its-disk" }
    }
}
