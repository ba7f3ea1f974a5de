//! What really became of tasks and of the agents' time, as checks see it.
//!
//! The first check writes it, the others and the judge of progress read it. Which tasks are done it takes from what the
//! sink accepted, and puts on a board of its own; where time goes it takes from what agents report and from their lives.

mod meters;

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use sim_core::check::{Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::Slot;
use sim_core::time::{Duration, Time};

use crate::board::{Board, Ordering, State};
use crate::graph::{Graph, TaskId};
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

pub use meters::{BUCKETS, Bucket, Buckets};
use meters::{Meter, ReadyClock};

/// An agent that works on a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which task.
    pub task: TaskId,
    /// Under which fence.
    pub fence: u64,
    /// Until when nobody else may have it, in true time.
    pub until: Time,
}

/// What is true of a run.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The tasks, by what took effect.
    pub board: Board,
    /// Tasks of which the coordinator said that they have ended.
    settled: Vec<bool>,
    unsettled: u32,
    /// The order in which tasks were done.
    pub done: Vec<TaskId>,
    /// When the last task ended.
    pub last_end: Time,
    /// How often each task was begun.
    pub begun: Vec<u32>,
    /// The most steps of a task that were ever done.
    pub steps: Vec<u32>,
    meters: Vec<Meter>,
    /// Who works on each task: nobody or one, if all is well.
    at: Vec<Vec<Slot>>,
    /// How many tasks anybody works on.
    under_way: u32,
    clock: ReadyClock,
    /// Calls that were answered, refused, and failed; and what they cost in millionths of a dollar.
    pub served: u64,
    /// Calls that were refused.
    pub limited: u64,
    /// What calls cost, in millionths of a dollar.
    pub cost: u64,
    /// Tokens in and out.
    pub tokens: u64,
}

/// The truth, shared by the checks of one run.
#[derive(Clone, Debug)]
pub struct Ledger(Rc<RefCell<Truth>>);

impl Ledger {
    /// Nothing has happened.
    pub fn new(graph: &Rc<Graph>, agents: u32) -> Self {
        let mut board = Board::new(graph.clone(), Ordering::Strict);
        board.start(Time::ZERO);
        Self(Rc::new(RefCell::new(Truth {
            settled: vec![false; graph.len()],
            unsettled: graph.len() as u32,
            done: Vec::new(),
            last_end: Time::ZERO,
            begun: vec![0; graph.len()],
            steps: vec![0; graph.len()],
            at: vec![Vec::new(); graph.len()],
            under_way: 0,
            meters: vec![Meter::default(); agents as usize],
            clock: ReadyClock::new(board.ready() > 0),
            board,
            served: 0,
            limited: 0,
            cost: 0,
            tokens: 0,
        })))
    }

    /// Reads it.
    pub fn read(&self) -> Ref<'_, Truth> {
        self.0.borrow()
    }

    /// A process reported something.
    pub fn follow(&self, ground: &Ground, seen: &Seen<'_, Coordination>) {
        self.0.borrow_mut().follow(ground.now, seen.slot, seen.observation);
    }

    /// Something happened to a slot.
    pub fn live(&self, ground: &Ground, slot: Slot, event: Lifecycle) {
        self.0.borrow_mut().live(ground.now, slot, event);
    }

    /// An agent spent time on a message of others.
    pub fn handled(&self, slot: Slot, handling: Duration) {
        if let Some(meter) = self.0.borrow_mut().meters.get_mut(slot.index()) {
            meter.handled = meter.handled.saturating_add(handling);
        }
    }
}

