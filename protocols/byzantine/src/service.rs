//! Neutral operations in the words of the state machine, for every protocol that replicates it.

use objects::{Operation, Reply};
use sim_core::facts;
use sim_core::operation::{Answer, Operation as Neutral, Reply as NeutralReply, Service};
use sim_core::process::Protocol;

facts! {
    /// What a client is asked to do.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Wish {
        /// The operation.
        pub operation: Operation,
    }
}

facts! {
    /// What a client was told.
    #[derive(PartialEq, Eq)]
    pub struct Told {
        /// What it came to; absent if the client cannot know.
        pub reply: Option<Reply>,
        /// Its place in the order of all operations; absent if nobody vouches for one.
        pub position: Option<u64>,
    }
}

/// Objects of every model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Objects;

impl<P: Protocol<Request = Wish, Response = Told>> Service<P> for Objects {
    fn encode(&self, operation: &Neutral) -> Option<Wish> {
        Some(Wish { operation: Operation::of(operation) })
    }

    fn decode(&self, _: &Neutral, told: &Told) -> Answer {
        let reply = told.reply.as_ref().map_or(NeutralReply::Unknown, Reply::neutral);
        Answer { reply, position: told.position }
    }
}
