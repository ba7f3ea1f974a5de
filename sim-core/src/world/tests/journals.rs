//! What a disk keeps, what a crash takes, and what a process is told of it.

use serde_json::json;

use super::lab::{Actor, Cx, In, Kept, Lab, Played, Tick, actor, faults, millis, note, play, setup};
use crate::distribution::Distribution;
use crate::fault::Refusal;
use crate::process::{Boot, Input, JournalId, Start, Stored, SyncId, SyncResult, TimerId};
use crate::setup::Setup;
use crate::time::{Duration, Time};

const LOG: JournalId = JournalId(0);

/// Appends 1 to 3 and syncs; when that is done appends 4 to 6 and does not. A restart notes what it finds.
fn writer(boot: &Boot<'_, Lab>) -> Actor {
    let found: Vec<Stored<Kept>> = boot.journal(LOG).records.to_vec();
    let (torn, start) = (boot.journal(LOG).torn, boot.start);
    actor(move |input, cx| match input {
        Input::Start if start == Start::Genesis => {
            (1..=3).for_each(|n| cx.append(LOG, Kept { n }));
            cx.sync(LOG, SyncId(1));
        }
        Input::Start => {
            for stored in &found {
                match stored {
                    Stored::Intact(record) => note(cx, "found", record.n),
                    Stored::Damaged => note(cx, "damaged", 0),
                }
            }
            note(cx, "torn", u64::from(torn));
        }
        Input::Synced { .. } => {
            (4..=6).for_each(|n| cx.append(LOG, Kept { n }));
            note(cx, "written", 6);
        }
        _ => {}
    })
}

fn crashed_with(seed: u64, disk: Option<&str>) -> Played {
    let mut setup = setup(1);
    setup.seed = seed;
    let mut plan = vec![json!({ "at": "100ms", "crash": { "target": "n1", "restart_after": "50ms" } })];
    if let Some(fault) = disk {
        plan.push(json!({ "at": "50ms", "disk": { "target": "n1", "fault": fault } }));
    }
    setup.faults = faults(json!(plan));
    play(&setup, writer)
}

#[test]
fn a_crash_loses_only_what_was_not_synced() {
    let (mut lengths, mut torn) = (Vec::new(), 0);
    for seed in 0..64 {
        let played = crashed_with(seed, None);
        let found = played.numbers("found");
        assert!(found.len() >= 3 && found == (1..=found.len() as u64).collect::<Vec<_>>(), "{found:?}");
        lengths.push(found.len());
        torn += played.numbers("torn")[0];
    }
    assert!((3..=6).all(|length| lengths.contains(&length)), "every tail is possible");
    assert!((5..60).contains(&torn), "a torn end is possible, not certain: {torn}");
}

#[test]
fn faults_of_the_disk_decide_what_becomes_of_the_tail() {
    for seed in 0..16 {
        let lost = crashed_with(seed, Some("lose-tail"));
        assert_eq!((lost.numbers("found"), lost.numbers("torn")), (vec![1, 2, 3], vec![0]));
        let torn = crashed_with(seed, Some("tear-tail"));
        assert_eq!(torn.numbers("torn"), [1]);
        assert!(torn.numbers("found").len() < 6);
    }
}

#[test]
fn observations_are_stamped_with_what_is_durable() {
    let played = crashed_with(1, Some("lose-tail"));
    let mark = |what: &str| played.lines.iter().find(|line| line.what == what).unwrap().mark;
    assert_eq!((mark("written").appended, mark("written").durable), (6, 3));
    assert_eq!((mark("torn").appended, mark("torn").durable), (3, 3));
}

