//! One view: a proposal is accepted, and decided by all who accepted it or by a quorum that knows so.

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::choice::choose;
use super::replica::{COLLECT, Replica, SLOT, VIEW, VIEWS_KEPT};
use super::style::Learners;
use super::vocabulary::{Accepted, Fast, FastMessage, FastObservation, FastRecord, FastTimer, Proposal};
use crate::certificate::{Certificate, Refusal, Signed};
use crate::vote::{Stage, Statement, Vote};

impl Replica {
    /// The leader proposes.
    pub(super) fn on_proposal(&mut self, from: NodeId, proposal: &Proposal, cx: &mut Context<'_, Fast>) {
        if self.decided.is_some() {
            return self.tell_decision(from);
        }
        let view = proposal.vote.statement.view;
        if view < self.view || (view == self.view && self.accepted_here().is_some()) {
            return;
        }
        if let Err(reason) = self.judge_proposal(proposal, cx) {
            return self.refuse("proposal", reason);
        }
        if view > self.view {
            self.enter(view, cx);
        }
        self.accept(proposal, cx);
    }

    /// Whether its leader may propose that.
    fn judge_proposal(&self, proposal: &Proposal, cx: &mut Context<'_, Fast>) -> Result<(), Refusal> {
        let said = proposal.vote.statement;
        let digest = proposal.request.hash();
        if said != Statement::new(Stage::Propose, said.view, SLOT, digest) {
            return Err(Refusal::OffTopic);
        }
        if proposal.vote.signer() != self.leader_of(said.view) {
            return Err(Refusal::UnknownSigner);
        }
        if !proposal.vote.verify(cx) || !self.believes(&proposal.request, cx) {
            return Err(Refusal::BadSignature);
        }
        if said.view == 0 {
            return if proposal.reports.is_empty() { Ok(()) } else { Err(Refusal::OutOfRange) };
        }
        self.judge_reports(said.view, &proposal.reports, cx)?;
        let choice = choose(self.style.rule, &proposal.reports, self.quorum.one_honest() as usize);
        if choice.allows(digest) { Ok(()) } else { Err(Refusal::WrongConclusion) }
    }

    /// Accepts a proposal of this view, once.
    pub(super) fn accept(&mut self, proposal: &Proposal, cx: &mut Context<'_, Fast>) {
        let (view, request) = (self.view, proposal.request.clone());
        let digest = request.hash();
        let accepted = Accepted { request: request.clone(), view };
        self.note_accepted(&accepted);
        self.outbox.record(FastRecord::Accepted(accepted), cx);
        let client = request.command.client;
        self.outbox.report(FastObservation::Accepted { view, digest: ContentHash(digest), client });
        let vote = Vote::sign(self.statement(Stage::Prepare, digest), cx);
        self.tell_learners(&FastMessage::Accepted(vote));
        self.keep_watch(cx);
        if self.learns(self.me) {
            self.count(&vote);
            self.look_at_accepts(view, cx);
        }
    }

    /// What it accepts comes last, and each request once.
    pub(super) fn note_accepted(&mut self, accepted: &Accepted) {
        self.accepted.retain(|known| known.request != accepted.request);
        self.accepted.push(accepted.clone());
    }

    /// A member has accepted a request.
    pub(super) fn on_accepted(&mut self, vote: &Vote, cx: &mut Context<'_, Fast>) {
        if self.takes(vote, Stage::Prepare, cx) && self.count(vote) {
            self.look_at_accepts(vote.statement.view, cx);
        }
    }

    /// Whether a vote is of this kind, new and signed.
    fn takes(&mut self, vote: &Vote, stage: Stage, cx: &mut Context<'_, Fast>) -> bool {
        let said = vote.statement;
        if self.decided.is_some() || !self.learns(self.me) || !self.keeps(said.view) {
            return false;
        }
        let tally = self.votes.get(&said.view).map(|votes| match stage {
            Stage::Prepare => &votes.accepts,
            _ => &votes.commits,
        });
        if tally.is_some_and(|tally| tally.voted(vote.signer())) {
            return false;
        }
        let verdict = if said.stage != stage || said.height != SLOT {
            Refusal::OffTopic
        } else if vote.signer().0 >= self.members {
            Refusal::UnknownSigner
        } else if !vote.verify(cx) {
            Refusal::BadSignature
        } else {
            return true;
        };
        self.refuse("vote", verdict);
        false
    }

