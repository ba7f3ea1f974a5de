//! One replica at a time, without a world.

use sim_core::disk::Journal;
use sim_core::facts::Facts;
use sim_core::identity::NodeId;
use sim_core::process::{Effect, Effects, Input, Process, Role, Solo, Stored, SyncResult};

use super::*;

const TTL: Duration = Duration::from_secs(16);

/// A replica whose disk is stepped by hand.
struct Disk {
    solo: Solo,
    hands: Hands,
    /// What is under way to the disk, and on it.
    syncing: Option<(SyncId, CoordinationRecord)>,
    stored: Option<CoordinationRecord>,
    told: Vec<Observation>,
}

/// Turns the inputs of a process to a replica.
struct Hands(Replica);

impl Process<Coordination> for Hands {
    fn step(&mut self, input: Input<'_, Coordination>, cx: &mut Context<'_, Coordination>) {
        match input {
            Input::Start => self.0.start(cx),
            Input::Synced { id, result } => drop(self.0.synced(id, result, cx)),
            _ => {}
        }
        self.0.flush(cx);
    }
}

impl Disk {
    fn new(agent: u32, stored: Option<CoordinationRecord>) -> Self {
        let mut solo = Solo::new(NodeId(agent), 3);
        solo.now = Time::ZERO + Duration::from_secs(100);
        let records = stored.iter().cloned().map(Stored::Intact).collect();
        let journals = [Journal::holding(Vec::new(), false), Journal::holding(records, false)];
        let replica = Replica::new(&solo.boot(Role::Member, &journals), (2, TTL), false);
        let mut own = Self { solo, hands: Hands(replica), syncing: None, stored, told: Vec::new() };
        own.step(Input::Start);
        own
    }

    fn step(&mut self, input: Input<'_, Coordination>) {
        let effects: Effects<Coordination> = self.solo.step(&mut self.hands, input);
        let mut written = None;
        for effect in effects.list() {
            match effect {
                Effect::Rewrite { records, .. } => written = records.first().cloned(),
                Effect::Sync { id, .. } => self.syncing = written.take().map(|record| (*id, record)),
                Effect::Observe(said) => self.told.push(said.clone()),
                _ => {}
            }
        }
    }

    /// All that waits becomes durable.
    fn sync(&mut self) {
        self.step(Input::Timer {
            id: sim_core::process::TimerId(0),
            timer: crate::vocabulary::CoordinationTimer::Memory,
        });
        while let Some((id, record)) = self.syncing.take() {
            self.stored = Some(record);
            self.step(Input::Synced { id, result: SyncResult::Ok });
        }
    }

    fn write(&mut self, key: u32, note: u64) -> Outcome {
        let (owner, now, seen) = (self.hands.0.own, self.solo.now, self.hands.0.newest(key));
        self.hands.0.write((key, note), owner, &seen, now)
    }

    fn hear(&mut self, other: &Self) {
        let Message::Share { notes, left, .. } = other.hands.0.told(false, other.solo.now) else { return };
        self.hands.0.merge(&notes, &left, self.solo.now);
        self.sync();
    }

    fn read(&self, key: u32) -> Vec<u64> {
        self.hands.0.read(key).to_vec()
    }

    fn later(&mut self, seconds: u64) {
        self.solo.now += Duration::from_secs(seconds);
        self.hands.0.expire(self.solo.now);
        self.sync();
    }

    fn has_told(&self, kind: &str) -> usize {
        self.told.iter().filter(|said| said.kind_name() == kind).count()
    }
}

#[test]
fn of_notes_that_were_written_at_the_same_time_none_is_lost() {
    let (mut one, mut other) = (Disk::new(0, None), Disk::new(1, None));
    assert_eq!(one.write(0, 10), Outcome::Waits);
    assert_eq!(other.write(0, 20), Outcome::Waits);
    one.sync();
    other.sync();
    one.hear(&other);
    assert_eq!(one.read(0), [10, 20]);
    // Who has seen both replaces both, everywhere.
    assert_eq!(one.write(0, 11), Outcome::Waits);
    one.sync();
    assert_eq!(one.has_told("NoteReplaced"), 2);
    other.hear(&one);
    assert_eq!((one.read(0), other.read(0)), (vec![11], vec![11]));
}

#[test]
fn the_plant_loses_a_note_that_nobody_had_seen() {
    let (mut one, mut other) = (Disk::new(0, None), Disk::new(1, None));
    one.hands.0.last_writer_wins = true;
    assert_eq!(one.write(0, 10), Outcome::Waits);
    assert_eq!(other.write(0, 20), Outcome::Waits);
    one.sync();
    other.sync();
    one.hear(&other);
    assert_eq!((one.read(0), one.has_told("NoteReplaced")), (vec![20], 0));
}

