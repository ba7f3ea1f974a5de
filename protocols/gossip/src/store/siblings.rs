//! What is held of a key: the record of the last writer, or all records that no other one supersedes (Parker et al. 1983; Dynamo,
//! section 4.4).
//!
//! Each write carries what its client knew of the key: for each actor the latest write of its that had been seen. An actor is one incarnation
//! of a client, which always knows its own earlier writes. So whoever knows a write of an actor knows all earlier ones of it, and a
//! vector of the latest ones is exact, whichever records a member has missed. Restarted clients are new actors, since they
//! have forgotten what they wrote.

use std::cmp::Reverse;
use std::sync::Arc;

use sim_core::facts;

use super::vocabulary::{Record, Version};

facts! {
    /// A record, and what its writer knew of the key.
    #[derive(PartialEq, Eq)]
    pub struct Written {
        /// The record.
        pub record: Record,
        /// The latest of the versions that it supersedes, one for each actor; absent where the last writer wins.
        pub past: Option<Arc<[Version]>>,
    }
}

facts! {
    /// What is held of a key: at most one record where the last writer wins, and else all that no other one supersedes.
    #[derive(PartialEq, Eq, Default)]
    pub struct Siblings {
        /// The one with the highest version.
        newest: Option<Written>,
        /// The others, from the next lower version on.
        others: Box<[Written]>,
    }
}

impl Written {
    /// A record of a last writer.
    pub fn last(record: Record) -> Self {
        Self { record, past: None }
    }

    /// Whether whoever holds this needs no record of that version: it is this one, or older.
    pub fn includes(&self, version: Version) -> bool {
        match &self.past {
            None => self.record.version >= version,
            Some(past) => self.record.version == version || past.iter().any(|known| known.follows(version)),
        }
    }
}

impl Version {
    /// Whether it is that version, or a later one of the same actor.
    fn follows(self, other: Self) -> bool {
        self.is_of_actor_of(other) && self.time >= other.time
    }

    fn is_of_actor_of(self, other: Self) -> bool {
        (self.actor, self.session) == (other.actor, other.session)
    }
}

/// Adds a version to a vector of the latest ones.
pub fn learn(vector: &mut Vec<Version>, version: Version) {
    match vector.iter_mut().find(|known| known.is_of_actor_of(version)) {
        Some(known) => known.time = known.time.max(version.time),
        None => vector.push(version),
    }
}

impl Siblings {
    /// All of them, the highest version first.
    pub fn iter(&self) -> impl Iterator<Item = &Written> {
        self.newest.iter().chain(&self.others)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// The one with the highest version.
    pub fn newest(&self) -> Option<&Written> {
        self.newest.as_ref()
    }

    /// The record of a version, if it is among them.
    pub fn get(&self, version: Version) -> Option<&Written> {
        self.iter().find(|written| written.record.version == version)
    }

    /// Whether a record of this version would add nothing.
    pub fn includes(&self, version: Version) -> bool {
        self.iter().any(|written| written.includes(version))
    }

    /// Takes a record in unless it would add nothing. Those that it supersedes are gone.
    pub fn add(&mut self, written: Written) {
        if !self.includes(written.record.version) {
            self.hold(written);
        }
    }

    /// Takes a record in, whatever is there. Those that it supersedes are gone; where the last writer wins, any other one is.
    pub fn hold(&mut self, written: Written) {
        if written.past.is_none() {
            self.newest = Some(written);
            return;
        }
        let kept = self.iter().filter(|held| !written.includes(held.record.version)).cloned();
        let mut all: Vec<Written> = kept.collect();
        all.push(written);
        self.put(all);
    }

    /// Gives a version up.
    pub fn remove(&mut self, version: Version) {
        if self.get(version).is_some() {
            let kept = self.iter().filter(|held| held.record.version != version).cloned().collect();
            self.put(kept);
        }
    }

    fn put(&mut self, mut all: Vec<Written>) {
        all.sort_unstable_by_key(|written| Reverse(written.record.version));
        let others = all.split_off(all.len().min(1));
        (self.newest, self.others) = (all.pop(), others.into());
    }
}

#[cfg(test)]
mod tests {
    use sim_core::identity::NodeId;

    use super::*;

    fn version(actor: u32, time: u64) -> Version {
        Version { time, actor: NodeId(actor), session: 7 }
    }

    fn written(actor: u32, time: u64, past: &[Version]) -> Written {
        let record = Record { key: 5, version: version(actor, time), value: Some(time) };
        Written { record, past: Some(past.into()) }
    }

    fn held(siblings: &Siblings) -> Vec<(u32, u64)> {
        siblings.iter().map(|held| (held.record.version.actor.0, held.record.version.time)).collect()
    }

    #[test]
    fn concurrent_writes_stay_and_whoever_knew_them_takes_their_place() {
        let mut siblings = Siblings::default();
        siblings.add(written(1, 10, &[]));
        siblings.add(written(2, 12, &[]));
        siblings.add(written(1, 10, &[]));
        assert_eq!(held(&siblings), [(2, 12), (1, 10)]);
        siblings.add(written(3, 20, &[version(1, 10)]));
        assert_eq!(held(&siblings), [(3, 20), (2, 12)], "only one of them was known");
        siblings.add(written(1, 10, &[]));
        assert_eq!(held(&siblings), [(3, 20), (2, 12)], "what was superseded does not come back");
        siblings.add(written(2, 25, &[version(1, 10), version(2, 12), version(3, 20)]));
        assert_eq!(held(&siblings), [(2, 25)]);
        siblings.remove(version(2, 25));
        assert!(siblings.is_empty());
    }

    #[test]
    fn the_order_in_which_records_come_does_not_matter() {
        let records = [
            written(1, 10, &[]),
            written(1, 14, &[version(1, 10)]),
            written(2, 12, &[]),
            written(2, 30, &[version(2, 12), version(1, 10)]),
        ];
        let all = |order: &[usize]| {
            let mut siblings = Siblings::default();
            order.iter().for_each(|index| siblings.add(records[*index].clone()));
            siblings
        };
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
            assert_eq!(held(&all(&order)), [(2, 30), (1, 14)]);
        }
    }

    #[test]
    fn a_later_session_of_a_client_is_somebody_else() {
        let later = Version { session: 8, ..version(1, 40) };
        let record = Record { key: 5, version: later, value: None };
        let mut siblings = Siblings::default();
        siblings.add(written(1, 10, &[]));
        siblings.add(Written { record, past: Some([].into()) });
        assert_eq!(held(&siblings), [(1, 40), (1, 10)]);
        let mut vector = vec![version(1, 10)];
        learn(&mut vector, later);
        learn(&mut vector, version(1, 12));
        learn(&mut vector, version(1, 11));
        assert_eq!(vector, [version(1, 12), later]);
    }

    #[test]
    fn the_last_writer_is_alone() {
        let last = |time| Written::last(Record { key: 5, version: version(1, time), value: None });
        let mut siblings = Siblings::default();
        siblings.add(last(4));
        siblings.add(last(9));
        siblings.add(last(6));
        assert_eq!(held(&siblings), [(1, 9)]);
        siblings.hold(last(6));
        assert_eq!(held(&siblings), [(1, 6)]);
    }
}
