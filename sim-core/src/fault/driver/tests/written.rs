//! Written plans.

use super::{TWO, actions, entry, plan, seconds};
use crate::fault::FaultModel;
use crate::fault::action::{Action, ClockChange, CutId, DegradeId, DiskFault, Reach};
use crate::fault::driver::FaultDriver;
use crate::fault::executed::Refusal;
use crate::fault::family::{Family, Kind};
use crate::fault::toy::Run;
use crate::ground::Mark;
use crate::identity::{NodeId, Slot};
use crate::time::Duration;

/// Everything that one entry does in a calm world of five members and two clients with one leader, n2.
fn does(text: &str) -> Vec<(u64, Action)> {
    let mut run = Run::new(&plan(&[text]), TWO, 5, 2, 7);
    run.toy.ground.places[1].status.role = Some("leader");
    // What can rot is durable.
    run.toy.ground.places.iter_mut().for_each(|place| place.marks.push(Mark { appended: 1, durable: 1 }));
    run.until(seconds(20));
    actions(&run)
}

#[test]
fn faults_of_slots_begin_and_end() {
    let slot = Slot(1);
    for (text, begin, end) in [
        ("crash = { target = \"leader\" }", Action::Crash(slot), Action::Restart(slot)),
        ("amnesia = { target = \"n2\" }", Action::Wipe(slot), Action::Restart(slot)),
        ("pause = { target = \"n2\" }", Action::Pause(slot), Action::Resume(slot)),
        (
            "slow = { target = \"n2\", percent = 300 }",
            Action::Slow { slot, percent: 300, floor: Duration::ZERO },
            Action::Slow { slot, percent: 100, floor: Duration::ZERO },
        ),
        (
            "disk = { target = \"n2\", fault = \"full\" }",
            Action::Disk { slot, fault: DiskFault::Full },
            Action::Disk { slot, fault: DiskFault::Healthy },
        ),
        (
            "clock = { target = \"n2\", drift = \"-200ppm\" }",
            Action::Clock { slot, change: ClockChange::Drift { parts_per_billion: -200_000 } },
            Action::Clock { slot, change: ClockChange::OwnRate },
        ),
        (
            "clock = { target = \"n2\", freeze = true }",
            Action::Clock { slot, change: ClockChange::Freeze },
            Action::Clock { slot, change: ClockChange::OwnRate },
        ),
        (
            "clock = { target = \"n2\", back = \"1s\" }",
            Action::Clock { slot, change: ClockChange::BackAWhile(Duration::from_secs(1)) },
            Action::Clock { slot, change: ClockChange::TakeBack(Duration::from_secs(1)) },
        ),
        (
            "clock = { target = \"n2\", forward = \"1s\" }",
            Action::Clock { slot, change: ClockChange::Forward(Duration::from_secs(1)) },
            Action::Clock { slot, change: ClockChange::Back(Duration::from_secs(1)) },
        ),
    ] {
        let text = format!("at = \"5s\"\nfor = \"4s\"\n{text}");
        assert_eq!(does(&text), [(5_000, begin), (9_000, end)], "{text}");
    }
}

#[test]
fn some_faults_are_over_at_once_and_some_never() {
    let slot = Slot(0);
    let rot = Action::Disk { slot, fault: DiskFault::Rot };
    assert_eq!(does("at = \"1s\"\ndisk = { target = \"n1\", fault = \"rot\" }"), [(1_000, rot)]);
    assert_eq!(does("at = \"1s\"\ncrash = { target = \"n1\" }"), [(1_000, Action::Crash(slot))]);
    assert_eq!(does("at = \"1s\"\nleave = { target = \"n1\" }"), [(1_000, Action::Leave(slot))]);
    assert_eq!(does("at = \"1s\"\njoin = { count = 2 }"), [(1_000, Action::Join), (1_000, Action::Join)]);
    let forward = Action::Clock { slot, change: ClockChange::Forward(Duration::from_secs(2)) };
    assert_eq!(does("at = \"1s\"\nclock = { target = \"n1\", forward = \"2s\" }"), [(1_000, forward)]);
}

