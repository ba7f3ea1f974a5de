//! Anti-entropy: two members compare what they share by a hash tree, its root first, and exchange what differs (Dynamo,
//! section 4.7).

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::member::{EXCHANGE, Member, Merged};
use super::vocabulary::{Record, Sent, Store, StoreMessage, StoreObservation, StoreTimer};

impl Member {
    /// Compares with the next one whose turn it is.
    pub(super) fn compare(&mut self, cx: &mut Context<'_, Store>) {
        let peer = self.neighbors[self.turn];
        self.turn = (self.turn + 1) % self.neighbors.len();
        cx.send(peer, StoreMessage::Root { root: self.replica.tree(peer).root() });
        cx.set_timer(EXCHANGE, self.shared.parameters.exchange_every, StoreTimer::Exchange);
    }

    pub(super) fn compared(&mut self, from: NodeId, root: u64, cx: &mut Context<'_, Store>) {
        let tree = self.replica.tree(from);
        if tree.root() != root {
            cx.send(from, StoreMessage::Leaves { leaves: tree.leaves()[..].into() });
            cx.observe(StoreObservation::Differed { peer: from });
        }
    }

    /// Sends all that it has in buckets that differ.
    pub(super) fn differ(&mut self, from: NodeId, leaves: &[u64], cx: &mut Context<'_, Store>) {
        let buckets = self.replica.tree(from).differing(leaves);
        if buckets != 0 {
            let records = self.replica.shared(from, buckets, &self.shared.ring);
            let sent = records.map(|record| self.sent(*record)).collect();
            cx.send(from, StoreMessage::Exchange { buckets, sent, answer: true });
        }
    }

    /// Takes what is newer, and answers with what is newer here.
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
            let key = sent.record.key;
            let collector = self.shared.ring.collector(key);
            if self.merge(*sent, cx) == Merged::Outdated && !collectors.contains(&collector) {
                collectors.push(collector);
                self.pass_on(from, key, cx);
            }
        }
        if !answer {
            return;
        }
        let theirs = |key: u64| {
            let place = sent.binary_search_by_key(&key, |sent| sent.record.key);
            place.ok().map(|place| sent[place].record.version)
        };
        let newer = |record: &&Record| theirs(record.key).is_none_or(|version| version < record.version);
        let records = self.replica.shared(from, buckets, &self.shared.ring).filter(newer);
        let sent: Box<[Sent]> = records.map(|record| self.sent(*record)).collect();
        if !sent.is_empty() {
            cx.send(from, StoreMessage::Exchange { buckets, sent, answer: false });
        }
    }
}
