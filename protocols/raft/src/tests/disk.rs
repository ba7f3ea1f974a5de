//! What waits for the disk, what a failing disk silences, and what comes back after a crash.

use sim_core::disk::Journal;
use sim_core::facts::render;
use sim_core::identity::NodeId;
use sim_core::process::{Effect, Factory, Input, Role as SlotRole, Solo, Stored, SyncResult};

use super::one::{N2, N3, One, entries, heartbeat, journal, noop, request_vote, sends, without_pre_vote};
use crate::configuration::Configuration;
use crate::node::{RaftFactory, RaftNode};
use crate::plants::Plants;
use crate::server::{DISK, ELECTION, Role};
use crate::vocabulary::{Command, Entry, RaftMessage, RaftObservation, RaftRecord, RaftTimer};

fn plain() -> One {
    One::new(without_pre_vote())
}

#[test]
fn a_vote_is_heard_of_once_it_is_durable() {
    assert_eq!(
        plain().hears(N2, &request_vote(1, 0, 0)),
        [
            "write HardState term 1 vote none",
            "TermSet term 1",
            "write HardState term 1 vote n2",
            "Voted term 1 candidate n2",
            "sync 0",
            "hold 0",
            "to n2: Vote term 1 granted true pre false",
        ]
    );
}

/// Plant R01: everything as it should be, but for what the journal holds.
#[test]
fn a_planted_voter_forgets_its_vote_and_nothing_else() {
    let plants = Plants { vote_not_durable: true, ..Plants::default() };
    let mut planted = One::with(without_pre_vote(), plants, 3, Vec::new());
    let differing: Vec<_> =
        std::iter::zip(plain().hears(N2, &request_vote(1, 0, 0)), planted.hears(N2, &request_vote(1, 0, 0)))
            .filter(|(clean, planted)| clean != planted)
            .collect();
    let expected =
        ("write HardState term 1 vote n2".to_owned(), "write HardState term 1 vote none".to_owned());
    assert_eq!(differing, [expected]);
    assert_eq!(planted.answer(N3, &request_vote(1, 0, 0)), ["to n3: Vote term 1 granted false pre false"]);
}

#[test]
fn answers_wait_for_the_sync_that_covers_them_and_for_no_finished_one() {
    let mut one = plain();
    one.hears(N2, &entries(1, 0, 0, 0, &[1]));
    let again = one.hears(N2, &entries(1, 0, 0, 0, &[1]));
    assert_eq!(again, ["hold 0", "to n2: AppendReply term 1 success true index 1"]);
    one.synced(SyncResult::Ok);
    let again = one.hears(N2, &entries(1, 0, 0, 0, &[1]));
    assert_eq!(again, ["to n2: AppendReply term 1 success true index 1"]);
}

/// Group commit: one sync at a time, and one answer for all that waited.
#[test]
fn entries_that_come_during_a_sync_share_the_next_one() {
    let mut one = plain();
    one.hears(N2, &entries(1, 0, 0, 0, &[1]));
    for prev in 1..4 {
        let lines = one.hears(N2, &entries(1, prev, 1, 0, &[1]));
        assert_eq!(lines.len(), 2, "written and reported, but neither synced nor answered: {lines:?}");
    }
    assert_eq!(
        one.synced(SyncResult::Ok),
        ["sync 1", "hold 1", "to n2: AppendReply term 1 success true index 4"]
    );
    assert!(one.synced(SyncResult::Ok).is_empty(), "nothing is owed any more");
}

#[test]
fn what_is_owed_to_one_leader_is_not_said_to_the_next() {
    let mut one = plain();
    one.hears(N2, &entries(1, 0, 0, 0, &[1]));
    one.hears(N2, &entries(1, 1, 1, 0, &[1]));
    one.hears(N3, &heartbeat(2, 0, 0, 0));
    while !one.syncs.is_empty() {
        assert!(sends(&one.synced(SyncResult::Ok)).is_empty());
    }
}

#[test]
fn a_heartbeat_is_answered_with_what_is_durable() {
    let mut one = plain();
    one.hears(N2, &entries(1, 0, 0, 0, &[1]));
    one.synced(SyncResult::Ok);
    one.hears(N2, &entries(1, 1, 1, 0, &[1]));
    assert_eq!(one.hears(N2, &heartbeat(1, 2, 1, 0)), ["to n2: AppendReply term 1 success true index 1"]);
    one.synced(SyncResult::Ok);
    assert_eq!(one.hears(N2, &heartbeat(1, 2, 1, 0)), ["to n2: AppendReply term 1 success true index 2"]);
}

