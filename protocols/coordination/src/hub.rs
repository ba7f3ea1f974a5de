//! The coordinator of a star: it knows which agents there are, has the board, gives tasks to agents under leases, and
//! takes them back when nobody hears of the agent any more.
//!
//! Alone, it keeps nothing on disk. When it starts again it learns from the sink what has ended, waits as long as a lease lasts,
//! and takes over the leases of agents that say meanwhile what they hold. As a member of a core it decides through a log
//! instead ([`Hub::replicated`]).

mod finishing;
mod granting;
mod leases;
mod members;
mod notes;
mod office;
mod registry;
mod silence;
mod standby;

use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::process::{Context, TimerId};
use sim_core::time::{Duration, Time};

use crate::board::{Board, Event, Ordering, State};
use crate::graph::TaskId;
use crate::memory::store::Notes;
use crate::parameters::{Parameters, Strategy};
use crate::plants::Plants;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
    CoordinationTimer as Timer, Fact,
};
use crate::worker::Order;

use leases::{Lease, Watch};
pub use members::Pulse;
use members::{Member, Standing};
use office::Office;
use silence::Silences;

const WATCH: TimerId = TimerId(2);

/// What a hub wants the agent that it lives in to do.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A letter to another agent.
    Post(NodeId, Message),
    /// A plain message to another agent.
    Send(NodeId, Message),
    /// A task for the agent itself.
    Take(Order),
    /// The agent itself drops a task.
    Drop(u64),
    /// The sink is to be asked what has ended since so many ends.
    Ask(u32),
    /// Something else for the sink.
    AskSink(Message),
}

/// The coordinator.
#[derive(Debug)]
pub struct Hub {
    own: NodeId,
    parameters: Parameters,
    plants: Plants,
    board: Board,
    epoch: Option<u32>,
    /// Ends that the sink has told of.
    known: u32,
    /// From when on tasks are given away: earlier, leases of a former life may last.
    opens: Option<Time>,
    counter: u32,
    members: OrderedMap<NodeId, Member>,
    /// How many agents there are, who may register.
    agents: u32,
    /// Since when it coordinates.
    began: Time,
    /// When whoever has not registered is named, unless that was done.
    registration_ends: Option<Time>,
    /// Agents with room, by what they can do, the best first.
    free: OrderedMap<u64, OrderedSet<Standing>>,
    leases: Vec<Option<Lease>>,
    watch: OrderedSet<(Time, Watch)>,
    armed: Option<Time>,
    /// Under SWIM: whom the own member does not hold alive.
    fallen: Option<OrderedSet<NodeId>>,
    /// Agents of whom it hears nothing.
    silences: Silences,
    /// Agents that stand by and were called, and in whose place.
    called: OrderedMap<NodeId, NodeId>,
    /// What agents wrote to shared memory.
    notes: Notes,
    /// What it keeps if its decisions go through a log.
    office: Option<Office>,
    /// What is to be done.
    pub deeds: Vec<Deed>,
}

impl Hub {
    /// A coordinator that knows nobody yet.
    pub fn new((own, agents): (NodeId, u32), board: Board, parameters: Parameters, plants: Plants) -> Self {
        Self {
            leases: vec![None; board.graph().len()],
            notes: Notes::new(parameters.memory_keys),
            own,
            plants,
            board,
            epoch: None,
            known: 0,
            opens: None,
            counter: 0,
            members: OrderedMap::new(),
            agents,
            began: Time::ZERO,
            registration_ends: None,
            free: OrderedMap::new(),
            watch: OrderedSet::new(),
            armed: None,
            fallen: parameters.uses_swim().then(OrderedSet::new),
            silences: Silences::default(),
            called: OrderedMap::new(),
            office: None,
            deeds: Vec::new(),
            parameters,
        }
    }

    /// Its epoch is known: it asks what has ended.
    pub fn opened(&mut self, epoch: u32, cx: &mut Context<'_, Coordination>) {
        if self.epoch.is_some() {
            return;
        }
        self.epoch = Some(epoch);
        cx.observe(Observation::Coordinator { epoch });
        self.open_registration(cx);
        self.deeds.push(Deed::Ask(0));
    }

    /// Whether it still waits for the sink.
    pub fn is_opening(&self) -> bool {
        self.epoch.is_none() || self.opens.is_none()
    }

    /// The ends that it knows of from the sink.
    pub fn known(&self) -> u32 {
        self.known
    }

