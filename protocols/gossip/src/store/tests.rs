//! One member at a time, and whole runs in a world.

use std::sync::Arc;

use protocol_testing::swarm::{finds_nothing, weather};
use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::fault::SwarmSpace;
use sim_core::identity::NodeId;
use sim_core::operation::ObjectModel;
use sim_core::outcome::Outcome;
use sim_core::process::{Effect, Input, Role, Solo, SyncResult};
use sim_core::registry::{Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};
use sim_core::workload::{Rate, WorkloadModel};

use super::entry::ENTRY;
use super::member::{Member, Shared};
use super::parameters::Parameters;
use super::plants::Plants;
use super::ring::Ring;
use super::vocabulary::{Record, Sent, StoreMessage, Version};

fn setup(seed: u64, members: u32, seconds: u64) -> Setup {
    let workload = WorkloadModel {
        rate: Some(Rate::per_second(40)),
        keys: Some(8),
        ..WorkloadModel::new(ObjectModel::Kv)
    };
    Setup {
        clients: 4,
        duration: Duration::from_secs(seconds),
        workload: Some(workload),
        ..Setup::new(seed, members)
    }
}

fn run(parameters: &Value, setup: &Setup) -> Outcome {
    ENTRY.configure(parameters).unwrap().launch(setup, &Launch::default()).unwrap()
}

fn exercised(outcome: &Outcome, check: &str) -> u64 {
    outcome.checks.iter().find(|report| report.name == check).unwrap().exercised
}

#[test]
fn a_calm_store_serves_collects_and_is_read_as_it_was_written() {
    let outcome = run(&json!({ "sloppy": false, "collect_every": "250ms" }), &setup(1, 5, 20));
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.violations);
    assert!(exercised(&outcome, "store/quorum-reads") > 100);
    assert!(
        exercised(&outcome, "store/resurrection") > 20,
        "tombstones are collected, and keys written again"
    );
}

#[test]
fn nothing_is_found_in_a_swarm_and_replicas_become_equal() {
    let cluster = ENTRY.configure(&json!({})).unwrap();
    let made = finds_nothing(150, |seed| {
        weather(cluster.as_ref(), setup(seed, 3 + (seed % 8) as u32, 12), 20, &SwarmSpace::default())
    });
    assert!(made >= 130, "{made} of 150 made progress");
}

/// Member 0 of five, each key at three homes.
struct Bench {
    solo: Solo,
    member: Member,
}

const CLIENT: u32 = 9;

impl Bench {
    fn new(parameters: Parameters) -> Self {
        let ring = Ring::new(7, 5, 8, 3);
        let shared = Arc::new(Shared { parameters, plants: Plants::default(), ring });
        let mut solo = Solo::new(NodeId(0), 5);
        let mut member = Member::new(&shared, &solo.boot(Role::Member, &[]));
        solo.now = Time::ZERO + Duration::from_secs(10);
        solo.step(&mut member, Input::Start);
        Self { solo, member }
    }

    fn key(&self, fits: impl Fn(&[NodeId]) -> bool) -> u64 {
        (0..).find(|key| fits(self.member.shared.ring.homes(*key))).unwrap()
    }

    /// Hears a message; what is said because of it, once all is on disk.
    fn hear(&mut self, from: u32, message: &StoreMessage) -> Vec<(u32, StoreMessage)> {
        let mut said = Vec::new();
        let mut effects = self.solo.step(&mut self.member, Input::Message { from: NodeId(from), message });
        loop {
            let mut synced = None;
            for effect in effects.list() {
                match effect {
                    Effect::Send { to, message } => {
                        said.extend(effects.recipients(to).iter().map(|to| (to.0, message.clone())));
                    }
                    Effect::Sync { id, .. } => synced = Some(*id),
                    _ => {}
                }
            }
            let Some(id) = synced else { return said };
            effects = self.solo.step(&mut self.member, Input::Synced { id, result: SyncResult::Ok });
        }
    }
}

fn record(key: u64, time: u64, value: Option<u64>) -> Record {
    Record { key, version: Version { time, actor: NodeId(CLIENT) }, value }
}

#[test]
fn a_home_and_a_hint_for_it_are_one_copy() {
    for (sloppy, copies) in [(true, 2), (false, 1)] {
        let mut bench = Bench::new(Parameters { sloppy, ..Parameters::default() });
        let key = bench.key(|homes| !homes.contains(&NodeId(0)));
        let homes: Vec<u32> = bench.member.shared.ring.homes(key).iter().map(|home| home.0).collect();
        let asked = bench.hear(CLIENT, &StoreMessage::Put { operation: 1, record: record(key, 5, Some(1)) });
        assert_eq!(asked.iter().map(|(to, _)| *to).collect::<Vec<_>>(), homes);
        let (_, StoreMessage::Write { operation, .. }) = asked[0] else { panic!("{asked:?}") };
        let wrote = |hint: Option<u32>| StoreMessage::Wrote { operation, hint: hint.map(NodeId) };
        assert_eq!(bench.hear(homes[0], &wrote(None)), []);
        assert_eq!(bench.hear(homes[0], &wrote(None)), [], "an answer that comes twice is one");
        assert_eq!(bench.hear(4, &wrote(Some(homes[0]))), [], "the hint is dropped once the home has it");
        let done = bench.hear(4, &wrote(Some(homes[1])));
        assert_eq!(
            done.len(),
            copies - 1,
            "a hint counts for a home that has not answered, if quorums are sloppy"
        );
        if !sloppy {
            assert!(matches!(bench.hear(homes[2], &wrote(None))[..], [(CLIENT, StoreMessage::Done { .. })]));
        }
    }
}

