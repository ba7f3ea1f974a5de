//! Whole clusters: elections, commits, crashes and cuts.

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::time::Duration;

use super::one::without_pre_vote;
use super::pump::{DELAY, Pump, SYNC, Servers};
use crate::node::RaftFactory;
use crate::parameters::Parameters;
use crate::vocabulary::RaftObservation;
use objects::{Operation, Reply};

fn cluster(parameters: Parameters, members: u32, clients: u32) -> Pump {
    Pump::new(RaftFactory { parameters, ..RaftFactory::default() }, members, clients)
}

fn put(value: u64) -> Operation {
    Operation::Put { key: 1, value }
}

fn committed(pump: &Pump, node: NodeId) -> u64 {
    pump.server(node).commit
}

/// At most one leader a term, and the same entry at every applied index, over the whole run.
fn assert_safe(pump: &Pump) {
    assert_eq!(broken(pump), None);
}

/// What is wrong with a run, if anything.
pub(super) fn broken(pump: &Pump) -> Option<String> {
    let mut leaders = OrderedMap::new();
    let mut canonical = OrderedMap::new();
    for (_, node, observation) in &pump.observed {
        let (agrees, what, at) = match *observation {
            RaftObservation::BecameLeader { term, .. } => {
                (*leaders.entry(term).or_insert(*node) == *node, "two leaders in term", term)
            }
            RaftObservation::Applied { index, hash, state, .. } => {
                let first = *canonical.entry(index).or_insert((hash, state));
                (first == (hash, state), "two histories at index", index)
            }
            _ => continue,
        };
        if !agrees {
            return Some(format!("{what} {at}"));
        }
    }
    None
}

#[test]
fn clusters_of_every_size_elect_and_commit() {
    for members in [1, 2, 3, 4, 5, 7] {
        for parameters in [Parameters::default(), without_pre_vote()] {
            let mut pump = cluster(parameters, members, 1);
            pump.request(NodeId(members), 1, put(7));
            pump.request(NodeId(members), 2, Operation::Get { key: 1 });
            pump.run_until(|pump| pump.returned.len() == 2);
            assert_eq!(pump.returned[1].1.reply, Reply::Value { value: Some(7) });
            pump.run_for(Duration::from_millis(200));
            for member in 0..members {
                assert_eq!(committed(&pump, NodeId(member)), 3, "a heartbeat carried the commit index");
            }
            assert_safe(&pump);
        }
    }
}

/// Row 3 of the published results.
#[test]
fn messages_are_as_many_as_the_paper_says() {
    for members in [3, 5] {
        let others = u64::from(members) - 1;
        let mut pump = cluster(without_pre_vote(), members, 1);
        pump.run_until(|pump| pump.leader().is_some());
        assert_eq!(pump.sent["RequestVote"], others);
        pump.run_for(DELAY + DELAY + SYNC + SYNC);
        assert_eq!(pump.sent["Vote"], others);
        let round = |pump: &Pump| (pump.sent["AppendEntries"], pump.sent["AppendReply"]);
        assert_eq!(round(&pump), (others, others), "the first round");
        // The leader is known to the client, so that nothing but the entry is asked for.
        let leader = pump.leader().unwrap();
        pump.run_for(Duration::from_millis(450));
        let idle = round(&pump);
        assert_eq!(idle, (10 * others, 10 * others), "nine heartbeats");
        pump.run_for(Duration::from_millis(12));
        pump.request(NodeId(members), 1, put(1));
        pump.run_until(|pump| !pump.returned.is_empty());
        let heartbeats = pump.sent["AppendEntries"] / others - 11;
        assert_eq!(
            round(&pump).0,
            (11 + heartbeats) * others,
            "one round for the entry, under leader {leader}"
        );
    }
}

