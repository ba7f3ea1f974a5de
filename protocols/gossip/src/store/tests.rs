//! One member at a time, and whole runs in a world.

use std::slice::from_ref;
use std::sync::Arc;

use protocol_testing::swarm::{finds_nothing, weather};
use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::disk::Journal;
use sim_core::fault::SwarmSpace;
use sim_core::identity::NodeId;
use sim_core::operation::ObjectModel;
use sim_core::outcome::Outcome;
use sim_core::process::{Effect, Input, Role, Solo, Stored, SyncResult, TimerId};
use sim_core::registry::{Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};
use sim_core::workload::{Rate, WorkloadModel};

use super::entry::ENTRY;
use super::member::{Member, Shared};
use super::parameters::{Conflicts, Parameters};
use super::plants::Plants;
use super::ring::Ring;
use super::siblings::{Siblings, Written, learn};
use super::vocabulary::{Record, Sent, Store, StoreMessage, StoreTimer, Version};

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
    for conflicts in Conflicts::ALL {
        let cluster = ENTRY.configure(&json!({ "conflicts": conflicts.name() })).unwrap();
        let made = finds_nothing(100, |seed| {
            weather(cluster.as_ref(), setup(seed, 3 + (seed % 8) as u32, 12), 20, &SwarmSpace::default())
        });
        assert!(made >= 85, "{made} of 100 made progress");
    }
}

