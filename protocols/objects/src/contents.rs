//! What the objects hold.

use std::collections::VecDeque;
use std::sync::Arc;

use sim_core::digest::Digest;
use sim_core::operation::{ACCOUNTS, OPENING_BALANCE, bytes_of};
use sim_core::ordered::{OrderedMap, OrderedSet};

use crate::operation::{Operation, Reply};

/// Every object that was ever changed; the others are as they were in the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    registers: OrderedMap<u64, u64>,
    lists: OrderedMap<u64, Vec<u64>>,
    queues: OrderedMap<u64, Queue>,
    sets: OrderedMap<u64, OrderedSet<u64>>,
    banks: OrderedMap<u64, [u64; ACCOUNTS]>,
    digest: u64,
    /// The bytes of all values that are held, besides their numbers.
    value_bytes: u64,
}

/// A queue, and how much was taken from it so far: the place of an element never changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Queue {
    taken: u64,
    waiting: VecDeque<u64>,
}

impl Queue {
    fn places(&self) -> impl Iterator<Item = (u64, u64)> {
        (self.taken..).zip(self.waiting.iter().copied())
    }
}

/// What sets an element of one kind of object apart from one of another.
#[derive(Clone, Copy)]
enum Kind {
    Register,
    List,
    Queue,
    Set,
    Account,
}

/// A hash of one element: the digest is the sum of all of them, so that it does not depend on the way that led there.
fn element(kind: Kind, key: u64, place: u64, value: u64) -> u64 {
    let mut digest = Digest::new();
    match kind {
        Kind::Register => digest.pair(key, value),
        kind => {
            digest.pair(key, place);
            // A list's element says no kind: it hashes three words, a register two, and the others four.
            if !matches!(kind, Kind::List) {
                digest.word(kind as u64);
            }
            digest.word(value);
        }
    }
    digest.short()
}

/// The bytes of an element besides its number; money has none.
const fn weight(kind: Kind, value: u64) -> u32 {
    match kind {
        Kind::Register | Kind::List | Kind::Queue | Kind::Set => bytes_of(value),
        Kind::Account => 0,
    }
}

impl Contents {
    /// A hash of everything that the objects hold.
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// The same hash, worked out anew: what somebody else sends is not believed.
    pub fn digest_by_the_book(&self) -> u64 {
        let registers = self.registers.iter().map(|(key, value)| element(Kind::Register, *key, 0, *value));
        let lists = self.lists.iter().flat_map(|(key, list)| {
            (0..).zip(list).map(|(place, value)| element(Kind::List, *key, place, *value))
        });
        let queues = self.queues.iter().flat_map(|(key, queue)| {
            queue.places().map(|(place, value)| element(Kind::Queue, *key, place, value))
        });
        let sets = self
            .sets
            .iter()
            .flat_map(|(key, set)| set.iter().map(|value| element(Kind::Set, *key, 0, *value)));
        let banks = self.banks.iter().flat_map(|(key, accounts)| {
            (0..).zip(accounts).map(|(place, balance)| element(Kind::Account, *key, place, *balance))
        });
        registers.chain(lists).chain(queues).chain(sets).chain(banks).fold(0, u64::wrapping_add)
    }

    /// How large they are in a snapshot: 16 bytes for a register, and for the others 16 and 8 for each element; and the bytes
    /// of all values.
    pub fn bytes(&self) -> u64 {
        let lists = self.lists.values().map(Vec::len);
        let queues = self.queues.values().map(|queue| queue.waiting.len());
        let sets = self.sets.values().map(OrderedSet::len);
        let banks = self.banks.values().map(|accounts| accounts.len());
        let elements = |length: usize| 16 + 8 * length as u64;
        let others = lists.chain(queues).chain(sets).chain(banks).map(elements).sum::<u64>();
        16 * self.registers.len() as u64 + others + self.value_bytes
    }

    /// The value of a register, if it was written.
    pub fn register(&self, key: u64) -> Option<u64> {
        self.registers.get(&key).copied()
    }

    /// What a read returns now; `None` if the operation is no read.
    pub fn read(&self, operation: Operation) -> Option<Reply> {
        let list = |values: Arc<[u64]>| Some(Reply::List { values });
        match operation {
            Operation::Get { key } => Some(Reply::Value { value: self.register(key) }),
            Operation::GetList { key } => list(self.lists.get(&key).map_or(&[][..], |list| list).into()),
            Operation::GetSet { key } => list(self.sets.get(&key).into_iter().flatten().copied().collect()),
            Operation::GetBank { key } => list(Arc::from(&self.accounts(key)[..])),
            _ => None,
        }
    }