/// Also where a disk takes no time, so that they end at one instant, and where one of them fails.
#[test]
fn syncs_of_a_slot_end_in_the_order_in_which_they_were_asked_for() {
    for seed in 0..32 {
        for fault in [None, Some("failing")] {
            let mut setup = setup(1);
            setup.seed = seed;
            if let Some(fault) = fault {
                setup.faults = faults(json!([{ "at": "0s", "disk": { "target": "n1", "fault": fault } }]));
            }
            let played = play(&setup, |_| {
                actor(|input, cx| match input {
                    Input::Start => cx.set_timer(TimerId(0), millis(1), Tick { n: 0 }),
                    Input::Timer { .. } => (1..=6).for_each(|n| {
                        cx.append(LOG, Kept { n });
                        cx.sync(LOG, SyncId(n));
                    }),
                    Input::Synced { id, .. } => note(cx, "synced", id.0),
                    _ => {}
                })
            });
            assert_eq!(played.numbers("synced"), [1, 2, 3, 4, 5, 6], "seed {seed}, {fault:?}");
        }
    }
}

#[test]
fn rot_is_found_at_boot() {
    let played = crashed_with(3, Some("rot"));
    assert_eq!(played.noted("damaged").len(), 1);
    assert!(played.numbers("found").len() >= 2);
}

#[test]
fn an_empty_disk_cannot_rot() {
    let mut setup = ill("rot");
    // Before anything is durable.
    setup.faults = faults(json!([{ "at": "50ms", "disk": { "target": "n1", "fault": "rot" } }]));
    let executed = play(&setup, ticking).outcome.faults;
    assert_eq!(executed.len(), 1);
    assert_eq!(executed[0].refused, Some(Refusal::EmptyDisk));
}

/// Appends one record at each tick and syncs; notes how that ended, and what is durable by then.
fn ticking(boot: &Boot<'_, Lab>) -> Actor {
    let _ = boot;
    let mut n = 0;
    actor(move |input: In<'_>, cx: &mut Cx<'_>| match input {
        Input::Start => cx.set_timer(TimerId(0), millis(100), Tick { n: 0 }),
        Input::Timer { .. } => {
            n += 1;
            cx.append(LOG, Kept { n });
            cx.sync(LOG, SyncId(n));
            cx.set_timer(TimerId(0), millis(100), Tick { n });
        }
        Input::Synced { result, .. } => note(cx, "synced", result as u64),
        _ => {}
    })
}

fn ill(fault: &str) -> Setup {
    let mut setup = setup(1);
    setup.duration = millis(550);
    setup.disk.sync = Distribution::Fixed(millis(1));
    setup.faults =
        faults(json!([{ "at": "150ms", "for": "200ms", "disk": { "target": "n1", "fault": fault } }]));
    setup
}

#[test]
fn a_full_or_failing_disk_says_so_and_a_later_sync_makes_up_for_it() {
    for (fault, result) in [("full", SyncResult::Full), ("failing", SyncResult::Io)] {
        let played = play(&ill(fault), ticking);
        let ok = SyncResult::Ok as u64;
        let bad = result as u64;
        assert_eq!(played.numbers("synced"), [ok, bad, bad, ok, ok]);
        let durable: Vec<u64> =
            played.lines.iter().filter(|line| line.what == "synced").map(|line| line.mark.durable).collect();
        assert_eq!(durable, [1, 1, 1, 4, 5]);
        assert_eq!(played.outcome.activity["syncs.failed"], 2);
        assert_eq!(played.outcome.activity["syncs.ok"], 3);
    }
}

#[test]
fn a_disk_fault_stays_in_force_when_the_disk_is_wiped() {
    let mut setup = ill("full");
    setup.faults = faults(json!([
        { "at": "50ms", "for": "300ms", "disk": { "target": "n1", "fault": "full" } },
        { "at": "120ms", "amnesia": { "target": "n1", "restart_after": "10ms" } },
    ]));
    let [ok, full] = [SyncResult::Ok as u64, SyncResult::Full as u64];
    let synced = play(&setup, ticking).noted("synced");
    assert_eq!(synced, [(101, 0, full), (231, 0, full), (331, 0, full), (431, 0, ok), (531, 0, ok)]);
}

