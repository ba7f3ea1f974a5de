//! Who was left behind asks others for what it lacks.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::replica::{FETCH, Replica};
use super::vocabulary::{Pbft, PbftMessage, PbftObservation, PbftTimer, Snapshot};
use crate::certificate::{Certificate, Refusal};
use crate::request::Batch;
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};

impl Replica {
    /// Others may be further: if this member does not come further by itself, it asks.
    pub(super) fn expect_more(&mut self, cx: &mut Context<'_, Pbft>) {
        let now = (self.executed, self.view);
        if self.fetching.is_none_or(|begun| self.asking.hurries(begun, now)) {
            self.fetching = Some(now);
            cx.set_timer(FETCH, self.asking.wait(now, self.parameters.fetch_interval), PbftTimer::Fetch);
        }
    }

    /// How far an honest member has come for certain: f + 1 members say so.
    fn vouched(&self) -> u64 {
        let mut claims = self.claims.clone();
        claims.sort_unstable_by(|one, other| other.cmp(one));
        let place = self.quorum.faulty() as usize;
        claims.get(place).copied().unwrap_or(0).max(self.low)
    }

    pub(super) fn on_fetch_timeout(&mut self, cx: &mut Context<'_, Pbft>) {
        let stuck = self.fetching.take().is_some_and(|(executed, _)| executed == self.executed);
        let behind = self.vouched() > self.executed;
        if (behind && stuck) || !self.active {
            self.asking.asked((self.executed, self.view));
            // One of f + 1 is honest.
            let first = cx.rng().below(u64::from(self.members));
            for offset in 0..=u64::from(self.quorum.faulty()) {
                // By number: a plan may let a few lead most views.
                let peer = NodeId(u32::try_from((first + offset) % u64::from(self.members)).unwrap_or(0));
                if peer != self.me {
                    self.report_status(Some(peer));
                }
            }
        }
        if behind || !self.active {
            self.expect_more(cx);
        }
    }

    /// Tells a peer, or all, how far it is.
    pub(super) fn report_status(&mut self, to: Option<NodeId>) {
        let Self { view, active, executed, low, .. } = *self;
        let status = PbftMessage::Status { view, active, executed, stable: low };
        match to {
            Some(peer) => self.outbox.tell(peer, status),
            None => self.outbox.tell_all(status),
        }
    }

    /// A peer says how far it is: it is told what it lacks, and again what it may not have heard.
    pub(super) fn on_status(
        &mut self,
        peer: NodeId,
        (view, active): (u64, bool),
        executed: u64,
        stable: u64,
        cx: &mut Context<'_, Pbft>,
    ) {
        self.tell_decided(peer, executed);
        if view <= self.view {
            self.tell_view(peer, view, active);
        }
        if self.active && view == self.view {
            self.tell_votes(peer, executed, cx);
        }
        let checkpoints: Vec<(u64, u64)> = self
            .states
            .iter()
            .filter(|(sequence, _)| **sequence > stable)
            .map(|(sequence, state)| (*sequence, state.store.digest()))
            .collect();
        for (sequence, digest) in checkpoints {
            let vote = Vote::sign(Statement::new(Stage::Checkpoint, 0, sequence, digest), cx);
            self.outbox.tell(peer, PbftMessage::Checkpoint(vote));
        }
    }

    fn tell_decided(&mut self, peer: NodeId, executed: u64) {
        let mut from = executed;
        if let Some((certificate, snapshot)) = &self.stable
            && certificate.statement.height > executed
        {
            from = certificate.statement.height;
            let (certificate, snapshot) = (certificate.clone(), snapshot.clone());
            self.outbox.tell(peer, PbftMessage::State { certificate, snapshot });
        }
        let decided = self.log.range(from.saturating_add(1)..).filter_map(|(_, known)| known.decided.clone());
        for (certificate, batch) in decided.collect::<Vec<_>>() {
            self.outbox.tell(peer, PbftMessage::Committed { certificate, batch });
        }
    }

