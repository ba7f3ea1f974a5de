//! Going on to another view: members report what they accepted, and its leader proposes what follows.

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::choice::{Choice, choose, find};
use super::replica::{Replica, VIEW};
use super::vocabulary::{
    Fast, FastMessage, FastObservation, FastRecord, FastTimer, Proposed, Report, Reported,
};
use crate::certificate::Refusal;
use crate::request::Request;
use crate::shared::Shared;
use crate::signers::Signers;
use crate::vote::{Stage, Vote};

impl Replica {
    /// There is something to decide: it waits for that from now on.
    pub(super) fn keep_watch(&mut self, cx: &mut Context<'_, Fast>) {
        if !self.waiting && self.decided.is_none() {
            self.waiting = true;
            cx.set_timer(VIEW, self.parameters.patience(self.attempts), FastTimer::View);
        }
    }

    /// Nothing was decided in time. A member goes on to a later view once a quorum is in this one, so that none runs ahead; else
    /// it says again where it is.
    pub(super) fn on_view_timeout(&mut self, cx: &mut Context<'_, Fast>) {
        if self.decided.is_some() {
            return;
        }
        self.waiting = false;
        self.outbox.report(FastObservation::TimedOut { view: self.view });
        let here = self.reports.values().filter(|report| report.view >= self.view).count();
        if self.view == 0 || here >= self.quorum.size() as usize {
            self.attempts = self.attempts.saturating_add(1);
            self.enter(self.view.saturating_add(1), cx);
        } else {
            let report = self.make_report(cx);
            self.outbox.tell_all(FastMessage::Report(report));
        }
        self.keep_watch(cx);
    }

    /// Takes part in no view before this one, and tells what it accepted so far.
    pub(super) fn enter(&mut self, view: u64, cx: &mut Context<'_, Fast>) {
        self.view = view;
        self.standing = (self.accepted.clone(), self.certificate.clone());
        self.outbox.record(FastRecord::Entered { view }, cx);
        let (me, keeps) = (self.me, |at: u64| at.saturating_add(super::replica::VIEWS_KEPT) >= view);
        self.votes.retain(|at, _| keeps(*at));
        self.outbox.report(FastObservation::Entered { view, leader: self.leader_of(view) == me });
        let report = self.make_report(cx);
        self.outbox.tell_all(FastMessage::Report(report.clone()));
        self.reports.insert(me, report);
        self.waiting = false;
        self.keep_watch(cx);
        self.propose_if_due(cx);
    }

    /// What it says to the leader of its view.
    pub(super) fn make_report(&self, cx: &mut Context<'_, Fast>) -> Report {
        let (accepted, certificate) = self.standing.clone();
        let content = Reported::signed_content(self.view, &accepted, certificate.as_ref());
        let signature = cx.sign(content);
        Shared::new(Reported { view: self.view, accepted, certificate, signature })
    }

    /// A member goes on to another view.
    pub(super) fn on_report(&mut self, from: NodeId, report: &Report, cx: &mut Context<'_, Fast>) {
        if self.decided.is_some() {
            return self.tell_decision(from);
        }
        let signer = report.signature.signer;
        let known = self.reports.get(&signer);
        if known.is_some_and(|known| known.view > report.view || known == report) {
            return;
        }
        if let Err(reason) = self.judge_report(report, cx) {
            return self.refuse("report", reason);
        }
        self.reports.insert(signer, report.clone());
        self.keep_watch(cx);
        self.join_others(cx);
        self.propose_if_due(cx);
    }

    /// f + 1 members are in later views: this one joins the first of these.
    fn join_others(&mut self, cx: &mut Context<'_, Fast>) {
        let later = self.reports.values().map(|report| report.view).filter(|view| *view > self.view);
        let mut later: Vec<u64> = later.collect();
        later.sort_unstable_by(|one, other| other.cmp(one));
        if let Some(view) = later.get(self.quorum.faulty() as usize).copied() {
            self.attempts = self.attempts.saturating_add(1);
            self.enter(view, cx);
        }
    }

    /// Whether a report is signed, and its certificate good. What it says that it accepted proves nothing by itself.
    fn judge_report(&self, report: &Report, cx: &mut Context<'_, Fast>) -> Result<(), Refusal> {
        let signer = report.signature.signer;
        if signer.0 >= self.members {
            return Err(Refusal::UnknownSigner);
        }
        if self.reports.get(&signer) == Some(report) {
            return Ok(());
        }
        if !cx.verify(report.content(), &report.signature) {
            return Err(Refusal::BadSignature);
        }
        let mut last = None;
        for one in &report.accepted {
            if one.view >= report.view || last.is_some_and(|last| one.view <= last) {
                return Err(Refusal::OutOfRange);
            }
            last = Some(one.view);
            if !self.believes(&one.request, cx) {
                return Err(Refusal::BadSignature);
            }
        }
        let Some(certificate) = &report.certificate else { return Ok(()) };
        if certificate.statement.view >= report.view {
            return Err(Refusal::OutOfRange);
        }
        self.judge_certificate(certificate, cx)
    }

    /// Whether these are reports of a quorum for a view.
    pub(super) fn judge_reports(
        &self,
        view: u64,
        reports: &[Report],
        cx: &mut Context<'_, Fast>,
    ) -> Result<(), Refusal> {
        let signers: Signers = reports.iter().map(|report| report.signature.signer).collect();
        if signers.len() < self.quorum.size() || signers.len() as usize != reports.len() {
            return Err(Refusal::TooFewSigners);
        }
        for report in reports {
            if report.view != view {
                return Err(Refusal::OutOfRange);
            }
            self.judge_report(report, cx)?;
        }
        Ok(())
    }

    /// The leader of this view proposes once it may.
    pub(super) fn propose_if_due(&mut self, cx: &mut Context<'_, Fast>) {
        let view = self.view;
        let made = self.proposal.as_ref().is_some_and(|made| made.vote.statement.view >= view);
        if self.decided.is_some() || made || self.leader_of(view) != self.me || self.accepted_here().is_some()
        {
            return;
        }
        let Some((request, reports)) = self.next_proposal() else { return };
        let vote = Vote::sign(self.statement(Stage::Propose, request.hash()), cx);
        let proposal = Shared::new(Proposed { vote, request, reports });
        self.proposal = Some(proposal.clone());
        self.outbox.record(FastRecord::Proposed(proposal.clone()), cx);
        self.outbox.tell_all(FastMessage::Proposal(proposal.clone()));
        self.accept(&proposal, cx);
    }

    /// What it may propose in this view, and the reports that allow it.
    fn next_proposal(&mut self) -> Option<(Request, Vec<Report>)> {
        let view = self.view;
        if view == 0 {
            return Some((self.requests.first()?.clone(), Vec::new()));
        }
        let reports: Vec<Report> =
            self.reports.values().filter(|report| report.view == view).cloned().collect();
        if reports.len() < self.quorum.size() as usize {
            return None;
        }
        let choice = choose(self.style.rule, &reports, self.quorum.one_honest() as usize);
        let (request, because) = match choice {
            Choice::Free => (self.requests.first().cloned()?, "free"),
            Choice::Only(digest, because) => {
                let known = || self.requests.iter().find(|request| request.hash() == digest);
                (find(&reports, digest).or_else(known).cloned()?, because)
            }
            Choice::Nothing => {
                if self.unvouched.replace(view) != Some(view) {
                    self.outbox.report(FastObservation::Unvouched { view });
                }
                return None;
            }
        };
        let digest = ContentHash(request.hash());
        self.outbox.report(FastObservation::Chosen { view, digest, because });
        Some((request, reports))
    }
}
