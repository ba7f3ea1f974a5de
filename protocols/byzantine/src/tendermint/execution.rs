//! What is decided is executed, and clients are told.

use sim_core::facts::{ContentHash, Facts};
use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::replica::Replica;
use super::vocabulary::{Block, Tendermint, TendermintMessage, TendermintObservation, TendermintRecord};
use crate::certificate::Certificate;
use crate::outbox::JOURNAL;
use crate::request::Request;

impl Replica {
    /// The block of this height is decided: executes it, and goes on to the next height.
    pub(super) fn decide(
        &mut self,
        certificate: &Certificate,
        block: &Block,
        cx: &mut Context<'_, Tendermint>,
    ) {
        let said = certificate.statement;
        self.outbox.report(TendermintObservation::Committed {
            height: said.height,
            round: said.view,
            block: said.digest,
            content: ContentHash(block.hash()),
        });
        // Nothing is signed by that: it need not be durable before anything else.
        let record = TendermintRecord::Decided { certificate: certificate.clone(), block: block.clone() };
        cx.append(JOURNAL, record);
        for request in &block.batch.list {
            self.apply(request);
        }
        self.outbox.report(TendermintObservation::Executed { height: said.height });
        self.chain.push((certificate.clone(), block.clone()));
        self.height += 1;
        self.begin_height(cx);
    }

    fn apply(&mut self, request: &Request) {
        let command = request.command;
        let (client, timestamp) = (command.client, command.timestamp);
        // Plant: a timestamp that was seen is executed again.
        if let Some(session) =
            self.store.apply_next(command.session(), command.operation, self.plants.executed_again)
        {
            let (position, reply) = (session.index, session.reply.clone());
            self.outbox.report(TendermintObservation::Applied {
                client,
                timestamp,
                operation: ContentHash(command.operation.content()),
                position,
                answer: ContentHash(reply.content()),
            });
            let reply = Some(reply);
            let height = self.height;
            self.outbox.tell(client, TendermintMessage::Reply { height, timestamp, reply, position });
        }
        self.pending.done(client, timestamp);
    }

    /// Answers what the session has seen. A later timestamp than asked for tells a client that came back without memory
    /// where its session is.
    pub(super) fn answer_from_session(&mut self, client: NodeId, timestamp: u64) -> bool {
        let Some(session) = self.store.session(client).filter(|session| session.sequence >= timestamp) else {
            return false;
        };
        let same = session.sequence == timestamp;
        let reply = TendermintMessage::Reply {
            height: self.height,
            timestamp: session.sequence,
            reply: same.then(|| session.reply.clone()),
            position: if same { session.index } else { 0 },
        };
        // Another member that passes on an old request is told nothing.
        if client.0 >= self.members {
            self.outbox.tell(client, reply);
        }
        true
    }
}
