//! Whoever is told of its own suspicion denies it.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use crate::swim::vocabulary::{Status, Swim, SwimMessage, SwimObservation};

/// A probe that told its target that it is a suspect.
#[derive(Clone, Copy, Debug)]
struct Accused {
    target: NodeId,
    sequence: u32,
    incarnation: u32,
}

/// Compares accusations that travel with a probe with the incarnation of whoever answers that probe.
#[derive(Clone, Debug, Default)]
pub struct Refutation {
    /// By the number of whoever probes: one at a time.
    accused: Vec<Option<Accused>>,
    /// By slot: the incarnation of the process there; none while it leaves.
    incarnations: Vec<Option<u32>>,
}

fn at<T: Clone + Default>(list: &mut Vec<T>, index: usize) -> &mut T {
    if index >= list.len() {
        list.resize(index + 1, T::default());
    }
    &mut list[index]
}

impl Check<Swim> for Refutation {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, _: &mut Findings) {
        let incarnation = at(&mut self.incarnations, seen.slot.index());
        match *seen.observation {
            SwimObservation::Started { incarnation: of, .. } => *incarnation = Some(of),
            SwimObservation::Refuted { incarnation: of } => *incarnation = Some(of),
            SwimObservation::Leaving { .. } => *incarnation = None,
            _ => {}
        }
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Refuted", "Leaving"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ping", "Ack"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &SwimMessage,
        findings: &mut Findings,
    ) {
        match message {
            SwimMessage::Ping { sequence, relay: None, news } => {
                let accusation = news.first().filter(|it| it.node == to && it.status == Status::Suspect);
                let accused = at(&mut self.accused, from.index());
                *accused = accusation.map(|it| Accused {
                    target: to,
                    sequence: *sequence,
                    incarnation: it.incarnation,
                });
            }
            SwimMessage::Ack { sequence, .. } => {
                let accused = self.accused.get(to.index()).copied().flatten();
                let accused = accused.filter(|it| it.target == from && it.sequence == *sequence);
                let Some(slot) = ground.slot_of(from).filter(|slot| ground.place(*slot).honest) else {
                    return;
                };
                let Some(own) = self.incarnations.get(slot.index()).copied().flatten() else { return };
                let Some(Accused { incarnation, .. }) = accused else { return };
                findings.exercised();
                if own <= incarnation {
                    let text = format!(
                        "{from} answers {to} in incarnation {own}, which told it that it is suspected in {incarnation}"
                    );
                    findings.safety("", &[from, to], text);
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted || what == Lifecycle::Crashed {
            *at(&mut self.incarnations, slot.index()) = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Script;
    use super::*;
    use crate::swim::vocabulary::Update;

    fn accusing(sequence: u32, incarnation: u32) -> SwimMessage {
        let update = Update { node: NodeId(1), status: Status::Suspect, incarnation, from: NodeId(2) };
        SwimMessage::Ping { sequence, relay: None, news: [update].into() }
    }

    fn ack(sequence: u32) -> SwimMessage {
        SwimMessage::Ack { sequence, news: Box::default() }
    }

    fn script() -> Script<Refutation> {
        let mut script = Script::new(Refutation::default(), 3);
        script.see(1, SwimObservation::Started { incarnation: 0, knows: true });
        script
    }

    #[test]
    fn an_answer_without_a_denial_is_found() {
        let mut script = script();
        script.send(0, 1, accusing(4, 0)).send(1, 0, ack(4));
        assert_eq!((script.violations(), script.exercised()), (1, 1));
    }

    #[test]
    fn a_denial_an_older_answer_and_a_leaver_are_fine() {
        let mut denied = script();
        denied.send(0, 1, accusing(4, 0)).see(1, SwimObservation::Refuted { incarnation: 1 });
        denied.send(1, 0, ack(4)).clean();
        let mut older = script();
        older.send(0, 1, accusing(4, 0)).send(1, 0, ack(3)).clean();
        let mut leaver = script();
        leaver.see(1, SwimObservation::Leaving { incarnation: 0 });
        leaver.send(0, 1, accusing(4, 0)).send(1, 0, ack(4)).clean();
    }
}
