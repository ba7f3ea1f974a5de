//! What progress HotStuff owes: an operation of each client, and every member of the core at what was committed at the heal.

use sim_core::check::Seen;
use sim_core::ground::{Ground, Place};
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::parameters::{DOUBLINGS, Parameters};
use super::vocabulary::{Hotstuff, HotstuffObservation};
use crate::laggards::{Laggards, takes_part};
use crate::quorum::Quorum;

/// Operations complete once a quorum of honest members can talk to each other, after as many bad leaders in a row as there
/// are members outside, if those inside lead enough views in a row.
#[derive(Clone, Debug)]
pub struct HotstuffLiveness {
    parameters: Parameters,
    members: u32,
    clients: u32,
    /// How many views a plan gives to leaders that may be bad.
    planned: u32,
    quorum: Quorum,
    laggards: Laggards,
}

impl HotstuffLiveness {
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

    /// Whether members of the core lead as many views in a row as a commit takes.
    fn leads_enough(&self, ground: &Ground, core: &[Slot]) -> bool {
        let mut good = vec![false; self.members as usize];
        for place in
            core.iter().map(|slot| ground.place(*slot)).filter(|place| takes_part(self.members, place))
        {
            good[place.node.index()] = true;
        }
        let (mut row, mut longest) = (0, 0);
        // Leaders follow each other in a circle.
        for good in good.iter().chain(&good) {
            row = if *good { row + 1 } else { 0 };
            longest = row.max(longest);
        }
        longest * self.parameters.views_per_leader >= self.parameters.views_to_commit()
    }
}

impl Liveness<Hotstuff> for HotstuffLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if !self.has_quorum(ground, core, |_| true) {
            return Err(Stall::NoQuorum);
        }
        if self.leads_enough(ground, core) { Ok(()) } else { Err(Stall::Settings) }
    }

    /// An attempt is a leader's turn, after a timeout that was doubled as often as it can be, and an operation in that turn,
    /// after a client's retry: up to four views and a fifth that tells all, each of two messages and two syncs.
    fn pace(&self, timeout: Duration, core: &[Slot]) -> Pace {
        let Parameters { view_timeout, client_retry, .. } = self.parameters;
        let members = u64::from(self.members.max(1));
        let outside = self.members.saturating_sub(u32::try_from(core.len()).unwrap_or(u32::MAX));
        let step = view_timeout.min(client_retry).min(timeout) / 20;
        let load = members.saturating_mul(8).saturating_add(u64::from(self.clients).saturating_mul(8));
        let shares = Shares { way: step, sync: step, serve: step / load, ..Shares::of(timeout) };
        let windows = (1 << DOUBLINGS) + 5;
        // Where turns are short, several leaders in a row must be good.
        let wasted = if self.parameters.views_per_leader < self.parameters.views_to_commit() {
            self.members
        } else {
            outside.max(self.quorum.faulty())
        };
        Pace { windows, chance: 0.5, wasted: wasted.saturating_add(self.planned), shares }
    }

    fn asks_clients(&self) -> bool {
        true
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Hotstuff>>) -> Reach {
        let Some(seen) = seen else {
            let takes_part = |place: &Place| takes_part(self.members, place);
            return self.laggards.take_stock(ground, core, takes_part);
        };
        match *seen.observation {
            HotstuffObservation::Committed { height, .. } => self.laggards.came(seen.slot, height),
            HotstuffObservation::Halted => self.laggards.halted(seen.slot),
            _ => Reach::Nothing,
        }
    }

    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        (!self.has_quorum(ground, core, Place::runs)).then_some(Stall::NoQuorum)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::Rule;
    use super::*;

    fn core(slots: &[u32]) -> Vec<Slot> {
        slots.iter().copied().map(Slot).collect()
    }

    #[test]
    fn a_quorum_of_honest_members_owes_progress() {
        let liveness = HotstuffLiveness::new(&Parameters::default(), &Setup::new(0, 4));
        let mut ground = Ground::new(4, 1);
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()));
        assert_eq!(liveness.owed(&ground, &core(&[0, 1])), Err(Stall::NoQuorum));
        ground.places[2].status.role = Some("halted");
        assert_eq!(liveness.explain(&ground, &core(&[0, 1, 2])), Some(Stall::NoQuorum));
    }

    /// arXiv 2205.11652: with a new leader for each view, a three-chain takes four good leaders in a row.
    #[test]
    fn short_turns_forfeit_progress_where_too_few_leaders_in_a_row_are_good() {
        let owed = |rule, views_per_leader, members, slots: &[u32]| {
            let parameters = Parameters { rule, views_per_leader, ..Parameters::default() };
            let liveness = HotstuffLiveness::new(&parameters, &Setup::new(0, members));
            liveness.owed(&Ground::new(members, 1), &core(slots)).is_ok()
        };
        assert!(!owed(Rule::ThreeChain, 1, 4, &[0, 1, 2]));
        assert!(owed(Rule::ThreeChain, 1, 4, &[0, 1, 2, 3]));
        assert!(owed(Rule::ThreeChain, 2, 4, &[0, 1, 2]));
        assert!(owed(Rule::TwoChain, 1, 4, &[0, 1, 3]));
        assert!(owed(Rule::Basic, 1, 4, &[0, 1, 3]));
        assert!(!owed(Rule::ThreeChain, 1, 7, &[0, 1, 2, 4, 5]), "two, and three in a row");
        assert!(owed(Rule::ThreeChain, 1, 7, &[0, 1, 2, 3, 5]));
    }
}
