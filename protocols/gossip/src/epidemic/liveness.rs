//! What progress an epidemic owes: the whole healed core learns every rumor.

use std::cell::Cell;

use sim_core::check::Seen;
use sim_core::ground::{Ground, Place};
use sim_core::identity::{NodeId, Slot};
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::completeness::is_reachable;
use super::contacts::Contacts;
use super::parameters::{Interest, Mode, Parameters};
use super::rumor_table::RumorTable;
use super::vocabulary::{Epidemic, EpidemicObservation};

/// Progress is made when every running honest member of the core knows each rumor that one of them knew at the heal.
///
/// Not owed where interest can be lost or contacts are refused, where nobody in the core knows any rumor at the heal, and
/// where the overlay within the core is not in one piece.
#[derive(Clone, Debug)]
pub struct EpidemicLiveness {
    parameters: Parameters,
    members: u32,
    contacts: Contacts,
    /// The chance of an attempt in the core that was asked about: the pace does not see who its members are.
    chance: Cell<f64>,
    /// The probability that a message is lost or damaged.
    loss: f64,
    /// By slot: the rumors that are known there.
    known: RumorTable,
    /// The rumors that somebody in the core knew when it was asked about.
    owed: Cell<u64>,
    /// By slot: whether it is still awaited.
    awaited: Vec<bool>,
    missing: u64,
}

impl EpidemicLiveness {
    /// For an epidemic of these parameters in this run.
    pub fn new(parameters: Parameters, setup: &Setup) -> Self {
        Self {
            members: setup.members,
            contacts: Contacts::new(&parameters, setup.members, setup.seed),
            chance: Cell::new(0.0),
            parameters,
            loss: setup.network.loss.as_f64() + setup.network.corrupt.as_f64(),
            known: RumorTable::default(),
            owed: Cell::new(0),
            awaited: Vec::new(),
            missing: 0,
        }
    }

    fn knows_all_owed(&self, slot: Slot) -> bool {
        self.owed.get() & !self.known.get(slot.index()) == 0
    }

    /// The rumors that are known in a slot from which the core can learn: nobody pulls from who came after genesis.
    fn spreads(&self, ground: &Ground, slot: Slot) -> u64 {
        let place = ground.place(slot);
        let is_asked = self.parameters.mode != Mode::Pull || place.node.0 < self.members;
        if is_asked && self.counts(place) { self.known.get(slot.index()) } else { 0 }
    }

    fn counts(&self, place: &Place) -> bool {
        place.runs() && place.honest && is_reachable(&self.parameters, self.members, place.node)
    }

    /// The least probability that a cycle of contacts infects one more member of the core. On a full mesh: if one member of
    /// the core knows a rumor, or all but one, its contact is in the core with the share that the core has of all. A joiner
    /// contacts as on a full mesh. A message in each direction must not be lost.
    fn chance(&self, core: &[NodeId]) -> f64 {
        let kept = (1.0 - self.loss).max(0.0);
        let share = core.len() as f64 / f64::from(self.members.max(1)) / 2.0;
        let genesis = core.partition_point(|node| node.0 < self.members);
        let Parameters { fan_out, mode, .. } = self.parameters;
        let (pushes, pulls) = (mode != Mode::Pull, mode != Mode::Push);
        let crossing = self.contacts.least_crossing(&core[..genesis], fan_out, pushes, pulls);
        (if genesis < core.len() { crossing.min(share) } else { crossing }) * kept * kept
    }

    fn await_core(&mut self, ground: &Ground, core: &[Slot]) {
        self.awaited = vec![false; ground.places.len()];
        for slot in core {
            let place = ground.place(*slot);
            self.awaited[slot.index()] = self.counts(place) && !self.knows_all_owed(*slot);
        }
        self.missing = self.awaited.iter().filter(|awaited| **awaited).count() as u64;
    }
}

