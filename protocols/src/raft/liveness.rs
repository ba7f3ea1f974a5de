//! What progress a Raft cluster owes.

use sim_core::ground::{Ground, Place};
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::simulate::{Liveness, ProgressSeen};

use super::parameters::Parameters;
use super::vocabulary::Raft;

/// Operations complete once a majority of the members can talk to each other, unless a knob that is off lets a server
/// outside the healed core get in their way.
#[derive(Clone, Copy, Debug)]
pub struct RaftLiveness {
    members: usize,
    undisturbed: bool,
}

impl RaftLiveness {
    /// For a cluster of this many members.
    pub fn new(parameters: &Parameters, members: u32) -> Self {
        Self { members: members as usize, undisturbed: parameters.pre_vote && parameters.check_quorum }
    }

    /// Whether a place runs a server that takes part: the members are those of genesis.
    fn takes_part(&self, place: &Place) -> bool {
        place.runs()
            && place.honest
            && place.node.index() < self.members
            && place.status.role != Some("halted")
    }

    fn has_quorum(&self, ground: &Ground, core: &[Slot]) -> bool {
        let able = core.iter().filter(|slot| self.takes_part(ground.place(**slot))).count();
        able > self.members / 2
    }
}

impl Liveness<Raft> for RaftLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if self.has_quorum(ground, core) { Ok(()) } else { Err(Stall::NoQuorum) }
    }

    fn seen_by(&self) -> ProgressSeen {
        ProgressSeen::Operations
    }

    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        if !self.has_quorum(ground, core) {
            return Some(Stall::NoQuorum);
        }
        let outsiders = ground.members().any(|(slot, place)| place.runs() && !core.contains(&slot));
        (outsiders && !self.undisturbed).then_some(Stall::Forfeited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(slots: &[u32]) -> Vec<Slot> {
        slots.iter().copied().map(Slot).collect()
    }

    fn ground(members: u32) -> Ground {
        let mut ground = Ground::new(members, 0);
        ground.places.iter_mut().for_each(|place| place.up = true);
        ground
    }

    #[test]
    fn a_majority_that_takes_part_owes_progress() {
        let liveness = RaftLiveness::new(&Parameters::default(), 5);
        let mut ground = ground(5);
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()));
        assert_eq!(liveness.owed(&ground, &core(&[0, 1])), Err(Stall::NoQuorum));
        ground.places[2].status.role = Some("halted");
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Err(Stall::NoQuorum));
        ground.places[2].status.role = Some("leader");
        ground.places[1].up = false;
        assert_eq!(liveness.explain(&ground, &core(&[0, 1, 2])), Some(Stall::NoQuorum));
    }

    #[test]
    fn knobs_excuse_a_stall_only_while_somebody_outside_can_disturb() {
        let ground = ground(3);
        let careless = RaftLiveness::new(&Parameters { pre_vote: false, ..Parameters::default() }, 3);
        assert_eq!(careless.explain(&ground, &core(&[0, 1])), Some(Stall::Forfeited));
        assert_eq!(careless.explain(&ground, &core(&[0, 1, 2])), None);
        let careful = RaftLiveness::new(&Parameters::default(), 3);
        assert_eq!(careful.explain(&ground, &core(&[0, 1])), None);
    }
}
