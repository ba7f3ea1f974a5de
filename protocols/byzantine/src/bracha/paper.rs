//! The paper's claims, and rows 15 and 17 of PUBLISHED-RESULTS.md, over many orders of arrival.

use sim_core::coalition::Member;
use sim_core::identity::{NodeId, Slot};

use super::pump::{Broadcasts, pump, vote};
use super::thresholds::Thresholds;
use super::traitors::split;
use super::vocabulary::{Broadcast, Phase};

const OF_FIRST: Broadcast = Broadcast { sender: NodeId(0), sequence: 1 };
const VALUE: u64 = 42;

/// The split attack by the first `traitors` of `members`, n1 being the sender: how many values were delivered.
fn attack(members: u32, traitors: u32, seed: u64) -> usize {
    let mut pump = pump(members, seed);
    let corrupt: Vec<Member> =
        (0..traitors).map(|member| Member { slot: Slot(member), node: NodeId(member) }).collect();
    let honest: Vec<NodeId> = (traitors..members).map(NodeId).collect();
    corrupt.iter().for_each(|member| pump.isolate(member.node));
    for line in split(OF_FIRST, VALUE, &corrupt, &honest) {
        let message = vote(line.phase, line.from.0, line.broadcast, line.value);
        pump.inject(NodeId(line.from.0), line.to, message);
    }
    pump.settle();
    pump.outcome(OF_FIRST).len()
}

#[test]
fn a_broadcast_costs_the_published_number_of_messages() {
    for n in 1..=16 {
        let mut pump = pump(n, u64::from(n));
        pump.broadcast(0);
        pump.settle();
        assert_eq!(pump.all_sent(), u64::from((n - 1) * (2 * n + 1)), "n = {n}");
        assert_eq!(pump.outcome(OF_FIRST).into_values().collect::<Vec<_>>(), [n]);
    }
}

#[test]
fn broadcasts_do_not_disturb_each_other() {
    let mut pump = pump(4, 3);
    for sender in 0..4 {
        pump.broadcast(sender);
        pump.broadcast(sender);
    }
    pump.settle();
    assert_eq!(pump.delivered().len(), 4 * 4 * 2);
    assert_eq!(pump.all_sent(), 8 * 3 * 9);
}

#[test]
fn f_silent_members_stop_nothing_and_one_more_stops_everything() {
    // With n = 3f + 1; where n is larger, one more may be silent.
    for n in [4, 7, 10] {
        let f = Thresholds::new(n).faulty();
        for (silent, delivered) in [(f, n - f), (f + 1, 0)] {
            let mut pump = pump(n, 5);
            (n - silent..n).for_each(|member| pump.isolate(NodeId(member)));
            pump.broadcast(0);
            pump.settle();
            let by = pump.outcome(OF_FIRST).into_values().sum::<u32>();
            assert_eq!(by, delivered, "n = {n}, {silent} silent");
        }
    }
}

#[test]
fn what_one_delivers_all_deliver_though_the_sender_told_only_some() {
    // The sender is a traitor and tells a part of the others, then nothing. All or none.
    for seed in 0..50 {
        for told in 1..7 {
            let mut pump = pump(7, seed);
            pump.isolate(NodeId(0));
            for to in 1..=told {
                let message = vote(Phase::Initial, 0, OF_FIRST, VALUE);
                pump.inject(NodeId(0), NodeId(to), message);
            }
            pump.settle();
            let by = pump.outcome(OF_FIRST).get(&VALUE).copied().unwrap_or(0);
            assert!(by == 0 || by == 6, "told {told}: {by} delivered");
            // Five echoes are a quorum of seven: who was told suffices from five on.
            assert_eq!(by == 6, told >= 5, "told {told}");
        }
    }
}

#[test]
fn agreement_holds_with_f_traitors() {
    for n in 4..=13 {
        for seed in 0..40 {
            assert!(attack(n, Thresholds::new(n).faulty(), seed) <= 1, "n = {n}, seed {seed}");
        }
    }
}

#[test]
fn agreement_breaks_with_one_traitor_too_many() {
    // n = 3f + 1 with f + 1 traitors, and n = 3f with f.
    for (n, traitors) in [(4, 2), (7, 3), (10, 4), (13, 5), (3, 1), (6, 2), (9, 3), (12, 4)] {
        assert!(traitors > Thresholds::new(n).faulty());
        let broken = (0..40).filter(|seed| attack(n, traitors, *seed) == 2).count();
        assert!(broken > 0, "n = {n}, {traitors} traitors");
    }
}

#[test]
fn a_member_that_was_cut_off_catches_up_from_what_is_said_again() {
    let mut pump = pump(4, 9);
    pump.isolate(NodeId(3));
    pump.broadcast(0);
    pump.settle();
    assert_eq!(pump.delivered().len(), 3);
    pump.cut.clear();
    (0..3).for_each(|member| pump.link_up(member, 3));
    pump.settle();
    assert_eq!(pump.delivered().len(), 4);
}
