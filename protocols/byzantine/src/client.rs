//! The client's policy: one operation at a time, asked until enough replicas say the same.
//!
//! It asks the leader, or all replicas at once if the protocol has no leader to ask, and all replicas if that takes too
//! long. A read may be asked of all at once, without order; if
//! too few agree on it in time, it is ordered like everything else.
//!
//! Timestamps begin at the client's clock. One that was restarted adds dice, since a clock that stood still may show the
//! same time to two incarnations; if it is still too low, replicas tell it how far its session is. Then it cannot know what
//! became of its operation.

use std::collections::VecDeque;

use sim_core::facts::{ContentHash, Facts};
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, Input, Protocol, RequestId, Start, TimerId};
use sim_core::time::Duration;

use crate::asking::Asking;
use crate::power::Power;
use crate::quorum::Quorum;
use crate::request::{Command, Request, SignedCommand};
use crate::service::{Told, Wish};
use objects::{Operation, Reply};

mod corrupt;
#[cfg(test)]
mod runs;

const RETRY: TimerId = TimerId(0);

/// How far a restarted client may begin beyond its clock, in nanoseconds.
const APART: u64 = 1 << 24;

/// What a replica tells a client.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The view that the replica is in.
    pub view: u64,
    /// Of which request.
    pub timestamp: u64,
    /// What it came to; absent if the session has gone further than that.
    pub reply: &'a Option<Reply>,
    /// Its place in the order of all operations; 0 for what was not ordered.
    pub position: u64,
}

/// A protocol whose clients follow this policy, in its own words.
pub trait Asks: Protocol<Request = Wish, Response = Told> {
    /// A request.
    fn request(request: Request) -> Self::Message;

    /// A read without order; `None` if the protocol has none.
    fn read_only(_timestamp: u64, _operation: Operation) -> Option<Self::Message> {
        None
    }

    /// What a replica tells a client, if a message is that.
    fn answer(message: &Self::Message) -> Option<Answer<'_>>;

    /// The timer after which a client asks again for a request.
    fn retry(timestamp: u64) -> Self::Timer;

    /// The request that this timer was set for, if a client set it.
    fn retried(timer: &Self::Timer) -> Option<u64>;

    /// A client asks for something, for the first time.
    fn asked(timestamp: u64, operation: ContentHash) -> Self::Observation;

    /// A client believes a reply.
    fn acknowledged(timestamp: u64, position: u64, answer: ContentHash) -> Self::Observation;
}

/// How a client goes about it.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long it waits for enough answers before it asks all replicas. Each wait for the same operation is twice as long as the
    /// last one, up to a limit ([`asking`](crate::asking)).
    pub retry: Duration,
    /// Whether reads are asked of all replicas without order; then it waits for a quorum of equal answers to everything.
    pub read_only: bool,
    /// Whether the leader of the view is asked first; else all are.
    pub leader_first: bool,
    /// How much the word of each replica counts.
    pub power: Power,
}

#[derive(Debug)]
struct Outstanding {
    id: RequestId,
    operation: Operation,
    /// Whether it is asked for without order.
    unordered: bool,
}

/// What a replica said.
#[derive(Debug)]
struct Said {
    view: u64,
    reply: Reply,
    hash: u64,
    position: u64,
}

/// One incarnation of a client.
#[derive(Debug)]
pub struct Client {
    members: u32,
    quorum: Quorum,
    policy: Policy,
    restarted: bool,
    /// Whether it signs two operations under each timestamp.
    corrupt: bool,
    /// The view that it believes in.
    view: u64,
    /// Of the outstanding operation, or of the last one.
    timestamp: u64,
    outstanding: Option<Outstanding>,
    /// How often it asked for that.
    asking: Asking<u64>,
    waiting: VecDeque<(RequestId, Operation)>,
    said: OrderedMap<NodeId, Said>,
    /// How far replicas say that the session is.
    beyond: OrderedMap<NodeId, u64>,
}

impl Client {
    /// A client of the members that it boots with.
    pub fn new<P: Protocol>(policy: Policy, boot: &Boot<'_, P>) -> Self {
        let members = u32::try_from(boot.members.len()).unwrap_or(u32::MAX);
        Self {
            members,
            quorum: policy.power.quorum(members),
            policy,
            restarted: boot.start == Start::Restart,
            corrupt: boot.corrupt,
            view: 0,
            timestamp: 0,
            outstanding: None,
            asking: Asking::default(),
            waiting: VecDeque::new(),
            said: OrderedMap::new(),
            beyond: OrderedMap::new(),
        }
    }

    fn begin_next<P: Asks>(&mut self, cx: &mut Context<'_, P>) {
        let Some((id, operation)) = self.waiting.pop_front() else { return };
        self.timestamp += 1;
        let unordered = self.policy.read_only && operation.is_read();
        self.outstanding = Some(Outstanding { id, operation, unordered });
        let operation = ContentHash(operation.content());
        cx.observe(P::asked(self.timestamp, operation));
        self.ask(false, cx);
    }

