//! Who is silent for too long is suspected, and nobody before that.

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use super::detector::{longest_silence, shortest_silence};
use super::ledger::Pairs;
use super::parameters::Parameters;
use super::vocabulary::{Heartbeat, HeartbeatMessage, HeartbeatObservation};

/// The quantity that is recorded: from a crash until one of its watchers suspects, in nanoseconds.
pub const DETECTION: &str = "heartbeat_detection_ns";

#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    /// When the watcher's own clock showed that it heard the other one last.
    last: Time,
    /// Which process was heard then, and which beat of it: copies and beats that were overtaken say nothing new.
    beat: Option<(u64, u64)>,
    suspected: bool,
}

/// Follows what each watcher heard, by its own monotonic clock.
///
/// A watcher that beats has looked at everybody: whoever was silent for longer than the detector may trust, whatever it has
/// remembered, must be suspected by then. Nobody may be suspected before the detector can be sure.
#[derive(Clone, Debug)]
pub struct Silence {
    longest: Duration,
    shortest: Duration,
    watches: Pairs<Watch>,
    /// By identity: since when it is down.
    down: Vec<Option<Time>>,
    /// Which watcher spoke last, and which beat: it was looked at already.
    looked: (NodeId, u64),
}

impl Silence {
    /// For members of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        let watchers = parameters.watchers_of(setup.members);
        Self {
            longest: longest_silence(parameters),
            shortest: shortest_silence(parameters),
            watches: Pairs::new(setup.members, watchers, Watch::default()),
            down: vec![None; setup.members as usize],
            looked: (NodeId(u32::MAX), 0),
        }
    }

    fn suspects(&mut self, ground: &Ground, watcher: NodeId, peer: NodeId, findings: &mut Findings) {
        let shortest = self.shortest;
        let Some(watch) = self.watches.get(watcher, peer) else { return };
        findings.exercised();
        watch.suspected = true;
        let silence = ground.monotonic.since(watch.last);
        if silence < shortest {
            let text = format!("{watcher} suspects {peer} after {silence}, and may not before {shortest}");
            findings.safety("hasty", &[watcher, peer], text);
        }
        if let Some(since) = self.down.get(peer.index()).copied().flatten() {
            findings.record(DETECTION, ground.now.since(since).as_nanos());
        }
    }
}

impl Check<Heartbeat> for Silence {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Heartbeat>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            HeartbeatObservation::Started => {
                self.watches.set_all(seen.node, &Watch { last: ground.monotonic, ..Watch::default() });
            }
            HeartbeatObservation::Suspected { peer } => self.suspects(ground, seen.node, peer, findings),
            HeartbeatObservation::Trusted { peer } => {
                if let Some(watch) = self.watches.get(seen.node, peer) {
                    watch.suspected = false;
                }
            }
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["Beat"]
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &HeartbeatMessage,
        _: &mut Findings,
    ) {
        let HeartbeatMessage::Beat { born, number } = *message;
        let watcher = ground.place(slot).node;
        let Some(watch) = self.watches.get(watcher, from) else { return };
        if watch.beat.is_none_or(|heard| heard.0 != born || heard.1 < number) {
            (watch.last, watch.beat) = (ground.monotonic, Some((born, number)));
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Beat"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &HeartbeatMessage,
        findings: &mut Findings,
    ) {
        let HeartbeatMessage::Beat { number, .. } = *message;
        if std::mem::replace(&mut self.looked, (from, number)) == (from, number) || !ground.honest(from) {
            return;
        }
        findings.exercised();
        let longest = self.longest;
        let silence = |watch: &Watch| ground.monotonic.since(watch.last);
        let overlooked = |(_, watch): &(NodeId, &Watch)| !watch.suspected && silence(watch) > longest;
        if let Some((peer, watch)) = self.watches.of(from).find(overlooked) {
            let text = format!(
                "{from} trusts {peer} after {} of silence, and may not after {longest}",
                silence(watch)
            );
            findings.safety("overlooked", &[from, peer], text);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        let node = ground.place(slot).node;
        let Some(down) = self.down.get_mut(node.index()) else { return };
        match what {
            Lifecycle::Crashed => *down = Some(ground.now),
            Lifecycle::Booted => *down = None,
            Lifecycle::Wiped | Lifecycle::Corrupted | Lifecycle::Healed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::Detector;
    use super::*;

    type Script = protocol_testing::script::Script<Heartbeat, Silence>;

    /// Five seconds are trusted. Member 1 watches member 0.
    fn script() -> Script {
        let parameters = Parameters { watchers: 1, detector: Detector::Timeout, ..Parameters::default() };
        let mut script = Script::new(Silence::new(&parameters, &Setup::new(0, 3)), 3);
        script.see(1, HeartbeatObservation::Started);
        script
    }

    fn at(script: &mut Script, seconds: u64) -> &mut Script {
        script.ground.now = Time::ZERO + Duration::from_secs(seconds);
        script.ground.monotonic = script.ground.now;
        script
    }

    fn beat(script: &mut Script, from: u32, number: u64) {
        let message = HeartbeatMessage::Beat { born: 1, number };
        script.check.sent(&script.ground, NodeId(from), NodeId(from + 1), &message, &mut script.findings);
    }

    fn hear(script: &mut Script, number: u64) {
        let message = HeartbeatMessage::Beat { born: 1, number };
        script.check.received(&script.ground, Slot(1), NodeId(0), &message, &mut script.findings);
    }

    #[test]
    fn whoever_is_silent_too_long_is_suspected_at_the_next_beat() {
        let mut script = script();
        hear(at(&mut script, 2), 1);
        hear(at(&mut script, 5), 1);
        beat(at(&mut script, 7), 1, 1);
        script.clean();
        beat(at(&mut script, 8), 1, 2);
        script.found("overlooked", "n2 trusts n1 after 6s of silence, and may not after 5s");
    }

    #[test]
    fn nobody_is_suspected_early_and_detection_is_measured() {
        let mut early = script();
        at(&mut early, 4)
            .see(1, HeartbeatObservation::Suspected { peer: NodeId(0) })
            .found("hasty", "n2 suspects n1 after 4s, and may not before 5s");
        let mut fair = script();
        let script = at(&mut fair, 1);
        script.check.lifecycle(&script.ground, Slot(0), Lifecycle::Crashed, &mut script.findings);
        at(script, 6).see(1, HeartbeatObservation::Suspected { peer: NodeId(0) });
        beat(at(script, 9), 1, 1);
        script.clean();
        assert_eq!(script.findings.measured().summary()[DETECTION].max, 5_000_000_000);
    }
}
