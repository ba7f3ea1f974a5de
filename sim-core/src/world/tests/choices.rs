//! The `Choices` scheduler: what may come next, and that every order comes.

use std::rc::Rc;

use serde_json::json;

use super::lab::{
    Actor, Kept, Lab, Notes, Say, Tick, actor, faults, flow, listener, millis, note, say, setup, subject,
};
use crate::check::{Check, Findings, Judge, Needs, Seen};
use crate::distribution::Distribution;
use crate::fault::Kind;
use crate::ground::Ground;
use crate::identity::NodeId;
use crate::ordered::OrderedSet;
use crate::outcome::{Ended, Outcome};
use crate::process::{Boot, Input, JournalId, LinkState, SyncId, TimerId};
use crate::registry::Launch;
use crate::setup::Setup;
use crate::simulate::{Bounds, every_order, simulate, simulate_choices};
use crate::time::Duration;

/// What was noted, as `(slot, number)` in order, in every run of every order.
fn orders(setup: &Setup, drift: Duration, cast: fn(&Boot<'_, Lab>) -> Actor) -> OrderedSet<Vec<(u32, u64)>> {
    let mut all: Vec<Notes> = Vec::new();
    let bounds = Bounds { depth: 12, drift, runs: 10_000, prune: false };
    let search = every_order(setup, &Launch::default(), bounds, || {
        let notes = Notes::default();
        all.push(Rc::clone(&notes));
        subject(cast, &notes)
    })
    .unwrap();
    assert!(search.complete && search.failing.is_none());
    let noted = |notes: &Notes| {
        notes.borrow().iter().filter(|line| line.what != "booted").map(|line| (line.slot, line.n)).collect()
    };
    all.iter().map(noted).collect()
}

fn two_messages(boot: &Boot<'_, Lab>) -> Actor {
    if boot.node != NodeId(0) {
        return listener();
    }
    actor(|input, cx| {
        if matches!(input, Input::Start) {
            (1..=3).for_each(|n| cx.send(NodeId(1), say(n)));
        }
    })
}

fn two_streams(boot: &Boot<'_, Lab>) -> Actor {
    if boot.node == NodeId(2) {
        return listener();
    }
    actor(|input, cx| {
        if matches!(input, Input::Start) {
            let base = 10 * u64::from(cx.node().0);
            (1..=2).for_each(|n| cx.send(NodeId(2), flow(base + n)));
        }
    })
}

#[test]
fn datagrams_come_in_every_order_and_streams_in_theirs() {
    let datagrams = orders(&setup(2), Duration::ZERO, two_messages);
    assert_eq!(datagrams.len(), 6, "3! orders");
    let streams = orders(&setup(3), Duration::ZERO, two_streams);
    assert_eq!(streams.len(), 6, "4 choose 2 interleavings: {streams:?}");
    for order in &streams {
        let numbers: Vec<u64> = order.iter().map(|(_, n)| *n).collect();
        let place = |n: u64| numbers.iter().position(|other| *other == n).unwrap();
        assert!(place(1) < place(2) && place(11) < place(12));
    }
}

/// The first says 1 to 3, the last of them more urgent, and closes the link; the second notes both ends of the session.
fn last_words(boot: &Boot<'_, Lab>) -> Actor {
    let first = boot.node == NodeId(0);
    actor(move |input, cx| match input {
        Input::Start if first => {
            (1..=2).for_each(|n| cx.send(NodeId(1), flow(n)));
            cx.send(NodeId(1), Say { urgency: 0, ..flow(3) });
            cx.close_link(NodeId(1));
        }
        Input::Message { message, .. } => note(cx, "heard", message.n),
        Input::Link { state, .. } if !first => note(cx, "link", 8 + u64::from(state == LinkState::Up)),
        _ => {}
    })
}

#[test]
fn a_session_ends_after_all_that_it_carried_and_before_the_next_begins() {
    let ends = orders(&setup(2), Duration::ZERO, last_words);
    let said = [[1, 2, 3, 8, 9], [1, 3, 2, 8, 9], [3, 1, 2, 8, 9]];
    assert_eq!(ends, said.map(|order| order.map(|n| (1, n)).to_vec()).into());
}

/// A timer that is stopped, and set again in a later step, on both members.
fn stopped_and_set_again(_: &Boot<'_, Lab>) -> Actor {
    actor(|input, cx| match input {
        Input::Start => {
            cx.set_timer(TimerId(0), millis(10), Tick { n: 1 });
            cx.cancel_timer(TimerId(0));
            cx.send(cx.node(), say(0));
        }
        Input::Message { .. } => cx.set_timer(TimerId(0), millis(20), Tick { n: 2 }),
        Input::Timer { timer, .. } => note(cx, "fired", timer.n),
        _ => {}
    })
}

#[test]
fn a_timer_that_was_stopped_can_be_set_again() {
    let fired = orders(&setup(2), millis(100), stopped_and_set_again);
    assert_eq!(fired, OrderedSet::from([vec![(0, 2), (1, 2)], vec![(1, 2), (0, 2)]]));
}

/// Timers of 10 and 40 milliseconds on two clocks.
fn two_timeouts(boot: &Boot<'_, Lab>) -> Actor {
    let after = millis(10 + 30 * u64::from(boot.node.0));
    actor(move |input, cx| match input {
        Input::Start => cx.set_timer(TimerId(0), after, Tick { n: 0 }),
        Input::Timer { .. } => note(cx, "fired", cx.now().as_nanos() / 1_000_000),
        _ => {}
    })
}

#[test]
fn a_timeout_comes_early_only_as_far_as_clocks_may_be_apart() {
    let in_order = vec![(0, 10), (1, 40)];
    // When the second comes first, the first one's clock is dragged along, at most to its own deadline.
    for drift in [30, 100] {
        let both = orders(&setup(2), millis(drift), two_timeouts);
        assert_eq!(both, OrderedSet::from([in_order.clone(), vec![(1, 40), (0, 10)]]));
    }
    for drift in [0, 29] {
        assert_eq!(orders(&setup(2), millis(drift), two_timeouts), OrderedSet::from([in_order.clone()]));
    }
}

/// Sets a timer of ten milliseconds, and another one when it fires; the second member looks at its clock each time.
fn looking_on(boot: &Boot<'_, Lab>) -> Actor {
    if boot.node == NodeId(1) {
        return actor(|input, cx| {
            if matches!(input, Input::Message { .. }) {
                note(cx, "clock", cx.now().as_nanos() / 1_000_000);
            }
        });
    }
    let mut left = 3;
    actor(move |input, cx| match input {
        Input::Start | Input::Timer { .. } if left > 0 => {
            left -= 1;
            cx.set_timer(TimerId(0), millis(10), Tick { n: 0 });
            cx.send(NodeId(1), say(0));
        }
        _ => {}
    })
}

#[test]
fn clocks_without_timeouts_are_dragged_along() {
    let clocks: OrderedSet<Vec<u64>> = orders(&setup(2), millis(4), looking_on)
        .into_iter()
        .map(|order| order.into_iter().map(|(_, at)| at).collect())
        .collect();
    assert!(clocks.contains(&vec![0, 6, 16]) && clocks.contains(&vec![26, 26, 26]), "{clocks:?}");
    assert!(clocks.iter().all(|clock| clock.is_sorted()));
}

#[test]
fn a_list_of_choices_is_a_run() {
    let run = |choices: &[u32]| {
        let notes = Notes::default();
        let subject = subject(two_messages, &notes);
        let (outcome, widths) =
            simulate_choices(&setup(2), &Launch::default(), subject, choices, Duration::ZERO).unwrap();
        let numbers: Vec<u64> =
            notes.borrow().iter().filter(|line| line.what == "heard").map(|line| line.n).collect();
        (numbers, widths, outcome.ended)
    };
    let (last_first, widths, ended) = run(&[2, 1, 0, 0]);
    assert_eq!((last_first, widths, ended), (vec![3, 2, 1], vec![3, 2, 1], Ended::Quiescent));
    assert_eq!(run(&[0]), (vec![1], vec![3], Ended::OutOfChoices));
}

/// Says two things on a stream and closes it, and says a third on the next session.
fn closing(boot: &Boot<'_, Lab>) -> Actor {
    let speaks = boot.node == NodeId(0);
    actor(move |input, cx| match input {
        Input::Start if speaks => {
            cx.send(NodeId(1), flow(1));
            cx.send(NodeId(1), flow(2));
            cx.close_link(NodeId(1));
        }
        Input::Link { state: LinkState::Up, peer } if speaks => cx.send(peer, flow(3)),
        Input::Message { message, .. } => note(cx, "heard", message.n),
        Input::Link { state, .. } if !speaks => note(cx, "link", 100 + u64::from(state == LinkState::Up)),
        _ => {}
    })
}

#[test]
fn an_end_of_a_stream_sees_one_order() {
    let seen = orders(&setup(2), Duration::ZERO, closing);
    assert_eq!(seen, OrderedSet::from([[1, 2, 100, 101, 3].map(|n| (1, n)).to_vec()]));
}

/// Three syncs of two journals.
fn syncing(_: &Boot<'_, Lab>) -> Actor {
    actor(|input, cx| match input {
        Input::Start => {
            for n in 0..3 {
                let journal = JournalId(u8::from(n == 1));
                cx.append(journal, Kept { n });
                cx.sync(journal, SyncId(n));
            }
        }
        Input::Synced { id, .. } => note(cx, "synced", id.0),
        _ => {}
    })
}

#[test]
fn the_syncs_of_a_slot_end_in_order() {
    let mut setup = setup(2);
    setup.disk.sync = Distribution::Fixed(millis(1));
    let seen = orders(&setup, Duration::ZERO, syncing);
    assert_eq!(seen.len(), 20, "6 choose 3 interleavings of two slots");
    for order in seen {
        for slot in 0..2 {
            let own: Vec<u64> = order.iter().filter(|(at, _)| *at == slot).map(|(_, n)| *n).collect();
            assert_eq!(own, [0, 1, 2]);
        }
    }
}

#[test]
fn faults_are_choices_in_the_order_of_the_plan() {
    let mut setup = setup(2);
    setup.faults = faults(json!([
        { "at": "1s", "for": "3s", "pause": { "target": "n1" } },
        { "at": "2s", "for": "1s", "pause": { "target": "n2" } },
    ]));
    let bounds = Bounds { depth: 12, drift: Duration::ZERO, runs: 10_000, prune: false };
    let all = || subject(two_messages, &Notes::default());
    let search = every_order(&setup, &Launch::default(), bounds, all).unwrap();
    assert!(search.complete && search.failing.is_none());
    // Three messages, and four moments of the plan in between: 7! / 4! orders.
    assert_eq!(search.runs, 210);
    let notes = Notes::default();
    let subject = subject(two_messages, &notes);
    // The plan was there first; its later moments are queued as it goes on.
    let choices = [0, 3, 3, 3, 0, 0, 0];
    let (outcome, widths) =
        simulate_choices(&setup, &Launch::default(), subject, &choices, Duration::ZERO).unwrap();
    assert_eq!(widths, [4, 4, 4, 4, 3, 2, 1]);
    let fired: Vec<_> = outcome.faults.iter().map(|fault| (fault.kind, fault.until_ns)).collect();
    assert_eq!(fired, [(Kind::Pause, Some(4)), (Kind::Pause, Some(3))]);
}

#[test]
fn a_second_phase_needs_time() {
    let setup = Setup { progress_timeout: Some(millis(1)), ..setup(2) };
    let subject = subject(two_messages, &Notes::default());
    let refused = simulate_choices(&setup, &Launch::default(), subject, &[0], Duration::ZERO);
    assert!(refused.unwrap_err().to_string().contains("time has no length"));
}

#[test]
fn what_takes_time_ends_when_it_is_chosen() {
    let mut setup = setup(2);
    setup.service.per_message = millis(1).into();
    assert_eq!(orders(&setup, Duration::ZERO, two_messages).len(), 6);
}

/// A check that needs real time, or only order.
struct Idle(Needs);

impl Check<Lab> for Idle {
    fn needs(&self) -> Needs {
        self.0
    }
    fn observe(&mut self, _: &Ground, _: &Seen<'_, Lab>, _: &mut Findings) {}
}

#[test]
fn checks_that_need_real_time_are_listed_as_off_where_time_has_no_length() {
    let judged = || {
        let mut subject = subject(two_messages, &Notes::default());
        subject.checks = vec![
            Judge::new("lab/on-time", "needs real time", Idle(Needs::RealTime)),
            Judge::new("lab/in-order", "needs order only", Idle(Needs::Order)),
        ];
        subject
    };
    let on = |outcome: &Outcome| -> Vec<(String, bool)> {
        outcome.checks.iter().map(|check| (check.name.clone(), check.on)).collect()
    };
    let (setup, launch) = (setup(2), Launch::default());
    let timed = on(&simulate(&setup, &launch, judged()).unwrap());
    assert_eq!(timed, [("lab/on-time".to_owned(), true), ("lab/in-order".to_owned(), true)]);
    let (chosen, _) = simulate_choices(&setup, &launch, judged(), &[0; 9], Duration::ZERO).unwrap();
    assert_eq!(on(&chosen), [("lab/in-order".to_owned(), true), ("lab/on-time".to_owned(), false)]);
}
