//! A store that breaks its promise trips the check, and an odd one that keeps it does not.

use sim_core::identity::NodeId;
use sim_core::time::{Duration, Time};

use super::SharedMemory;
use crate::parameters::{Parameters, Strategy};
use crate::vocabulary::{Coordination, CoordinationObservation as Said};

type Script = protocol_testing::script::Script<Coordination, SharedMemory>;

/// One key of `findings`, 0, and one of `claims`, 1.
fn script(strategy: Strategy, ttl: u64) -> Script {
    let memory_ttl = Duration::from_secs(ttl);
    Script::new(
        SharedMemory::new(&Parameters { strategy, memory_keys: 1, memory_ttl, ..Parameters::default() }, 3),
        3,
    )
}

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

fn asked(key: u32, note: u64) -> Said {
    Said::NoteAsked { key, note }
}

fn kept(note: u64, version: u64) -> Said {
    Said::NoteKept { note, version, by: NodeId(0) }
}

fn sought(key: u32) -> Said {
    Said::NoteSought { key }
}

fn found(key: u32, notes: &[u64], version: u64) -> Said {
    Said::NotesFound { key, notes: notes.into(), version, by: NodeId(0), current: true }
}

fn forgotten(note: u64, version: u64) -> Said {
    Said::NoteForgotten { note, version }
}

/// n1 has written 7 and then 8, both acknowledged.
fn two_writes(strategy: Strategy, ttl: u64) -> Script {
    let mut script = script(strategy, ttl);
    script.see(0, asked(0, 7)).see(0, kept(7, 1)).see(0, asked(0, 8)).see(0, kept(8, 2));
    script
}

#[test]
fn an_acknowledged_note_that_a_later_read_does_not_see_is_lost() {
    two_writes(Strategy::Raft, 0)
        .see(1, sought(0))
        .see(1, found(0, &[7], 1))
        .found("lost", "n2 reads version 1 of findings/0, after n1 heard that its note is version 2");
    two_writes(Strategy::Raft, 0)
        .see(1, sought(0))
        .see(1, found(0, &[], 2))
        .found("lost", "n2 reads nothing under findings/0, where the note of n1 has not expired");
    // A read that began before may see the older note, and one that is under way a note without an acknowledgment.
    let mut early = script(Strategy::Raft, 0);
    early.see(0, asked(0, 7)).see(0, kept(7, 1)).see(1, sought(0)).see(0, asked(0, 8)).see(0, kept(8, 2));
    early.see(1, found(0, &[7], 1)).clean();
    let mut later = two_writes(Strategy::Raft, 0);
    later.see(2, asked(0, 9)).see(1, sought(0)).see(1, found(0, &[9], 3)).clean();
}

#[test]
fn a_coordinator_that_keeps_nothing_may_lose_notes_with_its_life_only() {
    let version = |epoch: u64, count: u64| epoch << 32 | count;
    let mut star = script(Strategy::Star, 0);
    star.see(1, asked(0, 7)).see(1, kept(7, version(1, 4))).see(2, sought(0));
    star.see(2, found(0, &[], version(2, 0))).clean();
    let mut same = script(Strategy::Star, 0);
    same.see(1, asked(0, 7)).see(1, kept(7, version(1, 4))).see(2, sought(0));
    same.see(2, found(0, &[], version(1, 0)));
    assert_eq!(same.violations(), 1);
}

#[test]
fn what_nobody_wrote_is_found_under_every_strategy() {
    for strategy in [Strategy::Star, Strategy::Raft, Strategy::Gossip] {
        script(strategy, 0)
            .see(1, asked(1, 7))
            .see(0, sought(0))
            .see(0, found(0, &[7], 1))
            .found("invented", "n1 reads note 0x7 under findings/0, which nobody wrote there");
    }
}

