//! Blocks: who may propose one, on top of what, and whose are believed.

use sim_core::facts::ContentHash;
use sim_core::process::Context;

use super::blocks::{Block, GENESIS, Made, Proposal, Proposed, TimeoutCertificate};
use super::replica::{Replica, rank};
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation};
use crate::certificate::{Certificate, Refusal};
use crate::request::{Request, Requests};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};

impl Replica {
    /// Whether something waits to be committed, or to be known to be committed.
    pub(super) fn has_work(&self) -> bool {
        self.pending.requests().next().is_some() || self.filled > self.told
    }

    fn may_propose(&self) -> bool {
        let view = self.view;
        let by_timeout = self.timeout.as_ref().is_some_and(|timeout| timeout.view == view);
        let entitled = by_timeout || self.high.statement.view.saturating_add(1) == view;
        let all_ready = by_timeout
            || !self.is_basic()
            || view == 1
            || (self.ready.0 == view && self.ready.1.len() >= self.votes_needed());
        self.leads()
            && !self.forked
            && (view, rank(Stage::Prepare)) > self.voted
            && view >= self.given_up
            && entitled
            && all_ready
            && self.has_work()
    }

    /// The leader of this view proposes a block, once in the view, if something waits.
    pub(super) fn propose(&mut self, cx: &mut Context<'_, Hotstuff>) {
        if !self.may_propose() {
            return;
        }
        if !self.mark_open(cx) {
            return;
        }
        let batch = Requests::batch(self.pending.take(self.parameters.max_batch as usize));
        let (view, justify) = (self.view, self.high.clone());
        let timeout = self.timeout.clone().filter(|timeout| timeout.view == view);
        let height = justify.statement.height.saturating_add(1);
        let block = Shared::new(Made { view, height, justify, timeout, batch });
        let vote = Vote::sign(Statement::new(Stage::Propose, view, height, block.hash()), cx);
        let proposal = Shared::new(Proposed { vote, block });
        let digest = vote.statement.digest;
        self.keep(&proposal.block, cx);
        self.proposal = Some(proposal.clone());
        self.taken = view;
        self.told = self.tip().0;
        self.outbox.report(HotstuffObservation::Proposed { view, height, digest });
        self.outbox.tell_all(HotstuffMessage::Proposal(proposal.clone()));
        self.vote_for(&proposal.block, cx);
        self.keep_watch(cx);
    }

    /// Gathers the requests of the blocks on the way to its highest certificate that are not committed. Whether none of these
    /// is lacking. Where timeouts are too short, nothing is committed while that way grows, so it is not walked again.
    fn gather_open(&mut self, cx: &mut Context<'_, Hotstuff>) -> bool {
        let (tip, high) = (self.tip().0, self.high.statement);
        let known = (self.open.tip == tip).then_some(self.open.top);
        let mut new = Vec::new();
        let mut next = high;
        while next.height > tip && known != Some(next.digest.0) {
            let Some(block) = self.tree.get(&next.digest.0) else {
                self.want(next.digest.0, next.height, cx);
                return false;
            };
            new.extend(block.requests().iter().cloned());
            next = block.justify.statement;
        }
        if next.height <= tip {
            self.open.requests.clear();
        }
        self.open.requests.append(&mut new);
        (self.open.tip, self.open.top) = (tip, high.digest.0);
        true
    }

    /// Marks the requests that are in open blocks: they are not proposed again. Whether none of these blocks is lacking.
    pub(super) fn mark_open(&mut self, cx: &mut Context<'_, Hotstuff>) -> bool {
        let complete = self.gather_open(cx);
        let open = if complete { &self.open.requests[..] } else { &[] };
        self.pending.propose_only(open.iter());
        complete
    }

    /// Keeps a block, and waits for what it holds.
    pub(super) fn keep(&mut self, block: &Block, cx: &mut Context<'_, Hotstuff>) {
        if block.height <= self.tip().0 || self.tree.contains_key(&block.hash()) {
            return;
        }
        for request in block.requests() {
            let known = self.store.session(request.command.client);
            if known.is_none_or(|session| session.sequence < request.command.timestamp) {
                self.pending.add(request);
            }
        }
        // The vote for it, which is written after it, waits for the disk.
        cx.append(crate::outbox::JOURNAL, super::vocabulary::HotstuffRecord::Kept(block.clone()));
        self.tree.insert(block.hash(), block.clone());
    }

    /// A leader proposes a block.
    pub(super) fn on_proposal(&mut self, proposal: &Proposal, cx: &mut Context<'_, Hotstuff>) {
        let block = &proposal.block;
        if block.view < self.view && self.wanted.is_none_or(|(digest, _)| digest != block.hash()) {
            return;
        }
        if let Err(reason) = self.judge_proposal(proposal, cx) {
            return self.refuse("proposal", reason);
        }
        self.learn(&block.justify, cx);
        if let Some(timeout) = &block.timeout {
            self.learn_timeout(timeout, cx);
        }
        // A liar may make any number of blocks for one view: those count that somebody certified.
        let wanted = self.wanted.is_some_and(|(digest, _)| digest == block.hash());
        if block.view <= self.taken && !wanted && !self.plants.second_proposal {
            return;
        }
        self.taken = self.taken.max(block.view);
        self.keep(block, cx);
        self.told = self.tip().0;
        if block.view > self.view && !(self.plants.leader_enters_alone && block.timeout.is_some()) {
            self.enter(block.view, block.timeout.is_some(), cx);
        }
        if block.view == self.view {
            self.deferred = Some(proposal.clone());
        }
        self.resume(cx);
    }

