//! The board: in which state every task is, which of them are ready, and what follows when one ends.
//!
//! A value without clock or network. The hub of a star has one, each agent without a hub has one, and so has the ledger
//! of the checks, which is fed by what the sink accepted alone.

mod cascade;
mod ready;

use std::rc::Rc;

use sim_core::time::{Duration, Time};

use crate::graph::{Graph, TaskId};

pub use ready::Ordering;
use ready::{Locks, Queues};

/// In which state a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not there yet: a fallback, or a task that another one may bring into being.
    Dormant,
    /// Other tasks must end first.
    Waiting,
    /// It can start.
    Ready,
    /// Somebody has it.
    Leased,
    /// It succeeded.
    Done,
    /// It failed for good, or something that it waits for did.
    Failed,
    /// It is not needed: the other way was taken, or it was canceled.
    Skipped,
}

impl State {
    /// Whether nothing changes any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Skipped)
    }
}

/// What happened to a task, for whoever reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It can start.
    Ready(TaskId),
    /// It ended.
    Settled(TaskId, State),
    /// Its fallback takes its place.
    FellBack(TaskId, TaskId),
    /// Its result decided for this task.
    Branched(TaskId, TaskId),
    /// It came into being.
    Grew(TaskId),
    /// It would have waited for itself and did not come into being.
    GrowthRefused(TaskId),
    /// It is not needed any more while somebody has it.
    Canceled(TaskId),
}

/// One task's entry.
#[derive(Clone, Debug)]
struct Card {
    state: State,
    /// How many tasks must still end.
    missing: u32,
    /// How many of those that ended were not skipped.
    live: u32,
    /// How many attempts failed.
    failed: u32,
    /// When it became ready first.
    ready_at: Option<Time>,
}

/// The states of all tasks.
#[derive(Clone, Debug)]
pub struct Board {
    graph: Rc<Graph>,
    cards: Vec<Card>,
    queues: Queues,
    locks: Locks,
    /// Who waits for a newcomer although it started before that came.
    late: sim_core::ordered::OrderedSet<(TaskId, TaskId)>,
    /// Tasks that were canceled: whoever waited for one goes on as if it had succeeded.
    canceled: sim_core::ordered::OrderedSet<TaskId>,
    unfinished: u32,
    growth_unchecked: bool,
    /// What happened since it was last asked.
    pub events: Vec<Event>,
}

impl Board {
    /// A board on which nothing has started. `order` says which ready task comes first.
    pub fn new(graph: Rc<Graph>, order: Ordering) -> Self {
        let there = |parent: &&TaskId| graph.task(**parent).born.is_empty();
        let cards = graph.iter().map(|(_, task)| Card {
            state: if task.is_plain() { State::Waiting } else { State::Dormant },
            missing: task.parents.iter().filter(there).count() as u32,
            live: 0,
            failed: 0,
            ready_at: None,
        });
        let cards: Vec<Card> = cards.collect();
        Self {
            unfinished: cards.len() as u32,
            queues: Queues::new(order),
            locks: Locks::new(graph.locks),
            cards,
            late: sim_core::ordered::OrderedSet::new(),
            canceled: sim_core::ordered::OrderedSet::new(),
            growth_unchecked: false,
            events: Vec::new(),
            graph,
        }
    }

    /// The same board with a bug: newcomers are not checked for cycles.
    #[must_use]
    pub fn with_growth_unchecked(self, growth_unchecked: bool) -> Self {
        Self { growth_unchecked, ..self }
    }

    /// Everything that waits for nothing is ready.
    pub fn start(&mut self, now: Time) {
        for id in 0..self.cards.len() as TaskId {
            let card = &self.cards[id as usize];
            if card.state == State::Waiting && card.missing == 0 {
                self.make_ready(id, now);
            }
        }
    }

    /// The tasks.
    pub fn graph(&self) -> &Rc<Graph> {
        &self.graph
    }

    /// In which state a task is.
    pub fn state(&self, task: TaskId) -> State {
        self.cards[task as usize].state
    }

