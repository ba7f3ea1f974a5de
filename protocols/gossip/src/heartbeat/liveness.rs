//! What progress failure detectors owe: after the heal, those in the core that run are trusted, and those that are down are
//! suspected.

use sim_core::check::Seen;
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::detector::longest_silence;
use super::ledger::Pairs;
use super::parameters::Parameters;
use super::vocabulary::{Heartbeat, HeartbeatObservation};

/// Owed once for each pair of a watcher in the core and one that it watches, if that one is in the core too, or down for
/// good: with a small threshold, suspicions of those that live may come and go.
#[derive(Clone, Debug)]
pub struct HeartbeatLiveness {
    parameters: Parameters,
    members: u32,
    /// The probability that a message is lost or damaged.
    loss: f64,
    suspected: Pairs<bool>,
    /// For each pair: what is still owed, trust or suspicion.
    owed: Pairs<Option<bool>>,
    missing: u64,
}

impl HeartbeatLiveness {
    /// For members of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        let watchers = parameters.watchers_of(setup.members);
        Self {
            parameters: *parameters,
            members: setup.members,
            loss: setup.network.loss.as_f64() + setup.network.corrupt.as_f64(),
            suspected: Pairs::new(setup.members, watchers, false),
            owed: Pairs::new(setup.members, watchers, None),
            missing: 0,
        }
    }

    /// Whether a watcher should suspect somebody; `None` if nothing is owed.
    fn right(ground: &Ground, core: &[Slot], peer: NodeId) -> Option<bool> {
        let Some(slot) = ground.slot_of(peer) else { return Some(true) };
        let place = ground.place(slot);
        if place.node != peer || !place.up && !core.contains(&slot) {
            Some(true)
        } else {
            (place.runs() && place.honest && core.contains(&slot)).then_some(false)
        }
    }

    fn take_stock(&mut self, ground: &Ground, core: &[Slot]) {
        self.missing = 0;
        for slot in core {
            let (place, watcher) = (ground.place(*slot), ground.place(*slot).node);
            if !place.runs() || !place.honest || watcher.0 >= self.members {
                continue;
            }
            let held: Vec<(NodeId, bool)> =
                self.suspected.of(watcher).map(|(peer, held)| (peer, *held)).collect();
            for (peer, held) in held {
                let owed = Self::right(ground, core, peer).filter(|right| *right != held);
                self.missing += u64::from(owed.is_some());
                if let Some(place) = self.owed.get(watcher, peer) {
                    *place = owed;
                }
            }
        }
    }
}

impl Liveness<Heartbeat> for HeartbeatLiveness {
    fn owed(&self, _: &Ground, _: &[Slot]) -> Result<(), Stall> {
        Ok(())
    }

    fn hears(&self) -> &'static [&'static str] {
        &["Started", "Suspected", "Trusted"]
    }

    fn observe(&mut self, seen: &Seen<'_, Heartbeat>) {
        match *seen.observation {
            HeartbeatObservation::Started => self.suspected.set_all(seen.node, &false),
            HeartbeatObservation::Suspected { peer } | HeartbeatObservation::Trusted { peer } => {
                let held = matches!(seen.observation, HeartbeatObservation::Suspected { .. });
                if let Some(suspected) = self.suspected.get(seen.node, peer) {
                    *suspected = held;
                }
            }
        }
    }

    /// An attempt is the longest silence that is trusted, and a beat. A message must not be lost.
    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        let kept = (1.0 - self.loss).max(0.0);
        let silence = longest_silence(&self.parameters).as_nanos() / timeout.as_nanos().max(1);
        let serve = timeout / (16 * u64::from(self.members.max(1)));
        let way = timeout / 4;
        let shares = Shares { way, sync: way, serve, ..Shares::of(timeout) };
        let windows = u32::try_from(silence.saturating_add(3)).unwrap_or(u32::MAX);
        Pace { windows, chance: 0.5 * kept, wasted: 0, shares }
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Heartbeat>>) -> Reach {
        let Some(seen) = seen else {
            self.take_stock(ground, core);
            return if self.missing == 0 { Reach::All } else { Reach::Nothing };
        };
        let (peer, held) = match *seen.observation {
            HeartbeatObservation::Suspected { peer } => (peer, true),
            HeartbeatObservation::Trusted { peer } => (peer, false),
            HeartbeatObservation::Started => return Reach::Nothing,
        };
        match self.owed.get(seen.node, peer) {
            Some(owed) if *owed == Some(held) => {
                *owed = None;
                self.missing -= 1;
                if self.missing == 0 { Reach::All } else { Reach::More }
            }
            _ => Reach::Nothing,
        }
    }
}

/// A window of progress: one interval.
pub(super) fn window(parameters: &Parameters) -> Duration {
    parameters.interval
}
