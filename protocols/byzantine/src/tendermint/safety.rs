//! What must never happen in Tendermint, judged while a run happens, over honest members only: what no replicated service
//! may do ([`crate::safety`]), and what is Tendermint's own.

pub mod accountability;
pub mod locks;
pub mod rounds;
pub mod turns;

use sim_core::identity::NodeId;

use super::block::NIL;
use super::parameters::Parameters;
use super::vocabulary::{Tendermint, TendermintMessage, TendermintObservation};
use crate::leaders::Leaders;
use crate::safety::{Fact, Judged, agreement, certificates, equivocation, order, replies, requests};
use crate::vote::{Stage, Statement, Vote};

sim_core::checks! {
    /// Every check of Tendermint, fresh, for one run.
    pub fn checks(members: u32, parameters: Parameters, planned: &[Option<NodeId>]) -> Tendermint {
        "tendermint/agreement": "No two honest members decide different blocks at one height."
            => agreement::Agreement::default(),
        "tendermint/polka": "No two blocks have a quorum of prevotes at one height and round."
            => agreement::OnePrepared::default(),
        "tendermint/total-order": "Honest members apply the same operations in the same order, without gaps."
            => order::TotalOrder::default(),
        "tendermint/validity": "What is applied for an honest client is what the client asked for, and is applied once."
            => requests::Validity::default(),
        "tendermint/replies": "What a client believes is what honest members answered."
            => replies::Replies::default(),
        "tendermint/certificates": "What is locked or decided was signed by distinct members with the power of a quorum."
            => certificates::Certificates::new(members, parameters.power),
        "tendermint/equivocation": "An honest member never signs two statements for one height, round and step."
            => equivocation::Equivocation::default(),
        "tendermint/locks": "A locked member prevotes for nothing else, unless a quorum did in a later round."
            => locks::Locks::default(),
        "tendermint/rounds": "Heights, rounds, votes and locks of an honest member never go back, also over restarts."
            => rounds::Rounds::default(),
        "tendermint/turns": "What members take for the proposal of a round is its proposer's."
            => turns::Turns::new(Leaders::new(members, parameters.power, planned)),
        "tendermint/accountability": "A fork convicts members with more power than f, all of them traitors."
            => accountability::Accountability::new(members, parameters.power),
    }
}

impl Judged for Tendermint {
    const VOTES: &'static [&'static str] = &["Proposal", "Prevote", "Precommit"];
    const CLAIMS: &'static [&'static str] = &["Polka", "Committed"];
    const PREPARED: &'static [&'static str] = &["Polka"];
    const STATES: &'static [&'static str] = &["Started", "Applied"];
    const PLACE: &'static str = "height";

    fn fact(observation: &TendermintObservation) -> Option<Fact> {
        Some(match *observation {
            TendermintObservation::Started { executed, applied, .. } => Fact::Started { executed, applied },
            TendermintObservation::Asked { timestamp, operation } => {
                Fact::Asked { timestamp, operation: operation.0 }
            }
            TendermintObservation::Acknowledged { timestamp, position, answer } => {
                Fact::Acknowledged { timestamp, position, answer: answer.0 }
            }
            TendermintObservation::Polka { height, round, block } => {
                Fact::Prepared { view: round, height, digest: block.0 }
            }
            TendermintObservation::Committed { height, round, block, content } => {
                Fact::Committed { view: round, height, digest: block.0, value: content.0 }
            }
            TendermintObservation::Applied { client, timestamp, operation, position, answer } => {
                Fact::Applied { client, timestamp, operation: operation.0, position, answer: answer.0 }
            }
            _ => return None,
        })
    }

    fn vote(message: &TendermintMessage) -> Option<&Vote> {
        match message {
            TendermintMessage::Proposal(proposal) => Some(&proposal.vote),
            TendermintMessage::Prevote(vote) | TendermintMessage::Precommit { vote, .. } => Some(vote),
            _ => None,
        }
    }

    fn claim(observation: &TendermintObservation) -> Option<Statement> {
        let (stage, view, height, digest) = match *observation {
            TendermintObservation::Polka { height, round, block } => (Stage::Prevote, round, height, block),
            TendermintObservation::Committed { height, round, block, .. } => {
                (Stage::Precommit, round, height, block)
            }
            _ => return None,
        };
        Some(Statement { stage, view, height, digest })
    }
}

/// Whether a digest stands for a block.
const fn is_block(digest: u64) -> bool {
    digest != NIL
}

#[cfg(test)]
pub(super) mod tests {

    use sim_core::identity::NodeId;
    use sim_core::ordered::OrderedSet;

    use super::*;

    /// A script of members.
    pub(in crate::tendermint) type Script<C> = protocol_testing::script::Script<Tendermint, C>;

    /// A vote of somebody.
    pub(in crate::tendermint) fn vote(
        signer: u32,
        stage: Stage,
        (height, round): (u64, u64),
        block: u64,
    ) -> Vote {
        let statement = Statement::new(stage, round, height, block);
        Vote {
            statement,
            signature: sim_core::check::script::signature(NodeId(signer), statement.signed_content()),
        }
    }

    #[test]
    fn the_table_names_every_check_once_and_in_order() {
        let names: Vec<_> = CHECKS.iter().map(|named| named.name).collect();
        let fresh = checks(4, Parameters::default(), &[]);
        assert_eq!(fresh.iter().flat_map(sim_core::check::Judge::names).collect::<Vec<_>>(), names);
        assert_eq!(names.iter().collect::<OrderedSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| name.starts_with("tendermint/")));
    }
}
