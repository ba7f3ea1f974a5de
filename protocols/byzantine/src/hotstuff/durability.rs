//! What a restarted member finds in its journal: everything that it can have signed, and the blocks that it kept.

use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Recovered};

use super::blocks::genesis;
use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::{Open, Replica, rank};
use super::turns::Turns;
use super::vocabulary::{Hotstuff, HotstuffRecord};
use crate::asking::Asking;
use crate::certificate::Certificate;
use crate::outbox::{JOURNAL, Outbox};
use crate::pending::Pending;
use crate::quorum::Quorum;
use crate::signers::Signers;
use objects::Store;

impl Replica {
    /// A member with what its journal holds; `None` if that is damaged.
    pub(super) fn recover(parameters: Parameters, plants: Plants, boot: &Boot<'_, Hotstuff>) -> Option<Self> {
        let members = u32::try_from(boot.members.len()).ok()?;
        let genesis = genesis(parameters.signatures);
        let mut replica = Self {
            answered: OrderedMap::new(),
            me: boot.node,
            members,
            quorum: Quorum::of(members),
            turns: Turns::new(members, parameters.views_per_leader).after_planned(boot.leaders),
            parameters,
            plants,
            view: 1,
            timeout: None,
            voted: (0, 0),
            last_vote: None,
            given_up: 0,
            high: genesis.clone(),
            lock: genesis,
            decided: None,
            tree: OrderedMap::new(),
            open: Open::default(),
            chain: Vec::new(),
            forked: false,
            store: Store::default(),
            pending: Pending::default(),
            votes: OrderedMap::new(),
            late: Vec::new(),
            timeouts: OrderedMap::new(),
            ready: (0, Signers::default()),
            ready_for: 0,
            proposal: None,
            shown: None,
            taken: 0,
            deferred: None,
            wanted: None,
            asking: Asking::default(),
            source: boot.node,
            filled: 0,
            told: 0,
            waiting: false,
            idle_told: 0,
            attempts: 0,
            outbox: Outbox::new(boot.node, members),
        };
        let journal: Recovered<'_, HotstuffRecord> = boot.journal(JOURNAL);
        journal.intact()?.for_each(|record| replica.remember(record));
        replica.go_on();
        Some(replica)
    }

    fn remember(&mut self, record: &HotstuffRecord) {
        let raise = |known: &mut Certificate, said: &Certificate| {
            if said.statement.view > known.statement.view {
                *known = said.clone();
            }
        };
        match record {
            HotstuffRecord::Kept(block) => {
                self.tree.insert(block.hash(), block.clone());
                raise(&mut self.high, &block.justify);
                // It proves how its view could begin, to those who are behind.
                let known = self.timeout.as_ref().map_or(0, |timeout| timeout.view);
                if block.timeout.as_ref().is_some_and(|timeout| timeout.view > known) {
                    self.timeout = block.timeout.clone();
                }
            }
            HotstuffRecord::Voted { view, stage, high, lock } => {
                self.voted = self.voted.max((*view, rank(*stage)));
                raise(&mut self.high, high);
                raise(&mut self.lock, lock);
            }
            HotstuffRecord::GaveUp { view, high } => {
                self.given_up = self.given_up.max(*view);
                raise(&mut self.high, high);
            }
            HotstuffRecord::Committed { digest } => self.replay(digest.0),
        }
    }

    /// Executes again what was committed: nobody is told, since nobody was told before either, or has asked again.
    fn replay(&mut self, digest: u64) {
        let mut path = Vec::new();
        let mut next = digest;
        while let Some(block) = self.tree.get(&next) {
            next = block.parent();
            path.push(block.clone());
        }
        for block in path.into_iter().rev() {
            for request in block.requests() {
                self.store.apply_next(
                    request.command.session(),
                    request.command.operation,
                    self.plants.executed_again,
                );
            }
            if !block.requests().is_empty() {
                self.filled = block.height;
            }
            self.tree.remove(&block.hash());
            self.chain.push(block);
        }
    }

    /// Finds the view that it was in, or one before, and what waits.
    fn go_on(&mut self) {
        let next = self.high.statement.view.saturating_add(u64::from(!self.is_basic()));
        self.view = self.voted.0.max(next).max(1);
        self.taken = self.voted.0;
        self.told = self.tip().0;
        let height = self.told;
        self.tree.retain(|_, block| block.height > height);
        for block in self.tree.values() {
            for request in block.requests() {
                self.pending.add(request);
            }
        }
        self.pending.forget_done(&self.store);
    }
}
