//! An agent without a coordinator and without a share of its own: it asks the home of a task whether it may have it.
//!
//! Three agents are the homes of a task ([`homes`]). The first one that is not silent keeps its claim: who has the task, under
//! which fence, until when; the others have a note of that, and go on when the first one is lost. A claim is a lease, renewed with
//! every heartbeat. Nobody agrees on anything: agents that hold others for silent ask other homes, and then two may
//! work on one task. The sink lets only one of them act. What has ended agents ask of the sink.

pub mod chronicle;
mod claims;
pub mod homes;
mod keeping;
#[cfg(test)]
mod tests;
mod wanted;
mod witness;

use std::cell::RefCell;
use std::rc::Rc;

use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use crate::board::Event;
use crate::graph::{Graph, TaskId};
use crate::parameters::Parameters;
use crate::plants::Plants;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation, Fact,
};
use crate::worker::Order;

use chronicle::Chronicle;
use homes::Homes;
use keeping::Claim;
use wanted::Wanted;
use witness::Doubt;

/// How long an agent waits at least for a home before it holds it for silent.
const ANSWER: Duration = Duration::from_secs(1);

/// What all agents that claim tasks share.
#[derive(Debug)]
pub struct Common {
    /// Who keeps the claims of which task.
    pub homes: Homes,
    /// What follows from ends.
    pub chronicle: RefCell<Chronicle>,
    /// The tasks.
    pub graph: Rc<Graph>,
    /// Bugs that are on.
    pub plants: Plants,
}

/// What a claimant wants the agent that it lives in to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wish {
    /// To say something to another agent.
    Send(NodeId, SmallMessage),
    /// To take a task.
    Take(Order),
    /// To count on a task until then.
    Renew(u64, Time),
    /// To drop what it has under a fence.
    Drop(u64),
    /// To drop a task, whatever its fence.
    Over(TaskId),
    /// To ask the sink for a new epoch.
    Open,
    /// To ask the sink what has ended.
    Ask,
    /// To ask the sink for agents that do not answer.
    AskWitness,
}

/// What claimants and homes say to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SmallMessage {
    /// May I have it, or keep it?
    Claim(TaskId, u64, u64),
    /// You may.
    Claimed(TaskId, u64, u32, u64),
    /// You may not, for so long.
    Taken(TaskId, u64, Duration),
    /// So it is.
    Noted(TaskId, u64, Option<NodeId>),
}

impl SmallMessage {
    /// As it is sent.
    pub fn message(self) -> Message {
        match self {
            Self::Claim(task, fence, sequence) => Message::Claim { task, fence, sequence },
            Self::Claimed(task, fence, attempt, sequence) => {
                Message::Claimed { task, fence, attempt, sequence }
            }
            Self::Taken(task, fence, wait) => Message::Taken { task, fence, wait },
            Self::Noted(task, fence, agent) => Message::Noted { task, fence, agent },
        }
    }
}

/// A question to a home.
#[derive(Clone, Copy, Debug)]
struct Question {
    task: TaskId,
    home: NodeId,
    /// When it was asked, which tells it from others.
    at: Time,
}

/// A task that it has, and whether its home has heard that lately.
#[derive(Clone, Copy, Debug)]
struct Held {
    fence: u64,
    home: NodeId,
    /// Since when it waits for an answer of its home, if it does.
    asked: Option<Time>,
}

/// An agent that did not answer is not asked for a while, longer each time: until it was heard, messages may pass in one
/// direction only, and whoever is asked first must not hide who comes after.
#[derive(Clone, Copy, Debug, Default)]
struct Silence {
    until: Time,
    times: u32,
}

impl Silence {
    /// It lasts for this time from now on, doubled with each time before.
    fn goes_on(&mut self, time: Duration, now: Time) {
        let time = time.saturating_mul(1 << self.times.min(claims::MOST_DOUBLED));
        (self.until, self.times) = (now.saturating_add(time), self.times.saturating_add(1));
    }
}

/// An agent that claims tasks, and keeps claims of others.
#[derive(Debug)]
pub struct Claimant {
    own: NodeId,
    common: Rc<Common>,
    parameters: Parameters,
    capabilities: u64,
    epoch: Option<u32>,
    counter: u32,
    known: u32,
    caught_up: bool,
    /// Ready tasks of which it is a home.
    wanted: Wanted,
    /// Where it looks next for a task of others, from where on some are not over, and when it looks.
    steals: (usize, usize, Time),
    /// How many of the tasks that it asked others for one after the other were taken: the more, the longer it pauses, since all
    /// who have nothing to do ask for the same few.
    vain: u32,
    /// Tasks of others that somebody has, and until when.
    avoids: OrderedMap<TaskId, Time>,
    /// How often the sink refused its work on a task, since somebody had begun it under a later fence.
    superseded: OrderedMap<TaskId, u32>,
    question: Option<Question>,
    /// When it asked or renewed last, as that was numbered.
    said: Time,
    /// The last question that it gave up.
    missed: Option<Question>,
    /// How long it waits for a home: longer where answers take longer.
    answer_within: Duration,
    held: OrderedMap<TaskId, Held>,
    /// Agents that did not answer.
    silent: OrderedMap<NodeId, Silence>,
    /// Homes that answered too late to renew a lease. However surely their answers come, whoever went on asking them would begin a long
    /// task again and again.
    slow: OrderedMap<NodeId, Silence>,
    /// Agents that SWIM holds dead, where agents are its members.
    fallen: OrderedSet<NodeId>,
    /// What the sink says of those that do not answer, or that SWIM holds dead.
    doubts: OrderedMap<NodeId, Doubt>,
    claims: OrderedMap<TaskId, Claim>,
    failed: OrderedMap<TaskId, u32>,
    /// As a home: how often the sink had seen a later fence of a task than its own.
    overtaken: OrderedMap<TaskId, u32>,
    /// Until when it asks for nothing, since it could not go on with a task; and how often that was so.
    rests: Time,
    returned: u32,
    /// Since it starts again: until when it gives no task away, as others may have had claims of its former life.
    closed: Time,
    agents: u32,
    started: bool,
    unfinished: usize,
    /// How often it asked for a newer epoch.
    pub reopened: u64,
    /// For when the timer is set.
    pub armed: Option<Time>,
    /// What is to be done.
    pub wishes: Vec<Wish>,
}

