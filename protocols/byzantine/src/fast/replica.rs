//! A member: what it remembers, and what it does with each input.

use sim_core::digest::hash_words;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::operation::number_of;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, Factory, Input, LinkState, Process, Role, TimerId};
use sim_core::time::Duration;

use super::parameters::Parameters;
use super::style::Style;
use super::vocabulary::{
    Accepted, Fast, FastMessage, FastObservation, FastRecord, FastTimer, Proposal, Report,
};
use crate::certificate::{Certificate, Refusal};
use crate::leaders::Leaders;
use crate::outbox::Outbox;
use crate::quorum::Quorum;
use crate::request::{Command, Request, SignedCommand};
use crate::tally::Tally;
use crate::vote::{Stage, Statement, Vote};
use objects::Operation;

const ASK: TimerId = TimerId(0);
pub(super) const VIEW: TimerId = TimerId(1);
pub(super) const COLLECT: TimerId = TimerId(2);
const DISK: TimerId = TimerId(3);

/// The only slot of the log.
pub(super) const SLOT: u64 = 1;
/// Of views before and after the present one, no more than this are kept.
pub(super) const VIEWS_KEPT: u64 = 8;

/// The votes of one view.
#[derive(Debug, Default)]
pub(super) struct Votes {
    pub(super) accepts: Tally,
    pub(super) commits: Tally,
}

/// A member.
#[derive(Debug)]
pub struct Replica {
    pub(super) me: NodeId,
    pub(super) members: u32,
    pub(super) quorum: Quorum,
    pub(super) style: Style,
    pub(super) parameters: Parameters,
    pub(super) leaders: Leaders,
    /// What its own request is made from. Twins have different ones, so that they ask for different things.
    pub(super) seed: u64,
    /// It takes part in no view before this one.
    pub(super) view: u64,
    /// What it asks for as a client.
    pub(super) own: Option<Request>,
    /// What it knows that clients ask for: one request of each.
    pub(super) requests: Vec<Request>,
    /// Its own proposal, of the latest view in which it made one.
    pub(super) proposal: Option<Proposal>,
    /// Everything that it accepted, the latest last.
    pub(super) accepted: Vec<Accepted>,
    /// The certificate of the highest view that it holds.
    pub(super) certificate: Option<Certificate>,
    /// What it accepted and held as it entered its view: its report says so, as often as it is told.
    pub(super) standing: (Vec<Accepted>, Option<Certificate>),
    pub(super) votes: OrderedMap<u64, Votes>,
    /// By member: its report of the highest view.
    pub(super) reports: OrderedMap<NodeId, Report>,
    /// For which view it last said that nothing may be proposed.
    pub(super) unvouched: Option<u64>,
    /// While a client waits for the answers of all: in which view, and to which request.
    pub(super) collecting: Option<(u64, u64)>,
    pub(super) decided: Option<Certificate>,
    /// Whether the timer of the view runs.
    pub(super) waiting: bool,
    pub(super) attempts: u32,
    pub(super) outbox: Outbox<Fast>,
}

/// Makes members of one style.
#[derive(Clone, Copy, Debug)]
pub(super) struct Members {
    /// Which of the protocols.
    pub style: Style,
    /// Their settings.
    pub parameters: Parameters,
}

impl Factory<Fast> for Members {
    type Node = Node;

    fn boot(&mut self, boot: Boot<'_, Fast>) -> Self::Node {
        if boot.role == Role::Client || !boot.members.contains(&boot.node) {
            return Node::Outsider;
        }
        let replica = Replica::recover(self.style, self.parameters, &boot);
        replica.map_or(Node::Halted, |replica| Node::Replica(Box::new(replica)))
    }
}

/// What runs in a slot.
#[derive(Debug)]
pub enum Node {
    /// A member.
    Replica(Box<Replica>),
    /// A member with a damaged journal.
    Halted,
    /// Somebody who came after genesis: the members are fixed.
    Outsider,
}

impl Process<Fast> for Node {
    fn step(&mut self, input: Input<'_, Fast>, cx: &mut Context<'_, Fast>) {
        match self {
            Self::Replica(replica) => replica.step(input, cx),
            Self::Halted if matches!(input, Input::Start) => cx.observe(FastObservation::Halted),
            Self::Halted | Self::Outsider => {}
        }
    }
}

