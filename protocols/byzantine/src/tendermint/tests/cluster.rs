//! A cluster without a world: failed rounds, restarts, laggards, and what is refused.

use sim_core::identity::NodeId;
use sim_core::process::{Aggregate, Input, LinkState, RequestId};
use sim_core::time::Duration;

use super::super::node::Members;
use super::super::parameters::Parameters;
use super::super::plants::Plants;
use super::super::vocabulary::{BlockContent, Tendermint, TendermintMessage, TendermintObservation};
use crate::certificate::{Refusal, Scheme, Signed};
use crate::request::Requests;
use crate::service::Wish;
use crate::shared::Shared;
use crate::signers::Signers;
use crate::vote::{Stage, Statement};
use objects::{Operation, Reply};

type Pump = protocol_testing::pump::Pump<Tendermint, Members>;

fn pump(members: u32) -> Pump {
    let parameters = Parameters { max_batch: 1, ..Parameters::default() };
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
    let heights = pump.observed.iter().filter(|(_, node, _)| *node == NodeId(member));
    let height = |observation: &TendermintObservation| match *observation {
        TendermintObservation::Executed { height } => Some(height),
        _ => None,
    };
    heights.filter_map(|(.., observation)| height(observation)).max().unwrap_or(0)
}

fn link_up(pump: &mut Pump, one: u32, other: u32) {
    for (member, peer) in [(one, other), (other, one)] {
        pump.step(NodeId(member), Input::Link { peer: NodeId(peer), state: LinkState::Up });
    }
}

#[test]
fn the_next_proposer_goes_on_where_one_does_not_speak() {
    let mut pump = pump(4);
    (1..=3).for_each(|value| write(&mut pump, 4, value));
    pump.crash(NodeId(3));
    (4..=6).for_each(|value| write(&mut pump, 4, value));
    pump.run_for(Duration::from_millis(100));
    assert_eq!([0, 1, 2].map(|member| executed(&pump, member)), [6, 6, 6]);
    // n4 would have proposed the fourth block.
    let round = |observation: &TendermintObservation| match *observation {
        TendermintObservation::Committed { height: 4, round, .. } => Some(round),
        _ => None,
    };
    let rounds: Vec<u64> = pump.observed.iter().filter_map(|(.., observation)| round(observation)).collect();
    assert_eq!(rounds, [1, 1, 1]);
}

