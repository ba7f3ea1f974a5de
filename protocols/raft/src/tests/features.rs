//! What an option adds to a cluster: handing over, reads without the log, snapshots, changes of membership.

use sim_core::facts::Facts;
use sim_core::identity::NodeId;
use sim_core::operation::{ACCOUNTS, OPENING_BALANCE, Operation as Neutral, ValueBytes};
use sim_core::process::Input;
use sim_core::time::Duration;

use super::clusters::broken;
use super::pump::{Pump, Servers};
use crate::node::RaftFactory;
use crate::parameters::{Parameters, Reads};
use crate::vocabulary::{RaftMessage, ReadBy};
use objects::{Operation, Reply};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn cluster(parameters: Parameters, members: u32) -> Pump {
    let mut pump = Pump::new(RaftFactory { parameters, ..RaftFactory::default() }, members, 1);
    pump.run_for(ms(2_000));
    pump
}

fn observed(pump: &Pump, kind: &str) -> usize {
    pump.observed.iter().filter(|(.., observation)| observation.kind_name() == kind).count()
}

/// The client writes so many values, one after the other.
fn write(pump: &mut Pump, members: u32, values: std::ops::Range<u64>) {
    for value in values {
        pump.request(NodeId(members), value, Operation::Put { key: 1, value });
        pump.run_for(ms(60));
    }
}

fn value_read(pump: &mut Pump, members: u32, id: u64) -> Option<Reply> {
    answer(pump, members, id, Operation::Get { key: 1 })
}

fn answer(pump: &mut Pump, members: u32, id: u64, operation: Operation) -> Option<Reply> {
    pump.request(NodeId(members), id, operation);
    pump.run_for(ms(1_500));
    pump.returned
        .iter()
        .find(|(returned, ..)| returned.0 == id)
        .map(|(_, response, _)| response.reply.clone())
}

/// Dissertation, section 3.10: the heir stands at once, without pre-votes, and nobody waits for a timeout.
#[test]
fn leaders_hand_over() {
    let parameters = Parameters { transfer_every: ms(1_000), ..Parameters::default() };
    let mut pump = cluster(parameters, 3);
    let asked = observed(&pump, "BecamePreCandidate");
    pump.run_for(ms(8_000));
    assert!(observed(&pump, "Transferring") >= 4 && observed(&pump, "BecameLeader") >= 4);
    assert_eq!(observed(&pump, "BecamePreCandidate"), asked);
    assert_eq!(broken(&pump), None);
}

#[test]
fn reads_without_the_log_see_what_was_written_and_append_nothing() {
    let value = |value| Reply::Value { value };
    let list = |values: &[u64]| Reply::List { values: values.into() };
    let mut accounts = [OPENING_BALANCE; ACCOUNTS];
    (accounts[0], accounts[1]) = (OPENING_BALANCE - 3, OPENING_BALANCE + 3);
    let cases = [
        (Operation::Put { key: 1, value: 2 }, Operation::Get { key: 1 }, value(Some(2))),
        (Operation::Append { key: 1, value: 2 }, Operation::GetList { key: 1 }, list(&[2])),
        (Operation::Add { key: 1, value: 2 }, Operation::GetSet { key: 1 }, list(&[2])),
        (
            Operation::Transfer { key: 1, from: 0, to: 1, amount: 3 },
            Operation::GetBank { key: 1 },
            list(&accounts),
        ),
    ];
    for (reads, (write, read, expected)) in
        [Reads::Index, Reads::Lease].iter().flat_map(|reads| cases.iter().map(move |case| (*reads, case)))
    {
        let mut pump = cluster(Parameters { reads, ..Parameters::default() }, 3);
        pump.request(NodeId(3), 1, *write);
        pump.run_for(ms(60));
        let appended = observed(&pump, "Appended");
        assert_eq!(answer(&mut pump, 3, 100, *read).as_ref(), Some(expected), "{reads:?}");
        assert_eq!(observed(&pump, "Appended"), appended, "{reads:?}");
        assert_eq!(observed(&pump, "ReadServed"), 1, "{reads:?}");
    }
}

/// Whoever asks for something else as if it were a read changes nothing, and hears nothing.
#[test]
fn what_is_no_read_is_not_done_without_the_log() {
    for by in [ReadBy::Index, ReadBy::Lease, ReadBy::Stale] {
        let mut pump = cluster(Parameters { reads: Reads::Lease, ..Parameters::default() }, 3);
        let leader = pump.leader().expect("a leader");
        let message = RaftMessage::Read { sequence: 1, operation: Operation::Put { key: 1, value: 2 }, by };
        pump.inject(NodeId(3), leader, message);
        pump.run_for(ms(500));
        assert_eq!(observed(&pump, "ReadServed"), 0, "{by:?}");
        assert_eq!(value_read(&mut pump, 3, 100), Some(Reply::Value { value: None }), "{by:?}");
    }
}

