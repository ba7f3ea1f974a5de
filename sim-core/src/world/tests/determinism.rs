//! The same run twice is the same run, and a process that is not deterministic is found out.

use super::accounting::{busy_cast, busy_setup};
use super::lab::{Actor, Lab, Notes, actor, say, setup, subject, traced};
use crate::identity::NodeId;
use crate::outcome::Outcome;
use crate::process::{Boot, Input};
use crate::registry::Launch;
use crate::setup::Setup;
use crate::simulate::simulate;
use crate::trace::first_difference;

fn run(setup: &Setup, launch: &Launch, cast: impl FnMut(&Boot<'_, Lab>) -> Actor + 'static) -> Outcome {
    simulate(setup, launch, subject(cast, &Notes::default())).unwrap()
}

#[test]
fn the_digest_is_the_same_twice_traced_and_without_checks() {
    for seed in 0..40 {
        let setup = busy_setup(seed);
        let one = run(&setup, &Launch::default(), busy_cast);
        let two = run(&setup, &Launch::default(), busy_cast);
        assert_eq!(one.digest, two.digest, "seed {seed}");
        let with_trace = run(&setup, &traced(), busy_cast);
        let again = run(&setup, &traced(), busy_cast);
        assert_eq!(one.digest, with_trace.digest, "seed {seed}");
        assert_eq!(first_difference(&with_trace.trace.unwrap(), &again.trace.unwrap()), None);
        let mut off = setup.clone();
        off.checks_off = vec!["lab/recorder".to_owned(), "linearizable".to_owned()];
        assert_eq!(one.digest, run(&off, &Launch::default(), busy_cast).digest, "seed {seed}");
    }
}

#[test]
fn another_seed_is_another_run() {
    let digests: Vec<_> =
        (0..20).map(|seed| run(&busy_setup(seed), &Launch::default(), busy_cast).digest.0).collect();
    let mut distinct = digests.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), digests.len());
}

#[test]
fn a_pinned_plan_does_the_same_again() {
    for seed in 0..40 {
        let mut setup = busy_setup(seed);
        let drawn = run(&setup, &Launch::default(), busy_cast);
        setup.faults = drawn.plan;
        let pinned = run(&setup, &Launch::default(), busy_cast);
        assert_eq!(drawn.digest, pinned.digest, "seed {seed}");
    }
}

/// Sends to its peers in the order of a hash set with random state: what nobody may do.
#[expect(clippy::disallowed_types, reason = "the injected bug is a random order")]
fn scattered(boot: &Boot<'_, Lab>) -> Actor {
    let peers: std::collections::HashSet<NodeId> = boot.members.iter().copied().collect();
    actor(move |input, cx| {
        if matches!(input, Input::Start) {
            #[expect(clippy::iter_over_hash_type, reason = "the injected bug is a random order")]
            for peer in &peers {
                cx.send(*peer, say(1));
            }
        }
    })
}

#[test]
fn a_random_order_is_noticed_and_its_first_event_named() {
    let setup = setup(12);
    let one = run(&setup, &traced(), scattered);
    let two = run(&setup, &traced(), scattered);
    assert_ne!(one.digest, two.digest);
    let difference = first_difference(&one.trace.unwrap(), &two.trace.unwrap()).unwrap();
    let (left, right) = (difference.left.unwrap(), difference.right.unwrap());
    assert!(left.contains("\"what\":\"send\"") && right.contains("\"what\":\"send\""), "{left} {right}");
    assert!(left.contains("\"name\":\"n1\"") && left != right, "{left} {right}");
}
