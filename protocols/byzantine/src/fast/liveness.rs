//! What progress is owed: every member of the core knows the decision.

use sim_core::check::Seen;
use sim_core::ground::{Ground, Place};
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedSet;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::parameters::{DOUBLINGS, Parameters};
use super::vocabulary::{Fast, FastObservation};
use crate::laggards::takes_part;
use crate::quorum::Quorum;

/// The slot is decided once a quorum of honest members can talk to each other, a client among them, after as many bad leaders
/// in a row as there are members outside.
#[derive(Clone, Debug)]
pub struct FastLiveness {
    members: u32,
    clients: u32,
    /// How many views a plan gives to leaders that may be bad.
    planned: u32,
    view_timeout: Duration,
    collect_timeout: Duration,
    quorum: Quorum,
    /// Who of the core does not know the decision.
    missing: OrderedSet<Slot>,
}

impl FastLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        Self {
            members: setup.members,
            clients: parameters.clients,
            planned: u32::try_from(setup.faults.leaders().len()).unwrap_or(u32::MAX),
            view_timeout: parameters.view_timeout,
            collect_timeout: parameters.collect_timeout,
            quorum: Quorum::of(setup.members),
            missing: OrderedSet::new(),
        }
    }

    /// A quorum that takes part, no more than f traitors, and a client that asks.
    fn is_able(&self, ground: &Ground, core: &[Slot], able: impl Fn(&Place) -> bool) -> bool {
        let places = core.iter().map(|slot| ground.place(*slot));
        let able: Vec<NodeId> = places
            .filter(|place| takes_part(self.members, place) && able(place))
            .map(|place| place.node)
            .collect();
        let traitors = ground.members().filter(|(_, place)| !place.honest).count();
        able.len() >= self.quorum.size() as usize
            && traitors <= self.quorum.faulty() as usize
            && able.iter().any(|node| node.0 < self.clients)
    }

    fn reach(&self, came: bool) -> Reach {
        match (self.missing.is_empty(), came) {
            (true, _) => Reach::All,
            (false, true) => Reach::More,
            (false, false) => Reach::Nothing,
        }
    }
}

impl Liveness<Fast> for FastLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if self.is_able(ground, core, |_| true) { Ok(()) } else { Err(Stall::NoQuorum) }
    }

    /// An attempt is a view that is under way, with a timeout that was doubled as often as it can be, and one with a good
    /// leader. In that view come a report, a proposal, and the votes of two phases, with a sync before each of them.
    fn pace(&self, timeout: Duration, core: &[Slot]) -> Pace {
        let outside = self.members.saturating_sub(u32::try_from(core.len()).unwrap_or(u32::MAX));
        let step = self.view_timeout.min(timeout) / 16;
        let load = u64::from(self.members.max(1)).saturating_mul(16);
        let shares = Shares { way: step, sync: step, serve: step / load, ..Shares::of(timeout) };
        let collects = self.collect_timeout.as_nanos() / timeout.as_nanos().max(1);
        let windows = (2 << DOUBLINGS) + 2 + u32::try_from(2 * collects).unwrap_or(u32::MAX / 2);
        let wasted = outside.max(self.quorum.faulty()).saturating_add(self.planned);
        Pace { windows, chance: 0.5, wasted, shares }
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Fast>>) -> Reach {
        let Some(seen) = seen else {
            let lacks = |slot: &&Slot| {
                let place = ground.place(**slot);
                takes_part(self.members, place) && place.status.position.unwrap_or(0) == 0
            };
            self.missing = core.iter().filter(lacks).copied().collect();
            return self.reach(false);
        };
        let came = match *seen.observation {
            FastObservation::Committed { .. } | FastObservation::Started { executed: 1.., .. } => {
                self.missing.remove(&seen.slot)
            }
            FastObservation::Halted => {
                self.missing.remove(&seen.slot);
                false
            }
            _ => false,
        };
        self.reach(came)
    }

    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        (!self.is_able(ground, core, Place::runs)).then_some(Stall::NoQuorum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quorum_with_a_client_owes_a_decision() {
        let core = |slots: &[u32]| slots.iter().copied().map(Slot).collect::<Vec<_>>();
        let liveness =
            FastLiveness::new(&Parameters { clients: 1, ..Parameters::default() }, &Setup::new(0, 4));
        let mut ground = Ground::new(4, 1);
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()));
        assert_eq!(liveness.owed(&ground, &core(&[1, 2, 3])), Err(Stall::NoQuorum), "nobody asks");
        assert_eq!(liveness.owed(&ground, &core(&[0, 1])), Err(Stall::NoQuorum));
        ground.places[3].honest = false;
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()));
        ground.places[2].status.role = Some("halted");
        assert_eq!(liveness.explain(&ground, &core(&[0, 1, 2])), Some(Stall::NoQuorum));
    }
}
