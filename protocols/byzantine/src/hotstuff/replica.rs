//! A member: what it remembers, and what it does with each input.

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Context, Input, LinkState, Process, TimerId};
use sim_core::time::Time;

use super::blocks::{Block, Proposal, Timeout, TimeoutCertificate};
use super::parameters::{Parameters, Rule};
use super::plants::Plants;
use super::turns::Turns;
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation, HotstuffTimer};
use crate::asking::Asking;
use crate::certificate::{Certificate, Refusal};
use crate::outbox::Outbox;
use crate::pending::Pending;
use crate::quorum::Quorum;
use crate::request::Request;
use crate::signers::Signers;
use crate::tally::Tally;
use crate::vote::{Stage, Statement, Vote};
use objects::Store;

pub(super) const VIEW: TimerId = TimerId(0);
pub(super) const DISK: TimerId = TimerId(1);
pub(super) const FETCH: TimerId = TimerId(2);
pub(super) const COLLECT: TimerId = TimerId(3);
pub(super) const IDLE: TimerId = TimerId(4);

/// A member.
#[derive(Debug)]
pub struct Replica {
    pub(super) me: NodeId,
    pub(super) members: u32,
    pub(super) quorum: Quorum,
    pub(super) turns: Turns,
    pub(super) parameters: Parameters,
    pub(super) plants: Plants,
    pub(super) view: u64,
    /// When it last told a peer that was behind how far it is.
    pub(super) answered: OrderedMap<NodeId, Time>,
    /// The latest timeout certificate that led to a view.
    pub(super) timeout: Option<TimeoutCertificate>,
    /// The last view that it voted in, and the stage.
    pub(super) voted: (u64, u8),
    /// What it said last, for who may not have heard it.
    pub(super) last_vote: Option<Vote>,
    /// It votes in no view before this one, since it gave up on their leaders.
    pub(super) given_up: u64,
    /// Its highest certificate: of stage prepare.
    pub(super) high: Certificate,
    /// What it is locked on.
    pub(super) lock: Certificate,
    /// Basic rule: the latest commit certificate.
    pub(super) decided: Option<Certificate>,
    /// Blocks that are not committed.
    pub(super) tree: OrderedMap<u64, Block>,
    /// What is asked for in those of them that lead to a certificate.
    pub(super) open: Open,
    /// Blocks that are committed, from height 1.
    pub(super) chain: Vec<Block>,
    /// Whether it saw a quorum commit something that does not extend its chain.
    pub(super) forked: bool,
    pub(super) store: Store,
    pub(super) pending: Pending,
    /// Votes that it collects.
    pub(super) votes: OrderedMap<(u64, Stage), Tally>,
    /// Control: what it waits for more votes for.
    pub(super) late: Vec<Statement>,
    /// The last timeout of each member.
    pub(super) timeouts: OrderedMap<NodeId, Timeout>,
    /// Basic rule: who is ready for a view.
    pub(super) ready: (u64, Signers),
    /// Basic rule: the last view that it said to be ready for.
    pub(super) ready_for: u64,
    /// The last proposal that it made itself.
    pub(super) proposal: Option<Proposal>,
    /// Basic rule: the last certificate that it showed as a leader.
    pub(super) shown: Option<Certificate>,
    /// The last view that it took a block of a leader in.
    pub(super) taken: u64,
    /// A proposal whose parent it lacks.
    pub(super) deferred: Option<Proposal>,
    /// A block that it asks for: digest and height.
    pub(super) wanted: Option<(u64, u64)>,
    /// How often it asked others for that.
    pub(super) asking: Asking<(u64, u64)>,
    /// Who told it what it handles.
    pub(super) source: NodeId,
    /// The height of the last block with requests that is committed, and what everybody can know to be committed by the
    /// last block that it saw.
    pub(super) filled: u64,
    pub(super) told: u64,
    /// Whether its timer runs.
    pub(super) waiting: bool,
    /// How many members it told how far it is since nothing waits.
    pub(super) idle_told: u32,
    /// Timeouts in a row without anything committed.
    pub(super) attempts: u32,
    pub(super) outbox: Outbox<Hotstuff>,
}

/// Requests in blocks that are certified and not committed.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// The digest of the last of these blocks, and the height of the last committed one below them.
    pub(super) top: u64,
    pub(super) tip: u64,
    pub(super) requests: Vec<Request>,
}

/// The stages of votes on a block, in order.
pub(super) const fn rank(stage: Stage) -> u8 {
    match stage {
        Stage::Precommit => 2,
        Stage::Commit => 3,
        _ => 1,
    }
}

