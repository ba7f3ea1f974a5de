//! One coordinator at a time.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Looks at whose acts are later than those of a successor.
///
/// A coordinator that was deposed may learn that late, and does no harm as long as it gives nothing away. So it is judged by
/// what it does: once somebody coordinates under a higher term, nobody acts under a lower one.
#[derive(Debug)]
pub struct OneCoordinator {
    /// Whether that is given.
    given: bool,
    latest: Option<(u32, Slot)>,
    /// By slot: under which term it coordinates.
    terms: Vec<Option<u32>>,
}

impl OneCoordinator {
    /// Nobody coordinates yet.
    pub const fn new(given: bool) -> Self {
        Self { given, latest: None, terms: Vec::new() }
    }

    fn term(&mut self, slot: Slot) -> &mut Option<u32> {
        if self.terms.len() <= slot.index() {
            self.terms.resize(slot.index() + 1, None);
        }
        &mut self.terms[slot.index()]
    }
}

impl Check<Coordination> for OneCoordinator {
    fn hears(&self) -> Option<&'static [&'static str]> {
        if self.given { Some(&["Coordinator", "Deposed", "Granted", "Expired"]) } else { Some(&[]) }
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Coordinator { epoch } => {
                findings.exercised();
                if let Some((latest, slot)) = self.latest.filter(|(latest, _)| *latest >= epoch) {
                    let (node, other) = (seen.node, ground.place(slot).node);
                    let message =
                        format!("{node} coordinates in term {epoch}, although {other} did in term {latest}");
                    findings.safety("term", &[node, other], message);
                }
                self.latest = Some((epoch, seen.slot));
                *self.term(seen.slot) = Some(epoch);
            }
            Observation::Deposed => *self.term(seen.slot) = None,
            Observation::Granted { .. } | Observation::Expired { .. } => {
                findings.exercised();
                let own = *self.term(seen.slot);
                if let Some((latest, slot)) = self.latest.filter(|(latest, _)| own != Some(*latest)) {
                    let (node, other): (NodeId, NodeId) = (seen.node, ground.place(slot).node);
                    let message = format!(
                        "{node} gives and takes tasks, although {other} coordinates in term {latest}"
                    );
                    findings.safety("two", &[node, other], message);
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if event == Lifecycle::Booted {
            *self.term(slot) = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol_testing::script::Script;

    use super::*;
    use crate::vocabulary::CoordinationObservation::{Coordinator, Deposed, Expired};

    fn acts() -> Observation {
        Expired { task: 0, fence: 1, agent: NodeId(2) }
    }

    #[test]
    fn a_deposed_coordinator_may_be_slow_to_learn_but_not_act() {
        let mut script = Script::new(OneCoordinator::new(true), 3);
        script.see(0, Coordinator { epoch: 1 });
        script.see(0, acts());
        script.see(1, Coordinator { epoch: 2 });
        script.see(1, acts());
        script.see(0, Deposed);
        script.clean();
        script.see(0, acts());
        script.found("two", "n1 gives and takes tasks, although n2 coordinates in term 2");
    }

    #[test]
    fn terms_rise() {
        let mut script = Script::new(OneCoordinator::new(true), 3);
        script.see(0, Coordinator { epoch: 2 });
        script.see(1, Coordinator { epoch: 2 });
        script.found("term", "n2 coordinates in term 2, although n1 did in term 2");
    }
}
