//! Bugs that only keep views from converging. They are no part of the catalog of plants: tests switch them on by name, to
//! see that such bugs are found.

use sim_core::registry::Launch;

/// Which bug is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stalling {
    /// A suspicion that times out is forgotten.
    NeverBuries,
    /// A member probes everybody once, and then nobody.
    ProbesOneRound,
    /// A member that was declared dead does not deny it.
    NeverDenies,
}

impl Stalling {
    /// All of them, by name.
    const ALL: [(&'static str, Self); 3] = [
        ("stall-never-buries", Self::NeverBuries),
        ("stall-probes-one-round", Self::ProbesOneRound),
        ("stall-never-denies", Self::NeverDenies),
    ];

    /// Their names.
    pub const NAMES: &'static [&'static str] = &[Self::ALL[0].0, Self::ALL[1].0, Self::ALL[2].0];

    /// The one that a launch switches on, if it does.
    pub fn of(launch: &Launch) -> Option<Self> {
        let named = |(name, stall)| launch.plants.iter().any(|plant| plant == name).then_some(stall);
        Self::ALL.into_iter().find_map(named)
    }
}