    /// Does an operation.
    pub fn perform(&mut self, operation: Operation) -> Reply {
        match operation {
            Operation::Put { key, value } => self.put(key, value),
            Operation::Cas { key, from, to } if self.register(key) == from => self.put(key, to),
            Operation::Append { key, value } => self.append(key, value),
            Operation::Enqueue { key, value } => self.enqueue(key, value),
            Operation::Dequeue { key } => return Reply::Value { value: self.dequeue(key) },
            Operation::Add { key, value } => self.add(key, value),
            Operation::Remove { key, value } => self.remove(key, value),
            Operation::Transfer { key, from, to, amount } if self.transfer(key, from, to, amount) => {}
            Operation::Cas { .. } | Operation::Transfer { .. } => return Reply::Mismatch,
            Operation::Get { .. }
            | Operation::GetList { .. }
            | Operation::GetSet { .. }
            | Operation::GetBank { .. } => {
                return self.read(operation).expect("these are the reads");
            }
        }
        Reply::Done
    }

    /// It holds one more element.
    fn gained(&mut self, kind: Kind, key: u64, place: u64, value: u64) {
        self.digest = self.digest.wrapping_add(element(kind, key, place, value));
        self.value_bytes += u64::from(weight(kind, value));
    }

    /// It holds one element less.
    fn lost(&mut self, kind: Kind, key: u64, place: u64, value: u64) {
        self.digest = self.digest.wrapping_sub(element(kind, key, place, value));
        self.value_bytes -= u64::from(weight(kind, value));
    }

    fn put(&mut self, key: u64, value: u64) {
        if let Some(before) = self.registers.insert(key, value) {
            self.lost(Kind::Register, key, 0, before);
        }
        self.gained(Kind::Register, key, 0, value);
    }

    fn append(&mut self, key: u64, value: u64) {
        let list = self.lists.entry(key).or_default();
        let place = list.len() as u64;
        list.push(value);
        self.gained(Kind::List, key, place, value);
    }

    fn enqueue(&mut self, key: u64, value: u64) {
        let queue = self.queues.entry(key).or_default();
        let place = queue.taken + queue.waiting.len() as u64;
        queue.waiting.push_back(value);
        self.gained(Kind::Queue, key, place, value);
    }

    fn dequeue(&mut self, key: u64) -> Option<u64> {
        let queue = self.queues.get_mut(&key)?;
        let value = queue.waiting.pop_front()?;
        let place = queue.taken;
        queue.taken += 1;
        self.lost(Kind::Queue, key, place, value);
        Some(value)
    }

    fn add(&mut self, key: u64, value: u64) {
        if self.sets.entry(key).or_default().insert(value) {
            self.gained(Kind::Set, key, 0, value);
        }
    }

    fn remove(&mut self, key: u64, value: u64) {
        if self.sets.get_mut(&key).is_some_and(|set| set.remove(&value)) {
            self.lost(Kind::Set, key, 0, value);
        }
    }

    fn accounts(&self, key: u64) -> [u64; ACCOUNTS] {
        self.banks.get(&key).copied().unwrap_or([OPENING_BALANCE; ACCOUNTS])
    }

    /// Moves money between two accounts of a bank; false if one of them does not exist or too little is there.
    fn transfer(&mut self, key: u64, from: u32, to: u32, amount: u64) -> bool {
        let mut accounts = self.accounts(key);
        let (payer, payee) = (from as usize, to as usize);
        let Some(left) = accounts.get(payer).and_then(|balance| balance.checked_sub(amount)) else {
            return false;
        };
        if payee >= ACCOUNTS {
            return false;
        }
        accounts[payer] = left;
        accounts[payee] = accounts[payee].saturating_add(amount);
        for (place, before) in self.banks.insert(key, accounts).into_iter().flat_map(|all| (0..).zip(all)) {
            self.lost(Kind::Account, key, place, before);
        }
        for (place, balance) in (0..).zip(accounts) {
            self.gained(Kind::Account, key, place, balance);
        }
        true
    }
}