    fn tell_view(&mut self, peer: NodeId, view: u64, active: bool) {
        if self.active {
            if let Some(new_view) = self.new_view.clone().filter(|_| view < self.view || !active) {
                self.outbox.tell(peer, PbftMessage::NewView(new_view));
            }
        } else if let Some(change) = self.changes.get(&self.me).cloned() {
            self.outbox.tell(peer, PbftMessage::ViewChange(change));
        }
    }

    /// Says again what it said in this view about what the peer has not executed.
    fn tell_votes(&mut self, peer: NodeId, executed: u64, cx: &mut Context<'_, Pbft>) {
        let leads = self.leads();
        let mut said = Vec::new();
        for (sequence, instance) in self.log.range(executed.saturating_add(1)..) {
            let Some(proposal) = &instance.proposal else { continue };
            let Statement { view, digest, .. } = proposal.vote.statement;
            let vote = |stage, cx: &mut Context<'_, Pbft>| {
                Vote::sign(Statement::new(stage, view, *sequence, digest.0), cx)
            };
            said.push(match leads {
                true => PbftMessage::PrePrepare(proposal.clone()),
                false => PbftMessage::Prepare(vote(Stage::Prepare, cx)),
            });
            if instance.promised {
                said.push(PbftMessage::Commit(vote(Stage::Commit, cx)));
            }
        }
        said.into_iter().for_each(|message| self.outbox.tell(peer, message));
    }

    /// A peer proves that a batch was committed.
    pub(super) fn on_committed(
        &mut self,
        certificate: &Certificate,
        batch: &Batch,
        cx: &mut Context<'_, Pbft>,
    ) {
        let said = certificate.statement;
        let sequence = said.height;
        let high = self.executed + 2 * self.parameters.log_size();
        let known = self.log.get(&sequence).is_some_and(|instance| instance.decided.is_some());
        if known || sequence <= self.low.max(self.executed) || sequence > high {
            return;
        }
        self.touch(certificate);
        let topic = said.stage == Stage::Commit && said.digest.0 == batch.hash();
        let verdict = if topic {
            certificate.verify(self.members, self.votes_needed(), cx)
        } else {
            Err(Refusal::OffTopic)
        };
        if let Err(reason) = verdict {
            return self.refuse("commit certificate", reason);
        }
        self.log.entry(sequence).or_default().decided = Some((certificate.clone(), batch.clone()));
        self.learn(certificate, batch, cx);
    }

    /// A peer sends the state of a checkpoint.
    pub(super) fn on_state(
        &mut self,
        certificate: &Certificate,
        snapshot: &Shared<Snapshot>,
        cx: &mut Context<'_, Pbft>,
    ) {
        let said = certificate.statement;
        if said.height <= self.executed {
            return;
        }
        self.touch(certificate);
        let topic = said.stage == Stage::Checkpoint && said.digest.0 == snapshot.store.digest_by_the_book();
        // Plant: one vote is enough.
        let needed = if self.plants.unstable_checkpoint { 1 } else { self.votes_needed() };
        let verdict =
            if topic { certificate.verify(self.members, needed, cx) } else { Err(Refusal::OffTopic) };
        if let Err(reason) = verdict {
            return self.refuse("checkpoint certificate", reason);
        }
        self.store = snapshot.store.clone();
        self.executed = said.height;
        let applied = self.store.applied();
        self.outbox.report(PbftObservation::Restored { sequence: said.height, applied });
        self.pending.forget_done(&self.store);
        // Whatever was waited for may be done.
        self.served(&[], cx);
        if said.height > self.low {
            self.states.insert(said.height, snapshot.clone());
            self.stabilize(certificate, cx);
        } else if self.stable.as_ref().is_none_or(|(known, _)| known.statement.height < said.height) {
            self.stable = Some((certificate.clone(), snapshot.clone()));
            self.forget_the_past(cx);
        }
        self.execute(cx);
    }

    /// Plant: looks at a certificate before it is checked.
    pub(super) fn touch(&self, certificate: &Certificate) {
        if self.plants.malformed_panics {
            let signers: Vec<NodeId> = certificate.signers.iter().collect();
            let first = signers[0];
            debug_assert!(signers.contains(&first));
        }
    }
}
