//! One member stepped by hand.

use sim_core::disk::Journal;
use sim_core::process::{Effect, Effects, Signature, Solo, Stored};

use super::super::pump::vote;
use super::*;

const VALUE: u64 = 77;
const OF_SECOND: Broadcast = Broadcast { sender: NodeId(1), sequence: 1 };

/// n1 of four, and the others' keys.
struct Bench {
    solo: Solo,
    node: Node,
}

fn parameters() -> Parameters {
    Parameters { broadcasters: 2, broadcasts: 2, ..Parameters::default() }
}

impl Bench {
    fn with(journals: &[Journal<BrachaRecord>]) -> Self {
        let solo = Solo::new(NodeId(0), 4);
        let node = Members::new(parameters()).boot(solo.boot(Role::Member, journals));
        Self { solo, node }
    }

    fn step(&mut self, input: Input<'_, Bracha>) -> Effects<Bracha> {
        self.solo.step(&mut self.node, input)
    }

    fn hear(&mut self, phase: Phase, signer: u32, value: u64) -> Effects<Bracha> {
        let message = vote(phase, signer, OF_SECOND, value);
        self.step(Input::Message { from: NodeId(signer), message: &message })
    }

    fn broadcast(&mut self) -> Effects<Bracha> {
        self.step(Input::Timer { id: BROADCAST, timer: BrachaTimer::Broadcast })
    }

    fn synced(&mut self, id: u64, result: SyncResult) -> Effects<Bracha> {
        self.step(Input::Synced { id: SyncId(id), result })
    }
}

fn sends(effects: &Effects<Bracha>) -> Vec<BrachaMessage> {
    let each = effects.list().iter().filter_map(|effect| match effect {
        Effect::Send { message, .. } => Some(*message),
        _ => None,
    });
    each.collect()
}

fn phases(effects: &Effects<Bracha>) -> Vec<Phase> {
    sends(effects).iter().map(BrachaMessage::phase).collect()
}

/// The place in a step of the first effect that fits.
fn place(effects: &Effects<Bracha>, fits: impl Fn(&Effect<Bracha>) -> bool) -> Option<usize> {
    effects.list().iter().position(fits)
}

fn delivers(effects: &Effects<Bracha>) -> bool {
    let is = |effect: &Effect<Bracha>| matches!(effect, Effect::Observe(BrachaObservation::Delivered { .. }));
    place(effects, is).is_some()
}

fn record(phase: Phase, value: u64) -> Stored<BrachaRecord> {
    Stored::Intact(BrachaRecord { phase, broadcast: OF_SECOND, value })
}

#[test]
fn a_vote_is_written_down_and_synced_before_it_is_said() {
    let mut bench = Bench::with(&[]);
    let effects = bench.hear(Phase::Initial, 1, VALUE);
    let append = place(&effects, |effect| matches!(effect, Effect::Append { .. }));
    let sync = place(&effects, |effect| matches!(effect, Effect::Sync { .. }));
    let hold = place(&effects, |effect| matches!(effect, Effect::Hold(_)));
    let send = place(&effects, |effect| matches!(effect, Effect::Send { .. }));
    assert!(append.is_some() && append < sync && sync < hold && hold < send);
    let Some(Effect::Send { to, .. }) = send.map(|place| &effects.list()[place]) else { panic!("it echoes") };
    assert_eq!(effects.recipients(to), [NodeId(1), NodeId(2), NodeId(3)]);
}

#[test]
fn a_bad_signature_is_ignored() {
    let mut bench = Bench::with(&[]);
    let good = *vote(Phase::Initial, 1, OF_SECOND, VALUE).vote();
    let forged = Vote { signature: Signature::forged(NodeId(1), 3), ..good };
    let altered = Vote { value: VALUE + 1, ..good };
    let moved = Vote { broadcast: Broadcast { sequence: 2, ..OF_SECOND }, ..good };
    for bad in [forged, altered, moved] {
        let message = BrachaMessage::Initial(bad);
        assert!(bench.step(Input::Message { from: NodeId(1), message: &message }).list().is_empty());
    }
    // A signature for one phase is none for another.
    let message = BrachaMessage::Echo(good);
    assert!(bench.step(Input::Message { from: NodeId(1), message: &message }).list().is_empty());
    assert!(bench.node.instances.is_empty());
    assert_eq!(phases(&bench.hear(Phase::Initial, 1, VALUE)), [Phase::Echo]);
}

