//! Ready tasks in the order in which they are placed, and locks.

use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::time::{Duration, Time};

use crate::graph::{Rank, TaskId};

/// Which ready task comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// Each level of priority is worth so much waiting: whoever waits longer overtakes.
    Ageing(Duration),
    /// The higher priority, whatever waits.
    Strict,
}

/// The place in a queue: the lower comes first.
pub(super) type Key = u128;

/// Ready tasks by what they need.
#[derive(Clone, Debug)]
pub(super) struct Queues {
    order: Ordering,
    by_needs: OrderedMap<u64, OrderedSet<(Key, TaskId)>>,
    count: usize,
}

impl Queues {
    pub(super) fn new(order: Ordering) -> Self {
        Self { order, by_needs: OrderedMap::new(), count: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn key(&self, rank: Rank, since: Time) -> Key {
        let since = u128::from(since.as_nanos());
        match self.order {
            Ordering::Ageing(step) => since + u128::from(step.as_nanos()) * u128::from(rank.level()),
            Ordering::Strict => u128::from(rank.level()) << 64 | since,
        }
    }

    pub(super) fn push(&mut self, needs: u64, rank: Rank, since: Time, task: TaskId) {
        let key = self.key(rank, since);
        self.insert(needs, key, task);
    }

    pub(super) fn insert(&mut self, needs: u64, key: Key, task: TaskId) {
        if self.by_needs.entry(needs).or_default().insert((key, task)) {
            self.count += 1;
        }
    }

    pub(super) fn remove(&mut self, needs: u64, key: Key, task: TaskId) -> bool {
        let gone = self.by_needs.get_mut(&needs).is_some_and(|queue| queue.remove(&(key, task)));
        self.count -= usize::from(gone);
        gone
    }

    /// Takes the first task that these capabilities suffice for.
    pub(super) fn pop(&mut self, capabilities: u64) -> Option<(Key, TaskId)> {
        let within = |needs: &u64| needs & !capabilities == 0;
        let heads = self.by_needs.iter_mut().filter(|(needs, _)| within(needs));
        let best =
            heads.filter(|(_, queue)| !queue.is_empty()).min_by_key(|(_, queue)| queue.first().copied())?;
        let first = best.1.pop_first()?;
        self.count -= 1;
        Some(first)
    }
}

/// Who has which lock, and who waits for it.
#[derive(Clone, Debug)]
pub(super) struct Locks {
    holders: Vec<Option<TaskId>>,
    parked: Vec<OrderedSet<(Key, TaskId)>>,
    /// How many wait for any lock.
    count: usize,
}

impl Locks {
    pub(super) fn new(count: u32) -> Self {
        let count = count as usize;
        Self { holders: vec![None; count], parked: vec![OrderedSet::new(); count], count: 0 }
    }

    pub(super) fn parked(&self) -> usize {
        self.count
    }

    /// Whether a task has the lock now.
    pub(super) fn take(&mut self, lock: u32, task: TaskId) -> bool {
        *self.holders[lock as usize].get_or_insert(task) == task
    }

    pub(super) fn park(&mut self, lock: u32, key: Key, task: TaskId) {
        self.count += usize::from(self.parked[lock as usize].insert((key, task)));
    }

    pub(super) fn unpark(&mut self, lock: u32, key: Key, task: TaskId) {
        self.count -= usize::from(self.parked[lock as usize].remove(&(key, task)));
    }

    /// The lock stays with somebody who is gone: a bug.
    pub(super) fn orphan(&mut self, lock: u32) {
        self.holders[lock as usize] = Some(TaskId::MAX);
    }

    /// The lock is free, if the task had it: who may have it next.
    pub(super) fn free(&mut self, lock: u32, task: TaskId) -> Option<(Key, TaskId)> {
        let holder = &mut self.holders[lock as usize];
        if *holder != Some(task) {
            return None;
        }
        *holder = None;
        let next = self.parked[lock as usize].pop_first();
        self.count -= usize::from(next.is_some());
        next
    }
}
