//! Runs that would never end: a step without end, a storm, and somebody outside who ends a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lab::{
    Lab, Notes, Tick, actor, listener, millis, note, play, quietly, say, setup, subject, traced,
};
use crate::check::Verdict;
use crate::identity::{NodeId, Slot};
use crate::lookout::Lookout;
use crate::outcome::{Ended, Outcome};
use crate::process::{Boot, Input, TimerId};
use crate::registry::Launch;
use crate::setup::Setup;
use crate::simulate::simulate;
use crate::time::{Duration, Time};

fn found(outcome: &Outcome) -> Vec<(&str, Verdict, Vec<u32>)> {
    let nodes = |nodes: &[NodeId]| nodes.iter().map(|node| node.0).collect();
    let found = outcome.violations.iter();
    found.map(|it| (it.check.as_str(), it.verdict, nodes(&it.nodes))).collect()
}

#[test]
fn a_step_that_asks_without_end_is_a_hang_of_its_slot_and_the_others_go_on() {
    type Loop = fn(&mut super::lab::Cx<'_>);
    let loops: [Loop; 4] = [
        |cx| loop {
            note(cx, "again", 1);
        },
        |cx| loop {
            cx.send(NodeId(0), say(1));
        },
        |cx| cx.send_all(std::iter::repeat(NodeId(0)), say(1)),
        |cx| {
            let everybody = || std::iter::repeat_n(NodeId(0), 100_000);
            loop {
                cx.send_all(everybody(), say(1));
            }
        },
    ];
    for (index, endless) in loops.into_iter().enumerate() {
        let cast = move |boot: &Boot<'_, Lab>| {
            if boot.node == NodeId(1) {
                return actor(move |_, cx| endless(cx));
            }
            actor(|input, cx| match input {
                Input::Start => cx.set_timer(TimerId(0), millis(100), Tick { n: 0 }),
                _ => note(cx, "tick", 1),
            })
        };
        let played = quietly(|| play(&setup(3), cast));
        assert_eq!(found(&played.outcome), [("process/hang", Verdict::Crash, vec![1])], "{index}");
        let mut ticks = played.noted("tick");
        ticks.sort_unstable();
        assert_eq!(ticks, [(100, 0, 1), (100, 2, 1)], "{index}");
        assert!(played.outcome.violations[0].message.starts_with("n2 asked for 1"), "{index}");
    }
}

/// Two that answer each other at once, and one that listens.
fn ping_pong(boot: &Boot<'_, Lab>) -> super::lab::Actor {
    if boot.node == NodeId(2) {
        return listener();
    }
    let other = NodeId(1 - boot.node.0);
    actor(move |input, cx| {
        if let Input::Start | Input::Message { .. } = input {
            cx.send(other, say(1));
        }
    })
}

fn stormy(most: u64) -> Setup {
    let mut setup = setup(3);
    setup.network.latency = crate::distribution::Distribution::Fixed(Duration::from_nanos(10));
    setup.max_events_per_second = most;
    setup
}

#[test]
fn more_events_in_a_second_than_may_be_are_a_storm_with_a_name() {
    let outcome = play(&stormy(100_000), ping_pong).outcome;
    assert_eq!(outcome.ended, Ended::Storm);
    let [(check, verdict, nodes)] = &found(&outcome)[..] else { panic!("{:?}", outcome.violations) };
    assert_eq!((*check, *verdict), ("run/storm", Verdict::Liveness));
    assert!(nodes == &[0] || nodes == &[1], "{nodes:?}");
    let message = &outcome.violations[0].message;
    assert!(message.contains("50 % of the last steps, and most messages are Say"), "{message}");
    // As many in ten seconds are none.
    let mut calm = stormy(100_000);
    calm.network.latency = crate::distribution::Distribution::Fixed(Duration::from_micros(50));
    let outcome = play(&calm, ping_pong).outcome;
    assert_eq!((outcome.ended, found(&outcome)), (Ended::Horizon, vec![]));
    assert!(outcome.events > 200_000, "{}", outcome.events);
}

