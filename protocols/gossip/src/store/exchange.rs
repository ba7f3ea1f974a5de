//! Anti-entropy: two members compare what they share by a hash tree, its root first, and exchange what differs (Dynamo,
//! section 4.7).

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::member::{EXCHANGE, Member, Merged};
use super::siblings::Written;
use super::vocabulary::{Record, Sent, Store, StoreMessage, StoreObservation, StoreTimer};

impl Member {
    /// Compares with the next one whose turn it is.
    pub(super) fn compare(&mut self, cx: &mut Context<'_, Store>) {
        let peer = self.neighbors[self.turn];
        self.turn = (self.turn + 1) % self.neighbors.len();
        cx.send(self.roster.actor(peer), StoreMessage::Root { root: self.replica.tree(peer).root() });
        cx.set_timer(EXCHANGE, self.shared.parameters.exchange_every, StoreTimer::Exchange);
    }

    pub(super) fn compared(&mut self, from: NodeId, root: u64, cx: &mut Context<'_, Store>) {
        let tree = self.replica.tree(from);
        if tree.root() != root {
            cx.send(self.roster.actor(from), StoreMessage::Leaves { leaves: tree.leaves()[..].into() });
            cx.observe(StoreObservation::Differed { peer: from });
        }
    }

    /// Sends all that it has in buckets that differ.
    pub(super) fn differ(&mut self, from: NodeId, leaves: &[u64], cx: &mut Context<'_, Store>) {
        let buckets = self.replica.tree(from).differing(leaves);
        if buckets != 0 {
            let records = self.replica.shared(from, buckets, &self.shared.ring);
            let sent = records.map(|held| self.sent(held.clone())).collect();
            cx.send(self.roster.actor(from), StoreMessage::Exchange { buckets, sent, answer: true });
        }
    }

    /// Takes what adds something here, and answers with what adds something there.
    pub(super) fn exchanged(
        &mut self,
        from: NodeId,
        buckets: u64,
        sent: &[Sent],
        answer: bool,
        cx: &mut Context<'_, Store>,
    ) {
        let mut collectors: Vec<NodeId> = Vec::new();
        for sent in sent {
            let key = sent.written.record.key;
            let collector = self.shared.ring.collector(key);
            if self.merge(sent, cx) == Merged::Outdated && !collectors.contains(&collector) {
                collectors.push(collector);
                self.pass_on(from, key);
            }
        }
        if !answer {
            return;
        }
        let lacks = |held: &&Written| {
            let Record { key, version, .. } = held.record;
            let first = sent.partition_point(|sent| sent.written.record.key < key);
            let theirs = sent[first..].iter().take_while(|sent| sent.written.record.key == key);
            !theirs.into_iter().any(|sent| sent.written.includes(version))
        };
        let records = self.replica.shared(from, buckets, &self.shared.ring).filter(lacks);
        let sent: Box<[Sent]> = records.map(|held| self.sent(held.clone())).collect();
        if !sent.is_empty() {
            cx.send(self.roster.actor(from), StoreMessage::Exchange { buckets, sent, answer: false });
        }
    }
}
