//! Tasks of which an agent is a home: those that it asks for next, and those that somebody has, with the time at which it asks
//! again. Each stands in one place, which is known, so that a task that ends is taken out without a scan.

use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::time::Time;

use crate::graph::TaskId;

/// Which tasks an agent asks for, and when.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// In the order in which it asks for them.
    open: OrderedSet<(Time, TaskId)>,
    /// Those that somebody has, by when to ask again.
    later: OrderedSet<(Time, TaskId)>,
    /// Where each stands: whether in `open`, and under which time.
    places: OrderedMap<TaskId, (bool, Time)>,
}

impl Wanted {
    /// It asks for a task as soon as those before it were asked for.
    pub(super) fn open(&mut self, task: TaskId, rank: Time) {
        self.forget(task);
        self.places.insert(task, (true, rank));
        self.open.insert((rank, task));
    }

    /// It asks for a task again at this time.
    pub(super) fn later(&mut self, task: TaskId, until: Time) {
        self.forget(task);
        self.places.insert(task, (false, until));
        self.later.insert((until, task));
    }

    /// It does not ask for a task any more.
    pub(super) fn forget(&mut self, task: TaskId) {
        match self.places.remove(&task) {
            Some((true, rank)) => drop(self.open.remove(&(rank, task))),
            Some((false, until)) => drop(self.later.remove(&(until, task))),
            None => {}
        }
    }

    /// Takes the next one.
    pub(super) fn next(&mut self) -> Option<TaskId> {
        let (_, task) = self.open.pop_first()?;
        self.places.remove(&task);
        Some(task)
    }

    /// Takes one whose time has come, and that time.
    pub(super) fn due(&mut self, now: Time) -> Option<(Time, TaskId)> {
        let (until, task) = self.later.first().copied().filter(|(until, _)| *until <= now)?;
        self.forget(task);
        Some((until, task))
    }

    /// When the time of the next one comes.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.later.first().map(|(until, _)| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_stands_in_one_place() {
        let at = Time::from_nanos;
        let mut wanted = Wanted::default();
        [3, 1, 2].into_iter().for_each(|task| wanted.open(task, at(u64::from(task))));
        wanted.later(1, at(10));
        wanted.open(2, at(9));
        wanted.forget(7);
        assert_eq!((wanted.next(), wanted.next(), wanted.next()), (Some(3), Some(2), None));
        assert_eq!((wanted.due(at(9)), wanted.next_due()), (None, Some(at(10))));
        wanted.later(4, at(11));
        wanted.forget(4);
        assert_eq!((wanted.due(at(99)), wanted.due(at(99))), (Some((at(10), 1)), None));
    }
}
