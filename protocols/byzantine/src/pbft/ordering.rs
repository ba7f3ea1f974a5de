//! The three phases: a proposal, a quorum that accepts it, a quorum that knows that.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::replica::{Instance, Replica};
use super::vocabulary::{
    Pbft, PbftMessage, PbftObservation, PbftRecord, PreparedProposal, Proposal, Proposed,
};
use crate::certificate::{Refusal, Signed};
use crate::request::{Batch, Requests};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};

impl Replica {
    /// A primary proposes what waits, as far as the pipeline and the watermarks let it.
    pub(super) fn propose(&mut self, cx: &mut Context<'_, Pbft>) {
        let most = self.parameters.max_batch as usize;
        while self.leads()
            && self.in_window(self.proposed + 1)
            && self.proposed < self.executed + u64::from(self.parameters.pipeline)
        {
            let requests = self.pending.take(most);
            if requests.is_empty() {
                return;
            }
            self.proposed += 1;
            let proposal = self.make_proposal(self.proposed, Requests::batch(requests), cx);
            self.outbox.tell_all(PbftMessage::PrePrepare(proposal.clone()));
            self.accept(&proposal, cx);
        }
    }

    pub(super) fn make_proposal(&self, sequence: u64, batch: Batch, cx: &mut Context<'_, Pbft>) -> Proposal {
        let statement = Statement::new(Stage::Propose, self.view, sequence, batch.hash());
        Shared::new(Proposed { vote: Vote::sign(statement, cx), batch })
    }

    /// A primary proposes something.
    pub(super) fn on_proposal(&mut self, proposal: &Proposal, cx: &mut Context<'_, Pbft>) {
        let said = proposal.vote.statement;
        if !self.active || said.view != self.view || !self.in_window(said.height) {
            return;
        }
        let first = self.log.get(&said.height).is_none_or(|instance| instance.proposal.is_none());
        // Plant: a second proposal replaces the first.
        let replaces = self.plants.second_proposal
            && self.log.get(&said.height).and_then(|instance| instance.proposal.as_ref()) != Some(proposal);
        if !first && !replaces {
            return;
        }
        match self.judge_proposal(proposal, cx) {
            Err(reason) => self.refuse("proposal", reason),
            Ok(()) => self.accept(proposal, cx),
        }
    }

