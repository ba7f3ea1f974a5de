//! What progress reliable broadcast owes: what was left undelivered at the heal is delivered by the whole core, and
//! then something new, if there is anything new to come.

use sim_core::check::Seen;
use sim_core::ground::{Ground, Place};
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::outcome::Stall;
use sim_core::progress::Pace;
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

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
    core: OrderedSet<NodeId>,
    /// Who of the core has not delivered what was owed at the heal.
    missing: OrderedSet<(Broadcast, NodeId)>,
    /// Whether something new must be delivered as well.
    wants_new: bool,
    /// Who of the core has delivered something that was not owed at the heal.
    new: OrderedMap<Broadcast, OrderedSet<NodeId>>,
    old: OrderedSet<Broadcast>,
}

/// Whether a place runs an honest member that takes part.
pub(super) fn takes_part(place: &Place, members: u32) -> bool {
    place.runs() && place.honest && place.node.0 < members && place.status.role != Some("halted")
}

impl BrachaLiveness {
    /// For a cluster of these parameters in this run; the ledger is kept by the check of totality.
    pub fn new(parameters: Parameters, setup: &Setup, ledger: Ledger) -> Self {
        Self {
            parameters,
            members: setup.members,
            ledger,
            core: OrderedSet::new(),
            missing: OrderedSet::new(),
            wants_new: false,
            new: OrderedMap::new(),
            old: OrderedSet::new(),
        }
    }

    fn able(&self, ground: &Ground, core: &[Slot]) -> OrderedSet<NodeId> {
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
        let mut said: OrderedMap<NodeId, u64> = OrderedMap::new();
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

    /// Whether that was left from before the heal.
    fn delivered(&mut self, broadcast: Broadcast, node: NodeId) -> bool {
        if self.old.contains(&broadcast) {
            return self.missing.remove(&(broadcast, node));
        }
        if self.wants_new && self.core.contains(&node) {
            let by = self.new.entry(broadcast).or_default();
            by.insert(node);
            self.wants_new = by.len() < self.core.len();
        }
        false
    }
}

impl Liveness<Bracha> for BrachaLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if self.has_quorum(ground, core) { Ok(()) } else { Err(Stall::NoQuorum) }
    }

    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        pace::of(&self.parameters, self.members, timeout)
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Bracha>>) -> Reach {
        let mut more = false;
        match seen {
            None => self.take_stock(ground, core),
            Some(seen) => {
                if let BrachaObservation::Delivered { broadcast, .. } = *seen.observation {
                    more = self.delivered(broadcast, seen.node);
                }
            }
        }
        match (self.missing.is_empty() && !self.wants_new, more) {
            (true, _) => Reach::All,
            (false, true) => Reach::More,
            (false, false) => Reach::Nothing,
        }
    }

    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        (!self.has_quorum(ground, core)).then_some(Stall::NoQuorum)
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
        let totality = Totality::new(4, ledger.clone());
        let parameters = Parameters { broadcasts, ..Parameters::default() };
        (Script::new(totality, 4), BrachaLiveness::new(parameters, &Setup::new(0, 4), ledger))
    }

    fn delivers(script: &Script<Totality>, liveness: &mut BrachaLiveness, slot: u32, sequence: u64) -> Reach {
        let broadcast = Broadcast { sequence, ..FIRST };
        see(script, liveness, slot, &BrachaObservation::Delivered { broadcast, value: 5, count: 1 })
    }

    fn see(
        script: &Script<Totality>,
        liveness: &mut BrachaLiveness,
        slot: u32,
        observation: &BrachaObservation,
    ) -> Reach {
        let place = script.ground.place(Slot(slot));
        let seen = Seen {
            slot: Slot(slot),
            node: place.node,
            incarnation: 0,
            honest: true,
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
        assert_eq!(liveness.reached(&script.ground, &CORE, None), Reach::Nothing);
        assert_eq!(delivers(&script, &mut liveness, 0, 1), Reach::More);
        assert_eq!(delivers(&script, &mut liveness, 0, 1), Reach::Nothing, "once each");
        assert_eq!(delivers(&script, &mut liveness, 3, 1), Reach::Nothing, "who is outside does not count");
        assert_eq!(delivers(&script, &mut liveness, 2, 1), Reach::All);
    }

    #[test]
    fn something_new_must_come_while_there_is_more_to_say() {
        let (mut script, mut liveness) = cluster(2);
        script.say(0, 5).deliver(0, 5).deliver(1, 5).deliver(2, 5);
        assert_eq!(liveness.reached(&script.ground, &CORE, None), Reach::Nothing);
        assert_eq!(delivers(&script, &mut liveness, 0, 2), Reach::Nothing);
        assert_eq!(delivers(&script, &mut liveness, 1, 2), Reach::Nothing);
        assert_eq!(delivers(&script, &mut liveness, 2, 2), Reach::All);
        let (mut script, mut liveness) = cluster(1);
        script.say(0, 5).deliver(0, 5).deliver(1, 5).deliver(2, 5);
        assert_eq!(liveness.reached(&script.ground, &CORE, None), Reach::All, "nothing more is to come");
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
