//! What an agent does with a task: it begins at the sink, works in steps with a call of the model after each, saves how
//! far it is, and writes the result.
//!
//! An agent never waits with its hands bound: a call is a request, and the answer a message. So it goes on hearing
//! beats, and a crash in the middle costs only the time lived.

mod attempt;
mod calls;

use std::collections::VecDeque;
use std::rc::Rc;

use sim_core::identity::NodeId;
use sim_core::process::{Context, TimerId};
use sim_core::time::{Duration, Time};

use crate::breaker::Breaker;
use crate::graph::{Graph, TaskId};
use crate::parameters::Parameters;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
    CoordinationTimer as Timer, Ending,
};

use attempt::Attempt;

/// Timers of slots begin here.
const SLOTS: u32 = 16;

/// A task that an agent was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which task.
    pub task: TaskId,
    /// Its fence.
    pub fence: u64,
    /// How many attempts failed before.
    pub attempt: u32,
    /// Until when nobody else has it, by the agent's clock.
    pub lease_until: Time,
    /// The first beat that names it.
    pub named_from: u64,
}

/// What a worker has to say to whoever gave it a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It has ended its work on this one.
    Ended(Order, Ending),
    /// So many steps are done.
    Stepped(TaskId, u32),
}

/// What an agent is about, as the six buckets have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Busy {
    /// Nothing to do.
    #[default]
    Idle,
    /// At work, or waiting for the model's answer.
    Working,
    /// Held up by a limit.
    Throttled,
    /// Waiting for the sink, or reading what a task is about.
    Coordinating,
}

/// What a worker works with.
#[derive(Debug)]
pub struct Workplace {
    /// The tasks.
    pub graph: Rc<Graph>,
    /// The parameters.
    pub parameters: Parameters,
    /// Where the platform is.
    pub platform: NodeId,
    /// Where the sink is.
    pub sink: NodeId,
}

/// One agent at work.
#[derive(Debug)]
pub struct Worker {
    place: Rc<Workplace>,
    slots: Vec<Option<Attempt>>,
    queue: VecDeque<Order>,
    next_call: u64,
    breaker: Breaker,
    busy: Busy,
    /// What is to be said.
    pub words: Vec<Word>,
}

impl Worker {
    /// A worker without tasks. `first_call` is a number that no earlier life of this agent used for a call.
    pub fn new(place: Rc<Workplace>, first_call: u64) -> Self {
        let slots = place.parameters.slots as usize;
        Self {
            slots: (0..slots).map(|_| None).collect(),
            breaker: Breaker::new(place.parameters.breaker, place.parameters.breaker_pause),
            place,
            queue: VecDeque::new(),
            next_call: first_call,
            busy: Busy::Idle,
            words: Vec::new(),
        }
    }

    /// How many more tasks it can take.
    pub fn room(&self) -> usize {
        let all = self.slots.len() + self.place.parameters.queue as usize;
        all.saturating_sub(self.held().count())
    }

