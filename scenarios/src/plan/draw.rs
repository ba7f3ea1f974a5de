//! The draws of a swarm.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use serde_json::Value;
use sim_core::adversary::{Act, Adversary, Occasion};
use sim_core::distribution::Distribution;
use sim_core::facts::mutation::Scope;
use sim_core::fault::spec::{RollingRestart, Upgrade};
use sim_core::fault::swarm::draw;
use sim_core::fault::{Fault, FaultEntry, FaultPlan};
use sim_core::operation::{ObjectModel, ValueBytes};
use sim_core::random::{StreamName, below, stream};
use sim_core::ratio::Ratio;
use sim_core::registry::{Cluster, ProtocolInfo};
use sim_core::setup::Setup;
use sim_core::time::Duration;
use sim_core::workload::{Load, Mix, Rate, WorkloadModel};

use super::disorder::disorder;
use crate::scenario::domains::place;
use crate::scenario::{Domain, Lengths, Range, Swarm, Traitors};

/// A number below `n`.
fn pick(rng: &mut ChaCha8Rng, n: u64) -> u64 {
    below(rng.next_u64(), n)
}

fn within(range: Range, rng: &mut ChaCha8Rng) -> u32 {
    let width = u64::from(range.max.saturating_sub(range.min)) + 1;
    range.min + u32::try_from(pick(rng, width)).unwrap_or(0)
}

/// A number from a range, or the one that is written.
pub(super) fn count(range: Option<Range>, written: u32, rng: &mut ChaCha8Rng) -> u32 {
    range.map_or(written, |range| within(range, rng))
}

/// The number of members: the smaller of two drawn ones, where the swarm prefers small clusters. Half of the seeds in disorder have as few as may be.
pub(super) fn members(swarm: &Swarm, written: u32, seed: u64, rng: &mut ChaCha8Rng) -> u32 {
    let drawn = count(swarm.nodes, written, rng);
    let drawn = if swarm.small { drawn.min(count(swarm.nodes, written, rng)) } else { drawn };
    let least = disorder(swarm, seed).is_some_and(|disorder| disorder.least);
    swarm.nodes.filter(|_| least).map_or(drawn, |nodes| nodes.min)
}

/// A length from a range of which each doubling is equally likely, but no more than the one that is written.
pub(super) fn length(lengths: Option<Lengths>, written: Duration, rng: &mut ChaCha8Rng) -> Duration {
    let Some(Lengths { min, max }) = lengths else { return written };
    let doublings = u64::from((max.as_nanos() / min.as_nanos().max(1)).max(1).ilog2()) + 1;
    let low = min.saturating_mul(1 << pick(rng, doublings)).min(max);
    let width = low.saturating_mul(2).min(max) - low;
    (low + Duration::from_nanos(pick(rng, width.as_nanos() + 1))).min(written)
}

/// What clients are asked for: how much of it, and where the swarm draws it, what.
pub(super) fn workload(
    swarm: &Swarm,
    written: &WorkloadModel,
    (clients, duration): (u32, Duration),
    protocol: &ProtocolInfo,
    seed: u64,
) -> WorkloadModel {
    let mut rng = stream(seed, StreamName::Workload);
    let operations = swarm.operations.map(|range| u64::from(within(range, &mut rng)));
    let mut workload = WorkloadModel { operations: operations.or(written.operations), ..written.clone() };
    if swarm.workload && !protocol.objects.is_empty() {
        workload.ramp_to = None;
        let [model, keys, reads, pace, readers] = [(); 5].map(|()| pick(&mut rng, 12) as usize);
        workload.model = kind_of_object(protocol.objects, model, seed);
        workload.value_bytes = value_bytes(seed);
        workload.keys = Some([1, 1, 2, 5][keys % 4]);
        workload.mix = Mix::default().or_default(workload.model).with_reads([1, 1, 4][reads % 3]);
        match (pace % 4, workload.rate) {
            _ if swarm.spread => spread(&mut workload, pace % 4, (clients, duration), &mut rng),
            (2, Some(rate)) => workload.rate = Some(rate.times(4)),
            (3, _) if workload.more.is_empty() => {
                (workload.rate, workload.think) = (None, Some(Duration::from_millis(20)));
            }
            _ => {}
        }
        if swarm.readers && workload.model != ObjectModel::Queue {
            let most = clients / 2;
            workload.readers = [None, None, Some(1.min(most)), Some(most)][readers % 4];
        }
    }
    workload
}