    /// Whether votes of a view are kept.
    pub(super) const fn keeps(&self, view: u64) -> bool {
        view <= self.view.saturating_add(VIEWS_KEPT) && view.saturating_add(VIEWS_KEPT) >= self.view
    }

    /// Counts a vote; false if its signer has voted already.
    pub(super) fn count(&mut self, vote: &Vote) -> bool {
        let said = vote.statement;
        let votes = self.votes.entry(said.view).or_default();
        let tally = if said.stage == Stage::Prepare { &mut votes.accepts } else { &mut votes.commits };
        tally.fold(&vote.signature, said.digest.0)
    }

    /// The certificate of a statement that so many signed, if they did.
    fn proven(&self, (stage, view): (Stage, u64), needed: u32) -> Option<Certificate> {
        let votes = self.votes.get(&view)?;
        let tally = if stage == Stage::Prepare { &votes.accepts } else { &votes.commits };
        let digest = tally.reaching(needed)?;
        let said = Statement::new(stage, view, SLOT, digest);
        Some(Signed::certificate(said, tally.backing(digest)?, self.parameters.signatures))
    }

    /// Another member accepted something in a view: all did, or a quorum.
    pub(super) fn look_at_accepts(&mut self, view: u64, cx: &mut Context<'_, Fast>) {
        if self.decided.is_some() {
            return;
        }
        if let Some(certificate) = self.proven((Stage::Prepare, view), self.members) {
            return self.decide(&certificate, cx);
        }
        let Some(certificate) = self.proven((Stage::Prepare, view), self.quorum.size()) else { return };
        let digest = certificate.statement.digest.0;
        match self.style.learners {
            Learners::Members => self.adopt(&certificate, cx),
            Learners::Clients if self.collecting.is_none_or(|(known, _)| known < view) => {
                self.collecting = Some((view, digest));
                cx.set_timer(COLLECT, self.parameters.collect_timeout, FastTimer::Collect);
            }
            Learners::Clients => {}
        }
    }

    /// A client waits for the answers of all no longer: it shows the members that a quorum answered.
    pub(super) fn on_collect_timeout(&mut self, cx: &mut Context<'_, Fast>) {
        let Some((view, _)) = self.collecting.filter(|_| self.decided.is_none()) else { return };
        if let Some(certificate) = self.proven((Stage::Prepare, view), self.quorum.size()) {
            self.outbox.tell_all(FastMessage::Certified(certificate.clone()));
            self.adopt(&certificate, cx);
        }
    }

    /// A client shows that a quorum accepted a request.
    pub(super) fn on_certified(
        &mut self,
        from: NodeId,
        certificate: &Certificate,
        cx: &mut Context<'_, Fast>,
    ) {
        if self.decided.is_some() {
            return self.tell_decision(from);
        }
        match self.judge_certificate(certificate, cx) {
            Ok(()) => self.adopt(certificate, cx),
            Err(reason) => self.refuse("certificate", reason),
        }
    }

    /// Whether a quorum accepted what a certificate says. One that is held was looked at before.
    pub(super) fn judge_certificate(
        &self,
        certificate: &Certificate,
        cx: &mut Context<'_, Fast>,
    ) -> Result<(), Refusal> {
        if self.certificate.as_ref() == Some(certificate) {
            return Ok(());
        }
        let said = certificate.statement;
        if said != Statement::new(Stage::Prepare, said.view, SLOT, said.digest.0) {
            return Err(Refusal::OffTopic);
        }
        certificate.verify(self.members, self.quorum.size(), cx)
    }

