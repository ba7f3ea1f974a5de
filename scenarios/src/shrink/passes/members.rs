//! Fewer members, and fewer traitors among them.

use sim_core::identity::Slot;

use super::super::pass::Candidates;
use super::super::slots::remove_slot;
use super::super::tester::Tested;
use super::{parts, without};

/// Without a member. The last first: the names of all others stay.
pub(in super::super) fn fewer(best: &Tested) -> Candidates<'_> {
    let members = best.candidate.setup.members;
    let fewer = |member| best.candidate.with(|setup| remove_slot(setup, Slot(member)));
    Box::new((0..members).rev().filter(move |_| members > 1).map(fewer))
}

/// With fewer traitors and twins, or with traitors that do what they do by default.
pub(in super::super) fn traitors(best: &Tested) -> Candidates<'_> {
    let initial = &best.candidate.setup.initial;
    let traitors = parts(initial.corrupt.len())
        .map(|part| best.candidate.with(|setup| setup.initial.corrupt = without(&initial.corrupt, &part)));
    let twins = parts(initial.twins.len())
        .map(|part| best.candidate.with(|setup| setup.initial.twins = without(&initial.twins, &part)));
    Box::new(traitors.chain(twins))
}
