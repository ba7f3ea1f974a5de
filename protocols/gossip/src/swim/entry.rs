//! SWIM as the registry knows it.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::initial::{self, InitialState};
use super::ledger::Ledger;
use super::liveness::{SwimLiveness, window};
use super::member::{Member, Members};
use super::parameters::Parameters;
use super::plants::Plants;
use super::safety::accuracy::METRICS;
use super::safety::{CHECKS, checks};
use super::settings::Settings;
use super::stalling::Stalling;
use super::traitors::{BEHAVIORS, traitors};
use super::versions;
use super::vocabulary::{Swim, SwimMessage, SwimObservation};

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Members probe each other, directly and through others; whoever does not answer is suspected, may deny it, and \
            is declared dead otherwise; all of it travels with probes and gossip (Das, Gupta and Motivala 2002). As \
            memberlist and Serf run it: a gossip tick, push-pull, probes over streams, reconnection, graceful leaves, and \
            Lifeguard, each of which can be off.",
    roles: &["joining", "member", "leaving", "left"],
    messages: SwimMessage::KINDS,
    observations: SwimObservation::KINDS,
    knobs: Parameters::KNOBS,
    behaviors: BEHAVIORS,
    plants: Plants::ALL,
    stalls: Stalling::NAMES,
    checks: CHECKS,
    metrics: METRICS,
    journals: false,
    most_nodes: 200_000,
    ..ProtocolInfo::new("swim", "SWIM: membership by probes and gossip, with Lifeguard")
};

/// SWIM in the registry.
///
/// Fewer than half may be down or gone. Nothing is promised against members that lie.
pub const ENTRY: Simple<Parameters, Swim, Member> = Simple::new(&INFO, system)
    .bears(|members| {
        let minority = members.saturating_sub(1) / 2;
        FaultModel { crashed: minority, lost_disks: minority, byzantine: 0, outages: false }
    })
    .waits(window)
    .runs_together(versions::together)
    .starts_from(initial::schema, |state, members| InitialState::read(state, members).map(drop))
    .starts_from_drawn(|_, members, dice| initial::draw(members, dice));

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Swim, Member> {
    let initial =
        setup.initial.state.as_ref().and_then(|state| InitialState::read(state, setup.members).ok());
    let settings = Settings::of(parameters).launched(launch);
    let members = Members::new(parameters, settings, initial.unwrap_or_default(), setup.members);
    let ledger = Ledger::new(setup.members);
    Subject {
        checks: checks(parameters, setup, &ledger),
        coalition: Some(Box::new(traitors(setup.behavior.as_deref(), setup.members))),
        liveness: Box::new(SwimLiveness::new(parameters, setup, ledger)),
        ..Subject::new("swim", members)
    }
}