#[test]
fn a_burst_that_ends_is_no_storm_and_one_that_goes_on_is() {
    // For so long they answer each other every 10 us: some 400,000 events and messages a second.
    let bursts = |length: Duration, most: u64| {
        let mut setup = stormy(most);
        setup.network.latency = crate::distribution::Distribution::Fixed(Duration::from_micros(10));
        let cast = move |boot: &Boot<'_, Lab>| {
            let other = NodeId(1 - boot.node.0.min(1));
            actor(move |_, cx| {
                if cx.monotonic() < Time::ZERO.saturating_add(length) {
                    cx.send(other, say(1));
                }
            })
        };
        play(&setup, cast).outcome
    };
    let outcome = bursts(millis(900), 200_000);
    assert_eq!((outcome.ended, found(&outcome)), (Ended::Horizon, vec![]));
    assert!(outcome.events > 150_000, "{}", outcome.events);
    assert_eq!(bursts(Duration::from_secs(3), 200_000).ended, Ended::Storm, "it goes on");
    assert_eq!(bursts(millis(900), 50_000).ended, Ended::Storm, "more than four times as much");
    let mut short = stormy(100_000);
    short.max_events = 60_000;
    assert_eq!(play(&short, ping_pong).outcome.ended, Ended::Storm, "the run's own limit comes first");
    short.max_events = 40_000;
    assert_eq!(play(&short, ping_pong).outcome.ended, Ended::EventLimit);
}

#[test]
fn time_that_stands_still_is_a_storm() {
    let cast = |_: &Boot<'_, Lab>| actor(|_, cx| cx.set_timer(TimerId(0), Duration::ZERO, Tick { n: 0 }));
    let outcome = play(&stormy(10_000), cast).outcome;
    assert_eq!((outcome.ended, outcome.virtual_ns), (Ended::Storm, 0));
    assert!(outcome.violations[0].message.contains("nothing was sent"), "{:?}", outcome.violations);
}

/// Counts, and ends a run after so many looks.
#[derive(Debug, Default)]
struct Looks {
    looks: AtomicU64,
    most: u64,
    last_slot: AtomicU64,
}

impl Lookout for Looks {
    fn passed(&self, _: u64, _: Time) -> bool {
        self.looks.fetch_add(1, Ordering::Relaxed) + 1 < self.most
    }

    fn stepping(&self, _: u64, _: Time, slot: Slot) {
        self.last_slot.store(u64::from(slot.0) + 1, Ordering::Relaxed);
    }
}

#[test]
fn whoever_looks_on_changes_nothing_but_may_end_a_run() {
    let run = |looks: &Arc<Looks>, launch: Launch| {
        let launch = Launch { lookout: Some(Arc::clone(looks) as Arc<dyn Lookout>), ..launch };
        simulate(&stormy(10_000), &launch, subject(ping_pong, &Notes::default())).unwrap()
    };
    let alone = play(&stormy(10_000), ping_pong).outcome;
    let looks = Arc::new(Looks { most: u64::MAX, ..Looks::default() });
    assert_eq!(run(&looks, Launch::default()).digest, alone.digest);
    assert!(looks.looks.load(Ordering::Relaxed) > 3);
    assert_eq!(looks.last_slot.load(Ordering::Relaxed), 0, "only in a traced run");
    run(&looks, traced());
    assert!(looks.last_slot.load(Ordering::Relaxed) > 0);
    let impatient = Arc::new(Looks { most: 2, ..Looks::default() });
    let outcome = run(&impatient, Launch::default());
    assert_eq!((outcome.ended, outcome.events), (Ended::Stopped, 2 * crate::lookout::EVERY));
    assert_eq!(outcome.verdict, Verdict::Inconclusive);
}
