//! Old certificates, denied ones, votes that go nowhere, and blocks by who does not lead.

use sim_core::coalition::Deed;

use super::super::blocks::{Made, TimedOut, TimedOutAll, genesis, timeout_statement};
use super::super::vocabulary::HotstuffMessage;
use super::{Cx, Lie, Traitors, proposed};
use crate::lying::{other_batch, second_half, signed};
use crate::shared::Shared;

impl Traitors {
    /// Of the certificates that it saw, it keeps the first, and a later one now and then.
    pub(super) fn old_certificate(
        &mut self,
        lie: &Lie<'_>,
        message: &HotstuffMessage,
        cx: Cx<'_, '_>,
    ) -> bool {
        let HotstuffMessage::Proposal(proposal) = message else { return true };
        let block = &proposal.block;
        let justify = self.old.clone().unwrap_or_else(|| genesis(block.justify.scheme));
        if self.old.is_none() || block.height > justify.statement.height + 16 {
            self.old = Some(block.justify.clone());
        }
        if justify.statement.height + 1 >= block.height {
            return true;
        }
        let height = justify.statement.height + 1;
        self.begin_story(lie.slot, Made { height, justify, ..(**block).clone() }, lie.honest, cx);
        cx.did(Deed::Replayed);
        false
    }

    pub(super) fn deny_high(&mut self, lie: &Lie<'_>, message: &HotstuffMessage, cx: Cx<'_, '_>) -> bool {
        let lied = match message {
            HotstuffMessage::Timeout(timeout) => {
                let vote = signed(lie.slot, timeout_statement(timeout.vote.statement.view, 0), cx);
                HotstuffMessage::Timeout(Shared::new(TimedOut { vote, high: genesis(timeout.high.scheme) }))
            }
            HotstuffMessage::NewView { view, high } => {
                HotstuffMessage::NewView { view: *view, high: genesis(high.scheme) }
            }
            _ => return true,
        };
        for to in lie.to {
            cx.send_as(lie.slot, *to, lied.clone());
        }
        cx.did(Deed::Withheld);
        false
    }

    pub(super) fn repeat_timeouts(
        &mut self,
        lie: &Lie<'_>,
        message: &HotstuffMessage,
        cx: Cx<'_, '_>,
    ) -> bool {
        let HotstuffMessage::Vote(vote) = message else { return true };
        let view = self.turns.after(vote.statement.view);
        if view > self.begun {
            self.begun = view;
            let said = signed(lie.slot, timeout_statement(view, 0), cx);
            let votes = vec![said; self.quorum.size() as usize];
            let high = genesis(crate::certificate::Scheme::Single);
            let timeout = Some(Shared::new(TimedOutAll { view, votes, high: high.clone() }));
            for to in lie.honest {
                let tip = HotstuffMessage::Tip {
                    view,
                    high: high.clone(),
                    timeout: timeout.clone(),
                    decided: None,
                };
                cx.send_as(lie.slot, *to, tip);
            }
            cx.did(Deed::Forged);
        }
        true
    }

    pub(super) fn withhold_votes(
        &mut self,
        lie: &Lie<'_>,
        message: &HotstuffMessage,
        cx: Cx<'_, '_>,
    ) -> bool {
        let is_vote = matches!(message, HotstuffMessage::Vote(_) | HotstuffMessage::NewView { .. });
        let [to] = lie.to else { return true };
        if !is_vote || cx.owns(*to) {
            return true;
        }
        cx.did(Deed::Withheld);
        false
    }

    /// As soon as it votes for a block of somebody else, it proposes the next one, to half of the honest members.
    pub(super) fn usurp(&mut self, lie: &Lie<'_>, message: &HotstuffMessage, cx: Cx<'_, '_>) -> bool {
        let HotstuffMessage::Vote(vote) = message else { return true };
        let view = vote.statement.view;
        if let Some(block) = self.latest.clone().filter(|block| block.view == view && view > self.usurped) {
            self.usurped = view;
            let made = Made { batch: other_batch(&block.batch), ..(*block).clone() };
            let lied = proposed(lie.slot, made, cx);
            for to in second_half(lie.honest) {
                cx.send_as(lie.slot, *to, HotstuffMessage::Proposal(lied.clone()));
            }
            cx.did(Deed::Forged);
        }
        true
    }
}
