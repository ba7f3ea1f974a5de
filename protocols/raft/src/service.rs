//! Neutral operations in Raft's words.

use objects::Operation;
use sim_core::operation::{Answer, MemberChange, Operation as Neutral, Service};

use super::vocabulary::{Raft, RaftRequest, RaftResponse};

/// Objects of every model. Whatever changes one goes through the log, and reads do as the settings say.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyValueService {
    /// Whether clients hear who comes and leaves, and the first of them asks the servers to follow.
    pub changes: bool,
}

impl Service<Raft> for KeyValueService {
    fn encode(&self, operation: &Neutral) -> Option<RaftRequest> {
        Some(RaftRequest::Operation { operation: Operation::of(operation) })
    }

    fn decode(&self, _: &Neutral, response: &RaftResponse) -> Answer {
        Answer { reply: response.reply.neutral(), position: Some(response.index) }
    }

    fn member_change(&self, change: MemberChange) -> Option<RaftRequest> {
        let (node, here) = match change {
            MemberChange::Joined(node) => (node, true),
            MemberChange::Left(node) => (node, false),
        };
        self.changes.then_some(RaftRequest::Member { node, here })
    }
}

#[cfg(test)]
mod tests {
    use objects::Reply;
    use sim_core::operation::Reply as NeutralReply;

    use super::*;

    #[test]
    fn an_answer_carries_its_place_in_the_log() {
        let response = RaftResponse { reply: Reply::Value { value: Some(3) }, index: 8 };
        let answer = KeyValueService::default().decode(&Neutral::Read { key: 1 }, &response);
        assert_eq!(answer, Answer { reply: NeutralReply::Value(Some(3)), position: Some(8) });
    }
}
