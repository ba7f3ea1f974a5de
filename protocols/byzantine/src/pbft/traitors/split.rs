//! Proposals that differ: to two halves, under one digest, at two sequence numbers, or after each other.

use sim_core::coalition::{CoalitionContext, Deed};
use sim_core::identity::{NodeId, Slot};

use super::super::vocabulary::{Pbft, PbftMessage, Proposal, Proposed};
use super::{Lie, Traitors};
use crate::lying::{other_batch, second_half, signed};
use crate::request::{Batch, Requests};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};

pub(super) fn proposed(
    slot: Slot,
    (view, sequence): (u64, u64),
    batch: &Batch,
    cx: &mut CoalitionContext<'_, Pbft>,
) -> Proposal {
    let statement = Statement::new(Stage::Propose, view, sequence, batch.hash());
    Shared::new(Proposed { vote: signed(slot, statement, cx), batch: batch.clone() })
}

impl Traitors {
    pub(super) fn equivocate(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        self.split(lie, message, 1, cx)
    }

    pub(super) fn repeat(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        self.split(lie, message, self.quorum.size(), cx)
    }

    /// Tells each half its own story. What the coalition has no story for is told as it is.
    fn split(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        times: u32,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        match message {
            PbftMessage::PrePrepare(proposal) => self.split_proposal(lie, proposal, times, cx),
            PbftMessage::Prepare(vote) | PbftMessage::Commit(vote) => {
                let at = (vote.statement.view, vote.statement.height);
                let Some(stories) = self.splits.get(&at).cloned() else { return true };
                for to in lie.to.iter().filter(|to| lie.honest.contains(to)) {
                    let story = &stories[usize::from(second_half(lie.honest).contains(to))];
                    let digest = story.vote.statement.digest;
                    let again = signed(lie.slot, Statement { digest, ..vote.statement }, cx);
                    cx.send_as(lie.slot, *to, in_stage(again));
                }
                false
            }
            _ => true,
        }
    }

    fn split_proposal(
        &mut self,
        lie: &Lie<'_>,
        proposal: &Proposal,
        times: u32,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let said = proposal.vote.statement;
        let at = (said.view, said.height);
        let new = !self.splits.contains_key(&at);
        let stories = self.splits.entry(at).or_insert_with(|| {
            let other = proposed(lie.slot, at, &other_batch(&proposal.batch), cx);
            [proposal.clone(), other]
        });
        let stories = stories.clone();
        let late = second_half(lie.honest);
        for to in lie.to {
            let story = &stories[usize::from(late.contains(to))];
            cx.send_as(lie.slot, *to, PbftMessage::PrePrepare(story.clone()));
        }
        if new {
            cx.did(Deed::Equivocated);
            for to in lie.honest {
                let story = &stories[usize::from(late.contains(to))];
                (0..times).for_each(|_| vote_for(lie.slot, *to, story, cx));
            }
        }
        false
    }

    pub(super) fn swap_batch(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::PrePrepare(proposal) = message else { return true };
        let batch = other_batch(&proposal.batch);
        let swapped = Shared::new(Proposed { vote: proposal.vote, batch });
        for to in lie.to {
            let lied = second_half(lie.honest).contains(to);
            let story = if lied { &swapped } else { proposal };
            cx.send_as(lie.slot, *to, PbftMessage::PrePrepare(story.clone()));
        }
        cx.did(Deed::Equivocated);
        false
    }

    pub(super) fn propose_twice(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::PrePrepare(proposal) = message else { return true };
        let said = proposal.vote.statement;
        let second = proposed(lie.slot, (said.view, said.height), &other_batch(&proposal.batch), cx);
        for to in lie.to {
            cx.send_as(lie.slot, *to, message.clone());
            cx.send_as(lie.slot, *to, PbftMessage::PrePrepare(second.clone()));
        }
        cx.did(Deed::Equivocated);
        false
    }

    /// One member hears of 1 as 2 and of 2 as 1, of 3 as 4, and so on.
    pub(super) fn shift(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let (PbftMessage::PrePrepare(proposal), Some(victim)) = (message, lie.honest.last()) else {
            return true;
        };
        let said = proposal.vote.statement;
        let height = if said.height % 2 == 1 { said.height + 1 } else { said.height - 1 };
        let at = (said.view, height);
        let shifted =
            self.shifted.entry(at).or_insert_with(|| proposed(lie.slot, at, &proposal.batch, cx)).clone();
        for to in lie.to {
            let story = if to == victim { &shifted } else { proposal };
            cx.send_as(lie.slot, *to, PbftMessage::PrePrepare(story.clone()));
        }
        cx.did(Deed::Equivocated);
        false
    }

    /// Proposes nothing at the next sequence number to half of the honest members, ahead of the primary.
    pub(super) fn usurp(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::Prepare(vote) = message else { return true };
        let at = (vote.statement.view, vote.statement.height + 1);
        if self.usurped.insert(at, ()).is_none() {
            let proposal = proposed(lie.slot, at, &Requests::batch(Vec::new()), cx);
            for to in second_half(lie.honest) {
                cx.send_as(lie.slot, *to, PbftMessage::PrePrepare(proposal.clone()));
                vote_for(lie.slot, *to, &proposal, cx);
            }
            cx.did(Deed::Forged);
        }
        true
    }
}

/// A vote as a message.
pub(super) fn in_stage(vote: Vote) -> PbftMessage {
    match vote.statement.stage {
        Stage::Prepare => PbftMessage::Prepare(vote),
        Stage::Checkpoint => PbftMessage::Checkpoint(vote),
        _ => PbftMessage::Commit(vote),
    }
}

/// Every traitor prepares a proposal and commits to it.
fn vote_for(from: Slot, to: NodeId, proposal: &Proposal, cx: &mut CoalitionContext<'_, Pbft>) {
    let Statement { view, height, digest, .. } = proposal.vote.statement;
    for slot in cx.members().iter().map(|member| member.slot).collect::<Vec<_>>() {
        for stage in [Stage::Prepare, Stage::Commit] {
            let vote = signed(slot, Statement::new(stage, view, height, digest.0), cx);
            cx.send_as(from, to, in_stage(vote));
        }
    }
}
