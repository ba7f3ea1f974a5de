//! A member that gets no answer asks others before it suspects (SWIM, section 3.1).
//!
//! Judged where it is certain that there was somebody to ask: nobody but the target is suspected, and nothing changed in the
//! member's view since it probed.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedSet;

use crate::swim::ledger::followed_every;
use crate::swim::settings::Settings;
use crate::swim::vocabulary::{Swim, SwimMessage, SwimObservation};

/// The latest probe of one member.
#[derive(Clone, Copy, Debug)]
struct Probe {
    target: NodeId,
    /// Whether others were asked.
    asked: bool,
    /// Whether its view has not changed since: whom it could ask is known.
    still: bool,
}

/// What is known of one member.
#[derive(Clone, Debug, Default)]
struct Prober {
    probe: Option<Probe>,
    /// How many it holds alive, itself included.
    alive: u32,
    /// Whom of those it suspects.
    suspects: OrderedSet<NodeId>,
    /// Whether it may hear of suspicions of its own that it has forgotten.
    forgets: bool,
}

/// Follows the probes of each member.
#[derive(Clone, Debug)]
pub struct IndirectProbes {
    /// Whether others are ever asked.
    on: bool,
    members: u32,
    /// One of so many members is followed.
    stride: u32,
    probers: Vec<Prober>,
}

impl IndirectProbes {
    /// For a cluster of these settings that begins with so many members.
    pub fn new(settings: &Settings, members: u32) -> Self {
        let stride = followed_every(members);
        Self { on: settings.indirect_checks > 0, members, stride, probers: Vec::new() }
    }

    /// What is known of the member in a slot, if it is followed.
    fn of(&mut self, slot: Slot) -> Option<&mut Prober> {
        if !slot.0.is_multiple_of(self.stride) {
            return None;
        }
        let index = (slot.0 / self.stride) as usize;
        if index >= self.probers.len() {
            self.probers.resize_with(index + 1, Prober::default);
        }
        Some(&mut self.probers[index])
    }
}

impl Prober {
    /// The member suspects a peer by itself.
    fn judge(&self, me: NodeId, peer: NodeId, findings: &mut Findings) {
        // Itself, the target, and somebody to ask.
        let could_ask = self.suspects.is_empty() && self.alive > 2 && !self.forgets;
        let probe = self.probe.filter(|probe| could_ask && probe.target == peer && probe.still);
        let Some(probe) = probe else { return };
        findings.exercised();
        if !probe.asked {
            let text = format!("{me} suspects {peer}, and asked nobody else to probe it");
            findings.safety("", &[me, peer], text);
        }
    }
}

impl Check<Swim> for IndirectProbes {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, findings: &mut Findings) {
        if !self.on || !seen.honest {
            return;
        }
        let (me, genesis) = (seen.node, self.members);
        let Some(prober) = self.of(seen.slot) else { return };
        match *seen.observation {
            SwimObservation::Started { knows, .. } => prober.alive = if knows { genesis } else { 1 },
            SwimObservation::Suspected { peer, from, .. } => {
                if from == me {
                    prober.judge(me, peer, findings);
                }
                prober.suspects.insert(peer);
            }
            SwimObservation::Alive { peer, members, .. }
            | SwimObservation::Died { peer, members, .. }
            | SwimObservation::Departed { peer, members, .. } => {
                prober.alive = members;
                prober.suspects.remove(&peer);
            }
            // Whoever let it in may be suspected meanwhile, and stays so.
            SwimObservation::Joined { members, .. } => prober.alive = members,
            SwimObservation::Forgot { .. } => prober.forgets = true,
            _ => return,
        }
        if let Some(probe) = &mut prober.probe {
            probe.still = false;
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ping", "PingRequest"]
    }

    fn sent(&mut self, ground: &Ground, from: NodeId, to: NodeId, message: &SwimMessage, _: &mut Findings) {
        let Some(slot) = ground.slot_of(from).filter(|_| self.on) else { return };
        let Some(prober) = self.of(slot) else { return };
        match message {
            SwimMessage::Ping { relay: None, .. } => {
                prober.probe = Some(Probe { target: to, asked: false, still: true });
            }
            SwimMessage::PingRequest { target, .. } => {
                if let Some(probe) = prober.probe.as_mut().filter(|probe| probe.target == *target) {
                    probe.asked = true;
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted {
            let forgets = ground.place(slot).incarnation > 0;
            if let Some(prober) = self.of(slot) {
                *prober = Prober { forgets, ..Prober::default() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::Script;
    use super::*;
    use crate::swim::parameters::Parameters;

    const PING: fn() -> SwimMessage = || SwimMessage::Ping { sequence: 1, relay: None, news: Box::default() };

    fn ask(target: u32) -> SwimMessage {
        SwimMessage::PingRequest { sequence: 1, target: NodeId(target), nack: true, news: Box::default() }
    }

    fn suspects(peer: u32, from: u32) -> SwimObservation {
        SwimObservation::Suspected { peer: NodeId(peer), incarnation: 0, from: NodeId(from) }
    }

    fn script(members: u32) -> Script<IndirectProbes> {
        let settings = Settings::of(&Parameters::default());
        let mut script = Script::new(IndirectProbes::new(&settings, members), 4);
        script.see(0, SwimObservation::Started { incarnation: 0, knows: true });
        script
    }

    #[test]
    fn a_suspicion_without_asking_is_found() {
        assert_eq!(script(4).send(0, 1, PING()).see(0, suspects(1, 0)).violations(), 1);
        let mut asked = script(4);
        asked.send(0, 1, PING()).send(0, 2, ask(1)).see(0, suspects(1, 0)).clean();
        assert_eq!(asked.exercised(), 1);
    }

    #[test]
    fn hearsay_and_having_nobody_to_ask_are_fine() {
        script(4).send(0, 1, PING()).see(0, suspects(1, 2)).clean();
        script(2).send(0, 1, PING()).see(0, suspects(1, 0)).clean();
        script(4).send(0, 1, PING()).see(0, suspects(2, 3)).see(0, suspects(1, 0)).clean();
    }

    #[test]
    fn whoever_is_let_in_by_a_suspect_still_suspects_it() {
        let mut script = script(3);
        let joined =
            SwimObservation::Joined { peer: NodeId(2), genesis: false, members: 3, view: ContentHash(0) };
        script.see(0, suspects(2, 1)).see(0, joined);
        script.send(0, 1, PING()).see(0, suspects(1, 0)).clean();
    }

    #[test]
    fn an_echo_from_an_earlier_life_is_fine() {
        let mut script = script(4);
        script.restart(0).see(0, SwimObservation::Started { incarnation: 0, knows: true });
        script.send(0, 1, PING()).see(0, suspects(1, 0)).clean();
    }
}
