//! The replicated log in memory, with a chained hash at every index.
//!
//! The hash of an index covers the whole prefix up to it, so that two prefixes are compared in one comparison.

use sim_core::digest::hash_words;

use super::batch::Batch;
use super::vocabulary::Entry;

/// The chained hash of the empty log.
pub const EMPTY_HASH: u64 = 0;

/// The chained hash of a log that ends in `entry`, given the hash of everything before it.
pub fn chained_hash(before: u64, entry: &Entry) -> u64 {
    hash_words(&[before, entry.hash()])
}

/// What lies before the first entry that is kept: its last index, the term there, and the chained hash of everything up to
/// there. The default is the empty log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// The index.
    pub index: u64,
    /// The term of the entry there.
    pub term: u64,
    /// The chained hash.
    pub hash: u64,
}

/// Entries at the indices after a base. Index 0 stands for the empty log: term 0, hash [`EMPTY_HASH`].
#[derive(Clone, Debug, Default)]
pub struct Log {
    base: Base,
    entries: Vec<Entry>,
    hashes: Vec<u64>,
}

impl Log {
    /// The empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// A log of which nothing is kept but what lies before.
    pub fn after(base: Base) -> Self {
        Self { base, ..Self::default() }
    }

    /// What lies before the first entry that is kept.
    pub fn base(&self) -> Base {
        self.base
    }

    /// The entries that are kept, with their indices.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Entry)> {
        (self.base.index + 1..).zip(&self.entries)
    }

    /// The index of the last entry; 0 if there is none.
    pub fn last_index(&self) -> u64 {
        self.base.index + self.entries.len() as u64
    }

    /// The term of the last entry; 0 if there is none.
    pub fn last_term(&self) -> u64 {
        self.entries.last().map_or(self.base.term, Entry::term)
    }

    /// The entry at an index, if it is kept.
    pub fn entry(&self, index: u64) -> Option<&Entry> {
        let place = index.checked_sub(self.base.index)?.checked_sub(1)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// The term at an index: 0 at index 0, `None` beyond the end and before the base.
    pub fn term_at(&self, index: u64) -> Option<u64> {
        if index == self.base.index { Some(self.base.term) } else { self.entry(index).map(Entry::term) }
    }

    /// The chained hash up to and with an index; beyond the end, that of the whole log, and before the base that of the base.
    pub fn hash_at(&self, index: u64) -> u64 {
        let index = index.min(self.last_index());
        if index <= self.base.index { self.base.hash } else { self.hashes[self.position(index)] }
    }

    /// Appends an entry and returns its index and its chained hash.
    pub fn append(&mut self, entry: Entry) -> (u64, u64) {
        let hash = chained_hash(self.hash_at(self.last_index()), &entry);
        self.entries.push(entry);
        self.hashes.push(hash);
        (self.last_index(), hash)
    }

    /// Drops everything from an index on, as far as it is kept.
    pub fn truncate(&mut self, from: u64) {
        let keep = self.position(from.max(self.base.index + 1));
        self.entries.truncate(keep);
        self.hashes.truncate(keep);
    }

    /// Drops everything up to and with an index, which must not be beyond the end.
    pub fn compact(&mut self, upto: u64) {
        let Some(term) = self.term_at(upto).filter(|_| upto > self.base.index) else { return };
        let hash = self.hash_at(upto);
        let gone = self.position(upto) + 1;
        self.entries.drain(..gone);
        self.hashes.drain(..gone);
        self.base = Base { index: upto, term, hash };
    }

    /// At most `limit` entries from an index on, as one shared payload.
    pub fn batch(&self, from: u64, limit: u32) -> Batch {
        let start = self.position(from.max(self.base.index + 1)).min(self.entries.len());
        let end = self.entries.len().min(start.saturating_add(limit as usize));
        Batch::from(&self.entries[start..end])
    }

    /// Whether a log that ends in this term and index is at least as up to date as this one (paper, section 5.4.1).
    pub fn covered_by(&self, last_term: u64, last_index: u64) -> bool {
        (last_term, last_index) >= (self.last_term(), self.last_index())
    }

    /// Where a leader may try again whose entry before the new ones, of term `prev_term` at `prev_index`, does not
    /// match: an index below `prev_index` such that nothing above it can match. Terms never fall along a log, so a
    /// conflicting term is skipped whole (paper, end of section 5.3). What lies before the base is committed, and matches.
    pub fn conflict_hint(&self, prev_index: u64, prev_term: u64) -> u64 {
        let Some(found) = self.term_at(prev_index) else { return self.last_index() };
        let candidates = &self.entries[..self.position(prev_index.max(self.base.index + 1))];
        let possible = if found > prev_term { prev_term } else { found.saturating_sub(1) };
        self.base.index + candidates.partition_point(|entry| entry.term() <= possible) as u64
    }

    /// The place of an index among those that are kept.
    fn position(&self, index: u64) -> usize {
        usize::try_from(index - self.base.index - 1).expect("a log fits in memory")
    }
}