#[test]
fn a_slow_disk_takes_its_time() {
    let mut setup = ill("full");
    setup.faults = faults(json!([
        { "at": "150ms", "disk": { "target": "n1", "fault": { "slow": { "percent": 1000, "extra": "5ms" } } } }
    ]));
    let times: Vec<u64> = play(&setup, ticking).noted("synced").iter().map(|(at, _, _)| *at).collect();
    assert_eq!(times, [101, 215, 315, 415, 515]);
}

#[test]
fn a_rewrite_that_is_not_synced_comes_back_whole_or_not_at_all() {
    let mut seen = Vec::new();
    for seed in 0..32 {
        let mut setup = setup(1);
        setup.seed = seed;
        setup.faults =
            faults(json!([{ "at": "100ms", "crash": { "target": "n1", "restart_after": "1ms" } }]));
        let played = play(&setup, |boot| {
            let found: Vec<u64> = boot.journal(LOG).intact().unwrap().map(|record| record.n).collect();
            let start = boot.start;
            actor(move |input, cx| match input {
                Input::Start if start == Start::Genesis => {
                    (1..=3).for_each(|n| cx.append(LOG, Kept { n }));
                    cx.sync(LOG, SyncId(1));
                }
                Input::Start => found.iter().for_each(|n| note(cx, "found", *n)),
                Input::Synced { .. } => cx.rewrite(LOG, vec![Kept { n: 8 }, Kept { n: 9 }]),
                _ => {}
            })
        });
        seen.push(played.numbers("found"));
    }
    assert!(seen.iter().all(|found| *found == [1, 2, 3] || *found == [8, 9]), "{seen:?}");
    assert!(seen.contains(&vec![1, 2, 3]) && seen.contains(&vec![8, 9]));
}

/// From `start` on appends to both journals and syncs the first, and the second before it every so often; notes how long
/// each sync of the first took.
fn two_journals(start: Duration, others: u64) -> impl FnMut(&Boot<'_, Lab>) -> Actor {
    let other = JournalId(1);
    move |_| {
        let (mut n, mut asked) = (0, Time::ZERO);
        actor(move |input: In<'_>, cx: &mut Cx<'_>| match input {
            Input::Start => cx.set_timer(TimerId(0), start, Tick { n: 0 }),
            Input::Timer { .. } => {
                n += 1;
                if others > 0 && n % others == 0 {
                    cx.append(other, Kept { n });
                    cx.sync(other, SyncId(1_000 + n));
                }
                cx.append(LOG, Kept { n });
                cx.sync(LOG, SyncId(n));
                asked = cx.now();
                cx.set_timer(TimerId(0), millis(100), Tick { n });
            }
            Input::Synced { id, .. } if id.0 < 1_000 => note(cx, "took", cx.now().since(asked).as_nanos()),
            _ => {}
        })
    }
}

#[test]
fn a_sync_takes_as_long_whenever_it_is_and_whatever_other_journals_do() {
    let mut setup = setup(1);
    setup.disk.sync = Distribution::Uniform { min: millis(1), max: millis(40) };
    let took = |start, others| play(&setup, two_journals(start, others)).numbers("took");
    let usual = took(millis(100), 0);
    assert!(usual.len() > 90 && usual[0] != usual[1], "{usual:?}");
    assert_eq!(took(Duration::from_micros(100_001), 0), usual);
    // One disk does one thing after the other, so only those syncs that wait for none are compared.
    let among = took(millis(100), 2);
    assert!((0..90).step_by(2).all(|sync| among[sync] == usual[sync]), "{among:?}");
}

#[test]
fn a_crash_a_little_later_takes_the_same_tail() {
    let after = |micros: u64| {
        let mut setup = setup(1);
        let crash = json!({ "target": "n1", "restart_after": "50ms" });
        setup.faults = faults(json!([{ "at": format!("{micros}us"), "crash": crash }]));
        (0..32).map(move |seed| {
            setup.seed = seed;
            let played = play(&setup, writer);
            (played.numbers("found"), played.numbers("torn"))
        })
    };
    assert!(after(100_000).eq(after(100_003)));
}