impl Truth {
    fn follow(&mut self, now: Time, slot: Slot, said: &Observation) {
        match *said {
            Observation::Effect { task, done, .. } => self.take_effect(now, task, done),
            Observation::EffectFound { task, done, .. } if !self.board.state(task).is_final() => {
                self.take_effect(now, task, done);
            }
            Observation::Settled { task, .. } => self.settle(now, task),
            Observation::Started { task, fence, lease } => {
                self.begun[task as usize] += 1;
                let until = lease.map_or(Time::MAX, |lease| now.saturating_add(lease));
                self.board.lend(task);
                self.under_way += u32::from(self.at[task as usize].is_empty());
                self.at[task as usize].push(slot);
                if let Some(meter) = self.meters.get_mut(slot.index()) {
                    meter.runs.push(Run { task, fence, until });
                }
            }
            Observation::Renewed { task, fence, lease } => {
                let runs = self.meters.get_mut(slot.index()).into_iter().flat_map(|meter| &mut meter.runs);
                for run in runs.filter(|run| run.task == task && run.fence == fence) {
                    run.until = run.until.max(now.saturating_add(lease));
                }
            }
            Observation::Ended { task, fence } => {
                if let Some(meter) = self.meters.get_mut(slot.index()) {
                    meter.runs.retain(|run| run.task != task || run.fence != fence);
                }
                self.let_go(now, slot, task);
            }
            Observation::Stepped { task, steps } => {
                let most = &mut self.steps[task as usize];
                *most = (*most).max(steps);
            }
            Observation::Served { tokens_in, tokens_out, cost, .. } => {
                self.served += 1;
                self.cost += cost;
                self.tokens += u64::from(tokens_in) + u64::from(tokens_out);
            }
            Observation::Replaces { cost, .. } => self.cost += cost,
            Observation::Limited { .. } => self.limited += 1,
            Observation::Idle => self.turn(now, slot, Bucket::Idle),
            Observation::Working => self.turn(now, slot, Bucket::Working),
            Observation::Throttled => self.turn(now, slot, Bucket::Throttled),
            Observation::Coordinating => self.turn(now, slot, Bucket::Coordinating),
            _ => {}
        }
        self.clock.tick(now, self.board.ready() > 0);
    }

    fn take_effect(&mut self, now: Time, task: TaskId, done: bool) {
        if !self.board.state(task).is_final() && done {
            self.done.push(task);
        }
        self.board.end(task, if done { State::Done } else { State::Failed }, now);
        for event in std::mem::take(&mut self.board.events) {
            if let crate::board::Event::Settled(task, _) = event {
                self.settle(now, task);
            }
        }
    }

    fn settle(&mut self, now: Time, task: TaskId) {
        if !std::mem::replace(&mut self.settled[task as usize], true) {
            self.unsettled -= 1;
            self.last_end = now;
        }
    }

    /// Nobody has a task any more, unless somebody else does.
    fn let_go(&mut self, now: Time, slot: Slot, task: TaskId) {
        let at = &mut self.at[task as usize];
        if let Some(place) = at.iter().position(|other| *other == slot) {
            at.swap_remove(place);
            self.under_way -= u32::from(at.is_empty());
        }
        if at.is_empty() && self.board.state(task) == State::Leased {
            self.board.give_back(task, now, false);
            self.board.events.clear();
        }
    }

    fn live(&mut self, now: Time, slot: Slot, event: Lifecycle) {
        match event {
            Lifecycle::Crashed | Lifecycle::Wiped => {
                let Some(meter) = self.meters.get_mut(slot.index()) else { return };
                let runs = std::mem::take(&mut meter.runs);
                self.turn(now, slot, Bucket::Down);
                runs.into_iter().for_each(|run| self.let_go(now, slot, run.task));
            }
            Lifecycle::Booted => self.turn(now, slot, Bucket::Idle),
            Lifecycle::Corrupted | Lifecycle::Healed => {}
        }
        self.clock.tick(now, self.board.ready() > 0);
    }

    fn turn(&mut self, now: Time, slot: Slot, bucket: Bucket) {
        let waited = self.clock.at(now);
        if let Some(meter) = self.meters.get_mut(slot.index()) {
            meter.turn(now, waited, bucket);
        }
    }

    /// Who works on a task.
    pub fn holders(&self, task: TaskId) -> impl Iterator<Item = (Slot, Run)> + '_ {
        let run =
            move |slot: &Slot| self.runs(*slot).iter().find(|run| run.task == task).map(|run| (*slot, *run));
        self.at[task as usize].iter().filter_map(run)
    }

    /// How many tasks anybody works on.
    pub fn under_way(&self) -> u32 {
        self.under_way
    }

    /// What an agent works on.
    pub fn runs(&self, slot: Slot) -> &[Run] {
        self.meters.get(slot.index()).map_or(&[], |meter| &meter.runs)
    }

    /// How many tasks have not ended, as far as the sink or the coordinator know.
    pub fn unsettled(&self) -> u32 {
        self.unsettled
    }

    /// Whether a task has ended, as far as the sink or the coordinator know.
    pub fn is_settled(&self, task: TaskId) -> bool {
        self.settled[task as usize]
    }

    /// Where the time of every agent went until now.
    pub fn buckets(&self, now: Time) -> Vec<Buckets> {
        let waited = self.clock.at(now);
        self.meters.iter().map(|meter| meter.until(now, waited)).collect()
    }
}
