//! A slot is a server: what costs time, what waits, what is shed, and how busy time is booked.

use serde_json::json;

use super::lab::{
    Cx, Kept, Say, Tick, actor, at_and_number, faults, flow, listener, millis, note, play, say, setup,
};
use crate::distribution::Distribution;
use crate::identity::NodeId;
use crate::process::{Input, JournalId, SyncId, TimerId};
use crate::setup::Setup;
use crate::time::Duration;

const LISTENER: NodeId = NodeId(1);

fn served(per_message: u64, inbox: Option<u32>) -> Setup {
    let mut setup = setup(2);
    setup.service.per_message = millis(per_message).into();
    setup.service.inbox = inbox;
    setup
}

/// The first member sends all this to the second at once.
fn burst(setup: &Setup, messages: &[Say]) -> super::lab::Played {
    let messages = messages.to_vec();
    play(setup, move |boot| {
        let messages = messages.clone();
        match boot.node {
            NodeId(0) => actor(move |input, cx: &mut Cx<'_>| {
                if matches!(input, Input::Start) {
                    messages.iter().for_each(|message| cx.send(LISTENER, message.clone()));
                }
            }),
            _ => listener(),
        }
    })
}

fn urgent(n: u64, urgency: u8) -> Say {
    Say { urgency, ..say(n) }
}

#[test]
fn messages_are_served_one_after_the_other_the_most_urgent_first() {
    let played = burst(&served(10, None), &[urgent(2, 2), urgent(1, 1), urgent(0, 0), urgent(3, 2)]);
    let heard = played.noted("heard");
    assert_eq!(heard.iter().map(|(at, _, _)| *at).collect::<Vec<_>>(), [11, 21, 31, 41]);
    // Whichever came first is in service when the others come; the rest follows by urgency.
    let rest: Vec<u64> = heard[1..].iter().map(|(_, _, n)| (*n).min(2)).collect();
    assert!(rest.is_sorted(), "{heard:?}");
    assert_eq!(played.outcome.activity["time.coordinating_ns"], 40_000_000);
    assert_eq!(played.outcome.activity["time.working_ns"], 0);
}

#[test]
fn a_full_inbox_sheds_datagrams_and_blocks_streams() {
    let datagrams: Vec<Say> = (0..10).map(say).collect();
    let played = burst(&served(10, Some(3)), &datagrams);
    assert_eq!(played.noted("heard").len(), 4, "one in service and three that wait");
    assert_eq!(played.outcome.activity["dropped.inbox_full"], 6);
    let streams: Vec<Say> = (0..10).map(flow).collect();
    let played = burst(&served(10, Some(3)), &streams);
    assert_eq!(played.numbers("heard"), (0..10).collect::<Vec<_>>());
    assert_eq!(played.outcome.activity["dropped.inbox_full"], 0);
}

#[test]
fn an_urgent_datagram_never_costs_a_stream_its_message() {
    let low = |n| Say { urgency: 2, ..flow(n) };
    let mut messages: Vec<Say> = (0..4).map(low).collect();
    messages.extend((4..8).map(|n| urgent(n, 0)));
    let played = burst(&served(10, Some(2)), &messages);
    let streams: Vec<u64> = played.numbers("heard").into_iter().filter(|n| *n < 4).collect();
    assert_eq!(streams, [0, 1, 2, 3]);
}

#[test]
fn signatures_and_work_take_time_and_are_booked_apart() {
    let mut setup = setup(1);
    setup.service.per_signature = millis(5);
    let played = play(&setup, |_| {
        actor(|input, cx| match input {
            Input::Start => {
                cx.set_timer(TimerId(0), millis(1), Tick { n: 0 });
                let signature = cx.sign(1);
                assert!(cx.verify(1, &signature) && !cx.verify(2, &signature));
                cx.work(millis(20));
            }
            Input::Timer { .. } => note(cx, "free", 0),
            _ => {}
        })
    });
    assert_eq!(played.noted("free"), [(35, 0, 0)], "the timer waits until the slot is free");
    assert_eq!(played.outcome.activity["time.coordinating_ns"], 15_000_000);
    assert_eq!(played.outcome.activity["time.working_ns"], 20_000_000);
}

#[test]
fn what_a_slot_was_busy_with_ends_with_a_crash() {
    let mut setup = setup(1);
    setup.faults = faults(json!([{ "at": "10ms", "crash": { "target": "n1", "restart_after": "10ms" } }]));
    let played = play(&setup, |boot| {
        let first = boot.incarnation == 0;
        actor(move |input, cx| match input {
            Input::Start if first => cx.work(millis(500)),
            Input::Start => {
                cx.work(millis(100));
                cx.set_timer(TimerId(0), millis(1), Tick { n: 0 });
            }
            Input::Timer { .. } => {
                note(cx, "free", 0);
                cx.work(millis(1_000));
                cx.set_timer(TimerId(1), millis(1), Tick { n: 0 });
            }
            _ => {}
        })
    });
    let free: Vec<u64> = played.noted("free").iter().map(|(at, _, _)| *at).take(2).collect();
    assert_eq!(free, [120, 1_120], "neither longer nor shorter for what the first incarnation did");
}

