//! Whoever is told of its own suspicion denies it.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use crate::swim::vocabulary::{Status, Swim, SwimMessage, SwimObservation};

/// What a member was told of itself with the probe that it heard last.
#[derive(Clone, Copy, Debug)]
struct Accused {
    /// Who probes.
    by: NodeId,
    sequence: u32,
    incarnation: u32,
}

/// What is known of the process in a slot.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Its incarnation; none while it leaves.
    incarnation: Option<u32>,
    accused: Option<Accused>,
}

/// Compares the accusation that came with a probe with the incarnation in which that probe is answered. What counts is what was heard: who
/// starts again counts its probes from the first one, and an older one of the same number may still be on its way.
#[derive(Clone, Debug, Default)]
pub struct Refutation {
    members: Vec<Known>,
}

impl Refutation {
    fn at(&mut self, slot: Slot) -> &mut Known {
        if slot.index() >= self.members.len() {
            self.members.resize(slot.index() + 1, Known::default());
        }
        &mut self.members[slot.index()]
    }
}

impl Check<Swim> for Refutation {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, _: &mut Findings) {
        let incarnation = &mut self.at(seen.slot).incarnation;
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

    fn takes(&self) -> &'static [&'static str] {
        &["Ping"]
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &SwimMessage,
        _: &mut Findings,
    ) {
        let SwimMessage::Ping { sequence, news, .. } = message else { return };
        let own = ground.place(slot).node;
        let accusation = news.first().filter(|it| it.node == own && it.status == Status::Suspect);
        self.at(slot).accused =
            accusation.map(|it| Accused { by: from, sequence: *sequence, incarnation: it.incarnation });
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ack"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &SwimMessage,
        findings: &mut Findings,
    ) {
        let SwimMessage::Ack { sequence, .. } = message else { return };
        let Some(slot) = ground.slot_of(from).filter(|slot| ground.place(*slot).honest) else { return };
        let Known { incarnation: Some(own), accused: Some(accused) } = *self.at(slot) else { return };
        if (accused.by, accused.sequence) != (to, *sequence) {
            return;
        }
        findings.exercised();
        let incarnation = accused.incarnation;
        if own <= incarnation {
            let text = format!(
                "{from} answers {to} in incarnation {own}, which told it that it is suspected in {incarnation}"
            );
            findings.safety("", &[from, to], text);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted || what == Lifecycle::Crashed {
            *self.at(slot) = Known::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::time::Time;

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
        script.receive(Time::ZERO, 0, 1, accusing(4, 0)).send(1, 0, ack(4));
        assert_eq!((script.violations(), script.exercised()), (1, 1));
    }

    #[test]
    fn a_denial_an_older_answer_and_a_leaver_are_fine() {
        let mut denied = script();
        denied.receive(Time::ZERO, 0, 1, accusing(4, 0)).see(1, SwimObservation::Refuted { incarnation: 1 });
        denied.send(1, 0, ack(4)).clean();
        assert_eq!(denied.exercised(), 1);
        let mut older = script();
        older.receive(Time::ZERO, 0, 1, accusing(4, 0)).send(1, 0, ack(3)).clean();
        let mut leaver = script();
        leaver.see(1, SwimObservation::Leaving { incarnation: 0 });
        leaver.receive(Time::ZERO, 0, 1, accusing(4, 0)).send(1, 0, ack(4)).clean();
    }

    /// The prober has started again, counts from the first one, and its probe is behind an older one of the same number.
    #[test]
    fn a_probe_that_is_still_on_its_way_tells_nobody_anything() {
        let probe = SwimMessage::Ping { sequence: 4, relay: None, news: Box::default() };
        let mut script = script();
        script.send(0, 1, probe.clone()).restart(0).send(0, 1, accusing(4, 0));
        script.receive(Time::ZERO, 0, 1, probe).send(1, 0, ack(4)).clean();
        script.receive(Time::ZERO, 0, 1, accusing(4, 0)).send(1, 0, ack(4));
        assert_eq!(script.violations(), 1);
    }
}
