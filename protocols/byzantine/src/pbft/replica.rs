//! A member: what it remembers, and what it does with each input.

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Context, Input, LinkState, Process, TimerId};

use super::parameters::Parameters;
use super::plants::Plants;
use super::vocabulary::{
    NewView, Pbft, PbftMessage, PbftObservation, PbftRecord, PbftTimer, Prepared, Proposal, Snapshot,
    ViewChange,
};
use crate::asking::Asking;
use crate::certificate::{Certificate, Refusal};
use crate::leaders::Leaders;
use crate::outbox::Outbox;
use crate::pending::Pending;
use crate::quorum::Quorum;
use crate::request::Batch;
use crate::shared::Shared;
use crate::tally::Tally;
use crate::vote::{Statement, Vote};
use objects::Store;

pub(super) const VIEW: TimerId = TimerId(0);
pub(super) const DISK: TimerId = TimerId(1);
pub(super) const FETCH: TimerId = TimerId(2);

/// What a member knows about one sequence number.
#[derive(Debug, Default)]
pub(super) struct Instance {
    /// The proposal of this view.
    pub(super) proposal: Option<Proposal>,
    /// The votes of this view.
    pub(super) prepares: Tally,
    pub(super) commits: Tally,
    /// Whether it committed in this view.
    pub(super) promised: bool,
    /// Votes that were counted once more, for the bug that counts messages.
    pub(super) repeated: Vec<Statement>,
    /// The latest that it prepared, in any view.
    pub(super) prepared: Option<Prepared>,
    /// What was decided.
    pub(super) decided: Option<(Certificate, Batch)>,
}

/// A member.
#[derive(Debug)]
pub struct Replica {
    pub(super) me: NodeId,
    pub(super) members: u32,
    pub(super) quorum: Quorum,
    pub(super) parameters: Parameters,
    pub(super) plants: Plants,
    pub(super) leaders: Leaders,
    /// Its own dice, for the bug that executes in the order of a hash table.
    pub(super) seed: u64,
    pub(super) view: u64,
    /// Whether it takes part in its view; else it wants it, and waits for its primary.
    pub(super) active: bool,
    /// What began this view.
    pub(super) new_view: Option<NewView>,
    /// The low watermark: the last stable checkpoint, and what proves it.
    pub(super) low: u64,
    pub(super) proof: Option<Certificate>,
    /// The latest stable state that it holds itself.
    pub(super) stable: Option<(Certificate, Shared<Snapshot>)>,
    /// States at checkpoints that are not stable yet.
    pub(super) states: OrderedMap<u64, Shared<Snapshot>>,
    pub(super) checkpoints: OrderedMap<u64, Tally>,
    pub(super) log: OrderedMap<u64, Instance>,
    pub(super) store: Store,
    pub(super) executed: u64,
    pub(super) pending: Pending,
    /// The last sequence number that it proposed, as a primary.
    pub(super) proposed: u64,
    /// The highest view that each member wants.
    pub(super) changes: OrderedMap<NodeId, ViewChange>,
    /// Votes of later views, by signer.
    pub(super) early: OrderedMap<NodeId, Vec<Vote>>,
    /// By member: the highest sequence number that it is known to have committed to.
    pub(super) claims: Vec<u64>,
    /// While others are asked: up to where it had executed when the timer was set, and in which view.
    pub(super) fetching: Option<(u64, u64)>,
    /// How often others were asked for what comes next in this view.
    pub(super) asking: Asking<(u64, u64)>,
    /// For which view a new-view message is awaited.
    pub(super) awaited: Option<u64>,
    /// View changes in a row without anything executed.
    pub(super) attempts: u32,
    pub(super) outbox: Outbox<Pbft>,
}

impl Replica {
    /// How many votes decide.
    pub(super) fn votes_needed(&self) -> u32 {
        // Plant: three are enough.
        if self.plants.three_decide {
            return self.members.min(3);
        }
        // Plant: quorums of 2f.
        if self.plants.small_quorum { (2 * self.quorum.faulty()).max(1) } else { self.quorum.size() }
    }

    /// Who leads a view.
    pub(super) fn primary_of(&self, view: u64) -> NodeId {
        self.leaders.of(view)
    }

    pub(super) fn leads(&self) -> bool {
        self.active && self.primary_of(self.view) == self.me
    }

