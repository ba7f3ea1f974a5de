//! What progress the store owes: all homes of each key in the core become equal, once writes have ended.

use sim_core::check::Seen;
use sim_core::ground::Ground;
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::agreement::Agreement;
use super::parameters::Parameters;
use super::ring::Ring;
use super::vocabulary::Store;

/// Progress is made when no key differs between homes in the core, and nobody there keeps anything for another one. The workload
/// ends at the heal. Whether operations succeed is not asked: a core may hold fewer homes of a key than a quorum needs.
#[derive(Clone, Debug)]
pub struct StoreLiveness {
    parameters: Parameters,
    members: u64,
    /// The probability that a message is lost or damaged.
    loss: f64,
    agreement: Agreement,
}

impl StoreLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: &Parameters, ring: Ring, setup: &Setup) -> Self {
        Self {
            parameters: *parameters,
            members: setup.members.into(),
            loss: setup.network.loss.as_f64() + setup.network.corrupt.as_f64(),
            agreement: Agreement::new(parameters, ring),
        }
    }
}

impl Liveness<Store> for StoreLiveness {
    fn owed(&self, _: &Ground, _: &[Slot]) -> Result<(), Stall> {
        if self.parameters.exchange_every.is_zero() { Err(Stall::Settings) } else { Ok(()) }
    }

    fn hears(&self) -> &'static [&'static str] {
        Agreement::HEARS
    }

    fn observe(&mut self, seen: &Seen<'_, Store>) {
        self.agreement.follow(seen);
    }

    /// An attempt is a turn of comparisons with all others, and a hand-off of hints. Four messages lead from a comparison to
    /// what was missing; where one of the two has not confirmed a collection, twice as many.
    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        let kept = (1.0 - self.loss).max(0.0);
        let Parameters { exchange_every, handoff_every, .. } = self.parameters;
        let attempt = exchange_every.saturating_mul(2 * self.members).saturating_add(handoff_every);
        let windows = attempt.as_nanos() / timeout.as_nanos().max(1) + 2;
        let kept = kept * kept;
        let shares = Shares {
            way: timeout / 4,
            sync: timeout / 4,
            serve: timeout / (32 * self.members.max(1)),
            ..Shares::of(timeout)
        };
        Pace {
            windows: u32::try_from(windows).unwrap_or(u32::MAX),
            chance: kept * kept * kept * 0.9,
            wasted: 0,
            shares,
        }
    }

    fn reached(&mut self, _: &Ground, core: &[Slot], seen: Option<&Seen<'_, Store>>) -> Reach {
        let before = self.agreement.unsettled();
        match seen {
            Some(seen) => self.agreement.follow(seen),
            None => self.agreement.set_core(core.iter().copied()),
        }
        match self.agreement.unsettled() {
            0 => Reach::All,
            now if seen.is_some() && now < before => Reach::More,
            _ => Reach::Nothing,
        }
    }
}
