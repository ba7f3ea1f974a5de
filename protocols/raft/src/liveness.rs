//! What progress a Raft cluster owes.

use sim_core::ground::{Ground, Place};
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, ProgressSeen};

use super::parameters::Parameters;
use super::timing;
use super::vocabulary::Raft;

/// Operations complete once a majority of the members can talk to each other, where a round of messages is shorter than
/// the election timeouts, unless a server outside the healed core gets in their way: a knob that is off lets it, or it
/// leads them and is still broken.
#[derive(Clone, Copy, Debug)]
pub struct RaftLiveness {
    members: usize,
    undisturbed: bool,
    in_time: bool,
}

impl RaftLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        Self {
            members: setup.members as usize,
            undisturbed: parameters.pre_vote && parameters.check_quorum,
            in_time: timing::is_met(parameters, setup),
        }
    }

    /// Whether a place belongs to a server that takes part: one of genesis, with a sound disk as far as it has said.
    fn takes_part(&self, place: &Place) -> bool {
        place.honest && place.node.index() < self.members && place.status.role != Some("halted")
    }

    fn quorum(&self, ground: &Ground, core: &[Slot], able: impl Fn(&Place) -> bool) -> bool {
        let places = core.iter().map(|slot| ground.place(*slot));
        places.filter(|place| self.takes_part(place) && able(place)).count() > self.members / 2
    }
}

/// Who leads in the highest term among some places, and that term.
fn leader<'a>(places: impl Iterator<Item = &'a Place>) -> Option<(u64, &'a Place)> {
    let leaders = places.filter(|place| place.status.role == Some("leader"));
    leaders.filter_map(|place| Some((place.status.rank?, place))).max_by_key(|(term, _)| *term)
}

impl Liveness<Raft> for RaftLiveness {
    /// Asked before the heal, which starts what is down in the core; so being down now excuses nobody.
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        match self.quorum(ground, core, |_| true) {
            false => Err(Stall::NoQuorum),
            true if !self.in_time => Err(Stall::Forfeited),
            true => Ok(()),
        }
    }

    fn seen_by(&self) -> ProgressSeen {
        ProgressSeen::Operations
    }

    /// A leader outside the core may keep its majority through members of the core, for good: its heartbeats arrive in
    /// time, while it is too slow for what clients ask, or cut off from whoever would pass it on. Nothing outside the
    /// core is healed, so that forfeits progress, if something is wrong with it: a leader in order owes what the core
    /// owes. A leader that has no majority does not count as one for long: check-quorum makes it step down.
    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        if !self.quorum(ground, core, Place::runs) {
            return Some(Stall::NoQuorum);
        }
        let outsiders = || ground.members().filter(|(slot, place)| place.runs() && !core.contains(slot));
        let disturbed = !self.undisturbed && outsiders().next().is_some();
        let led_inside = leader(core.iter().map(|slot| ground.place(*slot))).map(|(term, _)| term);
        let out_of_reach = leader(outsiders().map(|(_, place)| place))
            .is_some_and(|(term, place)| Some(term) > led_inside && (place.impaired || !place.honest));
        (disturbed || out_of_reach).then_some(Stall::Forfeited)
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
        let liveness = RaftLiveness::new(&Parameters::default(), &Setup::new(0, 5));
        let mut ground = ground(5);
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()));
        assert_eq!(liveness.owed(&ground, &core(&[0, 1])), Err(Stall::NoQuorum));
        ground.places[2].status.role = Some("halted");
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Err(Stall::NoQuorum));
        ground.places[2].status.role = Some("leader");
        ground.places[1].up = false;
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()), "the heal starts it again");
        assert_eq!(liveness.explain(&ground, &core(&[0, 1, 2])), Some(Stall::NoQuorum));
    }

    #[test]
    fn knobs_excuse_a_stall_only_while_somebody_outside_can_disturb() {
        let ground = ground(3);
        let careless =
            RaftLiveness::new(&Parameters { pre_vote: false, ..Parameters::default() }, &Setup::new(0, 3));
        assert_eq!(careless.explain(&ground, &core(&[0, 1])), Some(Stall::Forfeited));
        assert_eq!(careless.explain(&ground, &core(&[0, 1, 2])), None);
        let careful = RaftLiveness::new(&Parameters::default(), &Setup::new(0, 3));
        assert_eq!(careful.explain(&ground, &core(&[0, 1])), None);
    }

    #[test]
    fn a_broken_leader_outside_the_core_excuses_a_stall_until_the_core_has_a_later_one() {
        let liveness = RaftLiveness::new(&Parameters::default(), &Setup::new(0, 4));
        let mut ground = ground(4);
        let mut lead = |slot: usize, term, impaired| {
            ground.places[slot].status.role = Some("leader");
            ground.places[slot].status.rank = Some(term);
            ground.places[slot].impaired = impaired;
            liveness.explain(&ground, &core(&[1, 2, 3]))
        };
        assert_eq!(lead(0, 5, false), None, "nothing is wrong with it");
        assert_eq!(lead(0, 5, true), Some(Stall::Forfeited));
        assert_eq!(lead(2, 4, false), Some(Stall::Forfeited), "deposed, and does not know it yet");
        assert_eq!(lead(2, 6, false), None);
    }
}
