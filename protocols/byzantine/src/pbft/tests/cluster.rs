//! A cluster without a world: view changes, restarts, laggards, and what is refused.

use sim_core::identity::NodeId;
use sim_core::process::{Aggregate, Input, LinkState, RequestId};
use sim_core::time::Duration;

use super::super::node::Members;
use super::super::parameters::Parameters;
use super::super::plants::Plants;
use super::super::replica::VIEW;
use super::super::vocabulary::{Pbft, PbftMessage, PbftObservation, PbftTimer};
use crate::certificate::{Refusal, Scheme, Signed};
use crate::request::Requests;
use crate::service::Wish;
use crate::shared::Shared;
use crate::signers::Signers;
use crate::vote::{Stage, Statement};
use objects::{Operation, Reply};

type Pump = protocol_testing::pump::Pump<Pbft, Members>;

fn pump(members: u32) -> Pump {
    let parameters = Parameters { checkpoint_interval: 64, max_batch: 1, ..Parameters::default() };
    Pump::new(Members { parameters, plants: Plants::default() }, members, 1)
}

/// The client writes a value; the test goes on once it is told so.
fn write(pump: &mut Pump, members: u32, value: u64) {
    let (id, before) = (RequestId(value), pump.returned.len());
    let request = Wish { operation: Operation::Put { key: 0, value } };
    pump.step(NodeId(members), Input::Request { id, request });
    pump.run_until(|pump| pump.returned.len() > before);
    let (done, told, _) = &pump.returned[before];
    assert_eq!((*done, &told.reply), (id, &Some(Reply::Done)));
}

/// Up to where each member has executed, by what it reported.
fn executed(pump: &Pump, member: u32) -> u64 {
    let sequences = pump.observed.iter().filter(|(_, node, _)| *node == NodeId(member));
    let sequence = |observation: &PbftObservation| match *observation {
        PbftObservation::Executed { sequence } | PbftObservation::Restored { sequence, .. } => Some(sequence),
        _ => None,
    };
    sequences.filter_map(|(.., observation)| sequence(observation)).max().unwrap_or(0)
}

fn link_up(pump: &mut Pump, one: u32, other: u32) {
    for (member, peer) in [(one, other), (other, one)] {
        pump.step(NodeId(member), Input::Link { peer: NodeId(peer), state: LinkState::Up });
    }
}

#[test]
fn the_next_primary_goes_on_where_the_last_one_stopped() {
    let mut pump = pump(4);
    (1..=3).for_each(|value| write(&mut pump, 4, value));
    pump.crash(NodeId(0));
    (4..=6).for_each(|value| write(&mut pump, 4, value));
    let entered = |node| {
        let of = |(_, by, observation): &&(_, NodeId, PbftObservation)| {
            *by == NodeId(node) && matches!(observation, PbftObservation::Entered { view: 1, .. })
        };
        pump.observed.iter().filter(of).count()
    };
    assert_eq!([1, 2, 3].map(entered), [1, 1, 1]);
    pump.run_for(Duration::from_millis(100));
    assert_eq!([1, 2, 3].map(|member| executed(&pump, member)), [6, 6, 6]);
}

#[test]
fn who_was_cut_off_is_told_what_it_lacks() {
    let mut pump = pump(4);
    pump.isolate(NodeId(3));
    (1..=5).for_each(|value| write(&mut pump, 4, value));
    assert_eq!(executed(&pump, 3), 0);
    pump.cut.clear();
    link_up(&mut pump, 3, 1);
    pump.run_for(Duration::from_millis(100));
    assert_eq!(executed(&pump, 3), 5);
}

#[test]
fn a_restarted_member_remembers_what_it_executed_and_takes_part_again() {
    let mut pump = pump(4);
    (1..=6).for_each(|value| write(&mut pump, 4, value));
    pump.run_for(Duration::from_millis(100));
    pump.crash(NodeId(2));
    pump.boot(NodeId(2));
    let started = pump.observed.iter().rev().find_map(|(_, node, observation)| match *observation {
        PbftObservation::Started { executed, applied, stable, .. } if *node == NodeId(2) => {
            Some((executed, applied, stable))
        }
        _ => None,
    });
    // The last decision was written with nothing signed after it, so that no sync covered it. Others know it.
    assert_eq!(started, Some((5, 5, 0)));
    // Without n4 it is needed.
    pump.isolate(NodeId(3));
    write(&mut pump, 4, 7);
    pump.run_for(Duration::from_millis(100));
    assert_eq!(executed(&pump, 2), 7);
}

