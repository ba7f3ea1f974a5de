//! A member that writes down and says something for everything that it hears, and its disk.

use sim_core::process::{Effect, Effects, LinkState, Process, Solo};

use super::*;
use crate::pbft::vocabulary::{Pbft, PbftMessage, PbftRecord, PbftTimer};

const DISK: TimerId = TimerId(1);
const OTHER: TimerId = TimerId(2);
const AGAIN: Duration = Duration::from_millis(7);

struct Member {
    outbox: Outbox<Pbft>,
    heard: u64,
}

fn status(view: u64) -> PbftMessage {
    PbftMessage::Status { view, active: true, executed: 0, stable: 0 }
}

impl Process<Pbft> for Member {
    fn step(&mut self, input: Input<'_, Pbft>, cx: &mut Context<'_, Pbft>) {
        if self.outbox.shuts_out(&input, (DISK, AGAIN), cx) {
            return;
        }
        match input {
            Input::Message { .. } => {
                self.heard += 1;
                self.outbox.record(PbftRecord::Abandoned { view: self.heard }, cx);
                self.outbox.tell(NodeId(1), status(self.heard));
            }
            Input::Timer { id: DISK, .. } => self.outbox.retry(cx),
            Input::Synced { id, result } => {
                self.outbox.synced(id, result, cx);
            }
            _ => {}
        }
        if self.outbox.hears_again() {
            self.outbox.tell_all(status(0));
        }
        self.outbox.flush(cx);
    }
}

struct Bench {
    solo: Solo,
    member: Member,
    /// The last sync that began.
    sync: SyncId,
}

impl Bench {
    fn new() -> Self {
        let member = Member { outbox: Outbox::new(NodeId(0), 2), heard: 0 };
        Self { solo: Solo::new(NodeId(0), 2), member, sync: SyncId(0) }
    }

    fn step(&mut self, input: Input<'_, Pbft>) -> Effects<Pbft> {
        let effects = self.solo.step(&mut self.member, input);
        let mut begun = effects.list().iter().filter_map(|effect| match effect {
            Effect::Sync { id, .. } => Some(*id),
            _ => None,
        });
        self.sync = begun.next_back().unwrap_or(self.sync);
        effects
    }

    fn hear(&mut self) -> Effects<Pbft> {
        self.step(Input::Message { from: NodeId(1), message: &status(0) })
    }

    fn synced(&mut self, result: SyncResult) -> Effects<Pbft> {
        self.step(Input::Synced { id: self.sync, result })
    }

    fn retry(&mut self) -> Effects<Pbft> {
        self.step(Input::Timer { id: DISK, timer: PbftTimer::Disk })
    }

    /// Its disk fails, and it hears more than there is room for.
    fn overfill(&mut self) {
        self.hear();
        self.synced(SyncResult::Full);
        for _ in 0..ROOM + 100 {
            self.hear();
        }
    }
}

/// The views of what is said: n for what was said for the n-th message, and 0 for what is said on hearing again.
fn said(effects: &Effects<Pbft>) -> Vec<u64> {
    let view = |effect: &Effect<Pbft>| match effect {
        Effect::Send { message: PbftMessage::Status { view, .. }, .. } => Some(*view),
        _ => None,
    };
    effects.list().iter().filter_map(view).collect()
}

#[test]
fn what_waits_for_a_broken_disk_is_bounded() {
    let mut bench = Bench::new();
    bench.overfill();
    assert_eq!(bench.member.heard, ROOM as u64);
    let up = bench.step(Input::Link { peer: NodeId(1), state: LinkState::Up });
    assert!(up.list().is_empty());
}

#[test]
fn a_timer_of_a_deaf_member_fires_again_later() {
    let mut bench = Bench::new();
    bench.overfill();
    let effects = bench.step(Input::Timer { id: OTHER, timer: PbftTimer::View });
    assert!(matches!(effects.list(), [Effect::SetTimer { id: OTHER, after: AGAIN, timer: PbftTimer::View }]));
}

#[test]
fn an_attempt_costs_the_same_however_much_waits() {
    let mut bench = Bench::new();
    bench.overfill();
    for _ in 0..3 {
        assert!(matches!(bench.retry().list(), [Effect::Sync { .. }]));
        assert!(bench.synced(SyncResult::Full).list().is_empty());
    }
}

#[test]
fn a_disk_that_works_again_shows_everything_in_order_and_the_member_hears_again() {
    let mut bench = Bench::new();
    bench.overfill();
    bench.retry();
    let shown = said(&bench.synced(SyncResult::Ok));
    let expected: Vec<u64> = (1..=ROOM as u64).chain([0]).collect();
    assert_eq!(shown, expected);
    assert_eq!(said(&bench.hear()), [ROOM as u64 + 1]);
    bench.synced(SyncResult::Ok);
    assert!(
        said(&bench.step(Input::Timer { id: OTHER, timer: PbftTimer::View })).is_empty(),
        "it says so once"
    );
}