/// Row 3: with a fixed delay d, an entry is committed 2d (and a sync) after the leader has it.
#[test]
fn an_entry_is_committed_after_a_round_trip() {
    let mut pump = cluster(without_pre_vote(), 3, 1);
    pump.run_until(|pump| pump.leader().is_some_and(|leader| committed(pump, leader) == 1));
    pump.request(NodeId(3), 1, put(1));
    pump.run_until(|pump| !pump.returned.is_empty());
    let leader = pump.leader().unwrap();
    let at = |wanted: fn(&RaftObservation) -> bool| {
        let found = pump.observed.iter().find(|(_, node, seen)| *node == leader && wanted(seen));
        found.unwrap().0
    };
    let appended = at(|seen| matches!(seen, RaftObservation::Appended { index: 2, .. }));
    let committed = at(|seen| matches!(seen, RaftObservation::Committed { index: 2, .. }));
    assert_eq!(committed.since(appended), DELAY + DELAY + SYNC);
}

#[test]
fn a_new_leader_keeps_what_was_acknowledged() {
    for parameters in [Parameters::default(), without_pre_vote()] {
        let mut pump = cluster(parameters, 5, 1);
        for round in 1..6 {
            pump.request(NodeId(5), round, put(round));
            pump.run_until(|pump| pump.returned.len() as u64 == round);
            let leader = pump.leader().unwrap();
            pump.crash(leader);
            pump.run_until(|pump| pump.leader().is_some());
            pump.boot(leader);
        }
        pump.request(NodeId(5), 6, Operation::Get { key: 1 });
        pump.run_until(|pump| pump.returned.len() == 6);
        assert_eq!(pump.returned[5].1.reply, Reply::Value { value: Some(5) });
        assert_safe(&pump);
    }
}

#[test]
fn a_whole_cluster_comes_back_from_its_journals() {
    let mut pump = cluster(Parameters::default(), 3, 1);
    pump.request(NodeId(3), 1, put(9));
    pump.run_until(|pump| pump.returned.len() == 1);
    (0..3).for_each(|node| pump.crash(NodeId(node)));
    (0..3).for_each(|node| pump.boot(NodeId(node)));
    pump.request(NodeId(3), 2, Operation::Get { key: 1 });
    pump.run_until(|pump| pump.returned.len() == 2);
    assert_eq!(pump.returned[1].1.reply, Reply::Value { value: Some(9) });
    assert_safe(&pump);
}

/// Row 5 of the published results, R35: with pre-vote, a server that comes back deposes nobody.
#[test]
fn an_isolated_server_comes_back_quietly_with_pre_vote() {
    for (pre_vote, check_quorum, quiet) in
        [(true, true, true), (true, false, true), (false, false, false), (false, true, false)]
    {
        let mut pump = cluster(Parameters { pre_vote, check_quorum, ..Parameters::default() }, 5, 1);
        pump.run_until(|pump| pump.leader().is_some_and(|leader| committed(pump, leader) == 1));
        let (leader, term) = (pump.leader().unwrap(), pump.server(pump.leader().unwrap()).term);
        let away = NodeId((leader.0 + 1) % 5);
        pump.isolate(away);
        pump.run_for(Duration::from_secs(3));
        assert_eq!(pump.server(away).term == term, quiet);
        pump.cut.clear();
        pump.run_for(Duration::from_secs(2));
        assert_eq!(pump.leader() == Some(leader) && pump.server(leader).term == term, quiet);
        let last = pump.leader().unwrap();
        let settled = (0..5).all(|node| pump.server(NodeId(node)).term == pump.server(last).term);
        assert!(settled, "whoever leads, all are in one term again");
        pump.request(NodeId(5), 1, put(1));
        pump.run_until(|pump| pump.returned.len() == 1);
        assert_safe(&pump);
    }
}

