//! Leaving a view: what a member has prepared goes along, with its certificates.

use sim_core::process::Context;

use super::replica::{Replica, VIEW};
use super::vocabulary::{Pbft, PbftMessage, PbftObservation, PbftRecord, Prepared, ViewChange, ViewChanged};
use crate::certificate::Refusal;
use crate::shared::Shared;
use crate::vote::{Stage, Statement};

impl Replica {
    /// Takes part in no view before this one, and says so.
    pub(super) fn want_view(&mut self, view: u64, cx: &mut Context<'_, Pbft>) {
        if self.plants.silent_view_change {
            return self.enter_alone(view, cx);
        }
        (self.view, self.active, self.new_view) = (view, false, None);
        self.record(PbftRecord::Abandoned { view }, cx);
        self.forget_votes();
        let change = self.make_change(cx);
        self.outbox.report(PbftObservation::Suspected { view });
        self.outbox.tell_all(PbftMessage::ViewChange(change.clone()));
        self.changes.insert(self.me, change);
        cx.cancel_timer(VIEW);
        self.expect_more(cx);
        self.count_changes(cx);
    }

    /// Plant: goes on to a view by itself.
    fn enter_alone(&mut self, view: u64, cx: &mut Context<'_, Pbft>) {
        (self.view, self.active, self.new_view) = (view, true, None);
        self.proposed = self.executed;
        self.record(PbftRecord::Entered { view, new_view: None }, cx);
        self.forget_votes();
        self.outbox.report(PbftObservation::Entered { view, primary: self.leads() });
        self.pending.propose_only(std::iter::empty());
        self.watch_anew(cx);
        self.propose(cx);
    }

    fn make_change(&self, cx: &mut Context<'_, Pbft>) -> ViewChange {
        let prepared: Vec<Prepared> =
            self.log.values().filter_map(|instance| instance.prepared.clone()).collect();
        let (view, stable, checkpoint) = (self.view, self.low, self.proof.clone());
        let content = ViewChanged::signed_content(view, stable, checkpoint.as_ref(), &prepared);
        Shared::new(ViewChanged { view, stable, checkpoint, prepared, signature: cx.sign(content) })
    }

    /// A member wants another view.
    pub(super) fn on_view_change(&mut self, change: &ViewChange, cx: &mut Context<'_, Pbft>) {
        let known = self.changes.get(&change.signature.signer);
        let newer = known
            .is_none_or(|known| known.view < change.view || (known.view == change.view && known != change));
        if !newer || change.view < self.view || (change.view == self.view && self.active) {
            return;
        }
        match self.judge_change(change, cx) {
            Err(reason) => self.refuse("view change", reason),
            Ok(()) => {
                self.changes.insert(change.signature.signer, change.clone());
                self.count_changes(cx);
            }
        }
    }

    /// f + 1 members want a later view: this one joins them. A quorum wants this view: its primary begins it.
    ///
    /// The wait for that begins when a quorum wants this view or a later one. The paper waits until a quorum wants this
    /// view; but a view change may be lost with a session, and who sent it has gone on since, so that some would wait for
    /// ever.
    fn count_changes(&mut self, cx: &mut Context<'_, Pbft>) {
        let me = self.me;
        let others = self.changes.iter().filter(|(node, _)| **node != me).map(|(_, change)| change.view);
        let later: Vec<u64> = others.filter(|view| *view > self.view).collect();
        if later.len() >= self.quorum.one_honest() as usize
            && let Some(first) = later.iter().min()
        {
            self.attempts += 1;
            return self.want_view(*first, cx);
        }
        if self.active {
            return;
        }
        let needed = self.votes_needed() as usize;
        let wanted = |from: u64, to: u64| {
            self.changes.values().filter(|change| (from..=to).contains(&change.view)).count() >= needed
        };
        if self.primary_of(self.view) == self.me && wanted(self.view, self.view) {
            self.begin_view(cx);
        } else if self.awaited != Some(self.view) && wanted(self.view, u64::MAX) {
            self.awaited = Some(self.view);
            self.wait_for_view(cx);
        }
    }

    /// Whether a view change proves what it claims. One that was judged before is known to.
    pub(super) fn judge_change(
        &self,
        change: &ViewChange,
        cx: &mut Context<'_, Pbft>,
    ) -> Result<(), Refusal> {
        let signer = change.signature.signer;
        if signer.0 >= self.members {
            return Err(Refusal::UnknownSigner);
        }
        if self.changes.get(&signer) == Some(change) {
            return Ok(());
        }
        if !cx.verify(change.content(), &change.signature) {
            return Err(Refusal::BadSignature);
        }
        self.judge_checkpoint(change, cx)?;
        let mut last = change.stable;
        for prepared in &change.prepared {
            let said = prepared.proposal.vote.statement;
            let far = said.height > change.stable + self.parameters.log_size();
            let bounded = !self.plants.unstable_checkpoint;
            if said.height <= last || (far && bounded) || said.view >= change.view {
                return Err(Refusal::OutOfRange);
            }
            last = said.height;
            self.judge_prepared(prepared, cx)?;
        }
        Ok(())
    }

    fn judge_checkpoint(&self, change: &ViewChange, cx: &mut Context<'_, Pbft>) -> Result<(), Refusal> {
        match (change.stable, &change.checkpoint) {
            (0, None) => Ok(()),
            (stable, Some(certificate)) if stable > 0 => {
                self.touch(certificate);
                let said = certificate.statement;
                if said.stage != Stage::Checkpoint || said.height != stable {
                    return Err(Refusal::OffTopic);
                }
                // Plant: one vote is enough.
                let needed = if self.plants.unstable_checkpoint { 1 } else { self.votes_needed() };
                certificate.verify(self.members, needed, cx)
            }
            _ => Err(Refusal::OffTopic),
        }
    }

    /// Whether a quorum prepared that: the primary by its proposal, the others by their votes.
    fn judge_prepared(&self, prepared: &Prepared, cx: &mut Context<'_, Pbft>) -> Result<(), Refusal> {
        self.touch(&prepared.certificate);
        // Plant: what is claimed is believed.
        if self.plants.claims_unverified {
            return Ok(());
        }
        self.judge_proposal(&prepared.proposal, cx)?;
        let Statement { view, height, digest, .. } = prepared.proposal.vote.statement;
        let certificate = &prepared.certificate;
        if certificate.statement != Statement::new(Stage::Prepare, view, height, digest.0)
            || certificate.signers.contains(self.primary_of(view))
        {
            return Err(Refusal::OffTopic);
        }
        certificate.verify(self.members, self.votes_needed() - 1, cx)
    }
}