/// Found by the swarm, seed 9001480: three of four had told a client of its write, forgot it in a crash each, and were a quorum for
/// a read of what was there before.
#[test]
fn whoever_answered_does_not_fall_back_where_reads_take_no_place_in_the_order() {
    let parameters = Parameters { read_only: true, max_batch: 1, ..Parameters::default() };
    let mut pump = Pump::new(Members { parameters, plants: Plants::default() }, 4, 1);
    write(&mut pump, 4, 1);
    let before = pump.observed.len();
    for member in (0..4).map(NodeId) {
        pump.crash(member);
        pump.boot(member);
    }
    let remembers = |(_, _, observation): &&(_, NodeId, PbftObservation)| {
        matches!(observation, PbftObservation::Started { executed: 1, .. })
    };
    let remembering = pump.observed[before..].iter().filter(remembers).count();
    assert!(remembering >= 3, "{remembering} of the quorum that answered remember");
}

#[test]
fn made_up_certificates_are_refused_each_for_its_reason() {
    let mut pump = pump(4);
    let batch = Requests::batch(Vec::new());
    let about = |digest| Statement::new(Stage::Commit, 0, 1, digest);
    let signers = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<Signers>();
    let cases = [
        (about(batch.hash()), signers(&[]), Refusal::TooFewSigners),
        (about(batch.hash()), signers(&[1, 2]), Refusal::TooFewSigners),
        (about(batch.hash()), signers(&[1, 2, 9]), Refusal::UnknownSigner),
        (about(batch.hash()), signers(&[0, 1, 2]), Refusal::BadSignature),
        (about(7), signers(&[0, 1, 2]), Refusal::OffTopic),
    ];
    for (statement, signers, reason) in cases {
        let (aggregate, scheme) = (Aggregate::default(), Scheme::Single);
        let certificate = Shared::new(Signed { statement, signers, aggregate, scheme });
        pump.inject(NodeId(1), NodeId(0), PbftMessage::Committed { certificate, batch: batch.clone() });
        pump.run_for(Duration::from_millis(20));
        let refused = PbftObservation::Refused { what: "commit certificate", reason: reason.name() };
        assert_eq!(pump.observed.last().map(|(.., observation)| observation), Some(&refused));
    }
    assert_eq!(executed(&pump, 0), 0);
}

/// n1 and n2 are gone, so that no view begins: the others ask in each view after one interval, then after two, after four, ...
#[test]
fn who_is_not_answered_asks_more_and_more_seldom() {
    let mut pump = pump(4);
    [0, 1].into_iter().for_each(|gone| pump.isolate(NodeId(gone)));
    let request = Wish { operation: Operation::Put { key: 0, value: 1 } };
    pump.step(NodeId(4), Input::Request { id: RequestId(1), request });
    pump.run_for(Duration::from_secs(60));
    let asked = pump.sent.get("Status").copied().unwrap_or(0);
    // Two members ask at most two others at a time, and 300 intervals have gone by.
    assert!((20..=500).contains(&asked), "{asked}");
}

/// n1 has gone on to view 2, and what it said of view 1 was lost: the others wait for a view that no quorum wants any more,
/// but not for ever.
#[test]
fn members_that_want_different_views_find_one() {
    let mut pump = pump(4);
    write(&mut pump, 4, 1);
    let expire = |pump: &mut Pump, member| {
        pump.step(NodeId(member), Input::Timer { id: VIEW, timer: PbftTimer::View });
    };
    pump.isolate(NodeId(3));
    pump.isolate(NodeId(0));
    (0..2).for_each(|_| expire(&mut pump, 0));
    pump.run_for(Duration::from_millis(50));
    pump.cut.clear();
    pump.isolate(NodeId(3));
    [1, 2].into_iter().for_each(|member| expire(&mut pump, member));
    link_up(&mut pump, 0, 1);
    link_up(&mut pump, 0, 2);
    write(&mut pump, 4, 2);
}
