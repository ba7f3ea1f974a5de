//! Where quorums overlap, a read sees what was acknowledged before.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::process::RequestId;

use super::super::holdings::Holdings;
use super::super::parameters::Parameters;
use super::super::vocabulary::{Record, Store, StoreObservation, StoreRequest, StoreResponse, Version};

/// If R + W > N and quorums are strict, a read returns a version that includes each one that was acknowledged before it was
/// asked for. A tombstone that has been collected may be found as nothing.
///
/// What counts as acknowledged is what W homes have on disk, by the world's own marks; hints do not count.
#[derive(Clone, Debug)]
pub struct QuorumReads {
    promised: bool,
    quorum: usize,
    holdings: Holdings,
    /// By key: the versions that were acknowledged, but for those that another one of them supersedes.
    acknowledged: OrderedMap<u64, Vec<Version>>,
    /// Reads under way: their keys, and what was acknowledged of them when they were asked for.
    reads: OrderedMap<RequestId, (u64, Vec<Version>)>,
}

impl QuorumReads {
    /// For a cluster of so many members.
    pub fn new(parameters: &Parameters, members: u32) -> Self {
        Self {
            promised: parameters.reads_overlap(),
            quorum: parameters.write_quorum.min(members) as usize,
            holdings: Holdings::new(parameters),
            acknowledged: OrderedMap::new(),
            reads: OrderedMap::new(),
        }
    }
}

impl Check<Store> for QuorumReads {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&Holdings::WITH_ACKNOWLEDGMENTS)
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Store>, _: &mut Findings) {
        let StoreObservation::Acknowledged { record } = *seen.observation else {
            return self.holdings.follow(seen);
        };
        if self.holdings.durable(ground, record.key, record.version).0 >= self.quorum {
            let Record { key, version, .. } = record;
            let (lineage, known) = (self.holdings.lineage(), self.acknowledged.entry(key).or_default());
            if !known.iter().any(|known| lineage.includes(key, *known, version)) {
                known.retain(|known| !lineage.includes(key, version, *known));
                known.push(version);
            }
        }
    }

    fn watches_clients(&self) -> bool {
        true
    }

    fn invoked(&mut self, _: &Ground, _: NodeId, id: RequestId, request: &StoreRequest, _: &mut Findings) {
        if let StoreRequest::Get { key } = request
            && self.promised
            && let Some(acknowledged) = self.acknowledged.get(key)
        {
            self.reads.insert(id, (*key, acknowledged.clone()));
        }
    }

    fn returned(
        &mut self,
        _: &Ground,
        client: NodeId,
        id: RequestId,
        response: &StoreResponse,
        findings: &mut Findings,
    ) {
        let (Some((key, owed)), StoreResponse::Read { record, others }) = (self.reads.remove(&id), response)
        else {
            return;
        };
        findings.exercised();
        let lineage = self.holdings.lineage();
        let collected =
            |version| (record.is_none() || lineage.keeps_siblings()) && self.holdings.is_gone(key, version);
        let found =
            |version| record.iter().chain(others).any(|found| lineage.includes(key, found.version, version));
        if owed.into_iter().any(|version| !found(version) && !collected(version)) {
            let text =
                format!("{client} reads key {key} as it was before a write that was acknowledged earlier");
            findings.safety("", &[client], text);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        self.holdings.lifecycle(ground, slot, what);
        if what == Lifecycle::Wiped {
            // With a disk, one of the copies is lost that reads are to meet.
            let is_whole = |key: u64, version: &Version| self.holdings.lost(key, *version) == 0;
            let acknowledged = self.acknowledged.iter_mut();
            acknowledged.for_each(|(key, known)| known.retain(|version| is_whole(*key, version)));
            let reads = self.reads.values_mut();
            reads.for_each(|(key, owed)| owed.retain(|version| is_whole(*key, version)));
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol_testing::script::Script;

    use super::*;

    fn record(time: u64, value: Option<u64>) -> Record {
        Record { key: 5, version: Version { time, actor: NodeId(7), session: 0 }, value }
    }

    /// Two homes have a record, which is acknowledged; then a client reads this.
    fn reads(sloppy: bool, written: Record, collect: bool, read: Option<Record>) -> (usize, u64) {
        let parameters = Parameters { sloppy, ..Parameters::default() };
        let mut script: Script<Store, QuorumReads> = Script::new(QuorumReads::new(&parameters, 3), 3);
        let stored = StoreObservation::Stored { record: written };
        script.write(0, stored).write(1, stored).sync(0).sync(1);
        script.see(0, StoreObservation::Acknowledged { record: written });
        if collect {
            script.write(0, StoreObservation::Dropped { key: 5, version: written.version });
        }
        let Script { check, ground, findings, .. } = &mut script;
        check.invoked(ground, NodeId(3), RequestId(1), &StoreRequest::Get { key: 5 }, findings);
        check.returned(
            ground,
            NodeId(3),
            RequestId(1),
            &StoreResponse::Read { record: read, others: [].into() },
            findings,
        );
        (script.violations(), script.exercised())
    }

    #[test]
    fn a_read_that_misses_what_was_acknowledged_is_found() {
        let (old, new) = (record(4, Some(1)), record(6, Some(2)));
        assert_eq!(reads(false, new, false, Some(old)), (1, 1));
        assert_eq!(reads(false, new, false, None), (1, 1));
        assert_eq!(reads(false, new, false, Some(new)), (0, 1));
        assert_eq!(reads(false, new, false, Some(record(8, None))), (0, 1), "something newer is right");
        assert_eq!(reads(true, new, false, Some(old)), (0, 0), "a sloppy quorum promises nothing");
    }

    #[test]
    fn a_collected_tombstone_is_found_as_nothing() {
        let deleted = record(6, None);
        assert_eq!(reads(false, deleted, true, None), (0, 1));
        assert_eq!(reads(false, deleted, false, None), (1, 1), "it has not been collected");
        assert_eq!(reads(false, deleted, true, Some(record(4, Some(1)))), (1, 1));
    }
}