#[test]
fn links_are_cut_mended_degraded_and_restored() {
    let done =
        does("at = \"5s\"\nfor = \"4s\"\npartition = { isolate = \"leader\", direction = \"outbound\" }");
    let reach = Reach::OneWay { from: vec![Slot(1)], to: vec![Slot(0), Slot(2), Slot(3), Slot(4)] };
    assert_eq!(done, [(5_000, Action::Cut { id: CutId(0), reach }), (9_000, Action::Mend(CutId(0)))]);

    let done = does("at = \"1s\"\nfor = \"1s\"\nloss = { target = \"n1\", probability = \"1/20\" }");
    assert_eq!(done.len(), 4, "both directions: {done:?}");
    assert_eq!(done[2..], [(2_000, Action::Restore(DegradeId(0))), (2_000, Action::Restore(DegradeId(1)))]);

    let done = does("at = \"1s\"\nfor = \"350ms\"\nflap = { target = \"n1\", period = \"200ms\" }");
    let times: Vec<_> = done.iter().map(|(at, action)| (*at, matches!(action, Action::Cut { .. }))).collect();
    assert_eq!(times, [(1_000, true), (1_100, false), (1_200, true), (1_300, false)]);
}

#[test]
fn faults_made_of_others_go_step_by_step() {
    let done = does("at = \"1s\"\nrolling_restart = { target = \"n1,n3\", down = \"1s\", gap = \"500ms\" }");
    assert_eq!(
        done,
        [
            (1_000, Action::Crash(Slot(0))),
            (2_000, Action::Restart(Slot(0))),
            (2_500, Action::Crash(Slot(2))),
            (3_500, Action::Restart(Slot(2))),
        ]
    );
    let version = || "two".to_owned();
    assert_eq!(
        does("at = \"1s\"\nupgrade = { target = \"n1,n3\", to = \"two\", down = \"1s\", gap = \"500ms\" }"),
        [
            (1_000, Action::Install { slot: Slot(0), version: version() }),
            (1_000, Action::Crash(Slot(0))),
            (2_000, Action::Restart(Slot(0))),
            (2_500, Action::Install { slot: Slot(2), version: version() }),
            (2_500, Action::Crash(Slot(2))),
            (3_500, Action::Restart(Slot(2))),
        ]
    );
    assert_eq!(
        does("at = \"1s\"\nreplace = { target = \"n3\" }"),
        [(1_000, Action::Leave(Slot(2))), (1_000, Action::Join)]
    );
    let done = does("at = \"1s\"\nfor = \"3s\"\nchurn = { every = \"1s\", how = \"join\" }");
    assert_eq!(done, [(1_000, Action::Join), (2_000, Action::Join), (3_000, Action::Join)]);
}

#[test]
fn as_many_join_as_were_let_go() {
    let replace = plan(&["at = \"1s\"\nreplace = { target = \"n1,n2,n3\" }"]);
    let mut run = Run::new(&replace, TWO, 5, 0, 1);
    run.until(seconds(2));
    let expected = [Action::Leave(Slot(0)), Action::Leave(Slot(1)), Action::Join, Action::Join];
    assert_eq!(actions(&run), expected.map(|action| (1_000, action)));
    let pinned = run.driver.executed_plan();
    let mut again = Run::new(&pinned, TWO, 5, 0, 1);
    again.until(seconds(2));
    assert_eq!(actions(&again), actions(&run));

    let churn = plan(&["at = \"1s\"\nfor = \"5s\"\nchurn = { every = \"1s\", how = \"replace\" }"]);
    let mut run = Run::new(&churn, TWO, 5, 0, 1);
    run.until(seconds(9));
    let leaves = actions(&run).iter().filter(|(_, action)| matches!(action, Action::Leave(_))).count();
    assert_eq!((leaves, actions(&run).len()), (2, 4), "{:?}", actions(&run));
    assert_eq!(run.driver.activity().refused, 3);
}

#[test]
fn an_adversary_follows_the_leadership_until_its_budget_is_gone() {
    let model = FaultModel { crashed: 2, lost_disks: 0, byzantine: 2, outages: false };
    let adaptive = plan(&["at = \"1s\"\nadaptive = { every = \"1s\", count = 3 }"]);
    let mut run = Run::new(&adaptive, model, 7, 0, 1);
    for (index, place) in run.toy.ground.places.iter_mut().enumerate() {
        place.status.role = Some(if index == 6 { "primary" } else { "backup" });
        place.status.position = Some(index as u64);
    }
    run.until(seconds(9));
    assert_eq!(actions(&run), [(1_000, Action::Corrupt(Slot(5))), (2_000, Action::Corrupt(Slot(4)))]);
    assert_eq!(run.driver.executed()[2].refused, Some(Refusal::TraitorBudget));
}

