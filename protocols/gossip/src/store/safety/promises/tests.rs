//! Stories of three members that are all homes of a key.

use sim_core::check::script;

use super::super::super::vocabulary::StoreObservation;
use super::*;

type Script = script::Script<Store, Promises>;

const KEY: u64 = 5;

fn ring() -> Ring {
    Ring::new(1, 3, 4, 3)
}

/// The collector of the key, and the two other members.
fn members() -> [u32; 3] {
    let collector = ring().collector(KEY).0;
    [collector, (collector + 1) % 3, (collector + 2) % 3]
}

fn script() -> Script {
    Script::new(Promises::new(&Parameters::default(), ring()), 3)
}

fn version(time: u64) -> Version {
    Version { time, actor: NodeId(7), session: 0 }
}

fn value(time: u64) -> Record {
    Record { key: KEY, version: version(time), value: Some(time) }
}

fn tombstone(time: u64) -> Record {
    Record { value: None, ..value(time) }
}

fn stored(record: Record) -> StoreObservation {
    StoreObservation::Stored { record }
}

fn sent(record: Record, confirmed: u64) -> Sent {
    Sent { written: Written::last(record), confirmed }
}

fn hand_off(time: u64, confirmed: u64) -> StoreMessage {
    StoreMessage::HandOff { sent: sent(value(time), confirmed) }
}

fn write(time: u64, confirmed: u64) -> StoreMessage {
    StoreMessage::Write { operation: 1, sent: sent(value(time), confirmed), hint: None }
}

fn confirm(collection: u64, time: u64) -> StoreMessage {
    let tombstones = Box::from([Written::last(tombstone(time))]);
    StoreMessage::Confirm { collector: NodeId(members()[0]), collection, tombstones }
}

fn confirmed(collection: u64) -> StoreMessage {
    StoreMessage::Confirmed { collection, renewed: Box::default() }
}

fn collect(time: u64) -> StoreMessage {
    StoreMessage::Collect { collection: 1, tombstones: Box::from([Written::last(tombstone(time))]) }
}

/// A list with a tombstone of time 6 was sent to a member, which has the tombstone on disk.
fn asked() -> Script {
    let [collector, one, _] = members();
    let mut script = script();
    script.send(collector, one, confirm(1, 6)).write(one, stored(tombstone(6))).sync(one);
    script
}

#[test]
fn a_hint_that_is_taken_over_is_on_disk() {
    let [home, keeper, _] = members();
    let handed = || StoreMessage::HandedOff { key: KEY, version: version(4) };
    let mut script = script();
    script.write(home, stored(value(4))).sync(home).send(home, keeper, handed());
    script.write(home, stored(value(6))).send(home, keeper, handed()).sync(home).send(home, keeper, handed());
    script.clean();
    assert_eq!(script.exercised(), 3, "something newer is as good");
    let mut early = self::script();
    early.write(home, stored(value(4))).send(home, keeper, handed());
    let text =
        format!("{} says that it has taken over a write of key 5, which is not on its disk", NodeId(home));
    early.found("handed over", &text);
    let mut gone = self::script();
    gone.write(home, stored(tombstone(6)))
        .write(home, StoreObservation::Dropped { key: KEY, version: version(6) });
    gone.sync(home).send(home, keeper, handed()).clean();
}

#[test]
fn a_confirmation_needs_the_tombstones_on_disk() {
    let [collector, one, _] = members();
    let mut script = script();
    script.send(collector, one, confirm(1, 6)).write(one, stored(tombstone(6)));
    script.send(one, collector, confirmed(1));
    let text = format!(
        "{} confirms list 1 of {} without its tombstone of key 5 on disk",
        NodeId(one),
        NodeId(collector)
    );
    script.found("not held", &text);
    asked().send(one, collector, confirmed(1)).clean();
    asked().write(one, stored(value(8))).sync(one).send(one, collector, confirmed(1)).clean();
}

