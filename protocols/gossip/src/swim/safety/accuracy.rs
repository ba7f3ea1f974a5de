//! Accuracy: how often members are declared dead that run.
//!
//! Counted are those who have been answering all probes in time for ten periods. Of one that was stopped until a moment ago the
//! news may be old, and one that is slow may well be taken for dead.
//!
//! A failure detector on an asynchronous network cannot be right always. Where nothing goes wrong and answers are always in
//! time it must be, and a scenario may say how many mistakes it accepts.

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen, Verdict};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use crate::swim::parameters::Parameters;
use crate::swim::settings::Settings;
use crate::swim::vocabulary::{Swim, SwimMessage, SwimObservation};

/// How long it took until a crash was known to a member, for each member, in nanoseconds.
pub const DETECTION: &str = "swim_detection_ns";
/// How long it took until a crash was known to somebody.
pub const FIRST_DETECTION: &str = "swim_detection_first_ns";
/// How long it took until a crash was known to the last one who learned of it.
pub const LAST_DETECTION: &str = "swim_detection_last_ns";
/// Everything that is measured here.
pub const METRICS: &[&str] = &[DETECTION, FIRST_DETECTION, LAST_DETECTION];

/// A member that is down.
#[derive(Clone, Copy, Debug)]
struct Down {
    since: Time,
    known: Option<Time>,
}

/// Compares each death with the truth.
#[derive(Clone, Debug)]
pub struct Accuracy {
    /// Whether every answer comes in time.
    faultless: bool,
    most: u32,
    mistakes: u32,
    down: OrderedMap<NodeId, Down>,
    period: Duration,
    patience: Duration,
    /// By number of a member: its latest probe, until it is answered.
    probes: Vec<Option<Probe>>,
    /// By number of a member: since when all its answers were in time, and when it gave the last one.
    answering: Vec<(Time, Time)>,
}

/// A probe that is under way.
#[derive(Clone, Copy, Debug)]
struct Probe {
    target: NodeId,
    sequence: u32,
    at: Time,
}

/// Somebody who answered nobody for so many periods may not be well.
const GAP: u64 = 8;
/// Somebody who answered everybody in time for so many periods is.
const WELL: u64 = 10;

impl Accuracy {
    /// For this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        let settings = Settings::of(parameters);
        Self {
            faultless: is_faultless(&settings, setup),
            most: parameters.most_false_deaths,
            mistakes: 0,
            down: OrderedMap::new(),
            period: settings.probe_interval,
            patience: settings.probe_timeout,
            probes: Vec::new(),
            answering: Vec::new(),
        }
    }

    /// A member answered a probe, in time or not.
    fn answered(&mut self, node: NodeId, now: Time, in_time: bool) {
        let (since, last) = at(&mut self.answering, node, (now, now));
        if in_time {
            *last = now;
        } else {
            *since = now;
        }
    }

    /// Whether a member has been well for long.
    fn is_well(&self, ground: &Ground, peer: NodeId) -> bool {
        let Some((since, last)) = self.answering.get(peer.index()).copied() else { return false };
        let (gap, well) = (self.period.saturating_mul(GAP), self.period.saturating_mul(WELL));
        ground.now.since(last) <= gap && ground.now.since(since) >= well
    }

    fn mistaken(&mut self, ground: &Ground, seen: &Seen<'_, Swim>, peer: NodeId, findings: &mut Findings) {
        let counts = self.faultless || self.is_well(ground, peer);
        self.mistakes = self.mistakes.saturating_add(u32::from(counts));
        if self.faultless {
            let text = format!("{} declares {peer} dead, which runs, and nothing went wrong", seen.node);
            findings.safety("without faults", &[seen.node, peer], text);
        }
        if counts && self.mistakes.checked_sub(1) == Some(self.most) {
            let text = format!("members that run were declared dead more than {} times", self.most);
            findings.found(Verdict::Service, "service level", &[seen.node, peer], text);
        }
    }

    fn detected(&mut self, ground: &Ground, peer: NodeId, findings: &mut Findings) {
        let Some(down) = self.down.get_mut(&peer) else { return };
        let after = ground.now.since(down.since).as_nanos();
        if down.known.replace(ground.now).is_none() {
            findings.record(FIRST_DETECTION, after);
        }
        findings.record(DETECTION, after);
    }

    fn last_detected(&mut self, node: NodeId, findings: &mut Findings) {
        if let Some(Down { since, known: Some(known) }) = self.down.remove(&node) {
            findings.record(LAST_DETECTION, known.since(since).as_nanos());
        }
    }
}

/// What stands at a member's number.
fn at<T: Clone>(list: &mut Vec<T>, node: NodeId, otherwise: T) -> &mut T {
    if node.index() >= list.len() {
        list.resize(node.index() + 1, otherwise);
    }
    &mut list[node.index()]
}