/// How many clients do not follow the protocol: none in half of the seeds, else one or up to half of them.
pub(super) fn corrupt_clients(seed: u64, clients: u32) -> Option<u32> {
    let mut rng = stream(seed, StreamName::Clients);
    let [some, many, count] = [(); 3].map(|()| rng.next_u64());
    let most = clients / 2;
    if most == 0 || below(some, 2) == 0 {
        return None;
    }
    let drawn = if below(many, 2) == 0 { 1 } else { 1 + below(count, u64::from(most)) };
    u32::try_from(drawn).ok()
}

/// One of the first kinds of objects for two seeds of three, and one of the others for the third. These have a stream of their
/// own, so that they change nothing for the seeds that do not use them.
fn kind_of_object(offered: &[ObjectModel], drawn: usize, seed: u64) -> ObjectModel {
    let (usual, others) = offered.split_at(offered.len().min(USUAL_OBJECTS));
    let mut rng = stream(seed, StreamName::Objects);
    let [other, which] = [(); 2].map(|()| rng.next_u64());
    if !others.is_empty() && below(other, 3) == 0 {
        return others[below(which, others.len() as u64) as usize];
    }
    usual[drawn % usual.len()]
}

/// Plain numbers for seven seeds of eight; for the eighth small records, or what takes a slow link a while. Larger ones would cost
/// a campaign as much as all other seeds together, where they are sent in small chunks.
fn value_bytes(seed: u64) -> ValueBytes {
    let mut rng = stream(seed, StreamName::ValueBytes);
    let [whether, most] = [(); 2].map(|()| pick(&mut rng, 24));
    let max = [100, 500, 2_500][most as usize % 3];
    if whether % 8 == 0 { ValueBytes { min: 0, max } } else { ValueBytes::default() }
}

/// Registers with and without swaps, many registers, and lists.
const USUAL_OBJECTS: usize = 4;

/// What an earlier run left behind, in a third of the seeds.
pub(super) fn past(cluster: &dyn Cluster, members: u32, seed: u64) -> Option<Value> {
    let mut rng = stream(seed, StreamName::Past);
    if pick(&mut rng, 3) > 0 { None } else { cluster.drawn_state(members, &mut rng) }
}

/// Spreads the operations over the run: evenly, in bursts, over its first quarter, or in a closed loop that lasts about as long.
fn spread(
    workload: &mut WorkloadModel,
    pace: usize,
    (clients, duration): (u32, Duration),
    rng: &mut ChaCha8Rng,
) {
    let operations = workload.operations.unwrap_or(1).max(1);
    let even = Rate::new(operations, duration);
    match pace {
        1 => {
            let bursts = 2 + pick(rng, 7);
            let share = operations.div_ceil(bursts);
            let mut load = || Load {
                rate: even.times(32),
                ramp_to: None,
                spacing: workload.spacing,
                mix: workload.mix,
                operations: Some(share),
                start: Duration::from_nanos(pick(rng, duration.as_nanos() * 7 / 8)),
                until: None,
            };
            let loads: Vec<Load> = (0..bursts).map(|_| load()).collect();
            workload.rate = Some(even.times(32));
            workload.operations = Some(share);
            (workload.start, workload.more) = (loads[0].start, loads[1..].to_vec());
        }
        2 => workload.rate = Some(even.times(4)),
        3 => {
            let think = duration * u64::from(clients) / operations;
            (workload.rate, workload.think) = (None, Some(think));
        }
        _ => workload.rate = Some(even),
    }
}

/// The network and the disks, each from a few kinds that differ in more than strength.
pub(super) fn environment(swarm: &Swarm, setup: &mut Setup, seed: u64) {
    let mut rng = stream(seed, StreamName::Swarm);
    let latency = pick(&mut rng, LATENCIES.len() as u64);
    let [loss, duplicate] = [(); 2].map(|()| pick(&mut rng, 4));
    let sync = pick(&mut rng, SYNCS.len() as u64);
    if swarm.network {
        setup.network.latency = LATENCIES[latency as usize].clone();
        setup.network.loss = [Ratio::ZERO, Ratio::ZERO, Ratio::new(1, 500), Ratio::new(1, 50)][loss as usize];
        setup.network.duplicate =
            [Ratio::ZERO, Ratio::ZERO, Ratio::new(1, 500), Ratio::new(1, 50)][duplicate as usize];
    }
    if swarm.disk {
        setup.disk.sync = SYNCS[sync as usize].clone();
    }
}

