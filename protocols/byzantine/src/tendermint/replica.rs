//! A member: what it remembers, and what it does with each input.

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Context, Input, LinkState, Process, TimerId};

use super::block::turn;
use super::parameters::Parameters;
use super::plants::Plants;
use super::vocabulary::{
    Block, Proposal, Tendermint, TendermintMessage, TendermintObservation, TendermintTimer,
};
use crate::asking::Asking;
use crate::certificate::{Certificate, Refusal};
use crate::leaders::Leaders;
use crate::outbox::Outbox;
use crate::pending::Pending;
use crate::quorum::Quorum;
use crate::signers::Signers;
use crate::tally::Tally;
use crate::vote::{Stage, Statement, Vote};
use objects::Store;

pub(super) const PROPOSE: TimerId = TimerId(0);
pub(super) const PREVOTE: TimerId = TimerId(1);
pub(super) const PRECOMMIT: TimerId = TimerId(2);
pub(super) const DISK: TimerId = TimerId(3);
pub(super) const FETCH: TimerId = TimerId(4);
pub(super) const PACE: TimerId = TimerId(5);

/// How far a member is in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Nothing is to be decided yet.
    Idle,
    /// It waits for the proposal.
    Propose,
    /// It has prevoted.
    Prevote,
    /// It has precommitted.
    Precommit,
}

/// What a member knows about one round of its height.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) proposal: Option<Proposal>,
    pub(super) prevotes: Tally,
    pub(super) precommits: Tally,
    /// Every vote that was counted, so that it can be told to others.
    pub(super) votes: Vec<Vote>,
    /// What it voted for itself.
    pub(super) prevoted: Option<u64>,
    pub(super) precommitted: Option<u64>,
    /// A quorum of prevotes for a block.
    pub(super) polka: Option<Certificate>,
    /// Whom it has asked for the block.
    pub(super) wanted: Signers,
    pub(super) prevote_timer: bool,
    pub(super) precommit_timer: bool,
    /// Votes that were counted once more, for the bug that counts messages.
    pub(super) repeated: Vec<(Statement, u32)>,
}

impl Round {
    pub(super) const fn tally(&self, stage: Stage) -> &Tally {
        if matches!(stage, Stage::Prevote) { &self.prevotes } else { &self.precommits }
    }

    /// Whether the signer of a vote has voted for something else.
    pub(super) fn contradicts(&self, vote: &Vote) -> bool {
        let of =
            |known: &&Vote| known.signer() == vote.signer() && known.statement.stage == vote.statement.stage;
        self.votes.iter().find(of).is_some_and(|known| known.statement != vote.statement)
    }
}

/// What a member is locked on: a block for which it precommitted, and in which round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) round: u64,
    pub(super) block: u64,
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
    /// The height that it works on: the one after its chain.
    pub(super) height: u64,
    pub(super) round: u64,
    pub(super) step: Step,
    pub(super) locked: Option<Lock>,
    /// The latest block for which it saw a quorum of prevotes, and these.
    pub(super) valid: Option<(Block, Certificate)>,
    pub(super) rounds: OrderedMap<u64, Round>,
    /// The blocks of this height that it knows, by hash.
    pub(super) blocks: OrderedMap<u64, Block>,
    /// By member: its highest round at this height, counted from 1; 0 if nothing was heard of it.
    pub(super) ahead: Vec<u64>,
    /// Messages about the next height, by who brought them.
    pub(super) early: OrderedMap<NodeId, Vec<TendermintMessage>>,
    /// Everything that is decided, with its precommits.
    pub(super) chain: Vec<(Certificate, Block)>,
    /// By member: the height that it says it works on.
    pub(super) claims: Vec<u64>,
    /// By member: up to which height it was told what is decided.
    pub(super) told: Vec<u64>,
    pub(super) store: Store,
    pub(super) pending: Pending,
    /// While it is looked whether it comes further: where it was when the timer was set.
    pub(super) fetching: Option<(u64, u64, Step)>,
    /// How often others were asked in this round.
    pub(super) asking: Asking<(u64, u64)>,
    /// Plant: a vote came before its proposal, and nothing goes on at this height.
    pub(super) blocked: bool,
    pub(super) outbox: Outbox<Tendermint>,
}

impl Replica {
    /// How much power decides.
    pub(super) fn votes_needed(&self) -> u32 {
        // Plant: quorums of 2f.
        if self.plants.small_quorum { (2 * self.quorum.faulty()).max(1) } else { self.quorum.size() }
    }

