//! The client's policy: one operation at a time, asked of one member after the other until it is answered.
//!
//! A client chooses the version of a write, once, by a hybrid logical clock (Kulkarni et al. 2014), so that asking again is
//! harmless however late an earlier request arrives. Its clock never falls behind what it has seen: what it writes is newer than
//! whatever it has read or written. A clock that stands still or steps back may show the same time to two incarnations, so dice are
//! added after a restart: two writes must never have the same version.
//!
//! Where siblings are kept, it says with each write what it knew of the key: what it has read and written there (Dynamo, section 4.4).

use std::collections::VecDeque;
use std::sync::Arc;

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, Input, Process, RequestId, Start, TimerId};
use sim_core::time::Duration;

use super::member::Shared;
use super::parameters::Conflicts;
use super::plants::Plants;
use super::siblings::{Siblings, Written, learn};
use super::vocabulary::{
    Record, Store, StoreMessage, StoreObservation, StoreRequest, StoreResponse, StoreTimer, Version,
};

const RETRY: TimerId = TimerId(0);

/// How far a restarted client may begin beyond its clock, in nanoseconds: 17 ms.
const APART: u64 = 1 << 24;

/// What a client asks a member for.
#[derive(Clone, Debug)]
enum Asked {
    Get(u64),
    Put(Written),
}

/// One incarnation of a client.
#[derive(Debug)]
pub struct Client {
    me: NodeId,
    members: Vec<NodeId>,
    retry: Duration,
    plants: Plants,
    /// What is known of each key: the latest version by each actor. Empty where the last writer wins.
    known: Option<OrderedMap<u64, Vec<Version>>>,
    /// Which actor it is.
    session: u64,
    restarted: bool,
    /// The latest time that it has seen or given.
    clock: u64,
    /// Whom it asks, as an index.
    target: usize,
    operation: u64,
    outstanding: Option<(RequestId, Asked)>,
    waiting: VecDeque<(RequestId, StoreRequest)>,
}

impl Client {
    /// A client of the members that it boots with.
    pub fn new(shared: &Shared, boot: &Boot<'_, Store>) -> Self {
        let siblings = shared.parameters.conflicts == Conflicts::Siblings;
        Self {
            me: boot.node,
            members: boot.members.to_vec(),
            retry: shared.parameters.client_retry,
            plants: shared.plants,
            known: siblings.then(OrderedMap::new),
            session: 0,
            restarted: boot.start == Start::Restart,
            clock: 0,
            target: 0,
            operation: 0,
            outstanding: None,
            waiting: VecDeque::new(),
        }
    }

    fn start(&mut self, cx: &mut Context<'_, Store>) {
        let apart = if self.restarted { cx.rng().below(APART) } else { 0 };
        self.clock = if self.restarted { cx.now().as_nanos().saturating_add(apart) } else { 0 };
        // Answers to an earlier incarnation may still come.
        self.operation = cx.rng().next_u64() >> 1;
        // Whoever has forgotten what it wrote is a new actor.
        if self.known.is_some() && !self.plants.reused_actor {
            self.session = self.operation;
        }
        self.target = cx.rng().below(self.members.len().max(1) as u64) as usize;
    }

    fn stamp(&mut self, key: u64, value: Option<u64>, cx: &mut Context<'_, Store>) -> Written {
        let now = cx.now().as_nanos();
        self.clock = if self.plants.wall_clock { now } else { now.max(self.clock.saturating_add(1)) };
        let version = Version { time: self.clock, actor: self.me, session: self.session };
        let record = Record { key, version, value };
        cx.observe(StoreObservation::Stamped { record });
        let past = self.known.as_mut().map(|known| {
            let known = known.entry(key).or_default();
            let past = Arc::from(&known[..]);
            learn(known, version);
            past
        });
        Written { record, past }
    }

