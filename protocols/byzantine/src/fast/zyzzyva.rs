//! Zyzzyva as the registry knows it.

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
        /// A new view keeps any certificate rather than what f + 1 members accepted in a later view.
        published {
            name: "certificate-first",
            id: "B30",
            breaks: "Agreement",
            source: "arXiv 1712.01367, section 3",
            witness: "zyzzyva-witness-certificate-first",
        }
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    about: "A leader proposes a request, members accept it and answer its clients. A client decides if all answer the same, or \
            else has a quorum commit to a certificate of its answers (Kotla et al. 2007). One slot of the log, and members \
            that are clients as well. What a new view keeps follows arXiv 1801.10022. Of n members, f = floor((n - 1) / 3) \
            may lie or be down, both kinds together.",
    plants: Plants::ALL,
    checks: CHECKS,
    ..entry::info(
        "zyzzyva",
        "Zyzzyva: a request decided by its client, in one slot, in spite of members that lie",
    )
};

/// Zyzzyva in the registry.
pub const ENTRY: Entry = entry::entry(&INFO, system);

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Fast, Node> {
    let rule = if Plants::of(launch).published { Rule::CertificateFirst } else { Rule::HighestView };
    let style = Style { learners: Learners::Clients, rule };
    let checks = checks(setup.members, parameters.clients);
    Subject { checks, ..entry::subject(&INFO, style, parameters, setup) }
}

checks_of! {
    "zyzzyva/agreement",
    "zyzzyva/certified",
    "zyzzyva/kept",
    "zyzzyva/reports",
    "zyzzyva/validity",
    "zyzzyva/certificates",
    "zyzzyva/equivocation",
    "zyzzyva/evidence",
}
