//! Heartbeats as the registry knows them.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::liveness::{HeartbeatLiveness, window};
use super::member::{Member, Members};
use super::parameters::Parameters;
use super::plants::Plants;
use super::safety::Everybody;
use super::silence::{DETECTION, Silence};
use super::vocabulary::{Heartbeat, HeartbeatMessage, HeartbeatObservation};

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Each member tells the next few on a ring, once in every interval, that it lives. Who hears nothing for too long \
            suspects: after a fixed time, or once phi is too large, the negative logarithm of the probability that a \
            member that lives is silent for so long (Hayashibara et al. 2004; Akka and Cassandra use it). Members remember \
            nothing over a restart, and whoever lost its disk has no place on the ring any more.",
    roles: &["member"],
    messages: HeartbeatMessage::KINDS,
    observations: HeartbeatObservation::KINDS,
    knobs: Parameters::KNOBS,
    plants: Plants::ALL,
    checks: CHECKS,
    metrics: &[DETECTION],
    journals: false,
    fixed_members: Some("the ring is made of the members of the beginning"),
    most_nodes: 1_000_000,
    ..ProtocolInfo::new(
        "heartbeat",
        "Failure detection by heartbeats: a timeout, or a suspicion that accrues (phi)",
    )
};

/// Heartbeats in the registry.
///
/// Any number may be down. Nothing is promised against members that lie.
pub const ENTRY: Simple<Parameters, Heartbeat, Member> = Simple::new(&INFO, system)
    .bears(|members| {
        let most = members.saturating_sub(1);
        FaultModel { crashed: most, lost_disks: most, byzantine: 0, outages: false }
    })
    .waits(window)
    .observes(most_observed);

/// Everybody starts once; how often somebody is suspected has no bound.
fn most_observed(_: &Parameters, kind: &str, members: u32) -> Option<u64> {
    (kind == "Started").then_some(members.into())
}

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Heartbeat, Member> {
    Subject {
        checks: checks(parameters, setup),
        liveness: Box::new(HeartbeatLiveness::new(parameters, setup)),
        ..Subject::new("heartbeat", Members::new(*parameters, Plants::of(launch), setup.members))
    }
}

sim_core::checks! {
    fn checks(parameters: &Parameters, setup: &Setup) -> Heartbeat {
        "heartbeat/everybody": "Health checks are never skipped: each beat goes to every watcher."
            => Everybody::new(parameters, setup),
        "heartbeat/detection": "Whoever is silent for longer than the detector may trust is suspected at the next look, and nobody \
            before it can be sure."
            => Silence::new(parameters, setup),
    }
}