#[test]
fn nothing_is_proposed_without_requests_unless_a_pace_is_set() {
    let mut idle = pump(4);
    idle.run_for(Duration::from_secs(1));
    assert_eq!(executed(&idle, 0), 0);
    let parameters = Parameters { empty_interval: Duration::from_millis(100), ..Parameters::default() };
    let mut paced = Pump::new(Members { parameters, plants: Plants::default() }, 4, 1);
    paced.run_for(Duration::from_secs(1));
    assert!((7..=10).contains(&executed(&paced, 0)), "{}", executed(&paced, 0));
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

/// n4 hears nobody in a round that never ends for it: it asks after one interval, then after two, after four, ...
#[test]
fn who_is_not_answered_asks_more_and_more_seldom() {
    let mut pump = pump(4);
    let request = Wish { operation: Operation::Put { key: 0, value: 1 } };
    pump.step(NodeId(4), Input::Request { id: RequestId(1), request });
    pump.run_until(|pump| {
        let entered = |seen: &TendermintObservation| matches!(seen, TendermintObservation::Entered { .. });
        pump.observed.iter().any(|(_, by, seen)| *by == NodeId(3) && entered(seen))
    });
    pump.isolate(NodeId(3));
    let asked = |pump: &Pump| pump.sent.get("Status").copied().unwrap_or(0);
    pump.run_for(Duration::from_secs(3));
    let few = asked(&pump);
    assert!((2..=2 * 4).contains(&few), "{few}");
    pump.run_for(Duration::from_secs(57));
    // 300 intervals have gone by.
    let more = asked(&pump) - few;
    assert!((2 * 12..=2 * 20).contains(&more), "{more}");
    assert_eq!(executed(&pump, 3), 0);
    pump.cut.clear();
    pump.run_for(Duration::from_secs(4));
    assert_eq!(executed(&pump, 3), 1, "it is told in the end");
}

/// A client asks at once, and again after 0.5, 1, 2 and 4 seconds.
#[test]
fn a_client_that_is_not_answered_asks_more_and_more_seldom() {
    let mut pump = pump(4);
    pump.isolate(NodeId(4));
    let request = Wish { operation: Operation::Put { key: 0, value: 1 } };
    pump.step(NodeId(4), Input::Request { id: RequestId(1), request });
    pump.run_for(Duration::from_secs(10));
    assert_eq!(pump.sent.get("Request"), Some(&(5 * 4)));
}

/// n1 is down. n2 goes on to round 1, and its precommit of round 0, which the others need for that, is lost.
#[test]
fn who_is_a_round_behind_is_told_how_that_round_ended() {
    let mut pump = pump(4);
    pump.isolate(NodeId(0));
    let request = Wish { operation: Operation::Put { key: 0, value: 1 } };
    pump.step(NodeId(4), Input::Request { id: RequestId(1), request });
    let prevoted = |observation: &TendermintObservation| {
        matches!(observation, TendermintObservation::Prevoted { height: 1, round: 0, .. })
    };
    pump.run_until(|pump| pump.observed.iter().filter(|(.., seen)| prevoted(seen)).count() == 3);
    let lost = [2, 3].map(|peer| (NodeId(1), NodeId(peer)));
    pump.cut.extend(lost);
    let entered = |node: u32, pump: &Pump| {
        let is = |seen: &TendermintObservation| {
            matches!(seen, TendermintObservation::Entered { height: 1, round: 1, .. })
        };
        pump.observed.iter().any(|(_, by, seen)| *by == NodeId(node) && is(seen))
    };
    pump.run_until(|pump| entered(1, pump));
    pump.run_for(Duration::from_millis(100));
    assert_eq!([2, 3].map(|member| entered(member, &pump)), [false, false]);
    pump.cut.retain(|link| !lost.contains(link));
    pump.run_until(|pump| !pump.returned.is_empty());
    pump.run_for(Duration::from_millis(100));
    assert_eq!([1, 2, 3].map(|member| executed(&pump, member)), [1, 1, 1]);
}

#[test]
fn a_restarted_member_remembers_its_chain_and_takes_part_again() {
    let mut pump = pump(4);
    (1..=6).for_each(|value| write(&mut pump, 4, value));
    pump.run_for(Duration::from_millis(100));
    pump.crash(NodeId(2));
    pump.boot(NodeId(2));
    let started = pump.observed.iter().rev().find_map(|(_, node, observation)| match *observation {
        TendermintObservation::Started { executed, applied, locked, .. } if *node == NodeId(2) => {
            Some((executed, applied, locked))
        }
        _ => None,
    });
    // The last decision was written with nothing signed after it, so that no sync covered it; the lock was covered.
    assert_eq!(started, Some((5, 5, Some(0))));
    // Without n4 it is needed.
    pump.isolate(NodeId(3));
    write(&mut pump, 4, 7);
    pump.run_for(Duration::from_millis(100));
    assert_eq!(executed(&pump, 2), 7);
}

#[test]
fn made_up_certificates_are_refused_each_for_its_reason() {
    let mut pump = pump(4);
    let batch = Requests::batch(Vec::new());
    let parent = sim_core::facts::ContentHash(0);
    let block = Shared::new(BlockContent { height: 1, round: 0, proposer: NodeId(0), parent, batch });
    let about = |digest| Statement::new(Stage::Precommit, 0, 1, digest);
    let signers = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<Signers>();
    let cases = [
        (about(block.hash()), signers(&[]), Refusal::TooFewSigners),
        (about(block.hash()), signers(&[1, 2]), Refusal::TooFewSigners),
        (about(block.hash()), signers(&[1, 2, 9]), Refusal::UnknownSigner),
        (about(block.hash()), signers(&[0, 1, 2]), Refusal::BadSignature),
        (about(7), signers(&[0, 1, 2]), Refusal::OffTopic),
    ];
    for (statement, signers, reason) in cases {
        let (aggregate, scheme) = (Aggregate::default(), Scheme::Single);
        let certificate = Shared::new(Signed { statement, signers, aggregate, scheme });
        pump.inject(NodeId(1), NodeId(0), TendermintMessage::Committed { certificate, block: block.clone() });
        pump.run_for(Duration::from_millis(20));
        let refused = TendermintObservation::Refused { what: "commit certificate", reason: reason.name() };
        assert_eq!(pump.observed.last().map(|(.., observation)| observation), Some(&refused));
    }
    assert_eq!(executed(&pump, 0), 0);
}

/// A decision is on disk, and the crash swallows the report of it: it is reported after the restart.
#[test]
fn a_restarted_member_reports_its_last_decision_again() {
    let mut pump = pump(4);
    (1..=3).for_each(|value| write(&mut pump, 4, value));
    pump.run_for(Duration::from_millis(100));
    let decided = |pump: &Pump| {
        let own = pump.observed.iter().filter(|(_, node, _)| *node == NodeId(2));
        let height = |observation: &TendermintObservation| match *observation {
            TendermintObservation::Committed { height, .. } => Some(height),
            _ => None,
        };
        own.filter_map(|(.., observation)| height(observation)).collect::<Vec<_>>()
    };
    assert_eq!(decided(&pump), [1, 2, 3]);
    pump.crash(NodeId(2));
    pump.boot(NodeId(2));
    // Of the third decision nothing was on disk.
    assert_eq!(decided(&pump), [1, 2, 3, 2]);
}

/// Without n1, the prevotes of all others are needed. That of n3 is on disk and reaches nobody before n3 crashes: n3 says it
/// again, and the round needs no timeout.
#[test]
fn a_restarted_member_says_its_votes_again() {
    let mut pump = pump(4);
    // n2 proposes the first block of the second height.
    write(&mut pump, 4, 1);
    pump.run_for(Duration::from_millis(100));
    pump.isolate(NodeId(0));
    let lost = [1, 3, 4].map(|peer| (NodeId(2), NodeId(peer)));
    pump.cut.extend(lost);
    let request = Wish { operation: Operation::Put { key: 0, value: 2 } };
    pump.step(NodeId(4), Input::Request { id: RequestId(2), request });
    let prevoted = |node: &NodeId, seen: &TendermintObservation| {
        *node == NodeId(2) && matches!(seen, TendermintObservation::Prevoted { height: 2, .. })
    };
    pump.run_until(|pump| pump.observed.iter().any(|(_, node, seen)| prevoted(node, seen)));
    pump.crash(NodeId(2));
    pump.cut.retain(|link| !lost.contains(link));
    let said = |pump: &Pump| pump.sent.get("Prevote").copied().unwrap_or(0);
    let before = said(&pump);
    pump.boot(NodeId(2));
    pump.run_for(Duration::from_millis(2));
    assert_eq!(said(&pump) - before, 3, "to each of the others, before anybody asks");
    pump.run_for(Duration::from_millis(40));
    let decided = |(_, node, seen): &&(_, NodeId, TendermintObservation)| {
        *node != NodeId(2) && matches!(seen, TendermintObservation::Committed { height: 2, round: 0, .. })
    };
    assert_eq!(pump.observed.iter().filter(decided).count(), 2, "{:?}", pump.observed);
}
