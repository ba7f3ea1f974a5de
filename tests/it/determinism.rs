//! Equal runs are equal, and unequal ones are caught: a protocol that asks a randomly seeded hash set for an order.

#![allow(clippy::disallowed_types, clippy::iter_over_hash_type, reason = "the nondeterminism is the point")]
#![allow(clippy::needless_pass_by_value, reason = "a factory takes its boot whole")]

use std::collections::HashSet;

use seedstorm::prelude::*;
use seedstorm::scenarios::builtin;
use seedstorm::scenarios::capsule::Capsule;
use seedstorm::scenarios::replay::{ReplayOptions, replay};
use seedstorm::sim_core::facts::Facts;
use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{Boot, Context, Input, Lane, Message, Observe, Process, Summary};
use seedstorm::sim_core::registry::{NoParameters, ProtocolInfo, Simple};
use seedstorm::sim_core::simulate::Subject;
use seedstorm::sim_core::trace::{Trace, TraceForm, TraceRequest};

/// Every family is run again.
const SWARMS: [&str; 21] = [
    "raft-swarm",
    "bracha-swarm",
    "pbft-swarm",
    "hotstuff-swarm",
    "twins-swarm",
    "tendermint-twins-swarm",
    "pbft-twins-swarm",
    "pbft-byzzfuzz-swarm",
    "hotstuff-byzzfuzz-swarm",
    "tendermint-byzzfuzz-swarm",
    "zyzzyva-byzzfuzz-swarm",
    "fab-byzzfuzz-swarm",
    "tendermint-swarm",
    "zyzzyva-swarm",
    "fab-swarm",
    "epidemic-swarm",
    "plumtree-swarm",
    "heartbeat-swarm",
    "store-swarm",
    "swim-swarm",
    "coordination-swarm",
];

seedstorm::sim_core::facts! { enum Word { Hello { to: NodeId } } }
seedstorm::sim_core::facts! { enum Heard { Heard { from: NodeId } } }
seedstorm::sim_core::vocabulary! { Greeting { message: Word, observation: Heard } }

impl Message for Word {
    fn wire_size(&self) -> u32 {
        8
    }
    fn lane(&self) -> Lane {
        Lane::Datagram
    }
}

impl Observe for Heard {
    fn summary(&self) -> Summary {
        Summary::default()
    }
}

/// Greets everybody, in an order that differs from process to process.
struct Greeter(Vec<NodeId>);

impl Process<Greeting> for Greeter {
    fn step(&mut self, input: Input<'_, Greeting>, cx: &mut Context<'_, Greeting>) {
        match input {
            Input::Start => {
                let peers: HashSet<NodeId> = self.0.iter().copied().collect();
                for peer in peers {
                    cx.send(peer, Word::Hello { to: peer });
                }
            }
            Input::Message { from, .. } => cx.observe(Heard::Heard { from }),
            _ => {}
        }
    }
}

fn boot(boot: Boot<'_, Greeting>) -> Greeter {
    Greeter(boot.members.iter().copied().filter(|member| *member != boot.node).collect())
}

const INFO: ProtocolInfo = ProtocolInfo {
    messages: Word::KINDS,
    observations: Heard::KINDS,
    ..ProtocolInfo::new("greeting", "Everybody greets everybody")
};

const SCENARIO: &str = r#"
schema = "seedstorm.scenario/1"
title = "greetings"
[cluster]
protocol = "greeting"
nodes = 30
duration = "1s"
"#;

