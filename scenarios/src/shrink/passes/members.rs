//! Removes members and traitors.

use serde_json::Value;
use sim_core::adversary::Act;
use sim_core::facts::mutation::Scope;
use sim_core::identity::Slot;
use sim_core::ratio::Ratio;
use sim_core::setup::Setup;

use super::super::candidate::Candidate;
use super::super::pass::Candidates;
use super::super::slots::{remove_beside, remove_slot};
use super::super::tester::Tested;
use super::horizon::rounder;
use super::{parts, without};

/// From nothing, or with some of the members from nothing.
fn from_less(best: &Tested) -> impl Iterator<Item = Candidate> {
    let state = best.candidate.setup.initial.state.as_ref();
    let nothing = state.map(|_| best.candidate.with(|setup| setup.initial.state = None));
    let list = state.and_then(Value::as_array);
    let fewer = list.into_iter().flat_map(|list| parts(list.len()).map(|part| without(list, &part)));
    let some = fewer.map(|left| best.candidate.with(|setup| setup.initial.state = Some(left.into())));
    nothing.into_iter().chain(some)
}

/// With as few members as protocols need at least, or half of them; then without one. The last go first: the names of all
/// others stay.
pub(in super::super) fn fewer(best: &Tested) -> Candidates<'_> {
    let members = best.candidate.setup.members;
    let mut kept = vec![3, 4, 5, members.div_ceil(2)];
    kept.retain(|kept| kept + 1 < members);
    let few = move |kept| best.candidate.with(|setup| keep_members(setup, kept));
    let fewer = |member| best.candidate.with(|setup| remove_slot(setup, Slot(member)));
    let single = (0..members).rev().filter(move |_| members > 1).map(fewer);
    Box::new(from_less(best).chain(kept.into_iter().map(few)).chain(single))
}

/// Keeps so many members: all that the run begins with as traitors or twins, and the first ones beside them.
fn keep_members(setup: &mut Setup, kept: u32) {
    let named = setup.initial.twins.iter().flat_map(|(slot, of)| [*slot, *of]);
    let alone = setup.initial.corrupt.iter().chain(&setup.initial.beside).copied();
    let named: Vec<u32> = named.chain(alone).collect();
    for member in (0..setup.members).rev() {
        if setup.members > kept && !named.contains(&member) {
            remove_slot(setup, Slot(member));
        }
    }
}

/// With fewer traitors and twins, fewer rules for them, or traitors that do what they do by default or one thing only.
pub(in super::super) fn traitors(best: &Tested) -> Candidates<'_> {
    let initial = &best.candidate.setup.initial;
    let traitors = parts(initial.corrupt.len())
        .map(|part| best.candidate.with(|setup| setup.initial.corrupt = without(&initial.corrupt, &part)));
    let twins = parts(initial.twins.len())
        .map(|part| best.candidate.with(|setup| setup.initial.twins = without(&initial.twins, &part)));
    let beside =
        (0..initial.beside.len()).rev().map(|place| best.candidate.with(|setup| remove_beside(setup, place)));
    Box::new(traitors.chain(twins).chain(beside).chain(rules(best)).chain(behaviors(best)))
}

/// Fewer rules, each for all messages and in any role, with round times and nothing left to chance.
fn rules(best: &Tested) -> impl Iterator<Item = Candidate> {
    let setup = &best.candidate.setup;
    let fewer = parts(setup.adversaries.len())
        .map(|part| best.candidate.with(|setup| setup.adversaries = without(&setup.adversaries, &part)));
    let ungranted = setup.network.coalition_delay.map(|granted| {
        let set = |delay| best.candidate.with(|setup| setup.network.coalition_delay = delay);
        std::iter::once(None).chain(rounder(granted).map(Some)).map(set)
    });
    let plainer = setup.adversaries.iter().enumerate().flat_map(move |(index, rule)| {
        let set = move |act| best.candidate.with(|setup| setup.adversaries[index].act = act);
        plainer(&rule.act).into_iter().map(set)
    });
    fewer.chain(ungranted.into_iter().flatten()).chain(plainer)
}

/// What is easier to follow than an act of a traitor, the plainest first.
fn plainer(act: &Act) -> Vec<Act> {
    match act {
        Act::Delay { by } => rounder(*by).map(|by| Act::Delay { by }).collect(),
        Act::Drop { probability } if *probability != Ratio::ONE => {
            vec![Act::Silent, Act::Drop { probability: Ratio::ONE }]
        }
        Act::Replay { probability } if *probability != Ratio::ONE => {
            vec![Act::Replay { probability: Ratio::ONE }]
        }
        Act::Alter { field, scope, seal, probability } => {
            let with =
                |scope, seal, probability| Act::Alter { field: field.clone(), scope, seal, probability };
            let plainer = [
                with(*scope, *seal, Ratio::ONE),
                with(Scope::Small, *seal, *probability),
                with(*scope, true, *probability),
            ];
            plainer.into_iter().filter(|plainer| plainer != act).collect()
        }
        Act::Own { behavior, ways } => {
            (2..*ways).map(|ways| Act::Own { behavior: behavior.clone(), ways }).collect()
        }
        _ => Vec::new(),
    }
}

/// The behavior of traitors by default, or the same thing always.
fn behaviors(best: &Tested) -> impl Iterator<Item = Candidate> {
    let now = best.candidate.setup.behavior.as_deref();
    let named = best.plan.protocol.behaviors.iter().filter(move |_| now == Some("random"));
    let others =
        named.map(|behavior| Some(behavior.name.to_owned())).filter(move |name| name.as_deref() != now);
    let default = now.map(|_| None);
    default.into_iter().chain(others).map(|to| best.candidate.with(|setup| setup.behavior = to))
}