#[test]
fn only_the_sender_begins_and_only_what_is_foreseen() {
    let mut bench = Bench::with(&[]);
    for (signer, sender, sequence) in [(2, 1, 1), (3, 3, 1), (1, 1, 0), (1, 1, 3)] {
        let broadcast = Broadcast { sender: NodeId(sender), sequence };
        let message = vote(Phase::Initial, signer, broadcast, VALUE);
        let effects = bench.step(Input::Message { from: NodeId(signer), message: &message });
        assert!(effects.list().is_empty(), "{broadcast} by n{}", signer + 1);
    }
}

#[test]
fn a_vote_counts_for_its_signer_whoever_brings_it() {
    let mut bench = Bench::with(&[]);
    let message = vote(Phase::Initial, 1, OF_SECOND, VALUE);
    assert_eq!(phases(&bench.step(Input::Message { from: NodeId(3), message: &message })), [Phase::Echo]);
}

#[test]
fn a_broadcaster_starts_as_many_as_it_should_with_values_of_its_own() {
    let mut bench = Bench::with(&[]);
    bench.step(Input::Start);
    let first = bench.broadcast();
    bench.synced(1, SyncResult::Ok);
    let second = bench.broadcast();
    let goes_on = |effects: &Effects<Bracha>| {
        place(effects, |effect| matches!(effect, Effect::SetTimer { id: BROADCAST, .. })).is_some()
    };
    assert!(goes_on(&first) && !goes_on(&second));
    assert_eq!(phases(&first), [Phase::Initial, Phase::Echo]);
    assert_ne!(sends(&first)[0].vote().value, sends(&second)[0].vote().value);
}

#[test]
fn a_restarted_member_says_what_it_said_and_nothing_else() {
    let journal = Journal::holding(vec![record(Phase::Echo, VALUE)], false);
    let mut bench = Bench::with(&[journal]);
    assert_eq!(sends(&bench.step(Input::Start)), [vote(Phase::Echo, 0, OF_SECOND, VALUE)]);
    // The sender now says something else: it has echoed already.
    assert!(sends(&bench.hear(Phase::Initial, 1, VALUE + 1)).is_empty());
}

#[test]
fn a_restarted_sender_goes_on_after_its_last_broadcast() {
    let own = Broadcast { sender: NodeId(0), sequence: 1 };
    let record = BrachaRecord { phase: Phase::Initial, broadcast: own, value: VALUE };
    let mut bench = Bench::with(&[Journal::holding(vec![Stored::Intact(record)], false)]);
    let started = bench.step(Input::Start);
    assert_eq!(sends(&started)[0], vote(Phase::Initial, 0, own, VALUE));
    assert_eq!(phases(&started), [Phase::Initial, Phase::Echo], "the echo was not written down: it is due");
    bench.synced(1, SyncResult::Ok);
    assert_eq!(sends(&bench.broadcast())[0].vote().broadcast.sequence, 2);
}

#[test]
fn a_damaged_journal_halts() {
    let journal = Journal::holding(vec![Stored::Damaged, record(Phase::Echo, VALUE)], false);
    let mut bench = Bench::with(&[journal]);
    let effects = bench.step(Input::Start);
    assert!(matches!(effects.list(), [Effect::Observe(BrachaObservation::Halted)]));
    assert!(bench.hear(Phase::Initial, 1, VALUE).list().is_empty());
}

#[test]
fn a_torn_end_was_never_said() {
    let journal = Journal::holding(vec![record(Phase::Echo, VALUE)], true);
    assert_eq!(phases(&Bench::with(&[journal]).step(Input::Start)), [Phase::Echo]);
}

