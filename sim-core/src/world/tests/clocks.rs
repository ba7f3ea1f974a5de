//! Timers follow the slot's own monotonic clock, or its wall clock where they are tied to it.

use serde_json::{Value, json};

use super::lab::{Played, Tick, actor, faults, millis, note, play, setup};
use crate::distribution::Distribution;
use crate::process::{Input, TimerId};
use crate::setup::TimerClock;
use crate::time::Duration;

/// Sets a timer of one second at the start and notes, when it fires, what the slot's clocks show (milliseconds).
fn one_second(plan: Value, timers: TimerClock) -> Played {
    let mut setup = setup(1);
    setup.clocks.timers = timers;
    setup.faults = faults(plan);
    play(&setup, |_| {
        actor(|input, cx| match input {
            Input::Start => cx.set_timer(TimerId(0), millis(1_000), Tick { n: 0 }),
            Input::Timer { .. } => {
                note(cx, "fired", cx.now().as_nanos() / 1_000_000);
                note(cx, "monotonic", cx.monotonic().as_nanos() / 1_000_000);
            }
            _ => {}
        })
    })
}

#[test]
fn timers_follow_the_clock_of_the_slot() {
    let clock = |change: Value| json!([{ "at": "500ms", "clock": change }]);
    for (plan, at, shown, tied) in [
        (json!([]), 1_000, 1_000, (1_000, 1_000)),
        (clock(json!({ "target": "n1", "drift": "100000ppm" })), 954, 1_000, (954, 1_000)),
        (clock(json!({ "target": "n1", "drift": "-100000ppm" })), 1_055, 1_000, (1_055, 1_000)),
        (clock(json!({ "target": "n1", "forward": "400ms" })), 1_000, 1_400, (600, 1_000)),
        (clock(json!({ "target": "n1", "forward": "4s" })), 1_000, 5_000, (500, 4_500)),
        (clock(json!({ "target": "n1", "back": "300ms" })), 1_000, 700, (1_300, 1_000)),
    ] {
        let usual = one_second(plan.clone(), TimerClock::Monotonic);
        assert_eq!(usual.noted("fired"), [(at, 0, shown)], "{plan}");
        assert_eq!(usual.noted("monotonic"), [(at, 0, 1_000)], "{plan}");
        assert_eq!(
            one_second(plan.clone(), TimerClock::Wall).noted("fired"),
            [(tied.0, 0, tied.1)],
            "{plan}"
        );
    }
}

#[test]
fn jitter_makes_timers_late_by_up_to_its_bound_and_never_early() {
    let play = |seed: u64, jitter: u64| {
        let mut setup = setup(2);
        (setup.seed, setup.clocks.timer_jitter) = (seed, millis(jitter));
        let played = play(&setup, |_| {
            actor(|input, cx| {
                if let Input::Timer { .. } = input {
                    note(cx, "fired", cx.monotonic().as_nanos() / 1_000);
                }
                if matches!(input, Input::Start | Input::Timer { .. })
                    && cx.monotonic().as_nanos() < 900_000_000
                {
                    cx.set_timer(TimerId(0), millis(100), Tick { n: 0 });
                }
            })
        });
        let fired: Vec<(u32, u64)> =
            played.noted("fired").into_iter().map(|(_, slot, micros)| (slot, micros)).collect();
        fired
    };
    assert_eq!(play(1, 0)[0], (0, 100_000));
    let fired = play(1, 20);
    assert!(fired != play(2, 20) && fired == play(1, 20), "it is drawn from the seed");
    let mut latest = 0;
    for slot in [0, 1] {
        let mut before = 0;
        for (_, at) in fired.iter().filter(|(own, _)| *own == slot) {
            let took = at - before;
            assert!((100_000..=120_000).contains(&took), "{took}");
            latest = latest.max(took);
            before = *at;
        }
    }
    assert!(latest > 110_000, "twenty draws have one in their upper half: {latest}");
}

