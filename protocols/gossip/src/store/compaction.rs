//! The journal is rewritten from time to time as what its records amount to: it is as long as what a member holds, and not as what it has
//! ever done.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::member::Member;
use super::siblings::Siblings;
use super::vocabulary::{Store, StoreRecord};

impl Member {
    /// Rewrites the journal if it has grown by `compact_after` records more than the last rewriting had: then a record is
    /// written twice at most, in the mean.
    pub(super) fn compact(&mut self, cx: &mut Context<'_, Store>) {
        let after = u64::from(self.shared.parameters.compact_after);
        if after > 0 && self.journal.has_grown_by(after) {
            let records = self.summary();
            self.journal.rewrite(records, cx);
        }
    }

    /// The fewest records that bring a member to where it is.
    pub(super) fn summary(&self) -> Vec<StoreRecord> {
        let mut records = vec![StoreRecord::Compacted {
            clock: self.clock,
            fence: self.fence,
            began: self.collection.number,
        }];
        records.extend(self.roster.renewed().map(|(place, actor)| StoreRecord::Renewed { place, actor }));
        let collectors = (0..).map(NodeId).zip(self.confirmed.iter().zip(&self.dropped));
        for (collector, ((collection, tombstones), dropped)) in collectors {
            let (collection, dropped) = (*collection, *dropped);
            if collection > 0 {
                let tombstones = tombstones.clone();
                records.push(StoreRecord::Confirmed { collector, collection, tombstones });
            }
            if dropped > 0 {
                records.push(StoreRecord::DroppedLast { collector, collection: dropped });
            }
        }
        records.extend(self.replica.iter().map(|held| StoreRecord::Kept { written: held.clone() }));
        let hints = self.hints.iter().flat_map(|((target, _), kept)| with(*target, kept));
        records.extend(hints);
        if self.roster.joined && self.roster.actor(self.me) != self.me {
            records.push(StoreRecord::Joined);
        }
        records
    }
}

fn with(target: NodeId, kept: &Siblings) -> impl Iterator<Item = StoreRecord> + '_ {
    kept.iter().map(move |written| StoreRecord::Hinted { target, written: written.clone() })
}
