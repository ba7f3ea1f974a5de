//! Crashes, restarts, wiped disks, newcomers, twins, panics.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::json;

use super::lab::{
    Actor, Lab, Line, Saw, Say, Tick, actor, faults, listener, millis, note, play, play_with, quietly, say,
    setup,
};
use crate::check::Verdict;
use crate::fault::FaultModel;
use crate::identity::{NodeId, Slot};
use crate::process::{Boot, Input, Role, Start, TimerId};

fn start_number(start: Start) -> u64 {
    match start {
        Start::Genesis => 0,
        Start::Join => 1,
        Start::Restart => 2,
    }
}

/// Notes how it started, and every message.
fn newcomer(boot: &Boot<'_, Lab>) -> Actor {
    let start = start_number(boot.start);
    actor(move |input, cx| match input {
        Input::Start => note(cx, "start", start),
        Input::Message { message, .. } => note(cx, "heard", message.n),
        _ => {}
    })
}

/// Says its own time in milliseconds to everybody in a list, every hundred milliseconds.
fn talker(to: Vec<NodeId>) -> Actor {
    actor(move |input, cx| match input {
        Input::Start | Input::Timer { .. } => {
            cx.set_timer(TimerId(0), millis(100), Tick { n: 0 });
            cx.send_all(to.iter().copied(), say(cx.now().as_nanos() / 1_000_000));
        }
        _ => {}
    })
}

fn starts(lines: &[Line]) -> Vec<(u32, NodeId, u64)> {
    lines.iter().filter(|line| line.what == "start").map(|line| (line.slot, line.node, line.n)).collect()
}

#[test]
fn a_crash_drops_inbox_and_timers_and_a_restart_starts_afresh() {
    let mut setup = setup(2);
    setup.service.per_message = millis(10).into();
    setup.faults = faults(json!([{ "at": "25ms", "crash": { "target": "n2", "restart_after": "1s" } }]));
    let played = play(&setup, |boot| match (boot.node, boot.incarnation) {
        (NodeId(0), _) => actor(|input, cx| {
            if matches!(input, Input::Start) {
                (0..8).for_each(|n| cx.send(NodeId(1), say(n)));
            }
        }),
        (_, incarnation) => actor(move |input, cx| match input {
            Input::Start => {
                let drawn = rand_core::Rng::next_u64(cx.rng());
                note(cx, "drew", drawn);
                if incarnation == 0 {
                    cx.set_timer(TimerId(0), millis(100), Tick { n: 0 });
                }
            }
            Input::Message { .. } => note(cx, "heard", 0),
            Input::Timer { .. } => note(cx, "fired", 0),
            _ => {}
        }),
    });
    assert_eq!(played.noted("heard").len(), 2);
    assert_eq!(played.noted("fired"), []);
    assert_eq!(played.outcome.messages.dropped, 6);
    assert_eq!(played.outcome.activity["dropped.receiver_down"], 6);
    let drew = played.numbers("drew");
    assert_ne!(drew[0], drew[1], "another incarnation draws other numbers");
}

#[test]
fn what_arrives_at_a_slot_that_is_down_is_lost() {
    let mut setup = setup(2);
    setup.duration = millis(550);
    setup.faults = faults(json!([{ "at": "150ms", "crash": { "target": "n2", "restart_after": "200ms" } }]));
    let played = play(&setup, |boot| match boot.node {
        NodeId(0) => talker(vec![NodeId(1)]),
        _ => newcomer(boot),
    });
    assert_eq!(played.numbers("heard"), [0, 100, 400, 500]);
    assert_eq!(starts(&played.lines), [(1, NodeId(1), 0), (1, NodeId(1), 2)]);
}

#[test]
fn a_wiped_slot_comes_back_as_somebody_new() {
    let mut setup = setup(3);
    setup.duration = millis(550);
    setup.faults = faults(json!([
        { "at": "150ms", "amnesia": { "target": "n2", "restart_after": "100ms" } },
        { "at": "350ms", "crash": { "target": "slot(2)", "restart_after": "10ms" } },
    ]));
    let played = play(&setup, |boot| match boot.node {
        NodeId(0) => talker(vec![NodeId(1), NodeId(3)]),
        _ => newcomer(boot),
    });
    let at_slot: Vec<_> = starts(&played.lines).into_iter().filter(|(slot, ..)| *slot == 1).collect();
    assert_eq!(at_slot, [(1, NodeId(1), 0), (1, NodeId(3), 1), (1, NodeId(3), 2)]);
    assert_eq!(played.numbers("heard"), [0, 100, 300, 400, 500], "first as n2, then as n4");
    assert!(played.outcome.activity["dropped.nobody"] > 0, "n2 has no place any more");
}

