//! Proposals that differ: to parts of the honest members, under one digest, after each other, or out of turn.

use sim_core::coalition::{CoalitionContext, Deed};
use sim_core::identity::{NodeId, Slot};

use super::super::block::{BlockContent, Proposed};
use super::super::vocabulary::{Block, Proposal, Tendermint, TendermintMessage};
use super::{Lie, Traitors};
use crate::certificate::Certificate;
use crate::lying::{other_batch, second_half, signed};
use crate::request::{Batch, Requests};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};

type Cx<'a, 'b> = &'a mut CoalitionContext<'b, Tendermint>;

/// The same block with another batch.
pub(super) fn with_batch(block: &Block, batch: Batch) -> Block {
    Shared::new(BlockContent { batch, ..(**block).clone() })
}

pub(super) fn proposed(
    slot: Slot,
    (height, round): (u64, u64),
    block: &Block,
    proof: Option<Certificate>,
    cx: Cx<'_, '_>,
) -> Proposal {
    let digest = Proposed::digest(block, proof.as_ref().map(|proof| proof.statement.view));
    let statement = Statement::new(Stage::Propose, round, height, digest);
    Shared::new(Proposed { vote: signed(slot, statement, cx), block: block.clone(), proof })
}

/// A vote as a message.
pub(super) const fn in_stage(vote: Vote) -> TendermintMessage {
    match vote.statement.stage {
        Stage::Prevote => TendermintMessage::Prevote(vote),
        _ => TendermintMessage::Precommit { vote, polka: None },
    }
}

/// Every traitor prevotes and precommits to a block.
pub(super) fn vote_for(from: Slot, to: NodeId, at: (u64, u64), block: u64, cx: Cx<'_, '_>) {
    for slot in cx.members().iter().map(|member| member.slot).collect::<Vec<_>>() {
        for stage in [Stage::Prevote, Stage::Precommit] {
            let vote = signed(slot, Statement::new(stage, at.1, at.0, block), cx);
            cx.send_as(from, to, in_stage(vote));
        }
    }
}

impl Traitors {
    pub(super) fn equivocate(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        self.split(lie, message, 1, cx)
    }

    pub(super) fn repeat(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let times = self.parameters.quorum(self.members).size();
        self.split(lie, message, times, cx)
    }

    /// Tells each part its own story. What the coalition has no story for is told as it is.
    fn split(&mut self, lie: &Lie<'_>, message: &TendermintMessage, times: u32, cx: Cx<'_, '_>) -> bool {
        match message {
            TendermintMessage::Proposal(proposal) => self.split_proposal(lie, proposal, times, cx),
            TendermintMessage::Prevote(vote) | TendermintMessage::Precommit { vote, .. } => {
                let at = (vote.statement.height, vote.statement.view);
                let Some(stories) = self.splits.get(&at).cloned() else { return true };
                for to in lie.to {
                    let Some(place) = part(lie.honest, *to, stories.len()) else { continue };
                    let statement =
                        Statement::new(vote.statement.stage, at.1, at.0, stories[place].block.hash());
                    let again = signed(lie.slot, statement, cx);
                    cx.send_as(lie.slot, *to, in_stage(again));
                }
                false
            }
            _ => true,
        }
    }

    fn split_proposal(&mut self, lie: &Lie<'_>, proposal: &Proposal, times: u32, cx: Cx<'_, '_>) -> bool {
        let said = proposal.vote.statement;
        let at = (said.height, said.view);
        let new = !self.splits.contains_key(&at);
        if new {
            let stories = stories(lie, proposal, cx);
            self.splits.insert(at, stories);
        }
        let Some(stories) = self.splits.get(&at).cloned() else { return true };
        for to in lie.to {
            let place = part(lie.honest, *to, stories.len()).unwrap_or(0);
            cx.send_as(lie.slot, *to, TendermintMessage::Proposal(stories[place].clone()));
        }
        if new {
            cx.did(Deed::Equivocated);
            for to in lie.honest {
                let place = part(lie.honest, *to, stories.len()).unwrap_or(0);
                let block = stories[place].block.hash();
                (0..times).for_each(|_| vote_for(lie.slot, *to, at, block, cx));
            }
        }
        false
    }

