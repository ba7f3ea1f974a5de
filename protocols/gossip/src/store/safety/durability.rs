//! What an acknowledgment promises: enough members have the write on disk, and it is not lost afterwards.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::super::holdings::Holdings;
use super::super::parameters::Parameters;
use super::super::vocabulary::{Record, Store, StoreObservation, Version};

/// When a write is acknowledged, so many members as the write quorum asks for have it on disk, or something newer: homes of the
/// key alone if the quorum is strict.
#[derive(Clone, Debug)]
pub struct Durability {
    quorum: usize,
    sloppy: bool,
    holdings: Holdings,
}

impl Durability {
    /// For a cluster of so many members.
    pub fn new(parameters: &Parameters, members: u32) -> Self {
        let quorum = parameters.write_quorum.min(members) as usize;
        Self { quorum, sloppy: parameters.sloppy, holdings: Holdings::new(parameters) }
    }
}

impl Check<Store> for Durability {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&Holdings::WITH_ACKNOWLEDGMENTS)
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Store>, findings: &mut Findings) {
        let StoreObservation::Acknowledged { record } = *seen.observation else {
            return self.holdings.follow(seen);
        };
        findings.exercised();
        // Where something newer was deleted and collected, every home had it.
        if self.holdings.is_gone(record.key, record.version) {
            return;
        }
        let (homes, all) = self.holdings.durable(ground, record.key, record.version);
        // What was durable, and is lost with its disk by now, was a copy.
        let copies = if self.sloppy { all } else { homes } + self.holdings.lost(record.key, record.version);
        if copies < self.quorum {
            let (node, key, quorum) = (seen.node, record.key, self.quorum);
            let text = format!(
                "{node} acknowledges a write of key {key} that {copies} members have on disk, of {quorum}"
            );
            findings.safety("", &[node], text);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        self.holdings.lifecycle(ground, slot, what);
    }
}

/// At the end every acknowledged write, or something newer, is still on some disk; unless the last disk that had it was lost.
#[derive(Clone, Debug)]
pub struct Survival {
    holdings: Holdings,
    /// By key: the writes that were acknowledged, but for those that another one of them supersedes.
    acknowledged: OrderedMap<u64, Vec<(Version, NodeId)>>,
}

impl Survival {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        Self { holdings: Holdings::new(parameters), acknowledged: OrderedMap::new() }
    }

    /// Nobody owes writes of a key that were on disks that are lost and are kept by nobody else.
    fn excuse(&mut self, ground: &Ground, key: u64) {
        let (holdings, known) = (&self.holdings, self.acknowledged.get_mut(&key));
        let owed = |version| {
            holdings.lost(key, version) == 0
                || holdings.is_gone(key, version)
                || holdings.is_kept(ground, key, version)
        };
        known.into_iter().for_each(|known| known.retain(|(version, _)| owed(*version)));
    }
}

