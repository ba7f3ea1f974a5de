//! A cluster without a world: turns that are given up, restarts, laggards, and what is refused.

use sim_core::identity::NodeId;
use sim_core::process::{Aggregate, Input, LinkState, RequestId};
use sim_core::time::Duration;

use super::super::blocks::{TimedOut, TimedOutAll, genesis, timeout_statement};
use super::super::node::Members;
use super::super::parameters::{Parameters, Rule};
use super::super::plants::Plants;
use super::super::safety::tests::vote;
use super::super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation};
use crate::certificate::{Refusal, Scheme, Signed};
use crate::service::Wish;
use crate::shared::Shared;
use crate::signers::Signers;
use crate::vote::{Stage, Statement};
use objects::{Operation, Reply};

type Pump = protocol_testing::pump::Pump<Hotstuff, Members>;

const RULES: [Rule; 3] = [Rule::Basic, Rule::ThreeChain, Rule::TwoChain];

fn pump(rule: Rule) -> Pump {
    let parameters = Parameters { rule, max_batch: 1, ..Parameters::default() };
    Pump::new(Members { parameters, plants: Plants::default() }, 4, 1)
}

/// The client writes a value; the test goes on once it is told so.
fn write(pump: &mut Pump, value: u64) {
    let (id, before) = (RequestId(value), pump.returned.len());
    let request = Wish { operation: Operation::Put { key: 0, value } };
    pump.step(NodeId(4), Input::Request { id, request });
    pump.run_until(|pump| pump.returned.len() > before);
    let (done, told, _) = &pump.returned[before];
    assert_eq!((*done, &told.reply), (id, &Some(Reply::Done)));
}

/// How many operations each of these members has applied, by what they reported.
fn applied(pump: &Pump, members: &[u32]) -> Vec<u64> {
    let last = |member: u32| {
        let own = pump.observed.iter().filter(|(_, node, _)| *node == NodeId(member));
        let position = |observation: &HotstuffObservation| match *observation {
            HotstuffObservation::Applied { position, .. } => Some(position),
            HotstuffObservation::Started { applied, .. } => Some(applied),
            _ => None,
        };
        own.filter_map(|(.., observation)| position(observation)).max().unwrap_or(0)
    };
    members.iter().copied().map(last).collect()
}

fn link_up(pump: &mut Pump, one: u32, other: u32) {
    for (member, peer) in [(one, other), (other, one)] {
        pump.step(NodeId(member), Input::Link { peer: NodeId(peer), state: LinkState::Up });
    }
}

#[test]
fn the_next_leader_goes_on_where_the_last_one_stopped() {
    for rule in RULES {
        let mut pump = pump(rule);
        (1..=3).for_each(|value| write(&mut pump, value));
        pump.crash(NodeId(0));
        (4..=6).for_each(|value| write(&mut pump, value));
        pump.run_for(Duration::from_millis(100));
        assert_eq!(applied(&pump, &[1, 2, 3]), [6, 6, 6], "{rule:?}");
        let gave_up = |(.., observation): &&(_, _, HotstuffObservation)| {
            matches!(observation, HotstuffObservation::Suspected { .. })
        };
        assert!(pump.observed.iter().filter(gave_up).count() >= 3, "{rule:?}");
    }
}

#[test]
fn who_was_cut_off_fetches_what_it_lacks() {
    for rule in RULES {
        let mut pump = pump(rule);
        pump.isolate(NodeId(2));
        (1..=2).for_each(|value| write(&mut pump, value));
        assert_eq!(applied(&pump, &[2]), [0]);
        pump.cut.clear();
        link_up(&mut pump, 2, 1);
        pump.run_for(Duration::from_millis(300));
        assert_eq!(applied(&pump, &[2]), [2], "{rule:?}");
        let fetched = |(.., observation): &(_, _, HotstuffObservation)| {
            matches!(observation, HotstuffObservation::Fetched { .. })
        };
        assert!(pump.observed.iter().any(fetched), "{rule:?}");
    }
}

#[test]
fn a_restarted_member_remembers_its_votes_and_takes_part_again() {
    for rule in RULES {
        let mut pump = pump(rule);
        (1..=3).for_each(|value| write(&mut pump, value));
        pump.run_for(Duration::from_millis(100));
        pump.crash(NodeId(2));
        pump.boot(NodeId(2));
        // Without n4 it is needed.
        pump.isolate(NodeId(3));
        write(&mut pump, 4);
        pump.run_for(Duration::from_millis(100));
        assert_eq!(applied(&pump, &[2]), [4], "{rule:?}");
        let own = pump.observed.iter().filter(|(_, node, _)| *node == NodeId(2));
        let voted = |observation: &HotstuffObservation| match *observation {
            HotstuffObservation::Voted { view, stage, .. } => Some((view, stage != Stage::Prepare)),
            _ => None,
        };
        let votes: Vec<_> = own.filter_map(|(.., observation)| voted(observation)).collect();
        assert!(votes.is_sorted_by_key(|(view, _)| *view), "{rule:?}: {votes:?}");
    }
}

