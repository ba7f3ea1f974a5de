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
    /// What is durable, and behind it what was appended since: a sync moves nothing.
    stored: Vec<Stored<R>>,
    /// How many of those are durable.
    durable: usize,
    torn: bool,
    /// The first rewrite that is not durable, and every write after it.
    later: VecDeque<Write<R>>,
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
        Self::holding(Vec::new(), false)
    }
}

impl<R> Journal<R> {
    /// A journal with this content, all of it durable: at genesis, and for tests of recovery.
    pub fn holding(stored: Vec<Stored<R>>, torn: bool) -> Self {
        let durable = stored.len();
        let mark = Mark { appended: durable as u64, durable: durable as u64 };
        Self { stored, durable, torn, later: VecDeque::new(), mark }
    }

    /// What a booting process finds: the durable records.
    pub fn recovered(&self) -> Recovered<'_, R> {
        Recovered { records: &self.stored[..self.durable], torn: self.torn }
    }

    /// How many writes there were, and how many of them are durable.
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Appends a record, which is made where it stays.
    #[inline]
    pub(crate) fn append_with(&mut self, record: impl FnOnce() -> R) {
        if self.later.is_empty() {
            self.stored.extend(std::iter::once_with(|| Stored::Intact(record())));
        } else {
            self.later.push_back(Write::Append(record()));
        }
        self.mark.appended += 1;
    }

    pub(crate) fn rewrite(&mut self, records: Vec<R>) {
        self.later.push_back(Write::Rewrite(records));
        self.mark.appended += 1;
    }

    /// Makes durable every write up to and with number `upto`.
    #[inline]
    pub(crate) fn make_durable(&mut self, upto: u64) {
        let waits = upto.saturating_sub(self.mark.durable);
        let appended = self.stored.len() - self.durable;
        let now = usize::try_from(waits).unwrap_or(usize::MAX).min(appended);
        if now > 0 {
            self.durable += now;
            self.mark.durable += now as u64;
            self.torn = false;
        }
        if waits > now as u64 && !self.later.is_empty() {
            self.write_later(upto);
        }
    }

    /// Everything before the first rewrite is durable, and that is to be, too.
    #[cold]
    fn write_later(&mut self, upto: u64) {
        while self.mark.durable < upto
            && let Some(write) = self.later.pop_front()
        {
            match write {
                Write::Append(record) => self.stored.push(Stored::Intact(record)),
                Write::Rewrite(records) => {
                    self.stored.clear();
                    self.stored.extend(records.into_iter().map(Stored::Intact));
                }
            }
            self.durable = self.stored.len();
            self.mark.durable += 1;
            self.torn = false;
        }
    }

    /// What is true of a journal at any time.
    pub(crate) fn invariants(&self) {
        assert_eq!(
            self.mark.durable + self.unsynced() as u64,
            self.mark.appended,
            "a write is durable or waits for a sync"
        );
    }

    /// How many writes a crash may take.
    pub(crate) fn unsynced(&self) -> usize {
        self.stored.len() - self.durable + self.later.len()
    }

    /// The power goes. Whatever survives is durable from now on. Whether it tore a record.
    pub(crate) fn crash(&mut self, tail: Tail) -> bool {
        let (kept, torn) = match tail {
            Tail::Keep(kept) => (kept, false),
            Tail::Tear(kept) => (kept, kept < self.unsynced()),
        };
        self.make_durable(self.mark.durable + kept as u64);
        // A whole-file rewrite is made visible by a rename: it is there or it is not, it never tears.
        let appends =
            self.stored.len() > self.durable || matches!(self.later.front(), Some(Write::Append(_)));
        let tears = torn && appends;
        self.stored.truncate(self.durable);
        self.later.clear();
        self.mark.appended = self.mark.durable;
        self.torn |= tears;
        tears
    }

    /// Damages one durable record, the `which`-th modulo how many are intact; returns whether there was one.
    pub(crate) fn rot(&mut self, which: u64) -> bool {
        let durable = &mut self.stored[..self.durable];
        let intact = durable.iter().filter(|stored| matches!(stored, Stored::Intact(_))).count() as u64;
        if intact == 0 {
            return false;
        }
        let victim = usize::try_from(which % intact).expect("an index below a length");
        let place = durable.iter_mut().filter(|stored| matches!(stored, Stored::Intact(_))).nth(victim);
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
        (0..count).for_each(|record| journal.append_with(|| record));
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
        journal.append_with(|| 9);
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
    fn what_comes_after_a_rewrite_waits_for_it() {
        let mut journal = written(4, 2);
        journal.rewrite(vec![7, 8]);
        journal.append_with(|| 9);
        assert_eq!((journal.unsynced(), read(&journal)), (4, vec![0, 1]));
        let after = |kept: usize| {
            let mut crashed = journal.clone();
            let tore = crashed.crash(Tail::Tear(kept));
            crashed.invariants();
            (read(&crashed), tore, crashed.mark().appended)
        };
        assert_eq!(after(1), (vec![0, 1, 2], true, 3));
        assert_eq!(after(2), (vec![0, 1, 2, 3], false, 4), "a rewrite never tears");
        assert_eq!(after(3), (vec![7, 8], true, 5));
        assert_eq!(after(4), (vec![7, 8, 9], false, 6));
        journal.make_durable(6);
        journal.append_with(|| 10);
        assert_eq!((read(&journal), journal.unsynced()), (vec![7, 8, 9], 1));
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
