//! FaB as the registry knows it.

use sim_core::registry::{Launch, ProtocolInfo};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::choice::Rule;
use super::entry::{self, Entry};
use super::parameters::Parameters;
use super::replica::Node;
use super::safety::checks_of;
use super::style::{Learners, Style};
use super::vocabulary::Fast;

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// Reports count against a request whatever their views, so that nothing may be proposed after some of them.
        published {
            name: "weak-progress-certificate",
            id: "B31",
            breaks: "liveness: a leader may propose nothing",
            source: "arXiv 1712.01367, section 4",
            witness: "fab-witness-weak-progress-certificate",
        }
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    about: "A leader proposes a request and members accept it. Whoever sees that all did decides, two delays after the proposal; a \
            quorum that knows that a quorum accepted decides as well, one delay later (Martin and Alvisi 2006, parameterized \
            for n = 3f + 1 and t = 0). One slot of the log. What a new view keeps follows arXiv 1801.10022. Of n members, \
            f = floor((n - 1) / 3) may lie or be down, both kinds together.",
    plants: Plants::ALL,
    checks: CHECKS,
    ..entry::info("fab", "FaB: a decision in two message delays, in one slot, in spite of members that lie")
};

/// FaB in the registry.
pub const ENTRY: Entry = entry::entry(&INFO, system);

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Fast, Node> {
    let rule = if Plants::of(launch).published { Rule::NothingAgainstIt } else { Rule::HighestView };
    let style = Style { learners: Learners::Members, rule };
    let checks = checks(setup.members, parameters.clients);
    Subject { checks, ..entry::subject(&INFO, style, parameters, setup) }
}

checks_of! {
    "fab/agreement",
    "fab/certified",
    "fab/kept",
    "fab/reports",
    "fab/validity",
    "fab/certificates",
    "fab/equivocation",
    "fab/evidence",
}