#[test]
fn twins_take_a_place_if_the_budget_bears_both() {
    let twins = plan(&["at = \"1s\"\ntwins = { target = \"n1\", place = \"n4\" }"]);
    let mut run =
        Run::new(&twins, FaultModel { crashed: 2, lost_disks: 0, byzantine: 2, outages: false }, 7, 0, 1);
    run.until(seconds(2));
    assert_eq!(actions(&run), [(1_000, Action::Twin { slot: Slot(3), node: NodeId(0) })]);
    let mut run =
        Run::new(&twins, FaultModel { crashed: 1, lost_disks: 0, byzantine: 1, outages: false }, 4, 0, 1);
    run.until(seconds(2));
    assert_eq!(run.driver.executed()[0].refused, Some(Refusal::TraitorBudget));
}

#[test]
fn events_fire_at_the_right_point_of_a_step() {
    let crash =
        |on: &str| format!("on = {on}\ncrash = {{ target = \"event.node\", restart_after = \"200ms\" }}");
    for (on, steps) in [
        ("{ event = \"pbft.prepared\", nth = 3, before = \"send\" }", 3),
        ("{ event = \"Prepared\", nth = 2 }", 2),
        ("{ send = \"pre-prepare\", before = \"send\" }", 1),
        ("{ event = \"prepared\", role = \"primary\" }", 4),
    ] {
        let mut run = Run::new(&plan(&[&crash(on)]), TWO, 5, 0, 1);
        for step in 1..=5 {
            run.until(seconds(step));
            run.toy.ground.places[2].status.role = Some(if step < 4 { "backup" } else { "leader" });
            if run.toy.ground.places[2].up {
                run.step(Slot(2), "Prepared", "PrePrepare");
            }
        }
        run.until(seconds(9));
        let back = (steps * 1_000 + 200, Action::Restart(Slot(2)));
        assert_eq!(actions(&run), [(steps * 1_000, Action::Crash(Slot(2))), back], "{on}");
        let left = run.driver.awaiting_observation("Prepared").or(run.driver.awaiting_message("PrePrepare"));
        assert_eq!(left, None, "{on}");
    }
}

#[test]
fn before_send_strikes_within_the_step_and_otherwise_after_it() {
    let text = "on = { event = \"Voted\", before = \"send\" }\npause = { target = \"event.node\" }";
    let mut run = Run::new(&plan(&[text]), TWO, 5, 0, 1);
    let awaiting = |kind| run.driver.awaiting_observation(kind).is_some();
    assert!(awaiting("Voted") && !awaiting("Vowed") && run.driver.awaiting_message("Voted").is_none());
    let mut now = Vec::new();
    run.see(Slot(3), "Voted", &mut now);
    assert_eq!(now, [Action::Pause(Slot(3))]);

    let text = "on = { event = \"Voted\" }\npause = { target = \"event.node\" }";
    let mut run = Run::new(&plan(&[text]), TWO, 5, 0, 1);
    let (mut now, mut later) = (Vec::new(), Vec::new());
    run.see(Slot(3), "Voted", &mut now);
    run.driver.stepped(&run.toy.ground, &mut later);
    assert_eq!((now, later), (vec![], vec![Action::Pause(Slot(3))]));

    let text = "on = { event = \"Voted\", after = \"1s\" }\npause = { target = \"event.node\" }";
    let mut run = Run::new(&plan(&[text]), TWO, 5, 0, 1);
    run.step(Slot(3), "Voted", "Vote");
    assert_eq!(actions(&run), []);
    run.until(seconds(1));
    assert_eq!(actions(&run), [(1_000, Action::Pause(Slot(3)))]);
}

#[test]
fn the_budget_is_enforced_and_refusals_are_named() {
    let crash = plan(&["at = \"1s\"\ncrash = { target = \"all\", restart_after = \"1s\" }"]);
    let mut run = Run::new(&crash, TWO, 5, 0, 1);
    run.until(seconds(1));
    let log = run.driver.executed();
    assert_eq!(
        (log[0].refused, &log[0].slots),
        (Some(Refusal::CrashBudget), &vec![Slot(2), Slot(3), Slot(4)])
    );
    assert_eq!((log[1].refused, &log[1].slots), (None, &vec![Slot(0), Slot(1)]));
    assert_eq!(run.driver.activity().family(Family::Process), 1);
    assert_eq!(run.driver.activity().refused, 1);
    assert!(!run.driver.over_budget());

    let over = crate::fault::FaultPlan { over_budget: true, ..crash };
    let mut run = Run::new(&over, TWO, 5, 0, 1);
    run.until(seconds(1));
    assert!(run.driver.over_budget());
    assert_eq!(run.driver.executed()[0].slots.len(), 5);
}