#[test]
fn a_later_sync_that_succeeds_makes_up_for_an_earlier_one_that_failed() {
    let mut one = plain();
    one.hears(N2, &request_vote(1, 0, 0));
    one.hears(N3, &entries(2, 0, 0, 0, &[2]));
    one.synced(SyncResult::Io);
    assert!(one.hears(N3, &entries(2, 0, 0, 0, &[2])).is_empty());
    assert_eq!(one.synced(SyncResult::Ok), ["to n3: AppendReply term 2 success true index 1"]);
}

#[test]
fn what_a_failing_disk_does_not_hold_is_not_spoken_of() {
    for result in [SyncResult::Full, SyncResult::Io] {
        let mut one = plain();
        one.hears(N2, &entries(1, 0, 0, 0, &[1]));
        one.synced(result);
        assert!(one.hears(N2, &heartbeat(1, 1, 1, 0)).is_empty(), "its term is not durable either");
        assert!(one.election_timeout().is_empty(), "it does not stand for election");
        assert!(sends(&one.hears(N3, &request_vote(2, 9, 9))).is_empty());
        assert_eq!(one.fires(DISK, RaftTimer::Disk), ["sync 1"]);
        one.synced(SyncResult::Ok);
        assert_eq!(one.answer(N3, &request_vote(2, 9, 9)), ["to n3: Vote term 2 granted true pre false"]);
        assert!(one.server().owed.is_none(), "what was owed to the leader of term 1 is forgotten");
    }
}

/// Its answers would count for a leader's majority, though it cannot take anything.
#[test]
fn a_follower_whose_disk_fails_is_silent_even_about_what_it_holds() {
    let mut one = plain();
    one.hears(N2, &entries(1, 0, 0, 0, &[1]));
    one.synced(SyncResult::Ok);
    one.hears(N2, &entries(1, 1, 1, 0, &[1]));
    one.synced(SyncResult::Full);
    assert!(one.hears(N2, &heartbeat(1, 1, 1, 0)).is_empty());
    assert!(one.hears(N2, &heartbeat(1, 9, 1, 0)).is_empty(), "nor does it refuse");
    assert_eq!(one.hears(N3, &heartbeat(0, 0, 0, 0)).len(), 1, "but a leader of the past is told so");
    one.fires(DISK, RaftTimer::Disk);
    assert_eq!(one.synced(SyncResult::Ok), ["to n2: AppendReply term 1 success true index 1"]);
}

#[test]
fn what_was_written_during_a_retry_gets_a_sync_of_its_own() {
    let mut one = plain();
    one.hears(N2, &entries(1, 0, 0, 0, &[1]));
    one.synced(SyncResult::Io);
    one.fires(DISK, RaftTimer::Disk);
    let meanwhile = one.hears(N2, &entries(1, 1, 1, 0, &[1]));
    assert!(
        !meanwhile.iter().any(|line| line.starts_with("sync") || line.starts_with("to ")),
        "{meanwhile:?}"
    );
    let late = ["sync 2", "hold 2", "to n2: AppendReply term 1 success true index 2"];
    assert_eq!(one.synced(SyncResult::Ok), late);
}

#[test]
fn a_leader_that_cannot_write_steps_down_and_tries_again() {
    let mut one = plain();
    one.elect();
    assert_eq!(one.synced(SyncResult::Full), ["BecameFollower term 1"]);
    assert!(matches!(one.server().role, Role::Follower));
    assert_eq!(one.fires(DISK, RaftTimer::Disk), ["sync 2"]);
    assert!(one.synced(SyncResult::Ok).is_empty());
    assert!(one.fires(DISK, RaftTimer::Disk).is_empty(), "nothing left to try again");
}

/// Boots a server from a journal and returns it with its first line.
fn boot(node: u32, stored: Vec<Stored<RaftRecord>>, torn: bool) -> (RaftNode, Solo, String) {
    let mut solo = Solo::new(NodeId(node), 3);
    let journals = [Journal::holding(stored, torn)];
    let mut process = RaftFactory { parameters: without_pre_vote(), ..RaftFactory::default() }
        .boot(solo.boot(SlotRole::Member, &journals));
    let effects = solo.step(&mut process, Input::Start);
    let Some(Effect::Observe(first)) = effects.list().first() else { panic!("said nothing: {effects:?}") };
    let first = render(first);
    (process, solo, first)
}

