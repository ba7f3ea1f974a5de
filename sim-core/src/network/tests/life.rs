//! The life of a session, case by case. One latency is 10 ms.

use super::{admits, at, fixed, lossy, lost, ms, network, one, segment};
use crate::distribution::Distribution;
use crate::identity::Slot;
use crate::network::NetworkModel;
use crate::network::{CutId, Degradation, DegradeId, Reach};
use crate::network::{LinkNotice, Lost, Network, Packet};
use crate::process::LinkState::{self, Down, Up};
use crate::process::Priority;
use crate::ratio::Ratio;
use crate::time::{Duration, Time};

const A: Slot = Slot(0);
const B: Slot = Slot(1);
const TICK: Duration = Duration::from_nanos(1);

/// Two slots that spoke at 0.
fn pair() -> Network {
    let mut network = network(&fixed(), 3);
    assert_eq!(one(network.send(&segment(at(0), 0, 1))).session, 1);
    network
}

fn one_way() -> Reach {
    Reach::OneWay { from: vec![A], to: vec![B] }
}

fn halves() -> Reach {
    Reach::Groups(vec![1, 2, 3])
}

/// What happened, as `(who hears, state, when, session)`, sorted by time.
fn told(notices: &mut Vec<LinkNotice>) -> Vec<(Slot, LinkState, Time, u32)> {
    notices.sort_by_key(|notice| (notice.at, notice.slot));
    notices.drain(..).map(|notice| (notice.slot, notice.state, notice.at, notice.session)).collect()
}

#[test]
fn the_first_message_opens_a_session_and_nobody_is_told() {
    let mut network = pair();
    let flight = one(network.send(&segment(at(5), 1, 0)));
    assert_eq!((flight.at, flight.session), (at(15), 1));
    assert!(admits(&network, B, A, 1) && admits(&network, A, B, 1) && !admits(&network, A, Slot(2), 1));
}

#[test]
fn a_stream_is_first_in_first_out_within_a_priority() {
    let mut network = network(&NetworkModel::default(), 2);
    let mut last = [Time::ZERO; 3];
    let mut overtaken = false;
    for i in 0..3_000_u64 {
        let priority = Priority::ALL[(i % 3) as usize];
        let packet = Packet { priority, ..segment(Time::from_nanos(i * 100_000), 0, 1) };
        let flight = one(network.send(&packet));
        let last_of_others = last.iter().copied().max().unwrap();
        overtaken |= flight.at < last_of_others;
        assert!(flight.at > last[priority as usize]);
        last[priority as usize] = flight.at;
    }
    assert!(overtaken);
}

#[test]
fn loss_is_retransmission_and_damage_is_loss() {
    let (loss, corrupt) = (Ratio::new(1, 4), Ratio::new(1, 4));
    let mut network = network(&NetworkModel { loss, corrupt, ..fixed() }, 2);
    let mut counts = [0_i32; 4];
    for i in 0..8_000 {
        // Far enough apart that nothing waits for the message before it.
        let now = at(i * 1_000_000);
        let late = one(network.send(&segment(now, 0, 1))).at.since(now) - ms(10);
        let losses = (late.as_nanos() / 200_000_000 + 1).ilog2();
        assert_eq!(late, ms(200) * ((1 << losses) - 1));
        counts[losses.min(3) as usize] += 1;
    }
    // Of independent causes: 7 in 16 segments are lost at each try.
    assert!(counts.iter().zip([4_500, 1_969, 861, 670]).all(|(n, expected)| (n - expected).abs() < 180));
}

#[test]
fn a_cut_loses_what_is_under_way_against_it() {
    let mut network = pair();
    let mut notices = Vec::new();
    let back = one(network.send(&segment(at(3), 1, 0)));
    network.cut(at(5), CutId(1), &one_way(), &mut notices);
    // To B nothing arrives any more; to A, what B sent does, and then A hears of it.
    assert!(!admits(&network, A, B, 1) && admits(&network, B, A, 1));
    assert_eq!(told(&mut notices), [(A, Down, at(15), 1), (B, Down, at(15), 1)]);
    assert!(back.at < at(15));
    assert_eq!(network.send(&segment(at(6), 0, 1)), lost(Lost::NoSession));
    assert_eq!(network.send(&segment(at(6), 1, 0)), lost(Lost::NoSession));
    network.mend(at(100), CutId(1), &mut notices);
    assert_eq!(told(&mut notices), [(A, Up, at(110), 2), (B, Up, at(110), 2)]);
    assert_eq!(network.send(&segment(at(109), 0, 1)), lost(Lost::NoSession));
    assert_eq!(one(network.send(&segment(at(110), 0, 1))).session, 2);
    assert!(!admits(&network, A, B, 1) && admits(&network, A, B, 2));
}