#[test]
fn what_overlaps_at_run_time_is_refused_and_nothing_is_stuck() {
    let twice = plan(&[
        "at = \"1s\"\nfor = \"2s\"\npause = { target = \"random(1)\" }",
        "at = \"2s\"\nfor = \"5s\"\npause = { target = \"leader\" }",
        "at = \"2s\"\ncrash = { target = \"leader\", restart_after = \"5s\" }",
        "at = \"3s\"\nfor = \"1s\"\npause = { target = \"leader\" }",
    ]);
    let mut run =
        Run::new(&twice, FaultModel { crashed: 1, lost_disks: 0, byzantine: 0, outages: false }, 1, 0, 1);
    run.toy.ground.places[0].status.role = Some("leader");
    run.until(seconds(9));
    // The drawn leader has to run, so nobody is found; the last one begins where the first ends.
    let times: Vec<u64> = actions(&run).into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [1_000, 3_000, 3_000, 4_000]);
    let refused: Vec<_> = run.driver.executed().iter().map(|line| line.refused).collect();
    assert_eq!(refused, [None, Some(Refusal::NoTarget), Some(Refusal::NoTarget), None]);
    assert!(run.toy.ground.places[0].runs());
    assert_eq!(run.driver.executed()[0].until_ns, Some(3_000_000_000));
    assert_eq!(run.driver.executed()[0].kind, Kind::Pause);
}

#[test]
fn draws_of_an_entry_do_not_depend_on_other_entries() {
    let target = |entries: &[&str]| {
        let mut run = Run::new(&plan(entries), TWO, 5, 0, 11);
        run.until(seconds(9));
        run.toy.done.iter().find(|(_, action)| matches!(action, Action::Pause(_))).cloned()
    };
    let pause = "id = 4\nat = \"2s\"\nfor = \"1s\"\npause = { target = \"random(1)\" }";
    let alone = target(&[pause]);
    assert_eq!(target(&[pause, "at = \"1s\"\npartition = { split = \"halves\" }"]), alone);
    let others: Vec<_> = (5..25)
        .map(|id| target(&[&pause.replace("id = 4", &format!("id = {id}"))]))
        .filter(|other| *other != alone)
        .collect();
    assert!(others.len() > 10, "another id draws another target");
}

#[test]
fn a_driver_refuses_a_plan_that_makes_no_sense() {
    let bad = plan(&["at = \"1s\"\ncrash = { target = \"n9\" }"]);
    let error = FaultDriver::new(bad, TWO, 5, 0, 1).unwrap_err();
    assert!(error.to_string().contains("unknown target \"n9\""), "{error}");
    assert_eq!(entry("at = \"1s\"\ncrash = { target = \"n9\" }").id, None);
}

/// When a crash struck that was to come between 10 and 90 ms after an event at 1 s, by seed.
fn struck_after_an_event(seed: u64, others: &[&str]) -> u64 {
    let drawn = "id = 7\non = { event = \"Led\", after = { uniform = { min = \"10ms\", max = \"90ms\" } } }\ncrash = { target = \"n1\" }";
    let entries: Vec<&str> = [drawn].into_iter().chain(others.iter().copied()).collect();
    let mut run = Run::new(&plan(&entries), TWO, 5, 0, seed);
    run.until(seconds(1));
    run.see(Slot(2), "Led", &mut Vec::new());
    run.until(seconds(2));
    let crash = actions(&run).into_iter().find(|(_, action)| *action == Action::Crash(Slot(0)));
    crash.unwrap().0
}

#[test]
fn a_drawn_delay_depends_on_the_seed_and_on_its_entry_alone() {
    let mut struck: Vec<u64> = (0..50).map(|seed| struck_after_an_event(seed, &[])).collect();
    assert_eq!(struck[3], struck_after_an_event(3, &["at = \"1s\"\npause = { target = \"n2\" }"]));
    struck.sort_unstable();
    assert!((1_010..1_025).contains(&struck[0]) && (1_075..=1_090).contains(&struck[49]), "{struck:?}");
    let absurd = "on = { event = \"Led\", after = { uniform = { min = \"9ms\", max = \"1ms\" } } }\ncrash = { target = \"n1\" }";
    assert!(FaultDriver::new(plan(&[absurd]), TWO, 5, 0, 1).is_err());
}
