//! The datagram lane: chance, degradations, bandwidth.

use super::{admits, at, datagram, fixed, lossy, lost, ms, network, one};
use crate::distribution::Distribution;
use crate::identity::Slot;
use crate::network::NetworkModel;
use crate::network::{CutId, Degradation, DegradeId, Reach};
use crate::network::{Lost, Network, Packet, Sent};
use crate::ordered::OrderedSet;
use crate::ratio::Ratio;
use crate::time::{Duration, Time};

const SENDS: u64 = 40_000;

/// One send a microsecond, over 20 pairs.
fn packets() -> impl Iterator<Item = Packet> {
    (0..SENDS).map(|i| datagram(Time::from_nanos(i * 1_000), (i % 4) as u32, 4 + (i % 5) as u32))
}

fn send_all(network: &mut Network) -> Vec<Sent> {
    packets().map(|packet| network.send(&packet)).collect()
}

fn count(sent: &[Sent], what: impl Fn(&Sent) -> bool) -> usize {
    sent.iter().filter(|sent| what(sent)).count()
}

fn is_lost(sent: &Sent) -> bool {
    *sent == lost(Lost::Loss)
}

#[test]
fn chance_does_what_the_model_says() {
    let model = NetworkModel {
        loss: Ratio::new(1, 20),
        duplicate: Ratio::new(1, 10),
        corrupt: Ratio::new(1, 50),
        ..NetworkModel::default()
    };
    let mut network = network(&model, 9);
    let sent = send_all(&mut network);
    // Expected counts, with four standard deviations of the binomial.
    let lost = count(&sent, is_lost);
    let twice = count(&sent, |sent| matches!(sent, Sent::Two(..)));
    let damaged = count(&sent, |sent| matches!(sent, Sent::One(f) | Sent::Two(f, _) if f.damaged));
    assert!((1_826..2_174).contains(&lost), "{lost} lost, 2000 expected");
    assert!((3_566..4_034).contains(&twice), "{twice} doubled, 3800 expected");
    assert!((651..869).contains(&damaged), "{damaged} damaged, 760 expected");
    assert_eq!(
        network.changes().kept().len() as u64 + network.changes().omitted(),
        (lost + twice + damaged) as u64
    );
}

#[test]
fn latencies_fill_their_range_and_reorder() {
    let sent = send_all(&mut network(&NetworkModel::default(), 9));
    let flights: Vec<_> = sent.iter().map(|sent| one(*sent)).collect();
    let delays: Vec<_> = packets().zip(&flights).map(|(p, flight)| flight.at.since(p.now)).collect();
    assert!(delays.iter().all(|delay| (ms(1)..=ms(10)).contains(delay)));
    let mean = delays.iter().map(|delay| delay.as_nanos()).sum::<u64>() / SENDS;
    assert!((5_440_000..5_560_000).contains(&mean), "{mean} ns");
    assert!(flights.windows(2).any(|pair| pair[0].at > pair[1].at));
}

#[test]
fn a_copy_has_a_latency_of_its_own() {
    let mut network = network(&NetworkModel { duplicate: Ratio::new(1, 3), ..lossy(1, 10) }, 9);
    let delays: Vec<_> = packets()
        .filter_map(|packet| match network.send(&packet) {
            Sent::Two(first, second) => {
                Some([first, second].map(|f| f.at.since(packet.now).as_millis_f64() - 5.5))
            }
            _ => None,
        })
        .collect();
    let mean = |of: &dyn Fn(&[f64; 2]) -> f64| delays.iter().map(of).sum::<f64>() / delays.len() as f64;
    assert!(mean(&|d| d[0]).abs() < 0.1 && mean(&|d| d[1]).abs() < 0.1);
    // Independent: the covariance is zero, where the variance is 6.75.
    let covariance = mean(&|d| d[0] * d[1]);
    assert!(covariance.abs() < 0.3, "{covariance}");
}

#[test]
fn certain_loss_loses_everything_and_no_loss_nothing() {
    assert!(send_all(&mut network(&lossy(1, 1), 9)).iter().all(is_lost));
    assert!(!send_all(&mut network(&lossy(0, 1), 9)).iter().any(is_lost));
}

#[test]
fn a_fate_does_not_depend_on_what_else_is_sent() {
    let model = NetworkModel { duplicate: Ratio::new(1, 9), ..lossy(1, 7) };
    let all = send_all(&mut network(&model, 9));
    let mut fewer = network(&model, 9);
    for (packet, sent) in packets().zip(&all).step_by(3) {
        assert_eq!(fewer.send(&packet), *sent);
    }
    let mut other = Network::new(&model, 9, 0, 2).unwrap();
    assert_ne!(send_all(&mut other), all);
}

