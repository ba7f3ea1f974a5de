//! When a run stops, what it measures, when it is worth nothing, and whether progress came.

use serde_json::json;

use super::lab::{Actor, Lab, Saw, Tick, actor, faults, listener, millis, note, play, play_with, say, setup};
use crate::check::{Check, Findings, Judge, Needs, Seen, Verdict};
use crate::facts::Facts;
use crate::fault::FaultModel;
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::outcome::{Ended, Progress, Stall};
use crate::process::{Boot, Input, TimerId};
use crate::progress::Pace;
use crate::ratio::Ratio;
use crate::setup::{Amount, Measure, MeasureOf, Pattern, Setup, Stop};
use crate::simulate::{Liveness, Reach, simulate};

/// Notes its tick every hundred milliseconds, and is a leader from its third on.
fn ticking(_: &Boot<'_, Lab>) -> Actor {
    let mut n = 0;
    actor(move |input, cx| match input {
        Input::Start => {
            cx.send(cx.node(), say(0));
            cx.set_timer(TimerId(0), millis(100), Tick { n: 0 });
        }
        Input::Timer { .. } => {
            n += 1;
            note(cx, "tick", n);
            if n == 3 {
                cx.observe(Saw::Became { role: "leader" });
            }
            cx.set_timer(TimerId(0), millis(100), Tick { n });
        }
        _ => {}
    })
}

fn stopped(change: impl FnOnce(&mut Setup)) -> crate::outcome::Outcome {
    let mut setup = setup(3);
    change(&mut setup);
    play(&setup, ticking).outcome
}

#[test]
fn stop_rules_end_a_run_at_their_moment() {
    let observed = |kind: &str, count| Stop::Observed { kind: kind.to_owned(), count };
    for (stop, at) in [
        (observed("Saw", Amount::Times(4)), 200),
        (observed("Saw", Amount::ALL), 100),
        (observed("Became", Amount::ALL), 300),
        (Stop::AllInRole("leader".to_owned()), 300),
    ] {
        let outcome = stopped(|setup| setup.stop = vec![stop]);
        assert_eq!((outcome.ended, outcome.virtual_ns), (Ended::StopRule, at * 1_000_000));
        assert_eq!(outcome.verdict, Verdict::Pass);
    }
    assert_eq!(stopped(|_| {}).ended, Ended::Horizon);
}

#[test]
fn all_in_role_means_all_that_run() {
    let outcome = stopped(|setup| {
        setup.stop = vec![Stop::AllInRole("leader".to_owned())];
        setup.initial.absent = vec![1];
    });
    assert_eq!((outcome.ended, outcome.virtual_ns), (Ended::StopRule, 300_000_000));
    // The last one that is not in the role crashes.
    let late = |boot: &Boot<'_, Lab>| if boot.node == NodeId(2) { listener() } else { ticking(boot) };
    let mut setup = setup(3);
    setup.stop = vec![Stop::AllInRole("leader".to_owned())];
    setup.faults = faults(json!([{ "at": "1s", "crash": { "target": "n3" } }]));
    let outcome = play(&setup, late).outcome;
    assert_eq!((outcome.ended, outcome.virtual_ns), (Ended::StopRule, 1_000_000_000));
    // Nobody left is not everybody.
    setup.faults = faults(json!([{ "at": "1ms", "crash": { "target": "all" } }]));
    assert_eq!(play(&setup, late).outcome.ended, Ended::Horizon);
}

#[test]
fn measures_are_one_number_each() {
    let measure = |name: &str, what| Measure { name: name.to_owned(), what };
    let outcome = stopped(|setup| {
        setup.duration = millis(450);
        setup.faults = faults(json!([{ "at": "350ms", "crash": { "target": "n1" } }]));
        setup.measures = vec![
            measure("first", MeasureOf::FirstTime(Pattern::of("Became"))),
            measure("last", MeasureOf::LastTime(Pattern::of("Saw"))),
            measure("count", MeasureOf::Count(Pattern::of("Saw"))),
            measure("share", MeasureOf::ShareInRole("leader".to_owned())),
            measure("sent", MeasureOf::Sent(Pattern::of("Say"))),
        ];
    });
    let expected =
        [("count", 11), ("first", 300_000_000), ("last", 400_000_000), ("sent", 3), ("share", 666_666)];
    let found: Vec<(&str, u64)> =
        outcome.measures.iter().map(|(name, value)| (name.as_str(), value.unwrap())).collect();
    assert_eq!(found, expected);
}

