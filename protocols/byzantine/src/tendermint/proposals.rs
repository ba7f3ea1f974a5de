//! A proposal: whether it is what it is said to be, and whether the lock lets a member vote for it.

use sim_core::facts::ContentHash;
use sim_core::process::Context;

use super::block::NIL;
use super::replica::{Replica, Step};
use super::vocabulary::{Block, Proposal, Proposed, Tendermint, TendermintObservation};
use crate::certificate::Refusal;
use crate::vote::{Stage, Statement};

impl Replica {
    /// Somebody brings the proposal of a round.
    pub(super) fn on_proposal(&mut self, proposal: &Proposal, cx: &mut Context<'_, Tendermint>) {
        let said = proposal.vote.statement;
        let known = self.rounds.get(&said.view).and_then(|round| round.proposal.as_ref());
        if let Some(known) = known {
            if known == proposal {
                return;
            }
            let (first, proposer) = (known.vote.statement, self.proposer_of(said.height, said.view));
            if first != said && proposal.vote.signer() == proposer && proposal.vote.verify(cx) {
                self.report_evidence(&proposal.vote);
            }
            // Plant: a second proposal replaces the first.
            if !self.plants.second_proposal {
                return;
            }
        }
        if !self.keeps_round(said.view) {
            return;
        }
        match self.judge_proposal(proposal, cx) {
            Err(reason) => self.refuse("proposal", reason),
            Ok(()) => self.accept(proposal, cx),
        }
    }

    fn accept(&mut self, proposal: &Proposal, cx: &mut Context<'_, Tendermint>) {
        let said = proposal.vote.statement;
        self.keep_proposal(proposal);
        self.heard_of_round(proposal.vote.signer(), said.view, cx);
        if self.step == Step::Idle && said.view == self.round {
            return self.begin_work(cx);
        }
        // Plant: it votes again for the second proposal.
        if self.plants.second_proposal && said.view == self.round && self.step == Step::Prevote {
            self.step = Step::Propose;
        }
        self.advance(cx);
    }

    pub(super) fn keep_proposal(&mut self, proposal: &Proposal) {
        let Statement { view: round, height, digest, .. } = proposal.vote.statement;
        // Plant: the signed digest stands for whatever comes with it.
        let hash = self.hash_of(proposal);
        self.rounds.entry(round).or_default().proposal = Some(proposal.clone());
        self.keep_block(hash, &proposal.block);
        let block = ContentHash(hash);
        let by = proposal.vote.signer();
        self.outbox.report(TendermintObservation::Accepted { height, round, digest, block, by });
    }

    /// A block is known from now on; a quorum may have prevoted for it before.
    pub(super) fn keep_block(&mut self, hash: u64, block: &Block) {
        self.blocks.insert(hash, block.clone());
        let mut polkas = self.rounds.values().rev().filter_map(|round| round.polka.as_ref());
        let latest = polkas.find(|polka| polka.statement.digest.0 == hash).cloned();
        if let Some(polka) = latest
            && self.valid.as_ref().is_none_or(|(_, known)| known.statement.view < polka.statement.view)
        {
            self.valid = Some((block.clone(), polka));
        }
    }

    /// Which block a proposal is for. Plant: the one that its digest says, whatever comes with it.
    pub(super) fn hash_of(&self, proposal: &Proposal) -> u64 {
        if self.plants.digest_uncompared && proposal.proof.is_none() {
            proposal.vote.statement.digest.0
        } else {
            proposal.block.hash()
        }
    }

    /// Whether a proposal is its proposer's, continues the chain, and proves what it says.
    fn judge_proposal(&self, proposal: &Proposal, cx: &mut Context<'_, Tendermint>) -> Result<(), Refusal> {
        let said = proposal.vote.statement;
        let signer = proposal.vote.signer();
        // Plants: anybody may propose; a digest may stand for anything; requests need no signature.
        let entitled = signer == self.proposer_of(said.height, said.view)
            || (self.plants.any_proposer && signer.0 < self.members);
        if said.stage != Stage::Propose || !entitled {
            return Err(Refusal::OffTopic);
        }
        let block = &proposal.block;
        if said.digest.0 != Proposed::digest(block, proposal.valid_round()) && !self.plants.digest_uncompared
        {
            return Err(Refusal::WrongConclusion);
        }
        if !proposal.vote.verify(cx) {
            return Err(Refusal::BadSignature);
        }
        let first = if proposal.proof.is_none() { block.round == said.view } else { block.round < said.view };
        let by = block.proposer == self.proposer_of(block.height, block.round) || self.plants.any_proposer;
        if block.height != self.height || block.parent.0 != self.parent() || !first || !by {
            return Err(Refusal::WrongConclusion);
        }
        self.judge_proof(proposal, cx)?;
        let members = self.members;
        let genuine = |request: &crate::request::Request, cx: &mut Context<'_, Tendermint>| {
            request.command.client.0 >= members && request.verify(cx)
        };
        let all =
            self.plants.requests_unsigned || block.batch.list.iter().all(|request| genuine(request, cx));
        if all { Ok(()) } else { Err(Refusal::BadSignature) }
    }

    /// Whether a quorum prevoted for the block in the round that the proposal says.
    fn judge_proof(&self, proposal: &Proposal, cx: &mut Context<'_, Tendermint>) -> Result<(), Refusal> {
        let Some(proof) = &proposal.proof else { return Ok(()) };
        self.touch(proof);
        let said = proof.statement;
        let expected = Statement::new(Stage::Prevote, said.view, self.height, proposal.block.hash());
        if said != expected {
            return Err(Refusal::OffTopic);
        }
        if said.view >= proposal.vote.statement.view {
            return Err(Refusal::OutOfRange);
        }
        proof.verify_power(self.members, self.parameters.power, self.votes_needed(), cx)
    }

    /// What to prevote for, given the proposal of the round: its block, unless the lock forbids it.
    pub(super) fn choose(&self, proposal: &Proposal) -> u64 {
        let block = self.hash_of(proposal);
        let Some(lock) = self.locked.filter(|lock| lock.block != block) else { return block };
        let proved = proposal.valid_round().is_some_and(|valid| lock.round <= valid);
        // Plants: who is locked stays so; any newer proposal unlocks.
        let unlocks = (proved && !self.plants.never_relocks)
            || (self.plants.unlocks_unproved && proposal.vote.statement.view > lock.round);
        if unlocks { block } else { NIL }
    }

    /// Two statements of one signer contradict each other.
    pub(super) fn report_evidence(&mut self, vote: &crate::vote::Vote) {
        let Statement { view: round, height, stage, .. } = vote.statement;
        let (culprit, stage) = (vote.signer(), stage.name());
        self.outbox.report(TendermintObservation::Evidence { culprit, height, round, stage });
    }
}