#[test]
fn a_confirmation_needs_older_hints_to_be_gone() {
    let [collector, one, other] = members();
    let hinted = |record| StoreObservation::Hinted { target: NodeId(other), record };
    let mut kept = asked();
    kept.write(one, hinted(value(4))).sync(one).send(one, collector, confirmed(1));
    let text = format!(
        "{} confirms list 1 of {}, and keeps something older of key 5 for another member",
        NodeId(one),
        NodeId(collector)
    );
    kept.found("older hint", &text);
    let mut replaced = asked();
    replaced.write(one, hinted(value(4))).write(one, hinted(tombstone(6))).sync(one);
    replaced.send(one, collector, confirmed(1)).clean();
}

#[test]
fn whoever_has_confirmed_sends_nothing_older() {
    let [collector, one, other] = members();
    let after = |message: StoreMessage| {
        let mut script = asked();
        script.send(one, collector, confirmed(1)).clean().send(one, other, message);
        script
    };
    let text = format!(
        "{} sends a record of key 5 that is older than a tombstone in list 1 of {}, which is confirmed",
        NodeId(one),
        NodeId(collector)
    );
    after(hand_off(4, 1)).found("older record", &text);
    after(write(4, 1)).found("older record", &text);
    after(write(4, 0)).clean();
    after(hand_off(8, 1)).clean();
    asked().send(one, other, hand_off(4, 1)).clean();
    let mut later = asked();
    later.send(one, collector, confirmed(1)).send(collector, other, confirm(2, 9)).send(
        one,
        other,
        write(4, 1),
    );
    later.clean();
}

#[test]
fn a_complete_list_binds_everybody() {
    let [collector, one, other] = members();
    let complete = || {
        let mut script = asked();
        script.write(other, stored(tombstone(6))).sync(other);
        script.send(one, collector, confirmed(1)).send(other, collector, confirmed(1));
        script.send(collector, one, collect(6));
        script
    };
    complete().send(collector, one, StoreMessage::Repair { sent: sent(value(4), 0) }).clean();
    let mut script = complete();
    script.send(collector, one, StoreMessage::Repair { sent: sent(value(4), 1) });
    assert_eq!(script.violations(), 1);
}

#[test]
fn a_list_is_collected_once_all_have_confirmed_it() {
    let [collector, one, other] = members();
    let mut script = asked();
    script.send(one, collector, confirmed(1)).send(other, collector, confirmed(7)).send(
        collector,
        one,
        collect(6),
    );
    let text = format!("{} collects list 1, which {} has not confirmed", NodeId(collector), NodeId(other));
    script.found("unconfirmed", &text);
}

#[test]
fn a_number_names_one_list() {
    let [collector, one, other] = members();
    let mut script = script();
    script.send(collector, one, confirm(1, 6)).send(one, other, confirm(1, 6)).send(
        collector,
        one,
        confirm(2, 9),
    );
    script.clean().restart(collector).send(collector, one, confirm(2, 8));
    let text = format!("{0} sends list 2 of {0}, which was another one before", NodeId(collector));
    script.found("two lists", &text);
}

#[test]
fn what_was_confirmed_is_known_after_a_restart() {
    let [collector, one, other] = members();
    let back = |message: StoreMessage| {
        let mut script = asked();
        script.send(one, collector, confirmed(1)).restart(one).send(one, other, message);
        script
    };
    let text =
        format!("{} knows of list 0 of {} only, and has confirmed list 1", NodeId(one), NodeId(collector));
    back(hand_off(8, 0)).found("forgotten", &text);
    back(hand_off(8, 1)).clean();
    let welcome = |number: u64, time: u64| {
        let mut confirmed = [0; 3];
        confirmed[collector as usize] = number;
        let (confirmed, fence) = (confirmed.into(), version(time));
        StoreMessage::Welcome { confirmed, fence, clock: 9, renewed: Box::default() }
    };
    back(welcome(1, 6)).clean();
    back(welcome(0, 6)).found("forgotten", &text);
    let fence =
        format!("{} takes writes that are older than a tombstone which it has confirmed", NodeId(one));
    back(welcome(1, 5)).found("fence", &fence);
}

#[test]
fn whoever_runs_in_the_place_of_a_lost_disk_holds_no_tombstones() {
    let [collector, one, other] = members();
    let mut script = asked();
    script.crash(one, 0).wipe(one).boot(one);
    script.send(100 + one, collector, confirmed(1)).send(100 + one, other, hand_off(8, 1)).clean();
}
