//! Where slots are: regions, clients, topologies, joiners, and models that are refused.

use super::{admits, at, datagram, fixed, lost, ms, network, one};
use crate::distribution::{Distribution, DistributionError, Placement, RegionMatrix};
use crate::graph::Topology;
use crate::identity::{NodeName, Slot};
use crate::network::NetworkModel;
use crate::network::{CutId, Reach};
use crate::network::{Lost, Network, NetworkError};
use crate::process::Role;
use crate::time::Duration;

fn delay(network: &mut Network, from: u32, to: u32) -> Duration {
    one(network.send(&datagram(at(0), from, to))).at.since(at(0))
}

#[test]
fn clients_have_a_latency_of_their_own() {
    let model = NetworkModel { client_latency: Some(Distribution::Fixed(ms(0))), ..fixed() };
    let mut network = Network::new(&model, 2, 1, 1).unwrap();
    assert_eq!(
        [delay(&mut network, 0, 1), delay(&mut network, 0, 2), delay(&mut network, 2, 1)],
        [10, 0, 0].map(ms)
    );
    assert_eq!(network.send(&datagram(at(0), 0, 3)), lost(Lost::NoRoute));
    assert_eq!(network.send(&datagram(at(0), 4, 4)), lost(Lost::NoRoute));
    network.add_slot(Role::Member);
    network.add_slot(Role::Client);
    assert_eq!(
        [delay(&mut network, 0, 3), delay(&mut network, 0, 4), delay(&mut network, 2, 3)],
        [10, 0, 0].map(ms)
    );
}

#[test]
fn regions_decide_the_latency() {
    let fixed = |millis| Distribution::Fixed(ms(millis));
    let matrix = RegionMatrix {
        regions: vec!["eu".into(), "us".into()],
        latency: vec![vec![fixed(1), fixed(40)], vec![fixed(45), fixed(2)]],
        placement: Placement::RoundRobin,
        clients: Placement::RoundRobin,
    };
    let model = NetworkModel { regions: Some(matrix.clone()), ..NetworkModel::default() };
    let mut regions = network(&model, 4);
    let delays = [(0, 2), (0, 1), (1, 0), (3, 1)].map(|(from, to)| delay(&mut regions, from, to));
    assert_eq!(delays, [1, 40, 45, 2].map(ms));
    let misplaced = RegionMatrix { placement: Placement::Named(vec!["mars".into()]), ..matrix };
    let model = NetworkModel { regions: Some(misplaced), ..NetworkModel::default() };
    let error = Network::new(&model, 1, 0, 1).unwrap_err();
    assert!(matches!(error, NetworkError::Regions(_)), "{error}");
}

#[test]
fn each_hop_takes_its_time() {
    let model = NetworkModel { topology: Some(Topology::Ring), ..fixed() };
    let mut ring = Network::new(&model, 6, 1, 1).unwrap();
    let delays = [1, 2, 3, 4, 5, 6].map(|to| delay(&mut ring, 0, to));
    assert_eq!(delays, [10, 20, 30, 20, 10, 10].map(ms));
    let uniform = NetworkModel { topology: Some(Topology::Ring), ..NetworkModel::default() };
    let mut ring = network(&uniform, 6);
    // Three draws of their own: variances add up, to 20.25 ms². One draw taken three times would have 60.75.
    let totals =
        (0..4_000).map(|now| one(ring.send(&datagram(at(now), 0, 3))).at.since(at(now)).as_millis_f64());
    let (sum, squares) = totals.fold((0.0, 0.0), |(sum, squares), ms| (sum + ms, squares + ms * ms));
    let (mean, variance) = (sum / 4e3, squares / 4e3 - (sum / 4e3) * (sum / 4e3));
    assert!((mean - 16.5).abs() < 0.3 && (variance - 20.25).abs() < 1.5, "{mean} {variance}");
    ring.add_slot(Role::Member);
    assert!(delay(&mut ring, 6, 3) <= ms(10));
}

#[test]
fn a_cut_of_one_hop_cuts_the_way() {
    let model = NetworkModel { topology: Some(Topology::Star { hub: NodeName(0) }), ..fixed() };
    let mut star = network(&model, 4);
    star.cut(at(0), CutId(1), &Reach::OneWay { from: vec![Slot(0)], to: vec![Slot(2)] }, &mut Vec::new());
    assert!(
        !star.reachable(Slot(1), Slot(2))
            && star.reachable(Slot(2), Slot(1))
            && star.reachable(Slot(1), Slot(3))
    );
    assert_eq!(star.send(&datagram(at(0), 3, 2)), lost(Lost::Cut));
    assert!(!admits(&star, Slot(3), Slot(2), 0));
}

#[test]
fn models_that_make_no_sense_are_refused() {
    let error = |model: NetworkModel| Network::new(&model, 3, 0, 1).unwrap_err();
    assert_eq!(error(NetworkModel { bandwidth: Some(0.into()), ..fixed() }), NetworkError::Bandwidth);
    let absurd = Distribution::Uniform { min: ms(2), max: ms(1) };
    let latency = error(NetworkModel { latency: absurd.clone(), ..fixed() });
    assert!(matches!(latency, NetworkError::Latency(DistributionError::Order { .. })));
    let client = error(NetworkModel { client_latency: Some(absurd), ..fixed() });
    assert!(
        client.to_string().starts_with("build the network: client latency: failed to use a distribution:")
    );
    let topology = error(NetworkModel { topology: Some(Topology::Star { hub: NodeName(3) }), ..fixed() });
    assert_eq!(
        topology.to_string(),
        "build the network: failed to use the topology: n4 does not exist, there are 3 members"
    );
}