#[test]
fn down_comes_after_what_still_arrives_and_up_after_down() {
    let mut network = pair();
    let mut notices = Vec::new();
    // A line so slow that a message is under way for a second.
    network.degrade(
        DegradeId(1),
        &Degradation { from: vec![B], bandwidth: Some(100), ..Degradation::default() },
    );
    assert_eq!(one(network.send(&segment(at(0), 1, 0))).at, at(1_010));
    network.cut(at(5), CutId(1), &one_way(), &mut notices);
    network.mend(at(6), CutId(1), &mut notices);
    let late = at(1_010) + TICK;
    assert_eq!(
        told(&mut notices),
        [(B, Down, at(15), 1), (B, Up, at(16), 2), (A, Down, late, 1), (A, Up, late + TICK, 2)]
    );
    // What B says in the new session waits for A's Up.
    network.restore(DegradeId(1));
    assert_eq!(one(network.send(&segment(at(20), 1, 0))).at, late + TICK + TICK);
    // A, who did not hear of the new session, has none.
    assert_eq!(network.send(&segment(at(20), 0, 1)), lost(Lost::NoSession));
}

#[test]
fn a_full_cut_loses_both_directions_and_overlapping_cuts_must_all_end() {
    let mut network = pair();
    let mut notices = Vec::new();
    network.cut(at(5), CutId(1), &halves(), &mut notices);
    network.cut(at(6), CutId(2), &one_way(), &mut notices);
    assert_eq!(told(&mut notices), [(A, Down, at(15), 1), (B, Down, at(15), 1)]);
    assert!(!admits(&network, A, B, 1) && !admits(&network, B, A, 1));
    network.mend(at(20), CutId(1), &mut notices);
    network.mend(at(21), CutId(9), &mut notices);
    assert_eq!(told(&mut notices), []);
    network.mend(at(30), CutId(2), &mut notices);
    assert_eq!(told(&mut notices), [(A, Up, at(40), 2), (B, Up, at(40), 2)]);
}

#[test]
fn a_cut_that_replaces_one_of_its_name_lets_others_meet() {
    let mut network = pair();
    let mut notices = Vec::new();
    network.cut(at(5), CutId(1), &halves(), &mut notices);
    notices.clear();
    network.cut(at(50), CutId(1), &Reach::Groups(vec![1, 1, 2]), &mut notices);
    assert_eq!(told(&mut notices), [(A, Up, at(60), 2), (B, Up, at(60), 2)]);
}

#[test]
fn what_a_crashed_slot_sent_arrives_and_what_was_sent_to_it_does_not() {
    let mut network = pair();
    let mut notices = Vec::new();
    one(network.send(&segment(at(4), 1, 0)));
    network.down(at(5), A, &mut notices);
    assert!(admits(&network, A, B, 1) && !admits(&network, B, A, 1));
    assert_eq!(told(&mut notices), [(B, Down, at(15), 1)]);
    assert_eq!(network.send(&segment(at(6), 1, 0)), lost(Lost::NoSession));
    network.down(at(7), A, &mut notices);
    network.up(at(8), B, &mut notices);
    assert_eq!(told(&mut notices), []);
    network.up(at(8), A, &mut notices);
    assert_eq!(told(&mut notices), [(A, Up, at(18), 2), (B, Up, at(18), 2)]);
    assert!(!admits(&network, B, A, 1));
}

#[test]
fn notices_to_a_process_that_is_gone_concern_nobody() {
    let mut network = pair();
    let mut notices = Vec::new();
    network.cut(at(5), CutId(1), &halves(), &mut notices);
    network.down(at(6), A, &mut notices);
    let [to_a, to_b] = notices[..] else { panic!("{notices:?}") };
    assert!((to_a.slot, to_b.slot) == (A, B) && !network.concerns(&to_a) && network.concerns(&to_b));
    notices.clear();
    network.up(at(7), A, &mut notices);
    assert_eq!(told(&mut notices), []);
    network.mend(at(8), CutId(1), &mut notices);
    assert!(notices.len() == 2 && notices.iter().all(|notice| network.concerns(notice)));
}

