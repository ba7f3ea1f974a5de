//! What a restarted member finds in its journal: everything that it can have signed, and its last stable state.

use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, Recovered};

use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::{Instance, Replica};
use super::vocabulary::{Pbft, PbftRecord};
use crate::asking::Asking;
use crate::leaders::Leaders;
use crate::outbox::{JOURNAL, Outbox};
use crate::pending::Pending;
use crate::power::Power;
use crate::quorum::Quorum;
use crate::vote::{Stage, Statement, Vote};
use objects::Store;

impl Replica {
    /// A member with what its journal holds; `None` if that is damaged.
    pub(super) fn recover(parameters: Parameters, plants: Plants, boot: &Boot<'_, Pbft>) -> Option<Self> {
        let members = u32::try_from(boot.members.len()).ok()?;
        let seed = boot.seed();
        let mut word = [0; 8];
        word.copy_from_slice(&seed[..8]);
        let mut replica = Self {
            me: boot.node,
            members,
            quorum: Quorum::of(members),
            parameters,
            plants,
            leaders: Leaders::new(members, Power::EQUAL, boot.leaders),
            seed: u64::from_le_bytes(word),
            view: 0,
            active: true,
            new_view: None,
            low: 0,
            proof: None,
            stable: None,
            states: OrderedMap::new(),
            checkpoints: OrderedMap::new(),
            log: OrderedMap::new(),
            store: Store::default(),
            executed: 0,
            pending: Pending::default(),
            proposed: 0,
            changes: OrderedMap::new(),
            early: OrderedMap::new(),
            claims: vec![0; boot.members.len()],
            fetching: None,
            asking: Asking::default(),
            awaited: None,
            attempts: 0,
            outbox: Outbox::new(boot.node, members),
        };
        let journal: Recovered<'_, PbftRecord> = boot.journal(JOURNAL);
        journal.intact()?.for_each(|record| replica.remember(record));
        replica.resume();
        Some(replica)
    }

    fn remember(&mut self, record: &PbftRecord) {
        match record {
            PbftRecord::Abandoned { view } => {
                (self.view, self.active, self.new_view) = (*view, false, None);
                self.forget_votes();
            }
            PbftRecord::Entered { view, new_view } => {
                (self.view, self.active, self.new_view) = (*view, true, new_view.clone());
                self.forget_votes();
            }
            PbftRecord::Accepted(proposal) => {
                let sequence = proposal.vote.statement.height;
                self.log.entry(sequence).or_default().proposal = Some(proposal.clone());
            }
            PbftRecord::Promised(prepared) => {
                let said = prepared.proposal.vote.statement;
                let promised = self.active && said.view == self.view;
                let instance = self.log.entry(said.height).or_default();
                instance.prepared = Some(prepared.clone());
                instance.promised |= promised;
            }
            PbftRecord::Decided { certificate, batch } => {
                let instance = self.log.entry(certificate.statement.height).or_default();
                instance.decided = Some((certificate.clone(), batch.clone()));
            }
            PbftRecord::Stable { certificate, snapshot } => {
                self.low = certificate.statement.height;
                self.proof = Some(certificate.clone());
                self.stable = Some((certificate.clone(), snapshot.clone()));
                self.store = snapshot.store.clone();
                self.executed = self.low;
            }
        }
    }

    /// Executes again what was decided since the stable state: nobody is told, since nobody was told before either, or has
    /// asked again.
    fn resume(&mut self) {
        self.log = self.log.split_off(&(self.low + 1));
        while let Some((_, batch)) =
            self.log.get(&(self.executed + 1)).and_then(|instance| instance.decided.clone())
        {
            for request in self.in_order(&batch) {
                self.store.apply_next(
                    request.command.session(),
                    request.command.operation,
                    self.plants.executed_again,
                );
            }
            self.executed += 1;
        }
        self.proposed = self.log.keys().next_back().copied().unwrap_or(self.low);
        let proposals = self.log.values().filter_map(|instance| instance.proposal.as_ref());
        for request in proposals.flat_map(|proposal| &proposal.batch.list) {
            self.pending.add(request);
        }
        self.pending.forget_done(&self.store);
    }

    /// What it said in this view counts again.
    pub(super) fn count_own(&mut self, cx: &mut Context<'_, Pbft>) {
        let (view, leads) = (self.view, self.leads());
        for (sequence, instance) in &mut self.log {
            let Some(proposal) = &instance.proposal else { continue };
            let digest = proposal.vote.statement.digest.0;
            let mut sign = |stage| Vote::sign(Statement::new(stage, view, *sequence, digest), cx).signature;
            if !leads {
                instance.prepares.fold(&sign(Stage::Prepare), digest);
            }
            if instance.promised {
                instance.commits.fold(&sign(Stage::Commit), digest);
            }
        }
    }

    /// Another view: its votes and proposals are new.
    pub(super) fn forget_votes(&mut self) {
        for instance in self.log.values_mut() {
            let Instance { prepared, decided, .. } = std::mem::take(instance);
            *instance = Instance { prepared, decided, ..Instance::default() };
            // Plant: what was prepared is forgotten as well.
            if self.plants.forget_prepared {
                instance.prepared = None;
            }
        }
    }

    /// A state is stable and held here: what came before it leaves the journal.
    pub(super) fn forget_the_past(&mut self, cx: &mut Context<'_, Pbft>) {
        let mut records = Vec::new();
        if let Some((certificate, snapshot)) = self.stable.clone() {
            records.push(PbftRecord::Stable { certificate, snapshot });
        }
        let view = self.view;
        records.push(match self.active {
            true => PbftRecord::Entered { view, new_view: self.new_view.clone() },
            false => PbftRecord::Abandoned { view },
        });
        for instance in self.log.values() {
            records.extend(instance.proposal.clone().map(PbftRecord::Accepted));
            records.extend(instance.prepared.clone().map(PbftRecord::Promised));
            let decided = instance.decided.clone();
            records.extend(decided.map(|(certificate, batch)| PbftRecord::Decided { certificate, batch }));
        }
        self.outbox.rewrite(records, cx);
    }
}
