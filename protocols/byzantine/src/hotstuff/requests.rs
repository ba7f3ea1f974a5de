//! What clients ask a member.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::replica::Replica;
use super::vocabulary::{Hotstuff, HotstuffMessage};
use crate::request::Request;

impl Replica {
    /// A client asks, or another member passes on what a client asks.
    pub(super) fn on_request(&mut self, from: NodeId, request: &Request, cx: &mut Context<'_, Hotstuff>) {
        let command = &request.command;
        // Plant: nobody looks at the client's signature.
        let genuine = self.plants.requests_unsigned || request.verify(cx);
        if command.client.0 < self.members
            || !genuine
            || self.answer_from_session(command.client, command.timestamp)
        {
            return;
        }
        // Who passed it on may have taken this member for the leader: it goes on to who leads now, once.
        let new = self.pending.add(request);
        let proposed = self.leads() && self.taken == self.view;
        self.propose(cx);
        // Who has proposed the last block of its turn learns of the next view by the block of the next leader alone, who
        // must know that there is something to propose.
        let proposer = if proposed { self.collector(self.view) } else { self.turns.leader(self.view) };
        if proposer != self.me && (new || from == command.client) {
            self.outbox.tell(proposer, HotstuffMessage::Request(request.clone()));
        }
        self.keep_watch(cx);
    }

    /// Answers what the session has seen. A later timestamp than asked for tells a client that came back without memory
    /// where its session is.
    fn answer_from_session(&mut self, client: NodeId, timestamp: u64) -> bool {
        let Some(session) = self.store.session(client).filter(|session| session.sequence >= timestamp) else {
            return false;
        };
        let same = session.sequence == timestamp;
        let reply = HotstuffMessage::Reply {
            turn: self.turns.turn(self.view),
            timestamp: session.sequence,
            reply: same.then(|| session.reply.clone()),
            position: if same { session.index } else { 0 },
        };
        self.outbox.tell(client, reply);
        true
    }

    /// The new leader learns of every request that waits here and is in no block.
    pub(super) fn pass_on(&mut self, cx: &mut Context<'_, Hotstuff>) {
        if self.pending.requests().next().is_none() {
            return;
        }
        self.mark_open(cx);
        let leader = self.turns.leader(self.view);
        for request in self.pending.take(usize::MAX) {
            self.outbox.tell(leader, HotstuffMessage::Request(request));
        }
    }
}
