//! Pins the fates that chance gave to the messages of a run, so that a replay repeats them.

use serde::{Deserialize, Serialize};
use sim_core::network::{Pin, Pins};
use sim_core::outcome::Outcome;
use sim_core::setup::Setup;

/// The changed fates of a run, pinned. A capsule from before there were any has none and is not complete.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fates {
    /// Lost, late, doubled and damaged messages.
    pub pins: Pins,
    /// Whether these are all. Then nothing but plain latency is left to chance when they are given; otherwise the rest
    /// is drawn again, as this engine draws it.
    pub complete: bool,
}

impl Fates {
    /// What was given to a run, and what chance did in it.
    pub fn of(setup: &Setup, outcome: &Outcome) -> Self {
        let drawn = outcome.fates.kept().iter().copied().map(Pin::from);
        let pins = setup.pins.iter().copied().chain(drawn).collect();
        Self { pins, complete: outcome.fates.omitted() == 0 }
    }

    /// The setup of a run in which messages meet these fates.
    #[must_use]
    pub fn given(&self, setup: &Setup) -> Setup {
        Setup { pins: self.pins.clone(), pins_only: self.complete, ..setup.clone() }
    }
}
