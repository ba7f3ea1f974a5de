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
use crate::quorum::Quorum;

/// Operations complete once a quorum of honest members can talk to each other, after as many bad proposers in a row as
/// there are members outside.
#[derive(Clone, Debug)]
pub struct TendermintLiveness {
    parameters: Parameters,
    members: u32,
    clients: u32,
    quorum: Quorum,
    /// The highest height that anybody running had executed at the heal.
    target: u64,
    /// By slot: how far it has come, if it must still come further.
    behind: Vec<Option<u64>>,
    missing: usize,
}

impl TendermintLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        Self {
            parameters: *parameters,
            members: setup.members,
            clients: setup.clients,
            quorum: parameters.quorum(setup.members),
            target: 0,
            behind: Vec::new(),
            missing: 0,
        }
    }

    fn takes_part(&self, place: &Place) -> bool {
        place.honest && place.node.0 < self.members && place.status.role != Some("halted")
    }

    fn has_quorum(&self, ground: &Ground, core: &[Slot], able: impl Fn(&Place) -> bool) -> bool {
        let power = self.parameters.power;
        let places = core.iter().map(|slot| ground.place(*slot));
        let able = places.filter(|place| self.takes_part(place) && able(place)).map(|place| place.node);
        let traitors = ground.members().filter(|(_, place)| !place.honest).map(|(_, place)| place.node);
        power.sum(able) >= self.quorum.size() && power.sum(traitors) <= self.quorum.faulty()
    }

    fn take_stock(&mut self, ground: &Ground, core: &[Slot]) {
        let executed = |place: &Place| place.status.position.unwrap_or(0);
        let running = ground.members().filter(|(_, place)| place.up && self.takes_part(place));
        self.target = running.map(|(_, place)| executed(place)).max().unwrap_or(0);
        self.behind = vec![None; ground.places.len()];
        for slot in core {
            let place = ground.place(*slot);
            if self.takes_part(place) && executed(place) < self.target {
                self.behind[slot.index()] = Some(executed(place));
            }
        }
        self.missing = self.behind.iter().flatten().count();
    }

    fn executed(&mut self, slot: Slot, height: u64) -> Reach {
        let target = self.target;
        let Some(behind) = self.behind.get_mut(slot.index()) else { return Reach::Nothing };
        if behind.is_none_or(|before| height <= before) {
            return Reach::Nothing;
        }
        *behind = (height < target).then_some(height);
        self.missing -= usize::from(height >= target);
        if self.missing == 0 { Reach::All } else { Reach::More }
    }

    /// A member that halts for good takes part no more.
    fn halted(&mut self, slot: Slot) -> Reach {
        let behind = self.behind.get_mut(slot.index()).and_then(Option::take);
        self.missing -= usize::from(behind.is_some());
        if behind.is_some() && self.missing == 0 { Reach::All } else { Reach::Nothing }
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
        Pace { windows, chance: 0.5, wasted: outside.max(self.quorum.faulty()), shares }
    }

    fn asks_clients(&self) -> bool {
        true
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Tendermint>>) -> Reach {
        let Some(seen) = seen else {
            self.take_stock(ground, core);
            return if self.missing == 0 { Reach::All } else { Reach::Nothing };
        };
        match *seen.observation {
            TendermintObservation::Executed { height } => self.executed(seen.slot, height),
            TendermintObservation::Halted => self.halted(seen.slot),
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

    #[test]
    fn the_core_must_come_as_far_as_somebody_had_executed() {
        let mut liveness = TendermintLiveness::new(&Parameters::default(), &Setup::new(0, 4));
        let mut ground = Ground::new(4, 1);
        for (slot, position) in [(0, 5), (1, 5), (2, 3), (3, 4)] {
            ground.places[slot].status.position = Some(position);
        }
        assert_eq!(liveness.reached(&ground, &core(&[0, 1, 2]), None), Reach::Nothing);
        assert_eq!(liveness.executed(Slot(2), 4), Reach::More);
        assert_eq!(liveness.executed(Slot(2), 4), Reach::Nothing, "once each");
        assert_eq!(liveness.executed(Slot(3), 9), Reach::Nothing, "outside");
        assert_eq!(liveness.executed(Slot(2), 5), Reach::All);
    }
}