#[test]
fn patterns_narrow_what_is_measured() {
    let read = |what: serde_json::Value| -> Option<u64> {
        let what = serde_json::from_value(what).unwrap();
        let outcome = stopped(|setup| {
            setup.duration = millis(450);
            setup.faults = faults(json!([{ "at": "350ms", "crash": { "target": "n1" } }]));
            setup.measures = vec![Measure { name: "it".to_owned(), what }];
        });
        outcome.measures["it"]
    };
    // Each of three says at 0, ticks at 100 ms and so on, and becomes leader after its third tick; n1 crashes then.
    for (what, value) in [
        (json!({ "count": { "kind": "Saw", "node": "n1" } }), Some(3)),
        (json!({ "count": { "kind": "Saw", "since": "100ms", "until": "300ms" } }), Some(6)),
        (json!({ "count": { "kind": "Saw", "role": "leader" } }), Some(2)),
        (json!({ "count": { "kind": "Became", "was": "leader" } }), Some(0)),
        (json!({ "first_time": { "kind": "Saw", "nth": 4 } }), Some(200_000_000)),
        (json!({ "first_time": { "kind": "Saw", "nth": 12 } }), None),
        (json!({ "last_time": { "kind": "Saw", "node": "n1" } }), Some(300_000_000)),
        (
            json!({ "between": { "from": { "fault": "crash" }, "to": { "kind": "Saw", "nth": 10 } } }),
            Some(50_000_000),
        ),
        (json!({ "between": { "from": { "kind": "Saw", "nth": 10 }, "to": { "fault": "crash" } } }), None),
        (json!({ "between": { "from": { "fault": "crash", "nth": 2 }, "to": "Saw" } }), None),
        (json!({ "sent": { "kind": "Say", "node": "n2" } }), Some(1)),
        (json!({ "sent": { "kind": "Say", "since": "1ms" } }), Some(0)),
    ] {
        assert_eq!(read(what.clone()), value, "{what}");
    }
}

/// A fault waits for messages as measures count them: one for each recipient.
#[test]
fn messages_are_counted_by_recipient_by_triggers_and_measures() {
    for (nth, heard) in [(1, 0), (3, 2), (4, 3), (5, 4), (6, 5), (7, 6)] {
        let mut setup = setup(4);
        setup.duration = millis(1_000);
        setup.faults = faults(json!([{
            "on": { "send": "Say", "nth": nth, "before": "send" },
            "crash": { "target": "event.node" },
        }]));
        let what = serde_json::from_value(json!({ "sent": "Say" })).unwrap();
        setup.measures = vec![Measure { name: "sent".to_owned(), what }];
        let played = play(&setup, |boot| match boot.node {
            NodeId(0) => actor(|input, cx| match input {
                Input::Start => cx.set_timer(TimerId(0), millis(100), Tick { n: 0 }),
                Input::Timer { .. } => {
                    cx.send_all([NodeId(1), NodeId(2), NodeId(3)], say(0));
                    cx.set_timer(TimerId(0), millis(100), Tick { n: 0 });
                }
                _ => {}
            }),
            _ => listener(),
        });
        assert_eq!(played.noted("heard").len(), heard, "stopped at message {nth}");
        assert_eq!(played.outcome.measures["sent"], Some(heard as u64));
        assert_eq!(played.outcome.messages.sent, heard as u64);
    }
}

#[test]
fn measures_change_nothing_in_a_run() {
    let digest = |measures: Vec<Measure>| stopped(|setup| setup.measures = measures).digest;
    let what = MeasureOf::Sent(Pattern::of("Say"));
    let rank = MeasureOf::RankAt(Pattern::of("Saw"));
    let measure = |what| Measure { name: "it".to_owned(), what };
    assert_eq!(digest(Vec::new()), digest(vec![measure(what), measure(rank)]));
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let mut setup = setup(1);
    setup.stop = vec![Stop::Observed { kind: "Sow".to_owned(), count: Amount::Times(1) }];
    let notes = super::lab::Notes::default();
    let error = simulate(&setup, &crate::registry::Launch::default(), super::lab::subject(ticking, &notes));
    assert!(error.unwrap_err().to_string().contains("\"Sow\" is not something that can be counted here"));
}

