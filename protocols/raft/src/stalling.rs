//! Bugs that only keep a cluster from making progress. They are no part of the catalog of plants: tests switch them on by
//! name, to see that such bugs are found.

use sim_core::registry::Launch;

/// Which bug is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stalling {
    /// A server never learns a later term from an answer.
    NeverLearnsTerms,
    /// A voter refuses candidates whose logs are longer than its own.
    RefusesLongerLogs,
    /// A voter puts its own candidacy off for each candidate that asks, whatever it answers.
    ResetsTimersOnRefusals,
    /// Election timeouts double with each election, without end.
    EndlessBackOff,
    /// A leader stops counting at the first entry of an earlier term (RaftOS#4).
    StopsAtOldTerms,
}

impl Stalling {
    /// All of them, by name.
    const ALL: [(&'static str, Self); 5] = [
        ("stall-never-learns-terms", Self::NeverLearnsTerms),
        ("stall-refuses-longer-logs", Self::RefusesLongerLogs),
        ("stall-resets-timers-on-refusals", Self::ResetsTimersOnRefusals),
        ("stall-endless-back-off", Self::EndlessBackOff),
        ("stall-stops-at-old-terms", Self::StopsAtOldTerms),
    ];

    /// Their names.
    pub const NAMES: &'static [&'static str] =
        &[Self::ALL[0].0, Self::ALL[1].0, Self::ALL[2].0, Self::ALL[3].0, Self::ALL[4].0];

    /// The one that a launch switches on, if it does.
    pub fn of(launch: &Launch) -> Option<Self> {
        let named = |(name, stall)| launch.plants.iter().any(|plant| plant == name).then_some(stall);
        Self::ALL.into_iter().find_map(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bug_is_switched_on_by_its_name_alone() {
        let of = |name: &str| Stalling::of(&Launch { plants: vec![name.to_owned()], ..Launch::default() });
        for ((name, stall), listed) in Stalling::ALL.into_iter().zip(Stalling::NAMES) {
            assert_eq!((of(name), name), (Some(stall), *listed));
        }
        assert_eq!(of("stall"), None);
    }
}
