//! Convergence: after the heal, every rumor that somebody still knows reaches everybody.

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::setup::Setup;
use sim_core::time::Time;

use super::parameters::{Interest, Mode, Parameters};
use super::rumor_table::RumorTable;
use super::vocabulary::{Epidemic, EpidemicObservation};

/// Every running honest member of the healed core learns every rumor that the core still knew at the heal.
///
/// It is owed only where interest is never lost (a rule of losing it leaves a residue by design). When it is overdue says
/// the world ([`sim_core::progress`]).
#[derive(Clone, Debug)]
pub struct Completeness {
    parameters: Parameters,
    members: u32,
    /// What the incarnation in each slot knows.
    known: RumorTable,
    core: Vec<Slot>,
    owed: u64,
    healed_at: Time,
}

/// Whether a rumor can reach somebody at all: nobody pushes to who came after genesis.
pub(super) fn is_reachable(parameters: &Parameters, members: u32, node: NodeId) -> bool {
    parameters.mode != Mode::Push || node.0 < members
}

impl Completeness {
    /// For an epidemic of these parameters in this run.
    pub fn new(parameters: Parameters, setup: &Setup) -> Self {
        Self {
            parameters,
            members: setup.members,
            known: RumorTable::default(),
            core: Vec::new(),
            owed: 0,
            healed_at: Time::ZERO,
        }
    }

    fn owes(&self, ground: &Ground, slot: Slot) -> bool {
        let place = ground.place(slot);
        place.runs() && place.honest && is_reachable(&self.parameters, self.members, place.node)
    }
}

impl Check<Epidemic> for Completeness {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Epidemic>, _: &mut Findings) {
        if let EpidemicObservation::Infected { rumors, .. } = *seen.observation {
            self.known.add(seen.slot.index(), rumors);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        match what {
            Lifecycle::Booted | Lifecycle::Crashed | Lifecycle::Wiped => self.known.set(slot.index(), 0),
            Lifecycle::Healed => {
                self.healed_at = ground.now;
                self.core.push(slot);
                if self.owes(ground, slot) {
                    self.owed |= self.known.get(slot.index());
                }
            }
            Lifecycle::Corrupted => {}
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        if self.owed == 0 || self.parameters.interest != Interest::Never {
            return;
        }
        let owing: Vec<Slot> = self.core.iter().copied().filter(|slot| self.owes(ground, *slot)).collect();
        let missing = owing.iter().filter(|slot| self.owed & !self.known.get(slot.index()) != 0);
        let nodes: Vec<NodeId> = missing.map(|slot| ground.place(*slot).node).collect();
        if nodes.is_empty() || ground.overdue {
            findings.exercised_by(owing.len() as u64);
        } else {
            return;
        }
        if let Some(first) = nodes.first() {
            let after = ground.now.since(self.healed_at);
            let text = format!(
                "{} of {} members still lack a rumor {after} after the heal, {first} among them",
                nodes.len(),
                self.core.len()
            );
            findings.liveness("", &nodes[..nodes.len().min(8)], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::safety::tests::{Infects, Script};
    use super::*;

    fn script(interest: Interest) -> Script<Completeness> {
        let parameters = Parameters { interest, ..Parameters::default() };
        Script::new(Completeness::new(parameters, &Setup::new(0, 3)), 3)
    }

    /// Heals all three; at the end it is overdue or not.
    fn heal(script: &mut Script<Completeness>, overdue: bool) {
        for agent in 0..3 {
            script.heal(agent);
        }
        script.ground.overdue = overdue;
    }

    #[test]
    fn a_member_that_never_learns_is_found() {
        let mut script = script(Interest::Never);
        script.infect(0, None).infect(1, Some(0));
        heal(&mut script, true);
        assert_eq!(script.finish().violations(), 1);
        assert_eq!(script.findings.violations()[0].nodes, [NodeId(2)]);
    }

    #[test]
    fn everybody_reached_is_a_pass_however_late() {
        let mut script = script(Interest::Never);
        script.infect(0, None).infect(1, Some(0));
        heal(&mut script, true);
        script.infect(2, Some(1));
        assert_eq!(script.finish().violations(), 0);
        assert_eq!(script.exercised(), 3);
    }

    #[test]
    fn nothing_is_owed_early_or_where_interest_is_lost_or_to_who_is_down() {
        for (interest, overdue, crash) in [
            (Interest::Never, false, false),
            (Interest::FeedbackCounter, true, false),
            (Interest::Never, true, true),
        ] {
            let mut script = script(interest);
            script.infect(0, None).infect(1, Some(0));
            heal(&mut script, overdue);
            if crash {
                script.crash(2, 0);
            }
            assert_eq!(script.finish().violations(), 0, "{interest:?} {overdue} {crash}");
        }
    }

    #[test]
    fn a_rumor_that_died_with_its_only_bearer_is_not_owed() {
        let mut script = script(Interest::Never);
        script.infect(0, None).crash(0, 0).boot(0);
        heal(&mut script, true);
        assert_eq!(script.finish().violations(), 0);
    }

    #[test]
    fn a_restarted_member_must_be_reached_again() {
        let mut script = script(Interest::Never);
        script.infect(0, None).infect(1, Some(0)).infect(2, Some(0));
        script.crash(2, 0).boot(2);
        heal(&mut script, true);
        assert_eq!(script.finish().violations(), 1);
    }
}
