//! What a send costs, beside the draw that no send can do without.

use std::hint::black_box;

use divan::counter::ItemsCount;
use sim_core::distribution::Distribution;
use sim_core::fault::{CutId, Degradation, DegradeId, Reach};
use sim_core::identity::Slot;
use sim_core::network::{Network, Packet, Sent};
use sim_core::process::{Lane, Priority};
use sim_core::random::{Keyed, Purpose, below};
use sim_core::ratio::Ratio;
use sim_core::setup::{NetworkModel, Topology};
use sim_core::time::{Duration, Time};

fn main() {
    divan::main();
}

const SENDS: u64 = 1_000;
const SLOTS: u32 = 1_000;

fn packet(i: u64, lane: Lane) -> Packet {
    let word = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Packet {
        now: Time::from_nanos(i * 1_000),
        from: Slot((i % u64::from(SLOTS)) as u32),
        to: Slot(below(word, u64::from(SLOTS)) as u32),
        size: 100,
        lane,
        priority: Priority::Normal,
        ordinal: 0,
    }
}

fn fold(sent: Sent) -> u64 {
    match sent {
        Sent::One(flight) => flight.at.as_nanos(),
        Sent::Two(first, second) => first.at.as_nanos() ^ second.at.as_nanos(),
        Sent::Lost(lost) => lost as u64,
    }
}

fn time(bencher: divan::Bencher<'_, '_>, mut network: Network, lane: Lane) {
    let mut start = 0;
    bencher.counter(ItemsCount::new(SENDS)).bench_local(|| {
        start += SENDS;
        (start..black_box(start + SENDS)).fold(0, |sum, i| sum ^ fold(network.send(&packet(i, lane))))
    });
}

fn network(model: &NetworkModel) -> Network {
    Network::new(model, SLOTS, 0, 1).expect("the model of a benchmark is valid")
}

fn lossy() -> NetworkModel {
    NetworkModel { loss: Ratio::new(1, 100), ..NetworkModel::default() }
}

/// The limit: the words of a fate, a loss and a uniform delay, by hand.
#[divan::bench]
fn by_hand(bencher: divan::Bencher<'_, '_>) {
    let (keyed, loss) = (Keyed::new(1, Purpose::Fate), Ratio::new(1, 100).threshold());
    bencher.counter(ItemsCount::new(SENDS)).bench(|| {
        (0..black_box(SENDS)).fold(0, |sum, i| {
            let packet = packet(i, Lane::Datagram);
            let ends = u64::from(packet.from.0) << 32 | u64::from(packet.to.0);
            let [chance, word] = keyed.words(ends, packet.now.as_nanos());
            if chance < loss { sum } else { sum ^ (packet.now.as_nanos() + below(word, 9_000_001)) }
        })
    });
}

#[divan::bench]
fn quiet(bencher: divan::Bencher<'_, '_>) {
    time(bencher, network(&lossy()), Lane::Datagram);
}

#[divan::bench]
fn quiet_exponential(bencher: divan::Bencher<'_, '_>) {
    let latency = Distribution::Exponential { mean: Duration::from_millis(5) };
    time(bencher, network(&NetworkModel { latency, ..lossy() }), Lane::Datagram);
}

#[divan::bench]
fn under_a_cut(bencher: divan::Bencher<'_, '_>) {
    let mut network = network(&lossy());
    let halves = (0..SLOTS).map(|slot| 1 << (slot % 2)).collect();
    network.cut(Time::ZERO, CutId(1), &Reach::Groups(halves), &mut Vec::new());
    time(bencher, network, Lane::Datagram);
}

#[divan::bench]
fn under_a_degradation(bencher: divan::Bencher<'_, '_>) {
    let mut network = network(&lossy());
    let spike = Ratio::new(1, 100);
    let delay = Some(Distribution::Fixed(Duration::from_millis(100)));
    network.degrade(DegradeId(1), &Degradation { spike, delay, ..Degradation::default() });
    time(bencher, network, Lane::Datagram);
}

#[divan::bench]
fn with_bandwidth(bencher: divan::Bencher<'_, '_>) {
    time(bencher, network(&NetworkModel { bandwidth: Some((1 << 30).into()), ..lossy() }), Lane::Datagram);
}

#[divan::bench]
fn routed(bencher: divan::Bencher<'_, '_>) {
    let topology = Some(Topology::RandomRegular { degree: 8 });
    time(bencher, network(&NetworkModel { topology, ..lossy() }), Lane::Datagram);
}

/// A stream to each of all others: about a million sessions.
#[divan::bench]
fn stream_all_to_all(bencher: divan::Bencher<'_, '_>) {
    time(bencher, network(&lossy()), Lane::Stream);
}

/// Streams among five, as in a small cluster.
#[divan::bench]
fn stream_of_five(bencher: divan::Bencher<'_, '_>) {
    let mut network = network(&lossy());
    let mut start = 0;
    bencher.counter(ItemsCount::new(SENDS)).bench_local(|| {
        start += SENDS;
        (start..black_box(start + SENDS)).fold(0, |sum, i| {
            let mut packet = packet(i, Lane::Stream);
            (packet.from.0, packet.to.0) = (packet.from.0 % 5, packet.to.0 % 5);
            sum ^ fold(network.send(&packet))
        })
    });
}