#[cfg(test)]
mod tests {
    use super::{EMPTY_HASH, Log, chained_hash};
    use crate::vocabulary::{Command, Entry};

    fn entry(term: u64) -> Entry {
        Entry::new(term, Command::Noop)
    }

    fn log(terms: &[u64]) -> Log {
        let mut log = Log::new();
        for term in terms {
            log.append(entry(*term));
        }
        log
    }

    /// The hint by trial: the highest index below `prev` at which some log that holds `prev_term` at `prev` could
    /// agree with this one without holding a conflicting term.
    fn slow_hint(terms: &[u64], prev: u64, prev_term: u64) -> u64 {
        if prev > terms.len() as u64 {
            return terms.len() as u64;
        }
        let found = terms[prev as usize - 1];
        let mut hint = prev;
        while hint > 0 {
            let term = terms[hint as usize - 1];
            if (found > prev_term && term <= prev_term) || (found < prev_term && term != found) {
                break;
            }
            hint -= 1;
        }
        hint
    }

    #[test]
    fn a_chained_hash_covers_the_whole_prefix() {
        let (left, right) = (log(&[1, 1, 2]), log(&[1, 2, 2]));
        assert_eq!(left.hash_at(1), right.hash_at(1));
        assert_ne!(left.hash_at(2), right.hash_at(2));
        assert_ne!(left.hash_at(3), right.hash_at(3), "the same entry after another prefix");
        assert_eq!(left.hash_at(1), chained_hash(EMPTY_HASH, &entry(1)));
        assert_eq!((left.hash_at(0), left.hash_at(99)), (EMPTY_HASH, left.hash_at(3)));
    }

    #[test]
    fn a_truncated_log_is_as_if_never_longer() {
        let mut cut = log(&[1, 1, 2, 3]);
        cut.truncate(3);
        assert_eq!((cut.last_index(), cut.last_term()), (2, 1));
        cut.append(entry(5));
        assert_eq!(cut.hash_at(3), log(&[1, 1, 5]).hash_at(3));
        assert_eq!(cut.term_at(4), None);
        cut.truncate(0);
        assert_eq!((cut.last_index(), cut.term_at(0)), (0, Some(0)));
    }

    #[test]
    fn a_batch_is_bounded_by_its_limit_and_by_the_log() {
        let log = log(&[1, 2, 3, 4]);
        let terms = |from, limit| log.batch(from, limit).iter().map(Entry::term).collect::<Vec<_>>();
        assert_eq!(terms(2, 2), [2, 3]);
        assert_eq!(terms(4, 9), [4]);
        assert!(terms(5, 9).is_empty() && terms(9, 9).is_empty());
    }

    /// Paper, section 5.4.1: the later last term wins, then the longer log.
    #[test]
    fn up_to_date_compares_terms_then_lengths() {
        let mine = log(&[1, 2]);
        for (term, index, covered) in [(2, 2, true), (2, 3, true), (3, 1, true), (2, 1, false), (1, 9, false)]
        {
            assert_eq!(mine.covered_by(term, index), covered, "({term}, {index})");
        }
    }

    #[test]
    fn a_conflict_hint_skips_whole_terms_and_always_goes_back() {
        let logs: [&[u64]; 6] = [&[], &[1], &[1, 1, 1], &[1, 4, 4, 6], &[2, 2, 3, 3, 3], &[1, 2, 5, 5, 9, 9]];
        for terms in logs {
            let log = log(terms);
            for prev in 1..8 {
                for prev_term in 1..10 {
                    if log.term_at(prev) == Some(prev_term) {
                        continue;
                    }
                    let hint = log.conflict_hint(prev, prev_term);
                    assert_eq!(hint, slow_hint(terms, prev, prev_term), "{terms:?} {prev} {prev_term}");
                    assert!(hint < prev);
                }
            }
        }
    }

    #[test]
    fn a_compacted_log_is_the_same_from_its_base_on() {
        let whole = log(&[1, 1, 2, 3, 3]);
        let mut short = whole.clone();
        short.compact(3);
        assert_eq!((short.base().index, short.base().term, short.last_index()), (3, 2, 5));
        for index in 3..7 {
            assert_eq!(short.term_at(index), whole.term_at(index), "{index}");
            assert_eq!(short.hash_at(index), whole.hash_at(index), "{index}");
        }
        assert_eq!((short.term_at(2), short.iter().count()), (None, 2));
        assert_eq!(short.batch(4, 9)[..], whole.batch(4, 9)[..]);
        short.truncate(1);
        assert_eq!((short.last_index(), short.last_term()), (3, 2), "what is committed stays");
        assert_eq!(short.append(entry(4)).1, {
            let mut cut = whole.clone();
            cut.truncate(4);
            cut.append(entry(4)).1
        });
        short.compact(2);
        short.compact(9);
        assert_eq!(short.base().index, 3);
    }
}