#[test]
fn a_restarted_server_has_its_term_vote_and_log() {
    let mut stored = journal(4, &[1, 2, 3]);
    stored.push(Stored::Intact(RaftRecord::Truncate { from: 2 }));
    stored.push(Stored::Intact(RaftRecord::Entry { index: 2, entry: noop(4) }));
    stored.push(Stored::Intact(RaftRecord::HardState { term: 5, vote: Some(N3) }));
    for torn in [false, true] {
        let (process, mut solo, first) = boot(0, stored.clone(), torn);
        let RaftNode::Server(server) = &process else { panic!("halted") };
        let hash = server.log.hash_at(2);
        assert_eq!(first, format!("Recovered term 5 vote n3 last_index 2 hash {hash}"));
        assert_eq!((server.log.term_at(1), server.log.term_at(2)), (Some(1), Some(4)));
        let mut process = process;
        let effects = solo.step(&mut process, Input::Message { from: N2, message: &request_vote(5, 9, 9) });
        let Effect::Send { message: RaftMessage::Vote { granted, .. }, .. } = &effects.list()[0] else {
            panic!("what was found is durable, so nothing waits: {effects:?}")
        };
        assert!(!granted, "its vote is given");
    }
}

#[test]
fn a_damaged_journal_halts_its_server_for_good() {
    let mut damaged = journal(4, &[1, 2, 3]);
    damaged[2] = Stored::Damaged;
    let mut gap = journal(4, &[1]);
    gap.push(Stored::Intact(RaftRecord::Entry { index: 3, entry: noop(4) }));
    for stored in [damaged, gap] {
        let (mut process, mut solo, first) = boot(0, stored, false);
        assert_eq!(first, "Halted");
        for message in [request_vote(9, 9, 9), entries(9, 0, 0, 0, &[9])] {
            let effects = solo.step(&mut process, Input::Message { from: N2, message: &message });
            assert!(effects.list().is_empty());
        }
    }
}

#[test]
fn a_newcomer_takes_no_part() {
    let (mut process, mut solo, first) = boot(5, Vec::new(), false);
    assert_eq!(first, "Halted");
    let effects = solo.step(&mut process, Input::Message { from: N2, message: &request_vote(9, 9, 9) });
    assert!(effects.list().is_empty());
}

/// Where members change, whoever comes later waits with nothing, and never stands by itself.
#[test]
fn a_newcomer_follows_and_votes_and_does_not_stand_where_members_change() {
    let mut solo = Solo::new(NodeId(5), 3);
    let mut process =
        RaftFactory { changes: true, ..RaftFactory::default() }.boot(solo.boot(SlotRole::Member, &[]));
    solo.step(&mut process, Input::Start);
    for _ in 0..3 {
        let effects = solo.step(&mut process, Input::Timer { id: ELECTION, timer: RaftTimer::Election });
        assert!(!effects.list().iter().any(|effect| matches!(effect, Effect::Send { .. })));
    }
    let effects = solo.step(&mut process, Input::Message { from: N2, message: &entries(2, 0, 0, 0, &[2]) });
    let kept = |effect: &Effect<_>| matches!(effect, Effect::Append { .. });
    assert!(effects.list().iter().any(kept), "it takes what a leader sends");
    assert_eq!(process.server().map(|server| (server.term, server.log.last_index())), Some((2, 1)));
}

/// Found by the swarm, seed 4709: the last configuration alone was told at a restart, so that nobody knew what was in force once it
/// was dropped.
#[test]
fn a_restarted_server_tells_every_configuration_in_its_log() {
    let mut stored = journal(4, &[1]);
    for (index, voters) in [(2, 3), (3, 2)] {
        let voters: Vec<NodeId> = (0..voters).map(NodeId).collect();
        let config = Configuration::of(&voters).into();
        let entry = Entry::new(4, Command::Config { config });
        stored.push(Stored::Intact(RaftRecord::Entry { index, entry }));
    }
    let mut solo = Solo::new(NodeId(2), 3);
    let journals = [Journal::holding(stored, false)];
    let factory = RaftFactory { parameters: without_pre_vote(), ..RaftFactory::default() };
    let mut process = { factory }.boot(solo.boot(SlotRole::Member, &journals));
    let effects = solo.step(&mut process, Input::Start);
    let told = effects.list().iter().filter_map(|effect| match effect {
        Effect::Observe(RaftObservation::ConfigAppended { index, .. }) => Some(*index),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [2, 3]);
}
