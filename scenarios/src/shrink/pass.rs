//! The order in which shrinking tries its passes.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::candidate::Candidate;
use super::passes::{afresh, background, fates, faults, horizon, members, workload};
use super::tester::{Seeds, Tested};
use crate::shrink_log::Pass;

/// Candidates, in the order in which they are tried.
pub(super) type Candidates<'a> = Box<dyn Iterator<Item = Candidate> + 'a>;

impl Pass {
    /// From this effort on fates are pinned: a run that needs none of them is much smaller, so it is looked for first.
    const PINNING: u64 = 63;

    /// From this effort on syncs are tried that all take the same time: before, what is given up for it would have been easy
    /// to do without, as a fault.
    const STEADYING: u64 = 63;

    /// What it makes of the best run so far, the boldest first.
    pub(super) fn candidates<'a>(
        self,
        best: &'a Tested,
        defaults: &'a Value,
        effort: u64,
        seeds: Seeds,
    ) -> Candidates<'a> {
        match self {
            Self::Horizon => horizon::end(best),
            Self::Families => faults::families(best),
            Self::Faults => faults::fewer(best),
            Self::Afresh => afresh::afresh(best, seeds, effort),
            Self::Targets => {
                Box::new(faults::rounds(best).chain(faults::versions(best)).chain(faults::targets(best)))
            }
            Self::Roles => faults::roles(best),
            Self::Waits => faults::waits(best),
            Self::Traitors => members::traitors(best),
            Self::Members => members::fewer(best),
            Self::Chance => background::chance(best, effort >= Self::PINNING, effort >= Self::STEADYING),
            Self::Fates => fates::fewer(best),
            Self::Clients => workload::clients(best),
            Self::Operations => workload::operations(best),
            Self::Knobs => background::knobs(best, defaults),
            Self::Lengths => faults::lengths(best),
            Self::Quiet => horizon::quiet(best),
            Self::Round => horizon::round(best),
            Self::Seeds => horizon::sooner(best),
            // Nothing that it makes is smaller.
            Self::Firm => Box::new(std::iter::empty()),
        }
    }

    /// Under which seeds its candidates are tried: 0 is that of the run itself.
    pub(super) const fn seeds(self, effort: u64) -> RangeInclusive<u64> {
        match self {
            // Nothing but the seed changes, so there is room for more of them.
            Self::Seeds => 1..=32 + effort * 8,
            // What it makes has other seeds already.
            Self::Horizon | Self::Afresh => 0..=0,
            Self::Operations | Self::Waits | Self::Lengths | Self::Quiet => 0..=effort / 4,
            // Many candidates, each of little worth.
            Self::Fates | Self::Knobs | Self::Round => 0..=effort / 16,
            _ => 0..=effort,
        }
    }
}
