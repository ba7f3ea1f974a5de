//! The client's policy: one operation at a time, asked until enough replicas say the same.
//!
//! It asks the primary, and all replicas if that takes too long. A read may be asked of all at once, without order; if
//! too few agree on it in time, it is ordered like everything else.
//!
//! Timestamps begin at the client's clock. One that was restarted adds dice, since a clock that stood still may show the
//! same time to two incarnations; if it is still too low, replicas tell it how far its session is. Then it cannot know what
//! became of its operation.

use std::collections::{BTreeMap, VecDeque};

use sim_core::facts::{ContentHash, Facts};
use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Input, Process, RequestId, Start, TimerId};

use super::parameters::Parameters;
use super::vocabulary::{Pbft, PbftMessage, PbftObservation, PbftTimer};
use crate::quorum::Quorum;
use crate::request::{Command, SignedCommand};
use crate::service::Told;
use crate::store::{Operation, Reply};

const RETRY: TimerId = TimerId(0);

/// How far a restarted client may begin beyond its clock, in nanoseconds.
const APART: u64 = 1 << 24;

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
    parameters: Parameters,
    restarted: bool,
    /// The view that it believes in.
    view: u64,
    /// Of the outstanding operation, or of the last one.
    timestamp: u64,
    outstanding: Option<Outstanding>,
    waiting: VecDeque<(RequestId, Operation)>,
    said: BTreeMap<NodeId, Said>,
    /// How far replicas say that the session is.
    beyond: BTreeMap<NodeId, u64>,
}

impl Client {
    /// A client of the members that it boots with.
    pub fn new(parameters: Parameters, boot: &Boot<'_, Pbft>) -> Self {
        let members = u32::try_from(boot.members.len()).unwrap_or(u32::MAX);
        Self {
            members,
            quorum: Quorum::of(members),
            parameters,
            restarted: boot.start == Start::Restart,
            view: 0,
            timestamp: 0,
            outstanding: None,
            waiting: VecDeque::new(),
            said: BTreeMap::new(),
            beyond: BTreeMap::new(),
        }
    }

    fn begin_next(&mut self, cx: &mut Context<'_, Pbft>) {
        let Some((id, operation)) = self.waiting.pop_front() else { return };
        self.timestamp += 1;
        let unordered = self.parameters.read_only && operation.is_read();
        self.outstanding = Some(Outstanding { id, operation, unordered });
        let operation = ContentHash(operation.content());
        cx.observe(PbftObservation::Asked { timestamp: self.timestamp, operation });
        self.ask(false, cx);
    }

    /// Asks the primary or all.
    fn ask(&mut self, again: bool, cx: &mut Context<'_, Pbft>) {
        let Some(Outstanding { operation, unordered, .. }) = &self.outstanding else { return };
        let (operation, unordered, timestamp) = (*operation, *unordered, self.timestamp);
        self.said.clear();
        self.beyond.clear();
        cx.set_timer(RETRY, self.parameters.client_retry, PbftTimer::Retry { timestamp });
        let all = (0..self.members).map(NodeId);
        if unordered {
            return cx.send_all(all, PbftMessage::ReadOnly { timestamp, operation });
        }
        let command = Command { client: cx.node(), timestamp, operation };
        let request = PbftMessage::Request(SignedCommand::sign(command, cx));
        if again {
            cx.send_all(all, request);
        } else {
            let primary = u32::try_from(self.view % u64::from(self.members.max(1))).unwrap_or(0);
            cx.send(NodeId(primary), request);
        }
    }

    fn on_retry(&mut self, timestamp: u64, cx: &mut Context<'_, Pbft>) {
        if let Some(outstanding) = self.outstanding.as_mut().filter(|_| timestamp == self.timestamp) {
            outstanding.unordered = false;
            self.ask(true, cx);
        }
    }

    /// How many must say the same. Reads without order see what was done before only if a quorum has done it.
    fn needed(&self) -> usize {
        let needed = if self.parameters.read_only { self.quorum.size() } else { self.quorum.one_honest() };
        needed as usize
    }

    fn on_reply(&mut self, from: NodeId, said: Said, cx: &mut Context<'_, Pbft>) {
        let Some(outstanding) = &self.outstanding else { return };
        if from.0 >= self.members || (said.position == 0) != outstanding.unordered {
            return;
        }
        let (hash, position) = (said.hash, said.position);
        self.said.insert(from, said);
        let same = self.said.values().filter(|said| (said.hash, said.position) == (hash, position));
        if same.count() >= self.needed() {
            self.conclude(from, position, cx);
        }
    }

    /// It is done.
    fn conclude(&mut self, from: NodeId, position: u64, cx: &mut Context<'_, Pbft>) {
        let (Some(Outstanding { id, .. }), Some(said)) = (self.outstanding.take(), self.said.remove(&from))
        else {
            return;
        };
        // One of f + 1 replicas that are in this view or a later one is honest.
        let mut views: Vec<u64> = self.said.values().map(|said| said.view).chain([said.view]).collect();
        views.sort_unstable_by(|one, other| other.cmp(one));
        if let Some(view) = views.get(self.quorum.faulty() as usize) {
            self.view = self.view.max(*view);
        }
        cx.cancel_timer(RETRY);
        let (timestamp, answer) = (self.timestamp, ContentHash(said.hash));
        cx.observe(PbftObservation::Acknowledged { timestamp, position, answer });
        cx.respond(id, Told { reply: Some(said.reply), position: (position > 0).then_some(position) });
        self.begin_next(cx);
    }

    /// f + 1 replicas say that the session has gone further: an earlier incarnation asked for something later.
    fn on_beyond(&mut self, from: NodeId, timestamp: u64, cx: &mut Context<'_, Pbft>) {
        if from.0 >= self.members || timestamp <= self.timestamp || self.outstanding.is_none() {
            return;
        }
        self.beyond.insert(from, timestamp);
        if self.beyond.len() < self.quorum.one_honest() as usize {
            return;
        }
        let mut known: Vec<u64> = self.beyond.values().copied().collect();
        known.sort_unstable_by(|one, other| other.cmp(one));
        self.timestamp = known[self.quorum.faulty() as usize];
        cx.cancel_timer(RETRY);
        if let Some(Outstanding { id, .. }) = self.outstanding.take() {
            cx.respond(id, Told { reply: None, position: None });
        }
        self.begin_next(cx);
    }
}

impl Process<Pbft> for Client {
    fn step(&mut self, input: Input<'_, Pbft>, cx: &mut Context<'_, Pbft>) {
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
            Input::Timer { timer: PbftTimer::Retry { timestamp }, .. } => self.on_retry(timestamp, cx),
            Input::Message { from, message: PbftMessage::Reply { view, timestamp, reply, position } } => {
                match reply {
                    Some(reply) if *timestamp == self.timestamp => {
                        let (hash, reply) = (reply.content(), reply.clone());
                        self.on_reply(from, Said { view: *view, reply, hash, position: *position }, cx);
                    }
                    Some(_) => {}
                    None => self.on_beyond(from, *timestamp, cx),
                }
            }
            Input::Message { .. } | Input::Timer { .. } | Input::Link { .. } | Input::Synced { .. } => {}
        }
    }
}
