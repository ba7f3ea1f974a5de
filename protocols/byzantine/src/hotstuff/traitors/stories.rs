//! Two chains, one for each half of the honest members, and second blocks.

use sim_core::coalition::Deed;
use sim_core::identity::{NodeId, Slot};

use super::super::blocks::{Block, Made, Proposal};
use super::super::parameters::Rule;
use super::super::vocabulary::HotstuffMessage;
use super::{Cx, Lie, Traitors, proposed};
use crate::certificate::{Certificate, Signed};
use crate::lying::{other_batch, second_half, signed};
use crate::request::Requests;
use crate::tally::Tally;
use crate::vote::{Stage, Statement};

/// So many views are remembered.
const REMEMBERED: usize = 16;

/// A block that the second half of the honest members was told, while the first half heard of another one.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) block: Block,
    leader: Slot,
    /// Who is told.
    to: Vec<NodeId>,
    /// The next certificate to show, under the basic rule.
    next: Option<Stage>,
}

impl Story {
    pub(super) fn is_about(&self, said: &Statement) -> bool {
        (said.view, said.digest.0) == (self.block.view, self.block.hash())
    }

    fn statement(&self, stage: Stage) -> Statement {
        Statement::new(stage, self.block.view, self.block.height, self.block.hash())
    }
}

impl Traitors {
    pub(super) fn equivocate(&mut self, lie: &Lie<'_>, message: &HotstuffMessage, cx: Cx<'_, '_>) -> bool {
        let (view, proposal) = match message {
            HotstuffMessage::Proposal(proposal) => (proposal.block.view, Some(proposal)),
            HotstuffMessage::Certified(certificate) => (certificate.statement.view, None),
            _ => return true,
        };
        let late = second_half(lie.honest);
        if let Some(proposal) = proposal
            && !self.stories.contains_key(&view)
            && !self.goes_on_from(view.saturating_sub(1), lie.honest)
        {
            let made = Made { batch: other_batch(&proposal.block.batch), ..(*proposal.block).clone() };
            if made != *proposal.block {
                self.begin_story(lie.slot, made, late, cx);
            }
        }
        if !self.stories.contains_key(&view) && !self.goes_on_from(view.saturating_sub(1), lie.honest) {
            return true;
        }
        for to in lie.to.iter().filter(|to| !late.contains(to)) {
            cx.send_as(lie.slot, *to, message.clone());
        }
        // A member that asks again is told the same story again.
        if let (Some(_), Some(story)) = (proposal, self.stories.get(&view))
            && let [to] = lie.to
            && late.contains(to)
        {
            let again = proposed(lie.slot, (*story.block).clone(), cx);
            cx.send_as(lie.slot, *to, HotstuffMessage::Proposal(again));
        }
        false
    }

    /// Whether the second chain may get longer from a view on.
    fn goes_on_from(&self, view: u64, honest: &[NodeId]) -> bool {
        let traitors = self.members as usize - honest.len();
        let enough = second_half(honest).len() + traitors >= self.votes_shown(second_half(honest), traitors);
        enough && self.rule != Rule::Basic && self.stories.contains_key(&view)
    }

    /// How many votes they show: a quorum, if traitors and those who are told can make one; else 2f, in case that is enough
    /// for somebody.
    fn votes_shown(&self, told: &[NodeId], traitors: usize) -> usize {
        let quorum = self.quorum.size() as usize;
        if told.len() + traitors >= quorum { quorum } else { 2 * self.quorum.faulty().max(1) as usize }
    }

    pub(super) fn begin_story(&mut self, leader: Slot, made: Made, late: &[NodeId], cx: Cx<'_, '_>) {
        let proposal: Proposal = proposed(leader, made, cx);
        let block = proposal.block.clone();
        for to in late {
            cx.send_as(leader, *to, HotstuffMessage::Proposal(proposal.clone()));
        }
        self.stories
            .insert(block.view, Story { block, leader, to: late.to_vec(), next: Some(Stage::Prepare) });
        if self.stories.len() > REMEMBERED {
            self.stories.pop_first();
            let first = self.stories.first_key_value().map_or(0, |(view, _)| *view);
            self.votes.retain(|said, _| said.view >= first);
        }
        cx.did(Deed::Equivocated);
    }

    /// The certificate of a story, if half of the honest members and all traitors are enough for it.
    fn certify(&self, said: Statement, story: &Story, cx: Cx<'_, '_>) -> Option<Certificate> {
        let mut tally = Tally::default();
        for signature in self.votes.get(&said).into_iter().flatten() {
            if cx.verify(said.signed_content(), signature) {
                tally.fold(signature, 0);
            }
        }
        for slot in cx.members().iter().map(|member| member.slot).collect::<Vec<_>>() {
            tally.fold(&signed(slot, said, cx).signature, 0);
        }
        let needed = self.votes_shown(&story.to, cx.members().len());
        let backing = tally.backing(0).filter(|backing| backing.signers.len() as usize >= needed)?;
        Some(Signed::certificate(said, backing, story.block.justify.scheme))
    }

    /// The second chain gets longer as soon as it can.
    pub(super) fn go_on_with_stories(&mut self, cx: Cx<'_, '_>) {
        let Some((view, story)) = self.stories.last_key_value() else { return };
        let view = *view;
        let late = story.to.clone();
        if self.rule == Rule::Basic {
            let Some(stage) = story.next else { return };
            let Some(certificate) = self.certify(story.statement(stage), story, cx) else { return };
            for to in &late {
                cx.send_as(story.leader, *to, HotstuffMessage::Certified(certificate.clone()));
            }
            let next = match stage {
                Stage::Prepare => Some(Stage::Precommit),
                Stage::Precommit => Some(Stage::Commit),
                _ => None,
            };
            if let Some(story) = self.stories.get_mut(&view) {
                story.next = next;
            }
            return;
        }
        let leader = self.turns.leader(view + 1);
        let Some(slot) = cx.members().iter().find(|member| member.node == leader).map(|member| member.slot)
        else {
            return;
        };
        let statement = story.statement(Stage::Prepare);
        let Some(justify) = self.certify(statement, story, cx) else { return };
        let batch = Requests::batch(Vec::new());
        let made = Made { view: view + 1, height: statement.height + 1, justify, timeout: None, batch };
        self.begin_story(slot, made, &late, cx);
    }

    pub(super) fn propose_twice(&mut self, lie: &Lie<'_>, message: &HotstuffMessage, cx: Cx<'_, '_>) -> bool {
        let HotstuffMessage::Proposal(proposal) = message else { return true };
        let made = Made { batch: other_batch(&proposal.block.batch), ..(*proposal.block).clone() };
        let second = proposed(lie.slot, made, cx);
        for to in lie.to {
            cx.send_as(lie.slot, *to, message.clone());
            cx.send_as(lie.slot, *to, HotstuffMessage::Proposal(second.clone()));
        }
        cx.did(Deed::Equivocated);
        false
    }
}
