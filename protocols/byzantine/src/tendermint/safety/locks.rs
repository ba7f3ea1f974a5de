//! Locks: who precommitted to a block prevotes for nothing else, unless the proposal proves that a quorum prevoted for that
//! in the round of the lock or a later one.
//!
//! The proof is looked for in the proposal, and its signers in the world's own record of prevotes: traitors count as
//! signers of everything.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Tendermint, TendermintMessage, TendermintObservation};
use super::is_block;
use crate::vote::Statement;

/// What each member is locked on, and which proposals prove that a quorum prevoted for their blocks.
#[derive(Clone, Debug, Default)]
pub struct Locks {
    /// By member: height, round and block of its latest lock.
    locks: OrderedMap<NodeId, (u64, u64, u64)>,
    /// By height, round and block: the latest round in which a proposal says that a quorum prevoted for the block.
    proofs: OrderedMap<(u64, u64, u64), u64>,
}

impl Check<Tendermint> for Locks {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Prevoted", "Locked"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Proposal"]
    }

    fn sent(&mut self, _: &Ground, _: NodeId, _: NodeId, message: &TendermintMessage, _: &mut Findings) {
        let TendermintMessage::Proposal(proposal) = message else { return };
        let Some(proof) = &proposal.proof else { return };
        let Statement { view: round, height, .. } = proposal.vote.statement;
        let known = self.proofs.entry((height, round, proposal.block.hash())).or_insert(0);
        *known = proof.statement.view.max(*known);
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Tendermint>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let node = seen.node;
        match *seen.observation {
            TendermintObservation::Locked { height, round, block } => {
                self.locks.insert(node, (height, round, block.0));
            }
            TendermintObservation::Prevoted { height, round, block } if is_block(block.0) => {
                let lock = self.locks.get(&node).filter(|(at, ..)| *at == height);
                let Some((_, locked, on)) = lock.copied() else { return };
                findings.exercised();
                let proved = self.proofs.get(&(height, round, block.0));
                if on != block.0 && proved.is_none_or(|valid| *valid < locked) {
                    let text = format!(
                        "{node} is locked on {on:016x} since round {locked} of height {height}, and prevotes for {:016x} \
                         in round {round} without proof that a quorum did since",
                        block.0
                    );
                    findings.safety("", &[node], text);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;
    use sim_core::process::Aggregate;

    use super::super::super::vocabulary::{BlockContent, Proposed};
    use super::super::tests::{Script, vote};
    use super::*;
    use crate::certificate::{Scheme, Signed};
    use crate::request::Requests;
    use crate::shared::Shared;
    use crate::signers::Signers;
    use crate::vote::Stage;

    fn block() -> super::super::super::vocabulary::Block {
        let batch = Requests::batch(Vec::new());
        Shared::new(BlockContent { height: 1, round: 1, proposer: NodeId(2), parent: ContentHash(0), batch })
    }

    /// n1 is locked in round 1, and prevotes for another block in round 3, whose proposal proves a quorum in some round.
    fn script(valid: Option<u64>) -> usize {
        let mut script = Script::new(Locks::default(), 4);
        let hash = block().hash();
        script.see(0, TendermintObservation::Locked { height: 1, round: 1, block: ContentHash(5) });
        let proof = valid.map(|round| {
            let statement = Statement::new(Stage::Prevote, round, 1, hash);
            let (signers, aggregate) = (Signers::default(), Aggregate::default());
            Shared::new(Signed { statement, signers, aggregate, scheme: Scheme::Single })
        });
        let proposal = Proposed { vote: vote(1, Stage::Propose, (1, 3), 9), block: block(), proof };
        script.send(1, 0, TendermintMessage::Proposal(Shared::new(proposal)));
        script.see(0, TendermintObservation::Prevoted { height: 1, round: 3, block: ContentHash(hash) });
        script.violations()
    }

    #[test]
    fn a_lock_gives_way_to_a_later_quorum_only() {
        assert_eq!([None, Some(0), Some(1), Some(2)].map(script), [1, 1, 0, 0]);
    }

    #[test]
    fn none_is_no_block_and_another_height_has_no_lock() {
        let prevoted =
            |height, block| TendermintObservation::Prevoted { height, round: 2, block: ContentHash(block) };
        let mut script = Script::new(Locks::default(), 4);
        script.see(0, TendermintObservation::Locked { height: 1, round: 1, block: ContentHash(5) });
        script
            .see(0, prevoted(1, 0))
            .see(0, prevoted(1, 5))
            .see(0, prevoted(2, 6))
            .see(1, prevoted(1, 6))
            .clean();
        assert_eq!(script.see(0, prevoted(1, 6)).violations(), 1);
    }
}
