//! What progress members owe: after the heal, everybody in the core hears everybody there, and no neighbor stays one-sided.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use seedstorm::sim_core;
use sim_core::check::Seen;
use sim_core::ground::Ground;
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use crate::ledger::{Ledger, Wrong};
use crate::parameters::Parameters;
use crate::vocabulary::Gossips;

/// What has been wrong ever since the heal; the judge of progress writes it, checks read it.
pub type Left = Rc<RefCell<BTreeSet<Wrong>>>;

/// Judges by the ledger.
pub struct Hears {
    parameters: Parameters,
    members: u32,
    ledger: Ledger,
    left: Left,
}

impl Hears {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: Parameters, setup: &Setup, ledger: Ledger, left: Left) -> Self {
        Self { parameters, members: setup.members, ledger, left }
    }
}

impl Liveness<Gossips> for Hears {
    fn owed(&self, _: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if core.len() < 2 { Err(Stall::NoQuorum) } else { Ok(()) }
    }

    /// An attempt is one round of joins and broadcasts.
    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        let round = self.parameters.round(self.members);
        let windows = round.as_nanos() / timeout.as_nanos().max(1) + 1;
        let way = (self.parameters.graft_timeout / 4).min(timeout / 4);
        let serve = timeout / (64 * u64::from(self.members.max(1)));
        let shares = Shares { way, serve, ..Shares::of(timeout) };
        Pace { windows: u32::try_from(windows).unwrap_or(u32::MAX), chance: 0.7, wasted: 0, shares }
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Gossips>>) -> Reach {
        let mut left = self.left.borrow_mut();
        if seen.is_none() {
            self.ledger.begin_again();
            *left = self.ledger.read().wrong(ground, core);
        }
        let (before, wrong) = (left.len(), self.ledger.read().wrong(ground, core));
        left.retain(|one| wrong.contains(one));
        match (left.is_empty(), left.len() < before) {
            (true, _) => Reach::All,
            (false, true) => Reach::More,
            (false, false) => Reach::Nothing,
        }
    }

    /// Somebody outside who is half reachable may take the places of neighbors: a run without them says.
    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        let outside = ground.members().any(|(slot, place)| place.up && core.binary_search(&slot).is_err());
        outside.then_some(Stall::Outsider)
    }
}
