//! What progress reliable broadcast owes: what was left undelivered at the heal is delivered by the whole core, and
//! then something new, if there is anything new to come.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::check::Seen;
use sim_core::ground::{Ground, Place};
use sim_core::identity::{NodeId, Slot};
use sim_core::outcome::Stall;
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, ProgressSeen};

use super::ledger::Ledger;
use super::pace;
use super::parameters::Parameters;
use super::thresholds::Thresholds;
use super::vocabulary::{Bracha, BrachaObservation, Broadcast};

/// Judges progress by the ledger as it stands at the heal, and by what is delivered from then on.
#[derive(Clone, Debug)]
pub struct BrachaLiveness {
    parameters: Parameters,
    members: u32,
    ledger: Ledger,
    /// Whether members that are busy with what is broadcast are done with it in time.
    in_time: bool,
    core: BTreeSet<NodeId>,
    /// Who of the core has not delivered what was owed at the heal.
    missing: BTreeSet<(Broadcast, NodeId)>,
    /// Whether something new must be delivered as well.
    wants_new: bool,
    /// Whether somebody of the core said something new.
    said_new: bool,
    /// Who of the core has delivered something that was not owed at the heal.
    new: BTreeMap<Broadcast, BTreeSet<NodeId>>,
    old: BTreeSet<Broadcast>,
}

/// Whether a place runs an honest member that takes part.
pub(super) fn takes_part(place: &Place, members: u32) -> bool {
    place.runs() && place.honest && place.node.0 < members && place.status.role != Some("halted")
}

impl BrachaLiveness {
    /// For a cluster of these parameters in this run; the ledger is kept by the check of totality.
    pub fn new(parameters: Parameters, setup: &Setup, ledger: Ledger) -> Self {
        Self {
            in_time: pace::is_in_time(&parameters, setup),
            parameters,
            members: setup.members,
            ledger,
            core: BTreeSet::new(),
            missing: BTreeSet::new(),
            wants_new: false,
            said_new: false,
            new: BTreeMap::new(),
            old: BTreeSet::new(),
        }
    }

    fn able(&self, ground: &Ground, core: &[Slot]) -> BTreeSet<NodeId> {
        let places = core.iter().map(|slot| ground.place(*slot));
        places.filter(|place| takes_part(place, self.members)).map(|place| place.node).collect()
    }

    /// Progress needs n - f members that take part, and no more than f traitors.
    fn has_quorum(&self, ground: &Ground, core: &[Slot]) -> bool {
        let faulty = Thresholds::new(self.members).faulty() as usize;
        let traitors = ground.members().filter(|(_, place)| !place.honest).count();
        self.able(ground, core).len() + faulty >= self.members as usize && traitors <= faulty
    }

    fn take_stock(&mut self, ground: &Ground, core: &[Slot]) {
        self.core = self.able(ground, core);
        let mut said: BTreeMap<NodeId, u64> = BTreeMap::new();
        for (broadcast, progress) in self.ledger.read().iter() {
            *said.entry(broadcast.sender).or_default() += u64::from(progress.said_at.is_some());
            if progress.delivered_at.is_none() && !self.core.contains(&broadcast.sender) {
                continue;
            }
            self.old.insert(*broadcast);
            let lacking = self.core.iter().filter(|node| !progress.delivered_by.contains(**node));
            self.missing.extend(lacking.map(|node| (*broadcast, *node)));
        }
        self.wants_new = self.core.iter().any(|node| {
            node.0 < self.parameters.broadcasters
                && said.get(node).copied().unwrap_or(0) < self.parameters.broadcasts
        });
    }

    fn delivered(&mut self, broadcast: Broadcast, node: NodeId) {
        if self.old.contains(&broadcast) {
            self.missing.remove(&(broadcast, node));
        } else if self.wants_new && self.core.contains(&node) {
            let by = self.new.entry(broadcast).or_default();
            by.insert(node);
            self.wants_new = by.len() < self.core.len();
        }
    }
}

impl Liveness<Bracha> for BrachaLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if !self.has_quorum(ground, core) {
            Err(Stall::NoQuorum)
        } else if !self.in_time {
            Err(Stall::Forfeited)
        } else {
            Ok(())
        }
    }

    fn seen_by(&self) -> ProgressSeen {
        ProgressSeen::Observations
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Bracha>>) -> bool {
        match seen {
            None => self.take_stock(ground, core),
            Some(seen) => match *seen.observation {
                BrachaObservation::Delivered { broadcast, .. } => self.delivered(broadcast, seen.node),
                BrachaObservation::Broadcast { broadcast, .. } => {
                    self.said_new |= self.core.contains(&seen.node) && !self.old.contains(&broadcast);
                }
                _ => {}
            },
        }
        self.missing.is_empty() && !self.wants_new
    }

    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        if !self.has_quorum(ground, core) {
            return Some(Stall::NoQuorum);
        }
        // A timer that was set on a clock that was ahead of its time rings late: nothing new was there to be delivered.
        (self.missing.is_empty() && !self.said_new).then_some(Stall::Forfeited)
    }
}