    pub(super) fn swap_block(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let TendermintMessage::Proposal(proposal) = message else { return true };
        let block = with_batch(&proposal.block, other_batch(&proposal.block.batch));
        let swapped = Shared::new(Proposed { vote: proposal.vote, block, proof: proposal.proof.clone() });
        for to in lie.to {
            let lied = second_half(lie.honest).contains(to);
            let story = if lied { &swapped } else { proposal };
            cx.send_as(lie.slot, *to, TendermintMessage::Proposal(story.clone()));
        }
        cx.did(Deed::Equivocated);
        false
    }

    pub(super) fn propose_twice(
        &mut self,
        lie: &Lie<'_>,
        message: &TendermintMessage,
        cx: Cx<'_, '_>,
    ) -> bool {
        let TendermintMessage::Proposal(proposal) = message else { return true };
        let said = proposal.vote.statement;
        let other = fresh(proposal, other_batch(&proposal.block.batch));
        let second = proposed(lie.slot, (said.height, said.view), &other, None, cx);
        for to in lie.to {
            cx.send_as(lie.slot, *to, message.clone());
            cx.send_as(lie.slot, *to, TendermintMessage::Proposal(second.clone()));
        }
        cx.did(Deed::Equivocated);
        false
    }

    /// Proposes nothing in the round of a vote to half of the honest members, although it is another one's turn.
    pub(super) fn usurp(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let TendermintMessage::Precommit { vote, .. } = message else { return true };
        let at = (vote.statement.height + 1, 0);
        if vote.statement.digest.0 == super::super::block::NIL || self.usurped.insert(at, ()).is_some() {
            return true;
        }
        let Some(node) = cx.members().iter().find(|member| member.slot == lie.slot).map(|member| member.node)
        else {
            return true;
        };
        let batch = Requests::batch(Vec::new());
        // The block that is voted for will be the parent.
        let block = Shared::new(BlockContent {
            height: at.0,
            round: at.1,
            proposer: node,
            parent: vote.statement.digest,
            batch,
        });
        let proposal = proposed(lie.slot, at, &block, None, cx);
        for to in second_half(lie.honest) {
            cx.send_as(lie.slot, *to, TendermintMessage::Proposal(proposal.clone()));
            vote_for(lie.slot, *to, at, block.hash(), cx);
        }
        cx.did(Deed::Forged);
        true
    }
}

/// Which of so many parts of the honest members somebody is in.
fn part(honest: &[NodeId], node: NodeId, parts: usize) -> Option<usize> {
    let place = honest.iter().position(|known| *known == node)?;
    let size = honest.len().div_ceil(parts.max(1)).max(1);
    Some((place / size).min(parts - 1))
}

/// A block as new in the round of a proposal, with a batch.
pub(super) fn fresh(proposal: &Proposal, batch: Batch) -> Block {
    let (round, known) = (proposal.vote.statement.view, &proposal.block);
    let proposer = proposal.vote.signer();
    Shared::new(BlockContent { height: known.height, round, proposer, parent: known.parent, batch })
}

/// The proposal, and as many others as there are parts.
fn stories(lie: &Lie<'_>, proposal: &Proposal, cx: Cx<'_, '_>) -> Vec<Proposal> {
    let said = proposal.vote.statement;
    let mut batch = proposal.block.batch.clone();
    let mut stories = vec![proposal.clone()];
    while stories.len() < lie.ways.min(lie.honest.len().max(1)) {
        // The same requests the other way round, and then always one less.
        batch = match stories.len() {
            1 => other_batch(&batch),
            _ => Requests::batch(batch.list.iter().skip(1).cloned().collect()),
        };
        let block = fresh(proposal, batch.clone());
        stories.push(proposed(lie.slot, (said.height, said.view), &block, None, cx));
    }
    stories
}