/// R36: a leader that is heard but hears nobody is replaced with check-quorum, and only then.
#[test]
fn a_deaf_leader_is_replaced_with_check_quorum() {
    for check_quorum in [true, false] {
        let mut pump = cluster(Parameters { check_quorum, ..Parameters::default() }, 3, 1);
        pump.run_until(|pump| pump.leader().is_some_and(|leader| committed(pump, leader) == 1));
        let leader = pump.leader().unwrap();
        pump.cut.extend((0..4).map(|node| (NodeId(node), leader)));
        pump.request(NodeId(3), 1, put(1));
        pump.run_for(Duration::from_secs(5));
        assert_eq!(pump.returned.len(), usize::from(check_quorum), "check-quorum {check_quorum}");
    }
}

/// R36 as it happened: the leader and a quorum of links, but not all of them.
#[test]
fn a_half_connected_cluster_settles_on_a_leader_that_reaches_a_majority() {
    let mut pump = cluster(Parameters::default(), 5, 0);
    pump.run_until(|pump| pump.leader().is_some());
    let hub = NodeId((pump.leader().unwrap().0 + 1) % 5);
    for left in (0..5).map(NodeId) {
        for right in (0..5).map(NodeId) {
            if left != hub && right != hub {
                pump.cut.insert((left, right));
            }
        }
    }
    pump.run_for(Duration::from_secs(5));
    let term = pump.server(hub).term;
    pump.run_for(Duration::from_secs(5));
    assert_eq!((pump.leader(), pump.server(hub).term), (Some(hub), term));
}

#[test]
fn a_follower_that_missed_much_catches_up_in_batches() {
    let parameters = Parameters { max_batch: 3, max_inflight: 2, ..Parameters::default() };
    let mut pump = cluster(parameters, 3, 1);
    pump.run_until(|pump| pump.leader().is_some_and(|leader| committed(pump, leader) == 1));
    let away = NodeId((pump.leader().unwrap().0 + 1) % 3);
    pump.isolate(away);
    (1..41).for_each(|id| pump.request(NodeId(3), id, put(id)));
    pump.run_until(|pump| pump.returned.len() == 40);
    pump.cut.clear();
    pump.run_for(Duration::from_millis(600));
    assert_eq!(committed(&pump, away), 41);
    assert_safe(&pump);
}

/// An operation that is asked for twice, since the first answer was lost, happens once.
#[test]
fn a_lost_answer_is_asked_for_again_and_done_once() {
    let mut pump = cluster(Parameters::default(), 3, 1);
    pump.run_until(|pump| pump.leader().is_some_and(|leader| committed(pump, leader) == 1));
    pump.cut.extend((0..3).map(|node| (NodeId(node), NodeId(3))));
    pump.request(NodeId(3), 1, Operation::Cas { key: 1, from: None, to: 4 });
    pump.run_for(Duration::from_secs(2));
    assert!(pump.returned.is_empty());
    pump.cut.clear();
    pump.run_until(|pump| pump.returned.len() == 1);
    assert_eq!(pump.returned[0].1.reply, Reply::Done, "a second time it would be a mismatch");
    let leader = pump.leader().unwrap();
    assert_eq!(committed(&pump, leader), 2, "one entry");
}

/// A client that reaches one server only, and not the leader, is served all the same.
#[test]
fn a_client_is_served_through_any_server_that_it_reaches() {
    let mut pump = cluster(Parameters::default(), 3, 1);
    pump.run_until(|pump| pump.leader().is_some_and(|leader| committed(pump, leader) == 1));
    let reached = NodeId((pump.leader().unwrap().0 + 1) % 3);
    let others = (0..3).map(NodeId).filter(|node| *node != reached);
    pump.cut.extend(others.flat_map(|node| [(node, NodeId(3)), (NodeId(3), node)]));
    (1..6).for_each(|id| pump.request(NodeId(3), id, put(id)));
    pump.run_until(|pump| pump.returned.len() == 5);
    assert!(
        pump.returned[4].2.since(pump.returned[0].2) < Duration::from_millis(400),
        "it stays with who answered"
    );
    assert_safe(&pump);
}
