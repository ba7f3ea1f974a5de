//! Detours in a process's own code: off unless the plan has them, rare, recorded one by one, and the same again.

use serde_json::json;

use super::lab::{Actor, Lab, Tick, actor, faults, millis, note, play, quietly, setup};
use crate::check::Verdict;
use crate::fault::spec::Fault;
use crate::fault::{Kind, Moment};
use crate::identity::Slot;
use crate::outcome::Outcome;
use crate::process::{Boot, Input, TimerId};
use crate::setup::Setup;
use crate::time::Time;

/// Passes two points every ten milliseconds, the first of them three times, and notes what it takes.
fn wanderer(_: &Boot<'_, Lab>) -> Actor {
    actor(|input, cx| {
        if matches!(input, Input::Start | Input::Timer { .. }) {
            (0..3).for_each(|pass| {
                if cx.buggify("short-cut") {
                    note(cx, "short-cut", pass);
                }
            });
            if cx.buggify("long-way") {
                note(cx, "long-way", 0);
            }
            cx.set_timer(TimerId(0), millis(10), Tick { n: 0 });
        }
    })
}

fn wandering(entries: serde_json::Value) -> Setup {
    let mut setup = setup(3);
    setup.faults = faults(entries);
    setup
}

fn detours(outcome: &Outcome) -> Vec<(u64, Slot)> {
    let taken = outcome.faults.iter().filter(|fault| fault.kind == Kind::Detour);
    taken.map(|fault| (fault.at_ns / 1_000_000, fault.slots[0])).collect()
}

#[test]
fn none_is_taken_unless_the_plan_has_one() {
    let played = play(&setup(3), wanderer);
    assert!(played.lines.iter().all(|line| line.what == "booted"));
    let elsewhere = play(&wandering(json!([{ "at": "1s", "crash": { "target": "n3" } }])), wanderer);
    assert_eq!(detours(&elsewhere.outcome), []);
}

#[test]
fn a_window_takes_some_and_each_is_a_fault_of_its_own() {
    let window = json!([{ "at": "1s", "for": "2s", "detour": { "target": "n1,n2", "point": "short-cut", "chance": "1/10" } }]);
    let played = play(&wandering(window), wanderer);
    let taken = played.noted("short-cut");
    assert!((60..180).contains(&taken.len()), "{} of 1,200", taken.len());
    assert!(taken.iter().all(|(at, slot, _)| (1_000..3_000).contains(at) && *slot < 2));
    assert!(taken.iter().any(|(_, _, pass)| *pass == 2), "each pass by itself");
    assert_eq!(played.noted("long-way"), []);
    let told: Vec<(u64, Slot)> = taken.iter().map(|(at, slot, _)| (*at, Slot(*slot))).collect();
    assert_eq!(detours(&played.outcome), told);
    assert_eq!(played.outcome.plan.entries.len(), taken.len(), "the window itself is no fault");
    assert_eq!(played.outcome.faults[0].detail, format!("let n{} take the detour short-cut", taken[0].1 + 1));
}

#[test]
fn the_recorded_plan_takes_the_same_detours() {
    let window = json!([{ "at": "0s", "detour": { "chance": "1/7" } }]);
    let first = play(&wandering(window), wanderer);
    assert!(detours(&first.outcome).len() > 100);
    let mut again = setup(3);
    again.faults = first.outcome.plan.clone();
    let second = play(&again, wanderer);
    assert_eq!(second.outcome.digest, first.outcome.digest);
    assert_eq!(second.outcome.plan, first.outcome.plan);
    // Taking one away leaves the others as they were.
    let gone = again.faults.entries.remove(5);
    let third = play(&again, wanderer);
    assert_eq!(third.outcome.plan.entries, again.faults.entries);
    assert!(matches!((gone.at, gone.what), (Moment::At(at), Fault::Detour(_)) if at > Time::ZERO));
}

#[test]
fn a_single_one_waits_for_its_pass() {
    let one =
        |nth: u32| json!([{ "at": "15ms", "detour": { "target": "n2", "point": "short-cut", "nth": nth } }]);
    let taken = |nth| play(&wandering(one(nth)), wanderer).noted("short-cut");
    assert_eq!(taken(1), [(20, 1, 0)]);
    assert_eq!(taken(3), [(20, 1, 2)]);
    assert_eq!(taken(4), [(30, 1, 0)]);
    let by_event = json!([{ "on": { "event": "Became" }, "detour": { "target": "event.node", "nth": 1 } }]);
    assert_eq!(play(&wandering(by_event), wanderer).noted("short-cut"), [], "nobody becomes anything here");
}

#[test]
fn a_detour_into_a_panic_is_told_with_it() {
    let window = json!([{ "at": "1s", "detour": { "target": "n1", "point": "cliff", "chance": "1/1" } }]);
    let falling = |_: &Boot<'_, Lab>| {
        actor(|_, cx| {
            cx.sometimes("walked", true);
            cx.set_timer(TimerId(0), millis(10), Tick { n: 0 });
            assert!(!cx.buggify("cliff"), "it fell");
        })
    };
    let outcome = quietly(|| play(&wandering(window), falling)).outcome;
    assert_eq!(outcome.verdict, Verdict::Crash);
    assert_eq!(detours(&outcome), [(1_000, Slot(0))]);
    assert!(outcome.activity.iter().any(|(name, count)| name == "sometimes.walked" && *count > 100));
}

#[test]
fn timers_without_numbers_never_meet() {
    let waiting = |_: &Boot<'_, Lab>| {
        actor(|input, cx| match input {
            Input::Start => {
                cx.after(millis(30), Tick { n: 3 });
                let stopped = cx.after(millis(20), Tick { n: 2 });
                cx.after(millis(10), Tick { n: 1 });
                cx.cancel_timer(stopped);
            }
            Input::Timer { timer, .. } => note(cx, "rang", timer.n),
            _ => {}
        })
    };
    let played = play(&setup(2), waiting);
    let mut rang = played.noted("rang");
    rang.sort_unstable();
    assert_eq!(rang, [(10, 0, 1), (10, 1, 1), (30, 0, 3), (30, 1, 3)]);
}
