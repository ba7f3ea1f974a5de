//! Neutral operations in the words of the state machine, for every protocol that replicates it.

use sim_core::facts;
use sim_core::operation::{Answer, ObjectModel, Operation as Neutral, Reply as NeutralReply, Service};
use sim_core::process::Protocol;

use crate::store::{Operation, Reply};

/// What clients are offered.
pub const OBJECTS: &[ObjectModel] =
    &[ObjectModel::Register, ObjectModel::CasRegister, ObjectModel::Kv, ObjectModel::Append];

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

/// Registers and lists.
#[derive(Clone, Copy, Debug, Default)]
pub struct Objects;

impl<P: Protocol<Request = Wish, Response = Told>> Service<P> for Objects {
    fn encode(&self, operation: &Neutral) -> Option<Wish> {
        let operation = match *operation {
            Neutral::Read { key } => Operation::Get { key },
            Neutral::Write { key, value } => Operation::Put { key, value },
            Neutral::Cas { key, from, to } => Operation::Cas { key, from, to },
            Neutral::Append { key, value } => Operation::Append { key, value },
            Neutral::ReadList { key } => Operation::GetList { key },
            _ => return None,
        };
        Some(Wish { operation })
    }

    fn decode(&self, _: &Neutral, told: &Told) -> Answer {
        let reply = match &told.reply {
            None => NeutralReply::Unknown,
            Some(Reply::Done) => NeutralReply::Done,
            Some(Reply::Value { value }) => NeutralReply::Value(*value),
            Some(Reply::List { values }) => NeutralReply::Values(values.to_vec()),
            Some(Reply::Mismatch) => NeutralReply::Mismatch,
        };
        Answer { reply, position: told.position }
    }
}