#[test]
fn a_slow_slot_takes_longer_and_recovers() {
    let mut setup = served(10, None);
    setup.faults = faults(json!([
        { "at": "0s", "for": "25ms", "slow": { "target": "n2", "percent": 300, "floor": "1ms" } }
    ]));
    let played = burst(&setup, &[say(0), say(0), say(0)]);
    let times: Vec<u64> = played.noted("heard").iter().map(|(at, _, _)| *at).collect();
    assert_eq!(times, [31, 41, 51]);
}

#[test]
fn nothing_runs_while_paused_and_all_of_it_afterwards() {
    let mut setup = served(10, None);
    setup.disk.sync = Distribution::Fixed(millis(30));
    setup.faults = faults(json!([{ "at": "5ms", "for": "1s", "pause": { "target": "n2" } }]));
    let played = play(&setup, |boot| match boot.node {
        NodeId(0) => actor(|input, cx| {
            if matches!(input, Input::Start) {
                (0..3).for_each(|n| cx.send(LISTENER, say(n)));
            }
        }),
        _ => actor(|input, cx| match input {
            Input::Start => {
                cx.set_timer(TimerId(0), millis(100), Tick { n: 0 });
                cx.append(JournalId(0), Kept { n: 1 });
                cx.sync(JournalId(0), SyncId(1));
                cx.hold(SyncId(1));
                note(cx, "held", 0);
            }
            Input::Message { message, .. } => note(cx, "heard", message.n),
            Input::Timer { .. } => note(cx, "fired", 0),
            Input::Synced { .. } => note(cx, "synced", 0),
            _ => {}
        }),
    });
    let early: Vec<_> = played.lines.iter().filter(|line| line.slot == 1 && line.what != "booted").collect();
    assert!(early.iter().all(|line| line.at.as_nanos() >= 1_005_000_000), "{early:?}");
    assert_eq!(played.noted("held"), [(1_005, 1, 0)]);
    assert_eq!(played.noted("synced"), [(1_005, 1, 0)]);
    assert_eq!(played.noted("fired"), [(1_005, 1, 0)]);
    assert_eq!(played.noted("heard").iter().map(|(at, ..)| *at).collect::<Vec<_>>(), [1_005, 1_015, 1_025]);
}

#[test]
fn timers_that_waited_out_a_pause_can_still_be_stopped_or_moved_by_each_other() {
    let mut setup = setup(1);
    setup.faults = faults(json!([{ "at": "5ms", "for": "1s", "pause": { "target": "n1" } }]));
    let played = play(&setup, |_| {
        actor(|input, cx| match input {
            Input::Start => (1..=3).for_each(|id| cx.set_timer(TimerId(id), millis(10), Tick { n: 1 })),
            Input::Timer { timer, .. } => {
                note(cx, "fired", timer.n);
                if timer.n == 1 {
                    (1..=2).for_each(|id| cx.cancel_timer(TimerId(id)));
                    cx.set_timer(TimerId(3), millis(50), Tick { n: 3 });
                }
            }
            _ => {}
        })
    });
    let fired = at_and_number(&played.noted("fired"));
    assert_eq!(fired, [(1_005, 1), (1_055, 3)]);
}

/// What a sync that takes no time allows is not held up by a message that waits.
#[test]
fn a_sync_that_takes_no_time_is_heard_of_before_the_next_message() {
    let synced_at = |sync: Distribution, signatures: bool| {
        let mut setup = served(10, None);
        setup.disk.sync = sync;
        setup.service.per_signature = millis(if signatures { 2 } else { 0 });
        let played = play(&setup, move |boot| match boot.node {
            NodeId(0) => actor(|input, cx: &mut Cx<'_>| {
                if matches!(input, Input::Start) {
                    (1..=3).for_each(|n| cx.send(LISTENER, say(n)));
                }
            }),
            _ => actor(move |input, cx: &mut Cx<'_>| match input {
                Input::Message { message, .. } => {
                    cx.append(JournalId(0), Kept { n: message.n });
                    cx.sync(JournalId(0), SyncId(message.n));
                    if signatures {
                        cx.sign(7);
                    }
                    note(cx, "heard", 0);
                }
                Input::Synced { .. } => note(cx, "synced", 0),
                _ => {}
            }),
        });
        let times = |what| played.noted(what).iter().map(|(at, _, _)| *at).collect::<Vec<_>>();
        (times("heard"), times("synced"))
    };
    let at_once = Distribution::Fixed(Duration::ZERO);
    assert_eq!(synced_at(at_once.clone(), false), (vec![11, 21, 31], vec![11, 21, 31]));
    // A busy process hears of it when it is done, and still before the next message.
    assert_eq!(synced_at(at_once, true), (vec![11, 23, 35], vec![13, 25, 37]));
    // A sync that takes time does not keep the slot from serving.
    assert_eq!(synced_at(Distribution::Fixed(millis(1)), false), (vec![11, 21, 31], vec![21, 31, 32]));
}
