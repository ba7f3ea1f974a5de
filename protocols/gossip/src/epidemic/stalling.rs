//! Bugs that only keep rumors from spreading, or a run from ending. They are no part of the catalog of plants: tests switch them on by
//! name, to see that such bugs are found.

sim_core::plants! {
    /// Which bug is on.
    pub enum Stalling {
        /// An agent that was restarted hears nobody.
        DeafAfterRestart { name: "stall-deaf-after-restart" }
        /// An agent makes no more contacts after a while.
        Tires { name: "stall-tires" }
        /// An agent that was restarted never ends its answer to what it hears.
        AnswersForever { name: "hang-answers-forever" }
        /// An agent that was restarted asks two more questions at whatever it hears.
        AsksTwice { name: "storm-asks-twice" }
    }
}
