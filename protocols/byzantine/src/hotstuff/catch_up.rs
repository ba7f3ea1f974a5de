//! Who was left behind asks others for what it lacks, and is told how far they are.

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::blocks::{Block, TimeoutCertificate};
use super::replica::{FETCH, IDLE, Replica};
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation, HotstuffTimer};
use crate::certificate::Certificate;
use crate::vote::Stage;

/// Blocks in one answer.
const MOST_BLOCKS: usize = 32;

impl Replica {
    /// Tells a peer, or all, how far it is.
    pub(super) fn show_tip(&mut self, to: Option<NodeId>) {
        let tip = HotstuffMessage::Tip {
            view: self.view,
            high: self.high.clone(),
            timeout: self.timeout.clone(),
            decided: self.decided.clone(),
        };
        match to {
            Some(peer) => self.outbox.tell(peer, tip),
            None => self.outbox.tell_all(tip),
        }
    }

    /// Answers a peer that is behind with how far it is, at most once in a period: what a traitor replays must not be answered
    /// without end.
    pub(super) fn answer_tip(&mut self, peer: NodeId, cx: &Context<'_, Hotstuff>) {
        let (now, period) = (cx.monotonic(), self.parameters.fetch_interval);
        let answered = self.answered.get(&peer);
        if answered.is_none_or(|at| at.saturating_add(period) <= now) {
            self.answered.insert(peer, now);
            self.show_tip(Some(peer));
        }
    }

    /// Nothing has waited for a while. Votes go to leaders alone, so that a member that a leader left out learns of nothing
    /// where nobody asks for more. So each member tells the f + 1 members after it how far it is, one at a time: of the
    /// f + 1 members before the one that was left out, one is honest, up, and knows more, or learns it in the same way.
    pub(super) fn on_idle(&mut self, cx: &mut Context<'_, Hotstuff>) {
        if self.waiting {
            return;
        }
        self.idle_told += 1;
        self.show_tip(Some(NodeId((self.me.0 + self.idle_told) % self.members)));
        if self.idle_told < self.quorum.one_honest().min(self.members - 1) {
            cx.set_timer(IDLE, self.parameters.view_timeout, HotstuffTimer::Idle);
        }
    }

    /// A peer has a new session: what it may not have heard is said again.
    pub(super) fn greet(&mut self, peer: NodeId) {
        if self.voted.0 == 0 && self.given_up == 0 && self.view == 1 {
            return;
        }
        self.show_tip(Some(peer));
        let view = self.view;
        if let Some(proposal) = self.proposal.clone().filter(|proposal| proposal.block.view == view) {
            self.outbox.tell(peer, HotstuffMessage::Proposal(proposal));
        }
        if let Some(certificate) = self.shown.clone().filter(|shown| shown.statement.view == view) {
            self.outbox.tell(peer, HotstuffMessage::Certified(certificate));
        }
        if let Some(vote) = self.last_vote.filter(|vote| self.collector(vote.statement.view) == peer) {
            self.outbox.tell(peer, HotstuffMessage::Vote(vote));
        }
        if let Some(timeout) = self.timeouts.get(&self.me).cloned() {
            self.outbox.tell(peer, HotstuffMessage::Timeout(timeout));
        }
        let leads = self.turns.leader(view) == peer;
        if leads && self.is_basic() && self.ready_for == view {
            self.outbox.tell(peer, HotstuffMessage::NewView { view, high: self.high.clone() });
        }
        if leads {
            for request in self.pending.requests().cloned().collect::<Vec<_>>() {
                self.outbox.tell(peer, HotstuffMessage::Request(request));
            }
        }
    }

