//! What follows from the ends that the sink tells of, worked out once for all agents.
//!
//! Which tasks are ready is a function of the graph and of the list of ends. Every agent knows some first part of that one
//! list, so that agents need no boards of their own: a thousand boards of ten thousand tasks would be the same work a
//! thousand times.

use crate::board::{Board, Event, State};
use crate::graph::TaskId;
use crate::vocabulary::Fact;
use sim_core::time::Time;

/// The list of ends as far as anybody knows it, and what each of them changed.
#[derive(Clone, Debug)]
pub struct Chronicle {
    board: Board,
    facts: Vec<Fact>,
    /// What happened at the start, and after each end.
    events: Vec<Vec<Event>>,
    /// After how many ends a task was over.
    over: Vec<u32>,
    /// Tasks in the order in which they became ready: after how many ends, and after how many they were not ready any more
    /// because of a newcomer.
    ready: Vec<(u32, u32, TaskId)>,
    /// Where a task stands there.
    places: Vec<usize>,
}

impl Chronicle {
    /// Nothing has ended.
    pub fn new(mut board: Board) -> Self {
        board.start(Time::ZERO);
        let events = std::mem::take(&mut board.events);
        let tasks = board.graph().len();
        let mut own = Self {
            over: vec![u32::MAX; tasks],
            places: vec![usize::MAX; tasks],
            ready: Vec::new(),
            board,
            facts: Vec::new(),
            events: Vec::new(),
        };
        own.keep(0, events);
        own
    }

    fn keep(&mut self, known: u32, events: Vec<Event>) {
        for event in &events {
            match *event {
                Event::Settled(task, _) => self.over[task as usize] = known,
                Event::Ready(task) => {
                    self.places[task as usize] = self.ready.len();
                    self.ready.push((known, u32::MAX, task));
                }
                Event::Grew(task) => {
                    let graph = self.board.graph().clone();
                    for child in &graph.task(task).children {
                        if self.board.state(*child) == State::Waiting
                            && let Some(entry) = self.ready.get_mut(self.places[*child as usize])
                        {
                            entry.1 = entry.1.min(known);
                        }
                    }
                }
                _ => {}
            }
        }
        self.events.push(events);
    }

    /// What happened at the start.
    pub fn start(&self) -> &[Event] {
        &self.events[0]
    }

    /// What an end changes for somebody who knows all ends before it; nothing known, if another end stands there: then the sink
    /// has told two stories.
    pub fn after(&mut self, known: u32, fact: Fact) -> Option<&[Event]> {
        let place = known as usize;
        if place == self.facts.len() {
            self.facts.push(fact);
            self.board.end(fact.task, if fact.done { State::Done } else { State::Failed }, Time::ZERO);
            let events = std::mem::take(&mut self.board.events);
            self.keep(known + 1, events);
        }
        (self.facts.get(place) == Some(&fact)).then(|| &*self.events[place + 1])
    }

    /// The task that became ready as the so manieth, if it is ready for somebody who knows so many ends; nothing beyond the last
    /// one.
    pub fn nth_ready(&self, nth: usize, known: u32) -> Option<Option<TaskId>> {
        let (from, until, task) = *self.ready.get(nth)?;
        (from <= known).then(|| (known < until && !self.is_over(task, known)).then_some(task))
    }

    /// Whether a task is over for somebody who knows so many ends.
    pub fn is_over(&self, task: TaskId, known: u32) -> bool {
        self.over[task as usize] <= known
    }
}
