//! What progress PBFT owes: an operation of each client, and every member of the core at what was executed at the heal.

use sim_core::check::Seen;
use sim_core::ground::{Ground, Place};
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::parameters::{DOUBLINGS, Parameters};
use super::vocabulary::{Pbft, PbftObservation};
use crate::laggards::{Laggards, takes_part};
use crate::quorum::Quorum;

/// Operations complete once a quorum of honest members can talk to each other, after as many bad primaries in a row as
/// there are members outside.
#[derive(Clone, Debug)]
pub struct PbftLiveness {
    parameters: Parameters,
    members: u32,
    clients: u32,
    /// How many views a plan gives to primaries that may be bad.
    planned: u32,
    quorum: Quorum,
    laggards: Laggards,
}

impl PbftLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        Self {
            parameters: *parameters,
            members: setup.members,
            clients: setup.clients,
            planned: u32::try_from(setup.faults.leaders().len()).unwrap_or(u32::MAX),
            quorum: Quorum::of(setup.members),
            laggards: Laggards::default(),
        }
    }

    fn has_quorum(&self, ground: &Ground, core: &[Slot], able: impl Fn(&Place) -> bool) -> bool {
        let places = core.iter().map(|slot| ground.place(*slot));
        let able = places.filter(|place| takes_part(self.members, place) && able(place)).count();
        let traitors = ground.members().filter(|(_, place)| !place.honest).count();
        able >= self.quorum.size() as usize && traitors <= self.quorum.faulty() as usize
    }
}

impl Liveness<Pbft> for PbftLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if self.has_quorum(ground, core, |_| true) { Ok(()) } else { Err(Stall::NoQuorum) }
    }

    /// An attempt is a view change, after a timeout that was doubled as often as it can be, and an operation in the new view,
    /// after a client's retry. In the new view a request takes a view change, a new view, three phases and a sync before
    /// each of them, within one timeout.
    fn pace(&self, timeout: Duration, core: &[Slot]) -> Pace {
        let Parameters { view_timeout, client_retry, .. } = self.parameters;
        let members = u64::from(self.members.max(1));
        let outside = self.members.saturating_sub(u32::try_from(core.len()).unwrap_or(u32::MAX));
        let step = view_timeout.min(client_retry).min(timeout) / 16;
        let load = members.saturating_mul(8).saturating_add(u64::from(self.clients).saturating_mul(8));
        let shares = Shares { way: step, sync: step, serve: step / load, ..Shares::of(timeout) };
        let windows = (1 << DOUBLINGS) + 2;
        let wasted = outside.max(self.quorum.faulty()).saturating_add(self.planned);
        Pace { windows, chance: 0.5, wasted, shares }
    }

    fn asks_clients(&self) -> bool {
        true
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Pbft>>) -> Reach {
        let Some(seen) = seen else {
            let takes_part = |place: &Place| takes_part(self.members, place);
            return self.laggards.take_stock(ground, core, takes_part);
        };
        match *seen.observation {
            PbftObservation::Executed { sequence } | PbftObservation::Restored { sequence, .. } => {
                self.laggards.came(seen.slot, sequence)
            }
            PbftObservation::Halted => self.laggards.halted(seen.slot),
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

    fn core(slots: &[u32]) -> Vec<Slot> {
        slots.iter().copied().map(Slot).collect()
    }

    #[test]
    fn a_quorum_of_honest_members_owes_progress() {
        let liveness = PbftLiveness::new(&Parameters::default(), &Setup::new(0, 4));
        let mut ground = Ground::new(4, 1);
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()));
        assert_eq!(liveness.owed(&ground, &core(&[0, 1])), Err(Stall::NoQuorum));
        ground.places[3].honest = false;
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()));
        ground.places[2].status.role = Some("halted");
        assert_eq!(liveness.explain(&ground, &core(&[0, 1, 2])), Some(Stall::NoQuorum));
    }
}
