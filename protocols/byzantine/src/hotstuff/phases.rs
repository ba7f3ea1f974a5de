//! The basic rule: three phases of votes on one block, each shown by the leader to all.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::replica::{Replica, rank};
use super::vocabulary::{Hotstuff, HotstuffMessage};
use crate::certificate::Certificate;
use crate::signers::Signers;
use crate::vote::{Stage, Statement};

impl Replica {
    /// The leader has the votes of a quorum in one stage, and shows them.
    pub(super) fn show_certificate(&mut self, certificate: &Certificate, cx: &mut Context<'_, Hotstuff>) {
        self.shown = Some(certificate.clone());
        self.outbox.tell_all(HotstuffMessage::Certified(certificate.clone()));
        self.follow(certificate, cx);
    }

    /// A leader shows a certificate.
    pub(super) fn on_certified(&mut self, certificate: &Certificate, cx: &mut Context<'_, Hotstuff>) {
        let Statement { stage, view, .. } = certificate.statement;
        if !self.is_basic() || (view < self.view && stage != Stage::Commit) {
            return;
        }
        if let Err(reason) = self.judge_certificate(certificate, stage, cx) {
            return self.refuse("certificate", reason);
        }
        self.follow(certificate, cx);
    }

    /// Votes in the next stage, or commits.
    fn follow(&mut self, certificate: &Certificate, cx: &mut Context<'_, Hotstuff>) {
        let said = certificate.statement;
        match said.stage {
            Stage::Prepare => {
                self.learn(certificate, cx);
                self.vote_next(Statement { stage: Stage::Precommit, ..said }, cx);
            }
            Stage::Precommit => {
                if said.view > self.view {
                    self.enter(said.view, false, cx);
                }
                // Who was late knows by this that a quorum had voted before.
                self.lock_on(certificate);
                self.vote_next(Statement { stage: Stage::Commit, ..said }, cx);
            }
            Stage::Commit => self.learn_decided(certificate, cx),
            _ => {}
        }
    }

    fn vote_next(&mut self, statement: Statement, cx: &mut Context<'_, Hotstuff>) {
        let Statement { stage, view, .. } = statement;
        if view == self.view && view >= self.given_up && (view, rank(stage)) > self.voted {
            self.cast(statement, cx);
        }
    }

    /// A quorum voted for a block in all stages.
    pub(super) fn learn_decided(&mut self, certificate: &Certificate, cx: &mut Context<'_, Hotstuff>) {
        let view = certificate.statement.view;
        let known = self.decided.as_ref().map_or(0, |decided| decided.statement.view);
        if view > known {
            self.decided = Some(certificate.clone());
            self.settle(cx);
        }
        if view >= self.view {
            self.enter(view.saturating_add(1), false, cx);
            self.report_ready(cx);
        }
        self.propose(cx);
        self.keep_watch(cx);
    }

    /// Commits what is decided.
    pub(super) fn settle_basic(&mut self, cx: &mut Context<'_, Hotstuff>) {
        let Some(said) = self.decided.as_ref().map(|decided| decided.statement) else { return };
        match self.block(&said).cloned() {
            Some(block) => {
                self.commit(&block, cx);
                self.told = self.tip().0;
            }
            None => self.want(said.digest.0, said.height, cx),
        }
    }

    /// Tells the leader of this view that it may begin.
    fn report_ready(&mut self, cx: &mut Context<'_, Hotstuff>) {
        let (view, high) = (self.view, self.high.clone());
        let leader = self.turns.leader(view);
        self.ready_for = view;
        if leader == self.me {
            self.count_ready(self.me, view, cx);
        } else {
            self.outbox.tell(leader, HotstuffMessage::NewView { view, high });
        }
    }

    /// A member is ready for a view.
    pub(super) fn on_new_view(
        &mut self,
        from: NodeId,
        view: u64,
        high: &Certificate,
        cx: &mut Context<'_, Hotstuff>,
    ) {
        if !self.is_basic() || view < self.view || self.turns.leader(view) != self.me {
            return;
        }
        if let Err(reason) = self.judge_certificate(high, Stage::Prepare, cx) {
            return self.refuse("certificate", reason);
        }
        self.learn(high, cx);
        self.count_ready(from, view, cx);
    }

    fn count_ready(&mut self, from: NodeId, view: u64, cx: &mut Context<'_, Hotstuff>) {
        if view > self.ready.0 {
            self.ready = (view, Signers::default());
        }
        if view == self.ready.0 {
            self.ready.1.insert(from);
            if view > self.view && self.ready.1.len() >= self.votes_needed() {
                self.enter(view, false, cx);
            }
            self.propose(cx);
            self.keep_watch(cx);
        }
    }
}
