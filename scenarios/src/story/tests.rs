//! Stories of real plants.

use sim_core::registry::Redraw;
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
    tell_whole(&plan, small.fingerprint.as_deref(), &|_| ()).unwrap().unwrap()
}

#[test]
fn a_story_ends_where_the_property_breaks_and_names_who_voted() {
    // The crash comes soon before the second vote here. Where it comes long before, no order of two steps decides.
    let (registry, plants) = (real(), ["vote-not-durable".to_owned()]);
    let loaded = built_in(&registry, "demo-bug");
    let plan = compile(&loaded, 192, &plants);
    let outcome = run(&plan, &Launch::default()).unwrap();
    let told = of_capsule(&registry, &Capsule::new(&loaded, &plan, &outcome, "b"));
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
    // What decides is whether the crash comes between the votes.
    let pair = told.story.critical.as_ref().expect("a crash at another moment makes nobody forget");
    let of_pair = |number: u32| &steps[number as usize - 1];
    assert!(pair.first < pair.second && pair.second as usize <= steps.len(), "{pair:?}");
    assert!(
        [pair.first, pair.second].map(of_pair).iter().any(|step| step.kind == StepKind::Fault),
        "{pair:?}"
    );
    assert!(pair.about.contains(&format!("crash {voter}\"")), "{pair:?}");
    // What a process put on the disk is told: the vote is not there.
    assert!(steps.iter().any(|step| step.note.contains("vote none")), "{steps:#?}");
}

/// Nobody votes twice in this run: what was promised, where it is lost and what may follow is all that there is to tell.
#[test]
fn a_story_of_a_restart_tells_the_promise_that_is_forgotten() {
    let Story { check, headline, steps, counterfactuals, .. } = story("vote-not-durable").story;
    assert_eq!(check, "raft/one-vote");
    let voter = headline.split(' ').next().unwrap();
    assert!(headline.contains("has forgotten its vote for n"), "{headline}");
    assert!(headline.ends_with("may have two leaders"), "{headline}");
    let [.., last] = &steps[..] else { panic!("no steps") };
    assert!(last.kind == StepKind::Violation && last.text.contains(" recovered term "), "{steps:#?}");
    // The vote, what the disk got of it, and the crash.
    let vote = steps.iter().find(|step| step.text.starts_with(voter) && step.text.contains("voted term"));
    assert!(vote.is_some_and(|vote| vote.note.contains("vote none")), "{steps:#?}");
    let crash = |step: &Step| step.kind == StepKind::Fault && step.text.contains(&format!("crash {voter}"));
    assert!(steps.iter().any(crash), "{steps:#?}");
    assert!(counterfactuals.iter().all(|other| !other.reproduced), "{counterfactuals:#?}");
}

#[test]
fn what_led_to_it_last_is_told_where_a_trace_does_not_hold_the_whole_run() {
    let registry = real();
    let capsule = found(&registry, "vote-not-durable");
    let plan = plan_of(&registry, &capsule, capsule.setup.clone()).unwrap();
    let whole = tell(&plan, None).unwrap().unwrap();
    let events = whole.outcome.trace.as_ref().unwrap().events.len() as u64;
    let told = tell_within(&plan, None, events / 2).unwrap().unwrap();
    let trace = told.outcome.trace.as_ref().unwrap();
    assert!(trace.events.len() < whole.outcome.trace.as_ref().unwrap().events.len() / 2 + 1);
    assert_eq!(told.story.steps.last().unwrap().kind, StepKind::Violation);
    assert_eq!(told.story.headline, whole.story.headline);
    // With room for hardly anything there is no story, rather than one of something else.
    assert!(tell_within(&plan, None, 2).unwrap().is_none());
}

/// A second vote is the first sign; two leaders are what comes of it.
#[test]
fn a_story_goes_on_to_what_a_user_would_see() {
    let loaded = built_in(&real(), "raft-witness-vote-not-durable");
    let plan = compile(&loaded, 1, &["vote-not-durable".to_owned()]);
    let heard = std::cell::RefCell::new(Vec::new());
    let story = tell_whole(&plan, None, &|stage| heard.borrow_mut().push(stage)).unwrap().unwrap().story;
    assert_eq!(story.check, "raft/one-vote");
    // Whoever waits hears of every stage, and of each run of the longest one.
    let heard = heard.into_inner();
    assert_eq!(heard[..3], [StoryStage::Trace, StoryStage::Consequence, StoryStage::Order]);
    let of = story.counterfactuals.len();
    assert!(of > 0 && (1..=of).all(|run| heard[2 + run] == StoryStage::WhatIf { run, of }), "{heard:?}");
    assert!(matches!(heard[3 + of], StoryStage::Likelihood { moment: 1, .. }), "{heard:?}");
    let consequence = story.consequence.unwrap();
    assert_eq!(consequence.check, "raft/election-safety");
    assert!(consequence.at_ns >= story.steps.last().unwrap().at_ns && consequence.given.is_empty());
}