    /// Whether a proposal is its primary's, and what it is said to be.
    pub(super) fn judge_proposal(
        &self,
        proposal: &Proposal,
        cx: &mut Context<'_, Pbft>,
    ) -> Result<(), Refusal> {
        let said = proposal.vote.statement;
        // Plants: anybody may propose; a digest may stand for anything; requests need no signature.
        let entitled = proposal.vote.signer() == self.primary_of(said.view)
            || (self.plants.any_proposer && proposal.vote.signer().0 < self.members);
        if said.stage != Stage::Propose || !entitled {
            return Err(Refusal::OffTopic);
        }
        if said.digest.0 != proposal.batch.hash() && !self.plants.digest_uncompared {
            return Err(Refusal::WrongConclusion);
        }
        if !proposal.vote.verify(cx) {
            return Err(Refusal::BadSignature);
        }
        let members = self.members;
        let genuine = |request: &crate::request::Request, cx: &mut Context<'_, Pbft>| {
            request.command.client.0 >= members && request.verify(cx)
        };
        let all =
            self.plants.requests_unsigned || proposal.batch.list.iter().all(|request| genuine(request, cx));
        if all { Ok(()) } else { Err(Refusal::BadSignature) }
    }

    /// Takes a proposal as that of this view, and votes for it.
    pub(super) fn accept(&mut self, proposal: &Proposal, cx: &mut Context<'_, Pbft>) {
        let Statement { view, height, digest, .. } = proposal.vote.statement;
        for request in &proposal.batch.list {
            let known = self.store.session(request.command.client);
            if known.is_none_or(|session| session.sequence < request.command.timestamp) {
                self.pending.add(request);
            }
        }
        self.record(PbftRecord::Accepted(proposal.clone()), cx);
        self.outbox.report(PbftObservation::PrePrepared { view, sequence: height, digest });
        let vote = Vote::sign(Statement::new(Stage::Prepare, view, height, digest.0), cx);
        let leads = self.leads();
        let instance = self.log.entry(height).or_default();
        instance.proposal = Some(proposal.clone());
        if !leads {
            instance.prepares.fold(&vote.signature, digest.0);
            self.outbox.tell_all(PbftMessage::Prepare(vote));
        }
        // Plant: a promise without a certificate.
        if self.plants.commit_unprepared {
            self.promise(height, cx);
        }
        self.keep_watch(cx);
        self.advance(height, cx);
    }

    /// A member votes.
    pub(super) fn on_vote(&mut self, vote: &Vote, cx: &mut Context<'_, Pbft>) {
        let said = vote.statement;
        let signer = vote.signer();
        if signer.0 >= self.members || !matches!(said.stage, Stage::Prepare | Stage::Commit) {
            return;
        }
        if self.is_superfluous(vote) {
            return;
        }
        if !vote.verify(cx) {
            return self.refuse("vote", Refusal::BadSignature);
        }
        if said.stage == Stage::Commit {
            self.claim(signer, said.height, cx);
        }
        if said.view > self.view || (said.view == self.view && !self.active) {
            self.keep_early(vote);
        } else if said.view == self.view {
            self.count(vote, cx);
        }
    }

    /// Whether a vote changes nothing: it is not worth its verification.
    fn is_superfluous(&self, vote: &Vote) -> bool {
        let Statement { stage, view, height, .. } = vote.statement;
        let old = height <= self.executed && self.log.get(&height).is_none_or(|known| known.promised);
        view < self.view || height <= self.low || (old && view == self.view && stage == Stage::Prepare)
    }

    /// Votes of later views wait, as many of each signer as one view can have.
    fn keep_early(&mut self, vote: &Vote) {
        let most = usize::try_from(2 * self.parameters.log_size()).unwrap_or(usize::MAX);
        let kept = self.early.entry(vote.signer()).or_default();
        if kept.len() < most && !kept.contains(vote) {
            kept.push(*vote);
        }
    }

    /// The votes that waited for this view are counted; those of earlier ones are forgotten.
    pub(super) fn count_early(&mut self, cx: &mut Context<'_, Pbft>) {
        let view = self.view;
        for (signer, votes) in std::mem::take(&mut self.early) {
            let (now, later): (Vec<Vote>, Vec<Vote>) = votes
                .into_iter()
                .filter(|vote| vote.statement.view >= view)
                .partition(|vote| vote.statement.view == view);
            if !later.is_empty() {
                self.early.insert(signer, later);
            }
            now.iter().for_each(|vote| self.count(vote, cx));
        }
    }

    fn count(&mut self, vote: &Vote, cx: &mut Context<'_, Pbft>) {
        let said = self.told_of(vote.statement);
        if !self.in_window(said.height) {
            return;
        }
        let by_primary = vote.signer() == self.primary_of(said.view);
        let instance = self.log.entry(said.height).or_default();
        let new = match said.stage {
            // The proposal stands for the primary's own.
            Stage::Prepare if by_primary => false,
            Stage::Prepare => instance.prepares.fold(&vote.signature, said.digest.0),
            _ => instance.commits.fold(&vote.signature, said.digest.0),
        };
        // Plant: votes are counted by message.
        let again = !new && self.plants.votes_by_message;
        if again {
            instance.repeated.push(said);
        }
        if new || again {
            self.advance(said.height, cx);
        }
    }

    /// What a vote is about. Plants: it is about what was proposed there, whatever its digest; or about whatever has that
    /// digest, at any sequence number.
    fn told_of(&self, said: Statement) -> Statement {
        let proposal = self.log.get(&said.height).and_then(|instance| instance.proposal.as_ref());
        if let Some(proposal) = proposal.filter(|_| self.plants.votes_for_any_digest) {
            return Statement { digest: proposal.vote.statement.digest, ..said };
        }
        if !self.plants.sequence_uncompared {
            return said;
        }
        let has = |instance: &Instance| {
            instance.proposal.as_ref().is_some_and(|proposal| proposal.vote.statement.digest == said.digest)
        };
        let found = self.log.iter().find(|(_, instance)| has(instance));
        found.map_or(said, |(height, _)| Statement { height: *height, ..said })
    }

    fn votes(instance: &Instance, stage: Stage, digest: u64) -> u32 {
        let tally = if stage == Stage::Prepare { &instance.prepares } else { &instance.commits };
        let same = |said: &&Statement| said.stage == stage && said.digest.0 == digest;
        let repeated = instance.repeated.iter().filter(same).count();
        tally.votes(digest) + u32::try_from(repeated).unwrap_or(u32::MAX)
    }

    /// Does what the votes for a sequence number allow.
    pub(super) fn advance(&mut self, sequence: u64, cx: &mut Context<'_, Pbft>) {
        let needed = self.votes_needed();
        let Some(instance) = self.log.get(&sequence) else { return };
        let Some(proposal) = &instance.proposal else { return };
        let digest = proposal.vote.statement.digest.0;
        if !instance.promised && Self::votes(instance, Stage::Prepare, digest) + 1 >= needed {
            self.promise(sequence, cx);
        }
        let Some(instance) = self.log.get(&sequence) else { return };
        if instance.promised
            && instance.decided.is_none()
            && Self::votes(instance, Stage::Commit, digest) >= needed
        {
            self.decide(sequence, cx);
        }
    }

    /// It is prepared: writes the certificate down, and commits.
    fn promise(&mut self, sequence: u64, cx: &mut Context<'_, Pbft>) {
        let scheme = self.parameters.signatures;
        let Some(instance) = self.log.get_mut(&sequence) else { return };
        let Some(proposal) = instance.proposal.clone().filter(|_| !instance.promised) else { return };
        let Statement { view, digest, .. } = proposal.vote.statement;
        let about = |stage| Statement::new(stage, view, sequence, digest.0);
        let backing = instance.prepares.backing(digest.0).cloned().unwrap_or_default();
        let certificate = Signed::certificate(about(Stage::Prepare), &backing, scheme);
        let prepared = Shared::new(PreparedProposal { proposal, certificate });
        instance.promised = true;
        instance.prepared = Some(prepared.clone());
        let vote = Vote::sign(about(Stage::Commit), cx);
        instance.commits.fold(&vote.signature, digest.0);
        self.record(PbftRecord::Promised(prepared), cx);
        self.outbox.report(PbftObservation::Prepared { view, sequence, digest });
        self.outbox.tell_all(PbftMessage::Commit(vote));
    }

    /// It is committed.
    fn decide(&mut self, sequence: u64, cx: &mut Context<'_, Pbft>) {
        let scheme = self.parameters.signatures;
        let Some(instance) = self.log.get_mut(&sequence) else { return };
        let Some(proposal) = &instance.proposal else { return };
        let Statement { view, digest, .. } = proposal.vote.statement;
        let backing = instance.commits.backing(digest.0).cloned().unwrap_or_default();
        let statement = Statement::new(Stage::Commit, view, sequence, digest.0);
        let certificate = Signed::certificate(statement, &backing, scheme);
        let batch = proposal.batch.clone();
        instance.decided = Some((certificate.clone(), batch.clone()));
        self.learn(&certificate, &batch, cx);
    }

    /// Somebody is known to have committed at a sequence number.
    pub(super) fn claim(&mut self, signer: NodeId, sequence: u64, cx: &mut Context<'_, Pbft>) {
        let claim = &mut self.claims[signer.index()];
        *claim = sequence.max(*claim);
        if sequence > self.executed {
            self.expect_more(cx);
        }
    }
}