    /// Holds a certificate that is good, if it is of a higher view than the one before; and commits to it if it may.
    pub(super) fn adopt(&mut self, certificate: &Certificate, cx: &mut Context<'_, Fast>) {
        let said = certificate.statement;
        if self.certificate.as_ref().is_some_and(|held| held.statement.view >= said.view) {
            return;
        }
        if said.view > self.view {
            self.enter(said.view, cx);
        }
        self.certificate = Some(certificate.clone());
        self.outbox.record(FastRecord::Certified(certificate.clone()), cx);
        let (view, digest) = (said.view, said.digest);
        self.outbox.report(FastObservation::Certified { view, digest });
        if view != self.view {
            return;
        }
        self.outbox.report(FastObservation::Promised { view, digest });
        let commit = self.commit_message(digest.0, cx);
        self.tell_learners(&commit);
        if let FastMessage::Commit { vote, .. } = commit
            && self.learns(self.me)
            && self.count(&vote)
        {
            self.look_at_commits(view, cx);
        }
    }

    /// It commits to a request in this view. In FaB it shows why.
    pub(super) fn commit_message(&self, digest: u64, cx: &mut Context<'_, Fast>) -> FastMessage {
        let vote = Vote::sign(self.statement(Stage::Commit, digest), cx);
        let shows = self.style.learners == Learners::Members;
        FastMessage::Commit { vote, certificate: self.certificate.clone().filter(|_| shows) }
    }

    /// A member commits to a request, and may show why.
    pub(super) fn on_commit(
        &mut self,
        from: NodeId,
        vote: &Vote,
        certificate: Option<&Certificate>,
        cx: &mut Context<'_, Fast>,
    ) {
        let taken = self.takes(vote, Stage::Commit, cx) && self.count(vote);
        if let Some(certificate) = certificate.filter(|shown| self.certificate.as_ref() != Some(*shown)) {
            self.on_certified(from, certificate, cx);
        }
        if taken {
            self.look_at_commits(vote.statement.view, cx);
        }
    }

    pub(super) fn look_at_commits(&mut self, view: u64, cx: &mut Context<'_, Fast>) {
        if self.decided.is_none()
            && let Some(certificate) = self.proven((Stage::Commit, view), self.quorum.size())
        {
            self.decide(&certificate, cx);
        }
    }

    /// A member says that something is decided.
    pub(super) fn on_decided(&mut self, certificate: &Certificate, cx: &mut Context<'_, Fast>) {
        if self.decided.is_some() {
            return;
        }
        let said = certificate.statement;
        let needed = if said.stage == Stage::Prepare { self.members } else { self.quorum.size() };
        let topic = matches!(said.stage, Stage::Prepare | Stage::Commit) && said.height == SLOT;
        let verdict =
            if topic { certificate.verify(self.members, needed, cx) } else { Err(Refusal::OffTopic) };
        match verdict {
            Ok(()) => self.learn(certificate, cx),
            Err(reason) => self.refuse("decision", reason),
        }
    }

    /// It decides by what it has seen itself, and tells everybody.
    fn decide(&mut self, certificate: &Certificate, cx: &mut Context<'_, Fast>) {
        self.learn(certificate, cx);
        self.outbox.tell_all(FastMessage::Decided(certificate.clone()));
    }

    /// The slot is decided.
    fn learn(&mut self, certificate: &Certificate, cx: &mut Context<'_, Fast>) {
        self.decided = Some(certificate.clone());
        self.outbox.record(FastRecord::Decided(certificate.clone()), cx);
        self.outbox.report(FastObservation::committed(certificate.statement));
        self.waiting = false;
        cx.cancel_timer(VIEW);
        cx.cancel_timer(COLLECT);
    }

    /// Who still works on it is told that it is decided.
    pub(super) fn tell_decision(&mut self, to: NodeId) {
        if let Some(decided) = self.decided.clone() {
            self.outbox.tell(to, FastMessage::Decided(decided));
        }
    }
}