    /// How many attempts at a task failed.
    pub fn failed_attempts(&self, task: TaskId) -> u32 {
        self.cards[task as usize].failed
    }

    /// When a task became ready first.
    pub fn ready_at(&self, task: TaskId) -> Option<Time> {
        self.cards[task as usize].ready_at
    }

    /// How many tasks have not ended.
    pub fn unfinished(&self) -> u32 {
        self.unfinished
    }

    /// How many tasks are ready, with those that wait for a lock.
    pub fn ready(&self) -> usize {
        self.queues.len() + self.locks.parked()
    }

    /// Takes the ready task that comes first among those that these capabilities suffice for.
    pub fn pick(&mut self, capabilities: u64) -> Option<TaskId> {
        loop {
            let (key, task) = self.queues.pop(capabilities)?;
            match self.graph.task(task).lock {
                Some(lock) if !self.locks.take(lock, task) => self.locks.park(lock, key, task),
                _ => {
                    self.cards[task as usize].state = State::Leased;
                    return Some(task);
                }
            }
        }
    }

    /// Takes a task out of the board's hands without asking its queues, as the ledger does.
    pub fn lend(&mut self, task: TaskId) {
        if self.state(task) == State::Ready {
            self.withdraw(task);
            self.cards[task as usize].state = State::Leased;
        }
    }

    /// Somebody has a ready task, and its lock: so it was decided elsewhere.
    pub fn assign(&mut self, task: TaskId) {
        self.lend(task);
        if let Some(lock) = self.graph.task(task).lock {
            self.locks.take(lock, task);
        }
    }

    /// Whoever had a task has it no more: it is ready again. Its lock is free, unless
    /// `keep_lock`: then it stays with whoever had it.
    pub fn give_back(&mut self, task: TaskId, now: Time, keep_lock: bool) {
        if self.state(task) != State::Leased {
            return;
        }
        match self.graph.task(task).lock {
            Some(lock) if keep_lock => self.locks.orphan(lock),
            _ => self.unlock(task),
        }
        self.make_ready(task, now);
    }

    /// An attempt failed: the task is ready again, or failed for good; whether the latter.
    pub fn fail_attempt(&mut self, task: TaskId, now: Time) -> bool {
        if self.state(task) != State::Leased {
            return false;
        }
        let retries = self.graph.task(task).retries;
        let card = &mut self.cards[task as usize];
        card.failed += 1;
        if card.failed > retries {
            self.end(task, State::Failed, now);
            return true;
        }
        self.give_back(task, now, false);
        false
    }

    /// A task succeeded or failed for good, with everything that follows.
    pub fn end(&mut self, task: TaskId, state: State, now: Time) {
        debug_assert!(state.is_final());
        if !self.state(task).is_final() {
            self.settle(task, state, now);
        }
    }

    fn make_ready(&mut self, task: TaskId, now: Time) {
        let card = &mut self.cards[task as usize];
        card.state = State::Ready;
        let since = *card.ready_at.get_or_insert(now);
        let ready = self.graph.task(task);
        self.queues.push(ready.needs, ready.rank, since, task);
        self.events.push(Event::Ready(task));
    }

    /// Takes a ready task out of every queue.
    fn withdraw(&mut self, task: TaskId) {
        let ready = self.graph.task(task);
        let since = self.cards[task as usize].ready_at.unwrap_or_default();
        let key = self.queues.key(ready.rank, since);
        if !self.queues.remove(ready.needs, key, task)
            && let Some(lock) = ready.lock
        {
            self.locks.unpark(lock, key, task);
        }
    }

    /// Frees the lock of a task, if it has it, for whoever waits for it.
    fn unlock(&mut self, task: TaskId) {
        let Some(lock) = self.graph.task(task).lock else { return };
        if let Some((key, next)) = self.locks.free(lock, task) {
            self.queues.insert(self.graph.task(next).needs, key, next);
            self.events.push(Event::Ready(next));
        }
    }
}

/// How long a task of the lowest priority can be overtaken at most: twice the ageing step.
pub const fn most_overtaken(ageing: Duration) -> Duration {
    ageing.saturating_mul(2)
}

#[cfg(test)]
mod tests;