    /// The sink tells of ends.
    pub fn told(&mut self, since: u32, ends: &[Fact], all: u32, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        if self.epoch.is_none() || since > self.known {
            return;
        }
        if self.office.is_some() {
            let news = ends.iter().skip((self.known - since) as usize);
            self.proposes_facts(news.map(|fact| (fact.task, fact.done)));
            if self.known < all {
                self.deeds.push(Deed::Ask(self.known));
            }
            return;
        }
        if self.opens.is_none() && since == 0 && self.known == 0 {
            self.board.start(now);
        }
        for fact in ends.iter().skip((self.known - since) as usize) {
            self.known += 1;
            self.ended_at_sink(fact.task, fact.done, cx);
        }
        if self.known < all {
            self.deeds.push(Deed::Ask(self.known));
        } else if self.opens.is_none() {
            // The first of all epochs follows nobody.
            let alone = self.epoch == Some(1) || self.parameters.strategy == Strategy::Single;
            let wait = if alone { Duration::ZERO } else { self.parameters.lease };
            let opens = now.saturating_add(wait);
            self.opens = Some(opens);
            self.watch_for(opens, Watch::Opens, cx);
        }
        self.report(cx);
        self.pump(cx);
    }

    fn is_open(&self, now: Time) -> bool {
        self.opens.is_some_and(|opens| now >= opens)
    }

    /// Reports what happened on the board, and does what follows for agents.
    fn report(&mut self, cx: &mut Context<'_, Coordination>) {
        let reports = self.is_in_office();
        for event in std::mem::take(&mut self.board.events) {
            match event {
                // Whoever is in office tells.
                Event::Canceled(task) if !reports => drop(self.leases[task as usize].take()),
                _ if !reports => {}
                Event::Ready(task) => cx.observe(Observation::Ready { task }),
                Event::Settled(task, state) => {
                    let how = match state {
                        State::Done => 0,
                        State::Failed => 1,
                        _ => 2,
                    };
                    cx.observe(Observation::Settled { task, how });
                }
                Event::FellBack(task, to) => cx.observe(Observation::FellBack { task, to }),
                Event::Branched(task, to) => cx.observe(Observation::Branched { task, to }),
                Event::Grew(task) => cx.observe(Observation::Grew { task }),
                Event::GrowthRefused(task) => cx.observe(Observation::GrowthRefused { task }),
                Event::Canceled(task) => self.cancel(task, cx),
            }
        }
    }

    fn cancel(&mut self, task: TaskId, cx: &mut Context<'_, Coordination>) {
        cx.observe(Observation::Canceled { task });
        self.take_away(task, cx);
    }

    /// The agent that has a task is to drop it, and does so before it hears of another one.
    fn take_away(&mut self, task: TaskId, cx: &mut Context<'_, Coordination>) {
        if let Some(Lease { agent, fence, .. }) = self.release(task, cx) {
            self.deeds.push(if agent == self.own && self.office.is_none() {
                Deed::Drop(fence)
            } else {
                Deed::Post(agent, Message::Cancel { letter: 0, fence })
            });
        }
    }

    /// A task has ended, as the sink says. Whoever has it may not have heard of that: its place is free once it drops the task.
    fn ended_at_sink(&mut self, task: TaskId, done: bool, cx: &mut Context<'_, Coordination>) {
        if self.is_in_office() {
            self.take_away(task, cx);
        } else {
            self.release(task, cx);
        }
        self.board.end(task, if done { State::Done } else { State::Failed }, cx.monotonic());
    }

    /// Sets the one timer for all leases and agents.
    fn watch_for(&mut self, at: Time, what: Watch, cx: &mut Context<'_, Coordination>) {
        self.watch.insert((at, what));
        self.arm(cx);
    }

    fn arm(&mut self, cx: &mut Context<'_, Coordination>) {
        let Some((first, _)) = self.watch.first().copied() else { return };
        if self.armed.is_none_or(|armed| first < armed) {
            self.armed = Some(first);
            cx.set_timer(WATCH, first.since(cx.monotonic()), Timer::Watch);
        }
    }

    /// The order of ready tasks under these settings.
    pub fn ordering(parameters: &Parameters, plants: Plants) -> Ordering {
        if plants.no_ageing { Ordering::Strict } else { Ordering::Ageing(parameters.ageing) }
    }
}
