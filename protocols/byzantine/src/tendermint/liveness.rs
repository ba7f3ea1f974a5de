//! What progress Tendermint owes: an operation of each client, and every member of the core at what was executed at the
//! heal.

use sim_core::check::Seen;
use sim_core::ground::{Ground, Place};
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::parameters::{GROWING_ROUNDS, Parameters};
use super::vocabulary::{Tendermint, TendermintObservation};
use crate::laggards::{Laggards, takes_part};
use crate::quorum::Quorum;

/// Operations complete once a quorum of honest members can talk to each other, after as many bad proposers in a row as
/// there are members outside.
#[derive(Clone, Debug)]
pub struct TendermintLiveness {
    parameters: Parameters,
    members: u32,
    clients: u32,
    /// How many turns a plan gives to proposers that may be bad.
    planned: u32,
    quorum: Quorum,
    laggards: Laggards,
}

impl TendermintLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        Self {
            parameters: *parameters,
            members: setup.members,
            clients: setup.clients,
            planned: u32::try_from(setup.faults.leaders().len()).unwrap_or(u32::MAX),
            quorum: parameters.quorum(setup.members),
            laggards: Laggards::default(),
        }
    }

    fn has_quorum(&self, ground: &Ground, core: &[Slot], able: impl Fn(&Place) -> bool) -> bool {
        let power = self.parameters.power;
        let places = core.iter().map(|slot| ground.place(*slot));
        let able =
            places.filter(|place| takes_part(self.members, place) && able(place)).map(|place| place.node);
        let traitors = ground.members().filter(|(_, place)| !place.honest).map(|(_, place)| place.node);
        power.sum(able) >= self.quorum.size() && power.sum(traitors) <= self.quorum.faulty()
    }
}

impl Liveness<Tendermint> for TendermintLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if self.has_quorum(ground, core, |_| true) { Ok(()) } else { Err(Stall::NoQuorum) }
    }

    /// An attempt is a round that is under way, with timeouts that have grown as far as they do, another one with a good
    /// proposer, and a client's retry. In that round a request takes three phases and a sync before each of them, within
    /// the shortest timeout.
    fn pace(&self, timeout: Duration, core: &[Slot]) -> Pace {
        let Parameters { propose_timeout, vote_timeout, client_retry, .. } = self.parameters;
        let members = u64::from(self.members.max(1));
        let outside = self.members.saturating_sub(u32::try_from(core.len()).unwrap_or(u32::MAX));
        let step = propose_timeout.min(vote_timeout).min(client_retry).min(timeout) / 16;
        let load = members.saturating_mul(8).saturating_add(u64::from(self.clients).saturating_mul(8));
        let shares = Shares { way: step, sync: step, serve: step / load, ..Shares::of(timeout) };
        let grown = self.parameters.in_round(propose_timeout.max(vote_timeout), GROWING_ROUNDS);
        let attempt = grown.saturating_mul(2 * 3).as_nanos() / timeout.as_nanos().max(1);
        let windows = u32::try_from(attempt).unwrap_or(u32::MAX).saturating_add(3);
        let wasted = outside.max(self.quorum.faulty()).saturating_add(self.planned);
        Pace { windows, chance: 0.5, wasted, shares }
    }

    fn asks_clients(&self) -> bool {
        true
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Tendermint>>) -> Reach {
        let Some(seen) = seen else {
            let takes_part = |place: &Place| takes_part(self.members, place);
            return self.laggards.take_stock(ground, core, takes_part);
        };
        match *seen.observation {
            TendermintObservation::Executed { height } => self.laggards.came(seen.slot, height),
            TendermintObservation::Halted => self.laggards.halted(seen.slot),
            _ => Reach::Nothing,
        }
    }

    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        (!self.has_quorum(ground, core, Place::runs)).then_some(Stall::NoQuorum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::power::Power;

    fn core(slots: &[u32]) -> Vec<Slot> {
        slots.iter().copied().map(Slot).collect()
    }

    #[test]
    fn a_quorum_of_honest_power_owes_progress() {
        let power = Power::listed(&[2, 1, 1, 1, 1, 1]).unwrap();
        let parameters = Parameters { power, ..Parameters::default() };
        let liveness = TendermintLiveness::new(&parameters, &Setup::new(0, 6));
        let mut ground = Ground::new(6, 1);
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2, 3])), Ok(()), "5 of 7");
        assert_eq!(liveness.owed(&ground, &core(&[1, 2, 3, 4])), Err(Stall::NoQuorum), "4 of 7");
        ground.places[4].honest = false;
        ground.places[5].honest = false;
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2, 3])), Ok(()));
        ground.places[3].status.role = Some("halted");
        assert_eq!(liveness.explain(&ground, &core(&[0, 1, 2, 3])), Some(Stall::NoQuorum));
    }
}