#[test]
fn a_version_too_far_ahead_or_behind_a_collected_tombstone_is_refused() {
    let mut bench = Bench::new(Parameters { max_offset: Duration::from_secs(1), ..Parameters::default() });
    let key = bench.key(|homes| homes[0] == NodeId(1));
    let put = |bench: &mut Bench, time| {
        let said = bench.hear(CLIENT, &StoreMessage::Put { operation: 1, record: record(key, time, None) });
        said.iter().find_map(|(_, message)| match message {
            StoreMessage::Refused { late, .. } => Some(*late),
            _ => None,
        })
    };
    assert_eq!(put(&mut bench, 11_000_000_001), Some(false));
    assert_eq!(put(&mut bench, 11_000_000_000), None);
    let tombstones: Box<[Record]> = [record(key, 700, None)].into();
    bench.hear(1, &StoreMessage::Confirm { collector: NodeId(1), collection: 1, tombstones });
    assert_eq!(put(&mut bench, 700), Some(true));
    assert_eq!(put(&mut bench, 701), None);
}

#[test]
fn a_record_whose_sender_has_not_confirmed_a_collection_is_not_taken() {
    let mut bench = Bench::new(Parameters::default());
    let key = bench.key(|homes| homes[0] == NodeId(1) && homes.contains(&NodeId(0)));
    let tombstones: Box<[Record]> = [record(key, 700, None)].into();
    let confirm = |collection| StoreMessage::Confirm {
        collector: NodeId(1),
        collection,
        tombstones: tombstones.clone(),
    };
    let old = |confirmed| StoreMessage::Write {
        operation: 3,
        sent: Sent { record: record(key, 600, Some(6)), confirmed },
        hint: None,
    };
    assert_eq!(bench.hear(1, &confirm(4)), [(1, StoreMessage::Confirmed { collection: 4 })]);
    let wrote = [(2, StoreMessage::Wrote { operation: 3, hint: None })];
    assert_eq!(bench.hear(2, &old(3)), wrote, "the tombstone is newer, and it is there");
    bench.hear(1, &StoreMessage::Collect { collection: 4, tombstones: tombstones.clone() });
    assert_eq!(bench.member.replica.get(key), None);
    assert_eq!(bench.hear(1, &confirm(4)), [(1, StoreMessage::Confirmed { collection: 4 })]);
    assert_eq!(bench.member.replica.get(key), None, "a list that took long brings nothing back");
    assert_eq!(bench.hear(2, &old(3)), [(2, confirm(4))], "it hears what it has to confirm");
    assert_eq!(bench.member.replica.get(key), None);
    assert_eq!(bench.hear(2, &old(4)), wrote);
    assert_eq!(bench.member.replica.get(key), Some(&record(key, 600, Some(6))));
}

#[test]
fn an_answer_from_before_a_collection_is_asked_for_again() {
    let three = Parameters { replicas: 3, read_quorum: 3, ..Parameters::default() };
    let mut bench = Bench::new(three);
    let key = bench.key(|homes| homes.len() == 3 && !homes.contains(&NodeId(0)));
    let homes: Vec<u32> = bench.member.shared.ring.homes(key).iter().map(|home| home.0).collect();
    let client = 9;
    let asked = bench.hear(client, &StoreMessage::Get { operation: 1, key });
    let &[(_, StoreMessage::Read { operation, .. }), ..] = &asked[..] else { panic!("{asked:?}") };
    let reply = |sent: Option<(u64, u64)>, dropped| {
        let sent = sent.map(|(time, confirmed)| Sent { record: record(key, time, Some(6)), confirmed });
        StoreMessage::ReadReply { operation, sent, dropped }
    };
    assert!(bench.hear(homes[0], &reply(Some((600, 3)), 0)).is_empty());
    assert!(bench.hear(homes[1], &reply(None, 3)).is_empty(), "the record was there after that collection");
    let again = [(homes[0], StoreMessage::Read { operation, key })];
    assert_eq!(bench.hear(homes[2], &reply(None, 4)), again);
    let got = StoreMessage::Got { operation: 1, record: None, clock: 600 };
    assert_eq!(bench.hear(homes[0], &reply(None, 4)), [(client, got)]);
}

/// Where somebody is wrong about a collection, a coordinator that is a home itself does not ask itself without end.
#[test]
fn its_own_answer_is_never_asked_for_again() {
    let three = Parameters { replicas: 3, read_quorum: 3, ..Parameters::default() };
    let mut bench = Bench::new(three);
    let key = bench.key(|homes| homes.contains(&NodeId(0)) && homes[0] != NodeId(0));
    let sent = Sent { record: record(key, 600, Some(6)), confirmed: 0 };
    bench.hear(8, &StoreMessage::HandOff { sent });
    let others: Vec<u32> =
        bench.member.shared.ring.homes(key).iter().map(|home| home.0).filter(|home| *home != 0).collect();
    let asked = bench.hear(9, &StoreMessage::Get { operation: 1, key });
    let &[(_, StoreMessage::Read { operation, .. }), ..] = &asked[..] else { panic!("{asked:?}") };
    let nothing = StoreMessage::ReadReply { operation, sent: None, dropped: 7 };
    assert!(bench.hear(others[0], &nothing).is_empty());
    let got = StoreMessage::Got { operation: 1, record: Some(sent.record), clock: 600 };
    assert!(bench.hear(others[1], &nothing).contains(&(9, got)));
}
