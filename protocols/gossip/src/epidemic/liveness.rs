//! What progress an epidemic owes: the whole healed core learns every rumor.

use sim_core::check::Seen;
use sim_core::ground::{Ground, Place};
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, ProgressSeen};
use sim_core::time::Duration;

use super::completeness::is_reachable;
use super::deadline::Pace;
use super::parameters::{Interest, Parameters};
use super::vocabulary::{Epidemic, EpidemicObservation};

/// Progress is made when every running honest member of the core knows all rumors.
///
/// Not owed where interest can be lost, where nobody in the core knows all rumors at the heal, and where the second phase is
/// shorter than the [`Pace::deadline`] of an epidemic of this size.
#[derive(Clone, Debug)]
pub struct EpidemicLiveness {
    parameters: Parameters,
    members: u32,
    within: Duration,
    pace: Pace,
    /// By slot: whether it is still awaited.
    awaited: Vec<bool>,
    missing: u64,
}

impl EpidemicLiveness {
    /// For an epidemic of these parameters in this run.
    pub fn new(parameters: Parameters, setup: &Setup) -> Self {
        Self {
            pace: Pace::new(&parameters, setup),
            parameters,
            members: setup.members,
            within: setup.progress_within.unwrap_or_default(),
            awaited: Vec::new(),
            missing: 0,
        }
    }

    fn counts(&self, place: &Place) -> bool {
        place.runs() && place.honest && is_reachable(&self.parameters, self.members, place.node)
    }

    fn await_core(&mut self, ground: &Ground, core: &[Slot]) {
        self.awaited = vec![false; ground.places.len()];
        for slot in core {
            let place = ground.place(*slot);
            self.awaited[slot.index()] = self.counts(place) && !complete(place);
        }
        self.missing = self.awaited.iter().filter(|awaited| **awaited).count() as u64;
    }
}

/// Whether it knows all rumors, even if it has lost interest in them.
fn complete(place: &Place) -> bool {
    matches!(place.status.role, Some("infected" | "removed"))
}

impl Liveness<Epidemic> for EpidemicLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        let places = || core.iter().map(|slot| ground.place(*slot)).filter(|place| self.counts(place));
        let size = u32::try_from(core.len()).unwrap_or(u32::MAX);
        if self.parameters.interest != Interest::Never || self.within < self.pace.deadline(size) {
            Err(Stall::Forfeited)
        } else if !places().any(complete) {
            Err(Stall::LostData)
        } else {
            Ok(())
        }
    }

    fn seen_by(&self) -> ProgressSeen {
        ProgressSeen::Observations
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Epidemic>>) -> bool {
        let Some(seen) = seen else {
            self.await_core(ground, core);
            return self.missing == 0;
        };
        let awaited = self.awaited.get_mut(seen.slot.index());
        if let (EpidemicObservation::Infected { complete: true, .. }, Some(awaited)) =
            (seen.observation, awaited)
            && std::mem::take(awaited)
        {
            self.missing -= 1;
        }
        self.missing == 0
    }
}

#[cfg(test)]
mod tests {
    use sim_core::ground::Mark;
    use sim_core::identity::NodeId;
    use sim_core::process::JournalId;

    use super::*;

    const CORE: [Slot; 3] = [Slot(0), Slot(1), Slot(2)];

    fn ground(infected: &[usize]) -> Ground {
        let mut ground = Ground::new(4, 0);
        ground.places.iter_mut().for_each(|place| place.up = true);
        for index in infected {
            ground.places[*index].status.role = Some("infected");
        }
        ground
    }

    fn liveness(interest: Interest) -> EpidemicLiveness {
        let parameters = Parameters { interest, ..Parameters::default() };
        let within = Some(Duration::from_secs(10_000));
        EpidemicLiveness::new(parameters, &Setup { progress_within: within, ..Setup::new(0, 4) })
    }

    fn learn(liveness: &mut EpidemicLiveness, ground: &Ground, slot: u32) -> bool {
        let observation =
            EpidemicObservation::Infected { rumors: 1, source: Some(NodeId(0)), known: 1, complete: true };
        let seen = Seen {
            slot: Slot(slot),
            node: NodeId(slot),
            incarnation: 0,
            journal: JournalId(0),
            mark: Mark::default(),
            observation: &observation,
        };
        liveness.reached(ground, &CORE, Some(&seen))
    }

    #[test]
    fn progress_is_made_when_the_last_of_the_core_learns() {
        let (ground, mut liveness) = (ground(&[0]), liveness(Interest::Never));
        assert!(!liveness.reached(&ground, &CORE, None));
        assert!(!learn(&mut liveness, &ground, 1));
        assert!(!learn(&mut liveness, &ground, 1), "nobody counts twice");
        assert!(!learn(&mut liveness, &ground, 3), "who is outside does not count");
        assert!(learn(&mut liveness, &ground, 2));
    }

    #[test]
    fn what_is_owed_depends_on_interest_memory_and_time() {
        assert_eq!(liveness(Interest::Never).owed(&ground(&[1]), &CORE), Ok(()));
        assert_eq!(liveness(Interest::BlindCoin).owed(&ground(&[1]), &CORE), Err(Stall::Forfeited));
        assert_eq!(liveness(Interest::Never).owed(&ground(&[3]), &CORE), Err(Stall::LostData));
        let short = EpidemicLiveness { within: Duration::from_secs(5), ..liveness(Interest::Never) };
        assert_eq!(short.owed(&ground(&[1]), &CORE), Err(Stall::Forfeited));
    }

    #[test]
    fn a_core_that_knows_everything_has_made_its_progress() {
        assert!(liveness(Interest::Never).reached(&ground(&[0, 1, 2]), &CORE, None));
    }
}
