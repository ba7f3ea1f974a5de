//! A server's side of the clients.

use std::collections::BTreeMap;

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::server::{Role, Server};
use super::store::{Operation, Outcome};
use super::vocabulary::{Command, Raft, RaftMessage};

/// The latest operation of each client that this leader has put in its log. A client has one at a time.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<NodeId, u64>);

impl Server {
    /// A client asks. What its session has done is answered from memory, what is in the log already is not put there
    /// again, and who does not lead says who may.
    pub(super) fn on_client_request(
        &mut self,
        client: NodeId,
        sequence: u64,
        operation: Operation,
        cx: &mut Context<'_, Raft>,
    ) {
        let Role::Leader(leadership) = &mut self.role else {
            let leader = self.leader;
            return cx.send(client, RaftMessage::ClientReply { sequence, reply: None, index: 0, leader });
        };
        if let Some(session) = self.store.session(client)
            && session.sequence >= sequence
        {
            // A later sequence than asked for tells a client that came back without memory where its session is.
            let same = session.sequence == sequence;
            let reply = RaftMessage::ClientReply {
                sequence: session.sequence,
                reply: same.then_some(session.reply),
                index: if same { session.index } else { 0 },
                leader: Some(self.node),
            };
            return cx.send(client, reply);
        }
        let latest = leadership.waiting.0.entry(client).or_insert(0);
        if sequence > *latest {
            *latest = sequence;
            self.propose(Command::Apply { client, sequence, operation }, cx);
        }
    }

    /// A leader tells the client what its operation came to, whichever leader put it in the log.
    pub(super) fn on_applied(&self, outcome: &Outcome, cx: &mut Context<'_, Raft>) {
        let session = outcome.session;
        if matches!(self.role, Role::Leader(_)) && session.sequence == outcome.sequence {
            let reply = RaftMessage::ClientReply {
                sequence: session.sequence,
                reply: Some(session.reply),
                index: session.index,
                leader: Some(self.node),
            };
            cx.send(outcome.client, reply);
        }
    }
}