#[test]
fn a_hash_order_is_caught_and_its_first_differing_event_named() {
    let mut registry = Registry::new();
    registry.register(Simple::new(&INFO, |_: &NoParameters, _, _| Subject::new("greeting", boot)));
    let source = Source { name: "greetings.toml".to_owned(), text: SCENARIO.to_owned() };
    let loaded = load(&registry, source, Format::Toml, &[]).unwrap();
    let plan = compile(&loaded, 1, &[]);
    let divergence = twice(&plan, &Launch::default()).unwrap().divergence.expect("the orders differ");
    assert_ne!(divergence.digests[0], divergence.digests[1]);
    let first = divergence.first.expect("recorded runs differ too");
    let (left, right) = (first.left.unwrap(), first.right.unwrap());
    assert_ne!(left, right);
    // The very first step already sends to somebody else.
    assert!(left.contains("Hello") && right.contains("Hello"), "{left}\n{right}");
    assert!(first.index < 60, "{}", first.index);
}

#[test]
fn recording_and_running_again_change_nothing() {
    let registry = seedstorm::registry();
    for name in SWARMS {
        let loaded = load(&registry, builtin::find(name).unwrap(), Format::Toml, &[]).unwrap();
        for seed in 0..8 {
            let plan = compile(&loaded, seed, &[]);
            let plain = twice(&plan, &Launch::default()).unwrap();
            assert_eq!(plain.divergence, None, "{name} {seed}");
            let recorded = Launch { trace: Some(TraceRequest::default()), ..Launch::default() };
            let recorded = run(&plan, &recorded).unwrap();
            assert_eq!(recorded.digest, plain.outcome.digest, "{name} {seed}");
            let request = TraceRequest { form: TraceForm::File, ..TraceRequest::default() };
            let filed = run(&plan, &Launch { trace: Some(request), ..Launch::default() }).unwrap();
            let file = filed.trace_file.expect("it was asked for");
            assert_eq!(Trace::from_bytes(&file).ok(), recorded.trace, "{name} {seed}");
        }
    }
}

/// Runs that lose more messages than a capsule keeps.
const LONG_RUNS: [&str; 1] = ["raft-swarm 12"];

/// What a capsule of another engine is replayed with: the executed plan and the fates that messages met, and no chance
/// but plain latency. Loss, damage, copies and spikes come out as they were drawn.
#[test]
fn pinned_plans_and_fates_stand_for_the_chance_that_made_them() {
    let registry = seedstorm::registry();
    let (mut pinned_fates, mut omitted) = (0, Vec::new());
    for name in SWARMS {
        let loaded = load(&registry, builtin::find(name).unwrap(), Format::Toml, &[]).unwrap();
        for seed in 0..15 {
            let plan = compile(&loaded, seed, &[]);
            let outcome = run(&plan, &Launch::default()).unwrap();
            let capsule = Capsule::new(&loaded, &plan, &outcome, "this build");
            // A run that stalls for minutes may.
            if !capsule.fates.complete {
                omitted.push(format!("{name} {seed}"));
                continue;
            }
            pinned_fates += capsule.fates.pins.iter().count();
            let options = ReplayOptions { build: "another build", intact: true };
            let replay = replay(&registry, &capsule, options, &Launch::default()).unwrap();
            assert!(replay.plan.setup.pins_only);
            assert_eq!(replay.outcome.digest, outcome.digest, "{name} {seed}");
            let again = Capsule::new(&loaded, &replay.plan, &replay.outcome, "another build");
            assert_eq!(again.fates, capsule.fates, "{name} {seed}");
        }
    }
    assert!(pinned_fates > 1_000, "{pinned_fates} pinned");
    assert_eq!(omitted, LONG_RUNS, "these runs were left out");
}

#[test]
fn threads_change_nothing_in_any_run() {
    let registry = seedstorm::registry();
    for name in SWARMS {
        let loaded = load(&registry, builtin::find(name).unwrap(), Format::Toml, &[]).unwrap();
        let digest = |jobs| {
            let options = ExploreOptions {
                seeds: 0..8,
                plants: Vec::new(),
                jobs: Some(jobs),
                stop_on_first: false,
                known: Vec::new(),
                build: "this build".to_owned(),
                ..ExploreOptions::default()
            };
            explore(&loaded, &options, Hooks::NONE).unwrap().totals.digest()
        };
        assert_eq!(digest(1), digest(2), "{name}");
    }
}