#[test]
fn the_cluster_grows_past_the_first_members() {
    let mut setup = setup(2);
    setup.clients = 1;
    setup.duration = millis(450);
    setup.faults = faults(json!([
        { "at": "50ms", "amnesia": { "target": "n2", "restart_after": "10ms" } },
        { "at": "150ms", "join": { "count": 2 } },
    ]));
    let booted = Rc::new(RefCell::new(Vec::new()));
    let list = Rc::clone(&booted);
    let played = play(&setup, move |boot| {
        list.borrow_mut().push((boot.node, boot.role, boot.members.len()));
        match boot.node {
            NodeId(0) => talker((1..6).map(NodeId).collect()),
            _ => newcomer(boot),
        }
    });
    let joined: Vec<_> = starts(&played.lines).into_iter().filter(|(.., start)| *start == 1).collect();
    assert_eq!(joined, [(1, NodeId(3), 1), (3, NodeId(4), 1), (4, NodeId(5), 1)]);
    let roles = booted.take();
    assert!(roles.contains(&(NodeId(5), Role::Member, 2)) && roles.contains(&(NodeId(2), Role::Client, 2)));
    let heard_by = |slot: u32| played.noted("heard").iter().filter(|(_, at, _)| *at == slot).count();
    assert_eq!([1, 2, 3, 4].map(heard_by), [5, 5, 3, 3], "n4 goes on hearing after others joined");
    assert_eq!(played.outcome.slots.len(), 5);
}

#[test]
fn a_member_that_is_absent_at_first_starts_at_genesis_when_it_comes() {
    let mut setup = setup(2);
    setup.duration = millis(250);
    setup.initial.absent = vec![1];
    setup.faults = faults(json!([{ "at": "10ms", "rolling_restart": { "target": "n2", "down": "100ms" } }]));
    let played = play(&setup, newcomer);
    let late: Vec<_> = starts(&played.lines).into_iter().filter(|(slot, ..)| *slot == 1).collect();
    assert!(late.iter().all(|(.., start)| *start == 0), "{late:?}");
}

#[test]
fn twins_hear_the_same_and_are_not_honest() {
    let mut setup = setup(4);
    setup.duration = millis(250);
    setup.initial.twins = vec![(3, 1)];
    let mut honest = Vec::new();
    let played = play(&setup, |boot| match boot.node {
        NodeId(0) => talker(vec![NodeId(1), NodeId(3)]),
        _ => newcomer(boot),
    });
    for line in played.lines.iter().filter(|line| line.what == "corrupted") {
        honest.push((line.slot, line.node));
    }
    assert_eq!(honest, [(1, NodeId(1)), (3, NodeId(1))]);
    let heard_by = |slot: u32| played.noted("heard").iter().filter(|(_, at, _)| *at == slot).count();
    assert_eq!([1, 3].map(heard_by), [3, 3]);
    assert_eq!(played.outcome.activity["dropped.nobody"], 3, "n4 has no place");
}

#[test]
fn a_twin_or_newcomer_that_a_step_brings_about_starts_after_the_step() {
    for what in [json!({ "join": { "count": 1 } }), json!({ "twins": { "target": "n1", "place": "n2" } })] {
        let mut setup = setup(3);
        setup.duration = millis(50);
        let mut entry = json!({ "on": { "send": "Say", "before": "send" } });
        entry.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        setup.faults = faults(json!([entry]));
        let played = play(&setup, |boot| {
            let first = boot.slot == Slot(0);
            actor(move |input, cx| match input {
                Input::Start => {
                    note(cx, "start", 0);
                    cx.set_timer(TimerId(0), millis(10), Tick { n: 0 });
                }
                Input::Timer { .. } if first => {
                    cx.send(NodeId(2), say(1));
                    note(cx, "sent", 0);
                }
                Input::Message { .. } => note(cx, "heard", 0),
                _ => {}
            })
        });
        let order: Vec<&str> = played
            .lines
            .iter()
            .map(|line| line.what)
            .filter(|what| ["start", "sent"].contains(what))
            .collect();
        assert_eq!(order, ["start", "start", "start", "sent", "start"]);
        assert_eq!(played.noted("heard").len(), 1);
    }
}

#[test]
fn a_panic_is_a_finding_and_the_slot_is_down() {
    let mut setup = setup(2);
    setup.duration = millis(550);
    let cast = |boot: &Boot<'_, Lab>| match boot.node {
        NodeId(0) => talker(vec![NodeId(1)]),
        _ => actor(|input, cx| {
            if let Input::Message { message, .. } = input {
                note(cx, "heard", message.n);
                assert!(message.n < 200, "message {} is too much", message.n);
            }
        }),
    };
    let played = quietly(|| play(&setup, cast));
    assert_eq!(played.outcome.verdict, Verdict::Crash);
    let found = &played.outcome.violations[0];
    assert_eq!(found.message, "n2 panicked: message 200 is too much");
    assert_eq!((found.check.as_str(), found.at_ns), ("process/panic", 201_000_000));
    assert_eq!(played.numbers("heard"), [0, 100], "the step that panicked did nothing");
    assert_eq!(played.noted("crashed"), [(201, 1, 0)]);
    assert!(played.outcome.activity["dropped.receiver_down"] >= 3);
}