impl Claimant {
    /// An agent that has done nothing.
    pub fn new(own: NodeId, common: Rc<Common>, parameters: Parameters, agents: u32) -> Self {
        Self {
            own,
            capabilities: parameters.capabilities(own.0, agents),
            unfinished: common.graph.len(),
            closed: Time::ZERO,
            agents,
            started: false,
            reopened: 0,
            armed: None,
            common,
            parameters,
            epoch: None,
            counter: 0,
            known: 0,
            caught_up: false,
            wanted: Wanted::default(),
            steals: (own.0 as usize, 0, Time::ZERO),
            vain: 0,
            avoids: OrderedMap::new(),
            superseded: OrderedMap::new(),
            question: None,
            said: Time::ZERO,
            missed: None,
            answer_within: ANSWER,
            held: OrderedMap::new(),
            silent: OrderedMap::new(),
            slow: OrderedMap::new(),
            fallen: OrderedSet::new(),
            doubts: OrderedMap::new(),
            claims: OrderedMap::new(),
            failed: OrderedMap::new(),
            overtaken: OrderedMap::new(),
            rests: Time::ZERO,
            returned: 0,
            wishes: Vec::new(),
        }
    }

    /// An epoch is known, the first one or a newer one.
    pub fn opened(&mut self, epoch: u32, cx: &mut Context<'_, Coordination>) {
        self.epoch = Some(epoch);
        if !std::mem::replace(&mut self.started, true) {
            // The first epochs go to those that start first.
            if epoch > self.agents {
                self.closed = cx.monotonic().saturating_add(self.parameters.lease);
            }
            let common = self.common.clone();
            let chronicle = common.chronicle.borrow();
            chronicle.start().iter().for_each(|event| self.follow(*event, cx));
        }
        self.counter = 0;
    }

    /// Its fences are too low: it needs another epoch.
    pub fn reopen(&mut self) {
        if self.epoch.take().is_some() {
            self.reopened += 1;
        }
    }

    /// Whether nothing is left to be done by anybody.
    pub fn is_over(&self) -> bool {
        self.unfinished == 0
    }

    /// Whether it still waits for its epoch.
    pub fn is_opening(&self) -> bool {
        self.epoch.is_none()
    }

    /// How many ends it knows of.
    pub fn known(&self) -> u32 {
        self.known
    }

    /// The sink tells of ends; whether there are more to ask for.
    pub fn told(&mut self, since: u32, ends: &[Fact], all: u32, cx: &mut Context<'_, Coordination>) -> bool {
        if since > self.known || !self.started {
            return false;
        }
        let common = self.common.clone();
        let mut chronicle = common.chronicle.borrow_mut();
        for fact in ends.iter().skip((self.known - since) as usize) {
            let Some(events) = chronicle.after(self.known, *fact) else { return false };
            self.known += 1;
            events.iter().for_each(|event| self.follow(*event, cx));
        }
        self.caught_up |= self.known >= all;
        self.known < all
    }

    fn follow(&mut self, event: Event, cx: &mut Context<'_, Coordination>) {
        let (common, own) = (self.common.clone(), self.own);
        let first = |task: TaskId| common.homes.ranked(task)[0] == own;
        match event {
            Event::Ready(task) => self.put_back(task, cx.monotonic()),
            Event::Settled(task, _) => {
                self.unfinished -= 1;
                self.forget(task);
                self.claims.remove(&task);
                self.failed.remove(&task);
                self.overtaken.remove(&task);
                self.avoids.remove(&task);
                self.superseded.remove(&task);
                if self.held.remove(&task).is_some() {
                    self.wishes.push(Wish::Over(task));
                }
            }
            // Each agent finds all of this out; the first home of the task reports it.
            Event::FellBack(task, to) if first(task) => cx.observe(Observation::FellBack { task, to }),
            Event::Branched(task, to) if first(task) => cx.observe(Observation::Branched { task, to }),
            Event::Grew(task) => {
                if first(task) {
                    cx.observe(Observation::Grew { task });
                }
                // Whoever was ready and waits for a newcomer is not ready any more.
                common.graph.task(task).children.iter().for_each(|child| self.forget(*child));
            }
            Event::GrowthRefused(task) if first(task) => cx.observe(Observation::GrowthRefused { task }),
            _ => {}
        }
    }

    /// It does not ask for this one any more.
    fn forget(&mut self, task: TaskId) {
        self.wanted.forget(task);
    }

    /// A task of its own is free. Who waits longer and is more urgent comes first.
    fn put_back(&mut self, task: TaskId, now: Time) {
        let own = self.common.graph.task(task);
        if own.needs & !self.capabilities == 0 && self.common.homes.of_task(task).contains(&self.own) {
            let ahead = self.parameters.ageing.saturating_mul(own.rank.level());
            self.wanted.open(task, now.saturating_add(ahead));
        }
    }
}