#[test]
fn an_expired_note_that_comes_back_is_found() {
    let mut back = two_writes(Strategy::Raft, 10);
    back.at(at(12), 0).see(0, forgotten(8, 2)).see(1, sought(0)).see(1, found(0, &[8], 2));
    back.found("expired", "n2 reads a note under findings/0 that had been given up as expired");
    let mut kept_longer = two_writes(Strategy::Raft, 10);
    kept_longer.at(at(12), 1).see(1, sought(0)).see(1, found(0, &[8], 2)).clean();
    let mut gone = two_writes(Strategy::Raft, 10);
    gone.at(at(11), 1).see(1, sought(0)).see(1, found(0, &[], 2)).clean();
    let mut early = two_writes(Strategy::Raft, 10);
    early.at(at(9), 1).see(1, sought(0)).see(1, found(0, &[], 2));
    early.found("lost", "n2 reads nothing under findings/0, where the note of n1 has not expired");
}

#[test]
fn a_claim_with_two_owners_is_found() {
    let claim = || {
        let mut script = script(Strategy::Raft, 10);
        script.see(0, asked(1, 7)).see(0, kept(7, 1)).see(1, asked(1, 8));
        script
    };
    claim()
        .at(at(9), 1)
        .see(1, kept(8, 2))
        .found("owner", "n2 owns claims/0 although n1, who wrote it at 0 s, owns it still");
    claim().at(at(10), 1).see(1, kept(8, 2)).clean();
    // The acknowledgment of the first one comes last.
    let mut turned = script(Strategy::Raft, 10);
    turned.see(0, asked(1, 7)).see(1, asked(1, 8)).see(1, kept(8, 2)).see(0, kept(7, 1));
    assert_eq!(turned.violations(), 1);
}

#[test]
fn a_note_that_takes_effect_twice_is_found() {
    let mut twice = two_writes(Strategy::Raft, 0);
    twice.see(1, sought(0)).see(1, found(0, &[7], 3));
    twice.found("twice", "note 0x7 of n1 has versions 1 and 3");
    let mut same = two_writes(Strategy::Raft, 0);
    same.see(1, asked(0, 9)).see(1, kept(9, 2));
    same.found("version", "n2 hears that note 0x9 has version 2, which note 0x8 has");
}

/// What a replica, or a member of a core, returned.
fn at_replica(by: u32, key: u32, notes: &[u64]) -> Said {
    Said::NotesFound { key, notes: notes.into(), version: 0, by: NodeId(by), current: true }
}

#[test]
fn a_replica_that_takes_back_what_it_said_is_found_and_one_that_is_late_is_not() {
    // n1 has written 7 at its own replica.
    let written = |ttl| {
        let mut script = script(Strategy::Gossip, ttl);
        script.at(at(1), 0).see(0, asked(0, 7)).see(0, kept(7, 0)).at(at(3), 1);
        script
    };
    // n2 learns of the note late, and returns it from then on.
    let mut late = written(0);
    late.see(1, sought(0)).see(1, at_replica(1, 0, &[])).at(at(4), 1);
    late.see(1, sought(0)).see(1, at_replica(1, 0, &[7])).at(at(5), 1).see(1, sought(0)).clean();
    late.see(1, at_replica(1, 0, &[]));
    late.found(
        "lost",
        "n2 does not find the note of n1 under findings/0 at n2 any more, which nobody replaced",
    );
    let mut lost = written(0);
    lost.crash(0, 0).see(0, sought(0)).see(0, at_replica(0, 0, &[]));
    lost.found(
        "lost",
        "n1 does not find the note of n1 under findings/0 at n1 any more, which nobody replaced",
    );
    // Another agent asks the same replica, or asked before the note was acknowledged there.
    let mut other = written(0);
    other.see(2, sought(0)).see(2, at_replica(0, 0, &[]));
    assert_eq!(other.violations(), 1);
    let mut before = script(Strategy::Gossip, 0);
    before.at(at(0), 2).see(2, sought(0)).at(at(1), 0).see(0, asked(0, 7)).see(0, kept(7, 0));
    before.at(at(3), 2).see(2, at_replica(0, 0, &[])).clean();
    // Somebody who saw it wrote another one, or it expired.
    let mut replaced = written(0);
    replaced.see(1, asked(0, 8)).see(1, Said::NoteReplaced { note: 7, by: 8 });
    replaced.see(1, kept(8, 0)).see(0, sought(0)).see(0, at_replica(0, 0, &[8])).clean();
    let mut expired = written(10);
    expired.see(0, forgotten(7, 0)).at(at(4), 0).see(0, sought(0)).see(0, at_replica(0, 0, &[7]));
    expired.found("expired", "n1 reads a note under findings/0 that n1 had given up as expired");
}

