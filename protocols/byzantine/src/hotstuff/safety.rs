//! What must never happen in HotStuff, judged while a run happens, over honest members only: what no replicated service
//! may do ([`crate::safety`]), and what is HotStuff's own.

pub mod accountability;
pub mod chain;
pub mod timeouts;
mod versions;
pub mod votes;

use sim_core::identity::NodeId;

use super::parameters::Parameters;
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation};
use crate::power::Power;
use crate::safety::{Fact, Judged, agreement, certificates, equivocation, order, replies, requests};
use crate::vote::{Statement, Vote};

sim_core::checks! {
    /// Every check of HotStuff, fresh, for one run.
    pub fn checks(members: u32, parameters: &Parameters, leaders: &[Option<NodeId>]) -> Hotstuff {
        "hotstuff/agreement": "No two honest members commit different blocks at one height."
            => agreement::Agreement::default(),
        "hotstuff/one-certified": "No two blocks are certified in one view and stage."
            => votes::OneCertified::default(),
        "hotstuff/total-order": "Honest members apply the same operations in the same order, without gaps."
            => order::TotalOrder::default(),
        "hotstuff/validity": "What is applied for an honest client is what the client asked for, and is applied once."
            => requests::Validity::default(),
        "hotstuff/replies": "What a client believes is what honest members answered."
            => replies::Replies::default(),
        "hotstuff/certificates": "What is certified was signed by a quorum of distinct members."
            => certificates::Certificates::new(members, Power::EQUAL),
        "hotstuff/timeout-certificates": "A view that begins by a timeout was wanted by a quorum of distinct members."
            => timeouts::Timeouts::new(members),
        "hotstuff/equivocation": "An honest member never signs two blocks for one view, height and stage."
            => equivocation::Equivocation::default(),
        "hotstuff/votes-rise": "The views and stages in which an honest member votes rise, also over a crash."
            => votes::Rise::default(),
        "hotstuff/lock": "The lock under which an honest member votes never falls, also over a crash."
            => votes::Lock::default(),
        "hotstuff/given-up": "An honest member votes in no view that it has given up."
            => votes::GivenUp::default(),
        "hotstuff/chain": "What an honest member commits extends what it committed before."
            => chain::Extends::default(),
        "hotstuff/proposers": "An honest member votes only for blocks that the leader of their view proposed."
            => votes::Proposers::new(members, parameters, leaders),
        "hotstuff/accountability": "A fork convicts more than f members, all of them traitors."
            => accountability::Accountability::new(members, parameters.rule),
    }
}

impl Judged for Hotstuff {
    const VOTES: &'static [&'static str] = &["Proposal", "Vote"];
    const CLAIMS: &'static [&'static str] = &["Voted", "Certified"];
    const STATES: &'static [&'static str] = &["Started", "Applied"];
    const PLACE: &'static str = "height";

    fn fact(observation: &HotstuffObservation) -> Option<Fact> {
        Some(match *observation {
            HotstuffObservation::Started { height, applied, .. } => {
                Fact::Started { executed: height, applied }
            }
            HotstuffObservation::Asked { timestamp, operation } => {
                Fact::Asked { timestamp, operation: operation.0 }
            }
            HotstuffObservation::Acknowledged { timestamp, position, answer } => {
                Fact::Acknowledged { timestamp, position, answer: answer.0 }
            }
            HotstuffObservation::Committed { view, height, digest, .. } => {
                Fact::Committed { view, height, digest: digest.0, value: digest.0 }
            }
            HotstuffObservation::Applied { client, timestamp, operation, position, answer } => {
                Fact::Applied { client, timestamp, operation: operation.0, position, answer: answer.0 }
            }
            _ => return None,
        })
    }

    fn vote(message: &HotstuffMessage) -> Option<&Vote> {
        match message {
            HotstuffMessage::Proposal(proposal) => Some(&proposal.vote),
            HotstuffMessage::Vote(vote) => Some(vote),
            _ => None,
        }
    }

    /// A collector sends its own vote to nobody.
    fn cast(observation: &HotstuffObservation) -> Option<Statement> {
        let HotstuffObservation::Voted { view, stage, height, digest, .. } = *observation else {
            return None;
        };
        Some(Statement { stage, view, height, digest })
    }

    fn claim(observation: &HotstuffObservation) -> Option<Statement> {
        let HotstuffObservation::Certified { view, stage, height, digest } = *observation else {
            return None;
        };
        Some(Statement { stage, view, height, digest })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use sim_core::ordered::OrderedSet;

    use super::*;

    /// A script of members.
    pub(in crate::hotstuff) type Script<C> = protocol_testing::script::Script<Hotstuff, C>;

    /// A vote of somebody.
    pub(in crate::hotstuff) fn vote(signer: u32, statement: Statement) -> Vote {
        Vote {
            statement,
            signature: sim_core::check::script::signature(NodeId(signer), statement.signed_content()),
        }
    }

    #[test]
    fn the_table_names_every_check_once_and_in_order() {
        let names: Vec<_> = CHECKS.iter().map(|named| named.name).collect();
        let fresh = checks(4, &Parameters::default(), &[]);
        assert_eq!(fresh.iter().flat_map(sim_core::check::Judge::names).collect::<Vec<_>>(), names);
        assert_eq!(names.iter().collect::<OrderedSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| name.starts_with("hotstuff/")));
    }
}
