//! Coordination as the registry knows it.

use std::cell::RefCell;
use std::rc::Rc;

use gossip::swim::initial::InitialState;
use gossip::swim::member::Members;
use gossip::swim::settings::Settings;
use sim_core::facts::Facts;
use sim_core::fault::FaultGroup;
use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Input, Process, Role};
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;
use sim_core::text::Named;

use crate::agent::{Agent, Team};
use crate::board::Board;
use crate::gossip::Common;
use crate::gossip::chronicle::Chronicle;
use crate::gossip::homes::Homes;
use crate::graph::Graph;
use crate::hub::Hub;
use crate::ledger::Ledger;
use crate::liveness::{TasksEnd, window};
use crate::parameters::{CLOCK_DRIFT_PPM, Parameters, Strategy};
use crate::plants::Plants;
use crate::platform::Platform;
use crate::safety::makespan::METRICS;
use crate::safety::{CHECKS, checks};
use crate::sink::Sink;
use crate::solitary::Shares;
use crate::topology::Ways;
use crate::vocabulary::{Coordination, CoordinationMessage, CoordinationObservation};
use crate::worker::Workplace;

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Agents share the tasks of a graph, call a model behind limits that they share, and write results to a sink \
            that honors fences. One agent does everything, each does its share, or one coordinates the others by leases \
            and heartbeats: the first one, or whom a core of some or all of them elects by Raft.",
    roles: &["coordinator", "working", "coordinating", "throttled", "idle", "platform", "sink"],
    messages: CoordinationMessage::KINDS,
    observations: CoordinationObservation::KINDS,
    knobs: Parameters::KNOBS,
    plants: Plants::ALL,
    checks: CHECKS,
    services: &[
        Named { name: "platform", about: "The model's API, with its limits, latency and price." },
        Named { name: "sink", about: "Where results take effect; it keeps them on disk and honors fences." },
    ],
    metrics: METRICS,
    fixed_members: Some("agents are known before the start; they crash and come back"),
    most_nodes: 20_000,
    // A thousand agents that all beat at once, ten times.
    inbox: Some(10_000),
    ..ProtocolInfo::new("coordination", "Agents that share work, a model's limits and a sink")
};

/// Coordination in the registry. Fewer than half of the agents may be down, and of a core fewer than half of its members.
pub const ENTRY: Simple<Parameters, Coordination, Node> = Simple::new(&INFO, system)
    .bears(|members| FaultModel {
        crashed: members.saturating_sub(1) / 2,
        lost_disks: 0,
        byzantine: 0,
        outages: false,
    })
    .waits(window)
    .fits(fits);

/// An agent, the platform or the sink.
pub enum Node {
    /// An agent.
    Agent(Box<Agent>),
    /// The platform, in the first client slot.
    Platform(Platform),
    /// The sink, in the second one.
    Sink(Sink),
}

impl Process<Coordination> for Node {
    fn step(&mut self, input: Input<'_, Coordination>, cx: &mut Context<'_, Coordination>) {
        match self {
            Self::Agent(agent) => agent.step(input, cx),
            Self::Platform(platform) => platform.step(input, cx),
            Self::Sink(sink) => sink.step(input, cx),
        }
    }
}

/// Whether these parameters go with so many agents.
fn fits(parameters: &Parameters, setup: &Setup) -> Result<(), String> {
    let graph = Graph::of(parameters, setup.seed)?;
    Ways::of(parameters, setup.members, setup.seed)?;
    let can = |agent: u32| parameters.capabilities(agent, setup.members);
    // One that stands by may never be called.
    let does =
        |agent: u32| parameters.works(agent, setup.members) && !parameters.stands_by(agent, setup.members);
    let sets: sim_core::ordered::OrderedSet<u64> =
        (0..setup.members).filter(|agent| does(*agent)).map(can).collect();
    for (_, task) in graph.iter() {
        if !sets.iter().any(|can| task.needs & !can == 0) {
            let needs = parameters.names_of(task.needs);
            return Err(format!("no agent that does tasks can do {}, which needs {needs}", task.name));
        }
        let most =
            task.tokens_in.saturating_add(task.tokens_out.saturating_mul(task.steps)).min(parameters.context);
        let limits = [
            (parameters.input_tokens_per_minute, most.max(task.tokens_in.min(parameters.context)), "input"),
            (parameters.output_tokens_per_minute, task.tokens_out, "output"),
        ];
        for (limit, most, which) in limits {
            if limit > 0 && most > limit && task.tokens_out > 0 {
                let name = &task.name;
                return Err(format!(
                    "{name} needs {most} {which} tokens in a call, and the limit is {limit} per minute"
                ));
            }
        }
    }
    Ok(())
}

/// The team of a run.
///
/// # Errors
/// If the tasks or the topology cannot be.
pub fn team(parameters: &Parameters, members: u32, seed: u64, plants: Plants) -> Result<Team, String> {
    let graph = Rc::new(Graph::of(parameters, seed)?);
    let shares = Rc::new(Shares::of(&graph, parameters, members));
    let place = Workplace {
        graph,
        parameters: parameters.clone(),
        platform: NodeId(members),
        sink: NodeId(members + 1),
    };
    let ways = Ways::of(parameters, members, seed)?;
    let common = (parameters.strategy == Strategy::Gossip).then(|| {
        let graph = place.graph.clone();
        let order = Hub::ordering(parameters, plants);
        let board = Board::new(graph.clone(), order).with_growth_unchecked(plants.cycle_accepted);
        let homes = Homes::of(graph.len(), members, seed);
        Rc::new(Common { homes, chronicle: RefCell::new(Chronicle::new(board)), graph, plants })
    });
    let swim = parameters.uses_swim().then(|| {
        let swim = parameters.swim();
        Members::new(&swim, Settings::of(&swim), InitialState::default(), members)
    });
    Ok(Team { place: Rc::new(place), agents: members, shares, common, swim, ways, plants })
}

/// Makes agents, and the two services in client slots.
pub fn node(boot: &Boot<'_, Coordination>, team: &Rc<Team>) -> Node {
    match boot.role {
        Role::Member => Node::Agent(Box::new(Agent::new(boot, team.clone()))),
        Role::Client if boot.node == team.place.platform => {
            Node::Platform(Platform::new(&team.place.parameters))
        }
        Role::Client => Node::Sink(Sink::new(boot, team.plants)),
    }
}

/// A core that decides for many does not bear the loss of so many.
fn groups(parameters: &Parameters, agents: u32) -> Vec<FaultGroup> {
    let slots = parameters.core_of(agents);
    let group = FaultGroup { first: 0, slots, affected: slots.saturating_sub(1) / 2 };
    if slots > 0 { vec![group] } else { Vec::new() }
}

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Coordination, Node> {
    let team = team(parameters, setup.members, setup.seed, Plants::of(launch));
    let team = Rc::new(team.unwrap_or_else(|why| unreachable!("{why}, although it was validated")));
    let ledger = Ledger::new(&team.place.graph, setup.members);
    let checks = checks(parameters, &team.place.graph, setup.members, setup.clocks.drift_ppm, &ledger);
    let liveness = Box::new(TasksEnd::new(team.clone(), setup, ledger));
    Subject {
        checks,
        liveness,
        // An agent counts on a sixteenth less of a lease than it is given.
        drift_ppm: CLOCK_DRIFT_PPM,
        groups: groups(parameters, setup.members),
        ..Subject::new("coordination", move |boot: Boot<'_, Coordination>| node(&boot, &team))
    }
}