#[test]
fn logs_stay_short_and_who_is_far_behind_gets_a_snapshot() {
    let parameters = Parameters { snapshot_every: 8, snapshot_chunk: 64, ..Parameters::default() };
    let mut pump = cluster(parameters, 3);
    let behind = (0..3).map(NodeId).find(|node| Some(*node) != pump.leader()).expect("a follower");
    pump.isolate(behind);
    write(&mut pump, 3, 0..40);
    pump.cut.clear();
    pump.run_for(ms(3_000));
    assert!(observed(&pump, "SnapshotInstalled") >= 1);
    let log_of = |node: NodeId| pump.server(node).log.iter().count();
    assert!(
        (0..3).map(NodeId).all(|node| log_of(node) <= 16),
        "{:?}",
        [0, 1, 2].map(|node| log_of(NodeId(node)))
    );
    let applied = |node: u32| pump.server(NodeId(node)).applied;
    assert_eq!((applied(0), applied(1)), (applied(1), applied(2)));
    // A restart begins with the snapshot, sessions included: nothing happens twice.
    pump.crash(behind);
    pump.boot(behind);
    write(&mut pump, 3, 40..50);
    pump.run_for(ms(2_000));
    assert_eq!(value_read(&mut pump, 3, 100), Some(Reply::Value { value: Some(49) }));
    assert_eq!(broken(&pump), None);
}

/// Found by the swarm, seed 300301: each leader began with a snapshot of its own, and none arrived before the next leader came.
#[test]
fn who_sends_a_snapshot_does_not_hand_over_before_it_has_arrived() {
    let parameters = Parameters {
        snapshot_every: 8,
        snapshot_chunk: 64,
        transfer_every: ms(600),
        ..Parameters::default()
    };
    let mut pump = cluster(parameters, 3);
    let behind = (0..3).map(NodeId).find(|node| Some(*node) != pump.leader()).expect("a follower");
    pump.isolate(behind);
    let heavy = ValueBytes { min: 8_000, max: 8_000 };
    for value in 0..20 {
        let write = heavy.put_on(1, &Neutral::Append { key: 1, value });
        pump.request(NodeId(3), value, Operation::of(&write));
        pump.run_for(ms(500));
    }
    pump.cut.clear();
    pump.run_for(ms(60_000));
    assert!(observed(&pump, "ChunkKept") >= 20 * 8_000 / 64 - 1, "{}", observed(&pump, "ChunkKept"));
    assert!(observed(&pump, "SnapshotInstalled") >= 1);
    let led = observed(&pump, "Transferring");
    pump.run_for(ms(10_000));
    assert!(observed(&pump, "Transferring") > led, "then it hands over again");
    assert_eq!(broken(&pump), None);
}

#[test]
fn an_operator_changes_the_members_in_single_steps_or_jointly() {
    for joint in [false, true] {
        let parameters = Parameters { reconfigure_every: ms(400), joint, ..Parameters::default() };
        let mut pump = cluster(parameters, 5);
        write(&mut pump, 5, 0..150);
        assert!(observed(&pump, "ConfigAppended") > 20, "joint {joint}");
        assert_eq!(pump.returned.len(), 150, "joint {joint}");
        assert_eq!(broken(&pump), None, "joint {joint}");
    }
}

/// Dissertation, section 4.2.2: whoever alone has the change that removes it is needed until that is committed, since the
/// others cannot elect anybody without its vote, and their logs are shorter than its own.
#[test]
fn a_leader_that_removed_itself_stands_until_that_is_committed() {
    let mut pump = cluster(Parameters::default(), 4);
    let removed = pump.leader().expect("a leader");
    let lost = (0..4).map(NodeId).find(|node| *node != removed).expect("others");
    pump.isolate(removed);
    let change = RaftMessage::Change { node: removed, add: false };
    pump.step(removed, Input::Message { from: NodeId(4), message: &change });
    assert_eq!(observed(&pump, "ConfigAppended"), 1);
    pump.crash(lost);
    pump.run_for(ms(2_000));
    pump.cut.clear();
    pump.run_for(ms(3_000));
    assert!(observed(&pump, "Removed") == 1 && pump.leader().is_some_and(|leader| leader != removed));
    write(&mut pump, 4, 0..1);
    pump.run_for(ms(2_000));
    assert_eq!(pump.returned.len(), 1);
    assert_eq!(broken(&pump), None);
}
