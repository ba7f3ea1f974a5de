//! What one server's log holds, in its memory and on its disk, as its observations and the world's marks tell.

use std::collections::VecDeque;

use sim_core::check::Seen;
use sim_core::ground::{Mark, Place};
use sim_core::process::{JournalId, Protocol};

use crate::vocabulary::RaftObservation;

/// The log of one server above a floor. Below the floor everything is settled, and forgotten; so memory is bounded by
/// what is not committed yet.
#[derive(Debug, Default)]
pub(super) struct Holding {
    journal: JournalId,
    /// The index before the first copy. What is up to here is not known any more.
    before: u64,
    /// The chained hash there, if it is known.
    before_hash: Option<u64>,
    copies: VecDeque<Copy>,
    /// Dropped suffixes, while a crash could bring them back: the record that drops them is not durable yet.
    dropped: VecDeque<Dropped>,
    /// Where the last snapshot stands that replaced the whole log.
    replaced: u64,
    /// Whether a crash took such a snapshot: the log before it is not known any more.
    unsure: bool,
}

/// One entry of a log.
#[derive(Clone, Copy, Debug)]
struct Copy {
    /// The chained hash; unknown for what was found at boot without ever being reported.
    hash: Option<u64>,
    /// Where its record stands in the journal; 0 if no crash can take it.
    position: u64,
}

#[derive(Debug)]
struct Dropped {
    /// Where the record of the truncation stands.
    position: u64,
    /// The index of the first copy that is kept here.
    first: u64,
    copies: VecDeque<Copy>,
}

/// So many more than are kept are forgotten together.
const TOGETHER: u64 = 64;

/// How many entries found at boot are remembered at most.
const FOUND: u64 = 1 << 16;

