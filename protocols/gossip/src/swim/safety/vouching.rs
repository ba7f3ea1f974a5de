//! Whoever probes for somebody else says what it has heard, and no more.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use crate::swim::vocabulary::{Swim, SwimMessage};

/// A member that was asked to probe somebody does so, and answers only once that one has answered this probe; and an answer that comes
/// before it said that there was none is passed on in the same step (SWIM, section 3.1).
///
/// All of it is done in the step that a message brings about, so that it is missing once the next message is handed over.
#[derive(Debug, Default)]
pub struct Vouching {
    members: BySlot<Member>,
}

#[derive(Debug, Default)]
struct Member {
    asked: Vec<Asked>,
    owes: Option<Owed>,
}

/// What a member owes because of the message that came last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owed {
    /// To probe somebody for somebody.
    Probe { target: NodeId, origin: NodeId },
    /// To tell somebody that somebody has answered.
    Answer { target: NodeId, origin: NodeId },
}

/// What somebody asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    origin: NodeId,
    /// The origin's number.
    theirs: u32,
    target: NodeId,
    /// Whether the origin wants to hear that there is no answer.
    nack: bool,
    /// The number of the probe, once it is sent.
    sequence: Option<u32>,
    heard: bool,
}

/// So many requests are remembered.
const MOST: usize = 64;

impl Member {
    /// Takes one out that was answered.
    fn end(&mut self, origin: NodeId, theirs: u32) -> Option<Asked> {
        let same = |it: &Asked| it.origin == origin && it.theirs == theirs;
        let heard = self.asked.iter().position(|it| same(it) && it.heard);
        heard.or_else(|| self.asked.iter().position(same)).map(|place| self.asked.remove(place))
    }

    fn is_answered(&mut self, target: NodeId, sequence: u32) {
        let same = |it: &&mut Asked| it.target == target && it.sequence == Some(sequence) && !it.heard;
        let Some(asked) = self.asked.iter_mut().find(same) else { return };
        asked.heard = true;
        // Without that word, nobody sees when it stops waiting.
        self.owes = asked.nack.then_some(Owed::Answer { target, origin: asked.origin });
    }
}

impl Vouching {
    /// The step before is over: was done what its message asked for?
    fn judge(&mut self, ground: &Ground, slot: Slot, findings: &mut Findings) {
        let place = ground.place(slot);
        let Some(owed) = self.members.at(slot).owes.take().filter(|_| place.honest) else { return };
        let node = place.node;
        let (shape, origin, text) = match owed {
            Owed::Probe { target, origin } => {
                ("not asked", origin, format!("{node} does not probe {target}, as {origin} asked it to"))
            }
            Owed::Answer { target, origin } => (
                "not passed on",
                origin,
                format!("{node} heard {target}, and did not tell {origin}, which had asked for it"),
            ),
        };
        findings.safety(shape, &[node, origin], text);
    }
}