#[test]
fn a_frozen_clock_fires_nothing_until_it_goes_on() {
    let frozen = json!([{ "at": "500ms", "for": "2s", "clock": { "target": "n1", "freeze": true } }]);
    assert_eq!(one_second(frozen, TimerClock::Monotonic).noted("fired").len(), 1);
    let forever = json!([{ "at": "500ms", "clock": { "target": "n1", "freeze": true } }]);
    assert_eq!(one_second(forever.clone(), TimerClock::Monotonic).noted("fired"), []);
    assert_eq!(one_second(forever, TimerClock::Wall).noted("fired"), []);
}

#[test]
fn the_end_of_a_jump_leaves_a_clock_as_far_ahead_as_it_was() {
    let jump = json!([{ "at": "500ms", "for": "200ms", "clock": { "target": "n1", "forward": "1ms" } }]);
    let mut setup = setup(1);
    setup.clocks.offset = Some(Distribution::Fixed(Duration::from_secs(3_600)));
    setup.faults = faults(jump);
    let played = play(&setup, |_| {
        actor(|input, cx| match input {
            Input::Start => cx.set_timer(TimerId(0), millis(1_000), Tick { n: 0 }),
            Input::Timer { .. } => note(cx, "fired", cx.now().as_nanos() / 1_000_000),
            _ => {}
        })
    });
    assert_eq!(played.noted("fired"), [(1_000, 0, 3_601_000)]);
}

#[test]
fn timers_move_stop_and_are_set_again() {
    let played = play(&setup(1), |_| {
        actor(|input, cx| match input {
            Input::Start => {
                for id in 0..5 {
                    cx.set_timer(TimerId(id), millis(100), Tick { n: u64::from(id) });
                }
                cx.set_timer(TimerId(1), millis(200), Tick { n: 11 });
                cx.set_timer(TimerId(2), millis(50), Tick { n: 12 });
                cx.cancel_timer(TimerId(3));
                cx.cancel_timer(TimerId(4));
                cx.set_timer(TimerId(4), millis(150), Tick { n: 14 });
                cx.cancel_timer(TimerId(77));
            }
            Input::Timer { timer, .. } => note(cx, "fired", timer.n),
            _ => {}
        })
    });
    assert_eq!(played.noted("fired"), [(50, 0, 12), (100, 0, 0), (150, 0, 14), (200, 0, 11)]);
}

#[test]
fn clocks_may_be_wrong_from_the_start() {
    let mut setup = setup(8);
    setup.clocks.drift_ppm = 200;
    let played = play(&setup, |_| {
        actor(|input, cx| match input {
            Input::Start => cx.set_timer(TimerId(0), millis(1_000), Tick { n: 0 }),
            Input::Timer { .. } => note(cx, "fired", 0),
            _ => {}
        })
    });
    let fired: Vec<u64> =
        played.lines.iter().filter(|line| line.what == "fired").map(|line| line.at.as_nanos()).collect();
    assert!(fired.iter().all(|at| at.abs_diff(1_000_000_000) <= 200_100), "{fired:?}");
    assert!(fired.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn clients_and_newcomers_have_clocks_of_their_own() {
    let clocks = |clients: u32| {
        let mut setup = setup(3);
        setup.clients = clients;
        setup.clocks.offset = Some(Distribution::Uniform { min: Duration::ZERO, max: millis(1_000) });
        setup.clocks.drift_ppm = 50;
        setup.faults = faults(json!([{ "at": "1s", "join": { "count": 1 } }]));
        let played = play(&setup, |_| {
            actor(|input, cx| {
                if matches!(input, Input::Start) {
                    note(cx, "ahead", cx.now().as_nanos() % 1_000_000_000);
                }
            })
        });
        played.noted("ahead").into_iter().map(|(_, slot, ahead)| (slot, ahead)).collect::<Vec<_>>()
    };
    let (few, many) = (clocks(0), clocks(2));
    assert_eq!((few.len(), many.len()), (4, 6));
    assert!(many.iter().all(|(_, ahead)| *ahead > 0), "{many:?}");
    // Members keep their clocks, whoever else there is; the slot of the newcomer was a client's in the other run.
    assert_eq!(few[..3], many[..3]);
    assert_eq!(few[3].1 / 1_000_000, many[3].1 / 1_000_000);
}
