//! What progress members owe: after the heal, everybody in the core holds everybody there up, and nobody who is down for good.

use std::collections::BTreeSet;

use seedstorm::sim_core;
use sim_core::check::Seen;
use sim_core::ground::Ground;
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use crate::parameters::Parameters;
use crate::views::{Ledger, Wrong};
use crate::vocabulary::Foca;

/// Judges by the ledger.
pub struct Converges {
    parameters: Parameters,
    members: u32,
    /// The probability that a message is lost or damaged.
    loss: f64,
    ledger: Ledger,
    /// What has not been right since the heal.
    left: BTreeSet<Wrong>,
}

impl Converges {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: Parameters, setup: &Setup, ledger: Ledger) -> Self {
        let loss = setup.network.loss.as_f64() + setup.network.corrupt.as_f64();
        Self { parameters, members: setup.members, loss, ledger, left: BTreeSet::new() }
    }
}

impl Liveness<Foca> for Converges {
    fn owed(&self, _: &Ground, core: &[Slot]) -> Result<(), Stall> {
        let Parameters { announce_every, announce_to_down_every, .. } = self.parameters;
        match core.len() {
            _ if announce_every.is_zero() || announce_to_down_every.is_zero() => Err(Stall::Settings),
            0 | 1 => Err(Stall::NoQuorum),
            _ => Ok(()),
        }
    }

    /// An attempt is one round of probes, refutations and announcements.
    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        let kept = (1.0 - self.loss).max(0.0);
        // Whoever lost its disk comes back as somebody else, and those of before stay down.
        let round = self.parameters.round(self.members.saturating_add(2));
        let windows = round.as_nanos() / timeout.as_nanos().max(1) + 1;
        let way = (self.parameters.probe_rtt / 4).min(timeout / 4);
        let serve = timeout / (16 * u64::from(self.members.max(1)));
        let shares = Shares { way, sync: way, serve, ..Shares::of(timeout) };
        Pace {
            windows: u32::try_from(windows).unwrap_or(u32::MAX),
            chance: 0.8 * kept * kept,
            wasted: 0,
            shares,
        }
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Foca>>) -> Reach {
        let wrong = self.ledger.read().wrong(ground, core);
        if seen.is_none() {
            self.left.clone_from(&wrong);
        }
        let before = self.left.len();
        self.left.retain(|pair| wrong.contains(pair));
        match (wrong.is_empty(), self.left.len() < before) {
            (true, _) => Reach::All,
            (false, true) => Reach::More,
            (false, false) => Reach::Nothing,
        }
    }

    /// Somebody outside who is half reachable may declare members of the core down again and again: a run without them says.
    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        let outside = ground.members().any(|(slot, place)| place.up && core.binary_search(&slot).is_err());
        outside.then_some(Stall::Outsider)
    }
}
