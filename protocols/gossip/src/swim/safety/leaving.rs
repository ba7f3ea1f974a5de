//! Whoever leaves stays away.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use crate::swim::vocabulary::{Status, Swim, SwimMessage, SwimObservation, Update};

/// A member that said that it leaves never says afterwards that it is alive, whatever others say of it, and raises its incarnation no
/// more: nobody can hold alive who has left, in a later incarnation (memberlist's `Leave`, Serf's intents). Somebody who starts
/// there later is new.
#[derive(Debug, Default)]
pub struct Leaving {
    leaves: BySlot<bool>,
}

impl Leaving {
    fn leaves(&self, slot: Slot) -> bool {
        self.leaves.get(slot).copied().unwrap_or(false)
    }
}

impl Check<Swim> for Leaving {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Leaving", "Refuted"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Swim>, findings: &mut Findings) {
        let (slot, node) = (seen.slot, seen.node);
        match *seen.observation {
            SwimObservation::Leaving { .. } => *self.leaves.at(slot) = true,
            SwimObservation::Refuted { incarnation } if self.leaves(slot) && ground.place(slot).honest => {
                let text = format!("{node} leaves, and goes on in incarnation {incarnation}");
                findings.safety("denies", &[node], text);
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ping", "PingRequest", "Ack", "Gossip"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &SwimMessage,
        findings: &mut Findings,
    ) {
        let Some(slot) = ground.slot_of(from).filter(|slot| self.leaves(*slot)) else { return };
        if !ground.place(slot).honest {
            return;
        }
        findings.exercised();
        let alive = |update: &&Update| update.node == from && update.status != Status::Left;
        if message.news().iter().any(|update| alive(&update)) {
            let text = format!("{from} leaves, and says that it is there");
            findings.safety("says otherwise", &[from], text);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if matches!(what, Lifecycle::Booted | Lifecycle::Crashed | Lifecycle::Wiped) {
            self.leaves.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Script;
    use super::*;

    const LEAVES: SwimObservation = SwimObservation::Leaving { incarnation: 2 };

    fn script() -> Script<Leaving> {
        Script::new(Leaving::default(), 4)
    }

    fn says(status: Status) -> SwimMessage {
        let node = NodeId(1);
        SwimMessage::Gossip { news: [Update { node, status, incarnation: 2, from: node }].into() }
    }

    #[test]
    fn a_leaver_denies_nothing() {
        let mut script = script();
        script.see(1, SwimObservation::Refuted { incarnation: 2 }).see(1, LEAVES).clean();
        script.see(1, SwimObservation::Refuted { incarnation: 3 });
        script.found("denies", "n2 leaves, and goes on in incarnation 3");
        let mut back = self::script();
        back.see(1, LEAVES).restart(1).see(1, SwimObservation::Refuted { incarnation: 1 }).clean();
    }

    #[test]
    fn a_leaver_says_nothing_else_of_itself() {
        let mut script = script();
        script.send(1, 0, says(Status::Alive)).see(1, LEAVES).send(1, 0, says(Status::Left)).clean();
        assert_eq!(script.exercised(), 1);
        script.send(2, 0, says(Status::Alive)).clean();
        script
            .send(1, 0, says(Status::Alive))
            .found("says otherwise", "n2 leaves, and says that it is there");
    }
}