const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Within a rack, across a city, with a tail, nearly constant, and so far that elections collide.
const LATENCIES: [Distribution; 5] = [
    Distribution::Uniform { min: micros(200), max: micros(2_000) },
    Distribution::Uniform { min: micros(1_000), max: micros(10_000) },
    Distribution::LogNormal { median: micros(4_000), p99: micros(25_000) },
    Distribution::Uniform { min: micros(5_000), max: micros(5_100) },
    Distribution::Uniform { min: micros(8_000), max: micros(24_000) },
];

/// No disk, a good one, a slow one, an uneven one, and one that is so busy that much is never durable when the power fails.
const SYNCS: [Distribution; 5] = [
    Distribution::Fixed(Duration::ZERO),
    Distribution::Uniform { min: micros(20), max: micros(200) },
    Distribution::Uniform { min: micros(1_000), max: micros(8_000) },
    Distribution::Exponential { mean: micros(2_000) },
    Distribution::Uniform { min: micros(10_000), max: micros(40_000) },
];

/// Traitors from the start, among those that are there, honest and no twin so far, and rules for all there will be. `timeout` is
/// the longest that the protocol waits.
pub(super) fn traitors(
    swarm: &Swarm,
    setup: &mut Setup,
    protocol: &ProtocolInfo,
    budget: u32,
    timeout: Duration,
) {
    let mut rng = stream(setup.seed, StreamName::Initial);
    let behavior = pick(&mut rng, protocol.behaviors.len() as u64) as usize;
    if let Some(behavior) = protocol.behaviors.get(behavior).filter(|_| swarm.behaviors) {
        setup.behavior = Some(behavior.name.to_owned());
    }
    let wanted = match swarm.traitors {
        Traitors::None => 0,
        Traitors::UpToBudget => within(Range { min: 0, max: budget }, &mut rng),
        Traitors::Budget => budget,
        Traitors::Beyond(more) => budget.saturating_add(more),
    };
    let initial = &setup.initial;
    let beside = |slot: &u32| initial.beside.contains(slot);
    let twin = |slot: &u32| beside(slot) || initial.twins.iter().any(|(at, of)| at == slot || of == slot);
    let taken = |slot: &u32| initial.corrupt.contains(slot) || initial.absent.contains(slot) || twin(slot);
    let mut free: Vec<u32> = (0..setup.members).filter(|slot| !taken(slot)).collect();
    for _ in 0..wanted.min(u32::try_from(free.len()).unwrap_or(u32::MAX)) {
        let index = usize::try_from(pick(&mut rng, free.len() as u64)).unwrap_or(0);
        setup.initial.corrupt.push(free.swap_remove(index));
    }
    setup.initial.corrupt.sort_unstable();
    if swarm.rules && budget > 0 && pick(&mut rng, 2) == 0 {
        let most = 1 + pick(&mut rng, 3);
        let drawn = (0..most).map(|_| rule(protocol, budget, timeout, &mut rng));
        setup.adversaries.extend(drawn.collect::<Vec<_>>());
    }
}

/// What all traitors do with some of their messages: what any protocol's traitors can do, or a lie of their own.
fn rule(protocol: &ProtocolInfo, budget: u32, timeout: Duration, rng: &mut ChaCha8Rng) -> Adversary {
    let mut one_of = |names: &[&str], share: u64| {
        let name = names.get(pick(rng, names.len().max(1) as u64) as usize);
        name.filter(|_| pick(rng, share) > 0).map(|name| (*name).to_owned())
    };
    let send = one_of(protocol.messages, 5);
    let role = one_of(protocol.roles, 5).filter(|_| pick(rng, 4) == 0);
    let [how, strength] = [(); 2].map(|()| pick(rng, 8));
    let probability = Ratio::new(1, 1 + u32::try_from(strength % 4).unwrap_or(0));
    let own = protocol.behaviors.get(pick(rng, protocol.behaviors.len().max(1) as u64) as usize);
    let act = match (how, own) {
        (0, _) if send.is_some() => Act::Silent,
        (0 | 1, _) => Act::Withhold { from: Some(1 + u32::try_from(strength).unwrap_or(0) % budget) },
        (2, _) => Act::Drop { probability },
        (3, _) => Act::Delay { by: timeout * (strength + 1) / 8 },
        (4, _) => Act::Replay { probability },
        (5, _) | (_, None) => {
            let scope = if strength / 4 == 0 { Scope::Small } else { Scope::Any };
            Act::Alter { field: None, scope, seal: strength % 4 > 0, probability }
        }
        (_, Some(own)) => {
            Act::Own { behavior: own.name.to_owned(), ways: 2 + u32::try_from(strength % 2).unwrap_or(0) }
        }
    };
    Adversary { slots: Vec::new(), on: Occasion { send, role, round: None }, act }
}

