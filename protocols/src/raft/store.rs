//! The key-value state machine, with one session per client.

use sim_core::facts;

facts! {
    /// What a client may do to the store.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Operation {
        /// Read a key.
        Get { #[doc = "Which key."] key: u64 },
        /// Write a key.
        Put { #[doc = "Which key."] key: u64, #[doc = "What is written."] value: u64 },
        /// Write a key if it holds a value; `None` is the unwritten value.
        Cas {
            #[doc = "Which key."] key: u64,
            #[doc = "What must be there."] from: Option<u64>,
            #[doc = "What is there afterwards."] to: u64,
        },
    }
}

facts! {
    /// What an operation came to.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Reply {
        /// It took effect.
        Done,
        /// The value read, or found by a failed compare-and-swap.
        Value { #[doc = "The value; absent if unwritten."] value: Option<u64> },
        /// A compare-and-swap found another value.
        Mismatch,
    }
}
