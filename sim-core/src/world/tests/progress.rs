//! Late is not never: what a core that makes no progress is accused of, and what excuses it.

use serde_json::json;

use super::lab::{
    In, Kept, Lab, Played, Saw, Tick, actor, faults, flow, millis, note, play_with, say, setup,
};
use crate::check::{Seen, Verdict};
use crate::distribution::Distribution;
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::outcome::{Progress, Stall};
use crate::process::{Boot, Context, Factory, Input, JournalId, Process, SyncId, TimerId};
use crate::progress::{Pace, Shares};
use crate::registry::{FaultModel, Launch};
use crate::setup::Setup;
use crate::simulate::{Liveness, Reach, Subject, simulate};
use crate::time::Duration;

/// Wants one note "done" of the core since the heal; "step" is something from before.
#[derive(Clone, Copy, Default)]
struct Done {
    suspects: Option<Stall>,
    knob: Option<&'static str>,
    chance: Option<f64>,
}

impl Liveness<Lab> for Done {
    fn owed(&self, _: &Ground, _: &[Slot]) -> Result<(), Stall> {
        Ok(())
    }
    /// 30 attempts of two windows are owed; a share is a tenth of the timeout, a hundredth for servers and lines.
    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        let shares =
            Shares { way: timeout / 10, sync: timeout / 10, serve: timeout / 100, ..Shares::of(timeout) };
        Pace { chance: self.chance.unwrap_or(0.5), shares, ..Pace::of(timeout) }
    }
    fn reached(&mut self, _: &Ground, core: &[Slot], seen: Option<&Seen<'_, Lab>>) -> Reach {
        match seen.filter(|seen| core.contains(&seen.slot)).map(|seen| seen.observation) {
            Some(Saw::Saw { what: "done", .. }) => Reach::All,
            Some(Saw::Saw { what: "step", .. }) => Reach::More,
            _ => Reach::Nothing,
        }
    }
    fn explain(&self, _: &Ground, _: &[Slot]) -> Option<Stall> {
        self.suspects
    }
    fn forfeits(&self) -> Option<&'static str> {
        self.knob
    }
}

/// Healed at 1 s, with a base timeout of 100 ms: progress is owed within 6 s, and overdue after 18 s.
fn healed() -> Setup {
    Setup { progress_timeout: Some(millis(100)), duration: millis(1_000), ..setup(3) }
}

