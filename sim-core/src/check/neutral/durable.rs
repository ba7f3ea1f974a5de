//! A decision rests on disks: a quorum wrote it where no crash can take it.

use std::collections::VecDeque;

use super::{Kinds, is_one_of};
use crate::check::{ByIndex, BySlot, Check, Findings, Lifecycle, Seen};
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::ordered::OrderedMap;
use crate::process::{JournalId, Observe, Protocol};

/// The smallest majority of so many.
pub const fn majority(members: u32) -> u32 {
    members / 2 + 1
}

/// What is decided at a position was written by a quorum, durably, with the same digest, by the world's own marks.
///
/// It is judged when a position is first reported as decided. Who once had it on disk counts: also if it has written
/// something else there since, is down, or lost its disk. A traitor counts as having it, since no honest one could know
/// better. So a decision that is accused rests on fewer disks than it must, whatever the protocol does otherwise.
///
/// In return, each write is observed after it was appended and before any hold, and whoever boots reports what its
/// journal holds that it never reported, as after a crash between the sync and the step that follows.
#[derive(Debug)]
pub struct DurableOnQuorum {
    quorum: u32,
    written: Kinds,
    decided: Kinds,
    /// What is on disks at positions that are not decided yet: the digest, and who has it.
    on_disk: OrderedMap<u64, Vec<(u64, NodeId)>>,
    /// What each slot wrote that is not on its disk yet.
    pending: BySlot<Vec<Pending>>,
    settled: ByIndex<()>,
}

/// The unsynced writes to one journal of one slot, oldest first.
#[derive(Debug)]
struct Pending {
    journal: JournalId,
    writes: VecDeque<Write>,
}

#[derive(Clone, Copy, Debug)]
struct Write {
    node: NodeId,
    /// Where its record stands.
    record: u64,
    position: u64,
    digest: u64,
}

impl DurableOnQuorum {
    /// So many members must have written what is decided. Kinds of observations say what a member writes, and what it
    /// reports as decided; both have a position (0 if they have none) and a digest.
    pub fn new(quorum: u32, written: Kinds, decided: Kinds) -> Self {
        Self {
            quorum,
            written,
            decided,
            on_disk: OrderedMap::new(),
            pending: BySlot::new(),
            settled: ByIndex::default(),
        }
    }

    fn wrote<P: Protocol>(&mut self, seen: &Seen<'_, P>, position: u64, digest: u64) {
        let pending = self.pending.at(seen.slot);
        let place = pending.iter().position(|pending| pending.journal == seen.journal).unwrap_or_else(|| {
            pending.push(Pending { journal: seen.journal, writes: VecDeque::new() });
            pending.len() - 1
        });
        let write = Write { node: seen.node, record: seen.mark.appended, position, digest };
        pending[place].writes.push_back(write);
        self.settle(seen.slot, seen.journal, seen.mark.durable);
    }

    /// A journal is durable up to there.
    fn settle(&mut self, slot: Slot, journal: JournalId, durable: u64) {
        let Some(pending) = self.pending.at(slot).iter_mut().find(|pending| pending.journal == journal)
        else {
            return;
        };
        while let Some(write) = pending.writes.front().copied()
            && write.record <= durable
        {
            pending.writes.pop_front();
            let Write { node, position, digest, .. } = write;
            if self.settled.get(position).is_none() {
                let holders = self.on_disk.entry(position).or_default();
                if !holders.contains(&(digest, node)) {
                    holders.push((digest, node));
                }
            }
        }
    }

    fn settle_slot(&mut self, ground: &Ground, slot: Slot) {
        for place in 0..self.pending.get(slot).map_or(0, Vec::len) {
            let journal = self.pending.at(slot)[place].journal;
            self.settle(slot, journal, ground.place(slot).mark(journal).durable);
        }
    }

