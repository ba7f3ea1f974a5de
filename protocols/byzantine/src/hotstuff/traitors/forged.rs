//! Made-up requests, votes, certificates, blocks and results.

use sim_core::coalition::Deed;
use sim_core::digest::hash_words;
use sim_core::facts::ContentHash;
use sim_core::operation::number_of;
use sim_core::process::Signature;

use super::super::blocks::{Block, Made};
use super::super::vocabulary::HotstuffMessage;
use super::{Cx, Lie, Traitors, proposed};
use crate::lying::{draw_below, made_up_certificate, odd_signers, other_batch, other_reply};
use crate::request::{Command, Request, Requests, SignedCommand};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};
use objects::Operation;

/// How many requests a traitor remembers, to order them again.
const REMEMBERED: usize = 64;

impl Traitors {
    /// Proposes other requests than its honest code would, to everybody the same.
    fn propose_instead(lie: &Lie<'_>, block: &Block, requests: Vec<Request>, cx: Cx<'_, '_>) {
        let lied = proposed(lie.slot, Made { batch: Requests::batch(requests), ..(**block).clone() }, cx);
        for to in lie.to {
            cx.send_as(lie.slot, *to, HotstuffMessage::Proposal(lied.clone()));
        }
    }

    pub(super) fn invent(&mut self, lie: &Lie<'_>, message: &HotstuffMessage, cx: Cx<'_, '_>) -> bool {
        let HotstuffMessage::Proposal(proposal) = message else { return true };
        let Some(model) = proposal.block.requests().first() else { return true };
        let command = Command {
            timestamp: model.command.timestamp + 1,
            operation: Operation::Put { key: 0, value: number_of(cx.rng().next_u64()) },
            ..model.command
        };
        let signature = Signature::forged(command.client, cx.rng().next_u64());
        let mut requests = proposal.block.requests().to_vec();
        requests.push(Shared::new(SignedCommand { command, signature }));
        Self::propose_instead(lie, &proposal.block, requests, cx);
        cx.did(Deed::Forged);
        false
    }

    pub(super) fn order_again(&mut self, lie: &Lie<'_>, message: &HotstuffMessage, cx: Cx<'_, '_>) -> bool {
        let HotstuffMessage::Proposal(proposal) = message else { return true };
        let mut requests = proposal.block.requests().to_vec();
        if !self.ordered.is_empty() {
            requests.push(self.ordered[draw_below(cx, self.ordered.len())].clone());
            cx.did(Deed::Replayed);
        }
        if self.ordered.len() < REMEMBERED {
            self.ordered.extend(proposal.block.requests().iter().cloned());
        }
        Self::propose_instead(lie, &proposal.block, requests, cx);
        false
    }

    pub(super) fn forge(&mut self, lie: &Lie<'_>, message: &HotstuffMessage, cx: Cx<'_, '_>) -> bool {
        let HotstuffMessage::Vote(vote) = message else { return true };
        if lie.honest.is_empty() {
            return true;
        }
        let said = vote.statement;
        let victim = lie.honest[draw_below(cx, lie.honest.len())];
        let signature = Signature::forged(victim, cx.rng().next_u64());
        let other = Statement { digest: ContentHash(hash_words(&[said.digest.0, 2])), ..said };
        for to in lie.to {
            cx.send_as(lie.slot, *to, HotstuffMessage::Vote(Vote { statement: other, signature }));
        }
        let signers = odd_signers(self.members, cx);
        let made_up = |statement| made_up_certificate(statement, signers.clone());
        let (view, timeout) = (said.view + 2, None);
        let high = made_up(Statement { stage: Stage::Prepare, view: said.view + 1, ..other });
        let decided = Some(made_up(Statement { stage: Stage::Commit, ..other }));
        let to = lie.honest[draw_below(cx, lie.honest.len())];
        cx.send_as(lie.slot, to, HotstuffMessage::Tip { view, high, timeout, decided });
        cx.did(Deed::Forged);
        true
    }

    pub(super) fn misreport(&mut self, lie: &Lie<'_>, message: &HotstuffMessage, cx: Cx<'_, '_>) -> bool {
        let lied = match message {
            HotstuffMessage::Reply { turn, timestamp, reply: Some(reply), position } => {
                let (turn, timestamp, position) = (*turn, *timestamp, *position);
                HotstuffMessage::Reply { turn, timestamp, reply: Some(other_reply(reply)), position }
            }
            HotstuffMessage::Blocks { list } => {
                let other = |block: &Block| {
                    Shared::new(Made {
                        batch: other_batch(&block.batch),
                        view: block.view + 1,
                        ..(**block).clone()
                    })
                };
                HotstuffMessage::Blocks { list: list.iter().map(other).collect() }
            }
            _ => return true,
        };
        for to in lie.to {
            cx.send_as(lie.slot, *to, lied.clone());
        }
        cx.did(Deed::Forged);
        false
    }
}
