//! Plumtree as the registry knows it.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::announcement::Announcement;
use super::candidates::Candidates;
use super::completeness::Completeness;
use super::course::Course;
use super::eviction::Eviction;
use super::liveness::PlumtreeLiveness;
use super::member::{Member, Members};
use super::parameters::Parameters;
use super::plants::Plants;
use super::repair::Repair;
use super::safety::{ActiveView, Integrity, Symmetry};
use super::tree::Tree;
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation};

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Members keep links with a few others, and candidates for when one fails (HyParView). Broadcasts travel along a tree \
            of eager links; lazy links announce them and repair the tree (Plumtree; both Leitão, Pereira and Rodrigues \
            2007). Members remember nothing over a restart.",
    roles: &["joining", "member"],
    messages: PlumtreeMessage::KINDS,
    observations: PlumtreeObservation::KINDS,
    knobs: Parameters::KNOBS,
    plants: Plants::ALL,
    checks: CHECKS,
    metrics: &["reliability_permille", "redundancy_permille", "last_delivery_hop"],
    journals: false,
    most_nodes: 1_000_000,
    ..ProtocolInfo::new("plumtree", "Plumtree over HyParView: broadcast trees that repair themselves")
};

/// Plumtree in the registry.
///
/// Fewer than half may be down or gone. Nothing is promised against members that lie.
pub const ENTRY: Simple<Parameters, Plumtree, Member> = Simple::new(&INFO, system)
    .bears(|members| {
        let minority = members.saturating_sub(1) / 2;
        FaultModel { crashed: minority, lost_disks: minority, byzantine: 0, outages: false }
    })
    .waits(Parameters::longest_wait)
    .observes(most_observed);

/// Everybody starts once, and delivers each broadcast once.
fn most_observed(parameters: &Parameters, kind: &str, members: u32) -> Option<u64> {
    match kind {
        "Started" => Some(members.into()),
        "Broadcast" => Some(parameters.broadcasts.into()),
        "Delivered" => Some(u64::from(parameters.broadcasts) * u64::from(members)),
        _ => None,
    }
}

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Plumtree, Member> {
    Subject {
        checks: checks(parameters, setup),
        liveness: Box::new(PlumtreeLiveness::new(parameters.clone(), setup)),
        ..Subject::new("plumtree", Members::new(parameters.clone(), Plants::of(launch), setup.members))
    }
}

sim_core::checks! {
    fn checks(parameters: &Parameters, setup: &Setup) -> Plumtree {
        "plumtree/integrity": "What is delivered was broadcast, and in one incarnation nothing is delivered twice."
            => Integrity::default(),
        "plumtree/active-view": "An active view is bounded, has nobody twice, and never the member itself."
            => ActiveView::new(parameters),
        "plumtree/eviction": "Whoever drops a link to make room tells the other end."
            => Eviction::default(),
        "plumtree/announcement": "Whoever delivers a broadcast sends the payload or an announcement over every link."
            => Announcement::default(),
        "plumtree/tree": "A graft is answered with the payload and a duplicate with a prune, and a pruned link stays lazy until it is \
            grafted, a grafted one eager until it is pruned."
            => Tree::new(parameters),
        "plumtree/repair": "What was announced and does not come is asked for, from one neighbor after the other."
            => Repair::new(parameters, setup),
        "plumtree/candidates": "Whom a member hears of in a shuffle becomes a candidate, and candidates are told in shuffles."
            => Candidates::new(parameters),
        "plumtree/symmetry": "A link that did not change for a while is a link of both ends."
            => Symmetry::new(parameters, setup),
        "plumtree/completeness": "After the heal, a broadcast that the core has reaches all of it."
            => Completeness::new(parameters),
        "plumtree/course": "Measures reliability, redundancy and the last hop of each broadcast."
            => Course::default(),
    }
}
