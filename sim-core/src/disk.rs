//! Journals: what a slot's disk holds, what of it is durable, and what a crash takes.
//!
//! A write waits in memory until a sync has made it durable. Writes are counted over the life of a slot; a sync makes
//! durable every write before it, and syncs of one slot end in order. What a crash finds unsynced it may lose, whole
//! or up to a torn last record. A durable record can rot; a checksum finds that when the journal is read at boot.

use std::collections::VecDeque;

/// The length of a journal, in records ever appended (minus those that a crash took).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Records appended, durable or not.
    pub appended: u64,
    /// Records that a crash cannot take.
    pub durable: u64,
}

/// One place in a journal, as found at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored<R> {
    /// The record, as it was written.
    Intact(R),
    /// A record was here; its checksum does not match.
    Damaged,
}

/// What a journal holds at boot, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Recovered<'a, R> {
    /// The records in order.
    pub records: &'a [Stored<R>],
    /// Whether the journal ends in a record that was being written when the power went: it is not among `records`.
    pub torn: bool,
}

impl<'a, R> Recovered<'a, R> {
    /// The records, if none of them is damaged.
    pub fn intact(&self) -> Option<impl Iterator<Item = &'a R> + use<'a, R>> {
        let records = self.records;
        let whole = records.iter().all(|stored| matches!(stored, Stored::Intact(_)));
        whole.then(|| {
            records.iter().filter_map(|stored| match stored {
                Stored::Intact(record) => Some(record),
                Stored::Damaged => None,
            })
        })
    }
}

/// One journal of one slot.
#[derive(Clone, Debug)]
pub struct Journal<R> {
    stored: Vec<Stored<R>>,
    torn: bool,
    unsynced: VecDeque<Write<R>>,
    mark: Mark,
}

#[derive(Clone, Debug)]
enum Write<R> {
    Append(R),
    Rewrite(Vec<R>),
}

/// What happens to the unsynced tail at a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// This many of the unsynced writes made it, the rest is gone.
    Keep(usize),
    /// This many made it, and the next one is torn.
    Tear(usize),
}

impl<R> Default for Journal<R> {
    fn default() -> Self {
        Self { stored: Vec::new(), torn: false, unsynced: VecDeque::new(), mark: Mark::default() }
    }
}

impl<R> Journal<R> {
    /// A journal with this content, all of it durable: at genesis, and for tests of recovery.
    pub fn holding(stored: Vec<Stored<R>>, torn: bool) -> Self {
        let mark = Mark { appended: stored.len() as u64, durable: stored.len() as u64 };
        Self { stored, torn, unsynced: VecDeque::new(), mark }
    }

    /// What a booting process finds: the durable records.
    pub fn recovered(&self) -> Recovered<'_, R> {
        Recovered { records: &self.stored, torn: self.torn }
    }

    /// How many writes there were, and how many of them are durable.
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    pub(crate) fn append(&mut self, record: R) {
        self.unsynced.push_back(Write::Append(record));
        self.mark.appended += 1;
    }

    pub(crate) fn rewrite(&mut self, records: Vec<R>) {
        self.unsynced.push_back(Write::Rewrite(records));
        self.mark.appended += 1;
    }

    /// Makes durable every write up to and with number `upto`.
    pub(crate) fn make_durable(&mut self, upto: u64) {
        while self.mark.durable < upto {
            let Some(write) = self.unsynced.pop_front() else { break };
            self.mark.durable += 1;
            self.torn = false;
            match write {
                Write::Append(record) => self.stored.push(Stored::Intact(record)),
                Write::Rewrite(records) => {
                    self.stored.clear();
                    self.stored.extend(records.into_iter().map(Stored::Intact));
                }
            }
        }
    }

    /// What is true of a journal at any time.
    pub(crate) fn invariants(&self) {
        let unsynced = self.unsynced.len() as u64;
        assert_eq!(
            self.mark.durable + unsynced,
            self.mark.appended,
            "a write is durable or waits for a sync"
        );
    }

    /// How many writes a crash may take.
    pub(crate) fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// The power goes. Whatever survives is durable from now on. Whether it tore a record.
    pub(crate) fn crash(&mut self, tail: Tail) -> bool {
        let (kept, torn) = match tail {
            Tail::Keep(kept) => (kept, false),
            Tail::Tear(kept) => (kept, kept < self.unsynced.len()),
        };
        self.make_durable(self.mark.durable + kept as u64);
        // A whole-file rewrite is made visible by a rename: it is there or it is not, it never tears.
        let tears = torn && matches!(self.unsynced.front(), Some(Write::Append(_)));
        self.unsynced.clear();
        self.mark.appended = self.mark.durable;
        self.torn |= tears;
        tears
    }

    /// Damages one durable record, the `which`-th modulo how many are intact; returns whether there was one.
    pub(crate) fn rot(&mut self, which: u64) -> bool {
        let intact = self.stored.iter().filter(|stored| matches!(stored, Stored::Intact(_))).count() as u64;
        if intact == 0 {
            return false;
        }
        let victim = usize::try_from(which % intact).expect("an index below a length");
        let place = self.stored.iter_mut().filter(|stored| matches!(stored, Stored::Intact(_))).nth(victim);
        if let Some(place) = place {
            *place = Stored::Damaged;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(count: u32, durable: u64) -> Journal<u32> {
        let mut journal = Journal::default();
        (0..count).for_each(|record| journal.append(record));
        journal.make_durable(durable);
        journal
    }

    fn read(journal: &Journal<u32>) -> Vec<u32> {
        journal.recovered().intact().unwrap().copied().collect()
    }

    #[test]
    fn a_crash_takes_only_what_was_not_synced() {
        let mut journal = written(5, 3);
        assert_eq!(journal.mark(), Mark { appended: 5, durable: 3 });
        journal.crash(Tail::Keep(1));
        assert_eq!(read(&journal), [0, 1, 2, 3]);
        assert!(!journal.recovered().torn);
        assert_eq!(journal.mark(), Mark { appended: 4, durable: 4 });
    }

    #[test]
    fn a_torn_tail_is_marked_until_the_next_sync() {
        let mut journal = written(5, 3);
        journal.crash(Tail::Tear(0));
        assert_eq!(read(&journal), [0, 1, 2]);
        assert!(journal.recovered().torn);
        journal.append(9);
        journal.make_durable(journal.mark().appended);
        assert!(!journal.recovered().torn);
        assert_eq!(read(&journal), [0, 1, 2, 9]);
    }

    #[test]
    fn nothing_unsynced_means_nothing_torn() {
        let mut journal = written(3, 3);
        journal.crash(Tail::Tear(0));
        assert!(!journal.recovered().torn);
    }

    #[test]
    fn a_rewrite_happens_whole_or_not_at_all() {
        let mut journal = written(4, 4);
        journal.rewrite(vec![7, 8]);
        let mut lost = journal.clone();
        lost.crash(Tail::Tear(0));
        assert_eq!((read(&lost), lost.recovered().torn), (vec![0, 1, 2, 3], false));
        journal.crash(Tail::Keep(1));
        assert_eq!(read(&journal), [7, 8]);
    }

    #[test]
    fn rot_is_found_when_read() {
        let mut journal = written(3, 3);
        assert!(journal.rot(4));
        assert_eq!(journal.recovered().records[1], Stored::Damaged);
        assert!(journal.recovered().intact().is_none());
        assert!(!written(3, 0).rot(0), "nothing durable, nothing to rot");
    }
}