#[test]
fn what_is_not_durable_is_neither_read_nor_told() {
    let mut one = Disk::new(0, None);
    assert_eq!(one.write(0, 10), Outcome::Waits);
    assert_eq!(one.read(0), [0; 0]);
    let Message::Share { notes, .. } = one.hands.0.told(false, one.solo.now) else { panic!() };
    assert!(notes.is_empty());
    one.sync();
    assert_eq!(one.read(0), [10]);
}

#[test]
fn a_claim_is_refused_to_others_where_it_is_known() {
    let (mut one, mut other) = (Disk::new(0, None), Disk::new(1, None));
    assert_eq!(one.write(2, 10), Outcome::Waits);
    one.sync();
    assert_eq!(other.write(2, 20), Outcome::Waits);
    other.sync();
    other.hear(&one);
    assert_eq!(other.read(2), [10, 20], "they did not know of each other: both own it");
    assert_eq!(other.write(2, 21), Outcome::Owned(NodeId(0)));
    other.later(17);
    assert_eq!(other.write(2, 22), Outcome::Waits);
}

#[test]
fn an_expired_note_does_not_come_back_with_a_late_copy() {
    let (mut one, mut other) = (Disk::new(0, None), Disk::new(1, None));
    assert_eq!(one.write(0, 10), Outcome::Waits);
    one.sync();
    other.hear(&one);
    one.later(16);
    assert_eq!(one.read(0), [10], "it is kept a little longer than it has to be");
    one.later(1);
    assert_eq!((one.read(0), other.read(0)), (vec![], vec![10]));
    one.hear(&other);
    assert_eq!(one.read(0), [0; 0]);
    // With the notes of the first one, the second one learns that it is over.
    other.hear(&one);
    assert_eq!(other.read(0), [0; 0]);
}

#[test]
fn a_replica_that_starts_again_has_what_it_had_and_tells_what_went_with_its_last_change() {
    let mut one = Disk::new(0, None);
    assert_eq!(one.write(0, 10), Outcome::Waits);
    one.sync();
    assert_eq!(one.write(0, 11), Outcome::Waits);
    // The disk has the change, and the replica crashes before it hears so.
    one.step(Input::Timer {
        id: sim_core::process::TimerId(0),
        timer: crate::vocabulary::CoordinationTimer::Memory,
    });
    let on_disk = one.syncing.take().map(|(_, record)| record);
    assert_eq!(one.has_told("NoteReplaced"), 0);
    let mut again = Disk::new(0, on_disk);
    assert_eq!((again.read(0), again.has_told("NoteReplaced")), (vec![11], 1));
    again.later(16);
    assert_eq!(again.read(0), [11]);
    again.later(1);
    assert_eq!(again.read(0), [0; 0], "it is kept for as long as was left when it was written");
}

#[test]
fn a_sync_that_fails_is_made_again_with_the_next_change() {
    let mut one = Disk::new(0, None);
    assert_eq!(one.write(0, 10), Outcome::Waits);
    one.step(Input::Timer {
        id: sim_core::process::TimerId(0),
        timer: crate::vocabulary::CoordinationTimer::Memory,
    });
    let (id, _) = one.syncing.take().unwrap();
    one.step(Input::Synced { id, result: SyncResult::Full });
    assert_eq!(one.read(0), [0; 0]);
    one.sync();
    assert_eq!(one.read(0), [10]);
}

#[test]
fn a_write_takes_the_place_of_what_its_writer_saw_and_of_nothing_else() {
    let mut one = Disk::new(0, None);
    let (owner, now) = (NodeId(2), one.solo.now);
    let mut write = |note, seen: &[u64]| one.hands.0.write((0, note), owner, seen, now);
    assert_eq!([write(10, &[]), write(20, &[]), write(30, &[10])], [Outcome::Waits; 3]);
    assert_eq!(write(30, &[10]), Outcome::Waits, "it is there, and not durable");
    one.sync();
    assert_eq!((one.read(0), one.has_told("NoteReplaced")), (vec![20, 30], 1));
    assert_eq!(
        one.hands.0.write((0, 30), owner, &[20], now),
        Outcome::Kept,
        "asked again, it changes nothing"
    );
    assert_eq!(one.read(0), [20, 30]);
}

/// A message may be repeated by the network at any time later.
#[test]
fn a_write_that_comes_again_late_does_not_bring_its_note_back() {
    let mut one = Disk::new(0, None);
    let (owner, now) = (NodeId(2), one.solo.now);
    assert_eq!(one.hands.0.write((0, 10), owner, &[], now), Outcome::Waits);
    one.sync();
    one.later(17);
    let mut again = Disk::new(0, one.stored.clone());
    assert_eq!(again.hands.0.write((0, 10), owner, &[], now), Outcome::Kept);
    assert_eq!(again.hands.0.write((0, 11), owner, &[], now), Outcome::Waits);
    assert_eq!(again.hands.0.write((0, 10), owner, &[], now), Outcome::Old);
    again.sync();
    assert_eq!(again.read(0), [11]);
}
