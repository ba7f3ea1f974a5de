//! Safe collection of tombstones.
//!
//! A tombstone may be dropped once nothing older than it is anywhere: neither at a home, nor in a hint, nor on its way. The
//! first home of a key collects its tombstones, a list at a time. It asks every member to confirm a list: whoever confirms
//! holds the tombstones where it is a home, has put them in the place of older hints, and takes no write that is as old any more (its
//! *fence*). Once all have confirmed, the list is dropped.
//!
//! What was sent before its sender confirmed may still be on its way. Therefore each record is sent with the latest collection
//! that its sender had confirmed, and whoever has confirmed a later one takes no record of a key that it knows nothing of: it
//! passes the list on instead, so that a collector that is gone holds nobody up. The design record 0120 tells why that suffices.
//!
//! A read may last longer than a collection: one home answers before it learns of the tombstone, another one after it has
//! dropped it. So a home that holds nothing says in which collection it dropped something last, and who answered before it had
//! confirmed that one is asked again.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Duration;

use super::member::{COLLECT, Member};
use super::siblings::Written;
use super::vocabulary::{
    Record, Sent, Store, StoreMessage, StoreObservation, StoreRecord, StoreTimer, Version,
};

/// How many tombstones are collected at once.
const MOST_AT_ONCE: usize = 64;

/// The collections of one collector, which come one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Collection {
    /// The number of the latest one.
    pub(super) number: u64,
    /// What it is about; empty if none is under way.
    tombstones: Box<[Written]>,
    /// How much of the journal must be durable before anybody is asked: a number is never used twice.
    after: u64,
    /// Who has confirmed.
    confirmed: Vec<bool>,
}

impl Collection {
    /// What a member had confirmed counts no longer.
    pub(super) fn forget(&mut self, place: NodeId) {
        if let Some(confirmed) = self.confirmed.get_mut(place.index()) {
            *confirmed = false;
        }
    }
}

impl Member {
    /// How often it looks for tombstones.
    pub(super) fn collect_every(&self) -> Duration {
        let every = self.shared.parameters.collect_every;
        if every.is_zero() { self.shared.parameters.tombstone_grace } else { every }
    }

    pub(super) fn collect(&mut self, cx: &mut Context<'_, Store>) {
        if !self.shared.parameters.tombstone_grace.is_zero() {
            self.drop_aged(cx);
        } else if self.collection.tombstones.is_empty() {
            self.begin_collection(cx);
        } else if self.journal.is_durable(self.collection.after) {
            let missing = self.collection.confirmed.iter().enumerate().filter(|(_, confirmed)| !**confirmed);
            let missing = missing.map(|(index, _)| NodeId(index as u32)).filter(|node| *node != self.me);
            let (collection, tombstones) = (self.collection.number, self.collection.tombstones.clone());
            let collector = self.me;
            self.tell_all(missing, StoreMessage::Confirm { collector, collection, tombstones }, cx);
        }
        cx.set_timer(COLLECT, self.collect_every(), StoreTimer::Collect);
    }

    fn begin_collection(&mut self, cx: &mut Context<'_, Store>) {
        let ring = &self.shared.ring;
        let own = |held: &&Written| held.record.value.is_none() && ring.collector(held.record.key) == self.me;
        let tombstones: Box<[Written]> =
            self.replica.iter().filter(own).take(MOST_AT_ONCE).cloned().collect();
        if tombstones.is_empty() {
            return;
        }
        let collection = self.collection.number + 1;
        self.journal.append(StoreRecord::Began { collection }, cx);
        self.collection = Collection {
            number: collection,
            tombstones: tombstones.clone(),
            after: self.journal.appended(),
            confirmed: vec![false; ring.members()],
        };
        let collector = self.me;
        for other in (0..ring.members() as u32).map(NodeId).filter(|node| *node != collector) {
            let tombstones = tombstones.clone();
            self.journal.say(other, StoreMessage::Confirm { collector, collection, tombstones });
        }
        self.confirm(collector, collection, &tombstones, cx);
    }

    /// Makes sure that nothing older is left here, and says so.
    pub(super) fn confirm(
        &mut self,
        collector: NodeId,
        collection: u64,
        tombstones: &[Written],
        cx: &mut Context<'_, Store>,
    ) {
        // What was confirmed before may be gone, and something newer with it: a list that took long brings nothing back.
        if collection > self.confirmed[collector.index()].0 {
            tombstones.iter().for_each(|tombstone| self.give_way(tombstone, cx));
            let tombstones: Box<[Written]> = tombstones.into();
            self.confirmed[collector.index()] = (collection, tombstones.clone());
            self.journal.append(StoreRecord::Confirmed { collector, collection, tombstones }, cx);
            self.knows(collector, cx);
        }
        let renewed = self.roster.renewed().collect();
        self.journal.say(collector, StoreMessage::Confirmed { collection, renewed });
    }