#[test]
fn a_run_in_which_nothing_happened_is_inconclusive() {
    let outcome = play(&setup(2), |_| listener()).outcome;
    assert_eq!(outcome.verdict, Verdict::Inconclusive);
    let unchecked = "nothing was checked: no check had anything to judge";
    assert_eq!(outcome.reasons, ["nothing happened", "no message was delivered", unchecked]);
    let outcome = stopped(|setup| setup.at_least = vec![("observed.Became".to_owned(), Amount::Times(4))]);
    assert_eq!(outcome.verdict, Verdict::Inconclusive);
    assert_eq!(outcome.reasons, ["observed.Became is 3, the scenario wants at least 4"]);
    // One of three is down: two thirds are two, and all are three.
    let by_share = |share: Amount| {
        let demand = vec![("observed.Became".to_owned(), share)];
        stopped(|setup| (setup.at_least, setup.initial.absent) = (demand, vec![1])).reasons
    };
    assert_eq!(by_share(Amount::Members(Ratio::new(2, 3))), Vec::<String>::new());
    assert_eq!(
        by_share(Amount::ALL),
        ["observed.Became is at 2 of 3 members, the scenario wants at least 3"]
    );
    let outcome = stopped(|setup| setup.max_events = 10);
    assert_eq!((outcome.ended, outcome.verdict), (Ended::EventLimit, Verdict::Inconclusive));
}

/// Wants this many ticks of the core after the heal.
struct Ticks {
    wanted: u64,
    owed: Result<(), Stall>,
    excuse: Option<Stall>,
    seen: u64,
}

impl Liveness<Lab> for Ticks {
    fn owed(&self, _: &Ground, _: &[Slot]) -> Result<(), Stall> {
        self.owed
    }
    fn pace(&self, timeout: crate::time::Duration, _: &[Slot]) -> Pace {
        Pace { chance: 0.5, ..Pace::of(timeout) }
    }
    fn reached(&mut self, _: &Ground, core: &[Slot], seen: Option<&Seen<'_, Lab>>) -> Reach {
        self.seen += u64::from(seen.is_some_and(|seen| core.contains(&seen.slot)));
        if self.seen >= self.wanted { Reach::All } else { Reach::Nothing }
    }
    fn explain(&self, _: &Ground, _: &[Slot]) -> Option<Stall> {
        self.excuse
    }
}

fn healed(wanted: u64, owed: Result<(), Stall>, excuse: Option<Stall>) -> crate::outcome::Outcome {
    let mut setup = setup(3);
    setup.duration = millis(1_000);
    setup.progress_timeout = Some(millis(10));
    let liveness = Ticks { wanted, owed, excuse, seen: 0 };
    play_with(&setup, ticking, |subject| subject.liveness = Box::new(liveness)).outcome
}

#[test]
fn progress_that_is_owed_comes_or_is_missed() {
    let made = healed(2, Ok(()), None);
    assert!(
        matches!(made.progress, Progress::Made { after_ns, late: None } if after_ns % 100_000_000 == 0),
        "{made:?}"
    );
    assert_eq!((made.verdict, made.activity["progress.owed"]), (Verdict::Pass, 1));
    let missed = healed(1_000, Ok(()), None);
    assert!(matches!(missed.progress, Progress::Missed { .. }) && missed.verdict == Verdict::Liveness);
    assert_eq!(missed.violations[0].check, "progress");
    assert!(missed.violations[0].message.contains("90 attempts passed"), "{}", missed.violations[0].message);
    assert_eq!(missed.virtual_ns, 2_800_000_000, "three times thirty attempts of two windows");
}

#[test]
fn a_stall_that_is_explained_proves_nothing() {
    for (owed, excuse) in [(Err(Stall::NoQuorum), None), (Ok(()), Some(Stall::NoQuorum))] {
        let stalled = healed(1_000, owed, excuse);
        assert!(matches!(stalled.progress, Progress::Stalled { reason: Stall::NoQuorum, .. }));
        assert_eq!(stalled.verdict, Verdict::Inconclusive);
    }
}

#[test]
fn a_run_that_is_cut_short_in_its_second_phase_owes_nothing() {
    let mut setup = setup(3);
    setup.duration = millis(1_000);
    setup.progress_timeout = Some(millis(10));
    setup.max_events = 40;
    let liveness = Ticks { wanted: 1_000, owed: Ok(()), excuse: None, seen: 0 };
    let outcome = play_with(&setup, ticking, |subject| subject.liveness = Box::new(liveness)).outcome;
    assert!(outcome.virtual_ns > 1_000_000_000);
    assert!(matches!(outcome.progress, Progress::NotOwed { .. }));
    assert!(outcome.violations.is_empty());
}

