//! What follows from a certificate: another view, a lock, and what is committed.

use sim_core::process::Context;

use super::blocks::Block;
use super::parameters::Rule;
use super::replica::Replica;
use super::vocabulary::{Hotstuff, HotstuffObservation};
use crate::certificate::Certificate;
use crate::vote::Statement;

impl Replica {
    /// A quorum voted for a block in the first stage.
    pub(super) fn learn(&mut self, certificate: &Certificate, cx: &mut Context<'_, Hotstuff>) {
        let Statement { stage, view, height, digest } = certificate.statement;
        if view > self.high.statement.view {
            self.high = certificate.clone();
            self.outbox.report(HotstuffObservation::Certified { view, stage, height, digest });
            self.settle(cx);
        }
        let next = if self.is_basic() { view } else { view.saturating_add(1) };
        if next > self.view {
            self.enter(next, false, cx);
        }
    }

    /// Locks on a block.
    pub(super) fn lock_on(&mut self, certificate: &Certificate) {
        if certificate.statement.view > self.lock.statement.view {
            self.lock = certificate.clone();
        }
    }

    /// Chained rules: locks on what the highest certificate tells, and commits what the chain below it allows.
    pub(super) fn settle(&mut self, cx: &mut Context<'_, Hotstuff>) {
        if self.is_basic() {
            return self.settle_basic(cx);
        }
        let mut top = self.high.clone();
        if self.parameters.rule == Rule::TwoChain {
            self.lock_on(&top);
        }
        while top.statement.height > self.tip().0 {
            let Some(block) = self.block(&top.statement).cloned() else {
                return self.want(top.statement.digest.0, top.statement.height, cx);
            };
            if self.parameters.rule == Rule::ThreeChain {
                self.lock_on(&block.justify);
            }
            if let Some(committed) = self.committed_by(&block) {
                return self.commit(&committed, cx);
            }
            top = block.justify.clone();
        }
    }

    /// The block that is committed once this one is certified, if any is.
    fn committed_by(&self, block: &Block) -> Option<Block> {
        let below = |block: &Block| self.block(&block.justify.statement);
        let parent = below(block)?;
        // Plant: the views of a two-chain need not be consecutive.
        let follows = parent.view.saturating_add(1) == block.view || self.plants.any_two_chain;
        match self.parameters.rule {
            Rule::TwoChain => follows.then(|| parent.clone()),
            _ => {
                let lowest = below(parent)?;
                (follows && lowest.view.saturating_add(1) == parent.view).then(|| lowest.clone())
            }
        }
    }

    /// Commits a block and all that it stands on.
    pub(super) fn commit(&mut self, block: &Block, cx: &mut Context<'_, Hotstuff>) {
        let (height, tip) = self.tip();
        if self.forked || block.height <= height {
            return;
        }
        let mut path = vec![block.clone()];
        let mut parent = block.justify.statement;
        while parent.height > height {
            let Some(below) = self.block(&parent).cloned() else {
                return self.want(parent.digest.0, parent.height, cx);
            };
            parent = below.justify.statement;
            path.push(below);
        }
        if parent.digest.0 != tip {
            // More than f members lie: nothing is owed any more, but what is known is told.
            self.forked = true;
            path.iter().rev().for_each(|block| self.report_committed(block));
            return;
        }
        self.execute(path, cx);
    }

    pub(super) fn report_committed(&mut self, block: &Block) {
        let (view, height, digest) = (block.view, block.height, Self::digest_of(block));
        let parent = block.justify.statement.digest;
        let requests = block.requests().len() as u64;
        self.outbox.report(HotstuffObservation::Committed { view, height, digest, parent, requests });
    }
}