    /// A peer says how far it is.
    pub(super) fn on_tip(
        &mut self,
        peer: NodeId,
        view: u64,
        high: &Certificate,
        (timeout, decided): (Option<&TimeoutCertificate>, Option<&Certificate>),
        cx: &mut Context<'_, Hotstuff>,
    ) {
        if view < self.view {
            self.answer_tip(peer, cx);
        }
        if high.statement.view > self.high.statement.view {
            match self.judge_certificate(high, Stage::Prepare, cx) {
                Err(reason) => return self.refuse("certificate", reason),
                Ok(()) => self.learn(high, cx),
            }
        }
        if let Some(timeout) = timeout.filter(|timeout| timeout.view > self.view) {
            match self.judge_timeout(timeout, cx) {
                Err(reason) => return self.refuse("timeout certificate", reason),
                Ok(()) => self.learn_timeout(timeout, cx),
            }
        }
        let known = self.decided.as_ref().map_or(0, |decided| decided.statement.view);
        if let Some(decided) = decided.filter(|decided| self.is_basic() && decided.statement.view > known) {
            match self.judge_certificate(decided, Stage::Commit, cx) {
                Err(reason) => return self.refuse("certificate", reason),
                Ok(()) => self.learn_decided(decided, cx),
            }
        }
        self.was_told(cx);
        self.resume(cx);
    }

    /// Asks for a block that it lacks.
    pub(super) fn want(&mut self, digest: u64, height: u64, cx: &mut Context<'_, Hotstuff>) {
        if self.wanted == Some((digest, height)) {
            return;
        }
        self.wanted = Some((digest, height));
        let source = self.source;
        self.ask_for_blocks(source);
        let wait = self.asking.wait((digest, height), self.parameters.fetch_interval);
        self.asking.asked((digest, height));
        cx.set_timer(FETCH, wait, HotstuffTimer::Fetch);
    }

    fn ask_for_blocks(&mut self, peer: NodeId) {
        let Some((digest, height)) = self.wanted.filter(|_| peer != self.me) else { return };
        let (digest, above) = (ContentHash(digest), self.tip().0);
        self.outbox.tell(peer, HotstuffMessage::Fetch { digest, height, above });
    }

    pub(super) fn on_fetch_timeout(&mut self, cx: &mut Context<'_, Hotstuff>) {
        // It may be superfluous by now.
        self.wanted = None;
        self.settle(cx);
        self.vote_deferred(cx);
        if self.wanted.is_none() {
            return;
        }
        // f + 1 of those who voted for it are honest and have it: one among 2f + 1 others.
        let first = cx.rng().below(u64::from(self.members));
        for offset in 0..=u64::from(self.quorum.faulty()) {
            let peer = (first + offset) % u64::from(self.members);
            self.ask_for_blocks(NodeId(u32::try_from(peer).unwrap_or(0)));
        }
    }

    /// A peer lacks a block.
    pub(super) fn on_fetch(&mut self, peer: NodeId, (digest, height): (u64, u64), above: u64) {
        let mut list: Vec<Block> = Vec::new();
        let mut next = crate::vote::Statement::new(Stage::Prepare, 0, height, digest);
        while next.height > above && list.len() < MOST_BLOCKS {
            let Some(block) = self.block(&next) else { break };
            next = block.justify.statement;
            list.push(block.clone());
        }
        if !list.is_empty() {
            self.outbox.tell(peer, HotstuffMessage::Blocks { list });
        }
    }

    /// A peer sends blocks. That they are the right ones, their hashes show: who asked had the certificate of the first.
    pub(super) fn on_blocks(&mut self, list: &[Block], cx: &mut Context<'_, Hotstuff>) {
        let Some((mut digest, height)) = self.wanted else { return };
        let mut expected = height;
        let mut blocks = 0;
        for block in list {
            if block.hash() != digest || block.height != expected || expected == 0 {
                break;
            }
            (digest, expected) = (block.parent(), expected - 1);
            self.keep(block, cx);
            blocks += 1;
        }
        if blocks > 0 {
            self.outbox.report(HotstuffObservation::Fetched { blocks });
            self.resume(cx);
        }
    }
}