/// Faults of the families that the swarm has on, beside those that are written. A drawn entry keeps clear of the
/// names of the written ones.
pub(super) fn faults(
    swarm: &Swarm,
    setup: &mut Setup,
    protocol: &ProtocolInfo,
    cluster: &dyn Cluster,
    domains: &[Domain],
) {
    let mut space = swarm.space(protocol);
    space.disorder = disorder(swarm, setup.seed).map(|_| cluster.largest_timeout());
    let model = cluster.fault_model(setup.members);
    // A domain in which too many fail at once is never drawn as a whole; cut off it may be, as everybody may.
    let borne = model.crashed.max(model.byzantine) as usize;
    let members = |domain: &Domain| domain.slots.iter().filter(|slot| slot.0 < setup.members).count();
    for domain in domains.iter().filter(|domain| members(domain) > 0) {
        space.domains.push(domain.name.to_string());
        if members(domain) <= borne {
            space.small_domains.push(domain.name.to_string());
        }
    }
    if space.families.is_empty() {
        return;
    }
    let mut rng = stream(setup.seed, StreamName::Plan);
    let mut drawn = draw(&mut rng, &space, setup.members, setup.clients, setup.duration, model);
    place(&mut drawn.entries, domains, false);
    let (members, clients) = (setup.members, setup.clients);
    let clash = |faults: &FaultPlan| faults.validate(members, clients, None).is_err();
    let written = setup.faults.entries.len();
    setup.faults.entries.extend(drawn.entries.into_iter().map(|entry| FaultEntry { id: None, ..entry }));
    setup.faults.number();
    if !clash(&setup.faults) {
        return;
    }
    for entry in setup.faults.entries.split_off(written) {
        setup.faults.entries.push(FaultEntry { id: None, ..entry });
        setup.faults.number();
        if clash(&setup.faults) {
            setup.faults.entries.pop();
        }
    }
}