    /// Goes on with what waited for a block.
    pub(super) fn resume(&mut self, cx: &mut Context<'_, Hotstuff>) {
        if self.wanted.is_some_and(|(digest, _)| self.tree.contains_key(&digest)) {
            self.wanted = None;
            self.settle(cx);
            self.was_told(cx);
        }
        self.vote_deferred(cx);
        self.propose(cx);
        self.keep_watch(cx);
    }

    /// Votes for the proposal of this view, once its parent is here.
    pub(super) fn vote_deferred(&mut self, cx: &mut Context<'_, Hotstuff>) {
        let waiting = self.deferred.take();
        if let Some(proposal) = waiting.filter(|proposal| proposal.block.view == self.view) {
            let parent = proposal.block.justify.statement;
            if parent == GENESIS || self.block(&parent).is_some() {
                self.vote_for(&proposal.block, cx);
            } else {
                self.deferred = Some(proposal);
                self.want(parent.digest.0, parent.height, cx);
            }
        }
    }

    /// Whether a proposal is its leader's, and what it is said to be.
    fn judge_proposal(&self, proposal: &Proposal, cx: &mut Context<'_, Hotstuff>) -> Result<(), Refusal> {
        let (said, block) = (proposal.vote.statement, &proposal.block);
        // Plants: anybody may propose; requests need no signature.
        let entitled = proposal.vote.signer() == self.turns.leader(block.view)
            || (self.plants.any_proposer && proposal.vote.signer().0 < self.members);
        if said.stage != Stage::Propose || !entitled {
            return Err(Refusal::OffTopic);
        }
        if said != Statement::new(Stage::Propose, block.view, block.height, block.hash()) {
            return Err(Refusal::WrongConclusion);
        }
        if !proposal.vote.verify(cx) {
            return Err(Refusal::BadSignature);
        }
        let parent = block.justify.statement;
        let by_timeout = block.timeout.as_ref().is_some_and(|timeout| timeout.view == block.view);
        let begins = block.view > parent.view && (parent.view.saturating_add(1) == block.view || by_timeout);
        if block.height.checked_sub(1) != Some(parent.height) || !begins {
            return Err(Refusal::OutOfRange);
        }
        self.judge_certificate(&block.justify, Stage::Prepare, cx)?;
        if let Some(timeout) = &block.timeout {
            self.judge_timeout(timeout, cx)?;
        }
        let members = self.members;
        let genuine = |request: &Request, cx: &mut Context<'_, Hotstuff>| {
            request.command.client.0 >= members && request.verify(cx)
        };
        let all =
            self.plants.requests_unsigned || block.requests().iter().all(|request| genuine(request, cx));
        if all { Ok(()) } else { Err(Refusal::BadSignature) }
    }

    /// Whether a certificate proves that a quorum voted for a block. One that is known needs no second look.
    pub(super) fn judge_certificate(
        &self,
        certificate: &Certificate,
        stage: Stage,
        cx: &mut Context<'_, Hotstuff>,
    ) -> Result<(), Refusal> {
        // Plant: it is looked at before it is checked.
        if self.plants.malformed_panics && certificate.statement.view > 0 {
            let signers: Vec<_> = certificate.signers.iter().collect();
            debug_assert!(signers.contains(&signers[0]));
            std::hint::black_box(signers[0]);
        }
        let said = certificate.statement;
        if said.stage != stage || (said.view == 0 && said != GENESIS) {
            return Err(Refusal::OffTopic);
        }
        if said == GENESIS || *certificate == self.high {
            return Ok(());
        }
        certificate.verify(self.members, self.votes_needed(), cx)
    }

    /// Whether a timeout certificate proves that a quorum gave up.
    pub(super) fn judge_timeout(
        &self,
        timeout: &TimeoutCertificate,
        cx: &mut Context<'_, Hotstuff>,
    ) -> Result<(), Refusal> {
        if self.timeout.as_ref() == Some(timeout) {
            return Ok(());
        }
        // Plant: votes are counted by message.
        timeout.verify(self.members, self.votes_needed(), self.plants.votes_by_message, cx)?;
        self.judge_certificate(&timeout.high, Stage::Prepare, cx)
    }

    /// The block that a certificate is of, if it is here.
    pub(super) fn block(&self, said: &Statement) -> Option<&Block> {
        let committed = || self.chain.get(usize::try_from(said.height.checked_sub(1)?).ok()?);
        let is_it = |block: &&Block| block.hash() == said.digest.0;
        self.tree.get(&said.digest.0).or_else(|| committed().filter(is_it))
    }

    pub(super) fn digest_of(block: &Block) -> ContentHash {
        ContentHash(block.hash())
    }
}
