//! Probes go round: nobody waits for longer than two rounds less one period (SWIM, section 4.3).
//!
//! Periods are those of the member itself, however long they last, and the members that it holds alive are the same
//! meanwhile. One pair for each member is followed: it and the next
//! one by number.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use crate::swim::parameters::{Order, Parameters};
use crate::swim::vocabulary::{Swim, SwimMessage, SwimObservation};

/// What is known of one member.
#[derive(Clone, Copy, Debug, Default)]
struct Prober {
    /// The number of its latest probe.
    latest: u32,
    /// That of its latest probe of whom it is followed with, or when it came to hold that one alive; none if it does not.
    probed: Option<u32>,
    /// The most members that it ever held alive.
    most: u32,
    /// Whether it holds the one that it is followed with dead, departed or forgotten: a view that it takes over does not
    /// change that.
    gone: bool,
}

/// Counts periods between two probes.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    on: bool,
    members: u32,
    probers: Vec<Prober>,
}

impl RoundRobin {
    /// For a cluster of these parameters that begins with so many members.
    pub fn new(parameters: &Parameters, members: u32) -> Self {
        Self { on: parameters.order == Order::RoundRobin && members > 1, members, probers: Vec::new() }
    }

    fn of(&mut self, slot: Slot) -> &mut Prober {
        if slot.index() >= self.probers.len() {
            self.probers.resize(slot.index() + 1, Prober::default());
        }
        &mut self.probers[slot.index()]
    }

    /// Whom a member is followed with.
    fn other(&self, node: NodeId) -> NodeId {
        NodeId((node.0 + 1) % self.members)
    }
}

impl Check<Swim> for RoundRobin {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, _: &mut Findings) {
        if !self.on || !seen.honest {
            return;
        }
        let (other, genesis) = (self.other(seen.node), self.members);
        let prober = self.of(seen.slot);
        match *seen.observation {
            SwimObservation::Started { knows, .. } => {
                let (probed, most) = if knows { (Some(0), genesis) } else { (None, 1) };
                *prober = Prober { latest: 0, probed, most, gone: false };
            }
            SwimObservation::Joined { genesis, members, .. } => {
                prober.most = prober.most.max(members);
                if genesis && other != seen.node && !prober.gone {
                    prober.probed = prober.probed.or(Some(prober.latest));
                }
            }
            // The round is another one whenever a member comes or goes: it is counted from there.
            SwimObservation::Alive { peer, members, .. } => {
                prober.most = prober.most.max(members);
                if peer == other || prober.probed.is_some() {
                    prober.probed = Some(prober.latest);
                }
                prober.gone &= peer != other;
            }
            SwimObservation::Died { peer, .. }
            | SwimObservation::Departed { peer, .. }
            | SwimObservation::Forgot { peer }
                if peer == other =>
            {
                (prober.probed, prober.gone) = (None, true);
            }
            SwimObservation::Died { .. }
            | SwimObservation::Departed { .. }
            | SwimObservation::Forgot { .. } => {
                prober.probed = prober.probed.map(|_| prober.latest);
            }
            _ => {}
        }
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Joined", "Alive", "Died", "Departed", "Forgot"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ping"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &SwimMessage,
        findings: &mut Findings,
    ) {
        let SwimMessage::Ping { sequence, relay: None, .. } = *message else { return };
        let Some(slot) = ground.slot_of(from).filter(|_| self.on) else { return };
        let other = self.other(from);
        let prober = self.of(slot);
        prober.latest = sequence;
        let Some(probed) = prober.probed else { return };
        let (periods, most) = (sequence.saturating_sub(probed), 2 * prober.most - 1);
        if to == other {
            findings.exercised();
            prober.probed = Some(sequence);
        }
        if periods > most {
            prober.probed = None;
            let text = format!("{from} did not probe {other} for {periods} periods, the bound is {most}");
            findings.safety("", &[from, other], text);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted || what == Lifecycle::Corrupted {
            *self.of(slot) = Prober::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Script;
    use super::*;

    fn ping(sequence: u32) -> SwimMessage {
        SwimMessage::Ping { sequence, relay: None, news: Box::default() }
    }

    /// A member of four that probes somebody else from its first to its `last` period, and whom it is followed with then.
    fn late(last: u32) -> Script<RoundRobin> {
        let mut script = Script::new(RoundRobin::new(&Parameters::default(), 4), 4);
        script.see(0, SwimObservation::Started { incarnation: 0, knows: true });
        for sequence in 1..last {
            script.send(0, 2, ping(sequence));
        }
        script.send(0, 1, ping(last));
        script
    }

    #[test]
    fn two_rounds_less_one_are_the_bound() {
        assert_eq!(late(7).violations(), 0);
        assert_eq!(late(7).exercised(), 1);
        assert_eq!(late(8).violations(), 1);
    }

    #[test]
    fn whoever_is_not_held_alive_need_not_be_probed() {
        let mut script = late(1);
        script.see(0, SwimObservation::Forgot { peer: NodeId(1) });
        for sequence in 2..40 {
            script.send(0, 2, ping(sequence));
        }
        assert_eq!(script.violations(), 0);
    }
}