    /// Asks the leader or all.
    fn ask<P: Asks>(&mut self, again: bool, cx: &mut Context<'_, P>) {
        let Some(Outstanding { operation, unordered, .. }) = &self.outstanding else { return };
        let (operation, unordered, timestamp) = (*operation, *unordered, self.timestamp);
        self.said.clear();
        self.beyond.clear();
        cx.set_timer(RETRY, self.asking.wait(timestamp, self.policy.retry), P::retry(timestamp));
        self.asking.asked(timestamp);
        let all = (0..self.members).map(NodeId);
        if unordered && let Some(read) = P::read_only(timestamp, operation) {
            return cx.send_all(all, read);
        }
        let command = Command { client: cx.node(), timestamp, operation };
        if self.corrupt {
            return corrupt::ask::<P>(command, self.members, cx);
        }
        let request = P::request(SignedCommand::sign(command, cx));
        if again || !self.policy.leader_first {
            cx.send_all(all, request);
        } else {
            let leader = u32::try_from(self.view % u64::from(self.members.max(1))).unwrap_or(0);
            cx.send(NodeId(leader), request);
        }
    }

    fn on_retry<P: Asks>(&mut self, timestamp: u64, cx: &mut Context<'_, P>) {
        if let Some(outstanding) = self.outstanding.as_mut().filter(|_| timestamp == self.timestamp) {
            outstanding.unordered = false;
            self.ask(true, cx);
        }
    }

    /// How much power must say the same. Reads without order see what was done before only if a quorum has done it.
    const fn needed(&self) -> u32 {
        if self.policy.read_only { self.quorum.size() } else { self.quorum.one_honest() }
    }

    /// The highest of what replicas say that one of them, who is honest, says or exceeds.
    fn vouched(&self, said: impl Iterator<Item = (NodeId, u64)>) -> Option<u64> {
        let mut said: Vec<(u64, u32)> =
            said.map(|(node, value)| (value, self.policy.power.of(node))).collect();
        said.sort_unstable_by(|one, other| other.cmp(one));
        let mut power = 0;
        said.into_iter().find_map(|(value, more)| {
            power += more;
            (power >= self.quorum.one_honest()).then_some(value)
        })
    }

    fn on_reply<P: Asks>(&mut self, from: NodeId, said: Said, cx: &mut Context<'_, P>) {
        let Some(outstanding) = &self.outstanding else { return };
        if from.0 >= self.members || (said.position == 0) != outstanding.unordered {
            return;
        }
        let (hash, position) = (said.hash, said.position);
        self.said.insert(from, said);
        let same = self.said.iter().filter(|(_, said)| (said.hash, said.position) == (hash, position));
        if self.policy.power.sum(same.map(|(node, _)| *node)) >= self.needed() {
            self.conclude(from, position, cx);
        }
    }

    /// It is done.
    fn conclude<P: Asks>(&mut self, from: NodeId, position: u64, cx: &mut Context<'_, P>) {
        // One of f + 1 replicas that are in this view or a later one is honest.
        let view = self.vouched(self.said.iter().map(|(node, said)| (*node, said.view)));
        let (Some(Outstanding { id, .. }), Some(said)) = (self.outstanding.take(), self.said.remove(&from))
        else {
            return;
        };
        self.view = self.view.max(view.unwrap_or(0));
        cx.cancel_timer(RETRY);
        let (timestamp, answer) = (self.timestamp, ContentHash(said.hash));
        cx.observe(P::acknowledged(timestamp, position, answer));
        cx.respond(id, Told { reply: Some(said.reply), position: (position > 0).then_some(position) });
        self.begin_next(cx);
    }

    /// f + 1 replicas say that the session has gone further: an earlier incarnation asked for something later.
    fn on_beyond<P: Asks>(&mut self, from: NodeId, timestamp: u64, cx: &mut Context<'_, P>) {
        if from.0 >= self.members || timestamp <= self.timestamp || self.outstanding.is_none() {
            return;
        }
        self.beyond.insert(from, timestamp);
        let Some(beyond) = self.vouched(self.beyond.iter().map(|(node, beyond)| (*node, *beyond))) else {
            return;
        };
        self.timestamp = beyond;
        cx.cancel_timer(RETRY);
        if let Some(Outstanding { id, .. }) = self.outstanding.take() {
            cx.respond(id, Told { reply: None, position: None });
        }
        self.begin_next(cx);
    }
}

impl Client {
    /// Handles one input.
    pub fn step<P: Asks>(&mut self, input: Input<'_, P>, cx: &mut Context<'_, P>) {
        match input {
            Input::Start => {
                let apart = if self.restarted { cx.rng().below(APART) } else { 0 };
                self.timestamp = cx.now().as_nanos().saturating_add(apart);
            }
            Input::Request { id, request } => {
                self.waiting.push_back((id, request.operation));
                if self.outstanding.is_none() {
                    self.begin_next(cx);
                }
            }
            Input::Timer { timer, .. } => {
                if let Some(timestamp) = P::retried(&timer) {
                    self.on_retry(timestamp, cx);
                }
            }
            Input::Message { from, message } => {
                if let Some(answer) = P::answer(message) {
                    self.on_answer(from, answer, cx);
                }
            }
            Input::Link { .. } | Input::Synced { .. } => {}
        }
    }

    fn on_answer<P: Asks>(&mut self, from: NodeId, answer: Answer<'_>, cx: &mut Context<'_, P>) {
        let Answer { view, timestamp, reply, position } = answer;
        match reply {
            Some(reply) if timestamp == self.timestamp => {
                let (hash, reply) = (reply.content(), reply.clone());
                self.on_reply(from, Said { view, reply, hash, position }, cx);
            }
            Some(_) => {}
            None => self.on_beyond(from, timestamp, cx),
        }
    }
}