impl Replica {
    /// How many votes make a certificate.
    pub(super) fn votes_needed(&self) -> u32 {
        // Plant: quorums of 2f.
        if self.plants.small_quorum { (2 * self.quorum.faulty()).max(1) } else { self.quorum.size() }
    }

    pub(super) const fn is_basic(&self) -> bool {
        matches!(self.parameters.rule, Rule::Basic)
    }

    pub(super) fn leads(&self) -> bool {
        self.turns.leader(self.view) == self.me
    }

    /// Who collects the votes of a view.
    pub(super) fn collector(&self, view: u64) -> NodeId {
        self.turns.leader(if self.is_basic() { view } else { view.saturating_add(1) })
    }

    /// The height of the last block that is committed, and its digest.
    pub(super) fn tip(&self) -> (u64, u64) {
        (self.chain.len() as u64, self.chain.last().map_or(0, Block::hash))
    }

    pub(super) fn refuse(&mut self, what: &'static str, reason: Refusal) {
        self.outbox.report(HotstuffObservation::Refused { what, reason: reason.name() });
    }

    fn start(&mut self, cx: &mut Context<'_, Hotstuff>) {
        let (height, tip) = self.tip();
        let (view, applied, leader) = (self.view, self.store.applied(), self.leads());
        let (tip, filled) = (ContentHash(tip), self.filled);
        self.outbox.report(HotstuffObservation::Started { view, height, filled, applied, tip, leader });
        if self.voted.0 > 0 || self.given_up > 0 || height > 0 {
            self.show_tip(None);
        }
        self.settle(cx);
        self.keep_watch(cx);
    }

    fn hear(&mut self, from: NodeId, message: &HotstuffMessage, cx: &mut Context<'_, Hotstuff>) {
        if let HotstuffMessage::Request(request) = message {
            return self.on_request(from, request, cx);
        }
        if from.0 >= self.members {
            return;
        }
        self.source = from;
        match message {
            HotstuffMessage::Proposal(proposal) => self.on_proposal(proposal, cx),
            HotstuffMessage::Vote(vote) => self.on_vote(vote, cx),
            HotstuffMessage::Certified(certificate) => self.on_certified(certificate, cx),
            HotstuffMessage::NewView { view, high } => self.on_new_view(from, *view, high, cx),
            HotstuffMessage::Timeout(timeout) => self.on_timeout(timeout, cx),
            HotstuffMessage::Tip { view, high, timeout, decided } => {
                self.on_tip(from, *view, high, (timeout.as_ref(), decided.as_ref()), cx);
            }
            HotstuffMessage::Fetch { digest, height, above } => {
                self.on_fetch(from, (digest.0, *height), *above);
            }
            HotstuffMessage::Blocks { list } => self.on_blocks(list, cx),
            HotstuffMessage::Request(_) | HotstuffMessage::Reply { .. } => {}
        }
    }

    fn expire(&mut self, timer: HotstuffTimer, cx: &mut Context<'_, Hotstuff>) {
        match timer {
            HotstuffTimer::View => self.on_view_timeout(cx),
            HotstuffTimer::Disk => self.outbox.retry(cx),
            HotstuffTimer::Fetch => self.on_fetch_timeout(cx),
            HotstuffTimer::Idle => self.on_idle(cx),
            HotstuffTimer::Collect => self.collect_late(cx),
            HotstuffTimer::Retry { .. } => {}
        }
    }

    /// What must be true after every step, whatever the others did.
    fn invariants(&self) {
        debug_assert!(self.told <= self.chain.len() as u64);
        debug_assert!(self.is_basic() || self.lock.statement.view <= self.high.statement.view);
        debug_assert!(self.is_basic() || self.view > self.high.statement.view);
    }
}

impl Process<Hotstuff> for Replica {
    fn step(&mut self, input: Input<'_, Hotstuff>, cx: &mut Context<'_, Hotstuff>) {
        if self.outbox.shuts_out(&input, (DISK, self.parameters.disk_retry), cx) {
            return;
        }
        match input {
            Input::Start => self.start(cx),
            Input::Message { from, message } => self.hear(from, message, cx),
            Input::Timer { timer, .. } => self.expire(timer, cx),
            Input::Link { peer, state: LinkState::Up } if peer.0 < self.members => self.greet(peer),
            Input::Synced { id, result } => {
                if self.outbox.synced(id, result, cx) {
                    cx.set_timer(DISK, self.parameters.disk_retry, HotstuffTimer::Disk);
                }
            }
            Input::Link { .. } | Input::Request { .. } => {}
        }
        if self.outbox.hears_again() {
            self.show_tip(None);
        }
        self.outbox.flush(cx);
        self.invariants();
    }
}
