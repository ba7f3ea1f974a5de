//! Neutral operations in Raft's words.

use sim_core::operation::{Answer, MemberChange, Operation as Neutral, Reply as NeutralReply, Service};

use super::store::{Operation, Reply};
use super::vocabulary::{Raft, RaftRequest, RaftResponse};

/// Registers and lists. All operations go through the log, reads of lists too.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyValueService {
    /// Whether clients hear who comes and leaves, and the first of them asks the servers to follow.
    pub changes: bool,
}

impl Service<Raft> for KeyValueService {
    fn encode(&self, operation: &Neutral) -> Option<RaftRequest> {
        let operation = match *operation {
            Neutral::Read { key } => Operation::Get { key },
            Neutral::Write { key, value } => Operation::Put { key, value },
            Neutral::Cas { key, from, to } => Operation::Cas { key, from, to },
            Neutral::Append { key, value } => Operation::Append { key, value },
            Neutral::ReadList { key } => Operation::List { key },
            _ => return None,
        };
        Some(RaftRequest { operation })
    }

    fn decode(&self, _: &Neutral, response: &RaftResponse) -> Answer {
        let reply = match &response.reply {
            Reply::Done => NeutralReply::Done,
            Reply::Value { value } => NeutralReply::Value(*value),
            Reply::List { values } => NeutralReply::Values(values.0.to_vec()),
            Reply::Mismatch => NeutralReply::Mismatch,
        };
        Answer { reply, position: Some(response.index) }
    }

    fn member_change(&self, change: MemberChange) -> Option<RaftRequest> {
        let (node, here) = match change {
            MemberChange::Joined(node) => (node, true),
            MemberChange::Left(node) => (node, false),
        };
        self.changes.then_some(RaftRequest { operation: Operation::Member { node, here } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_and_lists_are_offered_and_nothing_else() {
        let encoded = KeyValueService::default().encode(&Neutral::Cas { key: 1, from: None, to: 2 });
        assert_eq!(encoded, Some(RaftRequest { operation: Operation::Cas { key: 1, from: None, to: 2 } }));
        assert_eq!(KeyValueService::default().encode(&Neutral::ReadSet { key: 1 }), None);
    }

    #[test]
    fn an_answer_carries_its_place_in_the_log() {
        let response = RaftResponse { reply: Reply::Value { value: Some(3) }, index: 8 };
        let answer = KeyValueService::default().decode(&Neutral::Read { key: 1 }, &response);
        assert_eq!(answer, Answer { reply: NeutralReply::Value(Some(3)), position: Some(8) });
    }
}
