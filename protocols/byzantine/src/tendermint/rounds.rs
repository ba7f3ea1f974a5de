//! Heights and rounds: when they begin, and who proposes what.

use sim_core::facts::ContentHash;
use sim_core::process::Context;

use super::replica::{PACE, PRECOMMIT, PREVOTE, PROPOSE, Replica, Step};
use super::vocabulary::{
    Block, BlockContent, Proposal, Proposed, Tendermint, TendermintMessage, TendermintObservation,
    TendermintRecord, TendermintTimer,
};
use super::voting::ROUNDS_KEPT;
use crate::request::{Request, Requests};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};

impl Replica {
    /// The height before is decided.
    pub(super) fn begin_height(&mut self, cx: &mut Context<'_, Tendermint>) {
        (self.round, self.step, self.locked, self.valid) = (0, Step::Idle, None, None);
        self.blocked = false;
        self.rounds.clear();
        self.blocks.clear();
        self.ahead.fill(0);
        [PROPOSE, PREVOTE, PRECOMMIT].into_iter().for_each(|timer| cx.cancel_timer(timer));
        let height = self.height;
        self.wait_for_work(cx);
        if self.height == height {
            self.hear_early(cx);
        }
    }

    /// Begins the first round if there is something to do; else waits for that.
    pub(super) fn wait_for_work(&mut self, cx: &mut Context<'_, Tendermint>) {
        if self.pending.requests().next().is_some() {
            self.begin_work(cx);
        } else if !self.parameters.empty_interval.is_zero() {
            let height = self.height;
            cx.set_timer(PACE, self.parameters.empty_interval, TendermintTimer::Pace { height });
        }
    }

    pub(super) fn on_pace(&mut self, height: u64, cx: &mut Context<'_, Tendermint>) {
        if height == self.height {
            self.begin_work(cx);
        }
    }

    /// There is something to decide at this height.
    pub(super) fn begin_work(&mut self, cx: &mut Context<'_, Tendermint>) {
        if self.step == Step::Idle {
            self.start_round(self.round, cx);
        }
    }

    /// Begins a round: its proposer proposes, the others wait for that.
    pub(super) fn start_round(&mut self, round: u64, cx: &mut Context<'_, Tendermint>) {
        (self.round, self.step) = (round, Step::Propose);
        let height = self.height;
        self.rounds = self.rounds.split_off(&round.saturating_sub(ROUNDS_KEPT));
        let proposer = self.proposer_of(height, round) == self.me;
        self.outbox.report(TendermintObservation::Entered { height, round, proposer });
        let timeout = self.parameters.in_round(self.parameters.propose_timeout, round);
        cx.set_timer(PROPOSE, timeout, TendermintTimer::Propose { height, round });
        self.expect_more(cx);
        if proposer && self.rounds.entry(round).or_default().proposal.is_none() {
            let proposal = self.make_proposal(cx);
            self.outbox.record(TendermintRecord::Proposed(proposal.clone()), cx);
            self.outbox.tell_all(TendermintMessage::Proposal(proposal.clone()));
            self.keep_proposal(&proposal);
        }
        self.advance(cx);
    }

    /// The latest block that may be decided already, with its proof; else a new one.
    fn make_proposal(&self, cx: &mut Context<'_, Tendermint>) -> Proposal {
        let (height, round) = (self.height, self.round);
        // Plant: always a new one.
        let valid = self.valid.clone().filter(|_| !self.plants.fresh_value);
        let (block, proof) = match valid {
            Some((block, polka)) => (block, Some(polka)),
            None => (self.make_block(), None),
        };
        let digest = Proposed::digest(&block, proof.as_ref().map(|proof| proof.statement.view));
        let vote = Vote::sign(Statement::new(Stage::Propose, round, height, digest), cx);
        Shared::new(Proposed { vote, block, proof })
    }

    fn make_block(&self) -> Block {
        let most = self.parameters.max_batch as usize;
        let batch = Requests::batch(self.pending.requests().take(most).cloned().collect());
        let parent = ContentHash(self.parent());
        Shared::new(BlockContent { height: self.height, round: self.round, proposer: self.me, parent, batch })
    }

    /// A client asks, or another member passes on what a client asks.
    pub(super) fn on_request(&mut self, request: &Request, cx: &mut Context<'_, Tendermint>) {
        let command = &request.command;
        // Plant: nobody looks at the client's signature.
        let genuine = self.plants.requests_unsigned || request.verify(cx);
        if command.client.0 < self.members
            || !genuine
            || self.answer_from_session(command.client, command.timestamp)
        {
            return;
        }
        if self.pending.add(request) {
            self.begin_work(cx);
        }
    }

    /// What waits here may be known to nobody else: all hear of it, so that whoever proposes next can.
    pub(super) fn pass_on_requests(&mut self) {
        let most = self.parameters.max_batch as usize;
        for request in self.pending.requests().take(most).cloned().collect::<Vec<_>>() {
            self.outbox.tell_all(TendermintMessage::Request(request));
        }
    }
}