impl Holding {
    /// Takes an observation of this server; what is below `floor` may be forgotten. O(1) amortised.
    #[inline(always)]
    pub(super) fn follow<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        seen: &Seen<'_, P>,
        floor: u64,
    ) {
        self.take(seen, floor);
        while self.before.saturating_add(1) < floor
            && let Some(first) = self.copies.pop_front()
        {
            (self.before, self.before_hash) = (self.before.saturating_add(1), first.hash);
        }
    }

    /// The same, but the last few entries are kept, and what a crash could take: then the end of the log is exact over crashes, too.
    #[inline(always)]
    pub(super) fn follow_exactly<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        seen: &Seen<'_, P>,
        keep: u64,
    ) {
        self.take(seen, 0);
        // Many at once: the first ones are in no cache.
        if self.copies.len() as u64 >= keep.saturating_add(TOGETHER) {
            self.forget_durable(keep, seen.mark.durable);
        }
    }

    #[cold]
    fn forget_durable(&mut self, keep: u64, durable: u64) {
        while self.copies.len() as u64 > keep
            && let Some(first) = self.copies.front().filter(|copy| copy.position <= durable).copied()
        {
            self.copies.pop_front();
            (self.before, self.before_hash) = (self.before.saturating_add(1), first.hash);
        }
    }

    #[inline(always)]
    fn take<P: Protocol<Observation = RaftObservation>>(&mut self, seen: &Seen<'_, P>, floor: u64) {
        if let RaftObservation::Appended { index, hash, .. } = *seen.observation {
            self.journal = seen.journal;
            self.append(index, hash, seen.mark);
        } else {
            self.change(seen, floor);
        }
    }

    /// Anything but one more entry.
    #[inline(never)]
    fn change<P: Protocol<Observation = RaftObservation>>(&mut self, seen: &Seen<'_, P>, floor: u64) {
        match *seen.observation {
            RaftObservation::Truncated { from } => {
                self.journal = seen.journal;
                self.truncate(from, seen.mark);
            }
            RaftObservation::SnapshotInstalled { index, hash, last_index, .. } => {
                self.journal = seen.journal;
                self.install(index, hash, last_index, seen.mark);
            }
            RaftObservation::Recovered { last_index, hash, .. } => self.recover(last_index, hash, floor),
            _ => {}
        }
    }

    /// The last index of the log.
    pub(super) fn end(&self) -> u64 {
        self.before + self.copies.len() as u64
    }

    /// The chained hash at an index, if it is known.
    pub(super) fn hash(&self, index: u64) -> Option<u64> {
        if index == self.before { self.before_hash } else { self.copy(index)?.hash }
    }

    /// What the log must be after the crash that was told last: its last index, and the hash there if that is known. None if
    /// that cannot be told, since the crash may have taken a snapshot that had replaced the log.
    pub(super) fn survived(&self) -> Option<(u64, Option<u64>)> {
        (!self.unsure).then(|| (self.end(), self.hash(self.end())))
    }

    /// Whether the log holds this prefix, as far as is known.
    pub(super) fn holds(&self, index: u64, hash: u64) -> bool {
        index <= self.end() && self.copy(index).is_none_or(|copy| copy.hash.is_none_or(|own| own == hash))
    }

    /// Whether the log holds this prefix and no crash can take it.
    pub(super) fn holds_durably(&self, index: u64, hash: u64, place: &Place) -> bool {
        let durable = place.mark(self.journal).durable;
        self.holds(index, hash) && self.copy(index).is_none_or(|copy| copy.position <= durable)
    }

    /// The server crashed; the world's marks show what survived.
    pub(super) fn crashed(&mut self, place: &Place) {
        let durable = place.mark(self.journal).durable;
        self.unsure |= self.replaced > durable;
        self.replaced = 0;
        lose(&mut self.copies, durable);
        while let Some(mut dropped) = self.dropped.pop_back() {
            if dropped.position <= durable {
                break;
            }
            lose(&mut dropped.copies, durable);
            self.bring_back(dropped);
        }
        self.dropped.clear();
        self.copies.iter_mut().for_each(|copy| copy.position = 0);
    }

    fn copy(&self, index: u64) -> Option<&Copy> {
        let place = index.checked_sub(self.before)?.checked_sub(1)?;
        self.copies.get(usize::try_from(place).ok()?)
    }

    /// The log ends at `last` at most; gives back what is dropped.
    fn cut(&mut self, last: u64) -> VecDeque<Copy> {
        let keep =
            usize::try_from(last.saturating_sub(self.before)).unwrap_or(usize::MAX).min(self.copies.len());
        let dropped = self.copies.split_off(keep);
        if last < self.before {
            (self.before, self.before_hash) = (last, None);
        }
        dropped
    }

    #[inline(always)]
    fn append(&mut self, index: u64, hash: u64, mark: Mark) {
        let last = index.saturating_sub(1);
        if self.end() != last {
            self.end_at(last);
        }
        self.copies.push_back(Copy { hash: Some(hash), position: mark.appended });
        if !self.dropped.is_empty() {
            self.settle(mark);
        }
    }

    /// The log ends at another index than these books say: it was cut there, or they do not know what lies between.
    #[cold]
    fn end_at(&mut self, last: u64) {
        if self.end() > last {
            self.cut(last);
        } else {
            self.copies.clear();
            (self.before, self.before_hash) = (last, None);
        }
    }

    /// What was dropped by records that are durable is gone.
    #[cold]
    fn settle(&mut self, mark: Mark) {
        while self.dropped.front().is_some_and(|dropped| dropped.position <= mark.durable) {
            self.dropped.pop_front();
        }
    }

    fn truncate(&mut self, from: u64, mark: Mark) {
        let first = self.before.saturating_add(1).max(from);
        let copies = self.cut(from.saturating_sub(1));
        if !copies.is_empty() {
            self.dropped.push_back(Dropped { position: mark.appended, first, copies });
        }
    }

    /// Everything up to an index is as it was committed. What came after either stays, or goes with the whole log.
    fn install(&mut self, index: u64, hash: u64, last_index: u64, mark: Mark) {
        if last_index > index && self.end() >= last_index {
            return;
        }
        // What it held already is where it was, until the snapshot that stands for it is durable.
        if self.copy(index).is_some_and(|copy| copy.hash == Some(hash)) {
            if self.end() > index {
                self.cut(index);
                self.replaced = mark.appended;
            }
            return;
        }
        self.copies.clear();
        self.dropped.clear();
        self.replaced = mark.appended;
        (self.before, self.before_hash) = (index.saturating_sub(1), None);
        if index > 0 {
            self.copies.push_back(Copy { hash: Some(hash), position: mark.appended });
        }
    }

    fn bring_back(&mut self, dropped: Dropped) {
        if dropped.copies.is_empty() {
            return;
        }
        // Positions rise along a log: what came before a copy that survived has survived as well.
        self.cut(dropped.first - 1);
        if self.end() < dropped.first - 1 {
            self.copies.clear();
            (self.before, self.before_hash) = (dropped.first - 1, None);
        }
        self.copies.extend(dropped.copies);
    }

    /// The server found a log that ends like this. It may know better than these books: a log that was there from the
    /// start was never reported, and a wrong server may have lost what its disk held.
    fn recover(&mut self, last_index: u64, hash: u64, floor: u64) {
        self.dropped.clear();
        self.unsure = false;
        if self.end() < last_index {
            self.copies.clear();
            self.before_hash = None;
            self.before = floor.saturating_sub(1).max(last_index.saturating_sub(FOUND)).min(last_index);
            let found = usize::try_from(last_index - self.before).expect("bounded by a constant");
            self.copies.resize(found, Copy { hash: None, position: 0 });
        }
        self.cut(last_index);
        if self.copies.back().is_some_and(|last| last.hash != Some(hash)) {
            self.copies.iter_mut().for_each(|copy| copy.hash = None);
        }
        if let Some(last) = self.copies.back_mut() {
            last.hash = Some(hash);
        }
    }
}