#[test]
fn a_new_session_hears_what_is_durable_and_only_that() {
    let mut bench = Bench::with(&[]);
    let up = |bench: &mut Bench| phases(&bench.step(Input::Link { peer: NodeId(2), state: LinkState::Up }));
    bench.hear(Phase::Initial, 1, VALUE);
    assert!(up(&mut bench).is_empty(), "the sync is not done yet");
    bench.synced(1, SyncResult::Ok);
    assert_eq!(up(&mut bench), [Phase::Echo]);
}

#[test]
fn a_failed_sync_is_tried_again_and_its_votes_are_said_then() {
    let mut bench = Bench::with(&[]);
    bench.hear(Phase::Initial, 1, VALUE);
    let failed = bench.synced(1, SyncResult::Full);
    assert!(matches!(failed.list(), [Effect::SetTimer { id: DISK, .. }]));
    let again = bench.step(Input::Timer { id: DISK, timer: BrachaTimer::Disk });
    assert!(matches!(again.list()[..2], [Effect::Sync { id: SyncId(2), .. }, Effect::Hold(SyncId(2))]));
    assert_eq!(phases(&again), [Phase::Echo]);
    assert!(
        place(&again, |effect| matches!(effect, Effect::Append { .. })).is_none(),
        "it is in the journal"
    );
    bench.synced(2, SyncResult::Ok);
    assert!(bench.step(Input::Timer { id: DISK, timer: BrachaTimer::Disk }).list().is_empty());
}

#[test]
fn a_delivery_waits_for_its_own_vote() {
    let mut bench = Bench::with(&[]);
    bench.hear(Phase::Ready, 1, VALUE);
    let ready = bench.hear(Phase::Ready, 2, VALUE);
    assert_eq!(phases(&ready), [Phase::Echo, Phase::Ready]);
    assert!(delivers(&ready), "two others and itself are 2f + 1");

    // The same, with the delivery in a later step than the vote.
    let mut bench = Bench::with(&[]);
    bench.solo = Solo::new(NodeId(0), 7);
    bench.node = Members::new(parameters()).boot(bench.solo.boot(Role::Member, &[]));
    (1..=3).for_each(|signer| assert!(!delivers(&bench.hear(Phase::Ready, signer, VALUE))));
    let delivered = bench.hear(Phase::Ready, 4, VALUE);
    assert!(delivers(&delivered));
    assert!(matches!(delivered.list()[0], Effect::Hold(SyncId(1))));
}

#[test]
fn votes_that_are_cast_during_a_sync_share_the_next_one() {
    let mut bench = Bench::with(&[]);
    bench.hear(Phase::Initial, 1, VALUE);
    for sequence in 1..=2 {
        let broadcast = Broadcast { sender: NodeId(0), sequence };
        let effects = bench.broadcast();
        assert!(sends(&effects).is_empty(), "{broadcast} waits for the disk");
        assert!(place(&effects, |effect| matches!(effect, Effect::Append { .. })).is_some());
        assert!(place(&effects, |effect| matches!(effect, Effect::Sync { .. })).is_none());
    }
    let next = bench.synced(1, SyncResult::Ok);
    assert!(matches!(next.list()[..2], [Effect::Sync { id: SyncId(2), .. }, Effect::Hold(SyncId(2))]));
    assert_eq!(phases(&next), [Phase::Initial, Phase::Echo, Phase::Initial, Phase::Echo]);
    assert!(bench.synced(2, SyncResult::Ok).list().is_empty());
}

#[test]
fn a_delivery_lost_with_a_failed_sync_is_made_again() {
    let mut bench = Bench::with(&[]);
    bench.hear(Phase::Ready, 1, VALUE);
    bench.hear(Phase::Ready, 2, VALUE);
    bench.synced(1, SyncResult::Io);
    assert!(delivers(&bench.step(Input::Timer { id: DISK, timer: BrachaTimer::Disk })));
}

#[test]
fn clients_and_newcomers_take_no_part() {
    for (node, role) in [(0, Role::Client), (9, Role::Member)] {
        let mut solo = Solo::new(NodeId(node), 4);
        let mut process = Members::new(parameters()).boot(solo.boot(role, &[]));
        assert!(solo.step(&mut process, Input::Start).list().is_empty());
    }
}