#[test]
fn a_calm_store_keeps_siblings_collects_and_is_read_as_it_was_written() {
    let parameters = json!({ "sloppy": false, "collect_every": "250ms", "conflicts": "siblings" });
    let outcome = run(&parameters, &setup(1, 5, 20));
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.violations);
    assert!(exercised(&outcome, "store/quorum-reads") > 100);
    assert!(exercised(&outcome, "store/siblings") > 100, "writes take the place of those that were known");
    assert!(exercised(&outcome, "store/resurrection") > 20, "tombstones are collected");
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

    fn held(&self, key: u64) -> Vec<Written> {
        self.member.replica.get(key).map(|held| held.iter().cloned().collect()).unwrap_or_default()
    }

    fn key(&self, fits: impl Fn(&[NodeId]) -> bool) -> u64 {
        (0..).find(|key| fits(self.member.shared.ring.homes(*key))).unwrap()
    }

    /// Hears a message; what is said because of it, once all is on disk.
    fn hear(&mut self, from: u32, message: &StoreMessage) -> Vec<(u32, StoreMessage)> {
        self.step(Input::Message { from: NodeId(from), message })
    }

    fn ring(&mut self, timer: StoreTimer) -> Vec<(u32, StoreMessage)> {
        self.step(Input::Timer { id: TimerId(0), timer })
    }

    fn step(&mut self, input: Input<'_, Store>) -> Vec<(u32, StoreMessage)> {
        let mut said = Vec::new();
        let mut effects = self.solo.step(&mut self.member, input);
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

fn confirmed(collection: u64, renewed: &[(NodeId, NodeId)]) -> StoreMessage {
    StoreMessage::Confirmed { collection, renewed: renewed.into() }
}

fn found(all: impl IntoIterator<Item = Written>) -> Siblings {
    let mut found = Siblings::default();
    all.into_iter().for_each(|written| found.add(written));
    found
}

fn last(key: u64, time: u64, value: Option<u64>) -> Written {
    Written::last(Record { key, version: Version { time, actor: NodeId(CLIENT), session: 0 }, value })
}

#[test]
fn a_home_and_a_hint_for_it_are_one_copy() {
    for (sloppy, copies) in [(true, 2), (false, 1)] {
        let mut bench = Bench::new(Parameters { sloppy, ..Parameters::default() });
        let key = bench.key(|homes| !homes.contains(&NodeId(0)));
        let homes: Vec<u32> = bench.member.shared.ring.homes(key).iter().map(|home| home.0).collect();
        let asked = bench.hear(CLIENT, &StoreMessage::Put { operation: 1, written: last(key, 5, Some(1)) });
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
fn a_home_that_is_gone_keeps_nobody_from_their_hints() {
    let mut bench = Bench::new(Parameters::default());
    let ring = bench.member.shared.ring.clone();
    let away = |home: u32, count: usize| -> Vec<(u64, u32)> {
        let fits =
            |key: &u64| ring.homes(*key).contains(&NodeId(home)) && !ring.homes(*key).contains(&NodeId(0));
        (0..).filter(fits).map(|key| (key, home)).take(count).collect()
    };
    let (gone, back) = (away(1, 100), away(2, 5));
    for (key, home) in gone.iter().chain(&back).copied() {
        let sent = sent(&last(key, 600, Some(6)), 0);
        bench.hear(3, &StoreMessage::Write { operation: 3, sent, hint: Some(NodeId(home)) });
    }
    let turn = |bench: &mut Bench| {
        let said = bench.ring(StoreTimer::HandOff);
        let to = |home| said.iter().filter(|(to, _)| *to == home).count();
        (to(1), to(2))
    };
    // Nobody takes anything: all are handed over again and again, so many at once.
    let turns: Vec<_> = (0..5).map(|_| turn(&mut bench)).collect();
    assert_eq!(turns, [(64, 0), (36, 5), (64, 0), (36, 5), (64, 0)]);
    // What was still to come is taken meanwhile: the next turn is none that hands over nothing.
    for (key, home) in gone[64..].iter().chain(&back).copied() {
        let version = last(key, 600, None).record.version;
        bench.hear(home, &StoreMessage::HandedOff { key, version });
    }
    assert_eq!(turn(&mut bench), (64, 0));
}

#[test]
fn a_version_too_far_ahead_or_behind_a_collected_tombstone_is_refused() {
    let mut bench = Bench::new(Parameters { max_offset: Duration::from_secs(1), ..Parameters::default() });
    let key = bench.key(|homes| homes[0] == NodeId(1));
    let put = |bench: &mut Bench, time| {
        let said = bench.hear(CLIENT, &StoreMessage::Put { operation: 1, written: last(key, time, None) });
        said.iter().find_map(|(_, message)| match message {
            StoreMessage::Refused { late, .. } => Some(*late),
            _ => None,
        })
    };
    assert_eq!(put(&mut bench, 11_000_000_001), Some(false));
    assert_eq!(put(&mut bench, 11_000_000_000), None);
    let tombstones: Box<[Written]> = [last(key, 700, None)].into();
    bench.hear(1, &StoreMessage::Confirm { collector: NodeId(1), collection: 1, tombstones });
    assert_eq!(put(&mut bench, 700), Some(true));
    assert_eq!(put(&mut bench, 701), None);
}

#[test]
fn a_record_whose_sender_has_not_confirmed_a_collection_is_not_taken() {
    let mut bench = Bench::new(Parameters::default());
    let key = bench.key(|homes| homes[0] == NodeId(1) && homes.contains(&NodeId(0)));
    let tombstones: Box<[Written]> = [last(key, 700, None)].into();
    let confirm = |collection| StoreMessage::Confirm {
        collector: NodeId(1),
        collection,
        tombstones: tombstones.clone(),
    };
    let old = |confirmed| StoreMessage::Write {
        operation: 3,
        sent: Sent { written: last(key, 600, Some(6)), confirmed },
        hint: None,
    };
    assert_eq!(bench.hear(1, &confirm(4)), [(1, confirmed(4, &[]))]);
    let wrote = [(2, StoreMessage::Wrote { operation: 3, hint: None })];
    assert_eq!(bench.hear(2, &old(3)), wrote, "the tombstone is newer, and it is there");
    bench.hear(1, &StoreMessage::Collect { collection: 4, tombstones: tombstones.clone() });
    assert_eq!(bench.held(key), []);
    assert_eq!(bench.hear(1, &confirm(4)), [(1, confirmed(4, &[]))]);
    assert_eq!(bench.held(key), [], "a list that took long brings nothing back");
    assert_eq!(bench.hear(2, &old(3)), [(2, confirm(4))], "it hears what it has to confirm");
    assert_eq!(bench.held(key), []);
    assert_eq!(bench.hear(2, &old(4)), wrote);
    assert_eq!(bench.held(key), [last(key, 600, Some(6))]);
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
    let reply = |time: Option<u64>, confirmed, dropped| {
        let found = found(time.map(|time| last(key, time, Some(6))));
        StoreMessage::ReadReply { operation, found, confirmed, dropped }
    };
    assert!(bench.hear(homes[0], &reply(Some(600), 3, 0)).is_empty());
    assert!(
        bench.hear(homes[1], &reply(None, 3, 3)).is_empty(),
        "the record was there after that collection"
    );
    let again = [(homes[0], StoreMessage::Read { operation, key })];
    assert_eq!(bench.hear(homes[2], &reply(None, 4, 4)), again);
    let got = StoreMessage::Got { operation: 1, found: Siblings::default(), clock: 600 };
    assert_eq!(bench.hear(homes[0], &reply(None, 4, 4)), [(client, got)]);
}

/// Where somebody is wrong about a collection, a coordinator that is a home itself does not ask itself without end.
#[test]
fn its_own_answer_is_never_asked_for_again() {
    let three = Parameters { replicas: 3, read_quorum: 3, ..Parameters::default() };
    let mut bench = Bench::new(three);
    let key = bench.key(|homes| homes.contains(&NodeId(0)) && homes[0] != NodeId(0));
    let sent = Sent { written: last(key, 600, Some(6)), confirmed: 0 };
    bench.hear(4, &StoreMessage::HandOff { sent });
    let others: Vec<u32> =
        bench.member.shared.ring.homes(key).iter().map(|home| home.0).filter(|home| *home != 0).collect();
    let asked = bench.hear(9, &StoreMessage::Get { operation: 1, key });
    let &[(_, StoreMessage::Read { operation, .. }), ..] = &asked[..] else { panic!("{asked:?}") };
    let nothing = StoreMessage::ReadReply { operation, found: Siblings::default(), confirmed: 7, dropped: 7 };
    assert!(bench.hear(others[0], &nothing).is_empty());
    let got = StoreMessage::Got { operation: 1, found: found([last(key, 600, Some(6))]), clock: 600 };
    assert!(bench.hear(others[1], &nothing).contains(&(9, got)));
}

/// A sibling by one session of the client that knew these others.
fn sibling(key: u64, session: u64, time: u64, value: Option<u64>, knew: &[&Written]) -> Written {
    let mut past = Vec::new();
    for knew in knew {
        knew.past.iter().flat_map(|past| past.iter()).for_each(|version| learn(&mut past, *version));
        learn(&mut past, knew.record.version);
    }
    let version = Version { time, actor: NodeId(CLIENT), session };
    Written { record: Record { key, version, value }, past: Some(past.into()) }
}

fn sent(written: &Written, confirmed: u64) -> Sent {
    Sent { written: written.clone(), confirmed }
}

#[test]
fn siblings_stay_at_a_home_and_in_hints_until_one_knew_them() {
    let mut bench = Bench::new(Parameters::default());
    let key = bench.key(|homes| homes.contains(&NodeId(0)));
    let (one, two) = (sibling(key, 1, 600, Some(6), &[]), sibling(key, 2, 700, Some(7), &[]));
    for written in [&one, &two, &one] {
        bench.hear(2, &StoreMessage::Repair { sent: sent(written, 0) });
    }
    assert_eq!(bench.held(key), [two.clone(), one.clone()]);
    let both = sibling(key, 1, 800, None, &[&one, &two]);
    bench.hear(2, &StoreMessage::HandOff { sent: sent(&both, 0) });
    assert_eq!(bench.held(key), from_ref(&both));
    bench.hear(2, &StoreMessage::Repair { sent: sent(&two, 0) });
    assert_eq!(bench.held(key), from_ref(&both), "it is known to be older");

    let away = bench.key(|homes| !homes.contains(&NodeId(0)));
    let target = bench.member.shared.ring.homes(away)[0];
    let write =
        |written: &Written| StoreMessage::Write { operation: 3, sent: sent(written, 0), hint: Some(target) };
    let (one, two) = (sibling(away, 1, 600, Some(6), &[]), sibling(away, 2, 700, Some(7), &[]));
    bench.hear(2, &write(&one));
    bench.hear(2, &write(&two));
    let hints = |bench: &Bench| bench.member.hints.get(&(target, away)).map_or(0, |kept| kept.iter().count());
    assert_eq!(hints(&bench), 2);
    bench.hear(target.0, &StoreMessage::HandedOff { key: away, version: two.record.version });
    assert_eq!(hints(&bench), 1, "the other one has not arrived");
    bench.hear(2, &write(&sibling(away, 3, 900, None, &[&one])));
    assert_eq!(hints(&bench), 1, "the newer one takes its place");
}

#[test]
fn an_exchange_answers_with_the_siblings_that_the_other_lacks() {
    let mut bench = Bench::new(Parameters::default());
    let key = bench.key(|homes| homes.contains(&NodeId(0)) && homes.contains(&NodeId(2)));
    let (one, two) = (sibling(key, 1, 600, Some(6), &[]), sibling(key, 2, 700, Some(7), &[]));
    let newer = sibling(key, 3, 800, Some(8), &[&one]);
    for written in [&one, &two] {
        bench.hear(2, &StoreMessage::Repair { sent: sent(written, 0) });
    }
    let exchange = |written: &Written, answer| {
        let all = Box::from([sent(written, 0)]);
        StoreMessage::Exchange { buckets: u64::MAX, sent: all, answer }
    };
    assert_eq!(bench.hear(2, &exchange(&newer, true)), [(2, exchange(&two, false))]);
    assert_eq!(bench.held(key), [newer, two]);
}

/// A tombstone that is gone is not replaced by its sibling: what it had superseded does not come back beside that one.
#[test]
fn a_sibling_of_a_collected_tombstone_lets_nothing_older_in() {
    let mut bench = Bench::new(Parameters::default());
    let key = bench.key(|homes| homes[0] == NodeId(1) && homes.contains(&NodeId(0)));
    let old = sibling(key, 1, 600, Some(6), &[]);
    let (deleted, beside) = (sibling(key, 1, 700, None, &[&old]), sibling(key, 2, 650, Some(7), &[]));
    let tombstones: Box<[Written]> = [deleted].into();
    bench.hear(2, &StoreMessage::Repair { sent: sent(&beside, 0) });
    let confirm =
        StoreMessage::Confirm { collector: NodeId(1), collection: 4, tombstones: tombstones.clone() };
    bench.hear(1, &confirm);
    bench.hear(1, &StoreMessage::Collect { collection: 4, tombstones });
    assert_eq!(bench.held(key), from_ref(&beside));
    let repair = |written: &Written, confirmed| StoreMessage::Repair { sent: sent(written, confirmed) };
    assert_eq!(bench.hear(2, &repair(&old, 3)), [(2, confirm)]);
    assert_eq!(bench.held(key), from_ref(&beside));
    let new = sibling(key, 3, 701, Some(8), &[]);
    bench.hear(2, &repair(&new, 3));
    assert_eq!(bench.held(key), [new, beside], "what is newer than all that was collected need not wait");
}

/// A member that starts from its summary is where it was.
#[test]
fn a_rewritten_journal_tells_the_same() {
    let mut bench = Bench::new(Parameters::default());
    let key = bench.key(|homes| homes[0] == NodeId(1) && homes.contains(&NodeId(0)));
    let away = bench.key(|homes| !homes.contains(&NodeId(0)));
    let target = bench.member.shared.ring.homes(away)[0];
    let (one, two) = (sibling(key, 1, 600, Some(6), &[]), sibling(key, 2, 700, Some(7), &[]));
    for written in [&one, &two] {
        bench.hear(2, &StoreMessage::Repair { sent: sent(written, 0) });
        let mut kept = written.clone();
        kept.record.key = away;
        bench.hear(2, &StoreMessage::Write { operation: 3, sent: sent(&kept, 0), hint: Some(target) });
    }
    let tombstones: Box<[Written]> = [sibling(key, 3, 800, None, &[&one])].into();
    let confirm =
        StoreMessage::Confirm { collector: NodeId(1), collection: 4, tombstones: tombstones.clone() };
    bench.hear(1, &confirm);
    bench.hear(1, &StoreMessage::Collect { collection: 4, tombstones });
    let summary = bench.member.summary();
    assert_eq!(summary.len(), 6, "{summary:?}");
    let journals = [Journal::holding(summary.iter().cloned().map(Stored::Intact).collect(), false)];
    let again = Member::new(&bench.member.shared, &bench.solo.boot(Role::Member, &journals));
    assert_eq!(again.summary(), summary);
    assert_eq!((again.fence.time, again.confirmed[1].0, again.dropped[1]), (800, 4, 4));
}

#[test]
fn a_journal_stays_as_long_as_what_it_is_about() {
    let mut bench = Bench::new(Parameters { compact_after: 10, ..Parameters::default() });
    let key = bench.key(|homes| homes.contains(&NodeId(0)));
    let mut longest = 0;
    for time in 1..200 {
        bench.hear(2, &StoreMessage::Repair { sent: sent(&last(key, time, Some(time)), 0) });
        longest = bench.member.journal.records.max(longest);
    }
    assert_eq!(longest, 13, "less than ten more than twice the two records of a rewriting");
}

/// What the member said to somebody.
fn to(said: &[(u32, StoreMessage)], whom: u32) -> Vec<&StoreMessage> {
    said.iter().filter(|(to, _)| *to == whom).map(|(_, message)| message).collect()
}

#[test]
fn a_confirmation_of_a_member_whose_disk_is_lost_counts_no_longer() {
    let mut bench = Bench::new(Parameters::default());
    let key = bench.key(|homes| homes[0] == NodeId(0));
    bench.hear(2, &StoreMessage::Repair { sent: sent(&last(key, 700, None), 0) });
    let asked = bench.ring(StoreTimer::Collect);
    assert_eq!(asked.len(), 4, "{asked:?}");
    for member in [1, 2] {
        bench.hear(member, &confirmed(1, &[]));
    }
    let new = [(NodeId(2), NodeId(20))];
    bench.hear(3, &confirmed(1, &new));
    bench.hear(2, &confirmed(1, &[]));
    bench.hear(4, &confirmed(1, &new));
    assert_eq!(bench.held(key).len(), 1, "somebody who has confirmed nothing runs there now");
    assert_eq!(to(&bench.ring(StoreTimer::Collect), 20).len(), 1, "it is asked");
    bench.hear(20, &confirmed(1, &[]));
    assert_eq!(bench.held(key), []);
    let confirm = StoreMessage::Confirm { collector: NodeId(1), collection: 1, tombstones: [].into() };
    assert_eq!(bench.hear(1, &confirm), [(1, confirmed(1, &new))], "it says whom it knows to be new");
}

#[test]
fn a_newcomer_acts_once_half_of_the_others_have_written_it_down() {
    let mut bench = Bench::new(Parameters::default());
    let key = bench.key(|homes| homes[0] == NodeId(1) && homes.contains(&NodeId(0)));
    let (mut known, away) = (bench.member.clone(), NodeId(20));
    known.confirmed[1] = (7, Box::default());
    known.fence = last(key, 700, None).record.version;
    // As if its own disk had been lost.
    bench.member.roster.joined = false;
    bench.member.roster.renew(NodeId(0), away);
    let old = sent(&last(key, 600, Some(6)), 6);
    let welcome = StoreMessage::Welcome {
        confirmed: known.confirmed.iter().map(|(collection, _)| *collection).collect(),
        fence: known.fence,
        clock: 700,
        renewed: [(NodeId(0), away), (NodeId(3), NodeId(21))].into(),
    };
    assert_eq!(bench.hear(1, &StoreMessage::Repair { sent: old.clone() }), []);
    bench.hear(1, &welcome);
    assert_eq!(bench.hear(2, &StoreMessage::Join { place: NodeId(2) }), [], "it does not vouch for others");
    assert!(!bench.member.roster.joined);
    bench.hear(2, &welcome);
    assert!(bench.member.roster.joined);
    bench.hear(1, &StoreMessage::Repair { sent: old });
    assert_eq!(bench.held(key), [], "it may be older than a tombstone that is gone");
    bench.hear(3, &StoreMessage::Repair { sent: sent(&last(key, 800, Some(8)), 0) });
    assert_eq!(bench.held(key), [], "who was replaced is not listened to");
    bench.hear(21, &StoreMessage::Repair { sent: sent(&last(key, 800, Some(8)), 0) });
    assert_eq!(bench.held(key).len(), 1);
    assert_eq!(
        bench.member.collection.number,
        20 << 32,
        "no number of one before it is used again, known or not"
    );
}
