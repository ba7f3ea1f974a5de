//! Made-up requests, claims, certificates, states and results.

use sim_core::coalition::{CoalitionContext, Deed};
use sim_core::digest::hash_words;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::operation::number_of;
use sim_core::process::Signature;

use super::super::vocabulary::{Pbft, PbftMessage, PreparedProposal, Proposed, ViewChange, ViewChanged};
use super::split::{in_stage, proposed};
use super::{Lie, Traitors};
use crate::lying::{draw_below, made_up_certificate, odd_signers, other_reply, signed};
use crate::request::{Command, Request, Requests, SignedCommand};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};
use objects::Operation;

/// How many requests a traitor remembers, to order them again.
const REMEMBERED: usize = 64;

impl Traitors {
    /// Proposes other requests than its honest code would, to everybody the same.
    fn propose_instead(
        lie: &Lie<'_>,
        statement: Statement,
        requests: Vec<Request>,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) {
        let batch = Requests::batch(requests);
        let proposal = proposed(lie.slot, (statement.view, statement.height), &batch, cx);
        for to in lie.to {
            cx.send_as(lie.slot, *to, PbftMessage::PrePrepare(proposal.clone()));
        }
    }

    pub(super) fn invent(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::PrePrepare(proposal) = message else { return true };
        let Some(model) = proposal.batch.list.first() else { return true };
        let command = Command {
            timestamp: model.command.timestamp + 1,
            operation: Operation::Put { key: 0, value: number_of(cx.rng().next_u64()) },
            ..model.command
        };
        let signature = Signature::forged(command.client, cx.rng().next_u64());
        let mut requests = proposal.batch.list.clone();
        requests.push(Shared::new(SignedCommand { command, signature }));
        Self::propose_instead(lie, proposal.vote.statement, requests, cx);
        cx.did(Deed::Forged);
        false
    }

    pub(super) fn order_again(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::PrePrepare(proposal) = message else { return true };
        let mut requests = proposal.batch.list.clone();
        if !self.ordered.is_empty() {
            requests.push(self.ordered[draw_below(cx, self.ordered.len())].clone());
            cx.did(Deed::Replayed);
        }
        if self.ordered.len() < REMEMBERED {
            self.ordered.extend(proposal.batch.list.iter().cloned());
        }
        Self::propose_instead(lie, proposal.vote.statement, requests, cx);
        false
    }

    /// The same view change with other claims.
    fn change_with(
        lie: &Lie<'_>,
        change: &ViewChange,
        prepared: Vec<Shared<PreparedProposal>>,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) {
        let ViewChanged { view, stable, checkpoint, .. } = (**change).clone();
        let content = ViewChanged::signed_content(view, stable, checkpoint.as_ref(), &prepared);
        let signature = cx.sign_as(lie.slot, content);
        let change = Shared::new(ViewChanged { view, stable, checkpoint, prepared, signature });
        for to in lie.to {
            cx.send_as(lie.slot, *to, PbftMessage::ViewChange(change.clone()));
        }
    }

    pub(super) fn deny(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::ViewChange(change) = message else { return true };
        Self::change_with(lie, change, Vec::new(), cx);
        cx.did(Deed::Withheld);
        false
    }

    pub(super) fn claim(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::ViewChange(change) = message else { return true };
        let view = change.view.saturating_sub(1);
        let primary = self.leaders.of(view);
        let heights: Vec<u64> =
            change.prepared.iter().map(|prepared| prepared.proposal.vote.statement.height).collect();
        let heights = if heights.is_empty() { vec![change.stable + 1] } else { heights };
        let made_up = heights.into_iter().map(|height| {
            let batch = Requests::batch(Vec::new());
            let about = |stage| Statement::new(stage, view, height, batch.hash());
            let statement = about(Stage::Propose);
            // One of the traitors may have led that view: then its signature is good.
            let leader = cx.members().iter().find(|member| member.node == primary).map(|member| member.slot);
            let vote = match leader {
                Some(slot) => signed(slot, statement, cx),
                None => Vote { statement, signature: Signature::forged(primary, height) },
            };
            let signers = (0..self.members).map(NodeId).filter(|node| *node != primary).collect();
            let certificate = made_up_certificate(about(Stage::Prepare), signers);
            let proposal = Shared::new(Proposed { vote, batch });
            Shared::new(PreparedProposal { proposal, certificate })
        });
        let prepared = made_up.collect();
        Self::change_with(lie, change, prepared, cx);
        cx.did(Deed::Forged);
        false
    }

    pub(super) fn false_checkpoint(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::Checkpoint(vote) = message else { return true };
        let said = vote.statement;
        let digest = ContentHash(hash_words(&[said.digest.0, 1]));
        for height in [said.height, said.height + self.checkpoint_interval] {
            let vote = signed(lie.slot, Statement { height, digest, ..said }, cx);
            for to in lie.to {
                cx.send_as(lie.slot, *to, PbftMessage::Checkpoint(vote));
            }
        }
        cx.did(Deed::Forged);
        false
    }

    pub(super) fn forge(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let (PbftMessage::Prepare(vote) | PbftMessage::Commit(vote)) = message else { return true };
        if lie.honest.is_empty() {
            return true;
        }
        let victim = lie.honest[draw_below(cx, lie.honest.len())];
        let to = lie.honest[draw_below(cx, lie.honest.len())];
        let other =
            Statement { digest: ContentHash(hash_words(&[vote.statement.digest.0, 2])), ..vote.statement };
        let signature = Signature::forged(victim, cx.rng().next_u64());
        cx.send_as(lie.slot, to, in_stage(Vote { statement: other, signature }));
        let batch = Requests::batch(Vec::new());
        let statement =
            Statement::new(Stage::Commit, vote.statement.view, vote.statement.height + 1, batch.hash());
        let signers = odd_signers(self.members, cx);
        let certificate = made_up_certificate(statement, signers);
        cx.send_as(lie.slot, to, PbftMessage::Committed { certificate, batch });
        cx.did(Deed::Forged);
        true
    }

    pub(super) fn misreport(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::Reply { view, timestamp, reply: Some(reply), position } = message else {
            return true;
        };
        let lied = other_reply(reply);
        for to in lie.to {
            let (view, timestamp, position) = (*view, *timestamp, *position);
            let reply = Some(lied.clone());
            cx.send_as(lie.slot, *to, PbftMessage::Reply { view, timestamp, reply, position });
        }
        cx.did(Deed::Forged);
        false
    }
}
