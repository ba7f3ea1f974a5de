//! The core is healed, everything else stays broken.

use super::{TWO, plan, seconds};
use crate::fault::FaultModel;
use crate::fault::action::DiskFault;
use crate::fault::toy::Run;
use crate::identity::Slot;

const CORE: [Slot; 3] = [Slot(0), Slot(1), Slot(2)];
const ANY: FaultModel = FaultModel { crashed: 5, lost_disks: 5, byzantine: 0, outages: false };

fn healed(entries: &[&str]) -> Run {
    let mut run = Run::new(&plan(entries), ANY, 5, 2, 3);
    run.until(seconds(10));
    run.heal(&CORE);
    assert_eq!(run.driver.next_at(), None);
    run
}

#[test]
fn slots_of_the_core_are_healed_and_others_stay_broken() {
    let run = healed(&[
        "at = \"1s\"\ncrash = { target = \"n1,n4\", restart_after = \"1h\" }",
        "at = \"1s\"\npause = { target = \"n2,n5\" }",
        "at = \"1s\"\nslow = { target = \"n1,n4\", percent = 500 }",
        "at = \"1s\"\ndisk = { target = \"all\", fault = \"failing\" }",
        "at = \"1s\"\nclock = { target = \"n3,n5\", freeze = true }",
        "on = { event = \"Never\" }\ncrash = { target = \"n1\" }",
    ]);
    let places = &run.toy.ground.places;
    assert!(places[..3].iter().all(crate::ground::Place::runs));
    assert!(!places[3].up && places[4].paused);
    assert_eq!(run.toy.slow.iter().collect::<Vec<_>>(), [&Slot(3)]);
    assert!(run.toy.disks.values().all(|fault| *fault == DiskFault::Failing));
    assert_eq!(run.toy.disks.keys().collect::<Vec<_>>(), [&Slot(3), &Slot(4)]);
    assert_eq!(run.toy.clocks.keys().collect::<Vec<_>>(), [&Slot(4)]);
    assert!(run.driver.awaiting_observation("Never").is_none());
}

#[test]
fn links_of_the_core_are_healed_and_others_stay_as_they_are() {
    for text in [
        "partition = { isolate = \"n1\" }",
        "partition = { isolate = \"n1,n4\", direction = \"inbound\" }",
        "partition = { isolate = \"n2\", direction = \"outbound\", clients = \"spread\" }",
        "partition = { split = \"halves\", clients = \"spread\" }",
        "partition = { split = \"random\", parts = 4 }",
        "partition = { split = \"bridge\" }",
        "partition = { split = \"majorities-ring\" }",
        "partition = { from = \"n1,n4\", to = \"n2,n5,c1\" }",
        "partition = { links = [[1, 4], [2, 5]] }",
        "partition = { groups = [\"n1,n4\", \"n2\"] }",
        "loss = { probability = \"1/2\" }",
        "loss = { target = \"n1,n4\", probability = \"1/2\" }",
        "loss = { from = \"n4,n2\", probability = \"1/2\" }",
        "loss = { from = \"n1,n4\", to = \"n1,n5\", probability = \"1/2\" }",
    ] {
        for target in 0..4 {
            let mut run = Run::new(&plan(&[&format!("id = {target}\nat = \"1s\"\n{text}")]), ANY, 5, 2, 3);
            run.until(seconds(1));
            let state = |run: &Run| -> Vec<(Slot, Slot, bool, bool)> {
                let slots = || (0..7).map(Slot);
                slots()
                    .flat_map(|a| slots().filter(move |b| a != *b).map(move |b| (a, b)))
                    .map(|(a, b)| (a, b, run.toy.passes(a, b), run.toy.is_degraded(a, b)))
                    .collect()
            };
            let before = state(&run);
            assert!(before.iter().any(|(_, _, passes, degraded)| !passes || *degraded), "{text}");
            run.heal(&CORE);
            let core = |slot: &Slot| CORE.contains(slot) || slot.0 >= 5;
            for (old, new) in before.iter().zip(state(&run)) {
                let inside = core(&old.0) && core(&old.1);
                let expected = if inside { (old.0, old.1, true, false) } else { *old };
                assert_eq!(new, expected, "{text}");
            }
        }
    }
}

#[test]
fn a_flapping_link_stays_as_it_was_found() {
    for (millis, cut) in [(1_050, true), (1_150, false)] {
        let flap = "at = \"1s\"\nflap = { target = \"n4\", period = \"200ms\" }";
        let mut run = Run::new(&plan(&[flap]), ANY, 5, 0, 3);
        run.until(crate::time::Time::from_nanos(millis * 1_000_000));
        run.heal(&CORE);
        assert_eq!(run.toy.passes(Slot(3), Slot(0)), !cut);
        assert_eq!(run.driver.next_at(), None);
    }
}

#[test]
fn a_core_is_a_quorum_of_each_electorate_and_newcomers_are_in_it() {
    let entries = [
        "at = \"1s\"\njoin = { count = 2 }",
        "at = \"2s\"\namnesia = { target = \"n1\", restart_after = \"1s\" }",
    ];
    let mut run = Run::new(&plan(&entries), TWO, 5, 0, 3);
    run.until(seconds(5));
    let ground = &mut run.toy.ground;
    let votes = |ground: &crate::ground::Ground, slots: &[usize], quorum| crate::ground::Electorate {
        members: slots.iter().map(|slot| ground.places[*slot].node).collect(),
        quorum,
    };
    // Those with a disk that is there, and before a change that is joint.
    ground.electorates = vec![votes(ground, &[4, 5, 6], 2), votes(ground, &[1, 2, 3, 4, 5], 3)];
    let mut newcomers = 0;
    for attempt in 0..200 {
        let core = run.driver.choose_core(&run.toy.ground, attempt);
        let of = |slots: &[u32]| core.iter().filter(|slot| slots.contains(&slot.0)).count();
        assert!(of(&[4, 5, 6]) >= 2 && of(&[1, 2, 3, 4, 5]) >= 3, "{core:?}");
        assert!(core.is_sorted());
        newcomers += of(&[6]);
    }
    assert!((50..200).contains(&newcomers), "{newcomers}");
}

#[test]
fn a_core_is_honest_with_intact_disks_and_large_enough() {
    let entries = [
        "at = \"1s\"\namnesia = { target = \"n1\", restart_after = \"1s\" }",
        "at = \"2s\"\ncrash = { target = \"n2\" }",
    ];
    let mut run = Run::new(&plan(&entries), TWO, 5, 0, 3);
    run.until(seconds(5));
    let mut seen = [0; 5];
    for attempt in 0..200 {
        let core = run.driver.choose_core(&run.toy.ground, attempt);
        assert!((3..=4).contains(&core.len()), "{core:?}");
        assert!(core.is_sorted());
        core.iter().for_each(|slot| seen[slot.index()] += 1);
    }
    assert_eq!(seen[0], 0, "its disk is lost");
    assert!(seen[1..].iter().all(|count| *count > 100), "{seen:?}");

    // A traitor is left out, a member that was never up is taken only if needed.
    run.toy.ground.places[4].honest = false;
    run.toy.ground.places[3].up = false;
    assert_eq!(run.driver.choose_core(&run.toy.ground, 0), [Slot(1), Slot(2), Slot(3)]);
    run.heal(&[Slot(1), Slot(2), Slot(3)]);
    assert!(run.toy.ground.places[1..4].iter().all(|place| place.up));
}
