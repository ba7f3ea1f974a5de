//! The crate's storage: its state in memory, and each of its writes for whoever carries them to a journal.

use std::cell::RefCell;
use std::rc::Rc;

use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::storage::{NoSnapshot, StopSign, Storage, StorageOp, StorageResult};

use crate::vocabulary::{Item, Kept, Number, Write};

/// What was written and is not on its way to a journal yet; shared with the replica, since the crate owns its storage.
pub type Written = Rc<RefCell<Vec<Kept>>>;

/// What the crate has stored.
#[derive(Debug, Default)]
pub struct Store {
    log: Vec<Item>,
    promise: Option<Ballot>,
    accepted: Option<Ballot>,
    decided: usize,
    written: Written,
}

/// The ballot of a number.
pub const fn ballot(number: Number) -> Ballot {
    let Number { config, n, priority, pid } = number;
    Ballot { config_id: config, n, priority, pid }
}

/// The number of a ballot.
pub const fn number(ballot: Ballot) -> Number {
    let Ballot { config_id, n, priority, pid } = ballot;
    Number { config: config_id, n, priority, pid }
}

impl Store {
    /// What the records of a journal make, in order.
    pub fn replayed<'a>(records: impl Iterator<Item = &'a Kept>, written: &Written) -> Self {
        let mut store = Self { written: Rc::clone(written), ..Self::default() };
        records.flat_map(|kept| &kept.writes).for_each(|write| store.apply(write));
        store
    }

    /// The log.
    pub fn log(&self) -> &[Item] {
        &self.log
    }

    fn apply(&mut self, write: &Write) {
        match write {
            Write::Append { entries } => self.log.extend_from_slice(entries),
            Write::AppendFrom { from, entries } => {
                self.log.truncate(*from as usize);
                self.log.extend_from_slice(entries);
            }
            Write::Promise { ballot: promised } => self.promise = Some(ballot(*promised)),
            Write::Decided { index } => self.decided = *index as usize,
            Write::AcceptedRound { ballot: accepted } => self.accepted = Some(ballot(*accepted)),
        }
    }

    fn write(&mut self, writes: Vec<Write>) {
        writes.iter().for_each(|write| self.apply(write));
        self.written.borrow_mut().push(Kept { writes });
    }
}

impl Storage<Item> for Store {
    fn write_atomically(&mut self, ops: Vec<StorageOp<Item>>) -> StorageResult<()> {
        let write = |op| match op {
            StorageOp::AppendEntry(entry) => Some(Write::Append { entries: vec![entry] }),
            StorageOp::AppendEntries(entries) => Some(Write::Append { entries }),
            StorageOp::AppendOnPrefix(from, entries) => {
                Some(Write::AppendFrom { from: from as u64, entries })
            }
            StorageOp::SetPromise(promised) => Some(Write::Promise { ballot: number(promised) }),
            StorageOp::SetDecidedIndex(index) => Some(Write::Decided { index: index as u64 }),
            StorageOp::SetAcceptedRound(accepted) => Some(Write::AcceptedRound { ballot: number(accepted) }),
            // Neither snapshots nor reconfigurations are asked for.
            StorageOp::SetCompactedIdx(_)
            | StorageOp::Trim(_)
            | StorageOp::SetStopsign(_)
            | StorageOp::SetSnapshot(_) => None,
        };
        self.write(ops.into_iter().filter_map(write).collect());
        Ok(())
    }

    fn append_entry(&mut self, entry: Item) -> StorageResult<()> {
        self.append_entries(vec![entry])
    }

    fn append_entries(&mut self, entries: Vec<Item>) -> StorageResult<()> {
        if !entries.is_empty() {
            self.write(vec![Write::Append { entries }]);
        }
        Ok(())
    }

    fn append_on_prefix(&mut self, from_idx: usize, entries: Vec<Item>) -> StorageResult<()> {
        self.write(vec![Write::AppendFrom { from: from_idx as u64, entries }]);
        Ok(())
    }

    fn set_promise(&mut self, n_prom: Ballot) -> StorageResult<()> {
        if self.promise != Some(n_prom) {
            self.write(vec![Write::Promise { ballot: number(n_prom) }]);
        }
        Ok(())
    }

    fn set_decided_idx(&mut self, ld: usize) -> StorageResult<()> {
        self.write(vec![Write::Decided { index: ld as u64 }]);
        Ok(())
    }

    fn get_decided_idx(&self) -> StorageResult<usize> {
        Ok(self.decided)
    }

    fn set_accepted_round(&mut self, na: Ballot) -> StorageResult<()> {
        self.write(vec![Write::AcceptedRound { ballot: number(na) }]);
        Ok(())
    }

    fn get_accepted_round(&self) -> StorageResult<Option<Ballot>> {
        Ok(self.accepted)
    }

    fn get_entries(&self, from: usize, to: usize) -> StorageResult<Vec<Item>> {
        Ok(self.log.get(from..to).map(<[Item]>::to_vec).unwrap_or_default())
    }

    fn get_log_len(&self) -> StorageResult<usize> {
        Ok(self.log.len())
    }

    fn get_suffix(&self, from: usize) -> StorageResult<Vec<Item>> {
        Ok(self.log.get(from..).map(<[Item]>::to_vec).unwrap_or_default())
    }

    fn get_promise(&self) -> StorageResult<Option<Ballot>> {
        Ok(self.promise)
    }

    fn set_stopsign(&mut self, _: Option<StopSign>) -> StorageResult<()> {
        Ok(())
    }

    fn get_stopsign(&self) -> StorageResult<Option<StopSign>> {
        Ok(None)
    }

    fn trim(&mut self, _: usize) -> StorageResult<()> {
        Ok(())
    }

    fn set_compacted_idx(&mut self, _: usize) -> StorageResult<()> {
        Ok(())
    }

    fn get_compacted_idx(&self) -> StorageResult<usize> {
        Ok(0)
    }

    fn set_snapshot(&mut self, _: Option<NoSnapshot>) -> StorageResult<()> {
        Ok(())
    }

    fn get_snapshot(&self) -> StorageResult<Option<NoSnapshot>> {
        Ok(None)
    }
}
