//! Agents that fall silent are found in time, and not before.

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen, Verdict};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::time::{Duration, Time};

use super::said;
use crate::parameters::{Detector, Parameters, Strategy};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// Whom somebody heard, by its own clock.
#[derive(Debug, Default)]
struct Ears {
    heard: OrderedMap<NodeId, Time>,
    /// The same, longest ago first.
    order: OrderedSet<(Time, NodeId)>,
    /// When it answered anybody last, and since when it has done so without a pause.
    spoke: Time,
    steady: Time,
}

impl Ears {
    fn forget(&mut self, agent: NodeId) -> Option<Time> {
        let at = self.heard.remove(&agent)?;
        self.order.remove(&(at, agent));
        Some(at)
    }
}

/// A coordinator answers each beat that it takes in, so that its answers tell when it heard whom last.
///
/// By its own clock; too early only where nobody is elected. Who stood still, or knew no majority, has the whole time again from when it answers beats once more. Where agents are
/// members of SWIM, nobody is lost by beats.
#[derive(Debug)]
pub struct Silence {
    beats: bool,
    /// Whether answers leave as soon as beats come. Who is elected writes to a disk, and some of its answers wait for that, however long it
    /// takes: then it heard an agent earlier than its answer says.
    at_once: bool,
    heartbeat: Duration,
    dead_after: Duration,
    /// By slot.
    ears: OrderedMap<Slot, Ears>,
}

impl Silence {
    /// For so many agents.
    pub fn new(parameters: &Parameters, agents: u32) -> Self {
        let Parameters { strategy, heartbeat, dead_after, handling, .. } = *parameters;
        let coordinates = !matches!(strategy, Strategy::Single | Strategy::Independent | Strategy::Gossip);
        // One that is asked more than it can do hears its timers late.
        let idle = handling.saturating_mul(u64::from(agents)).saturating_mul(4) <= heartbeat;
        Self {
            at_once: parameters.core_of(agents) == 0,
            beats: coordinates && idle && agents > 1 && parameters.detector == Detector::Heartbeat,
            heartbeat,
            dead_after,
            ears: OrderedMap::new(),
        }
    }

    fn answers(&mut self, ground: &Ground, node: NodeId, agent: NodeId, findings: &mut Findings) {
        let (now, heartbeat) = (ground.monotonic, self.heartbeat);
        let ears = self.ears.entry(ground.stepping).or_default();
        ears.forget(agent);
        ears.heard.insert(agent, now);
        ears.order.insert((now, agent));
        if now.since(std::mem::replace(&mut ears.spoke, now)) > heartbeat {
            ears.steady = now;
        }
        findings.exercised();
        let Some((heard, silent)) = ears.order.first().copied() else { return };
        let most = self.dead_after.saturating_add(heartbeat).saturating_mul(2);
        if now.since(heard) > most && now.since(ears.steady) > most {
            ears.forget(silent);
            let told = now.since(heard).told();
            let message =
                format!("{node} has not heard {silent} for {told}, and does not say that it is lost");
            findings.found(Verdict::Service, "late", &[node, silent], message);
        }
    }

    fn lost(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, Coordination>,
        agent: NodeId,
        findings: &mut Findings,
    ) {
        let Some(ears) = self.ears.get_mut(&seen.slot) else { return };
        findings.exercised();
        let Some(heard) = ears.forget(agent) else { return };
        let silent = ground.monotonic.since(heard);
        // A clock may change its pace between a beat and its answer.
        if self.at_once && silent.saturating_add(self.heartbeat / 4) < self.dead_after {
            let node = seen.node;
            let message = format!("{node} holds {agent} for lost, which it heard {} ago", silent.told());
            findings.found(Verdict::Service, "early", &[node, agent], message);
        }
    }
}

impl Check<Coordination> for Silence {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(if self.beats { &["Lost", "Coordinator", "Deposed"] } else { &[] })
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Lost { agent } => self.lost(ground, seen, agent, findings),
            Observation::Coordinator { .. } | Observation::Deposed => drop(self.ears.remove(&seen.slot)),
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        if self.beats { &["BeatHeard", "Relay"] } else { &[] }
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &Message,
        findings: &mut Findings,
    ) {
        if let Some((agent, Message::BeatHeard { .. })) = said(from, to, message) {
            self.answers(ground, from, agent, findings);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Wiped) {
            self.ears.remove(&slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sim_core::check::script::Script;

    use super::*;

    const LOST: Observation = Observation::Lost { agent: NodeId(2) };

    fn heard() -> Message {
        Message::BeatHeard { sequence: 1, revoked: Arc::new([]) }
    }

    /// n1 coordinates, and answers n2 every five seconds until then; n3 once, at the start.
    fn until(seconds: u64) -> Script<Coordination, Silence> {
        let mut script = Script::new(Silence::new(&Parameters::default(), 3), 3);
        script.at(Time::ZERO, 0).see(0, Observation::Coordinator { epoch: 1 }).send(0, 2, heard());
        for second in (0..=seconds).step_by(5) {
            script.at(Time::ZERO + Duration::from_secs(second), 0).send(0, 1, heard());
        }
        script
    }

    #[test]
    fn nobody_is_lost_who_was_heard_lately() {
        until(12).see(0, LOST).found("early", "n1 holds n3 for lost, which it heard 10 s ago");
        until(15).see(0, LOST).clean();
    }

    #[test]
    fn whose_answers_wait_for_a_disk_is_not_early() {
        let elected = Parameters { strategy: Strategy::Raft, ..Parameters::default() };
        let mut script = Script::new(Silence::new(&elected, 3), 3);
        script.at(Time::ZERO, 0).send(0, 2, heard());
        script.at(Time::ZERO + Duration::from_secs(5), 0).see(0, LOST).clean();
        let mut at_once = until(5);
        at_once.see(0, LOST).found("early", "n1 holds n3 for lost, which it heard 5 s ago");
    }

    #[test]
    fn whoever_is_silent_for_long_is_lost() {
        until(30).clean();
        until(40).found("late", "n1 has not heard n3 for 35 s, and does not say that it is lost");
        let mut told = until(15);
        told.see(0, LOST);
        let later = Time::ZERO + Duration::from_secs(100);
        told.at(later, 0).send(0, 1, heard()).clean();
        // Whoever stood still finds that out once it goes on.
        until(15).at(later, 0).send(0, 1, heard()).clean();
        until(15).see(0, Observation::Deposed).at(later, 0).send(0, 1, heard()).clean();
    }
}
