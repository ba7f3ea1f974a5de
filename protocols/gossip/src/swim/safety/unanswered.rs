//! Whoever gets no answer to a probe suspects its target.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use crate::swim::ledger::Ledger;
use crate::swim::vocabulary::{Status, Swim, SwimMessage, SwimObservation};

/// When a member begins its next probe and the one before was not answered, it has changed its mind about that one's target meanwhile, or
/// held it suspect already (SWIM, section 3.1). Who answers counts, and not the number of the answer alone: numbers begin anew with a
/// restart, and a late answer to an earlier life says nothing about the target.
#[derive(Debug)]
pub struct Unanswered {
    ledger: Ledger,
    probers: BySlot<Prober>,
}

#[derive(Debug, Default)]
struct Prober {
    /// The latest probe, until it is answered or its target is something else.
    probe: Option<Probe>,
    /// Whom it asked to probe the target, too.
    helpers: Vec<NodeId>,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    sequence: u32,
    target: NodeId,
}

impl Unanswered {
    /// Reads what members hold each other to be.
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, probers: BySlot::default() }
    }

    /// A member begins a probe: the one before is over.
    fn begins(&mut self, slot: Slot, me: NodeId, target: NodeId, sequence: u32, findings: &mut Findings) {
        let beliefs = self.ledger.read();
        let Some(belief) = beliefs.of(slot) else { return };
        let prober = self.probers.at(slot);
        if let Some(before) = prober.probe.filter(|probe| probe.sequence + 1 == sequence) {
            findings.exercised();
            let peer = before.target;
            if belief.of(peer).status == Status::Alive {
                let text =
                    format!("{me} got no answer from {peer} or whom it asked, and does not suspect {peer}");
                findings.safety("", &[me, peer], text);
            }
        }
        prober.helpers.clear();
        prober.probe = Some(Probe { sequence, target });
    }
}

impl Check<Swim> for Unanswered {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Suspected", "Alive", "Died", "Departed", "Forgot"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, findings: &mut Findings) {
        let (SwimObservation::Suspected { peer, .. }
        | SwimObservation::Alive { peer, .. }
        | SwimObservation::Died { peer, .. }
        | SwimObservation::Departed { peer, .. }
        | SwimObservation::Forgot { peer }) = *seen.observation
        else {
            return;
        };
        let prober = self.probers.at(seen.slot);
        if prober.probe.is_some_and(|probe| probe.target == peer) {
            findings.exercised();
            prober.probe = None;
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ping", "PingRequest"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &SwimMessage,
        findings: &mut Findings,
    ) {
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        if !self.ledger.read().follows(slot) {
            return;
        }
        match *message {
            SwimMessage::Ping { sequence, relay: None, .. } => {
                self.begins(slot, from, to, sequence, findings);
            }
            SwimMessage::PingRequest { .. } => self.probers.at(slot).helpers.push(to),
            _ => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["Ack", "StreamAck"]
    }

    fn received(&mut self, _: &Ground, slot: Slot, from: NodeId, message: &SwimMessage, _: &mut Findings) {
        let (SwimMessage::Ack { sequence, .. } | SwimMessage::StreamAck { sequence }) = *message else {
            return;
        };
        if !self.ledger.read().follows(slot) {
            return;
        }
        let prober = self.probers.at(slot);
        let Some(probe) = prober.probe.filter(|probe| probe.sequence == sequence) else { return };
        if probe.target == from || prober.helpers.contains(&from) {
            prober.probe = None;
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if matches!(what, Lifecycle::Booted | Lifecycle::Crashed | Lifecycle::Wiped) {
            self.probers.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::time::Time;

    use super::super::tests::Script;
    use super::*;

    fn ping(sequence: u32) -> SwimMessage {
        SwimMessage::Ping { sequence, relay: None, news: Box::default() }
    }

    fn ack(sequence: u32) -> SwimMessage {
        SwimMessage::Ack { sequence, news: Box::default() }
    }

    fn ask() -> SwimMessage {
        SwimMessage::PingRequest { sequence: 5, target: NodeId(1), nack: true, news: Box::default() }
    }

    /// The first of four members, which know each other, probes the second one.
    fn probes() -> (Script<Unanswered>, Ledger) {
        let ledger = Ledger::new(4);
        let mut script = Script::new(Unanswered::new(ledger.clone()), 4);
        ledger.follow(Slot(0), &SwimObservation::Started { incarnation: 0, knows: true });
        script.send(0, 1, ping(5));
        (script, ledger)
    }

    fn answered(from: u32, sequence: u32, helper: Option<u32>) -> usize {
        let (mut script, _) = probes();
        if let Some(helper) = helper {
            script.send(0, helper, ask());
        }
        script.receive(Time::ZERO, from, 0, ack(sequence)).send(0, 2, ping(6)).violations()
    }

    #[test]
    fn whoever_does_not_answer_is_suspected() {
        let (mut silent, _) = probes();
        silent.send(0, 2, ping(6));
        silent.found("", "n1 got no answer from n2 or whom it asked, and does not suspect n2");
        let (mut suspects, _) = probes();
        let suspected = SwimObservation::Suspected { peer: NodeId(1), incarnation: 0, from: NodeId(0) };
        suspects.see(0, suspected).send(0, 2, ping(6)).clean();
        assert_eq!(suspects.exercised(), 1);
    }

    #[test]
    fn answers_of_the_target_and_of_helpers_count() {
        assert_eq!(answered(1, 5, None), 0);
        assert_eq!(answered(1, 4, None), 1, "another probe");
        assert_eq!(answered(3, 5, None), 1, "nobody asked this one");
        assert_eq!(answered(3, 5, Some(3)), 0);
        assert_eq!(answered(2, 5, Some(3)), 1);
    }

    #[test]
    fn a_restart_and_a_change_of_mind_excuse() {
        let (mut restarts, _) = probes();
        restarts.restart(0).send(0, 2, ping(1)).clean();
        let (mut forgets, _) = probes();
        forgets.see(0, SwimObservation::Forgot { peer: NodeId(1) }).send(0, 2, ping(6)).clean();
        let (mut known, ledger) = probes();
        known.receive(Time::ZERO, 1, 0, ack(5)).send(0, 1, ping(6));
        let suspected = SwimObservation::Suspected { peer: NodeId(1), incarnation: 0, from: NodeId(3) };
        ledger.follow(Slot(0), &suspected);
        known.send(0, 2, ping(7)).clean();
    }
}