/// Takes away what is beyond the durable end of the journal.
fn lose(copies: &mut VecDeque<Copy>, durable: u64) {
    while copies.back().is_some_and(|copy| copy.position > durable) {
        copies.pop_back();
    }
}

#[cfg(test)]
mod tests {
    use sim_core::identity::{NodeId, Slot};
    use sim_core::process::Role;

    use super::*;
    use crate::safety::script::{appended, recovered};

    /// A log, and the same by the book: everything a disk holds, replayed from the start after a crash.
    struct Pair {
        holding: Holding,
        place: Place,
        journal: Vec<RaftObservation>,
    }

    impl Pair {
        fn new() -> Self {
            let place = Place { marks: vec![Mark::default()], ..Place::new(NodeId(0), Role::Member) };
            Self { holding: Holding::default(), place, journal: Vec::new() }
        }

        fn see(&mut self, observation: &RaftObservation, floor: u64) {
            let mark = self.place.marks[0];
            let (slot, node, journal) = (Slot(0), NodeId(0), JournalId(0));
            let seen: Seen<'_, crate::vocabulary::Raft> =
                Seen { slot, node, incarnation: 0, honest: true, journal, mark, observation };
            self.holding.follow(&seen, floor);
        }

        fn write(&mut self, observation: RaftObservation, floor: u64) {
            self.place.marks[0].appended += 1;
            self.see(&observation, floor);
            self.journal.push(observation);
        }

        fn sync(&mut self) {
            self.place.marks[0].durable = self.place.marks[0].appended;
        }

        fn crash(&mut self, kept: u64) {
            let mark = &mut self.place.marks[0];
            mark.durable = (mark.durable + kept).min(mark.appended);
            mark.appended = mark.durable;
            self.journal.truncate(mark.durable as usize);
            self.holding.crashed(&self.place);
        }

        /// The log that the first so many records of the journal make.
        fn log(&self, records: u64) -> Vec<u64> {
            let mut log = Vec::new();
            for record in &self.journal[..records as usize] {
                match *record {
                    RaftObservation::Appended { hash, .. } => log.push(hash),
                    RaftObservation::Truncated { from } => log.truncate(from as usize - 1),
                    _ => unreachable!(),
                }
            }
            log
        }

        fn agrees(&self, floor: u64) {
            let log = self.log(self.place.marks[0].appended);
            assert_eq!(self.holding.end(), log.len() as u64);
            for index in floor.max(1)..log.len() as u64 + 3 {
                let there = log.get(index as usize - 1).copied();
                let hash = there.unwrap_or(1);
                assert_eq!(self.holding.holds(index, hash), there.is_some(), "{index} in {log:?}");
                assert!(!self.holding.holds(index, hash + 1));
                // A copy is durable when its own record is, which a later truncation takes back at once.
                let durable = self.holding.holds_durably(index, hash, &self.place);
                assert_eq!(durable, there.is_some() && self.written_durably(index), "{index} in {log:?}");
            }
        }

