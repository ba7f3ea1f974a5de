//! What shrinking did, kept in the capsule.

use serde::{Deserialize, Serialize};

/// What shrinking did to a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShrinkLog {
    /// The seed of the run that was found, which the small one may not have any more.
    pub found_at_seed: u64,
    /// How large the run was.
    pub before: Size,
    /// How large it is now.
    pub after: Size,
    /// How many runs it took.
    pub runs: u64,
    /// The passes that helped, in order.
    pub passes: Vec<PassLine>,
    /// Under how many other seeds every pass was tried on the run in vain; absent if the budget was used up before that
    /// was done under the run's own seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<u64>,
    /// How firmly it fails, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmness: Option<Firmness>,
}

/// How many of the nearest neighbors of a run fail in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firmness {
    /// How many were run.
    pub neighbors: u64,
    /// How many of them failed.
    pub failed: u64,
}

/// What one pass did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassLine {
    /// Which.
    pub pass: Pass,
    /// How many other seeds each of its candidates was tried with.
    pub other_seeds: u64,
    /// How many runs it took.
    pub runs: u64,
    /// The size before it.
    pub before: Size,
    /// The size after it.
    pub after: Size,
}

impl ShrinkLog {
    /// Under how many other seeds every pass is tried at most.
    pub const MOST_TRIED: u64 = 255;

    /// The log of a run of a seed and a size that is about to be shrunk, or shrunk on after what an earlier log tells.
    pub(crate) fn new(earlier: Option<&Self>, seed: u64, size: Size) -> Self {
        let new = Self {
            found_at_seed: seed,
            before: size,
            after: size,
            runs: 0,
            passes: Vec::new(),
            tried: None,
            firmness: None,
        };
        match earlier {
            Some(log) => Self { after: size, tried: None, firmness: None, ..log.clone() },
            None => new,
        }
    }

    /// Whether nothing is left to try, whatever the budget.
    pub fn finished(&self) -> bool {
        self.tried == Some(Self::MOST_TRIED)
    }

    pub(crate) fn add(&mut self, line: PassLine) {
        self.after = line.after;
        self.passes.push(line);
    }
}

/// How large a failing run is. Sizes are compared from the first field to the last: what costs a reader most stands
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Faults in the plan.
    pub faults: u64,
    /// Traitors and twins from the start.
    pub traitors: u64,
    /// What traitors are told beyond what they do by default: rules, and a behavior of their own.
    #[serde(default)]
    pub rules: u64,
    /// Members.
    pub nodes: u64,
    /// Things that are left to chance in the background: loss, latency, sync times, clocks ...
    pub chance: u64,
    /// Messages whose fate is pinned.
    pub fates: u64,
    /// Slots that faults name; a role names none.
    pub targets: u64,
    /// How many occurrences of their events faults wait for.
    pub waits: u64,
    /// Clients.
    pub clients: u64,
    /// Operations that were invoked.
    pub operations: u64,
    /// Parameters that are not at their defaults.
    pub knobs: u64,
    /// How long faults last that end, in milliseconds together.
    pub lasting_ms: u64,
    /// Decimal digits in all the times of faults and fates.
    pub digits: u64,
    /// Length of the first phase, in milliseconds.
    pub duration_ms: u64,
    /// Whether there is a second phase.
    pub phases: u64,
    /// Messages that were sent.
    pub messages: u64,
    /// Events that were dispatched.
    pub events: u64,
}

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
    /// A few of the faults alone, at other moments and under other seeds.
    Afresh,
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

impl Pass {
    /// Every pass, in order: first what makes runs short and cheap. The last one makes nothing smaller, and comes once
    /// nothing else helps.
    pub const ALL: [Self; 19] = [
        Self::Horizon,
        Self::Afresh,
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

    /// What is tried once more with the firm run, which is another one than the small run was. None of these makes a run
    /// less firm for the sake of a rounder number.
    pub(crate) const COARSE: [Self; 5] =
        [Self::Families, Self::Faults, Self::Traitors, Self::Members, Self::Clients];

    /// Its name, as in a log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Horizon => "horizon",
            Self::Families => "families",
            Self::Faults => "faults",
            Self::Afresh => "afresh",
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