#[test]
fn messages_of_one_instant_have_fates_of_their_own() {
    let mut network = network(&NetworkModel::default(), 2);
    let arrivals: OrderedSet<_> =
        (0..100).map(|ordinal| one(network.send(&Packet { ordinal, ..datagram(at(5), 0, 1) })).at).collect();
    assert_eq!(arrivals.len(), 100);
}

/// The quick way and the careful one give the same: a cut that keeps nobody apart changes nothing.
#[test]
fn rare_features_change_nothing_where_they_do_not_apply() {
    let model = NetworkModel { duplicate: Ratio::new(1, 9), ..lossy(1, 7) };
    let all = send_all(&mut network(&model, 9));
    let mut cut = network(&model, 9);
    cut.cut(Time::ZERO, CutId(1), &Reach::OneWay { from: vec![Slot(8)], to: vec![Slot(0)] }, &mut Vec::new());
    assert!(!cut.quiet);
    assert_eq!(send_all(&mut cut), all);
    cut.mend(Time::ZERO, CutId(1), &mut Vec::new());
    assert!(cut.quiet);
    let mut degraded = network(&model, 9);
    degraded.degrade(
        DegradeId(1),
        &Degradation { from: vec![Slot(8)], loss: Ratio::ONE, ..Degradation::default() },
    );
    assert_eq!(send_all(&mut degraded), all);
    degraded.restore(DegradeId(1));
    assert!(degraded.quiet);
    let wide = NetworkModel { bandwidth: Some(u64::MAX.into()), ..model };
    let soon = send_all(&mut network(&wide, 9));
    assert_eq!(count(&soon, is_lost), count(&all, is_lost));
}

#[test]
fn more_loss_loses_what_less_loss_did() {
    let little = send_all(&mut network(&lossy(1, 20), 9));
    let mut network = network(&lossy(1, 20), 9);
    network.degrade(DegradeId(3), &Degradation { loss: Ratio::new(1, 10), ..Degradation::default() });
    network.degrade(DegradeId(1), &Degradation { loss: Ratio::new(1, 20), ..Degradation::default() });
    let much = send_all(&mut network);
    assert!(little.iter().zip(&much).all(|(little, much)| is_lost(much) || little == much));
    let lost = count(&much, is_lost);
    // Of independent causes, 1 - 0.95 * 0.9 * 0.95 of 40,000.
    assert!((7_210..7_810).contains(&lost), "{lost} lost, 7510 expected");
}

#[test]
fn degradations_hold_for_their_links_alone() {
    let mut network = network(&fixed(), 4);
    let all = Degradation { loss: Ratio::ONE, ..Degradation::default() };
    network.degrade(
        DegradeId(1),
        &Degradation { from: vec![Slot(0)], to: vec![Slot(1), Slot(2)], ..all.clone() },
    );
    let passes =
        |network: &mut Network, from, to| network.send(&datagram(at(0), from, to)) != lost(Lost::Loss);
    assert!(!passes(&mut network, 0, 1) && !passes(&mut network, 0, 2));
    assert!(passes(&mut network, 0, 3) && passes(&mut network, 1, 0) && passes(&mut network, 0, 0));
    network.degrade(DegradeId(2), &Degradation { to: vec![Slot(3)], ..all });
    network.restore(DegradeId(1));
    assert!(passes(&mut network, 0, 1) && !passes(&mut network, 0, 3));
}

#[test]
fn spikes_of_one_window_do_not_move_those_of_another() {
    let spiky = |millis| Degradation {
        spike: Ratio::new(1, 4),
        delay: Some(Distribution::Fixed(ms(millis))),
        ..Degradation::default()
    };
    let delays = |windows: &[(u32, u64)]| -> Vec<Duration> {
        let mut network = network(&fixed(), 9);
        windows.iter().for_each(|(id, millis)| network.degrade(DegradeId(*id), &spiky(*millis)));
        let sent = send_all(&mut network);
        packets().zip(sent).map(|(packet, sent)| one(sent).at.since(packet.now) - ms(10)).collect()
    };
    let (one, other, both) = (delays(&[(1, 100)]), delays(&[(2, 1_000)]), delays(&[(2, 1_000), (1, 100)]));
    assert!((0..one.len()).all(|i| one[i] + other[i] == both[i]));
    let hit = |delays: &[Duration]| delays.iter().filter(|delay| !delay.is_zero()).count();
    assert!((9_650..10_350).contains(&hit(&one)) && (9_650..10_350).contains(&hit(&other)));
    assert!((17_100..17_900).contains(&hit(&both)), "{}", hit(&both));
}