impl Check<Swim> for Vouching {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Gone"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, _: &mut Findings) {
        self.members.reset(seen.slot);
    }

    fn takes(&self) -> &'static [&'static str] {
        &["Ping", "PingRequest", "Ack"]
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &SwimMessage,
        findings: &mut Findings,
    ) {
        self.judge(ground, slot, findings);
        let place = ground.place(slot);
        let member = self.members.at(slot);
        match *message {
            SwimMessage::PingRequest { sequence: theirs, target, nack, .. }
                if !matches!(place.status.role, Some("left")) =>
            {
                if member.asked.len() >= MOST {
                    member.asked.remove(0);
                }
                let asked = Asked { origin: from, theirs, target, nack, sequence: None, heard: false };
                member.asked.push(asked);
                member.owes = Some(Owed::Probe { target, origin: from });
            }
            // A number that is used again, by somebody who has started anew: this one asks for itself.
            SwimMessage::Ping { sequence, .. } if !member.asked.is_empty() => {
                member.asked.retain(|it| (it.origin, it.theirs) != (from, sequence));
            }
            SwimMessage::Ack { sequence, .. } if !member.asked.is_empty() => {
                member.is_answered(from, sequence);
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ping", "Ack", "Nack"]
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
        let member = self.members.at(slot);
        if member.asked.is_empty() {
            return;
        }
        match *message {
            SwimMessage::Ping { sequence, relay: Some(origin), .. } => {
                let new = |it: &&mut Asked| it.origin == origin && it.target == to && it.sequence.is_none();
                if let Some(asked) = member.asked.iter_mut().find(new) {
                    asked.sequence = Some(sequence);
                }
                if member.owes == Some(Owed::Probe { target: to, origin }) {
                    member.owes = None;
                }
            }
            SwimMessage::Nack { sequence } => {
                member.end(to, sequence);
            }
            SwimMessage::Ack { sequence, .. } => {
                let Some(asked) = member.end(to, sequence) else { return };
                findings.exercised();
                if member.owes == Some(Owed::Answer { target: asked.target, origin: to }) {
                    member.owes = None;
                }
                if !asked.heard {
                    let target = asked.target;
                    let text = format!("{from} answers {to} for {target}, which it has not heard");
                    findings.safety("not heard", &[from, to], text);
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if matches!(what, Lifecycle::Booted | Lifecycle::Crashed | Lifecycle::Wiped) {
            self.members.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::time::Time;

    use super::super::tests::Script;
    use super::*;

    fn empty() -> Box<[crate::swim::vocabulary::Update]> {
        Box::default()
    }

    fn ack(sequence: u32) -> SwimMessage {
        SwimMessage::Ack { sequence, news: empty() }
    }

    /// The first member has asked the second one to probe the third one.
    fn asked(nack: bool) -> Script<Vouching> {
        let mut script = Script::new(Vouching::default(), 4);
        let request = SwimMessage::PingRequest { sequence: 5, target: NodeId(2), nack, news: empty() };
        let probe = SwimMessage::Ping { sequence: 90, relay: Some(NodeId(0)), news: empty() };
        script.receive(Time::ZERO, 0, 1, request).send(1, 2, probe);
        script
    }

    #[test]
    fn whoever_vouches_has_heard_an_answer() {
        let mut early = asked(true);
        early.send(1, 0, ack(5)).found("not heard", "n2 answers n1 for n3, which it has not heard");
        let mut heard = asked(true);
        heard.receive(Time::ZERO, 2, 1, ack(90)).send(1, 0, ack(5)).clean();
        assert_eq!(heard.exercised(), 1);
        let mut stranger = asked(true);
        stranger.receive(Time::ZERO, 3, 1, ack(90)).send(1, 0, ack(5));
        assert_eq!(stranger.violations(), 1, "somebody else answered");
        let mut other = asked(true);
        other.receive(Time::ZERO, 2, 1, ack(89)).send(1, 0, ack(5));
        assert_eq!(other.violations(), 1, "it answered another probe");
        let again = SwimMessage::Ping { sequence: 5, relay: None, news: empty() };
        asked(true).receive(Time::ZERO, 0, 1, again).send(1, 0, ack(5)).clean();
    }

    #[test]
    fn whoever_is_asked_to_probe_does_so() {
        let request =
            || SwimMessage::PingRequest { sequence: 5, target: NodeId(2), nack: true, news: empty() };
        let mut silent = Script::new(Vouching::default(), 4);
        silent.receive(Time::ZERO, 0, 1, request()).receive(Time::ZERO, 3, 1, ack(1));
        silent.found("not asked", "n2 does not probe n3, as n1 asked it to");
        asked(true).receive(Time::ZERO, 3, 1, ack(1)).clean();
        let mut crashes = Script::new(Vouching::default(), 4);
        crashes.receive(Time::ZERO, 0, 1, request()).restart(1).receive(Time::ZERO, 3, 1, ack(1)).clean();
    }

    #[test]
    fn an_answer_is_passed_on() {
        let next = |script: &mut Script<Vouching>| script.receive(Time::ZERO, 3, 1, ack(1)).violations();
        let mut silent = asked(true);
        assert_eq!(next(silent.receive(Time::ZERO, 2, 1, ack(90))), 1);
        assert_eq!(next(asked(true).receive(Time::ZERO, 2, 1, ack(90)).send(1, 0, ack(5))), 0);
        let late = SwimMessage::Nack { sequence: 5 };
        assert_eq!(next(asked(true).send(1, 0, late).receive(Time::ZERO, 2, 1, ack(90))), 0);
        assert_eq!(next(asked(true).receive(Time::ZERO, 2, 1, ack(90)).restart(1)), 0);
        assert_eq!(next(asked(false).receive(Time::ZERO, 2, 1, ack(90))), 0, "it may have waited too long");
    }
}