    /// What it has, at work and waiting.
    pub fn held(&self) -> impl Iterator<Item = &Order> + '_ {
        self.slots.iter().flatten().map(|attempt| &attempt.order).chain(&self.queue)
    }

    fn held_mut(&mut self) -> impl Iterator<Item = &mut Order> + '_ {
        self.slots.iter_mut().flatten().map(|attempt| &mut attempt.order).chain(&mut self.queue)
    }

    /// Takes a task, unless it has it.
    pub fn take(&mut self, order: Order, cx: &mut Context<'_, Coordination>) {
        if self.held().any(|held| held.fence == order.fence) {
            return;
        }
        match self.slots.iter().position(Option::is_none) {
            Some(slot) => self.begin(slot, order, cx),
            None => {
                self.queue.push_back(order);
                let length = self.queue.len() as u32;
                cx.observe(Observation::Queued { length, room: self.place.parameters.queue });
            }
        }
        self.tell(cx);
    }

    /// Drops tasks, whoever has them now. What waits goes first, so that none of it begins.
    pub fn drop_fences(&mut self, fences: &[u64], cx: &mut Context<'_, Coordination>) {
        self.queue.retain(|order| !fences.contains(&order.fence));
        for slot in 0..self.slots.len() {
            if self.slots[slot].as_ref().is_some_and(|held| fences.contains(&held.order.fence)) {
                self.vacate(slot, cx);
            }
        }
        self.tell(cx);
    }

    /// Drops what its lease is over for.
    pub fn drop_expired(&mut self, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        if self.held().all(|order| now < order.lease_until) {
            return;
        }
        let over: Vec<u64> =
            self.held().filter(|order| now >= order.lease_until).map(|order| order.fence).collect();
        self.drop_fences(&over, cx);
    }

    /// The beat of this number was heard: what it named is the agent's until then.
    pub fn renew(&mut self, sequence: u64, until: Time, cx: &mut Context<'_, Coordination>) {
        let lease = until.since(cx.monotonic());
        for order in self.held_mut().filter(|order| order.named_from <= sequence) {
            order.lease_until = order.lease_until.max(until);
            cx.observe(Observation::Renewed { task: order.task, fence: order.fence, lease });
        }
    }

    /// What it has under a fence is its until then.
    pub fn renew_one(&mut self, fence: u64, until: Time, cx: &mut Context<'_, Coordination>) {
        let lease = until.since(cx.monotonic());
        for order in self.held_mut().filter(|order| order.fence == fence) {
            order.lease_until = order.lease_until.max(until);
            cx.observe(Observation::Renewed { task: order.task, fence, lease });
        }
    }

    /// A slot is free: the next task that waits begins.
    fn vacate(&mut self, slot: usize, cx: &mut Context<'_, Coordination>) {
        if let Some(attempt) = self.slots[slot].take() {
            let Order { task, fence, .. } = attempt.order;
            cx.observe(Observation::Ended { task, fence });
            cx.cancel_timer(timer_of(slot));
        }
        if let Some(next) = self.queue.pop_front() {
            self.begin(slot, next, cx);
        }
    }

    /// Reports what it is about, if that changed.
    fn tell(&mut self, cx: &mut Context<'_, Coordination>) {
        let stages = || self.slots.iter().flatten().map(|attempt| attempt.stage);
        let any = |busy: Busy| stages().any(|stage| stage.busy() == busy);
        let busy = [Busy::Working, Busy::Throttled, Busy::Coordinating].into_iter().find(|busy| any(*busy));
        let busy = busy.unwrap_or_default();
        if busy != self.busy {
            self.busy = busy;
            cx.observe(match busy {
                Busy::Idle => Observation::Idle,
                Busy::Working => Observation::Working,
                Busy::Throttled => Observation::Throttled,
                Busy::Coordinating => Observation::Coordinating,
            });
        }
    }

    /// Hears the platform and the sink; whether it was about a task of its own.
    pub fn hear(&mut self, message: &Message, cx: &mut Context<'_, Coordination>) {
        match *message {
            Message::Begun { task, fence, steps } => self.begun((task, fence), steps, cx),
            Message::Saved { task, fence } => self.saved((task, fence), cx),
            Message::Written { task, fence } => self.written((task, fence), cx),
            Message::Refused { task, fence, ended } => self.refused((task, fence), ended, cx),
            Message::Answer { call } => self.answered(call, cx),
            Message::Limited { call, retry_after } => self.limited(call, retry_after, cx),
            Message::Broken { call } => self.broken(call, cx),
            _ => {}
        }
        self.tell(cx);
    }

    /// The timer of a slot fired.
    pub fn wake(&mut self, slot: u32, cx: &mut Context<'_, Coordination>) {
        self.turn(slot as usize, cx);
        self.tell(cx);
    }

    fn set(&self, slot: usize, after: Duration, cx: &mut Context<'_, Coordination>) {
        cx.set_timer(timer_of(slot), after, Timer::Slot { slot: slot as u32 });
    }
}

fn timer_of(slot: usize) -> TimerId {
    TimerId(SLOTS + slot as u32)
}