#[test]
fn the_heal_reaches_the_core_only() {
    let mut setup = setup(3);
    setup.duration = millis(1_000);
    setup.progress_timeout = Some(millis(10));
    setup.faults = faults(json!([{ "at": "10ms", "pause": { "target": "all" } }]));
    let liveness = Ticks { wanted: 3, owed: Ok(()), excuse: None, seen: 0 };
    let played = play_with(&setup, ticking, |subject| subject.liveness = Box::new(liveness));
    assert!(matches!(played.outcome.progress, Progress::Made { .. }), "{:?}", played.outcome.progress);
    let core: Vec<u32> = played.noted("healed").iter().map(|(_, slot, _)| *slot).collect();
    assert!(played.noted("tick").iter().all(|(at, slot, _)| *at >= 1_000 && core.contains(slot)));
}

/// Finds fault with the third tick.
struct Pedant(Needs);

impl Check<Lab> for Pedant {
    fn needs(&self) -> Needs {
        self.0
    }
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Lab>, findings: &mut Findings) {
        findings.exercised();
        if matches!(seen.observation, Saw::Saw { n: 3, .. }) {
            findings.safety("", &[seen.node], format!("{} ticked a third time", seen.node));
        }
    }
}

#[test]
fn a_violation_can_stop_a_run_and_over_budget_it_is_an_assumption() {
    let run = |change: fn(&mut Setup)| {
        let mut setup = setup(3);
        change(&mut setup);
        play_with(&setup, ticking, |subject| {
            subject.model = FaultModel { crashed: 1, lost_disks: 0, byzantine: 0, outages: false };
            subject.checks.push(Judge::new("lab/pedant", "nobody ticks thrice", Pedant(Needs::Order)));
        })
        .outcome
    };
    let stopped = run(|setup| setup.stop = vec![Stop::Violation]);
    assert_eq!((stopped.ended, stopped.virtual_ns), (Ended::StopRule, 300_000_000));
    assert_eq!((stopped.verdict, stopped.violations.len()), (Verdict::Safety, 1));
    let off = run(|setup| setup.checks_off = vec!["lab/pedant".to_owned(), "lab/recorder".to_owned()]);
    assert_eq!(off.verdict, Verdict::Inconclusive);
    assert_eq!(off.reasons, ["nothing was checked: every check is off"]);
    let listed = off.checks.iter().find(|check| check.name == "lab/pedant").unwrap();
    assert!(!listed.on, "a check that is off is listed as off");
    let excused = run(|setup| {
        setup.faults = faults(json!([{ "at": "1ms", "for": "1ms", "pause": { "target": "n1,n2" } }]));
    });
    assert_eq!(excused.verdict, Verdict::Assumption);
}

#[test]
fn messages_are_counted_by_kind_and_fate() {
    let mut setup = setup(2);
    setup.network.duplicate = "1/2".parse().unwrap();
    setup.network.loss = "1/4".parse().unwrap();
    setup.network.corrupt = "1/4".parse().unwrap();
    let outcome = play(&setup, |boot| match boot.node {
        NodeId(0) => actor(|input, cx| {
            if matches!(input, Input::Start) {
                (0..1_000).for_each(|n| cx.send(NodeId(1), say(n)));
            }
        }),
        _ => listener(),
    })
    .outcome;
    let messages = &outcome.messages;
    assert_eq!((messages.sent, messages.bytes, messages.by_kind["Say"]), (1_000, 1_000_000, 1_000));
    assert_eq!(messages.sent + messages.duplicated, messages.delivered + messages.dropped);
    let near = |value: u64, expected: u64| value.abs_diff(expected) < 60;
    assert!(near(outcome.activity["dropped.loss"], 250), "{outcome:?}");
    assert!(near(outcome.activity["dropped.checksum"], 187) && near(messages.duplicated, 375), "{outcome:?}");
}

#[test]
fn the_counters_of_a_run_are_those_that_scenarios_may_name() {
    let outcome = stopped(|_| ());
    let counted: Vec<&String> = outcome.activity.keys().collect();
    let names = crate::activity::counter_names(<Lab as crate::process::Protocol>::Observation::KINDS);
    assert_eq!(counted, names.iter().collect::<Vec<_>>());
}
