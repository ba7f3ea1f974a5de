//! The `Choices` scheduler: what may come next, and that every order comes.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::lab::{Actor, Lab, Notes, Say, Tick, actor, flow, listener, millis, note, say, setup, subject};
use crate::identity::NodeId;
use crate::outcome::Ended;
use crate::process::{Boot, Input, LinkState, TimerId};
use crate::registry::Launch;
use crate::setup::Setup;
use crate::simulate::{Bounds, every_order, simulate_choices};
use crate::time::Duration;

/// What was noted, as `(slot, number)` in order, in every run of every order.
fn orders(setup: &Setup, drift: Duration, cast: fn(&Boot<'_, Lab>) -> Actor) -> BTreeSet<Vec<(u32, u64)>> {
    let mut all: Vec<Notes> = Vec::new();
    let bounds = Bounds { depth: 12, drift, runs: 10_000 };
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
    assert_eq!(fired, BTreeSet::from([vec![(0, 2), (1, 2)], vec![(1, 2), (0, 2)]]));
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
        assert_eq!(both, BTreeSet::from([in_order.clone(), vec![(1, 40), (0, 10)]]));
    }
    for drift in [0, 29] {
        assert_eq!(orders(&setup(2), millis(drift), two_timeouts), BTreeSet::from([in_order.clone()]));
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
    let clocks: BTreeSet<Vec<u64>> = orders(&setup(2), millis(4), looking_on)
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
