//! Nobody is dead before somebody has declared it.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::Slot;

use crate::swim::vocabulary::{Swim, SwimObservation};

/// A member takes another one for dead because its own suspicion of it has run out, or because it heard of the death: then the suspicion of
/// somebody had run out, in that incarnation or a later one (SWIM, section 4.2). A suspicion that is heard of begins a suspicion,
/// and so does a death that is found in a whole view.
#[derive(Clone, Debug, Default)]
pub struct Declarations {
    /// By number of a member: the latest incarnation in which somebody has declared it dead, plus one.
    declared: Vec<u32>,
    /// From the first traitor on, everything may be made up.
    traitors: bool,
}

impl Check<Swim> for Declarations {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Died"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, findings: &mut Findings) {
        let SwimObservation::Died { peer, incarnation, from, .. } = *seen.observation else { return };
        if self.traitors {
            return;
        }
        if peer.index() >= self.declared.len() {
            self.declared.resize(peer.index() + 1, 0);
        }
        let declared = &mut self.declared[peer.index()];
        if from == seen.node {
            *declared = (*declared).max(incarnation.saturating_add(1));
            return;
        }
        findings.exercised();
        if *declared <= incarnation {
            let node = seen.node;
            let text = format!(
                "{node} takes {peer} for dead in incarnation {incarnation}, which nobody has declared"
            );
            findings.safety("", &[node, peer], text);
        }
    }

    fn lifecycle(&mut self, _: &Ground, _: Slot, what: Lifecycle, _: &mut Findings) {
        self.traitors |= what == Lifecycle::Corrupted;
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;
    use sim_core::identity::NodeId;

    use super::super::tests::Script;
    use super::*;

    fn died(peer: u32, incarnation: u32, from: u32) -> SwimObservation {
        let (peer, from) = (NodeId(peer), NodeId(from));
        SwimObservation::Died { peer, incarnation, from, members: 3, view: ContentHash(0) }
    }

    fn script() -> Script<Declarations> {
        Script::new(Declarations::default(), 4)
    }

    #[test]
    fn a_death_is_declared_by_somebody() {
        let mut script = script();
        script.see(0, died(3, 1, 0)).see(1, died(3, 1, 0)).see(2, died(3, 0, 0)).clean();
        assert_eq!(script.exercised(), 2);
        script.see(2, died(3, 2, 0));
        script.found("", "n3 takes n4 for dead in incarnation 2, which nobody has declared");
        let mut nobody = self::script();
        assert_eq!(nobody.see(1, died(3, 0, 0)).violations(), 1);
    }

    #[test]
    fn traitors_make_deaths_up() {
        script().corrupt(2).see(1, died(3, 7, 0)).clean();
    }
}