        fn written_durably(&self, index: u64) -> bool {
            let writes = |record: &RaftObservation| matches!(record, RaftObservation::Appended { index: at, .. } if *at == index);
            let last = self.journal.iter().rposition(writes).unwrap();
            (last as u64) < self.place.marks[0].durable
        }
    }

    #[test]
    fn it_is_what_replaying_the_journal_gives() {
        for seed in 0..300_u64 {
            let mut state = seed;
            let mut draw = |below: u64| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                (state >> 33) % below
            };
            let (mut pair, mut floor) = (Pair::new(), 0);
            for step in 0..200 {
                let end = pair.holding.end();
                match draw(8) {
                    0 => pair.sync(),
                    1 if end > floor => {
                        let from = floor + 1 + draw(end - floor);
                        pair.write(RaftObservation::Truncated { from }, floor);
                    }
                    2 if draw(4) == 0 => {
                        pair.crash(draw(4));
                        let log = pair.log(pair.place.marks[0].appended);
                        let found = recovered(0, log.len() as u64, log.last().copied().unwrap_or(0));
                        pair.see(&found, floor);
                    }
                    // What is durable may be settled, and is not dropped from then on.
                    3 if pair.place.marks[0].durable == pair.place.marks[0].appended => floor = end,
                    _ => pair.write(appended(end + 1, 1, 1000 * (step + 1)), floor),
                }
                pair.agrees(floor);
            }
        }
    }

    #[test]
    fn a_log_that_was_there_from_the_start_counts() {
        let mut pair = Pair::new();
        pair.see(&recovered(3, 5, 15), 0);
        assert!(pair.holding.holds_durably(4, 77, &pair.place), "unknown, but there");
        assert!(pair.holding.holds(5, 15) && !pair.holding.holds(5, 77) && !pair.holding.holds(6, 16));
        pair.see(&recovered(3, u64::MAX, 15), 0);
        assert!(pair.holding.copies.len() as u64 <= FOUND);
    }

    #[test]
    fn a_server_that_forgot_what_its_disk_held_is_believed() {
        let mut pair = Pair::new();
        (1..4).for_each(|index| pair.write(appended(index, 1, 10 + index), 0));
        pair.sync();
        pair.crash(0);
        pair.see(&recovered(1, 2, 12), 0);
        assert!(pair.holding.holds(2, 12) && !pair.holding.holds(3, 13));
        pair.see(&recovered(1, 2, 99), 0);
        assert!(pair.holding.holds(2, 99) && !pair.holding.holds(2, 12));
    }

    #[test]
    fn a_snapshot_of_what_was_held_takes_nothing_back() {
        let installed = |hash| RaftObservation::SnapshotInstalled { index: 2, hash, state: 0, last_index: 2 };
        let held = |hash| {
            let mut pair = Pair::new();
            pair.write(appended(1, 1, 11), 0);
            pair.write(appended(2, 1, 12), 0);
            pair.sync();
            pair.place.marks[0].appended += 1;
            pair.see(&installed(hash), 0);
            pair
        };
        let mut same = held(12);
        assert!(same.holding.holds_durably(2, 12, &same.place));
        same.holding.crashed(&same.place);
        assert_eq!(same.holding.survived(), Some((2, Some(12))));
        // A crash takes what was not durable before, also if the snapshot covers it.
        let mut fresh = Pair::new();
        fresh.write(appended(1, 1, 11), 0);
        fresh.write(appended(2, 1, 12), 0);
        fresh.place.marks[0].appended += 1;
        fresh.see(&installed(12), 0);
        fresh.holding.crashed(&fresh.place);
        assert_eq!(fresh.holding.survived(), Some((0, None)));
        let mut other = held(22);
        assert!(other.holding.holds(2, 22) && !other.holding.holds_durably(2, 22, &other.place));
        assert_eq!(other.holding.survived(), Some((2, Some(22))));
        other.holding.crashed(&other.place);
        assert_eq!(other.holding.survived(), None, "the log before it is not known any more");
    }

    #[test]
    fn what_is_below_the_floor_is_forgotten() {
        let mut pair = Pair::new();
        for index in 1..10_000 {
            pair.write(appended(index, 1, index), index.saturating_sub(4));
        }
        assert!(pair.holding.copies.len() <= 6);
        assert_eq!(pair.holding.end(), 9_999);
        assert!(pair.holding.holds(1, 5), "settled long ago");
    }
}
