//! What of a server's memory its disk holds for good.
//!
//! Raft keeps one journal. A *position* counts the records appended to it by this incarnation: whatever a message
//! rests on is one position, and it is durable once a sync that was asked for after it has succeeded. Position 0 is
//! what was found at boot.
//!
//! Entries are synced in groups: while a sync is under way, further ones wait for its end and then share the next. A
//! disk that turns slow so has one sync to catch up with, not one for every message of that time. Term and vote do
//! not wait for others.

use std::collections::VecDeque;

use sim_core::process::{Context, JournalId, Recovered, Stored, SyncId, SyncResult};

use super::configuration::Config;
use super::log::{Base, Log};
use super::snapshot::Snapshot;
use super::vocabulary::{Command, Entry, Raft, RaftRecord, SnapshotRecord};
use sim_core::identity::NodeId;

/// The only journal of a server.
pub(super) const JOURNAL: JournalId = JournalId(0);

/// Whether something that a message rests on is safe on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is.
    Durable,
    /// It is once this sync, the first one that covers it, has succeeded.
    Under(SyncId),
    /// No sync under way covers it, since the disk is busy or failing: nothing may be said that rests on it.
    Uncovered,
}

/// A sync under way.
#[derive(Clone, Copy, Debug)]
struct Pending {
    id: SyncId,
    /// The last position that it makes durable.
    covers: u64,
}

/// Positions of a server's journal.
#[derive(Debug, Default)]
pub(super) struct Durability {
    written: u64,
    durable: u64,
    covered: u64,
    /// In the order in which they were asked for: ids and what they cover rise.
    pending: VecDeque<Pending>,
    next_sync: u64,
    failing: bool,
    hard_state: u64,
    /// The index before the first entry that is kept, and the position of what stands for it.
    base: (u64, u64),
    /// The position of each entry of the log; rises along the log.
    entries: Vec<u64>,
    durable_index: u64,
}

impl Durability {
    /// A journal that was found with this log.
    pub(super) fn recovered(log: &Log) -> Self {
        let entries = vec![0; log.iter().count()];
        Self { base: (log.base().index, 0), entries, durable_index: log.last_index(), ..Self::default() }
    }

    /// Writes term and vote.
    pub(super) fn write_hard_state(&mut self, term: u64, vote: Option<NodeId>, cx: &mut Context<'_, Raft>) {
        self.hard_state = self.write(|| RaftRecord::HardState { term, vote }, cx);
    }

    /// Writes the entry after the last one.
    pub(super) fn write_entry(&mut self, index: u64, entry: Entry, cx: &mut Context<'_, Raft>) {
        let position = self.write(|| RaftRecord::Entry { index, entry }, cx);
        self.entries.push(position);
    }

    /// Writes that entries are gone.
    pub(super) fn write_truncation(&mut self, from: u64, cx: &mut Context<'_, Raft>) {
        self.write(|| RaftRecord::Truncate { from }, cx);
        self.entries.truncate(self.place(from).expect("what is before the base is never dropped"));
        self.durable_index = self.durable_index.min(from - 1);
    }

    /// Everything up to an index stands in a snapshot, which is about to be written.
    pub(super) fn compacted(&mut self, upto: u64) {
        let Some(gone) = self.place(upto + 1) else { return };
        self.base = (upto, self.entry(upto));
        self.entries.drain(..gone);
    }

    /// The log is another one, after a snapshot, and about to be written; up to `same` it is as it was.
    pub(super) fn installed(&mut self, log: &Log, same: u64) {
        let position = self.written + 1;
        self.base = (log.base().index, position);
        self.entries.clear();
        self.entries.resize(log.iter().count(), position);
        self.durable_index = self.durable_index.min(same);
    }

    /// Writes everything anew, as one write.
    pub(super) fn rewrite(&mut self, records: Vec<RaftRecord>, cx: &mut Context<'_, Raft>) {
        cx.rewrite(JOURNAL, records);
        self.written += 1;
    }

