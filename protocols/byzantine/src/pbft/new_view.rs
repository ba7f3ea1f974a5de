//! Beginning a view: what a quorum had prepared is proposed again, so that nothing committed is lost.

use sim_core::process::Context;

use super::replica::Replica;
use super::vocabulary::{
    NewView, NewViewBegun, Pbft, PbftMessage, PbftObservation, PbftRecord, Prepared, Proposal, ViewChange,
};
use crate::certificate::{Certificate, Refusal};
use crate::request::{Batch, Requests};
use crate::shared::Shared;
use crate::signers::Signers;

/// What follows from a quorum of view changes.
pub(super) struct Conclusion {
    /// The latest stable checkpoint, and what proves it.
    pub(super) stable: u64,
    checkpoint: Option<Certificate>,
    /// What is proposed from there on, without a gap.
    pub(super) batches: Vec<Batch>,
}

/// At each sequence number, what was prepared in the highest view; a null request where nothing was.
pub(super) fn conclude(changes: &[ViewChange]) -> Conclusion {
    let latest = changes.iter().max_by_key(|change| change.stable);
    let stable = latest.map_or(0, |change| change.stable);
    let checkpoint = latest.and_then(|change| change.checkpoint.clone());
    let height = |prepared: &Prepared| prepared.proposal.vote.statement.height;
    let all = || changes.iter().flat_map(|change| &change.prepared);
    let last = all().map(height).max().unwrap_or(stable).max(stable);
    let chosen = |sequence| {
        let there = all().filter(|prepared| height(prepared) == sequence);
        let highest = there.max_by_key(|prepared| prepared.proposal.vote.statement.view);
        highest.map_or_else(|| Requests::batch(Vec::new()), |prepared| prepared.proposal.batch.clone())
    };
    Conclusion { stable, checkpoint, batches: (stable + 1..=last).map(chosen).collect() }
}

impl Replica {
    /// A quorum wants the view that this member leads.
    pub(super) fn begin_view(&mut self, cx: &mut Context<'_, Pbft>) {
        let view = self.view;
        let needed = self.votes_needed() as usize;
        let wanted = self.changes.values().filter(|change| change.view == view);
        let changes: Vec<ViewChange> = wanted.take(needed).cloned().collect();
        let conclusion = conclude(&changes);
        let numbered = (conclusion.stable + 1..).zip(conclusion.batches);
        let proposals: Vec<Proposal> =
            numbered.map(|(sequence, batch)| self.make_proposal(sequence, batch, cx)).collect();
        let signature = cx.sign(NewViewBegun::signed_content(view, &changes, &proposals));
        let new_view = Shared::new(NewViewBegun { view, changes, proposals, signature });
        self.outbox.tell_all(PbftMessage::NewView(new_view.clone()));
        self.enter(&new_view, conclusion.checkpoint.as_ref(), cx);
    }

    /// A primary begins a view.
    pub(super) fn on_new_view(&mut self, new_view: &NewView, cx: &mut Context<'_, Pbft>) {
        if new_view.view < self.view || (new_view.view == self.view && self.active) {
            return;
        }
        match self.judge_new_view(new_view, cx) {
            Err(reason) => self.refuse("new view", reason),
            Ok(conclusion) => self.enter(new_view, conclusion.checkpoint.as_ref(), cx),
        }
    }

    /// Whether a new view is its primary's, a quorum wanted it, and it proposes what follows from that.
    fn judge_new_view(&self, new_view: &NewView, cx: &mut Context<'_, Pbft>) -> Result<Conclusion, Refusal> {
        let view = new_view.view;
        if new_view.signature.signer != self.primary_of(view) {
            return Err(Refusal::OffTopic);
        }
        if !cx.verify(new_view.content(), &new_view.signature) {
            return Err(Refusal::BadSignature);
        }
        let signers: Signers = new_view.changes.iter().map(|change| change.signature.signer).collect();
        // Plant: whoever leads is believed.
        if self.plants.new_view_unverified {
            return Ok(conclude(&new_view.changes));
        }
        if signers.len() < self.votes_needed() || signers.len() as usize != new_view.changes.len() {
            return Err(Refusal::TooFewSigners);
        }
        for change in &new_view.changes {
            if change.view != view {
                return Err(Refusal::OutOfRange);
            }
            self.judge_change(change, cx)?;
        }
        let conclusion = conclude(&new_view.changes);
        if new_view.proposals.len() != conclusion.batches.len() {
            return Err(Refusal::WrongConclusion);
        }
        let expected = (conclusion.stable + 1..).zip(&conclusion.batches);
        for (proposal, (sequence, batch)) in new_view.proposals.iter().zip(expected) {
            let said = proposal.vote.statement;
            if (said.view, said.height) != (view, sequence) || proposal.batch != *batch {
                return Err(Refusal::WrongConclusion);
            }
            self.judge_proposal(proposal, cx)?;
        }
        Ok(conclusion)
    }

    fn enter(&mut self, new_view: &NewView, checkpoint: Option<&Certificate>, cx: &mut Context<'_, Pbft>) {
        let view = new_view.view;
        (self.view, self.active, self.awaited) = (view, false, None);
        self.forget_votes();
        if let Some(certificate) = checkpoint {
            self.stabilize(certificate, cx);
        }
        let last = new_view.proposals.last().map_or(0, |proposal| proposal.vote.statement.height);
        self.proposed = last.max(self.low);
        self.new_view = Some(new_view.clone());
        self.active = true;
        self.record(PbftRecord::Entered { view, new_view: self.new_view.clone() }, cx);
        let primary = self.leads();
        self.outbox.report(PbftObservation::Entered { view, primary });
        let proposed = new_view.proposals.iter().flat_map(|proposal| &proposal.batch.list);
        self.pending.propose_only(proposed);
        self.changes.retain(|_, change| change.view > view);
        for proposal in &new_view.proposals {
            let said = proposal.vote.statement;
            let (sequence, digest) = (said.height, said.digest);
            self.outbox.report(PbftObservation::Reproposed { view, sequence, digest });
            if sequence > self.low {
                self.accept(proposal, cx);
            }
        }
        self.count_early(cx);
        self.watch_anew(cx);
        self.ask_primary();
        self.propose(cx);
    }

    /// The new primary learns of every request that waits here.
    fn ask_primary(&mut self) {
        let primary = self.primary_of(self.view);
        if primary != self.me {
            for request in self.pending.requests().cloned().collect::<Vec<_>>() {
                self.outbox.tell(primary, PbftMessage::Request(request));
            }
        }
    }
}
