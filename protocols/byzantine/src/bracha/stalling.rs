//! Bugs that only keep broadcasts from being delivered. They are no part of the catalog of plants: tests switch them on by
//! name, to see that such bugs are found.

use sim_core::registry::Launch;

/// Which bug is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stalling {
    /// What was lost with a session is not said again.
    NeverSaysAgain,
    /// A vote that comes before the initial is dropped (BFT-SMaRt 7326d316).
    ForgetsEarlyVotes,
    /// A sync that failed is not tried again.
    GivesUpItsDisk,
}

impl Stalling {
    /// All of them, by name.
    const ALL: [(&'static str, Self); 3] = [
        ("stall-never-says-again", Self::NeverSaysAgain),
        ("stall-forgets-early-votes", Self::ForgetsEarlyVotes),
        ("stall-gives-up-its-disk", Self::GivesUpItsDisk),
    ];

    /// Their names.
    pub const NAMES: &'static [&'static str] = &[Self::ALL[0].0, Self::ALL[1].0, Self::ALL[2].0];

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