/// Whether nothing goes wrong, and an answer takes less than a member waits for it.
fn is_faultless(settings: &Settings, setup: &Setup) -> bool {
    let network = &setup.network;
    let latency = network.bounds().1.unwrap_or(Duration::MAX);
    setup.faults.entries.is_empty()
        && network.loss.is_zero()
        && network.corrupt.is_zero()
        && setup.clocks.drift_ppm <= 1_000
        && setup.clocks.timer_jitter.is_zero()
        && setup.service == sim_core::setup::ServiceModel::default()
        && setup.initial.corrupt.is_empty()
        && setup.initial.twins.is_empty()
        && setup.adversaries.is_empty()
        && latency.saturating_mul(3) < settings.probe_timeout
}

impl Check<Swim> for Accuracy {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Swim>, findings: &mut Findings) {
        let SwimObservation::Died { peer, .. } = *seen.observation else { return };
        if !seen.honest {
            return;
        }
        findings.exercised();
        let place = ground.slot_of(peer).map(|slot| ground.place(slot));
        if place.is_some_and(|place| place.runs() && place.honest && place.status.role != Some("left")) {
            self.mistaken(ground, seen, peer, findings);
        } else {
            self.detected(ground, peer, findings);
        }
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Died"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ping", "Ack"]
    }

    fn sent(&mut self, ground: &Ground, from: NodeId, to: NodeId, message: &SwimMessage, _: &mut Findings) {
        let now = ground.now;
        match *message {
            SwimMessage::Ping { sequence, relay: None, .. } => {
                let probe = Probe { target: to, sequence, at: now };
                if let Some(unanswered) = at(&mut self.probes, from, None).replace(probe) {
                    self.answered(unanswered.target, now, false);
                }
            }
            SwimMessage::Ack { sequence, .. } => {
                let probe = at(&mut self.probes, to, None);
                let Some(answered) = probe.take_if(|it| it.target == from && it.sequence == sequence) else {
                    return;
                };
                let in_time = now.since(answered.at) <= self.patience;
                self.answered(from, now, in_time);
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, findings: &mut Findings) {
        let node = ground.place(slot).node;
        match what {
            Lifecycle::Crashed => {
                self.down.insert(node, Down { since: ground.now, known: None });
            }
            Lifecycle::Booted => self.last_detected(node, findings),
            _ => {}
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        for (slot, place) in ground.members().filter(|(_, place)| !place.up) {
            debug_assert_eq!(ground.slot_of(place.node), Some(slot), "a place that is down has one name");
            self.last_detected(place.node, findings);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;
    use sim_core::fault::FaultPlan;

    use super::super::tests::Script;
    use super::*;

    fn died(peer: u32) -> SwimObservation {
        let view = ContentHash(0);
        SwimObservation::Died { peer: NodeId(peer), incarnation: 0, from: NodeId(0), members: 3, view }
    }

    fn script(most: u32, setup: &Setup) -> Script<Accuracy> {
        let parameters = Parameters { most_false_deaths: most, ..Parameters::default() };
        Script::new(Accuracy::new(&parameters, setup), 4)
    }

    fn lossy() -> Setup {
        let mut setup = Setup::new(0, 4);
        setup.network.loss = sim_core::ratio::Ratio::new(1, 10);
        setup
    }

    #[test]
    fn a_false_death_is_a_violation_only_where_nothing_goes_wrong() {
        let calm = Setup { faults: FaultPlan::default(), ..Setup::new(0, 4) };
        assert_eq!(script(99, &calm).see(0, died(1)).violations(), 1);
        assert_eq!(script(99, &lossy()).see(0, died(1)).violations(), 0);
        assert_eq!(script(99, &calm).crash(1, 0).see(0, died(1)).violations(), 0);
    }

    #[test]
    fn more_mistakes_about_those_who_are_well_than_accepted_miss_a_service_level() {
        let mut script = script(1, &lossy());
        let ack = || SwimMessage::Ack { sequence: 1, news: Box::default() };
        assert_eq!(script.see(0, died(1)).see(0, died(1)).violations(), 0, "nobody knows that they are well");
        for _ in 0..12 {
            for node in 1..4 {
                script.ground.now += Duration::from_millis(300);
                script.send(0, node, SwimMessage::Ping { sequence: 1, relay: None, news: Box::default() });
                script.send(node, 0, ack());
            }
        }
        assert_eq!(script.see(0, died(1)).violations(), 0);
        assert_eq!(script.see(0, died(2)).see(0, died(3)).violations(), 1);
        assert_eq!(script.findings.worst(), Some(Verdict::Service));
    }
}
