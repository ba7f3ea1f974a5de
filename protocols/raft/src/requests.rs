//! A server's side of the clients.

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::Context;

use super::server::{Role, Server};
use super::vocabulary::{Command, Raft, RaftMessage};
use objects::{Operation, Outcome};

/// The latest operation of each client that this leader has put in its log. A client has one at a time.
#[derive(Debug, Default)]
pub(super) struct Waiting(OrderedMap<NodeId, u64>);

impl Server {
    /// A client asks. What its session has done is answered from memory, by whoever has applied it. A leader puts the
    /// rest in its log; who does not lead says who may, or passes it on to a leader that the client cannot reach.
    pub(super) fn on_client_request(
        &mut self,
        client: NodeId,
        sequence: u64,
        operation: Operation,
        relay: bool,
        cx: &mut Context<'_, Raft>,
    ) {
        // Plant R53: nobody looks whether it was done already.
        if !self.plants.no_sessions && self.answer_from_session(client, sequence, cx) {
            return;
        }
        match self.leader {
            Some(leader) if leader == self.node => self.admit(client, sequence, operation, cx),
            Some(leader) if relay => {
                self.relayed.insert(client, sequence);
                cx.send(leader, RaftMessage::Forward { client, sequence, operation });
            }
            leader => cx.send(client, RaftMessage::ClientReply { sequence, reply: None, index: 0, leader }),
        }
    }

    /// Another server passes on what a client asks of the leader.
    pub(super) fn on_forward(
        &mut self,
        client: NodeId,
        sequence: u64,
        operation: Operation,
        cx: &mut Context<'_, Raft>,
    ) {
        if self.plants.no_sessions || !self.answer_from_session(client, sequence, cx) {
            self.admit(client, sequence, operation, cx);
        }
    }

    /// Answers what the session has seen. A later sequence than asked for tells a client that came back without
    /// memory where its session is.
    fn answer_from_session(&self, client: NodeId, sequence: u64, cx: &mut Context<'_, Raft>) -> bool {
        let Some(session) = self.store.session(client).filter(|session| session.sequence >= sequence) else {
            return false;
        };
        let same = session.sequence == sequence;
        let reply = RaftMessage::ClientReply {
            sequence: session.sequence,
            reply: same.then(|| session.reply.clone()),
            index: if same { session.index } else { 0 },
            leader: self.leader,
        };
        cx.send(client, reply);
        true
    }

    /// A leader puts an operation in its log, unless it is there already.
    fn admit(&mut self, client: NodeId, sequence: u64, operation: Operation, cx: &mut Context<'_, Raft>) {
        if self.hands_over() {
            return;
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let latest = leadership.waiting.0.entry(client).or_insert(0);
        if sequence > *latest || self.plants.no_sessions {
            *latest = sequence;
            self.propose(Command::Apply { client, sequence, operation }, cx);
        }
    }

    /// The client is told what its operation came to: by the leader, whichever leader put it in the log, and by the
    /// server that passed it on.
    pub(super) fn on_applied(&mut self, outcome: Outcome, cx: &mut Context<'_, Raft>) {
        let leads = matches!(self.role, Role::Leader(_));
        let relayed = self.relayed.get(&outcome.client) == Some(&outcome.sequence);
        if relayed {
            self.relayed.remove(&outcome.client);
        }
        // A session that has gone on since wants no old answer.
        if (leads || relayed) && outcome.latest == outcome.sequence {
            self.answer_from_session(outcome.client, outcome.sequence, cx);
        }
    }
}
