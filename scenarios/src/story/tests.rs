//! Stories of real plants.

use sim_core::story::{Step, StepKind};

use super::*;
use crate::capsule::Capsule;
use crate::plan::compile;
use crate::replay::plan_of;
use crate::shrink::{ShrinkHooks, ShrinkOptions, shrink};
use crate::testing::{built_in, found, real};

/// The story of the first seed that fails with a plant on, shrunk a little.
fn story(plant: &str) -> Told {
    let registry = real();
    of_capsule(&registry, &found(&registry, plant))
}

fn of_capsule(registry: &sim_core::registry::Registry, capsule: &Capsule) -> Told {
    let options = ShrinkOptions { budget: 2_000, jobs: None, build: "b".to_owned() };
    let small = shrink(registry, capsule, &options, ShrinkHooks::NONE).unwrap().capsule;
    let plan = plan_of(registry, &small, small.setup.clone()).unwrap();
    tell_whole(&plan, small.fingerprint.as_deref()).unwrap().unwrap()
}

#[test]
fn a_story_ends_where_the_property_breaks_and_names_who_voted() {
    let told = story("vote-not-durable");
    let Story { check, headline, steps, .. } = &told.story;
    assert_eq!(check, "raft/one-vote");
    assert!(headline.contains("voted twice"), "{headline}");
    let last = steps.last().unwrap();
    assert_eq!(last.kind, StepKind::Violation);
    assert_eq!(last.note, format!("<- {headline}"));
    assert!(steps.len() <= MOST_STEPS);
    let numbers: Vec<u32> = steps.iter().map(|step| step.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
    assert!(steps.is_sorted_by_key(|step| step.at_ns));
    let voter = headline.split(' ').next().unwrap();
    let votes = |step: &&Step| step.text.starts_with(voter) && step.text.contains("voted term");
    assert!(steps.iter().filter(votes).count() >= 2, "{steps:#?}");
    // The crash that made it forget stands between the votes.
    assert!(steps.iter().any(|step| step.kind == StepKind::Fault && step.text.contains(voter)));
    // Without what is left of the faults, and without the plant, nothing is wrong.
    let [others @ .., clean] = &told.story.counterfactuals[..] else { panic!("no counterfactuals") };
    assert!(!others.is_empty() && others.iter().all(|other| other.step.is_some()));
    assert!(!clean.reproduced && clean.what.contains("vote-not-durable"), "{clean:?}");
    // What a process put on the disk is told: the vote is not there.
    assert!(steps.iter().any(|step| step.note.contains("vote none")), "{steps:#?}");
}

#[test]
fn messages_are_drawn_between_slots_that_take_part() {
    let Story { steps, slots, critical, .. } = story("commit-old-term-by-counting").story;
    let pair = critical.expect("some schedule nearby passes");
    assert!(pair.first < pair.second && pair.second as usize <= steps.len(), "{pair:?}");
    let arrows: Vec<_> = steps.iter().filter_map(|step| step.arrow.as_ref()).collect();
    assert!(!arrows.is_empty());
    for arrow in arrows {
        assert!(slots.contains(&arrow.from) && slots.contains(&arrow.to));
        assert!(arrow.arrived_ns.is_none_or(|arrived| arrived >= arrow.sent_ns));
    }
}

#[test]
fn a_run_that_breaks_nothing_has_no_story() {
    let loaded = built_in(&real(), "raft-wan-election");
    assert!(tell(&compile(&loaded, 1, &[]), None).unwrap().is_none());
}