#[test]
fn a_session_waits_for_both_ends_to_be_up() {
    let mut network = network(&fixed(), 2);
    let mut notices = Vec::new();
    network.down(at(0), B, &mut notices);
    assert_eq!(network.send(&segment(at(1), 0, 1)), lost(Lost::NoSession));
    network.down(at(2), A, &mut notices);
    network.up(at(3), B, &mut notices);
    assert_eq!(told(&mut notices), []);
    network.up(at(4), A, &mut notices);
    assert_eq!(told(&mut notices), [(A, Up, at(14), 1), (B, Up, at(14), 1)]);
}

#[test]
fn closing_lets_all_arrive_and_begins_again() {
    let mut network = pair();
    let mut notices = Vec::new();
    let last = one(network.send(&segment(at(7), 1, 0)));
    network.close(at(8), A, B, &mut notices);
    assert!(admits(&network, A, B, 1) && admits(&network, B, A, last.session));
    let both = |state, when, session| [(A, state, when, session), (B, state, when, session)];
    let expected = [both(Down, at(18), 1), both(Up, at(18) + TICK, 2)].concat();
    assert_eq!(told(&mut notices), expected);
    network.close(at(8), A, Slot(2), &mut notices);
    assert_eq!(told(&mut notices), []);
}

#[test]
fn a_reset_loses_all() {
    let mut network = pair();
    let mut notices = Vec::new();
    network.reset(at(8), B, A, &mut notices);
    assert!(!admits(&network, A, B, 1) && !admits(&network, B, A, 1) && admits(&network, B, A, 2));
    assert_eq!(told(&mut notices).len(), 4);
}

#[test]
fn a_stream_waits_where_a_datagram_is_dropped() {
    let model = NetworkModel { bandwidth: Some(1_000.into()), queue_bytes: Some(0), ..fixed() };
    let mut network = network(&model, 2);
    let arrivals = [0, 0, 0].map(|now| one(network.send(&segment(at(now), 0, 1))).at);
    assert_eq!(arrivals, [110, 210, 310].map(at));
}

#[test]
fn a_stream_to_itself_keeps_its_order() {
    let mut network = network(&fixed(), 2);
    let arrivals = [3, 3, 3, 4].map(|now| one(network.send(&segment(at(now), 1, 1))).at);
    assert_eq!(arrivals, [at(3), at(3) + TICK, at(3) + TICK + TICK, at(4)]);
}

#[test]
fn a_long_way_is_no_retransmission() {
    let latency = Distribution::Fixed(ms(800));
    let mut network = network(&NetworkModel { latency, ..NetworkModel::default() }, 2);
    let mut notices = Vec::new();
    let under_way = one(network.send(&segment(at(0), 0, 1)));
    network.renew(at(1), ms(200), |_| true, &mut notices);
    assert!(admits(&network, Slot(0), Slot(1), under_way.session) && notices.is_empty());
    // A spike is what a healed link need not wait for.
    let spike = Degradation {
        spike: Ratio::ONE,
        delay: Some(Distribution::Fixed(ms(300))),
        ..Degradation::default()
    };
    network.degrade(DegradeId(1), &spike);
    assert!(one(network.send(&segment(at(1), 0, 1))).at >= at(1_101));
    network.restore(DegradeId(1));
    network.renew(at(2), ms(200), |_| true, &mut notices);
    assert!(!admits(&network, Slot(0), Slot(1), under_way.session) && notices.len() == 4);
}

#[test]
fn a_healed_link_does_not_wait_for_a_late_retransmission() {
    let mut network = network(&lossy(1, 1), 3);
    let mut notices = Vec::new();
    let late = one(network.send(&segment(at(0), 0, 1)));
    let outside = one(network.send(&segment(at(0), 0, 2)));
    assert!(late.at > at(10_000), "every retransmission is lost for a while");
    network.renew(at(1), ms(200), |slot| slot.0 < 2, &mut notices);
    assert!(!admits(&network, Slot(0), Slot(1), late.session), "what was under way is lost");
    assert!(admits(&network, Slot(0), Slot(2), outside.session), "the other link stays as it is");
    let states: Vec<_> = notices.iter().map(|notice| notice.state).collect();
    assert_eq!(states.iter().filter(|state| **state == Down).count(), 2);
    assert_eq!(states.iter().filter(|state| **state == Up).count(), 2);
    assert!(notices.iter().all(|notice| notice.at < at(1_000)), "both ends hear of it soon");
}
