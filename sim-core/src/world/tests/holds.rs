//! A hold gates what follows in its step until the sync has succeeded; a crash or a failed sync takes it all.

use serde_json::json;

use super::lab::{
    Actor, Cx, In, Kept, Tick, actor, at_and_number, faults, listener, millis, note, play, say, setup,
};
use crate::distribution::Distribution;
use crate::identity::NodeId;
use crate::process::{Boot, Input, JournalId, SyncId, SyncResult, TimerId};
use crate::setup::Setup;

use super::lab::{Lab, Saw};

const LOG: JournalId = JournalId(0);
const OTHER: JournalId = JournalId(1);

fn slow_disk(members: u32) -> Setup {
    let mut setup = setup(members);
    setup.disk.sync = Distribution::Fixed(millis(10));
    setup
}

/// The first member acts, all others listen.
fn lead(boot: &Boot<'_, Lab>, script: impl FnMut(In<'_>, &mut Cx<'_>) + 'static) -> Actor {
    if boot.node == NodeId(0) { actor(script) } else { listener() }
}

fn write(cx: &mut Cx<'_>, journal: JournalId, n: u64, sync: u64) {
    cx.append(journal, Kept { n });
    cx.sync(journal, SyncId(sync));
}

#[test]
fn what_follows_a_hold_is_seen_when_the_sync_is_done_and_in_order() {
    let played = play(&slow_disk(2), |boot| {
        lead(boot, |input, cx| {
            if matches!(input, Input::Start) {
                write(cx, OTHER, 1, 1);
                note(cx, "before", 0);
                cx.hold(SyncId(1));
                note(cx, "held", 1);
                cx.send(NodeId(1), say(5));
                note(cx, "held", 2);
            }
        })
    });
    assert_eq!(at_and_number(&played.noted("before")), [(0, 0)]);
    assert_eq!(at_and_number(&played.noted("held")), [(10, 1), (10, 2)]);
    assert_eq!(played.noted("heard"), [(11, 1, 5)]);
    let marks: Vec<_> = played
        .lines
        .iter()
        .filter(|line| ["before", "held"].contains(&line.what))
        .map(|line| (line.journal, line.mark.appended, line.mark.durable))
        .collect();
    assert_eq!(marks, [(1, 1, 0), (1, 1, 1), (1, 1, 1)], "the stamp is that of the journal of the step");
}

/// What the second member hears of the first, and what the first finds on its disk, if a fault waits for its second record
/// to be durable.
fn crashed_when_durable(before: &str) -> (Vec<u64>, Vec<(u64, u64)>) {
    let mut setup = slow_disk(2);
    let on = format!("{{\"durable\":\"Became\",\"nth\":2{before}}}");
    let on: serde_json::Value = serde_json::from_str(&on).unwrap();
    setup.faults = faults(json!([{ "on": on, "crash": { "target": "event.node", "restart_after": "5ms" } }]));
    let played = play(&setup, |boot| {
        let found = boot.journals.first().map_or(0, |log| log.recovered().records.len()) as u64;
        lead(boot, move |input, cx| {
            if matches!(input, Input::Start) && found > 0 {
                return note(cx, "found", found);
            }
            if matches!(input, Input::Start) {
                for n in 1..=2 {
                    cx.append(LOG, Kept { n });
                    cx.observe(Saw::Became { role: "writer" });
                    cx.sync(LOG, SyncId(n));
                }
                for n in 1..=2 {
                    cx.hold(SyncId(n));
                    cx.send(NodeId(1), say(n));
                }
            }
        })
    });
    (played.numbers("heard"), at_and_number(&played.noted("found")))
}

#[test]
fn a_fault_strikes_as_soon_as_something_is_durable() {
    let (heard, found) = crashed_when_durable(",\"before\":\"send\"");
    assert_eq!((heard, found), (vec![1], vec![(25, 2)]), "the second is durable, and nobody hears of it");
    let (heard, found) = crashed_when_durable("");
    assert_eq!((heard, found), (vec![1, 2], vec![(25, 2)]), "after the step, what waited has gone out");
}

#[test]
fn a_hold_ends_with_its_step() {
    let played = play(&slow_disk(1), |_| {
        actor(|input, cx| match input {
            Input::Start => {
                cx.set_timer(TimerId(0), millis(2), Tick { n: 0 });
                write(cx, LOG, 1, 1);
                cx.hold(SyncId(1));
                note(cx, "held", 1);
            }
            Input::Timer { .. } => note(cx, "free", 2),
            _ => {}
        })
    });
    assert_eq!(at_and_number(&played.noted("free")), [(2, 2)]);
    assert_eq!(at_and_number(&played.noted("held")), [(10, 1)]);
}

#[test]
fn holds_on_two_journals_add_up() {
    let played = play(&slow_disk(1), |_| {
        actor(|input, cx| {
            if matches!(input, Input::Start) {
                write(cx, LOG, 1, 1);
                write(cx, OTHER, 2, 2);
                cx.hold(SyncId(1));
                note(cx, "one", 1);
                cx.hold(SyncId(2));
                note(cx, "both", 2);
                cx.hold(SyncId(1));
                note(cx, "both", 3);
            }
        })
    });
    assert_eq!(at_and_number(&played.noted("one")), [(10, 1)]);
    assert_eq!(
        at_and_number(&played.noted("both")),
        [(20, 2), (20, 3)],
        "the device does one sync at a time"
    );
}