#[test]
fn bandwidth_delays_and_a_full_queue_drops() {
    // 100 bytes take 100 ms; 250 bytes may wait.
    let model = NetworkModel { bandwidth: Some(1_000.into()), queue_bytes: Some(250), ..fixed() };
    let mut network = network(&model, 3);
    let mut arrival = |now, from, to| match network.send(&datagram(now, from, to)) {
        Sent::One(flight) => Some(flight.at),
        sent => {
            assert_eq!(sent, lost(Lost::QueueFull));
            None
        }
    };
    assert_eq!(arrival(at(0), 0, 1), Some(at(110)));
    assert_eq!(arrival(at(0), 0, 2), Some(at(210)));
    assert_eq!(arrival(at(0), 0, 1), None);
    assert_eq!(arrival(at(0), 1, 0), Some(at(110)));
    assert_eq!(arrival(at(50), 0, 1), Some(at(310)));
    assert_eq!(arrival(at(400), 0, 1), Some(at(510)));
}

#[test]
fn windows_have_lines_of_their_own() {
    let mut network = network(&NetworkModel { bandwidth: Some(1_000.into()), ..fixed() }, 3);
    let slow =
        |bandwidth| Degradation { to: vec![Slot(1)], bandwidth: Some(bandwidth), ..Degradation::default() };
    network.degrade(DegradeId(1), &slow(500));
    // Through the sender's line in 100 ms, then through the window's in 200 ms.
    assert_eq!(one(network.send(&datagram(at(0), 0, 1))).at, at(310));
    assert_eq!(one(network.send(&datagram(at(0), 0, 2))).at, at(210));
    assert_eq!(one(network.send(&datagram(at(0), 0, 1))).at, at(510));
    network.degrade(DegradeId(1), &slow(0));
    assert_eq!(one(network.send(&datagram(at(1_000), 0, 1))).at, at(101_110));
}

#[test]
fn a_limited_rate_counts_messages_and_not_bytes() {
    let mut network = network(&fixed(), 3);
    let limit =
        Degradation { from: vec![Slot(0)], to: vec![Slot(1)], rate: Some(10), ..Degradation::default() };
    network.degrade(DegradeId(1), &limit);
    let large = Packet { size: 1_000_000, ..datagram(at(0), 0, 1) };
    assert_eq!(one(network.send(&large)).at, at(110));
    assert_eq!(one(network.send(&datagram(at(0), 0, 1))).at, at(210));
    assert_eq!(one(network.send(&datagram(at(0), 0, 2))).at, at(10), "another link");
    assert_eq!(one(network.send(&datagram(at(0), 1, 0))).at, at(10), "the other direction");
    network.restore(DegradeId(1));
    assert_eq!(one(network.send(&datagram(at(1), 0, 1))).at, at(11));
}

#[test]
fn a_slot_reaches_itself_at_once_whatever_happens() {
    let mut network = network(&NetworkModel { bandwidth: Some(1.into()), ..lossy(1, 1) }, 2);
    network.cut(at(0), CutId(1), &Reach::Groups(vec![0, 0]), &mut Vec::new());
    let flight = one(network.send(&datagram(at(3), 1, 1)));
    assert_eq!((flight.at, flight.damaged), (at(3), false));
    assert!(admits(&network, Slot(1), Slot(1), flight.session) && network.reachable(Slot(1), Slot(1)));
}

#[test]
fn cuts_hold_at_send_and_at_arrival() {
    let mut network = network(&fixed(), 3);
    let one_way = Reach::OneWay { from: vec![Slot(0)], to: vec![Slot(1)] };
    let (a, b) = (Slot(0), Slot(1));
    assert!(admits(&network, a, b, 0));
    network.cut(at(0), CutId(1), &one_way, &mut Vec::new());
    assert_eq!(network.send(&datagram(at(1), 0, 1)), lost(Lost::Cut));
    assert!(!admits(&network, a, b, 0) && admits(&network, b, a, 0) && admits(&network, a, Slot(2), 0));
    assert_eq!(one(network.send(&datagram(at(1), 1, 0))).at, at(11));
    // A second cut over the first: both must end.
    network.cut(at(2), CutId(2), &Reach::Groups(vec![1, 2]), &mut Vec::new());
    network.mend(at(3), CutId(1), &mut Vec::new());
    assert!(!network.reachable(a, b) && !network.reachable(b, a) && network.reachable(b, Slot(2)));
    network.mend(at(4), CutId(2), &mut Vec::new());
    assert!(network.reachable(a, b) && admits(&network, a, b, 0));
}
