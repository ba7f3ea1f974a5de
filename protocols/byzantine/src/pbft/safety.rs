//! What must never happen in PBFT, judged while a run happens, over honest members only: what no replicated service may
//! do ([`crate::safety`]), and what is PBFT's own.

pub mod accountability;
pub mod checkpoints;
pub mod new_view;
pub mod promises;

use super::parameters::Parameters;
use super::vocabulary::{Pbft, PbftMessage, PbftObservation};
use crate::power::Power;
use crate::safety::{Fact, Judged, agreement, certificates, equivocation, order, replies, requests};
use crate::signers::Signers;
use crate::vote::{Stage, Statement, Vote};

sim_core::checks! {
    /// Every check of PBFT, fresh, for one run.
    pub fn checks(members: u32, parameters: Parameters) -> Pbft {
        "pbft/agreement": "No two honest members commit different batches at one sequence number."
            => agreement::Agreement::default(),
        "pbft/prepared": "No two digests are prepared at one view and sequence number."
            => agreement::OnePrepared::default(),
        "pbft/total-order": "Honest members apply the same operations in the same order, without gaps."
            => order::TotalOrder::default(),
        "pbft/validity": "What is applied for an honest client is what the client asked for, and is applied once."
            => requests::Validity::default(),
        "pbft/replies": "What a client believes is what honest members answered."
            => replies::Replies::default(),
        "pbft/certificates": "What is prepared, committed or stable was signed by a quorum of distinct members."
            => certificates::Certificates::new(members, Power::EQUAL),
        "pbft/equivocation": "An honest member never signs two digests for one view, sequence number and phase."
            => equivocation::Equivocation::default(),
        "pbft/new-view": "A new view keeps every digest that was committed before."
            => new_view::Kept::default(),
        "pbft/conclusion": "A new view proposes again what was prepared in the highest view, and nothing else."
            => new_view::Conclusion::default(),
        "pbft/promises": "A member takes part in no view before one that it wants, and tells in a view change everything that it prepared."
            => promises::Promises::default(),
        "pbft/watermarks": "Members accept proposals between their watermarks only."
            => checkpoints::Watermarks::new(parameters.log_size()),
        "pbft/checkpoints": "Checkpoints of honest members are equal, and members execute without gaps."
            => checkpoints::Checkpoints::default(),
        "pbft/accountability": "A fork convicts more than f members, all of them traitors."
            => accountability::Accountability::new(members),
    }
}

impl Judged for Pbft {
    const VOTES: &'static [&'static str] = &["PrePrepare", "Prepare", "Commit", "Checkpoint", "NewView"];
    const SIGNED: &'static [&'static str] =
        &["PrePrepare", "Prepare", "Commit", "Checkpoint", "NewView", "Committed", "State"];
    const CLAIMS: &'static [&'static str] = &["Prepared", "Committed", "Stable"];
    const PLACE: &'static str = "sequence number";

    fn fact(observation: &PbftObservation) -> Option<Fact> {
        Some(match *observation {
            PbftObservation::Started { executed, applied, .. } => Fact::Started { executed, applied },
            PbftObservation::Restored { applied, .. } => Fact::Restored { applied },
            PbftObservation::Asked { timestamp, operation } => {
                Fact::Asked { timestamp, operation: operation.0 }
            }
            PbftObservation::Acknowledged { timestamp, position, answer } => {
                Fact::Acknowledged { timestamp, position, answer: answer.0 }
            }
            PbftObservation::Prepared { view, sequence, digest } => {
                Fact::Prepared { view, height: sequence, digest: digest.0 }
            }
            PbftObservation::Committed { view, sequence, digest, batch } => {
                Fact::Committed { view, height: sequence, digest: digest.0, value: batch.0 }
            }
            PbftObservation::Applied { client, timestamp, operation, position, answer } => {
                Fact::Applied { client, timestamp, operation: operation.0, position, answer: answer.0 }
            }
            _ => return None,
        })
    }

    fn vote(message: &PbftMessage) -> Option<&Vote> {
        match message {
            PbftMessage::PrePrepare(proposal) => Some(&proposal.vote),
            PbftMessage::Prepare(vote) | PbftMessage::Commit(vote) | PbftMessage::Checkpoint(vote) => {
                Some(vote)
            }
            _ => None,
        }
    }

    fn votes(message: &PbftMessage, note: &mut dyn FnMut(&Vote)) {
        match message {
            PbftMessage::NewView(new_view) => {
                new_view.proposals.iter().for_each(|proposal| note(&proposal.vote));
            }
            _ => Self::vote(message).into_iter().for_each(note),
        }
    }

    fn proof(message: &PbftMessage) -> Option<(Statement, &Signers)> {
        match message {
            PbftMessage::Committed { certificate, .. } | PbftMessage::State { certificate, .. } => {
                Some((certificate.statement, &certificate.signers))
            }
            _ => None,
        }
    }

    fn claim(observation: &PbftObservation) -> Option<Statement> {
        let (stage, view, height, digest) = match *observation {
            PbftObservation::Prepared { view, sequence, digest } => (Stage::Prepare, view, sequence, digest),
            PbftObservation::Committed { view, sequence, digest, .. } => {
                (Stage::Commit, view, sequence, digest)
            }
            PbftObservation::Stable { sequence, digest } => (Stage::Checkpoint, 0, sequence, digest),
            _ => return None,
        };
        Some(Statement { stage, view, height, digest })
    }

    /// The primary's proposal is its vote.
    fn implies(stage: Stage) -> Option<Stage> {
        (stage == Stage::Prepare).then_some(Stage::Propose)
    }
}

#[cfg(test)]
pub(crate) mod tests {

    use sim_core::identity::NodeId;
    use sim_core::ordered::OrderedSet;

    use super::*;

    /// A script of members.
    pub(crate) type Script<C> = protocol_testing::script::Script<Pbft, C>;

    /// A vote of somebody.
    pub(crate) fn vote(signer: u32, statement: Statement) -> Vote {
        Vote {
            statement,
            signature: sim_core::check::script::signature(NodeId(signer), statement.signed_content()),
        }
    }

    #[test]
    fn the_table_names_every_check_once_and_in_order() {
        let names: Vec<_> = CHECKS.iter().map(|named| named.name).collect();
        let fresh = checks(4, Parameters::default());
        assert_eq!(fresh.iter().flat_map(sim_core::check::Judge::names).collect::<Vec<_>>(), names);
        assert_eq!(names.iter().collect::<OrderedSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| name.starts_with("pbft/")));
    }
}