#[test]
fn a_hold_on_a_finished_or_unknown_sync_is_nothing() {
    let script = |input: In<'_>, cx: &mut Cx<'_>| match input {
        Input::Start => {
            cx.hold(SyncId(9));
            note(cx, "unknown", 0);
            write(cx, LOG, 1, 1);
        }
        Input::Synced { id, .. } => {
            cx.hold(id);
            note(cx, "finished", 0);
        }
        _ => {}
    };
    let played = play(&slow_disk(1), move |_| actor(script));
    assert_eq!(played.noted("unknown"), [(0, 0, 0)]);
    assert_eq!(played.noted("finished"), [(10, 0, 0)]);
}

#[test]
fn a_disk_that_takes_no_time_is_done_before_the_step_goes_on() {
    let played = play(&setup(1), |_| {
        actor(|input, cx| match input {
            Input::Start => {
                write(cx, LOG, 1, 1);
                cx.hold(SyncId(1));
                note(cx, "held", 0);
            }
            Input::Synced { result, .. } => note(cx, "synced", result as u64),
            _ => {}
        })
    });
    assert_eq!(played.lines.iter().map(|line| line.what).collect::<Vec<_>>(), ["booted", "held", "synced"]);
    assert_eq!(played.outcome.activity["syncs.ok"], 1);
}

#[test]
fn a_crash_takes_what_is_held() {
    let mut setup = slow_disk(2);
    setup.faults = faults(json!([{ "at": "5ms", "crash": { "target": "n1", "restart_after": "1ms" } }]));
    let played = play(&setup, |boot| {
        let incarnation = u64::from(boot.incarnation);
        lead(boot, move |input, cx| {
            if matches!(input, Input::Start) {
                write(cx, LOG, 1, 1);
                cx.hold(SyncId(1));
                cx.send(NodeId(1), say(incarnation));
            }
        })
    });
    assert_eq!(played.noted("heard"), [(17, 1, 1)], "the next incarnation may use the same ids");
}

#[test]
fn a_crash_in_the_middle_of_a_step_takes_what_the_step_held() {
    let mut setup = slow_disk(2);
    setup.faults = faults(json!([{
        "on": { "send": "Say", "nth": 2, "before": "send" },
        "crash": { "target": "event.node", "restart_after": "1ms" },
    }]));
    let played = play(&setup, |boot| {
        let incarnation = u64::from(boot.incarnation);
        lead(boot, move |input, cx| {
            if matches!(input, Input::Start) {
                write(cx, LOG, 1, 1);
                cx.hold(SyncId(1));
                cx.send(NodeId(1), say(10 * incarnation));
                cx.send(NodeId(1), say(10 * incarnation + 1));
            }
        })
    });
    assert_eq!(played.numbers("heard"), [10, 11], "nothing of the first incarnation");
}

#[test]
fn a_failed_sync_takes_what_waits_for_it_and_what_is_held_on_it_later() {
    let mut setup = slow_disk(1);
    setup.faults = faults(json!([{ "at": "1ms", "disk": { "target": "n1", "fault": "failing" } }]));
    let played = play(&setup, |_| {
        actor(|input, cx| match input {
            Input::Start => {
                cx.set_timer(TimerId(0), millis(2), Tick { n: 0 });
            }
            Input::Timer { .. } => {
                write(cx, LOG, 1, 1);
                cx.hold(SyncId(1));
                note(cx, "held", 1);
            }
            Input::Synced { id, result } => {
                note(cx, "synced", u64::from(result == SyncResult::Io));
                cx.hold(id);
                note(cx, "held", 2);
            }
            _ => {}
        })
    });
    assert_eq!(played.noted("synced"), [(12, 0, 1)]);
    assert_eq!(played.numbers("held"), [0_u64; 0]);
    assert_eq!(played.outcome.activity["syncs.failed"], 1);
}

#[test]
fn what_is_held_until_durable_survives_a_failed_sync_and_goes_out_with_the_next() {
    let mut setup = slow_disk(2);
    setup.faults =
        faults(json!([{ "at": "1ms", "for": "15ms", "disk": { "target": "n1", "fault": "failing" } }]));
    let played = play(&setup, |boot| {
        lead(boot, |input, cx| match input {
            Input::Start => {
                cx.hold_until_durable(LOG);
                cx.send(NodeId(1), say(1));
                cx.set_timer(TimerId(0), millis(2), Tick { n: 0 });
            }
            Input::Timer { .. } => {
                write(cx, LOG, 1, 1);
                cx.hold_until_durable(LOG);
                cx.send(NodeId(1), say(2));
                note(cx, "held", 1);
            }
            // Asked again until it is done.
            Input::Synced { id, result: SyncResult::Io } => {
                note(cx, "failed", id.0);
                cx.sync(LOG, SyncId(id.0 + 1));
            }
            Input::Synced { .. } => note(cx, "synced", 1),
            _ => {}
        })
    });
    assert_eq!(played.numbers("heard"), [1, 2]);
    assert_eq!(played.numbers("failed"), [1, 2], "the disk works again before the third");
    let at = |name| played.noted(name)[0].0;
    assert_eq!((at("held"), at("synced")), (32, 32), "ten milliseconds for each sync, from 2 ms on");
}

#[test]
fn a_crash_takes_what_is_held_until_durable() {
    let mut setup = slow_disk(2);
    setup.faults = faults(json!([{ "at": "5ms", "crash": { "target": "n1", "restart_after": "1ms" } }]));
    let played = play(&setup, |boot| {
        let first = boot.incarnation == 0;
        lead(boot, move |input, cx| {
            if matches!(input, Input::Start) && first {
                write(cx, LOG, 1, 1);
                cx.hold_until_durable(LOG);
                cx.send(NodeId(1), say(1));
            }
        })
    });
    assert_eq!(played.numbers("heard"), [0_u64; 0]);
}