    fn decides<P: Protocol>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        (position, digest): (u64, u64),
        findings: &mut Findings,
    ) {
        if self.settled.get(position).is_some() {
            return;
        }
        findings.exercised();
        ground.members().for_each(|(slot, _)| self.settle_slot(ground, slot));
        self.settled.get_or_put(position, ());
        let holders = self.on_disk.remove(&position).unwrap_or_default();
        let holds = |node: &NodeId| holders.contains(&(digest, *node)) && ground.honest(*node);
        let honest = holders.iter().map(|(_, node)| *node).filter(holds);
        let honest: crate::ordered::OrderedSet<NodeId> = honest.collect();
        let traitors = ground.members().filter(|(_, place)| !place.honest).count();
        let durable = honest.len() + traitors;
        if durable < self.quorum as usize {
            let (node, quorum) = (seen.node, self.quorum);
            let at = format!("{node} decided position {position}");
            let message = format!("{at}, durable at {durable} members of the {quorum} that it takes");
            let others = honest.into_iter().filter(|other| *other != node);
            let nodes: Vec<NodeId> = std::iter::once(node).chain(others).collect();
            findings.safety("", &nodes, message);
        }
    }
}

impl<P: Protocol> Check<P> for DurableOnQuorum {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let (writes, decides) = (is_one_of(self.written, seen), is_one_of(self.decided, seen));
        if !(writes || decides) || !seen.honest {
            return;
        }
        let summary = seen.observation.summary();
        let (position, Some(digest)) = (summary.position.unwrap_or(0), summary.digest) else { return };
        if writes {
            self.wrote(seen, position, digest);
        }
        if decides {
            self.decides(ground, seen, (position, digest), findings);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Wiped) {
            if event == Lifecycle::Crashed {
                self.settle_slot(ground, slot);
            }
            self.pending.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::{Fact, Script};
    use super::{DurableOnQuorum, majority};

    fn script(members: u32) -> Script<DurableOnQuorum> {
        Script::new(DurableOnQuorum::new(majority(members), &["Wrote"], &["Chose"]), members)
    }

    fn wrote(position: u64, digest: u64) -> Fact {
        Fact::Wrote { position, digest }
    }

    fn chose(position: u64, digest: u64) -> Fact {
        Fact::Chose { position, digest }
    }

    #[test]
    fn a_decision_before_its_quorum_has_synced_is_found() {
        let mut script = script(3);
        script.write(0, wrote(1, 11)).sync(0).write(1, wrote(1, 11)).write(2, wrote(1, 11));
        script
            .see(0, chose(1, 11))
            .found("", "n1 decided position 1, durable at 1 members of the 2 that it takes");
        script.see(1, chose(1, 11));
        assert_eq!((script.exercised(), script.violations()), (1, 1), "each position is judged once");
    }

    #[test]
    fn what_a_crash_took_and_what_is_something_else_does_not_count() {
        let mut script = script(3);
        script.write(0, wrote(1, 11)).sync(0).write(1, wrote(1, 11)).restart(1).sync(1);
        script.write(2, wrote(1, 12)).sync(2).see(2, chose(1, 11));
        script.found("", "n3 decided position 1, durable at 1 members of the 2 that it takes");
    }

    /// Positions out of order; who is down, wiped or wrote something else since counts; what survived a crash by luck does;
    /// a learner that wrote nothing decides; a traitor is taken at its word.
    #[test]
    fn odd_and_correct() {
        let mut script = script(3);
        script.write(0, wrote(5, 15)).sync(0).write(0, wrote(5, 16)).sync(0);
        script.write(1, wrote(4, 14)).write(1, wrote(5, 15)).crash(1, 2).wipe(1);
        script.see(2, chose(5, 15)).clean();
        script.write(0, wrote(4, 14)).sync(0).see(0, chose(4, 14)).clean();
        script.corrupt(2).write(0, wrote(6, 1)).sync(0).see(0, chose(6, 1)).clean();
        assert_eq!(script.exercised(), 3);
    }

    #[test]
    fn nothing_is_kept_of_what_is_decided() {
        let mut script = script(3);
        for position in 0..1_000 {
            for slot in 0..3 {
                script.write(slot, wrote(position, 7)).sync(slot);
            }
            script.see(0, chose(position, 7)).clean();
        }
        assert!(script.check.on_disk.is_empty());
        assert_eq!(script.exercised(), 1_000);
    }
}
