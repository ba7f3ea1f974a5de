//! What shrinking tries, and in which order.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::candidate::Candidate;
use super::passes::{background, fates, faults, horizon, members, workload};
use super::tester::Tested;

/// One way to make a run smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pass {
    /// End at the violation; no second phase.
    Horizon,
    /// Leave out all faults of a family.
    Families,
    /// Leave out faults (delta debugging: halves first, single ones last).
    Faults,
    /// Aim a fault at fewer slots.
    Targets,
    /// Aim a fault at a role rather than at a slot, so that it finds its target under other seeds too.
    Roles,
    /// Let a fault wait for fewer occurrences of its event.
    Waits,
    /// Fewer traitors and twins, and what they do by default.
    Traitors,
    /// Leave out members, the last first.
    Members,
    /// Leave nothing to chance in the background: no loss, one latency, true clocks.
    Chance,
    /// Leave out pinned fates (delta debugging).
    Fates,
    /// Leave out clients.
    Clients,
    /// Fewer operations.
    Operations,
    /// Put parameters back to their defaults.
    Knobs,
    /// Let faults last to the end, or less long.
    Lengths,
    /// Leave out the quiet time before a fault.
    Quiet,
    /// Round times.
    Round,
    /// Another seed alone, under which the same happens in at most nine tenths of the time.
    Seeds,
    /// A run of the same shape of which more neighbors fail: another seed, latency, moment or length of a fault.
    Firm,
}

/// Candidates, in the order in which they are tried.
pub(super) type Candidates<'a> = Box<dyn Iterator<Item = Candidate> + 'a>;

impl Pass {
    /// Every pass, in order: first what makes runs short and cheap. The last one makes nothing smaller, and comes once
    /// nothing else helps.
    pub const ALL: [Self; 18] = [
        Self::Horizon,
        Self::Families,
        Self::Faults,
        Self::Targets,
        Self::Roles,
        Self::Traitors,
        Self::Members,
        Self::Seeds,
        Self::Clients,
        Self::Operations,
        Self::Chance,
        Self::Fates,
        Self::Knobs,
        Self::Waits,
        Self::Lengths,
        Self::Quiet,
        Self::Round,
        Self::Firm,
    ];

    /// From this effort on fates are pinned: a run that needs none of them is much smaller, so it is looked for first.
    const PINNING: u64 = 63;

    /// From this effort on syncs are tried that all take the same time: before, what is given up for it would have been easy
    /// to do without, as a fault.
    const STEADYING: u64 = 63;

    /// Its name, as in a log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Horizon => "horizon",
            Self::Families => "families",
            Self::Faults => "faults",
            Self::Targets => "targets",
            Self::Roles => "roles",
            Self::Waits => "waits",
            Self::Traitors => "traitors",
            Self::Members => "members",
            Self::Chance => "chance",
            Self::Fates => "fates",
            Self::Clients => "clients",
            Self::Operations => "operations",
            Self::Knobs => "knobs",
            Self::Lengths => "lengths",
            Self::Quiet => "quiet",
            Self::Round => "round",
            Self::Seeds => "seeds",
            Self::Firm => "firm",
        }
    }

    /// What it makes of the best run so far, the boldest first.
    pub(super) fn candidates<'a>(self, best: &'a Tested, defaults: &'a Value, effort: u64) -> Candidates<'a> {
        match self {
            Self::Horizon => horizon::end(best),
            Self::Families => faults::families(best),
            Self::Faults => faults::fewer(best),
            Self::Targets => faults::targets(best),
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
            Self::Horizon => 0..=0,
            Self::Operations | Self::Waits | Self::Lengths | Self::Quiet => 0..=effort / 4,
            // Many candidates, each of little worth.
            Self::Fates | Self::Knobs | Self::Round => 0..=effort / 16,
            _ => 0..=effort,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pass;

    #[test]
    fn names_are_those_of_the_file() {
        for pass in Pass::ALL {
            assert_eq!(serde_json::to_value(pass).unwrap(), pass.name());
        }
    }
}