fn run<S>(setup: &Setup, liveness: Done, script: impl Fn(u32) -> S + 'static) -> Played
where
    S: FnMut(In<'_>, &mut Context<'_, Lab>) + 'static,
{
    play_with(setup, move |boot| actor(script(boot.slot.0)), |subject| subject.liveness = Box::new(liveness))
}

/// Ticks every 50 ms for ever, and does `each` with the number of the tick.
fn ticking(mut each: impl FnMut(u64, &mut Context<'_, Lab>)) -> impl FnMut(In<'_>, &mut Context<'_, Lab>) {
    let mut tick = 0;
    move |input, cx| {
        if matches!(input, Input::Start | Input::Timer { .. }) {
            cx.set_timer(TimerId(0), millis(50), Tick { n: 0 });
            tick += 1;
            each(tick, cx);
        }
    }
}

fn stalled(played: &Played) -> (Stall, &str) {
    match &played.outcome.progress {
        Progress::Stalled { reason, detail } => {
            assert_eq!(played.outcome.verdict, Verdict::Inconclusive, "{:?}", played.outcome.violations);
            (*reason, detail)
        }
        other => panic!("{other:?}"),
    }
}

fn missed(played: &Played) -> &str {
    match &played.outcome.progress {
        Progress::Missed { detail } => {
            assert_eq!(played.outcome.verdict, Verdict::Liveness);
            detail
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_comes_in_time_passes_what_comes_late_misses_a_service_level_and_what_never_comes_accuses() {
    for (done, late) in [(130, false), (150, true), (370, true)] {
        let played = run(&healed(), Done::default(), move |_| {
            ticking(move |tick, cx| {
                cx.send(NodeId(0), say(tick));
                if tick == done {
                    note(cx, "done", 0);
                }
            })
        });
        let Progress::Made { late: told, .. } = &played.outcome.progress else { panic!("{done}") };
        assert_eq!(told.is_some(), late, "{done}: {told:?}");
        let verdict = if late { Verdict::Service } else { Verdict::Pass };
        assert_eq!(played.outcome.verdict, verdict);
        assert!(told.as_ref().is_none_or(|told| told.contains("30 are owed")), "{told:?}");
    }
    let never = run(&healed(), Done::default(), |_| ticking(|_, _| {}));
    assert!(missed(&never).contains("90 attempts passed"), "{}", missed(&never));
    assert_eq!(never.outcome.virtual_ns, 19_000_000_000);
}

/// Seed 12427 of `coordination-swarm`: a broken coordinator outside the core held things up for a while.
#[test]
fn what_would_excuse_a_stall_excuses_that_progress_is_late() {
    let done_late = |suspects| {
        run(&healed(), Done { suspects, ..Done::default() }, |_| {
            ticking(|tick, cx| {
                cx.send(NodeId(0), say(tick));
                if tick == 150 {
                    note(cx, "done", 0);
                }
            })
        })
    };
    for (suspects, verdict) in [(None, Verdict::Service), (Some(Stall::Outsider), Verdict::Pass)] {
        let played = done_late(suspects);
        let Progress::Made { late, .. } = &played.outcome.progress else { panic!("{suspects:?}") };
        assert_eq!((late.is_some(), played.outcome.verdict), (suspects.is_none(), verdict), "{suspects:?}");
    }
}

#[test]
fn a_service_level_of_the_scenario_is_judged_by_seconds() {
    let setup = Setup { recovery_within: Some(millis(400)), ..healed() };
    for (done, verdict) in [(25, Verdict::Pass), (40, Verdict::Service)] {
        let played = run(&setup, Done::default(), move |_| {
            ticking(move |tick, cx| {
                cx.send(NodeId(0), say(tick));
                if tick == done {
                    note(cx, "done", 0);
                }
            })
        });
        assert_eq!(played.outcome.verdict, verdict);
    }
}

#[test]
fn what_can_never_move_again_is_accused_at_once() {
    let played = run(&healed(), Done::default(), |_| |_: In<'_>, _: &mut Context<'_, Lab>| {});
    assert!(missed(&played).contains("nothing is under way"), "{}", missed(&played));
    assert!(played.outcome.virtual_ns < 1_200_000_000, "{}", played.outcome.virtual_ns);
}

/// The accused does not name its own deadline: a timeout that doubles without end makes attempts fail.
#[test]
fn an_endless_back_off_is_accused() {
    let played = run(&healed(), Done::default(), |_| {
        let mut wait = millis(50);
        move |input: In<'_>, cx: &mut Context<'_, Lab>| {
            if matches!(input, Input::Start | Input::Timer { .. }) {
                wait = wait * 2;
                cx.set_timer(TimerId(0), wait, Tick { n: 0 });
            }
        }
    });
    missed(&played);
}

/// The environment that is slow in each case, and what is named.
#[test]
fn an_environment_that_is_slow_is_named_and_excuses() {
    type Slow = fn(&mut Setup);
    let cases: [(Slow, &str); 5] = [
        (|setup| setup.network.latency = Distribution::Fixed(millis(11)), "the link from n"),
        (|setup| setup.network.bandwidth = Some(900_000.into()), "the line of n"),
        (|setup| setup.service.per_message = millis(2).into(), "with one message"),
        (|setup| setup.disk.sync = Distribution::Fixed(millis(11)), "the disk of n"),
        (|setup| setup.clocks.timer_jitter = millis(40), "a timer of n"),
    ];
    for (slow, named) in cases {
        let play = |slow: Slow| {
            let mut setup = healed();
            slow(&mut setup);
            run(&setup, Done::default(), |slot| {
                ticking(move |tick, cx| {
                    cx.send(NodeId((slot + 1) % 3), say(tick));
                    cx.append(JournalId(0), Kept { n: tick });
                    cx.sync(JournalId(0), SyncId(tick));
                })
            })
        };
        let (played, usual) = (play(slow), play(|_| {}));
        let (reason, detail) = stalled(&played);
        assert_eq!(reason, Stall::Untimely, "{detail}");
        assert!(detail.contains(named), "{detail}");
        missed(&usual);
    }
}

/// Each message takes its share of the line, but there are more of them than the line can carry.
#[test]
fn a_queue_that_the_protocol_fills_itself_is_no_excuse() {
    let mut setup = healed();
    setup.network.bandwidth = Some(2_000_000.into());
    let played = run(&setup, Done::default(), |slot| {
        ticking(move |tick, cx| {
            for _ in 0..200 {
                cx.send(NodeId((slot + 1) % 3), flow(tick));
            }
        })
    });
    missed(&played);
}

/// Old replies keep the count going, once each, and no longer.
#[test]
fn what_comes_from_before_starts_the_count_again_but_is_no_progress() {
    let played = run(&healed(), Done::default(), |_| {
        ticking(|tick, cx| {
            if tick == 100 || tick == 200 {
                note(cx, "step", tick);
            }
        })
    });
    missed(&played);
    // The last step comes at 9.95 s, and 180 windows follow.
    assert_eq!(played.outcome.virtual_ns, 27_900_000_000);
}

/// n1 is outside, and keeps the others from being done as long as they hear it.
fn disturbed(liveness: Done) -> Played {
    let mut setup = healed();
    setup.faults = faults(json!([{ "at": "10ms", "corrupt": { "target": "n1" } }]));
    run(&setup, liveness, |slot| {
        let mut silent = 0;
        let mut beat = ticking(move |tick, cx| {
            if slot == 0 {
                cx.send_all([NodeId(1), NodeId(2)], say(tick));
            }
        });
        move |input: In<'_>, cx: &mut Context<'_, Lab>| {
            match &input {
                Input::Message { .. } => silent = 0,
                Input::Timer { .. } => silent += 1,
                _ => {}
            }
            if silent > 10 && slot != 0 {
                note(cx, "done", 0);
            }
            beat(input, cx);
        }
    })
}

#[test]
fn somebody_outside_is_the_reason_if_without_them_there_is_progress() {
    let suspected = disturbed(Done { suspects: Some(Stall::Outsider), ..Done::default() });
    let (reason, detail) = stalled(&suspected);
    assert_eq!(reason, Stall::Outsider, "{detail}");
    missed(&disturbed(Done::default()));
    let innocent =
        run(&healed(), Done { suspects: Some(Stall::Outsider), ..Done::default() }, |_| ticking(|_, _| {}));
    assert!(missed(&innocent).contains("90 attempts"));
}

#[test]
fn a_knob_that_changes_nothing_is_not_named() {
    let liveness = Done { suspects: Some(Stall::Outsider), knob: Some("careful is off"), ..Done::default() };
    let played = disturbed(liveness);
    assert_eq!(stalled(&played).0, Stall::Outsider);
}

/// A member that is kept from being done by what it hears from n1, unless its knob is on.
struct Careless {
    slot: u32,
    careful: bool,
    silent: u64,
}

impl Process<Lab> for Careless {
    fn step(&mut self, input: In<'_>, cx: &mut Context<'_, Lab>) {
        match input {
            Input::Message { .. } if !self.careful => self.silent = 0,
            Input::Start | Input::Timer { .. } => {
                cx.set_timer(TimerId(0), millis(50), Tick { n: 0 });
                self.silent += 1;
                if self.slot == 0 {
                    cx.send_all([NodeId(1), NodeId(2)], say(0));
                } else if self.silent > 10 {
                    note(cx, "done", 0);
                }
            }
            _ => {}
        }
    }
    fn mend(&mut self) {
        self.careful = true;
    }
}

struct CarelessOnes;

impl Factory<Lab> for CarelessOnes {
    type Node = Careless;

    fn boot(&mut self, boot: Boot<'_, Lab>) -> Careless {
        Careless { slot: boot.slot.0, careful: false, silent: 0 }
    }
}

#[test]
fn a_knob_is_named_if_with_it_changed_there_is_progress() {
    let mut setup = healed();
    setup.faults = faults(json!([{ "at": "10ms", "corrupt": { "target": "n1" } }]));
    let liveness = Done { suspects: Some(Stall::Outsider), knob: Some("careful is off"), ..Done::default() };
    let subject = Subject {
        liveness: Box::new(liveness),
        model: FaultModel { crashed: 99, lost_disks: 99, byzantine: 99, outages: false },
        ..Subject::new("lab", CarelessOnes)
    };
    let outcome = simulate(&setup, &Launch::default(), subject).unwrap();
    let Progress::Stalled { reason, detail } = &outcome.progress else { panic!("{:?}", outcome.progress) };
    assert_eq!((*reason, outcome.verdict), (Stall::Knob, Verdict::Inconclusive));
    assert!(detail.starts_with("careful is off"), "{detail}");
}

#[test]
fn nothing_is_owed_by_a_protocol_that_seldom_succeeds() {
    let played = run(&healed(), Done { chance: Some(0.04), ..Done::default() }, |_| ticking(|_, _| {}));
    assert_eq!(stalled(&played).0, Stall::Settings);
}

/// What n1 said before the heal over a slow link comes for minutes, and resets whoever hears it.
#[test]
fn what_was_queued_before_the_heal_is_named_if_without_it_there_is_progress() {
    let mut setup = healed();
    setup.faults = faults(json!([
        { "at": "10ms", "rate_limit": { "target": "n1", "messages_per_second": 10 } },
        { "at": "900ms", "corrupt": { "target": "n1" } }
    ]));
    let played = run(&setup, Done::default(), |slot| {
        let (mut silent, mut said) = (0, false);
        let mut beat = ticking(|_, _| {});
        move |input: In<'_>, cx: &mut Context<'_, Lab>| {
            match &input {
                Input::Start if slot == 0 && !std::mem::replace(&mut said, true) => {
                    cx.set_timer(TimerId(1), millis(100), Tick { n: 1 });
                }
                Input::Timer { id: TimerId(1), .. } => {
                    for n in 0..5_000 {
                        cx.send_all([NodeId(1), NodeId(2)], say(n));
                    }
                    return;
                }
                Input::Message { .. } => silent = 0,
                Input::Timer { .. } => silent += 1,
                _ => {}
            }
            if silent > 10 && slot != 0 {
                note(cx, "done", 0);
            }
            beat(input, cx);
        }
    });
    let (reason, detail) = stalled(&played);
    assert_eq!(reason, Stall::Backlog, "{detail}");
    assert!(detail.contains("the queue from n1 to n"), "{detail}");
}
