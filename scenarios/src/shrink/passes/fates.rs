//! Removes pinned fates of messages.

use sim_core::network::Pin;

use super::super::pass::Candidates;
use super::super::tester::Tested;
use super::{parts, without};

/// Without some pinned fates.
pub(in super::super) fn fewer(best: &Tested) -> Candidates<'_> {
    let pins: Vec<Pin> = best.candidate.setup.pins.iter().copied().collect();
    let parts = parts(pins.len());
    let fewer =
        move |part| best.candidate.with(|setup| setup.pins = without(&pins, &part).into_iter().collect());
    Box::new(parts.map(fewer))
}
