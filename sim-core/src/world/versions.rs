//! Which version of the protocol starts in a slot, where a rolling upgrade changes that.

use crate::identity::Slot;
use crate::ordered::OrderedMap;
use crate::setup::Setup;

/// The versions of a run, by number, and who starts as which.
#[derive(Debug)]
pub(super) struct Versions {
    /// Number 0 is what the scenario's cluster says.
    names: Vec<String>,
    /// Where something else was installed.
    installed: OrderedMap<Slot, u32>,
}

impl Versions {
    /// Everybody starts as the first one.
    pub(super) fn of_setup(setup: &Setup) -> Self {
        Self { names: setup.version_names().map(str::to_owned).collect(), installed: OrderedMap::new() }
    }

    /// Whoever starts in the slot from now on is this version.
    ///
    /// # Panics
    /// If there is no such version: a setup that names one is refused.
    pub(super) fn install(&mut self, slot: Slot, version: &str) {
        let number = self.names.iter().position(|name| name == version);
        let number = number.expect("every version of the plan is one of the setup");
        self.installed.insert(slot, u32::try_from(number).expect("there are few"));
    }

    /// What starts in a slot.
    pub(super) fn of(&self, slot: Slot) -> u32 {
        self.installed.get(&slot).copied().unwrap_or(0)
    }
}
