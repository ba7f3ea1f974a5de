//! Reliable broadcast as the registry knows it.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::accountability::Accountability;
use super::ledger::Ledger;
use super::liveness::BrachaLiveness;
use super::node::{Members, Node};
use super::parameters::Parameters;
use super::plants::Plants;
use super::safety::{Agreement, Integrity, Validity};
use super::stalling::Stalling;
use super::thresholds::Thresholds;
use super::totality::Totality;
use super::traitors::{BEHAVIORS, traitors};
use super::vocabulary::{Bracha, BrachaMessage, BrachaObservation};

const INFO: ProtocolInfo = ProtocolInfo {
    about: "A sender's value is delivered by all correct members or by none, and never two values for one broadcast \
            (Bracha 1987). Of n members, f = floor((n - 1) / 3) may lie or be down, both kinds together. What a \
            member signs it first writes down.",
    roles: &["broadcaster", "echoer", "halted"],
    messages: BrachaMessage::KINDS,
    observations: BrachaObservation::KINDS,
    knobs: Parameters::KNOBS,
    behaviors: BEHAVIORS,
    stalls: Stalling::NAMES,
    checks: CHECKS,
    // Each broadcast takes 2n^2 messages.
    most_nodes: 10_000,
    fixed_members: Some("its quorums are those of the members that it starts with"),
    ..ProtocolInfo::new("bracha", "Bracha's reliable broadcast, with signatures")
};

/// Reliable broadcast in the registry.
///
/// Crashed members and traitors share f. A disk that loses what was durable makes its owner sign again, as a traitor does,
/// so that none is borne beside the traitors.
pub const ENTRY: Simple<Parameters, Bracha, Node> = Simple::new(&INFO, system)
    .bears(|members| {
        let faulty = Thresholds::new(members).faulty();
        FaultModel { crashed: faulty, lost_disks: 0, byzantine: faulty, outages: false }
    })
    .waits(|parameters| parameters.interval.max(parameters.disk_retry))
    .observes(most_observed);

/// Everybody delivers each broadcast once.
fn most_observed(parameters: &Parameters, kind: &str, members: u32) -> Option<u64> {
    let broadcasters = u64::from(parameters.broadcasters.min(members));
    let broadcasts = broadcasters.checked_mul(parameters.broadcasts)?;
    (kind == "Delivered").then(|| broadcasts.checked_mul(u64::from(members))).flatten()
}

/// The same protocol with bugs that tests switch on.
pub const WITH_TEST_PLANTS: Simple<Parameters, Bracha, Node> =
    ENTRY.described_by(&ProtocolInfo { plants: Plants::ALL, ..INFO });

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Bracha, Node> {
    let ledger = Ledger::default();
    let members = Members::new(parameters.clone()).with(Plants::of(launch)).stalling(Stalling::of(launch));
    Subject {
        checks: checks(setup, ledger.clone()),
        coalition: Some(Box::new(traitors(setup.behavior.as_deref(), setup.members))),
        liveness: Box::new(BrachaLiveness::new(parameters.clone(), setup, ledger)),
        ..Subject::new("bracha", members)
    }
}

sim_core::checks! {
    fn checks(setup: &Setup, ledger: Ledger) -> Bracha {
        "bracha/agreement": "No two honest members deliver two values for one broadcast."
            => Agreement::new(),
        "bracha/validity": "What is delivered for an honest sender is what the sender said."
            => Validity::new(),
        "bracha/integrity": "A broadcast is delivered once, and after a restart with the same value."
            => Integrity::new(),
        "bracha/accountability": "No honest member signs two values, and a fork convicts more than f traitors."
            => Accountability::new(setup.members),
        "bracha/totality": "After the heal, what one honest member delivered or said is delivered by the core."
            => Totality::new(setup.members, ledger),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_core::random::{StreamName, stream};
    use sim_core::registry::Entry;
    use sim_core::time::Duration;

    use super::*;

    #[test]
    fn parameters_survive_the_registry() {
        let cluster = ENTRY.configure(&json!({ "broadcasters": 3, "interval": "7ms" })).unwrap();
        assert_eq!(cluster.parameters()["interval"], json!("7ms"));
        assert_eq!(cluster.largest_timeout(), Duration::from_millis(100));
        for seed in 0..50 {
            let drawn = cluster.drawn(&mut stream(seed, StreamName::Configuration));
            assert!(ENTRY.configure(&drawn.parameters()).is_ok());
        }
    }

    #[test]
    fn bad_parameters_are_refused_with_their_place() {
        let Err(error) = ENTRY.configure(&json!({ "interval": "0s" })) else { panic!("accepted") };
        assert_eq!(error.path, ["interval"]);
        assert!(ENTRY.configure(&json!({ "broadcaster": 1 })).is_err());
    }
}