/// Where there are versions, half of those who stop by a drawn fault start again as one of them, or as the first one.
pub(super) fn upgrades(setup: &mut Setup, written: usize) {
    if setup.versions.is_empty() {
        return;
    }
    let names: Vec<String> = setup.version_names().map(str::to_owned).collect();
    let mut rng = stream(setup.seed, StreamName::Upgrades);
    for entry in setup.faults.entries.iter_mut().skip(written) {
        let to = names[pick(&mut rng, names.len() as u64) as usize].clone();
        if pick(&mut rng, 2) == 0 {
            continue;
        }
        match &mut entry.what {
            Fault::Crash(crash) => crash.version = Some(to),
            Fault::RollingRestart(RollingRestart { target, down, gap }) => {
                entry.what = Fault::Upgrade(Upgrade { target: target.clone(), to, down: *down, gap: *gap });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::ordered::OrderedSet;

    use super::*;
    use crate::testing::real;

    const SIZE: (u32, Duration) = (4, Duration::from_secs(20));

    #[test]
    fn a_swarm_draws_what_clients_do_among_what_the_protocol_offers() {
        let registry = real();
        let source = crate::builtin::find("raft-swarm").unwrap();
        let loaded = crate::scenario::load(&registry, source, crate::document::Format::Toml, &[]).unwrap();
        let written = loaded.scenario.workload.clone().unwrap();
        let on = Swarm { workload: true, readers: true, ..Swarm::default() };
        let (mut models, mut keys, mut open) = (OrderedSet::new(), OrderedSet::new(), OrderedSet::new());
        let mut readers = OrderedSet::new();
        for seed in 0..200 {
            let drawn = workload(&on, &written, SIZE, loaded.protocol, seed);
            assert!(loaded.protocol.objects.contains(&drawn.model));
            assert_eq!(drawn.validate(4), Ok(()));
            readers.insert(drawn.readers);
            models.insert(drawn.model);
            keys.insert(drawn.keys);
            open.insert(drawn.open_rate().is_some());
            assert_eq!(workload(&Swarm::default(), &written, SIZE, loaded.protocol, seed), written);
        }
        assert_eq!((models.len(), keys.len(), open.len()), (loaded.protocol.objects.len(), 3, 2));
        assert_eq!(readers.into_iter().collect::<Vec<_>>(), [None, Some(1), Some(2)]);
    }

    #[test]
    fn drawn_operations_are_spread_over_the_run_and_come_to_what_was_drawn() {
        let registry = real();
        let source = crate::builtin::find("raft-swarm").unwrap();
        let loaded = crate::scenario::load(&registry, source, crate::document::Format::Toml, &[]).unwrap();
        let written = loaded.scenario.workload.clone().unwrap();
        let operations = Some(Range { min: 50, max: 300 });
        let on = Swarm { workload: true, spread: true, operations, ..Swarm::default() };
        let second = Duration::from_secs(1);
        let mut paces = [0; 4];
        for seed in 0..200 {
            let drawn = workload(&on, &written, (4, second * 10), loaded.protocol, seed);
            assert_eq!(drawn.validate(4), Ok(()));
            let most = drawn.most_operations().unwrap();
            assert!((50..=308).contains(&most), "{most}");
            let pace = match (drawn.think, drawn.more.len()) {
                // Four clients that think so long, one operation after the other.
                (Some(think), 0) => {
                    assert!(think * most / 4 <= second * 10);
                    3
                }
                (None, 0) => {
                    let lasts = drawn.rate.unwrap().offset(most);
                    assert!(
                        lasts.as_nanos().abs_diff(Duration::from_millis(10_000).as_nanos()) < 1_000_000
                            || lasts.as_nanos().abs_diff(Duration::from_millis(2_500).as_nanos()) < 1_000_000
                    );
                    usize::from(lasts < second * 5) * 2
                }
                (None, more) => {
                    assert!((1..=7).contains(&more));
                    assert!(
                        drawn.loads().iter().all(|load| load.mix == drawn.mix && load.start < second * 10)
                    );
                    1
                }
                other => panic!("{other:?}"),
            };
            paces[pace] += 1;
        }
        assert!(paces.iter().all(|count| *count > 20), "{paces:?}");
    }

    #[test]
    fn small_clusters_are_more_frequent_where_a_swarm_prefers_them() {
        let few = |small| {
            let swarm = Swarm { nodes: Some(Range { min: 3, max: 9 }), small, ..Swarm::default() };
            let drawn = |seed| members(&swarm, 5, seed, &mut stream(seed, StreamName::Configuration));
            (0..400).filter(|seed| drawn(*seed) <= 5).count()
        };
        // 33 of 49, and 3 of 7.
        let (with, without) = (few(true), few(false));
        assert!((240..300).contains(&with) && (140..205).contains(&without), "{with} and {without} of 400");
    }

    #[test]
    fn short_runs_are_as_frequent_as_long_ones_and_none_exceeds_what_is_written() {
        let (four, twenty) = (Duration::from_secs(4), Duration::from_secs(20));
        let lengths = Some(Lengths { min: four, max: twenty });
        let draw = |written| {
            (0..400).map(move |seed| length(lengths, written, &mut stream(seed, StreamName::Configuration)))
        };
        assert!(draw(twenty).all(|drawn| (four..=twenty).contains(&drawn)));
        let short = draw(twenty).filter(|drawn| *drawn < four * 2).count();
        assert!((90..180).contains(&short), "{short} of 400 are shorter than 8 s");
        assert!(draw(four).all(|drawn| drawn == four));
        assert_eq!(length(None, four, &mut stream(1, StreamName::Configuration)), four);
    }

    #[test]
    fn rules_of_each_kind_are_drawn_and_half_of_the_seeds_have_none() {
        let registry = real();
        let source = crate::builtin::find("bracha-swarm").unwrap();
        let loaded = crate::scenario::load(&registry, source, crate::document::Format::Toml, &[]).unwrap();
        let on = Swarm { rules: true, ..Swarm::default() };
        let (mut kinds, mut none) = (OrderedSet::new(), 0);
        for seed in 0..400 {
            let mut setup = Setup::new(seed, 7);
            traitors(&on, &mut setup, loaded.protocol, 2, Duration::from_millis(800));
            none += u32::from(setup.adversaries.is_empty());
            for rule in &setup.adversaries {
                assert!(rule.on.send.as_deref().is_none_or(|kind| loaded.protocol.messages.contains(&kind)));
                assert!(rule.on.send.is_some() || rule.act != Act::Silent);
                let kind = match &rule.act {
                    Act::Silent => "silent",
                    Act::Withhold { from: Some(1 | 2) } => "withhold",
                    Act::Drop { .. } => "drop",
                    Act::Delay { by } if *by <= Duration::from_millis(800) => "delay",
                    Act::Replay { .. } => "replay",
                    Act::Alter { .. } => "alter",
                    Act::Own { behavior, ways: 2 | 3 } => behavior.as_str(),
                    other => panic!("{other:?}"),
                };
                kinds.insert(kind.to_owned());
            }
        }
        assert!((150..250).contains(&none), "{none}");
        assert!(kinds.len() >= 6 + loaded.protocol.behaviors.len() - 3, "{kinds:?}");
    }
}
