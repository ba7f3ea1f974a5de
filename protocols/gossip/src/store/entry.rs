//! The store as the registry knows it.

use std::sync::Arc;

use sim_core::facts::Facts;
use sim_core::operation::ObjectModel;
use sim_core::process::{Boot, Context, Input, Process, Role};
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::client::Client;
use super::convergence::Convergence;
use super::liveness::StoreLiveness;
use super::member::{Member, Shared};
use super::parameters::Parameters;
use super::plants::Plants;
use super::ring::Ring;
use super::safety::{
    Answers, Causality, Durability, Hints, Newest, Promises, QuorumReads, Recovery, Resurrection, Siblings,
    Survival, Trees,
};
use super::service::KeyService;
use super::vocabulary::{Store, StoreMessage, StoreObservation};

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Members are homes of keys on a ring of hashes. Any of them coordinates what a client asks: a write is acknowledged once W \
            members have it on disk, a read is answered by R homes (Dynamo, DeCandia et al. 2007). The last writer wins, by hybrid \
            logical clocks, or concurrent writes are kept as siblings, by version vectors. Hints, read repair and exchanges by hash trees make replicas equal; tombstones are collected once \
            nothing older is left.",
    roles: &["member"],
    messages: StoreMessage::KINDS,
    observations: StoreObservation::KINDS,
    knobs: Parameters::KNOBS,
    plants: Plants::ALL,
    checks: CHECKS,
    objects: &[ObjectModel::Register, ObjectModel::Kv],
    linearizable: false,
    metrics: &["convergence"],
    fixed_members: Some("the ring is made of the members of the beginning"),
    most_nodes: 1_000,
    ..ProtocolInfo::new("store", "A replicated store: quorums, hints, read repair and anti-entropy")
};

/// The store in the registry.
///
/// Fewer than half may be down or have lost their disks, and any number may be down that comes back with its disk. Somebody new takes the
/// place of a lost disk; one that is damaged halts its member. Nothing is promised against members that lie.
pub const ENTRY: Simple<Parameters, Store, Node> = Simple::new(&INFO, system)
    .bears(|members| {
        let minority = members.saturating_sub(1) / 2;
        FaultModel { crashed: minority, lost_disks: minority, byzantine: 0, outages: true }
    })
    .waits(Parameters::longest_wait);

/// A member or a client.
#[derive(Debug)]
pub enum Node {
    /// A member.
    Member(Box<Member>),
    /// A client.
    Client(Box<Client>),
}

impl Process<Store> for Node {
    fn step(&mut self, input: Input<'_, Store>, cx: &mut Context<'_, Store>) {
        match self {
            Self::Member(member) => member.step(input, cx),
            Self::Client(client) => client.step(input, cx),
        }
    }
}

fn ring(parameters: &Parameters, setup: &Setup) -> Ring {
    Ring::new(setup.seed, setup.members, parameters.tokens, parameters.replicas)
}

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Store, Node> {
    let plants = Plants::of(launch);
    let shared = Arc::new(Shared { parameters: *parameters, plants, ring: ring(parameters, setup) });
    let factory = move |boot: Boot<'_, Store>| match boot.role {
        Role::Member => Node::Member(Box::new(Member::new(&shared, &boot))),
        Role::Client => Node::Client(Box::new(Client::new(&shared, &boot))),
    };
    Subject {
        checks: checks(parameters, setup),
        service: Box::new(KeyService { delete_percent: parameters.delete_percent }),
        liveness: Box::new(StoreLiveness::new(parameters, ring(parameters, setup), setup)),
        ..Subject::new("store", factory)
    }
}

sim_core::checks! {
    fn checks(parameters: &Parameters, setup: &Setup) -> Store {
        "store/durability": "When a write is acknowledged, W members have it on disk, or something newer."
            => Durability::new(parameters, setup.members),
        "store/survival": "At the end each acknowledged write, or something newer, is still on some disk."
            => Survival::new(parameters),
        "store/newest": "A home never replaces a record by an older one, nor keeps an older one beside a newer one."
            => Newest::new(parameters),
        "store/siblings": "Where siblings are kept, a home gives a write up only for one whose writer knew it."
            => Siblings::new(parameters),
        "store/resurrection": "Once a delete has been collected, nobody holds a value that is older."
            => Resurrection::new(parameters),
        "store/promises": "Whoever takes over a hint or confirms tombstones has that on disk, sends nothing older, and knows it after \
            each restart."
            => Promises::new(parameters, ring(parameters, setup)),
        "store/recovery": "What was on disk is found again after a restart, whoever finds it damaged does nothing, and a newcomer is welcomed once it \
            stands there."
            => Recovery::new(parameters),
        "store/hints": "A hint is given up once its home has said that it has the write, or for a newer one."
            => Hints::new(parameters),
        "store/trees": "Two members have the same root exactly when they hold the same of what they share."
            => Trees::new(parameters, ring(parameters, setup)),
        "store/answers": "R homes answer a read, none of what they said is older than a tombstone that one of them had dropped, and a client returns what \
            it was asked for."
            => Answers::new(parameters, ring(parameters, setup)),
        "store/causality": "The version of a write is higher than every version of its key that the client knew, and no member tells it an earlier time than \
            it knows."
            => Causality::default(),
        "store/quorum-reads": "If R + W > N and quorums are strict, a read sees what was acknowledged before."
            => QuorumReads::new(parameters, setup.members),
        "store/convergence": "After the heal, all homes of a key in the core become equal, and hints are handed over."
            => Convergence::new(parameters, ring(parameters, setup)),
    }
}
