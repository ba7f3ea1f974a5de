//! What is committed is executed, in order, and clients are told.

use sim_core::facts::{ContentHash, Facts};
use sim_core::process::Context;

use super::blocks::Block;
use super::replica::Replica;
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation, HotstuffRecord};
use crate::request::Request;

impl Replica {
    /// Executes blocks that follow its chain, the last one first in the list.
    pub(super) fn execute(&mut self, path: Vec<Block>, cx: &mut Context<'_, Hotstuff>) {
        let Some(last) = path.first() else { return };
        let digest = Self::digest_of(last);
        for block in path.into_iter().rev() {
            self.report_committed(&block);
            self.tree.remove(&block.hash());
            for request in block.requests() {
                self.apply(request);
            }
            if !block.requests().is_empty() {
                self.filled = block.height;
            }
            self.chain.push(block);
        }
        // Nothing is signed by that: it need not be durable before anything else.
        cx.append(crate::outbox::JOURNAL, HotstuffRecord::Committed { digest });
        self.attempts = 0;
    }

    fn apply(&mut self, request: &Request) {
        let command = request.command;
        let (client, timestamp) = (command.client, command.timestamp);
        // Plant: a timestamp that was seen is executed again.
        if let Some(session) =
            self.store.apply_next(command.session(), command.operation, self.plants.executed_again)
        {
            let (position, reply) = (session.index, session.reply.clone());
            self.outbox.report(HotstuffObservation::Applied {
                client,
                timestamp,
                operation: ContentHash(command.operation.content()),
                position,
                answer: ContentHash(reply.content()),
            });
            let turn = self.turns.turn(self.view);
            self.outbox
                .tell(client, HotstuffMessage::Reply { turn, timestamp, reply: Some(reply), position });
        }
        self.pending.done(client, timestamp);
    }
}