/// In reliable broadcast no fault is there to be moved, and messages alone are.
#[test]
fn a_pair_is_looked_for_in_every_protocol() {
    let registry = real();
    let loaded = built_in(&registry, "bracha-beyond-f");
    let plan = compile(&loaded, 1, &[]);
    let outcome = run(&plan, &Launch::default()).unwrap();
    let story = of_capsule(&registry, &Capsule::new(&loaded, &plan, &outcome, "b")).story;
    assert!(story.check == "bracha/agreement" && story.critical_sought, "{story:#?}");
    if let Some(pair) = story.critical {
        assert!(pair.first < pair.second && pair.about.ends_with("the run passes"), "{pair:?}");
    }
}

#[test]
fn messages_are_drawn_between_slots_that_take_part() {
    let Story { steps, slots, .. } = story("vote-not-durable").story;
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

/// A server forgets its vote in a crash and votes twice. With other chance from the start that is rare; once both votes are
/// under way it is sure.
#[test]
fn a_run_is_doomed_from_the_moment_that_decides() {
    let (registry, plants) = (real(), ["vote-not-durable".to_owned()]);
    let plan = compile(&built_in(&registry, "demo-bug"), 133, &plants);
    let outcome = run(&plan, &Launch::default()).unwrap();
    let broken = &outcome.violations[0];
    let options = LikelihoodOptions { moments: 16, draws: 20 };
    let found = likelihood(&plan, Some(&broken.fingerprint), options, &|_| ()).unwrap().unwrap();
    assert_eq!((found.found_ns, found.moments.len(), found.moments[0].at_ns), (broken.at_ns, 16, 0));
    assert!(found.moments.is_sorted_by_key(|moment| moment.at_ns));
    assert!(found.moments[0].percent() < 60, "{found:#?}");
    let open = found.open_ns.unwrap();
    assert!(open < found.doomed_ns && found.doomed_ns <= found.found_ns);
    // The moments close in on the one that decides.
    assert!(found.doomed_ns - open <= found.found_ns / 64, "{found:#?}");
    assert!(found.moments.iter().filter(|moment| moment.at_ns >= found.doomed_ns).all(|at| at.count >= 19));
    assert_eq!(likelihood(&plan, Some(&broken.fingerprint), options, &|_| ()).unwrap(), Some(found));
    assert_eq!(likelihood(&plan, Some("another"), options, &|_| ()).unwrap(), None);
}

/// Up to the moment it is the run of its seed; what comes after it is another one, and always the same.
#[test]
fn chance_is_drawn_anew_from_a_moment_on() {
    let plan = compile(&built_in(&real(), "raft-swarm"), 3, &[]);
    let traced = |redraw: Option<Redraw>| {
        let trace = Some(TraceRequest::default());
        run(&plan, &Launch { trace, redraw, ..Launch::default() }).unwrap()
    };
    let plain = traced(None);
    let at = Time::from_nanos(plain.virtual_ns / 3);
    let other = traced(Some(Redraw { at, seed: 99 }));
    let before = |outcome: &Outcome| {
        let events = &outcome.trace.as_ref().unwrap().events;
        events.iter().filter(|event| event.at < at).cloned().collect::<Vec<_>>()
    };
    assert!(before(&plain).len() > 100);
    assert_eq!(format!("{:?}", before(&plain)), format!("{:?}", before(&other)));
    assert_ne!(plain.digest, other.digest);
    assert_eq!(other.digest, traced(Some(Redraw { at, seed: 99 })).digest);
    assert_ne!(other.digest, traced(Some(Redraw { at, seed: 98 })).digest);
    let late = Redraw { at: Time::MAX, seed: 99 };
    assert_eq!(plain.digest, traced(Some(late)).digest);
}