impl Replica {
    /// Who leads a view: whom the plan says, or each in turn.
    pub(super) fn leader_of(&self, view: u64) -> NodeId {
        self.leaders.of(view)
    }

    /// Who sees what is accepted: this member is not among those that it tells.
    pub(super) fn tell_learners(&mut self, message: &FastMessage) {
        let (style, clients) = (self.style, self.parameters.clients);
        if style.learns(NodeId(self.members), clients) {
            return self.outbox.tell_all(message.clone());
        }
        for node in (0..self.members).map(NodeId).filter(|node| style.learns(*node, clients)) {
            if node != self.me {
                self.outbox.tell(node, message.clone());
            }
        }
    }

    pub(super) fn learns(&self, node: NodeId) -> bool {
        self.style.learns(node, self.parameters.clients)
    }

    pub(super) fn refuse(&mut self, what: &'static str, reason: Refusal) {
        self.outbox.report(FastObservation::Refused { what, reason: reason.name() });
    }

    fn start(&mut self, cx: &mut Context<'_, Fast>) {
        let (view, executed) = (self.view, u64::from(self.decided.is_some()));
        self.outbox.report(FastObservation::Started { view, executed });
        self.outbox.report(FastObservation::Entered { view, leader: self.leader_of(view) == self.me });
        self.report_kept();
        if self.me.0 < self.parameters.clients && self.own.is_none() {
            let within = cx.rng().duration_between(Duration::ZERO, self.parameters.ask_within);
            cx.set_timer(ASK, within, FastTimer::Ask);
        }
        self.count_own(cx);
        self.say_again(cx);
        if view > 0 || !self.requests.is_empty() || !self.accepted.is_empty() {
            self.keep_watch(cx);
        }
        self.propose_if_due(cx);
    }

    /// What it asked for and decided may be on disk and have reached nobody, not even as a report.
    fn report_kept(&mut self) {
        if let Some(own) = &self.own {
            self.outbox.report(FastObservation::Asked { digest: ContentHash(own.hash()) });
        }
        if let Some(decided) = &self.decided {
            self.outbox.report(FastObservation::committed(decided.statement));
        }
    }

    /// A client asks for something.
    fn ask(&mut self, cx: &mut Context<'_, Fast>) {
        let operation = Operation::Put { key: 0, value: number_of(hash_words(&[self.seed, 1])) };
        let request = SignedCommand::sign(Command { client: self.me, timestamp: 1, operation }, cx);
        self.own = Some(request.clone());
        self.outbox.record(FastRecord::Asked(request.clone()), cx);
        self.outbox.report(FastObservation::Asked { digest: ContentHash(request.hash()) });
        self.outbox.tell_all(FastMessage::Request(request.clone()));
        self.on_request(self.me, &request, cx);
    }

    fn on_request(&mut self, from: NodeId, request: &Request, cx: &mut Context<'_, Fast>) {
        if let Some(decided) = self.decided.clone() {
            return self.outbox.tell(from, FastMessage::Decided(decided));
        }
        if !self.is_new(request) {
            return;
        }
        if !self.believes(request, cx) {
            return self.refuse("request", Refusal::BadSignature);
        }
        self.requests.push(request.clone());
        self.keep_watch(cx);
        self.propose_if_due(cx);
    }

    fn is_new(&self, request: &Request) -> bool {
        let client = request.command.client;
        !self.requests.iter().any(|known| known.command.client == client)
    }

    /// Whether a client signed a request. One that is known was looked at before.
    pub(super) fn believes(&self, request: &Request, cx: &mut Context<'_, Fast>) -> bool {
        self.requests.contains(request)
            || (request.command.client.0 < self.parameters.clients && request.verify(cx))
    }

    fn hear(&mut self, from: NodeId, message: &FastMessage, cx: &mut Context<'_, Fast>) {
        if from.0 >= self.members {
            return;
        }
        match message {
            FastMessage::Request(request) => self.on_request(from, request, cx),
            FastMessage::Proposal(proposal) => self.on_proposal(from, proposal, cx),
            FastMessage::Accepted(vote) => self.on_accepted(vote, cx),
            FastMessage::Certified(certificate) => self.on_certified(from, certificate, cx),
            FastMessage::Commit { vote, certificate } => {
                self.on_commit(from, vote, certificate.as_ref(), cx);
            }
            FastMessage::Report(report) => self.on_report(from, report, cx),
            FastMessage::Decided(certificate) => self.on_decided(certificate, cx),
        }
    }