    /// Reports what it knows of a collector, which stands in the journal.
    fn knows(&self, collector: NodeId, cx: &mut Context<'_, Store>) {
        let (confirmed, dropped) = (self.confirmed[collector.index()].0, self.dropped[collector.index()]);
        cx.observe(StoreObservation::Knows { collector, confirmed, dropped, fence: self.fence });
    }

    /// Reports what it knows of all collectors.
    pub(super) fn tell_what_it_knows(&self, cx: &mut Context<'_, Store>) {
        let known = |collector: &NodeId| {
            self.confirmed[collector.index()].0 > 0 || self.dropped[collector.index()] > 0
        };
        let collectors = (0..self.confirmed.len() as u32).map(NodeId).filter(known);
        collectors.for_each(|collector| self.knows(collector, cx));
    }

    /// Whatever is older than a tombstone gives way to it here.
    fn give_way(&mut self, tombstone: &Written, cx: &mut Context<'_, Store>) {
        let Record { key, version, .. } = tombstone.record;
        let older = self.hints.iter().filter(|((_, of), kept)| {
            let older =
                |kept: &Written| kept.record.version != version && tombstone.includes(kept.record.version);
            *of == key && kept.iter().any(older)
        });
        let targets: Vec<NodeId> = older.map(|((target, _), _)| *target).collect();
        targets.into_iter().for_each(|target| self.hint(target, tombstone.clone(), cx));
        if self.shared.ring.is_home(self.me, key) {
            self.merge(&Sent { written: tombstone.clone(), confirmed: u64::MAX }, cx);
        }
        self.raise_fence(version);
    }

    pub(super) fn raise_fence(&mut self, version: Version) {
        self.fence = self.fence.max(version);
        self.clock = self.clock.max(version.time);
    }

    /// Tells a member what it has not confirmed yet, of the collector of a key, once it is on disk here: a collector that loses a number
    /// uses it again.
    pub(super) fn pass_on(&mut self, to: NodeId, key: u64) {
        let collector = self.shared.ring.collector(key);
        let (collection, tombstones) = self.confirmed[collector.index()].clone();
        // A newcomer knows the numbers of lists whose tombstones it does not know.
        if to != self.me && !tombstones.is_empty() {
            self.journal.say(to, StoreMessage::Confirm { collector, collection, tombstones });
        }
    }

    /// Somebody has confirmed; perhaps it was the last one.
    pub(super) fn is_confirmed(&mut self, from: NodeId, collection: u64, cx: &mut Context<'_, Store>) {
        if collection != self.collection.number || self.collection.tombstones.is_empty() {
            return;
        }
        self.collection.confirmed[from.index()] = true;
        let members = self.collection.confirmed.len();
        let confirmed = self.collection.confirmed.iter().filter(|confirmed| **confirmed).count();
        let enough = if self.shared.plants.early_collection { members / 2 + 1 } else { members };
        if confirmed >= enough {
            let tombstones = std::mem::take(&mut self.collection.tombstones);
            self.drop_all(collection, &tombstones, cx);
            let others = (0..members as u32).map(NodeId).filter(|node| *node != self.me);
            self.tell_all(others, StoreMessage::Collect { collection, tombstones }, cx);
        }
    }

    /// Holds nothing of a key any more, since a collection of its collector is complete.
    pub(super) fn remove(&mut self, key: u64, version: Version, collection: u64) {
        let dropped = &mut self.dropped[self.shared.ring.collector(key).index()];
        *dropped = collection.max(*dropped);
        self.replica.remove(self.me, key, version, &self.shared.ring);
    }

    /// Drops tombstones that nobody needs any more.
    pub(super) fn drop_all(&mut self, collection: u64, tombstones: &[Written], cx: &mut Context<'_, Store>) {
        for tombstone in tombstones {
            let Record { key, version, .. } = tombstone.record;
            if self.replica.get(key).is_some_and(|held| held.get(version).is_some()) {
                self.journal.append(StoreRecord::Dropped { key, version, collection }, cx);
                self.remove(key, version, collection);
                cx.observe(StoreObservation::Dropped { key, version });
                self.knows(self.shared.ring.collector(key), cx);
            }
            let same = self.hints.iter().filter(|((_, of), kept)| *of == key && kept.get(version).is_some());
            let targets: Vec<NodeId> = same.map(|((target, _), _)| *target).collect();
            targets.into_iter().for_each(|target| self.forget_hint(target, key, version, cx));
        }
    }

    /// Drops tombstones by their age alone.
    fn drop_aged(&mut self, cx: &mut Context<'_, Store>) {
        let grace = self.shared.parameters.tombstone_grace.as_nanos();
        let now = cx.now().as_nanos();
        let aged = |held: &&Written| {
            held.record.value.is_none() && held.record.version.time.saturating_add(grace) <= now
        };
        let aged: Vec<Written> = self.replica.iter().filter(aged).cloned().collect();
        self.drop_all(0, &aged, cx);
    }
}