impl Check<Store> for Survival {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&Holdings::WITH_ACKNOWLEDGMENTS)
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Store>, _: &mut Findings) {
        let record = match *seen.observation {
            StoreObservation::Acknowledged { record } => record,
            // It was handed over to somebody whose disk may be lost by now.
            StoreObservation::Unhinted { key, .. } => {
                self.holdings.follow(seen);
                return self.excuse(ground, key);
            }
            _ => return self.holdings.follow(seen),
        };
        let Record { key, version, .. } = record;
        if !self.holdings.is_kept(ground, key, version) && self.holdings.lost(key, version) > 0 {
            return;
        }
        let (lineage, known) = (self.holdings.lineage(), self.acknowledged.entry(key).or_default());
        if !known.iter().any(|(known, _)| lineage.includes(key, *known, version)) {
            known.retain(|(known, _)| !lineage.includes(key, version, *known));
            known.push((version, seen.node));
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        self.holdings.lifecycle(ground, slot, what);
        if what == Lifecycle::Wiped {
            let keys: Vec<u64> = self.acknowledged.keys().copied().collect();
            keys.into_iter().for_each(|key| self.excuse(ground, key));
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        let all =
            self.acknowledged.iter().flat_map(|(key, known)| known.iter().map(move |known| (key, known)));
        for (key, (version, node)) in all {
            findings.exercised();
            if !self.holdings.is_gone(*key, *version) && self.holdings.durable(ground, *key, *version).1 == 0
            {
                let text = format!("a write of key {key} that {node} acknowledged is on no disk any more");
                findings.safety("", &[*node], text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol_testing::script::Script;

    use super::*;

    const RECORD: Record =
        Record { key: 5, version: Version { time: 9, actor: NodeId(7), session: 0 }, value: Some(3) };
    const STORED: StoreObservation = StoreObservation::Stored { record: RECORD };
    const HINTED: StoreObservation = StoreObservation::Hinted { target: NodeId(1), record: RECORD };
    const UNHINTED: StoreObservation =
        StoreObservation::Unhinted { target: NodeId(1), key: 5, version: RECORD.version };
    const SUPERSEDED: StoreObservation =
        StoreObservation::Superseded { key: 5, version: RECORD.version, by: RECORD.version };
    const ACKNOWLEDGED: StoreObservation = StoreObservation::Acknowledged { record: RECORD };

    fn durability(sloppy: bool) -> Script<Store, Durability> {
        let parameters = Parameters { sloppy, ..Parameters::default() };
        Script::new(Durability::new(&parameters, 5), 5)
    }

    #[test]
    fn too_few_copies_on_disk_are_found() {
        let mut script = durability(false);
        script.write(0, STORED).write(1, STORED).sync(0).see(2, ACKNOWLEDGED);
        script.found("", "n3 acknowledges a write of key 5 that 1 members have on disk, of 2");
        script.sync(1).see(2, ACKNOWLEDGED);
        assert_eq!((script.violations(), script.exercised()), (1, 2));
        script.crash(1, 0).see(2, ACKNOWLEDGED);
        assert_eq!(script.violations(), 1, "what was synced survives a crash");
    }

    #[test]
    fn a_hint_counts_in_a_sloppy_quorum_alone() {
        for (sloppy, violations) in [(true, 0), (false, 1)] {
            let mut script = durability(sloppy);
            script.write(0, STORED).write(3, HINTED).sync(0).sync(3).see(2, ACKNOWLEDGED);
            assert_eq!(script.violations(), violations);
        }
    }

    #[test]
    fn something_newer_counts_and_so_does_a_collected_tombstone() {
        let newer =
            Record { version: Version { time: 11, actor: NodeId(6), session: 0 }, value: None, ..RECORD };
        let mut script = durability(false);
        script.write(0, StoreObservation::Stored { record: newer }).write(1, STORED).sync(0).sync(1);
        script.see(2, ACKNOWLEDGED).clean();
        script.write(0, StoreObservation::Dropped { key: 5, version: newer.version }).sync(0);
        script.see(2, ACKNOWLEDGED).clean();
    }

    #[test]
    fn an_acknowledged_write_that_nobody_has_any_more_is_found() {
        let mut lost: Script<Store, Survival> = Script::new(Survival::new(&Parameters::default()), 5);
        lost.write(3, HINTED).sync(3).see(2, ACKNOWLEDGED).write(3, UNHINTED).sync(3).finish();
        lost.found("", "a write of key 5 that n3 acknowledged is on no disk any more");
        let mut handed: Script<Store, Survival> = Script::new(Survival::new(&Parameters::default()), 5);
        handed.write(3, HINTED).sync(3).see(2, ACKNOWLEDGED).write(1, STORED).sync(1);
        handed.write(3, UNHINTED).sync(3).crash(1, 0).finish().clean();
        assert_eq!(handed.exercised(), 1);
    }

    #[test]
    fn what_was_handed_to_a_disk_that_is_lost_then_is_nobodys_fault() {
        let survival = || Script::<Store, Survival>::new(Survival::new(&Parameters::default()), 5);
        let mut lost = survival();
        lost.write(3, HINTED).sync(3).see(2, ACKNOWLEDGED).write(1, STORED).sync(1);
        // It is given up, but not on disk yet, when the only other disk is lost.
        lost.write(3, UNHINTED).wipe(1).sync(3).finish().clean();
        // Or the word that it was taken comes after that.
        let mut late = survival();
        late.write(3, HINTED).sync(3).see(2, ACKNOWLEDGED).write(1, STORED).sync(1).wipe(1);
        late.write(3, UNHINTED).sync(3).finish().clean();
        let mut other = survival();
        other.write(3, HINTED).sync(3).write(1, STORED).sync(1).see(2, ACKNOWLEDGED).wipe(0);
        other.write(3, UNHINTED).write(1, SUPERSEDED).sync(1).sync(3).finish();
        other.found("", "a write of key 5 that n3 acknowledged is on no disk any more");
    }
}
