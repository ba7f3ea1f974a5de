//! An agent without a coordinator: it does the tasks that were shared out to it before the start, and sees at the sink
//! what others have ended. Nobody takes over for anybody.

use std::rc::Rc;

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use crate::board::{Board, Event, State};
use crate::graph::{Graph, TaskId};
use crate::parameters::Parameters;
use crate::plants::Plants;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation, Ending, Fact};
use crate::worker::Order;

/// Whose task each one is, when tasks are shared out before the start.
#[derive(Clone, Debug)]
pub struct Shares(Vec<NodeId>);

impl Shares {
    /// Shares out tasks in turn among the agents that can do them.
    pub fn of(graph: &Graph, parameters: &Parameters, agents: u32) -> Self {
        let can = |needs: u64| {
            let able = (0..agents).filter(move |agent| needs & !parameters.capabilities(*agent, agents) == 0);
            able.collect::<Vec<u32>>()
        };
        let mut able = sim_core::ordered::OrderedMap::new();
        Self(
            graph
                .iter()
                .map(|(id, task)| {
                    let able: &Vec<u32> = able.entry(task.needs).or_insert_with(|| can(task.needs));
                    NodeId(able.get(id as usize % able.len().max(1)).copied().unwrap_or_default())
                })
                .collect(),
        )
    }

    /// Whose a task is.
    pub fn owner(&self, task: TaskId) -> NodeId {
        self.0[task as usize]
    }
}

/// What an agent without a coordinator keeps.
#[derive(Debug)]
pub struct Solitary {
    own: NodeId,
    shares: Rc<Shares>,
    board: Board,
    epoch: Option<u32>,
    known: u32,
    /// Whether it has heard of all that had ended when it asked.
    caught_up: bool,
    counter: u32,
    /// Its own tasks that are ready, in the order in which they became ready.
    ready: sim_core::ordered::OrderedSet<(Time, TaskId)>,
}

impl Solitary {
    /// An agent that has done nothing.
    pub fn new(own: NodeId, board: Board, shares: Rc<Shares>, plants: Plants) -> Self {
        let board = board.with_growth_unchecked(plants.cycle_accepted);
        Self {
            own,
            shares,
            board,
            epoch: None,
            known: 0,
            caught_up: false,
            counter: 0,
            ready: sim_core::ordered::OrderedSet::new(),
        }
    }

    /// Its epoch is known: it may begin.
    pub fn opened(&mut self, epoch: u32, cx: &mut Context<'_, Coordination>) {
        if self.epoch.replace(epoch).is_none() {
            self.board.start(cx.monotonic());
            self.report(cx);
        }
    }

    /// Whether it still waits for its epoch.
    pub fn is_opening(&self) -> bool {
        self.epoch.is_none()
    }

    /// How many ends it knows of.
    pub fn known(&self) -> u32 {
        self.known
    }

    /// Whether anything is left to be done by anybody.
    pub fn is_over(&self) -> bool {
        self.board.unfinished() == 0
    }

    /// The sink tells of ends; whether there are more to ask for.
    pub fn told(&mut self, since: u32, ends: &[Fact], all: u32, cx: &mut Context<'_, Coordination>) -> bool {
        if since > self.known || self.epoch.is_none() {
            return false;
        }
        for fact in ends.iter().skip((self.known - since) as usize) {
            self.known += 1;
            self.board.end(fact.task, if fact.done { State::Done } else { State::Failed }, cx.monotonic());
        }
        self.report(cx);
        self.caught_up |= self.known >= all;
        self.known < all
    }

    /// The next task of its own that is ready.
    pub fn next_order(&mut self) -> Option<Order> {
        let epoch = self.epoch.filter(|_| self.caught_up)?;
        let (_, task) = self.ready.pop_first()?;
        self.board.lend(task);
        self.counter += 1;
        let fence = u64::from(epoch) << 32 | u64::from(self.counter);
        let attempt = self.board.failed_attempts(task);
        Some(Order { task, fence, attempt, lease_until: Time::MAX, named_from: 0 })
    }

    /// It has ended its work on a task; whether it should ask the sink.
    pub fn finished(&mut self, task: TaskId, ending: Ending, cx: &mut Context<'_, Coordination>) -> bool {
        let now = cx.monotonic();
        match ending {
            Ending::Done => self.board.end(task, State::Done, now),
            Ending::Failed => self.board.end(task, State::Failed, now),
            Ending::Attempt => {
                let failed = self.board.failed_attempts(task) + 1;
                if !self.board.fail_attempt(task, now) {
                    cx.observe(Observation::Retried { task, failed });
                }
            }
            Ending::Returned | Ending::Superseded => self.board.give_back(task, now, false),
            Ending::Elsewhere => {}
        }
        self.report(cx);
        ending == Ending::Elsewhere
    }

    fn report(&mut self, cx: &mut Context<'_, Coordination>) {
        for event in std::mem::take(&mut self.board.events) {
            match event {
                Event::Ready(task) if self.shares.owner(task) == self.own => {
                    self.ready.insert((self.board.ready_at(task).unwrap_or_default(), task));
                }
                // Each agent finds all of this out; the owner of the task reports it.
                Event::FellBack(task, to) if self.shares.owner(task) == self.own => {
                    cx.observe(Observation::FellBack { task, to });
                }
                Event::Branched(task, to) if self.shares.owner(task) == self.own => {
                    cx.observe(Observation::Branched { task, to });
                }
                Event::Grew(task) if self.shares.owner(task) == self.own => {
                    cx.observe(Observation::Grew { task });
                }
                Event::GrowthRefused(task) if self.shares.owner(task) == self.own => {
                    cx.observe(Observation::GrowthRefused { task });
                }
                Event::Settled(task, _) => {
                    self.ready.remove(&(self.board.ready_at(task).unwrap_or_default(), task));
                }
                _ => {}
            }
        }
    }
}
