//! What follows when a task ends: dependents, fallbacks, branches, newcomers, cancellations.

use sim_core::time::Time;

use super::{Board, Event, State};
use crate::graph::{TaskId, would_close_a_cycle};

impl Board {
    /// Ends a task and whatever ends with it.
    pub(super) fn settle(&mut self, task: TaskId, state: State, now: Time) {
        let mut ends = vec![(task, state)];
        while let Some((task, state)) = ends.pop() {
            let before = self.state(task);
            if before.is_final() {
                continue;
            }
            match before {
                State::Ready => self.withdraw(task),
                State::Leased => {
                    self.unlock(task);
                    if state == State::Skipped {
                        self.events.push(Event::Canceled(task));
                    }
                }
                State::Dormant | State::Waiting | State::Done | State::Failed | State::Skipped => {}
            }
            self.cards[task as usize].state = state;
            self.unfinished -= 1;
            self.events.push(Event::Settled(task, state));
            match state {
                State::Done => self.succeeded(task, now, &mut ends),
                State::Failed => self.failed(task, now, &mut ends),
                _ => self.skipped(task, now, &mut ends),
            }
        }
    }

    fn succeeded(&mut self, task: TaskId, now: Time, ends: &mut Vec<(TaskId, State)>) {
        let graph = self.graph.clone();
        let own = graph.task(task);
        ends.extend(own.fallback.map(|fallback| (fallback, State::Skipped)));
        for canceled in
            own.cancels.iter().filter(|canceled| !self.state(**canceled).is_final()).collect::<Vec<_>>()
        {
            self.canceled.insert(*canceled);
            ends.push((*canceled, State::Skipped));
        }
        if let Some(split) = own.branch {
            let (taken, other) = if own.score > split.above {
                (split.then, split.otherwise)
            } else {
                (split.otherwise, split.then)
            };
            self.events.push(Event::Branched(task, taken));
            // Before its other parents can make it ready.
            self.settle(other, State::Skipped, now);
        }
        graph.born_of(task).iter().for_each(|newcomer| self.grow(*newcomer, now, ends));
        self.release(self.stands_for(task), true, now, ends);
    }

    fn failed(&mut self, task: TaskId, now: Time, ends: &mut Vec<(TaskId, State)>) {
        let graph = self.graph.clone();
        let own = graph.task(task);
        self.skip_unborn(task, ends);
        // A task that never ran because of another one has nothing to fall back from.
        let ran = self.cards[task as usize].ready_at.is_some();
        match own.fallback.filter(|fallback| ran && self.state(*fallback) == State::Dormant) {
            Some(fallback) => {
                self.events.push(Event::FellBack(task, fallback));
                self.make_ready(fallback, now);
            }
            None => {
                ends.extend(own.fallback.map(|fallback| (fallback, State::Skipped)));
                let children = graph.task(self.stands_for(task)).children.iter();
                ends.extend(
                    children
                        .filter(|child| !self.is_late(task, **child))
                        .map(|child| (*child, State::Failed)),
                );
            }
        }
    }

    fn skipped(&mut self, task: TaskId, now: Time, ends: &mut Vec<(TaskId, State)>) {
        let graph = self.graph.clone();
        ends.extend(graph.task(task).fallback.map(|fallback| (fallback, State::Skipped)));
        self.skip_unborn(task, ends);
        // A fallback that is not needed held nobody up.
        if graph.task(task).stands_for.is_none() {
            self.release(task, self.canceled.contains(&task), now, ends);
        }
    }

    /// Tasks that this one could have brought into being, and that nobody else can any more, do not come.
    fn skip_unborn(&self, task: TaskId, ends: &mut Vec<(TaskId, State)>) {
        let lost = |unborn: &&TaskId| {
            let causes = &self.graph.task(**unborn).born;
            self.state(**unborn) == State::Dormant && causes.iter().all(|cause| self.state(*cause).is_final())
        };
        let unborn = self.graph.born_of(task).iter().filter(lost);
        ends.extend(unborn.map(|unborn| (*unborn, State::Skipped)));
    }

    /// The task whose place a fallback takes, and whose dependents wait for it; else the task itself.
    fn stands_for(&self, task: TaskId) -> TaskId {
        let mut root = task;
        while let Some(before) = self.graph.task(root).stands_for {
            root = before;
        }
        root
    }

    fn is_late(&self, parent: TaskId, child: TaskId) -> bool {
        self.late.contains(&(parent, child))
    }

    /// Who waits for a task waits for it no more.
    fn release(&mut self, parent: TaskId, live: bool, now: Time, ends: &mut Vec<(TaskId, State)>) {
        let graph = self.graph.clone();
        // One that was never there held nobody up.
        if !self.was_born(parent) {
            return;
        }
        for child in &graph.task(parent).children {
            if self.is_late(parent, *child) {
                continue;
            }
            let card = &mut self.cards[*child as usize];
            card.missing = card.missing.saturating_sub(1);
            card.live += u32::from(live);
            match (card.state, card.missing, card.live) {
                (State::Waiting, 0, 0) => ends.push((*child, State::Skipped)),
                (State::Waiting, 0, _) => self.make_ready(*child, now),
                _ => {}
            }
        }
    }

    /// Whether a task that another one brings into being came into being.
    fn was_born(&self, task: TaskId) -> bool {
        let causes = &self.graph.task(task).born;
        let born = causes.is_empty() || causes.iter().any(|cause| self.state(*cause) == State::Done);
        born && !self.late.contains(&(task, task))
    }

    /// A task comes into being, unless it would wait for itself.
    fn grow(&mut self, newcomer: TaskId, now: Time, ends: &mut Vec<(TaskId, State)>) {
        if self.state(newcomer) != State::Dormant {
            return;
        }
        let graph = self.graph.clone();
        let there =
            |task: TaskId| !matches!(self.state(task), State::Dormant) && !self.state(task).is_final();
        if !self.growth_unchecked && would_close_a_cycle(&graph, newcomer, there) {
            self.late.insert((newcomer, newcomer));
            self.events.push(Event::GrowthRefused(newcomer));
            return ends.push((newcomer, State::Skipped));
        }
        self.events.push(Event::Grew(newcomer));
        let ended = |parent: &TaskId| self.state(*parent).is_final() || self.state(*parent) == State::Dormant;
        let own = graph.task(newcomer);
        let missing = own.parents.iter().filter(|parent| !ended(parent)).count() as u32;
        let card = &mut self.cards[newcomer as usize];
        (card.state, card.missing, card.live) = (State::Waiting, missing, 1);
        for child in &own.children {
            match self.state(*child) {
                State::Ready => {
                    self.withdraw(*child);
                    let card = &mut self.cards[*child as usize];
                    (card.state, card.missing, card.ready_at) = (State::Waiting, 1, None);
                }
                State::Waiting => self.cards[*child as usize].missing += 1,
                State::Dormant | State::Leased | State::Done | State::Failed | State::Skipped => {
                    self.late.insert((newcomer, *child));
                }
            }
        }
        if missing == 0 {
            self.make_ready(newcomer, now);
        }
    }
}