#[test]
fn made_up_certificates_are_refused_each_for_its_reason() {
    let mut pump = pump(Rule::ThreeChain);
    let signers = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<Signers>();
    let about = |stage| Statement::new(stage, 3, 3, 7);
    let cases = [
        (about(Stage::Prepare), signers(&[]), Refusal::TooFewSigners),
        (about(Stage::Prepare), signers(&[1, 2]), Refusal::TooFewSigners),
        (about(Stage::Prepare), signers(&[1, 2, 9]), Refusal::UnknownSigner),
        (about(Stage::Prepare), signers(&[0, 1, 2]), Refusal::BadSignature),
        (about(Stage::Commit), signers(&[0, 1, 2]), Refusal::OffTopic),
    ];
    for (statement, signers, reason) in cases {
        let (aggregate, scheme) = (Aggregate::default(), Scheme::Single);
        let high = Shared::new(Signed { statement, signers, aggregate, scheme });
        let tip = HotstuffMessage::Tip { view: 4, high, timeout: None, decided: None };
        pump.inject(NodeId(1), NodeId(0), tip);
        pump.run_for(Duration::from_millis(20));
        let refused = HotstuffObservation::Refused { what: "certificate", reason: reason.name() };
        assert_eq!(pump.observed.last().map(|(.., observation)| observation), Some(&refused));
    }
}

#[test]
fn a_timeout_certificate_needs_distinct_members_who_say_the_same() {
    let mut pump = pump(Rule::TwoChain);
    let votes = |signers: &[u32], view| -> Vec<_> {
        signers.iter().map(|signer| vote(*signer, timeout_statement(view, 0))).collect()
    };
    let cases = [
        (votes(&[1, 2], 5), Refusal::TooFewSigners),
        (votes(&[1, 1, 1], 5), Refusal::TooFewSigners),
        (votes(&[1, 2, 8], 5), Refusal::UnknownSigner),
        (votes(&[1, 2, 3], 9), Refusal::OffTopic),
        (votes(&[1, 2, 3], 5), Refusal::BadSignature),
    ];
    for (votes, reason) in cases {
        let high = genesis(Scheme::Single);
        let timeout = Some(Shared::new(TimedOutAll { view: 5, votes, high: high.clone() }));
        pump.inject(NodeId(1), NodeId(0), HotstuffMessage::Tip { view: 5, high, timeout, decided: None });
        pump.run_for(Duration::from_millis(20));
        let refused = HotstuffObservation::Refused { what: "timeout certificate", reason: reason.name() };
        assert_eq!(pump.observed.last().map(|(.., observation)| observation), Some(&refused));
    }
}

#[test]
fn where_nothing_waits_nothing_is_said() {
    for rule in RULES {
        let mut pump = pump(rule);
        write(&mut pump, 1);
        // They tell each other once how far they are.
        pump.run_for(Duration::from_secs(2));
        let before = pump.observed.len();
        pump.run_for(Duration::from_secs(20));
        assert_eq!(pump.observed.len(), before, "{rule:?}");
        write(&mut pump, 2);
    }
}

/// A leader leaves one member out, and then nobody asks for more: the member is told by another one before long, and is as
/// quiet as all others after that.
#[test]
fn who_was_left_out_is_told_once_nothing_waits() {
    for rule in RULES {
        for left_out in 1..4 {
            let mut pump = pump(rule);
            pump.isolate(NodeId(left_out));
            (1..=2).for_each(|value| write(&mut pump, value));
            assert_eq!(applied(&pump, &[left_out]), [0]);
            // The member before it, the leader at times, goes on to leave it out.
            pump.cut.retain(|(one, other)| [one.0, other.0].contains(&(left_out - 1)));
            pump.run_for(Duration::from_secs(2));
            assert_eq!(applied(&pump, &[left_out]), [2], "{rule:?}, n{}", left_out + 1);
            let before = pump.observed.len();
            pump.run_for(Duration::from_secs(20));
            assert_eq!(pump.observed.len(), before, "{rule:?}, n{}", left_out + 1);
        }
    }
}

/// What a traitor replays must not be answered without end.
#[test]
fn who_is_behind_is_told_once_in_a_period() {
    for rule in RULES {
        let mut pump = pump(rule);
        // n3 misses whole turns.
        pump.isolate(NodeId(2));
        (1..=4).for_each(|value| write(&mut pump, value));
        pump.run_for(Duration::from_secs(3));
        let tips = |pump: &Pump| pump.sent.get("Tip").copied().unwrap_or(0);
        let behind =
            || HotstuffMessage::Tip { view: 1, high: genesis(Scheme::Single), timeout: None, decided: None };
        let gave_up = |view| {
            let (vote, high) = (vote(2, timeout_statement(view, 0)), genesis(Scheme::Single));
            HotstuffMessage::Timeout(Shared::new(TimedOut { vote, high }))
        };
        for message in [behind(), gave_up(2)] {
            let before = tips(&pump);
            (0..3).for_each(|_| pump.inject(NodeId(2), NodeId(1), message.clone()));
            pump.run_for(Duration::from_millis(50));
            assert_eq!(tips(&pump) - before, 1, "{rule:?}: once, however often it is said");
            pump.run_for(Parameters::default().fetch_interval);
        }
        // It is an answer: n3 learns all of it.
        pump.cut.clear();
        pump.inject(NodeId(2), NodeId(1), behind());
        pump.run_for(Duration::from_millis(100));
        assert_eq!(applied(&pump, &[2]), [4], "{rule:?}");
    }
}

/// A request that comes after the last block of a turn is not left to timeouts: the next leader hears of it.
#[test]
fn a_request_after_the_last_block_of_a_turn_goes_to_the_next_leader() {
    for rule in RULES {
        let mut pump = pump(rule);
        for value in 1..=12 {
            let before = pump.now;
            write(&mut pump, value);
            assert!(pump.now.since(before) < Duration::from_millis(100), "{rule:?}, request {value}");
            pump.run_for(Duration::from_millis(40));
        }
    }
}
