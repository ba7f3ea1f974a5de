//! What a restarted member finds in its journal: its chain, what it signed since, and what it is locked on.

use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, Recovered};

use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::{Lock, Replica, Step};
use super::vocabulary::{Tendermint, TendermintMessage, TendermintRecord};
use crate::asking::Asking;
use crate::leaders::Leaders;
use crate::outbox::{JOURNAL, Outbox};
use crate::pending::Pending;
use crate::vote::{Stage, Statement, Vote};
use objects::Store;

impl Replica {
    /// A member with what its journal holds; `None` if that is damaged.
    pub(super) fn recover(
        parameters: Parameters,
        plants: Plants,
        boot: &Boot<'_, Tendermint>,
    ) -> Option<Self> {
        let members = u32::try_from(boot.members.len()).ok()?;
        let mut replica = Self {
            me: boot.node,
            members,
            quorum: parameters.quorum(members),
            parameters,
            plants,
            leaders: Leaders::new(members, parameters.power, boot.leaders),
            height: 1,
            round: 0,
            step: Step::Idle,
            locked: None,
            valid: None,
            rounds: OrderedMap::new(),
            blocks: OrderedMap::new(),
            ahead: vec![0; boot.members.len()],
            early: OrderedMap::new(),
            chain: Vec::new(),
            claims: vec![0; boot.members.len()],
            told: vec![0; boot.members.len()],
            store: Store::default(),
            pending: Pending::default(),
            fetching: None,
            asking: Asking::default(),
            blocked: false,
            outbox: Outbox::new(boot.node, members),
        };
        let journal: Recovered<'_, TendermintRecord> = boot.journal(JOURNAL);
        journal.intact()?.for_each(|record| replica.remember(record));
        Some(replica)
    }

    fn remember(&mut self, record: &TendermintRecord) {
        match record {
            TendermintRecord::Proposed(proposal) => {
                let said = proposal.vote.statement;
                self.blocks.insert(proposal.block.hash(), proposal.block.clone());
                self.rounds.entry(said.view).or_default().proposal = Some(proposal.clone());
                self.reached(said.view, Step::Propose);
            }
            TendermintRecord::Voted(vote) => {
                let Statement { stage, view, digest, .. } = vote.statement;
                let round = self.rounds.entry(view).or_default();
                if stage == Stage::Prevote {
                    round.prevoted = Some(digest.0);
                    self.reached(view, Step::Prevote);
                } else {
                    round.precommitted = Some(digest.0);
                    self.reached(view, Step::Precommit);
                }
            }
            TendermintRecord::Locked { block, polka } => {
                let round = polka.statement.view;
                self.locked = Some(Lock { round, block: block.hash() });
                self.valid = Some((block.clone(), polka.clone()));
                self.blocks.insert(block.hash(), block.clone());
                self.rounds.entry(round).or_default().polka = Some(polka.clone());
                self.reached(round, Step::Prevote);
            }
            TendermintRecord::Decided { certificate, block } => {
                // Nobody is told: nobody was told before either, or has asked again.
                for request in &block.batch.list {
                    self.store.apply_next(
                        request.command.session(),
                        request.command.operation,
                        self.plants.executed_again,
                    );
                }
                self.chain.push((certificate.clone(), block.clone()));
                self.height += 1;
                (self.round, self.step, self.locked, self.valid) = (0, Step::Idle, None, None);
                self.rounds.clear();
                self.blocks.clear();
            }
        }
    }

    fn reached(&mut self, round: u64, step: Step) {
        (self.round, self.step) = (self.round, self.step).max((round, step));
    }

    /// What it said at this height counts again, and is said again: it may be on disk and have reached nobody.
    pub(super) fn count_own(&mut self, cx: &mut Context<'_, Tendermint>) {
        let said = |stage, voted: Option<u64>, round: &u64| Some((stage, *round, voted?));
        let voted: Vec<(Stage, u64, u64)> = self
            .rounds
            .iter()
            .flat_map(|(number, round)| {
                let prevoted = said(Stage::Prevote, round.prevoted, number);
                prevoted.into_iter().chain(said(Stage::Precommit, round.precommitted, number))
            })
            .collect();
        for (stage, round, block) in voted {
            let vote = Vote::sign(Statement::new(stage, round, self.height, block), cx);
            self.count(&vote);
            self.outbox.tell_all(match stage {
                Stage::Prevote => TendermintMessage::Prevote(vote),
                _ => TendermintMessage::Precommit { vote, polka: None },
            });
        }
    }
}