    /// Who proposes in a round of a height.
    pub(super) fn proposer_of(&self, height: u64, round: u64) -> NodeId {
        self.leaders.of(turn(height, round))
    }

    pub(super) fn power_of(&self, member: NodeId) -> u32 {
        self.parameters.power.of(member)
    }

    /// The hash of the last block of its chain.
    pub(super) fn parent(&self) -> u64 {
        self.chain.last().map_or(0, |(_, block)| block.hash())
    }

    pub(super) fn refuse(&mut self, what: &'static str, reason: Refusal) {
        self.outbox.report(TendermintObservation::Refused { what, reason: reason.name() });
    }

    fn start(&mut self, cx: &mut Context<'_, Tendermint>) {
        let (executed, applied, round) = (self.height - 1, self.store.applied(), self.round);
        let locked = self.locked.map(|lock| lock.round);
        self.outbox.report(TendermintObservation::Started { executed, applied, round, locked });
        // The last decision may be on disk and have reached nobody, not even as a report.
        if let Some((certificate, block)) = self.chain.last() {
            let said = certificate.statement;
            self.outbox.report(TendermintObservation::Committed {
                height: said.height,
                round: said.view,
                block: said.digest,
                content: ContentHash(block.hash()),
            });
        }
        self.count_own(cx);
        if executed > 0 || self.step != Step::Idle {
            self.report_status(None);
        }
        if self.step == Step::Idle {
            self.wait_for_work(cx);
        } else {
            self.resume_round(cx);
        }
    }

    fn hear(&mut self, from: NodeId, message: &TendermintMessage, cx: &mut Context<'_, Tendermint>) {
        if let TendermintMessage::Request(request) = message {
            return self.on_request(request, cx);
        }
        if from.0 >= self.members || !self.is_timely(from, message, cx) {
            return;
        }
        match message {
            TendermintMessage::Proposal(proposal) => self.on_proposal(proposal, cx),
            TendermintMessage::Prevote(vote) => self.on_vote(from, vote, None, cx),
            TendermintMessage::Precommit { vote, polka } => self.on_vote(from, vote, polka.as_ref(), cx),
            TendermintMessage::Status { height, round } => self.on_status(from, *height, *round),
            TendermintMessage::Want { height, block } => self.on_want(from, *height, block.0),
            TendermintMessage::Wanted(block) => self.on_wanted(block, cx),
            TendermintMessage::Committed { certificate, block } => self.on_committed(certificate, block, cx),
            TendermintMessage::Request(_) | TendermintMessage::Reply { .. } => {}
        }
    }

    /// Takes up what was said about this height before it began.
    pub(super) fn hear_early(&mut self, cx: &mut Context<'_, Tendermint>) {
        let height = self.height;
        for (from, messages) in std::mem::take(&mut self.early) {
            for message in messages {
                if self.height == height {
                    self.hear(from, &message, cx);
                }
            }
        }
    }

    fn timeout(&mut self, timer: TendermintTimer, cx: &mut Context<'_, Tendermint>) {
        match timer {
            TendermintTimer::Propose { height, round } => self.on_propose_timeout(height, round, cx),
            TendermintTimer::Prevote { height, round } => self.on_prevote_timeout(height, round, cx),
            TendermintTimer::Precommit { height, round } => self.on_precommit_timeout(height, round, cx),
            TendermintTimer::Disk => self.outbox.retry(cx),
            TendermintTimer::Fetch => self.on_fetch_timeout(cx),
            TendermintTimer::Pace { height } => self.on_pace(height, cx),
            TendermintTimer::Retry { .. } => {}
        }
    }

    /// What must be true after every step, whatever the others did.
    fn invariants(&self) {
        debug_assert_eq!(self.height, self.chain.len() as u64 + 1);
        debug_assert!(self.locked.is_none_or(|lock| self.blocks.contains_key(&lock.block)));
        debug_assert!(self.locked.is_none_or(|lock| lock.round <= self.round));
        let valid = self.valid.as_ref().map(|(_, polka)| polka.statement.view);
        debug_assert!(self.locked.is_none_or(|lock| valid.is_some_and(|valid| lock.round <= valid)));
    }
}

impl Process<Tendermint> for Replica {
    fn step(&mut self, input: Input<'_, Tendermint>, cx: &mut Context<'_, Tendermint>) {
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
                    cx.set_timer(DISK, self.parameters.disk_retry, TendermintTimer::Disk);
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