    /// The place of an index among those that are kept.
    fn place(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.base.0)?.checked_sub(1)?).ok()
    }

    #[inline(always)]
    fn write(&mut self, make: impl FnOnce() -> RaftRecord, cx: &mut Context<'_, Raft>) -> u64 {
        cx.append_with(JOURNAL, make);
        self.written += 1;
        self.written
    }

    /// Asks for a sync of what no sync covers yet, unless it has to wait for the one under way. A failing disk is left
    /// alone until it is tried again.
    pub(super) fn flush(&mut self, cx: &mut Context<'_, Raft>) {
        let due = self.pending.is_empty() || self.covered < self.hard_state;
        if self.covered < self.written && due && !self.failing {
            self.sync(cx);
        }
    }

    /// Asks a failing disk once more.
    pub(super) fn try_again(&mut self, cx: &mut Context<'_, Raft>) {
        if self.failing {
            self.sync(cx);
        }
    }

    fn sync(&mut self, cx: &mut Context<'_, Raft>) {
        let id = SyncId(self.next_sync);
        self.next_sync += 1;
        self.covered = self.written;
        self.pending.push_back(Pending { id, covers: self.written });
        cx.sync(JOURNAL, id);
    }

    /// A sync ended: moves the durable end, or takes back what was thought covered.
    pub(super) fn finish(&mut self, id: SyncId, result: SyncResult) {
        let Ok(place) = self.pending.binary_search_by_key(&id, |pending| pending.id) else { return };
        if result == SyncResult::Ok {
            // An earlier sync still under way covers nothing that this one does not.
            let covers = self.pending[place].covers;
            for _ in 0..=place {
                self.pending.pop_front();
            }
            self.durable = self.durable.max(covers);
            self.failing = false;
            self.advance_durable_index();
        } else {
            self.pending.remove(place);
            self.failing = true;
        }
        self.covered = self.pending.back().map_or(self.durable, |last| last.covers.max(self.durable));
    }

    fn advance_durable_index(&mut self) {
        if self.durable_index < self.base.0 {
            if self.base.1 > self.durable {
                return;
            }
            self.durable_index = self.base.0;
        }
        let mut count = (self.durable_index - self.base.0) as usize;
        while self.entries.get(count).is_some_and(|position| *position <= self.durable) {
            count += 1;
        }
        self.durable_index = self.base.0 + count as u64;
    }

    /// The last index up to which the log is durable.
    pub(super) fn durable_index(&self) -> u64 {
        self.durable_index
    }

    /// Whether the last sync to end has failed.
    pub(super) fn failing(&self) -> bool {
        self.failing
    }

    /// The position of term and vote.
    pub(super) fn hard_state(&self) -> u64 {
        self.hard_state
    }

    /// The position of an entry, or of what stands for it; 0 if there is none.
    pub(super) fn entry(&self, index: u64) -> u64 {
        if index <= self.base.0 {
            return self.base.1;
        }
        self.place(index).and_then(|place| self.entries.get(place)).copied().unwrap_or(0)
    }

    /// Whether a position is durable, and under which sync it will be.
    pub(super) fn standing(&self, position: u64) -> Standing {
        if position <= self.durable {
            return Standing::Durable;
        }
        let covering = self.pending.partition_point(|pending| pending.covers < position);
        self.pending.get(covering).map_or(Standing::Uncovered, |pending| Standing::Under(pending.id))
    }

    /// Makes everything visible that follows in this step wait for a position. False if it must not be said yet.
    #[must_use]
    pub(super) fn wait_for(&mut self, position: u64, cx: &mut Context<'_, Raft>) -> bool {
        self.flush(cx);
        match self.standing(position) {
            Standing::Durable => true,
            Standing::Under(id) => {
                cx.hold(id);
                true
            }
            Standing::Uncovered => false,
        }
    }

    /// What must be true of every server at every step.
    pub(super) fn invariants(&self, log: &Log) {
        debug_assert_eq!(self.base.0 + self.entries.len() as u64, log.last_index());
        debug_assert_eq!(self.base.0, log.base().index);
        debug_assert!(self.durable <= self.covered && self.covered <= self.written);
        debug_assert!(self.durable_index <= log.last_index());
        let waits = self.failing || !self.pending.is_empty();
        debug_assert!(waits || self.covered == self.written, "nobody will ever sync what was written");
        debug_assert!(
            self.failing || self.hard_state <= self.covered,
            "a term or a vote waits for no other sync"
        );
    }
}

/// What a journal adds up to.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    pub(super) term: u64,
    pub(super) vote: Option<NodeId>,
    pub(super) log: Log,
    pub(super) snapshot: Option<Snapshot>,
    /// The configurations in the log, with their indices.
    pub(super) configs: Vec<(u64, Config)>,
}

/// Replays a journal; `None` if it is damaged. A torn end is no damage: it was never acknowledged.
pub(super) fn recover(journal: &Recovered<'_, RaftRecord>) -> Option<Remembered> {
    let mut remembered = Remembered::default();
    for stored in journal.records {
        let Stored::Intact(record) = stored else { return None };
        remembered.replay(record)?;
    }
    Some(remembered)
}

impl Remembered {
    fn replay(&mut self, record: &RaftRecord) -> Option<()> {
        match record {
            RaftRecord::HardState { term, vote } => (self.term, self.vote) = (*term, *vote),
            RaftRecord::Entry { index, entry } => {
                (*index == self.log.last_index() + 1).then_some(())?;
                self.log.append(entry.clone());
                if let Command::Config { config } = entry.command() {
                    self.configs.push((*index, config.clone()));
                }
            }
            RaftRecord::Truncate { from } => {
                self.log.truncate(*from);
                self.configs.retain(|(index, _)| index < from);
            }
            RaftRecord::Snapshot(snapshot) => {
                let SnapshotRecord { index, term, hash, base_index, base_term, base_hash, config, image } =
                    &**snapshot;
                self.configs.clear();
                self.log = Log::after(Base { index: *base_index, term: *base_term, hash: *base_hash });
                let last = Base { index: *index, term: *term, hash: *hash };
                self.snapshot = Some(Snapshot { last, config: config.clone(), image: image.clone() });
            }
        }
        Some(())
    }
}
