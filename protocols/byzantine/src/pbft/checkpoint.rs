//! Checkpoints: a state that a quorum vouches for, before which nothing needs to be remembered.

use sim_core::facts::ContentHash;
use sim_core::process::Context;

use super::replica::Replica;
use super::vocabulary::{Pbft, PbftMessage, PbftObservation, Snapshot};
use crate::certificate::{Certificate, Refusal, Signed};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};

impl Replica {
    /// Vouches for the state after the batch that was just executed.
    pub(super) fn take_checkpoint(&mut self, cx: &mut Context<'_, Pbft>) {
        let sequence = self.executed;
        if sequence <= self.low {
            return;
        }
        let digest = self.store.digest();
        self.states.insert(sequence, Shared::new(Snapshot { store: self.store.clone() }));
        let vote = Vote::sign(Statement::new(Stage::Checkpoint, 0, sequence, digest), cx);
        self.outbox.report(PbftObservation::Checkpointed { sequence, digest: ContentHash(digest) });
        self.outbox.tell_all(PbftMessage::Checkpoint(vote));
        self.count_checkpoint(&vote, cx);
    }

    /// A member vouches for its state.
    pub(super) fn on_checkpoint(&mut self, vote: &Vote, cx: &mut Context<'_, Pbft>) {
        let said = vote.statement;
        // A checkpoint belongs to no view: a signature over another one would spoil the certificate.
        let topic = said.stage == Stage::Checkpoint
            && said.view == 0
            && said.height.is_multiple_of(self.parameters.checkpoint_interval);
        if vote.signer().0 >= self.members || !topic || said.height <= self.low {
            return;
        }
        if !vote.verify(cx) {
            return self.refuse("vote", Refusal::BadSignature);
        }
        self.claim(vote.signer(), said.height, cx);
        if self.in_window(said.height) {
            self.count_checkpoint(vote, cx);
        }
    }

    fn count_checkpoint(&mut self, vote: &Vote, cx: &mut Context<'_, Pbft>) {
        let said = vote.statement;
        // Plant: one vote is enough.
        let needed = if self.plants.unstable_checkpoint { 1 } else { self.votes_needed() };
        let scheme = self.parameters.signatures;
        let tally = self.checkpoints.entry(said.height).or_default();
        tally.fold(&vote.signature, said.digest.0);
        let backing = tally.backing(said.digest.0).filter(|backing| backing.signers.len() >= needed);
        let Some(backing) = backing else { return };
        let certificate = Signed::certificate(said, backing, scheme);
        self.stabilize(&certificate, cx);
    }

    /// A checkpoint is stable: everything up to there is forgotten. Who has not come so far asks for its state.
    pub(super) fn stabilize(&mut self, certificate: &Certificate, cx: &mut Context<'_, Pbft>) {
        let Statement { height, digest, .. } = certificate.statement;
        if height <= self.low {
            return;
        }
        self.low = height;
        self.proof = Some(certificate.clone());
        self.proposed = self.proposed.max(height);
        self.log = self.log.split_off(&height.saturating_add(1));
        self.checkpoints = self.checkpoints.split_off(&height.saturating_add(1));
        self.outbox.report(PbftObservation::Stable { sequence: height, digest });
        let own = self.states.remove(&height).filter(|state| state.store.digest() == digest.0);
        self.states = self.states.split_off(&height.saturating_add(1));
        if let Some(snapshot) = own {
            self.stable = Some((certificate.clone(), snapshot));
            self.forget_the_past(cx);
        } else {
            self.expect_more(cx);
        }
        self.propose(cx);
    }
}