    /// Whether a sequence number lies between the watermarks.
    pub(super) fn in_window(&self, sequence: u64) -> bool {
        // Plant: no high watermark.
        let high =
            if self.plants.unstable_checkpoint { u64::MAX } else { self.low + self.parameters.log_size() };
        sequence > self.low && sequence <= high
    }

    pub(super) fn refuse(&mut self, what: &'static str, reason: Refusal) {
        self.outbox.report(PbftObservation::Refused { what, reason: reason.name() });
    }

    fn start(&mut self, cx: &mut Context<'_, Pbft>) {
        let Self { view, executed, low: stable, .. } = *self;
        let (applied, primary) = (self.store.applied(), self.leads());
        self.outbox.report(PbftObservation::Started { view, executed, applied, stable, primary });
        self.count_own(cx);
        let restarted = view > 0 || !self.log.is_empty() || self.low > 0;
        if restarted {
            self.report_status(None);
        }
        if !self.active {
            self.want_view(view, cx);
        }
        self.keep_watch(cx);
    }

    fn hear(&mut self, from: NodeId, message: &PbftMessage, cx: &mut Context<'_, Pbft>) {
        match message {
            PbftMessage::Request(request) => self.on_request(from, request, cx),
            PbftMessage::ReadOnly { timestamp, operation } => self.on_read_only(from, *timestamp, *operation),
            PbftMessage::PrePrepare(proposal) => self.on_proposal(proposal, cx),
            PbftMessage::Prepare(vote) | PbftMessage::Commit(vote) => self.on_vote(vote, cx),
            PbftMessage::Checkpoint(vote) => self.on_checkpoint(vote, cx),
            PbftMessage::ViewChange(change) => self.on_view_change(change, cx),
            PbftMessage::NewView(new_view) => self.on_new_view(new_view, cx),
            PbftMessage::Status { view, active, executed, stable } => {
                if from.0 < self.members {
                    self.on_status(from, (*view, *active), *executed, *stable, cx);
                }
            }
            PbftMessage::Committed { certificate, batch } => self.on_committed(certificate, batch, cx),
            PbftMessage::State { certificate, snapshot } => self.on_state(certificate, snapshot, cx),
            PbftMessage::Reply { .. } => {}
        }
    }

    fn timeout(&mut self, timer: PbftTimer, cx: &mut Context<'_, Pbft>) {
        match timer {
            PbftTimer::View => self.on_view_timeout(cx),
            PbftTimer::Disk => self.outbox.retry(cx),
            PbftTimer::Fetch => self.on_fetch_timeout(cx),
            PbftTimer::Retry { .. } => {}
        }
    }

    /// What must be true after every step, whatever the others did.
    fn invariants(&self) {
        debug_assert!(self.log.first_key_value().is_none_or(|(first, _)| *first > self.low));
        debug_assert!(self.stable.as_ref().is_none_or(|(proof, _)| proof.statement.height <= self.low));
        debug_assert!(self.executed >= self.stable.as_ref().map_or(0, |(proof, _)| proof.statement.height));
    }
}

impl Process<Pbft> for Replica {
    fn step(&mut self, input: Input<'_, Pbft>, cx: &mut Context<'_, Pbft>) {
        if self.outbox.shuts_out(&input, (DISK, self.parameters.disk_retry), cx) {
            return;
        }
        match input {
            Input::Start => self.start(cx),
            Input::Message { from, message } => self.hear(from, message, cx),
            Input::Timer { timer, .. } => self.timeout(timer, cx),
            Input::Link { peer, state: LinkState::Up } if peer.0 < self.members => {
                self.report_status(Some(peer));
            }
            Input::Synced { id, result } => {
                if self.outbox.synced(id, result, cx) {
                    cx.set_timer(DISK, self.parameters.disk_retry, PbftTimer::Disk);
                }
            }
            Input::Link { .. } | Input::Request { .. } => {}
        }
        if self.outbox.hears_again() {
            self.report_status(None);
        }
        self.outbox.flush(cx);
        self.invariants();
    }
}

/// Writes down what a member signs.
impl Replica {
    pub(super) fn record(&mut self, record: PbftRecord, cx: &mut Context<'_, Pbft>) {
        self.outbox.record(record, cx);
    }
}
