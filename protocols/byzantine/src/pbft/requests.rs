//! What clients ask a replica.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::replica::Replica;
use super::vocabulary::{Pbft, PbftMessage};
use crate::request::Request;
use objects::Operation;

impl Replica {
    /// A client asks, or another member passes on what a client asks.
    pub(super) fn on_request(&mut self, from: NodeId, request: &Request, cx: &mut Context<'_, Pbft>) {
        let command = &request.command;
        // Plant: nobody looks at the client's signature.
        let genuine = self.plants.requests_unsigned || request.verify(cx);
        if command.client.0 < self.members
            || !genuine
            || self.answer_from_session(command.client, command.timestamp)
        {
            return;
        }
        self.pending.add(request);
        if self.leads() {
            self.propose(cx);
        } else if self.active && from == command.client {
            let primary = self.primary_of(self.view);
            self.outbox.tell(primary, PbftMessage::Request(request.clone()));
        }
        self.keep_watch(cx);
    }

    /// Answers what the session has seen. A later timestamp than asked for tells a client that came back without memory
    /// where its session is.
    pub(super) fn answer_from_session(&mut self, client: NodeId, timestamp: u64) -> bool {
        let Some(session) = self.store.session(client).filter(|session| session.sequence >= timestamp) else {
            return false;
        };
        let same = session.sequence == timestamp;
        let reply = PbftMessage::Reply {
            view: self.view,
            timestamp: session.sequence,
            reply: same.then(|| session.reply.clone()),
            position: if same { session.index } else { 0 },
        };
        self.outbox.tell(client, reply);
        true
    }

    /// A client reads what is executed here. It is for the client to see that a quorum says the same.
    pub(super) fn on_read_only(&mut self, client: NodeId, timestamp: u64, operation: Operation) {
        if !self.parameters.read_only || !operation.is_read() || client.0 < self.members {
            return;
        }
        let reply = self.store.contents().read(operation);
        self.outbox.tell(client, PbftMessage::Reply { view: self.view, timestamp, reply, position: 0 });
    }
}