    fn timeout(&mut self, timer: FastTimer, cx: &mut Context<'_, Fast>) {
        match timer {
            FastTimer::Ask => self.ask(cx),
            FastTimer::View => self.on_view_timeout(cx),
            FastTimer::Collect => self.on_collect_timeout(cx),
            FastTimer::Disk => self.outbox.retry(cx),
        }
    }

    fn say_again(&mut self, cx: &mut Context<'_, Fast>) {
        let me = self.me;
        for peer in (0..self.members).map(NodeId).filter(|peer| *peer != me) {
            self.say_again_to(peer, cx);
        }
    }

    /// What a peer may have missed: everything that this member stands by.
    fn say_again_to(&mut self, peer: NodeId, cx: &mut Context<'_, Fast>) {
        if let Some(decided) = self.decided.clone() {
            return self.outbox.tell(peer, FastMessage::Decided(decided));
        }
        if let Some(own) = self.own.clone() {
            self.outbox.tell(peer, FastMessage::Request(own));
        }
        if self.view > 0 {
            let report = self.make_report(cx);
            self.outbox.tell(peer, FastMessage::Report(report));
        }
        if let Some(proposal) =
            self.proposal.clone().filter(|proposal| proposal.vote.statement.view == self.view)
        {
            self.outbox.tell(peer, FastMessage::Proposal(proposal));
        }
        if !self.learns(peer) {
            return;
        }
        if let Some(digest) = self.accepted_here() {
            let vote = Vote::sign(self.statement(Stage::Prepare, digest), cx);
            self.outbox.tell(peer, FastMessage::Accepted(vote));
        }
        if let Some(digest) = self.promised_here() {
            let commit = self.commit_message(digest, cx);
            self.outbox.tell(peer, commit);
        }
    }

    /// What it says about a request in this view.
    pub(super) const fn statement(&self, stage: Stage, digest: u64) -> Statement {
        Statement::new(stage, self.view, SLOT, digest)
    }

    /// What it accepted in this view, if anything.
    pub(super) fn accepted_here(&self) -> Option<u64> {
        self.accepted.last().filter(|one| one.view == self.view).map(|one| one.request.hash())
    }

    /// What it committed to in this view, if anything.
    pub(super) fn promised_here(&self) -> Option<u64> {
        let said = self.certificate.as_ref()?.statement;
        (said.view == self.view).then_some(said.digest.0)
    }

    /// What must be true after every step, whatever the others did.
    fn invariants(&self) {
        debug_assert!(self.accepted.is_sorted_by(|one, other| one.view < other.view));
        debug_assert!(self.accepted.last().is_none_or(|last| last.view <= self.view));
        debug_assert!(self.certificate.as_ref().is_none_or(|held| held.statement.view <= self.view));
        debug_assert!(self.votes.len() as u64 <= 2 * VIEWS_KEPT + 1);
    }
}

impl Process<Fast> for Replica {
    fn step(&mut self, input: Input<'_, Fast>, cx: &mut Context<'_, Fast>) {
        if self.outbox.shuts_out(&input, (DISK, self.parameters.disk_retry), cx) {
            return;
        }
        match input {
            Input::Start => self.start(cx),
            Input::Message { from, message } => self.hear(from, message, cx),
            Input::Timer { timer, .. } => self.timeout(timer, cx),
            Input::Link { peer, state: LinkState::Up } if peer.0 < self.members => {
                self.say_again_to(peer, cx);
            }
            Input::Synced { id, result } => {
                if self.outbox.synced(id, result, cx) {
                    cx.set_timer(DISK, self.parameters.disk_retry, FastTimer::Disk);
                }
            }
            Input::Link { .. } => {}
            Input::Request { request, .. } => match request {},
        }
        if self.outbox.hears_again() {
            self.say_again(cx);
        }
        self.outbox.flush(cx);
        self.invariants();
    }
}