    fn begin_next(&mut self, cx: &mut Context<'_, Store>) {
        self.outstanding = None;
        let Some((id, request)) = self.waiting.pop_front() else { return };
        let asked = match request {
            StoreRequest::Get { key } => Asked::Get(key),
            StoreRequest::Put { key, value } => Asked::Put(self.stamp(key, Some(value), cx)),
            StoreRequest::Delete { key } => Asked::Put(self.stamp(key, None, cx)),
        };
        self.operation += 1;
        self.outstanding = Some((id, asked));
        self.ask(cx);
    }

    fn ask(&self, cx: &mut Context<'_, Store>) {
        let (Some((_, asked)), operation) = (&self.outstanding, self.operation) else { return };
        let Some(target) = self.members.get(self.target) else { return };
        cx.send(
            *target,
            match asked {
                Asked::Get(key) => StoreMessage::Get { operation, key: *key },
                Asked::Put(written) => StoreMessage::Put { operation, written: written.clone() },
            },
        );
        cx.set_timer(RETRY, self.retry, StoreTimer::Retry { operation });
    }

    fn try_another(&mut self, cx: &mut Context<'_, Store>) {
        self.target = (self.target + 1) % self.members.len().max(1);
        self.ask(cx);
    }

    /// The answer to the outstanding operation came.
    fn end(&mut self, response: StoreResponse, cx: &mut Context<'_, Store>) {
        let Some((id, _)) = &self.outstanding else { return };
        cx.cancel_timer(RETRY);
        cx.respond(*id, response);
        self.begin_next(cx);
    }

    fn saw(&mut self, key: u64, version: Version, cx: &mut Context<'_, Store>) {
        self.clock = self.clock.max(version.time);
        cx.observe(StoreObservation::Saw { key, version });
    }

    /// Whoever has read a record knows what its writer knew, too.
    fn found(&mut self, key: u64, found: &Siblings, cx: &mut Context<'_, Store>) {
        for written in found.iter() {
            self.saw(key, written.record.version, cx);
            let (Some(known), Some(past)) = (&mut self.known, &written.past) else { continue };
            let known = known.entry(key).or_default();
            past.iter().for_each(|version| learn(known, *version));
            learn(known, written.record.version);
        }
    }

    fn hear(&mut self, message: &StoreMessage, cx: &mut Context<'_, Store>) {
        let (operation, clock) = match *message {
            StoreMessage::Got { operation, clock, .. }
            | StoreMessage::Done { operation, clock }
            | StoreMessage::Refused { operation, clock, .. } => (operation, clock),
            _ => return,
        };
        if operation != self.operation {
            return;
        }
        let Some((_, asked)) = &self.outstanding else { return };
        self.clock = self.clock.max(clock);
        match (message, asked) {
            (StoreMessage::Got { found, .. }, Asked::Get(key)) => {
                self.found(*key, found, cx);
                let mut records = found.iter().map(|written| written.record);
                let (record, others) = (records.next(), records.collect());
                self.end(StoreResponse::Read { record, others }, cx);
            }
            (StoreMessage::Done { .. }, Asked::Put(written)) => {
                let Record { key, version, .. } = written.record;
                self.saw(key, version, cx);
                self.end(StoreResponse::Done { version }, cx);
            }
            (StoreMessage::Refused { late: true, .. }, Asked::Put(_)) => {
                self.end(StoreResponse::Unknown, cx);
            }
            // A version that is too far ahead will not be after a while.
            _ => {}
        }
    }
}

impl Process<Store> for Client {
    fn step(&mut self, input: Input<'_, Store>, cx: &mut Context<'_, Store>) {
        match input {
            Input::Start => self.start(cx),
            Input::Request { id, request } => {
                self.waiting.push_back((id, request));
                if self.outstanding.is_none() {
                    self.begin_next(cx);
                }
            }
            Input::Timer { timer: StoreTimer::Retry { operation }, .. } if operation == self.operation => {
                self.try_another(cx);
            }
            Input::Message { message, .. } => self.hear(message, cx),
            Input::Timer { .. } | Input::Link { .. } | Input::Synced { .. } => {}
        }
    }
}