#[test]
fn a_panic_at_boot_is_a_finding_too() {
    let played = quietly(|| {
        play(&setup(2), |boot| {
            assert!(boot.node == NodeId(0), "no");
            listener()
        })
    });
    assert_eq!(played.outcome.verdict, Verdict::Crash);
    assert_eq!(played.noted("crashed"), [(0, 1, 0)]);
}

#[test]
fn a_message_to_oneself_arrives_at_once() {
    let played = play(&setup(1), |_| {
        actor(|input, cx| match input {
            Input::Start => {
                cx.send(cx.node(), say(1));
                cx.send(cx.node(), Say { stream: true, ..say(2) });
            }
            Input::Message { from, message } => {
                assert_eq!(from, NodeId(0));
                note(cx, "heard", message.n);
            }
            _ => {}
        })
    });
    let mut heard = played.noted("heard");
    heard.sort_unstable();
    assert_eq!(heard, [(0, 0, 1), (0, 0, 2)]);
}

/// A process that ends itself as soon as it has written and been heard, with what the disk and the others saw of it.
fn aborting(restart_after: Option<crate::time::Duration>, fault: serde_json::Value) -> super::lab::Played {
    let mut setup = setup(2);
    setup.faults = faults(fault);
    play(&setup, move |boot| match (boot.node, boot.incarnation) {
        (NodeId(1), _) => listener(),
        (_, 0) => actor(move |input, cx| match input {
            Input::Start => cx.set_timer(TimerId(0), millis(10), Tick { n: 0 }),
            Input::Timer { .. } => {
                cx.send(NodeId(1), say(1));
                cx.abort(restart_after);
                cx.send(NodeId(1), say(2));
                note(cx, "after", 0);
            }
            _ => {}
        }),
        (_, incarnation) => {
            let start = start_number(boot.start);
            actor(move |input, cx| {
                if matches!(input, Input::Start) {
                    note(cx, "again", 100 * u64::from(incarnation) + start);
                }
            })
        }
    })
}

#[test]
fn a_process_that_ends_itself_starts_again_after_a_while() {
    let played = aborting(Some(millis(5)), json!([]));
    assert_eq!(played.numbers("heard"), [1], "what was sent before went out, and nothing after");
    assert_eq!(played.numbers("after"), [0_u64; 0]);
    let again: Vec<_> = played.noted("again").iter().map(|(at, _, n)| (*at, *n)).collect();
    assert_eq!(again, [(15, 102)], "another incarnation, restarted");
    assert_eq!(aborting(None, json!([])).numbers("again"), [0_u64; 0], "nobody starts it again");
}

#[test]
fn a_fault_that_keeps_it_down_is_stronger_than_the_supervisor() {
    let crash = |at: &str| json!([{ "at": at, "crash": { "target": "n1", "restart_after": "30ms" } }]);
    let again =
        |played: super::lab::Played| played.noted("again").iter().map(|(at, ..)| *at).collect::<Vec<_>>();
    assert_eq!(again(aborting(Some(millis(5)), crash("20ms"))), [15, 50], "struck after it was back");
    assert_eq!(again(aborting(Some(millis(5)), crash("5ms"))), [35], "it never got to end itself");
}

#[test]
fn what_follows_a_refused_part_comes_when_it_is_due() {
    let mut setup = setup(3);
    setup.faults = faults(json!([{
        "on": { "event": "Became" },
        "rolling_restart": { "target": "all", "down": "1ms", "gap": "9ms" },
    }]));
    setup.faults.over_budget = false;
    let cast = |boot: &Boot<'_, Lab>| {
        let leads = boot.node == NodeId(0);
        actor(move |input, cx| {
            if matches!(input, Input::Start) && leads {
                cx.observe(Saw::Became { role: "leader" });
            }
        })
    };
    let bears_nothing = FaultModel { crashed: 0, lost_disks: 0, byzantine: 0, outages: false };
    let played = play_with(&setup, cast, |subject| subject.model = bears_nothing);
    let struck = played.outcome.faults.iter().map(|line| (line.at_ns / 1_000_000, line.refused.is_some()));
    assert_eq!(struck.collect::<Vec<_>>(), [(0, true), (10, true), (20, true)]);
}
