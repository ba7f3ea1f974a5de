//! The client's policy: one session, one operation at a time, asked until it is answered.
//!
//! Operations that arrive while one is outstanding wait in order. The session makes repeated asking harmless. A client
//! that was restarted has forgotten its sequence: it starts from its clock, which is beyond anything used before, and
//! if even that is too low, a server tells it how far its session is. A clock that stands still or steps back may show
//! the same time to two incarnations, so dice are added to it: with a sequence that was used before, the answer to another
//! operation would be taken for the answer to this one. The dice count for less than the smallest step of the clock. If they made an
//! incarnation begin below the one before it, an operation of that one that arrives late would take the session beyond one that this
//! incarnation has done, and it would do that again.
//!
//! A client first looks for the leader itself. If an answer does not come, it asks the next server to pass the request
//! on, since a leader that the servers reach may be out of the client's own reach.
//!
//! Where clients are local, each has a server of its own, at which every operation begins: as behind a proxy on the same machine. Then
//! whoever is cut off together with its server goes on asking it, also if that server still believes that it leads.

use std::collections::VecDeque;

use sim_core::facts::Facts;
use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Input, Process, RequestId, Start, TimerId};

use super::configuration::genesis;
use super::operator::Operator;
use super::parameters::{Parameters, Reads};
use super::vocabulary::{Raft, RaftMessage, RaftObservation, RaftRequest, RaftResponse, RaftTimer, ReadBy};
use objects::{Operation, Reply};

const RETRY: TimerId = TimerId(0);
const OPERATE: TimerId = TimerId(1);

/// How many sequences there are for each microsecond of the clock: many times what a client uses up in it, and so few that those of a
/// year, the longest run, fit.
const APART: u64 = 1 << 18;

/// A reply that says what an operation came to.
struct Answered {
    sequence: u64,
    reply: Reply,
    index: u64,
    leader: Option<NodeId>,
}

/// One incarnation of a client.
#[derive(Debug)]
pub struct Client {
    servers: Vec<NodeId>,
    parameters: Parameters,
    /// Whether there was an incarnation before.
    restarted: bool,
    /// Where each operation begins, if not at the leader.
    home: Option<NodeId>,
    /// Whom it asks: the last one known or guessed to lead.
    target: Option<NodeId>,
    /// Of the outstanding operation, or of the last one.
    sequence: u64,
    outstanding: Option<(RequestId, Operation)>,
    waiting: VecDeque<(RequestId, Operation)>,
    /// How often this operation may still follow a hint before the next retry, so that two servers that name each
    /// other cannot send it around for ever at one instant.
    redirects: usize,
    /// Whether servers should pass its requests on: it did not reach the leader itself.
    relay: bool,
    /// How often this operation was asked for again.
    retries: u32,
    /// What it asks for as an operator, if it is one.
    operator: Option<Operator>,
}

impl Client {
    /// A client of the members it boots with.
    pub fn new(parameters: Parameters, boot: &Boot<'_, Raft>) -> Self {
        let operates = boot.node.index() == boot.members.len();
        let restless = !parameters.reconfigure_every.is_zero();
        Self {
            servers: boot.members.to_vec(),
            parameters,
            restarted: boot.start == Start::Restart,
            home: parameters.local_clients.then(|| boot.members[boot.node.index() % boot.members.len()]),
            target: None,
            sequence: 0,
            outstanding: None,
            waiting: VecDeque::new(),
            redirects: 0,
            relay: false,
            retries: 0,
            operator: operates
                .then(|| Operator::knowing(genesis(boot.members, parameters.learners).learners, restless)),
        }
    }

    fn first_sequence(&self, cx: &mut Context<'_, Raft>) -> u64 {
        let apart = if self.restarted { cx.rng().below(APART) } else { 0 };
        (cx.now().as_nanos() / 1_000).saturating_mul(APART).saturating_add(apart)
    }

    /// An operator asks for what is due as often as a client asks again, and thinks of something else now and then.
    fn wait_to_operate(&self, cx: &mut Context<'_, Raft>) {
        let Some(operator) = &self.operator else { return };
        let Parameters { reconfigure_every, client_retry, .. } = self.parameters;
        if operator.is_busy() {
            cx.set_timer(OPERATE, client_retry, RaftTimer::Operate);
        } else if !reconfigure_every.is_zero() {
            cx.set_timer(OPERATE, reconfigure_every, RaftTimer::Operate);
        }
    }

    fn operate(&mut self, cx: &mut Context<'_, Raft>) {
        if let Some(operator) = &mut self.operator {
            operator.act(&self.servers, cx);
        }
        self.wait_to_operate(cx);
    }

    /// A server came, or left for good.
    fn on_member(&mut self, node: NodeId, here: bool, cx: &mut Context<'_, Raft>) {
        self.servers.retain(|server| *server != node);
        if here {
            self.servers.push(node);
        } else if self.target == Some(node) {
            self.target = None;
        }
        let Some(operator) = &mut self.operator else { return };
        let begins = !operator.is_busy();
        operator.hears(node, here);
        if begins {
            self.operate(cx);
        }
    }

    fn begin_next(&mut self, cx: &mut Context<'_, Raft>) {
        self.outstanding = self.waiting.pop_front();
        if self.outstanding.is_some() {
            self.sequence += 1;
            self.retries = 0;
            if let Some(home) = self.home.filter(|home| self.servers.contains(home)) {
                (self.target, self.relay) = (Some(home), true);
            }
            self.ask(cx);
        }
    }

    /// Asks the target, and somebody else if there is no answer in time.
    fn ask(&mut self, cx: &mut Context<'_, Raft>) {
        self.redirects = self.servers.len();
        cx.set_timer(RETRY, self.parameters.client_retry, RaftTimer::Retry { sequence: self.sequence });
        self.send(cx);
    }