#[test]
fn what_a_member_returns_that_is_cut_off_may_be_old_and_never_goes_back() {
    let old = |version: u64, notes: &[u64]| Said::NotesFound {
        key: 0,
        notes: notes.into(),
        version,
        by: NodeId(2),
        current: false,
    };
    let mut stale = two_writes(Strategy::Raft, 0);
    stale.at(at(1), 1).see(1, sought(0)).see(1, old(1, &[7])).clean();
    assert_eq!((stale.check.counts.stale, stale.check.counts.old), (1, 1));
    stale.at(at(2), 1).see(1, sought(0)).see(1, old(2, &[8])).clean();
    stale.at(at(3), 1).see(1, sought(0)).see(1, old(1, &[7]));
    stale.found("back", "n2 reads version 1 of findings/0 at n3, which had version 2 before");
    // After a crash it may have less.
    let mut again = two_writes(Strategy::Raft, 0);
    again.at(at(1), 1).see(1, sought(0)).see(1, old(2, &[8])).at(at(2), 2).crash(2, 0).boot(2);
    again.at(at(3), 1).see(1, sought(0)).see(1, old(1, &[7])).clean();
    // What it said before it crashed comes late.
    let mut late = two_writes(Strategy::Raft, 0);
    late.at(at(1), 1).see(1, sought(0)).at(at(2), 2).crash(2, 0).boot(2).at(at(3), 1).see(1, old(2, &[8]));
    late.at(at(4), 1).see(1, sought(0)).see(1, old(1, &[7])).clean();
}

#[test]
fn reads_that_miss_what_was_acknowledged_are_counted_as_stale() {
    let mut late = script(Strategy::Gossip, 0);
    late.see(0, asked(0, 7)).at(at(2), 0).see(0, kept(7, 0)).at(at(5), 1);
    late.see(1, sought(0)).see(1, at_replica(1, 0, &[]));
    assert_eq!(late.check.counts.stale, 1);
    late.see(1, sought(0)).see(1, at_replica(1, 0, &[7])).finish().clean();
    assert_eq!((late.check.counts.reads, late.check.counts.stale), (2, 1));
}

/// A store keeps a note for 106.25 s by its own clock, which is 95.7 s where that runs a tenth too fast and a fault may add a hundredth.
#[test]
fn where_clocks_run_faster_than_is_allowed_for_notes_may_go_sooner() {
    let parameters = Parameters {
        strategy: Strategy::Star,
        memory_keys: 1,
        memory_ttl: Duration::from_secs(100),
        ..Parameters::default()
    };
    let until =
        |drift_ppm| SharedMemory::new(&parameters, 3).on_clocks(drift_ppm).ttl.as_nanos() / 1_000_000_000;
    assert_eq!([0, 50_000, 100_000].map(until), [100, 100, 95]);
    let forever = Parameters { memory_ttl: Duration::ZERO, ..parameters.clone() };
    assert!(SharedMemory::new(&forever, 3).on_clocks(100_000).ttl.is_zero());
}

#[test]
fn where_agents_share_nothing_or_a_policy_forfeits_it_little_is_checked() {
    use crate::parameters::OnPartition;
    let on_partition = OnPartition::AdaptiveQuorum;
    let parameters =
        Parameters { strategy: Strategy::Raft, memory_keys: 1, on_partition, ..Parameters::default() };
    let mut forfeited = Script::new(SharedMemory::new(&parameters, 3), 3);
    forfeited.see(0, asked(0, 7)).see(0, kept(7, 4)).see(1, sought(0)).see(1, found(0, &[], 2)).clean();
    forfeited.see(1, sought(0)).see(1, found(0, &[9], 2));
    assert_eq!(forfeited.violations(), 1, "that nobody wrote note 9 is wrong everywhere");
    let nothing = SharedMemory::new(&Parameters { strategy: Strategy::Independent, ..parameters }, 3);
    assert_eq!(sim_core::check::Check::hears(&nothing), Some(&[][..]));
}