#[cfg(test)]
mod tests {

    use super::super::safety::tests::{FIRST, Says, Script};
    use super::super::totality::Totality;
    use super::*;

    const CORE: [Slot; 3] = [Slot(0), Slot(1), Slot(2)];

    /// Four members, n1 broadcasting `broadcasts` values; the check of totality keeps the ledger.
    fn cluster(broadcasts: u64) -> (Script<Totality>, BrachaLiveness) {
        let ledger = Ledger::default();
        let totality = Totality::new(4, sim_core::time::Duration::from_secs(1), ledger.clone());
        let parameters = Parameters { broadcasts, ..Parameters::default() };
        (Script::new(totality, 4), BrachaLiveness::new(parameters, &Setup::new(0, 4), ledger))
    }

    fn delivers(script: &Script<Totality>, liveness: &mut BrachaLiveness, slot: u32, sequence: u64) -> bool {
        let broadcast = Broadcast { sequence, ..FIRST };
        see(script, liveness, slot, &BrachaObservation::Delivered { broadcast, value: 5, count: 1 })
    }

    fn see(
        script: &Script<Totality>,
        liveness: &mut BrachaLiveness,
        slot: u32,
        observation: &BrachaObservation,
    ) -> bool {
        let place = script.ground.place(Slot(slot));
        let seen = Seen {
            slot: Slot(slot),
            node: place.node,
            incarnation: 0,
            journal: super::super::node::JOURNAL,
            mark: place.mark(super::super::node::JOURNAL),
            observation,
        };
        liveness.reached(&script.ground, &CORE, Some(&seen))
    }

    #[test]
    fn what_was_left_at_the_heal_must_be_delivered_by_the_whole_core() {
        let (mut script, mut liveness) = cluster(1);
        script.say(0, 5).deliver(1, 5);
        assert!(!liveness.reached(&script.ground, &CORE, None));
        assert!(!delivers(&script, &mut liveness, 0, 1));
        assert!(!delivers(&script, &mut liveness, 3, 1), "who is outside does not count");
        assert!(delivers(&script, &mut liveness, 2, 1));
    }

    #[test]
    fn something_new_must_come_while_there_is_more_to_say() {
        let (mut script, mut liveness) = cluster(2);
        script.say(0, 5).deliver(0, 5).deliver(1, 5).deliver(2, 5);
        assert!(!liveness.reached(&script.ground, &CORE, None));
        assert!(!delivers(&script, &mut liveness, 0, 2));
        assert!(!delivers(&script, &mut liveness, 1, 2));
        assert!(delivers(&script, &mut liveness, 2, 2));
        let (mut script, mut liveness) = cluster(1);
        script.say(0, 5).deliver(0, 5).deliver(1, 5).deliver(2, 5);
        assert!(liveness.reached(&script.ground, &CORE, None), "nothing more is to come");
    }

    #[test]
    fn silence_of_the_senders_is_an_excuse_and_no_progress() {
        let (mut script, mut liveness) = cluster(2);
        script.say(0, 5).deliver(0, 5).deliver(1, 5).deliver(2, 5);
        liveness.reached(&script.ground, &CORE, None);
        assert_eq!(liveness.explain(&script.ground, &CORE), Some(Stall::Forfeited));
        let broadcast = Broadcast { sequence: 2, ..FIRST };
        see(&script, &mut liveness, 0, &BrachaObservation::Broadcast { broadcast, value: 6 });
        assert_eq!(liveness.explain(&script.ground, &CORE), None);
    }

    #[test]
    fn nothing_is_owed_with_too_few_members_or_too_many_traitors() {
        let (mut script, liveness) = cluster(1);
        assert_eq!(liveness.owed(&script.ground, &CORE), Ok(()));
        assert_eq!(liveness.owed(&script.ground, &CORE[..2]), Err(Stall::NoQuorum));
        script.corrupt(3);
        assert_eq!(liveness.owed(&script.ground, &CORE), Ok(()));
        script.corrupt(2);
        assert_eq!(liveness.explain(&script.ground, &CORE), Some(Stall::NoQuorum));
    }
}
