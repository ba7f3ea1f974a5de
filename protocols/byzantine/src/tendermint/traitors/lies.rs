//! Made-up requests, proofs, certificates and results.

use sim_core::coalition::{CoalitionContext, Deed};
use sim_core::digest::hash_words;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::operation::number_of;
use sim_core::process::Signature;

use super::super::block::{BlockContent, NIL, turn};
use super::super::vocabulary::{Tendermint, TendermintMessage};
use super::split::{fresh, in_stage, proposed};
use super::votes::vote_in;
use super::{Lie, Traitors};
use crate::lying::{draw_below, made_up_certificate, odd_signers, other_reply, signed};
use crate::request::{Command, Request, Requests, SignedCommand};
use crate::shared::Shared;
use crate::signers::Signers;
use crate::vote::{Stage, Statement, Vote};
use objects::Operation;

type Cx<'a, 'b> = &'a mut CoalitionContext<'b, Tendermint>;

/// How many requests a traitor remembers, to order them again.
const REMEMBERED: usize = 64;

impl Traitors {
    /// Proposes other requests than its honest code would, to everybody the same.
    fn propose_instead(
        lie: &Lie<'_>,
        proposal: &super::super::vocabulary::Proposal,
        requests: Vec<Request>,
        cx: Cx<'_, '_>,
    ) {
        let said = proposal.vote.statement;
        let block = fresh(proposal, Requests::batch(requests));
        let proposal = proposed(lie.slot, (said.height, said.view), &block, None, cx);
        for to in lie.to {
            cx.send_as(lie.slot, *to, TendermintMessage::Proposal(proposal.clone()));
        }
    }

    pub(super) fn invent(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let TendermintMessage::Proposal(proposal) = message else { return true };
        let Some(model) = proposal.block.batch.list.first() else { return true };
        let command = Command {
            timestamp: model.command.timestamp + 1,
            operation: Operation::Put { key: 0, value: number_of(cx.rng().next_u64()) },
            ..model.command
        };
        let signature = Signature::forged(command.client, cx.rng().next_u64());
        let mut requests = proposal.block.batch.list.clone();
        requests.push(Shared::new(SignedCommand { command, signature }));
        Self::propose_instead(lie, proposal, requests, cx);
        cx.did(Deed::Forged);
        false
    }

    pub(super) fn order_again(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let TendermintMessage::Proposal(proposal) = message else { return true };
        let mut requests = proposal.block.batch.list.clone();
        if !self.ordered.is_empty() {
            requests.push(self.ordered[draw_below(cx, self.ordered.len())].clone());
            cx.did(Deed::Replayed);
        }
        if self.ordered.len() < REMEMBERED {
            self.ordered.extend(proposal.block.batch.list.iter().cloned());
        }
        Self::propose_instead(lie, proposal, requests, cx);
        false
    }

    /// Proposes with a proof that nobody signed, and precommits with one.
    pub(super) fn prove_falsely(
        &mut self,
        lie: &Lie<'_>,
        message: &TendermintMessage,
        cx: Cx<'_, '_>,
    ) -> bool {
        let all = || (0..self.members).map(NodeId).collect::<Signers>();
        match message {
            TendermintMessage::Proposal(proposal) if proposal.vote.statement.view > 0 => {
                let Statement { view, height, .. } = proposal.vote.statement;
                let (batch, round) = (Requests::batch(Vec::new()), view - 1);
                let proposer = self.leaders.of(turn(height, round));
                let block = Shared::new(BlockContent { round, proposer, batch, ..(*proposal.block).clone() });
                let said = Statement::new(Stage::Prevote, round, height, block.hash());
                let proof = Some(made_up_certificate(said, all()));
                let proposal = proposed(lie.slot, (height, view), &block, proof, cx);
                for to in lie.to {
                    cx.send_as(lie.slot, *to, TendermintMessage::Proposal(proposal.clone()));
                }
            }
            TendermintMessage::Precommit { vote, .. } => {
                let digest = ContentHash(hash_words(&[vote.statement.digest.0, 3]));
                let vote = signed(lie.slot, Statement { digest, ..vote.statement }, cx);
                let polka = made_up_certificate(Statement { stage: Stage::Prevote, ..vote.statement }, all());
                for to in lie.to {
                    let polka = Some(polka.clone());
                    cx.send_as(lie.slot, *to, TendermintMessage::Precommit { vote, polka });
                }
            }
            _ => return true,
        }
        cx.did(Deed::Forged);
        false
    }

    pub(super) fn forge(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let Some(vote) = vote_in(message).filter(|_| !lie.honest.is_empty()) else { return true };
        let victim = lie.honest[draw_below(cx, lie.honest.len())];
        let to = lie.honest[draw_below(cx, lie.honest.len())];
        let digest = ContentHash(hash_words(&[vote.statement.digest.0, 2]));
        let signature = Signature::forged(victim, cx.rng().next_u64());
        let statement = Statement { digest, ..vote.statement };
        cx.send_as(lie.slot, to, in_stage(Vote { statement, signature }));
        let Statement { view, height, digest: parent, .. } = vote.statement;
        let parent = ContentHash(if vote.statement.stage == Stage::Precommit { parent.0 } else { NIL });
        let block = Shared::new(BlockContent {
            height: height + u64::from(parent.0 != NIL),
            round: view,
            proposer: victim,
            parent,
            batch: Requests::batch(Vec::new()),
        });
        let said = Statement::new(Stage::Precommit, view, block.height, block.hash());
        let signers = odd_signers(self.members, cx);
        let certificate = made_up_certificate(said, signers);
        cx.send_as(lie.slot, to, TendermintMessage::Committed { certificate, block });
        cx.did(Deed::Forged);
        true
    }

    pub(super) fn misreport(&mut self, lie: &Lie<'_>, message: &TendermintMessage, cx: Cx<'_, '_>) -> bool {
        let TendermintMessage::Reply { height, timestamp, reply: Some(reply), position } = message else {
            return true;
        };
        let lied = other_reply(reply);
        for to in lie.to {
            let (height, timestamp, position) = (*height, *timestamp, *position);
            let reply = Some(lied.clone());
            cx.send_as(lie.slot, *to, TendermintMessage::Reply { height, timestamp, reply, position });
        }
        cx.did(Deed::Forged);
        false
    }
}
