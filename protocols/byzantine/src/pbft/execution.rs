//! What is decided is executed, in order, and clients are told.

use sim_core::digest::hash_words;
use sim_core::facts::{ContentHash, Facts};
use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::replica::Replica;
use super::vocabulary::{Pbft, PbftMessage, PbftObservation, PbftRecord};
use crate::certificate::Certificate;
use crate::request::{Batch, Request};

impl Replica {
    /// A batch is known to be committed; the log holds it already.
    pub(super) fn learn(&mut self, certificate: &Certificate, batch: &Batch, cx: &mut Context<'_, Pbft>) {
        let said = certificate.statement;
        self.outbox.report(PbftObservation::Committed {
            view: said.view,
            sequence: said.height,
            digest: said.digest,
            batch: ContentHash(batch.hash()),
        });
        let record = PbftRecord::Decided { certificate: certificate.clone(), batch: batch.clone() };
        if self.parameters.read_only {
            // Reads that take no place in the order rest on it that whoever answered from a state does not fall back behind
            // it: members that executed a write, and forgot it in a crash, would be a quorum for what was there before.
            self.record(record, cx);
        } else {
            // Nothing is signed by that: it need not be durable before anything else.
            cx.append(crate::outbox::JOURNAL, record);
        }
        self.execute(cx);
    }

    /// Executes all that is decided without a gap.
    pub(super) fn execute(&mut self, cx: &mut Context<'_, Pbft>) {
        let before = self.executed;
        let mut served = Vec::new();
        while let Some(batch) = self.next_decided() {
            self.executed += 1;
            for request in self.in_order(&batch) {
                self.apply(&request, &mut served);
            }
            self.outbox.report(PbftObservation::Executed { sequence: self.executed });
            if self.executed.is_multiple_of(self.parameters.checkpoint_interval) {
                self.take_checkpoint(cx);
            }
        }
        if self.executed > before {
            self.served(&served, cx);
            self.propose(cx);
        }
    }

    fn next_decided(&self) -> Option<Batch> {
        let (_, batch) = self.log.get(&(self.executed + 1))?.decided.as_ref()?;
        Some(batch.clone())
    }

    /// The requests of a batch as the primary ordered them.
    pub(super) fn in_order(&self, batch: &Batch) -> Vec<Request> {
        let mut requests = batch.list.clone();
        // Plant: the order of a hash table with a seed of its own.
        if self.plants.hash_order {
            requests.sort_by_key(|request| hash_words(&[self.seed, request.hash()]));
        }
        requests
    }

    fn apply(&mut self, request: &Request, served: &mut Vec<(NodeId, u64)>) {
        let command = request.command;
        let (client, timestamp) = (command.client, command.timestamp);
        // Plant: a timestamp that was seen is executed again.
        if let Some(session) =
            self.store.apply_next(command.session(), command.operation, self.plants.executed_again)
        {
            let (position, reply) = (session.index, session.reply.clone());
            self.outbox.report(PbftObservation::Applied {
                client,
                timestamp,
                operation: ContentHash(command.operation.content()),
                position,
                answer: ContentHash(reply.content()),
            });
            let reply = PbftMessage::Reply { view: self.view, timestamp, reply: Some(reply), position };
            self.outbox.tell(client, reply);
            served.push((client, timestamp));
        }
        self.pending.done(client, timestamp);
    }
}