impl Liveness<Epidemic> for EpidemicLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if self.parameters.interest != Interest::Never || self.parameters.connection_limit > 0 {
            return Err(Stall::Settings);
        }
        self.owed.set(core.iter().fold(0, |rumors, slot| rumors | self.spreads(ground, *slot)));
        if self.owed.get() == 0 {
            return Err(Stall::LostData);
        }
        // After the heal, who is paused goes on and who is down starts again: the overlay must be in one piece with and
        // without them.
        let chance_of = |counts: &dyn Fn(&Place) -> bool| {
            let all = core.iter().map(|slot| ground.place(*slot)).filter(|place| counts(place));
            let mut nodes: Vec<NodeId> = all.map(|place| place.node).collect();
            nodes.sort_unstable();
            self.chance(&nodes)
        };
        let starts_again =
            |place: &Place| place.honest && is_reachable(&self.parameters, self.members, place.node);
        let goes_on = |place: &Place| place.up && starts_again(place);
        let chances = [chance_of(&|place| self.counts(place)), chance_of(&goes_on), chance_of(&starts_again)];
        self.chance.set(chances.into_iter().fold(f64::INFINITY, f64::min));
        if self.chance.get() == 0.0 { Err(Stall::NoQuorum) } else { Ok(()) }
    }

    fn hears(&self) -> &'static [&'static str] {
        &["Susceptible", "Infected"]
    }

    fn observe(&mut self, seen: &Seen<'_, Epidemic>) {
        match *seen.observation {
            EpidemicObservation::Susceptible => self.known.set(seen.slot.index(), 0),
            EpidemicObservation::Infected { rumors, .. } => self.known.add(seen.slot.index(), rumors),
            EpidemicObservation::Removed => {}
        }
    }

    /// An attempt is a cycle of contacts, after the one that is under way; each member that it reaches starts the count
    /// again. A window is one cycle, whatever the timeout.
    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        let contact = timeout / 4;
        let serve = timeout / (8 * u64::from(self.members.max(1)));
        let shares = Shares { way: contact, sync: contact, serve, ..Shares::of(timeout) };
        Pace { windows: 3, chance: self.chance.get(), wasted: 0, shares }
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Epidemic>>) -> Reach {
        let Some(seen) = seen else {
            self.await_core(ground, core);
            return if self.missing == 0 { Reach::All } else { Reach::Nothing };
        };
        let is_awaited = self.awaited.get(seen.slot.index()).is_some_and(|awaited| *awaited);
        if !is_awaited || !matches!(seen.observation, EpidemicObservation::Infected { .. }) {
            return Reach::Nothing;
        }
        if self.knows_all_owed(seen.slot) {
            self.awaited[seen.slot.index()] = false;
            self.missing -= 1;
        }
        if self.missing == 0 { Reach::All } else { Reach::More }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::graph::Topology;
    use sim_core::ground::Mark;
    use sim_core::process::JournalId;

    use super::*;

    const CORE: [Slot; 3] = [Slot(0), Slot(1), Slot(2)];

    fn ground() -> Ground {
        let mut ground = Ground::new(4, 0);
        ground.places.iter_mut().for_each(|place| place.up = true);
        ground
    }

    fn liveness(interest: Interest, infected: &[u32]) -> EpidemicLiveness {
        knowing(Parameters { interest, ..Parameters::default() }, infected)
    }

    /// Where these slots know the first rumor.
    fn knowing(parameters: Parameters, infected: &[u32]) -> EpidemicLiveness {
        let mut liveness = EpidemicLiveness::new(parameters, &Setup::new(0, 4));
        infected.iter().for_each(|slot| liveness.observe(&seen(*slot, &learned(1))));
        liveness
    }

    fn learned(rumors: u64) -> EpidemicObservation {
        EpidemicObservation::Infected { rumors, source: None, known: 1, complete: false }
    }

    fn seen(slot: u32, observation: &EpidemicObservation) -> Seen<'_, Epidemic> {
        Seen {
            slot: Slot(slot),
            node: NodeId(slot),
            incarnation: 0,
            honest: true,
            journal: JournalId(0),
            mark: Mark::default(),
            observation,
        }
    }

    fn learn(liveness: &mut EpidemicLiveness, ground: &Ground, slot: u32, rumors: u64) -> Reach {
        let learned = learned(rumors);
        liveness.observe(&seen(slot, &learned));
        liveness.reached(ground, &CORE, Some(&seen(slot, &learned)))
    }

    #[test]
    fn progress_is_made_when_the_last_of_the_core_learns() {
        let (ground, mut liveness) = (ground(), liveness(Interest::Never, &[0]));
        assert_eq!(liveness.owed(&ground, &CORE), Ok(()));
        assert_eq!(liveness.reached(&ground, &CORE, None), Reach::Nothing);
        assert_eq!(learn(&mut liveness, &ground, 1, 1), Reach::More);
        assert_eq!(learn(&mut liveness, &ground, 1, 1), Reach::Nothing, "nobody counts twice");
        assert_eq!(learn(&mut liveness, &ground, 3, 1), Reach::Nothing, "who is outside does not count");
        assert_eq!(learn(&mut liveness, &ground, 2, 1), Reach::All);
    }

    #[test]
    fn each_rumor_that_the_core_knows_is_owed_to_all_of_it() {
        let (ground, mut liveness) = (ground(), liveness(Interest::Never, &[0]));
        for (slot, rumors) in [(1, 2), (3, 4)] {
            liveness.observe(&seen(slot, &learned(rumors)));
        }
        assert_eq!(liveness.owed(&ground, &CORE), Ok(()));
        assert_eq!(liveness.reached(&ground, &CORE, None), Reach::Nothing);
        assert_eq!(learn(&mut liveness, &ground, 0, 2), Reach::More);
        assert_eq!(learn(&mut liveness, &ground, 1, 1), Reach::More);
        assert_eq!(learn(&mut liveness, &ground, 2, 1), Reach::More, "the other rumor is missing");
        assert_eq!(learn(&mut liveness, &ground, 2, 2), Reach::All, "the third is known outside only");
    }

    #[test]
    fn what_is_owed_depends_on_interest_and_memory() {
        let owed = |interest, infected| liveness(interest, &[infected]).owed(&ground(), &CORE);
        assert_eq!(owed(Interest::Never, 1), Ok(()));
        assert_eq!(owed(Interest::BlindCoin, 1), Err(Stall::Settings));
        assert_eq!(owed(Interest::Never, 3), Err(Stall::LostData));
    }

    #[test]
    fn a_process_does_not_know_what_the_one_before_it_knew() {
        let (ground, mut liveness) = (ground(), liveness(Interest::Never, &[1]));
        liveness.observe(&seen(1, &EpidemicObservation::Susceptible));
        assert_eq!(liveness.owed(&ground, &CORE), Err(Stall::LostData));
    }

    #[test]
    fn losses_and_members_outside_make_contacts_fail() {
        let chance = |loss, core| {
            let core: Vec<NodeId> = (0..core).map(NodeId).collect();
            EpidemicLiveness { loss, ..liveness(Interest::Never, &[]) }.chance(&core)
        };
        assert!((chance(0.0, 4) - 0.5).abs() < 1e-12);
        assert!((chance(0.5, 2) - 0.0625).abs() < 1e-12);
        assert!(chance(1.2, 4) == 0.0);
    }

    #[test]
    fn an_overlay_owes_progress_where_the_core_is_in_one_piece() {
        let parameters = Parameters { overlay: Topology::Line, mode: Mode::Push, ..Parameters::default() };
        let (mut ground, liveness) = (ground(), knowing(parameters, &[0]));
        assert_eq!(liveness.owed(&ground, &CORE), Ok(()));
        assert!((liveness.chance.get() - 0.5).abs() < 1e-12, "an inner member has two neighbors");
        assert_eq!(liveness.owed(&ground, &[Slot(0), Slot(2)]), Err(Stall::NoQuorum));
        let beyond_a_gap = [Slot(0), Slot(1), Slot(3)];
        ground.places[3].paused = true;
        let owed = liveness.owed(&ground, &beyond_a_gap);
        assert_eq!(owed, Err(Stall::NoQuorum), "it goes on and is not reached");
        ground.places[3].up = false;
        let owed = liveness.owed(&ground, &beyond_a_gap);
        assert_eq!(owed, Err(Stall::NoQuorum), "it starts again and is not reached");
    }

    #[test]
    fn nobody_pulls_from_a_joiner() {
        for (mode, owed) in [(Mode::Pull, Err(Stall::LostData)), (Mode::PushPull, Ok(()))] {
            let parameters = Parameters { mode, ..Parameters::default() };
            let (mut ground, liveness) = (ground(), knowing(parameters, &[2]));
            ground.assign(Slot(2), NodeId(9));
            assert_eq!(liveness.owed(&ground, &CORE), owed, "{mode:?}");
        }
    }

    #[test]
    fn a_core_that_knows_everything_has_made_its_progress() {
        let (ground, mut liveness) = (ground(), liveness(Interest::Never, &[0, 1, 2]));
        assert_eq!(liveness.owed(&ground, &CORE), Ok(()));
        assert_eq!(liveness.reached(&ground, &CORE, None), Reach::All);
    }
}
