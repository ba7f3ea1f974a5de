//! Votes that differ, that are for none, that come late, or to one member alone; and locks that are forgotten.

use sim_core::coalition::{CoalitionContext, Deed};
use sim_core::facts::ContentHash;
use sim_core::time::Duration;

use super::super::block::{BlockContent, NIL, turn};
use super::super::vocabulary::{Tendermint, TendermintMessage};
use super::split::{fresh, in_stage, proposed, vote_for};
use super::{Lie, Traitors};
use crate::lying::{draw_below, other_batch, second_half, signed};
use crate::request::Requests;
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};

type Cx<'a, 'b> = &'a mut CoalitionContext<'b, Tendermint>;

/// The vote that a message is.
pub(super) const fn vote_in(message: &TendermintMessage) -> Option<&Vote> {
    match message {
        TendermintMessage::Prevote(vote) | TendermintMessage::Precommit { vote, .. } => Some(vote),
        _ => None,
    }
}

impl Traitors {
    /// A new block without proof where the honest code proposes one with, and votes for it. Whoever precommitted to a block
    /// to somebody earlier has forgotten that.
    pub(super) fn forget_locks(
        &mut self,
        lie: &Lie<'_>,
        message: &TendermintMessage,
        cx: Cx<'_, '_>,
    ) -> bool {
        if let TendermintMessage::Proposal(proposal) = message {
            let said = proposal.vote.statement;
            let at = (said.height, said.view);
            let renewed = proposal.proof.is_some();
            let block = match renewed {
                true => fresh(proposal, other_batch(&proposal.block.batch)),
                false => proposal.block.clone(),
            };
            self.proposed.insert(at, block.hash());
            if renewed {
                let proposal = proposed(lie.slot, at, &block, None, cx);
                for to in lie.to {
                    cx.send_as(lie.slot, *to, TendermintMessage::Proposal(proposal.clone()));
                }
                cx.did(Deed::Equivocated);
            }
            return !renewed;
        }
        if matches!(message, TendermintMessage::Committed { .. }) {
            return false;
        }
        let Some(vote) = vote_in(message) else { return true };
        let at = (vote.statement.height, vote.statement.view);
        let own = self.proposed.get(&at).copied();
        let story = |block| Statement { digest: ContentHash(block), ..vote.statement };
        let lied = in_stage(signed(lie.slot, story(own.unwrap_or(NIL)), cx));
        for to in lie.to {
            let trusted = own.is_none() && lie.honest.first() == Some(to);
            cx.send_as(lie.slot, *to, if trusted { message.clone() } else { lied.clone() });
        }
        if vote.statement.stage == Stage::Precommit && own.is_none() {
            self.propose_next(lie, vote, cx);
        }
        false
    }

    /// Who precommitted proposes a new block for the next round, if it is its turn, to all but the one that it votes to.
    fn propose_next(&mut self, lie: &Lie<'_>, vote: &Vote, cx: Cx<'_, '_>) {
        let Statement { view, height, digest, .. } = vote.statement;
        if digest.0 != NIL {
            self.precommitted.insert(height, digest.0);
        }
        let next = (height, view.saturating_add(1));
        let parent = if height == 1 { Some(0) } else { self.precommitted.get(&(height - 1)).copied() };
        let proposer = vote.signer();
        let turn = self.leaders.of(turn(height, next.1)) == proposer;
        let Some(parent) = parent.filter(|_| turn && !self.proposed.contains_key(&next)) else { return };
        let (parent, batch) = (ContentHash(parent), Requests::batch(Vec::new()));
        let block = Shared::new(BlockContent { height, round: next.1, proposer, parent, batch });
        self.proposed.insert(next, block.hash());
        let proposal = proposed(lie.slot, next, &block, None, cx);
        for to in lie.honest.iter().skip(1) {
            cx.send_as(lie.slot, *to, TendermintMessage::Proposal(proposal.clone()));
            vote_for(lie.slot, *to, next, block.hash(), cx);
        }
        cx.did(Deed::Equivocated);
    }

    pub(super) fn split_votes(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let Some(vote) = vote_in(message) else { return true };
        let said = vote.statement;
        let digest = ContentHash(if said.digest.0 == NIL { said.height } else { NIL });
        let other = signed(lie.slot, Statement { digest, ..said }, cx);
        for to in lie.to {
            let lied = second_half(lie.honest).contains(to);
            let story = if lied { in_stage(other) } else { message.clone() };
            cx.send_as(lie.slot, *to, story);
        }
        cx.did(Deed::Equivocated);
        false
    }

    pub(super) fn vote_nil(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let Some(vote) = vote_in(message) else { return true };
        let nil = signed(lie.slot, Statement { digest: ContentHash(NIL), ..vote.statement }, cx);
        lie.to.iter().for_each(|to| cx.send_as(lie.slot, *to, in_stage(nil)));
        cx.did(Deed::Withheld);
        false
    }

    /// As late as members wait for votes, give or take an eighth.
    pub(super) fn vote_late(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let Some(vote) = vote_in(message) else { return true };
        let timeout = self.parameters.in_round(self.parameters.vote_timeout, vote.statement.view);
        let eighths = 7 + draw_below(cx, 3) as u64;
        let after = Duration::from_nanos(timeout.as_nanos() / 8 * eighths);
        cx.wake_after(after, self.late.len() as u64);
        self.late.push(Some((lie.slot, lie.to.to_vec(), message.clone())));
        cx.did(Deed::Withheld);
        false
    }

    pub(super) fn confide(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let Some(vote) = vote_in(message) else { return true };
        let Statement { stage, view, .. } = vote.statement;
        let turn = usize::try_from(view).unwrap_or(0) % lie.honest.len().max(1);
        let told = lie.honest.get(turn).filter(|node| lie.to.contains(node) && stage == Stage::Prevote);
        if let Some(node) = told {
            cx.send_as(lie.slot, *node, message.clone());
        }
        cx.did(Deed::Withheld);
        false
    }
}