    fn send(&mut self, cx: &mut Context<'_, Raft>) {
        let Some((_, operation)) = self.outstanding else { return };
        if self.target.is_none() {
            self.target = cx.rng().pick(&self.servers).copied();
        }
        if let Some(target) = self.target {
            let (sequence, relay) = (self.sequence, self.relay);
            if operation.is_read()
                && let Some(by) = self.reads_by(cx)
            {
                return cx.send(target, RaftMessage::Read { sequence, operation, by });
            }
            cx.send(target, RaftMessage::ClientRequest { sequence, operation, relay });
        }
    }

    /// How a read that does not go through the log is to be answered. A client that did not reach the leader
    /// itself tries that and the log in turn; one that has a server of its own begins without the log, and hears who leads.
    fn reads_by(&self, cx: &mut Context<'_, Raft>) -> Option<ReadBy> {
        match self.parameters.reads {
            Reads::Stale => Some(ReadBy::Stale),
            _ if self.relay && self.retries.is_multiple_of(2) != self.home.is_some() => None,
            Reads::Log => None,
            Reads::Index => Some(ReadBy::Index),
            Reads::Lease => Some(ReadBy::Lease),
            Reads::Mixed => [None, Some(ReadBy::Index), Some(ReadBy::Lease)][cx.rng().below(3) as usize],
        }
    }

    /// A read that did not go through the log is done.
    fn on_read_reply(
        &mut self,
        from: NodeId,
        (sequence, reply, index): (u64, Reply, u64),
        cx: &mut Context<'_, Raft>,
    ) {
        if sequence != self.sequence {
            return;
        }
        let Some((id, _)) = self.outstanding.take() else { return };
        // Whoever answers at once need not be asked again.
        self.target = (self.parameters.reads != Reads::Stale).then_some(from);
        self.relay = false;
        cx.cancel_timer(RETRY);
        cx.respond(id, RaftResponse { reply, index });
        self.begin_next(cx);
    }

    fn on_retry(&mut self, sequence: u64, cx: &mut Context<'_, Raft>) {
        if sequence != self.sequence || self.outstanding.is_none() {
            return;
        }
        let place = self.servers.iter().position(|server| Some(*server) == self.target);
        self.target = place.map(|place| self.servers[(place + 1) % self.servers.len()]);
        self.relay = true;
        self.retries += 1;
        self.ask(cx);
    }

    /// It is done. Whoever answered is asked next; only a leader need not pass anything on.
    fn on_reply(&mut self, from: NodeId, answer: Answered, cx: &mut Context<'_, Raft>) {
        let Answered { sequence, reply, index, leader } = answer;
        if sequence != self.sequence {
            return;
        }
        let Some((id, _)) = self.outstanding.take() else { return };
        self.target = Some(from);
        self.relay = leader != Some(from);
        cx.cancel_timer(RETRY);
        cx.observe(RaftObservation::Acknowledged { sequence, index, answer: reply.content() });
        cx.respond(id, RaftResponse { reply, index });
        self.begin_next(cx);
    }

    fn on_redirect(
        &mut self,
        from: NodeId,
        sequence: u64,
        leader: Option<NodeId>,
        cx: &mut Context<'_, Raft>,
    ) {
        if self.outstanding.is_none() || sequence < self.sequence || self.redirects == 0 {
            return;
        }
        if sequence > self.sequence {
            self.resume_after(sequence, cx);
        } else if let Some(leader) = leader
            && Some(leader) != self.target
            && leader != from
        {
            self.redirects -= 1;
            self.target = Some(leader);
            self.send(cx);
        }
    }

    /// The session is further than this incarnation knew. The outstanding operation cannot have happened: whatever of
    /// it is in a log comes after a later sequence, and will be skipped.
    fn resume_after(&mut self, sequence: u64, cx: &mut Context<'_, Raft>) {
        self.sequence = sequence + 1;
        self.ask(cx);
    }
}

impl Process<Raft> for Client {
    fn step(&mut self, input: Input<'_, Raft>, cx: &mut Context<'_, Raft>) {
        match input {
            Input::Start => {
                self.sequence = self.first_sequence(cx);
                self.wait_to_operate(cx);
            }
            Input::Timer { timer: RaftTimer::Operate, .. } => {
                self.operate(cx);
            }
            Input::Request { request: RaftRequest::Member { node, here }, .. } => {
                self.on_member(node, here, cx);
            }
            Input::Message { message: RaftMessage::ChangeReply { node, add, done, leader }, .. } => {
                if let Some(operator) = &mut self.operator {
                    operator.answered((*node, *add), (*done, *leader), &self.servers, cx);
                }
            }
            Input::Request { id, request: RaftRequest::Operation { operation } } => {
                self.waiting.push_back((id, operation));
                if self.outstanding.is_none() {
                    self.begin_next(cx);
                }
            }
            Input::Timer { timer: RaftTimer::Retry { sequence }, .. } => self.on_retry(sequence, cx),
            Input::Message { from, message: RaftMessage::ClientReply { sequence, reply, index, leader } } => {
                let (sequence, index, leader) = (*sequence, *index, *leader);
                match reply.clone() {
                    Some(reply) => self.on_reply(from, Answered { sequence, reply, index, leader }, cx),
                    None => self.on_redirect(from, sequence, leader, cx),
                }
            }
            Input::Message { from, message: RaftMessage::ReadReply { sequence, reply, index } } => {
                self.on_read_reply(from, (*sequence, reply.clone(), *index), cx);
            }
            Input::Message { .. } | Input::Timer { .. } | Input::Link { .. } | Input::Synced { .. } => {}
        }
    }
}
