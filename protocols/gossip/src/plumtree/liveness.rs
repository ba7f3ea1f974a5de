//! What progress Plumtree owes: the whole healed core delivers every broadcast that it has.

use sim_core::check::Seen;
use sim_core::ground::Ground;
use sim_core::identity::Slot;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::completeness::covers;
use super::parameters::Parameters;
use super::safety::Deliveries;
use super::vocabulary::{Plumtree, PlumtreeObservation};

/// Progress is made when every running honest member of the core has delivered what one of them had at the heal.
///
/// Not owed where members never compare what they have: the papers do not say how an overlay that fell apart comes together.
#[derive(Clone, Debug)]
pub struct PlumtreeLiveness {
    parameters: Parameters,
    members: u32,
    /// The probability that a comparison is lost or damaged.
    loss: f64,
    delivered: Deliveries,
    owed: [u64; 2],
    /// By slot: whether it is still awaited.
    awaited: Vec<bool>,
    missing: u64,
}

impl PlumtreeLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: Parameters, setup: &Setup) -> Self {
        Self {
            parameters,
            members: setup.members,
            loss: setup.network.loss.as_f64() + setup.network.corrupt.as_f64(),
            delivered: Deliveries::default(),
            owed: [0; 2],
            awaited: Vec::new(),
            missing: 0,
        }
    }

    fn union(&self, ground: &Ground, core: &[Slot]) -> [u64; 2] {
        let running = core.iter().filter(|slot| ground.place(**slot).runs() && ground.place(**slot).honest);
        running.fold([0; 2], |all, slot| {
            let has = self.delivered.get(*slot);
            [all[0] | has[0], all[1] | has[1]]
        })
    }

    /// From a comparison to a payload, where nothing goes wrong.
    fn attempt(&self) -> Duration {
        let Parameters { compare_every, graft_timeout, graft_again, neighbor_timeout, active_size, .. } =
            self.parameters;
        let asking = graft_again.saturating_mul(u64::from(active_size) + 1);
        [compare_every, graft_timeout, neighbor_timeout].into_iter().fold(asking, Duration::saturating_add)
    }
}

impl Liveness<Plumtree> for PlumtreeLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        let genesis = core.iter().any(|slot| ground.place(*slot).node.0 < self.members);
        if self.parameters.compare_every.is_zero() {
            Err(Stall::Settings)
        } else if self.union(ground, core) == [0; 2] {
            Err(Stall::LostData)
        } else if !genesis {
            Err(Stall::NoQuorum)
        } else {
            Ok(())
        }
    }

    fn hears(&self) -> &'static [&'static str] {
        &["Started", "Delivered"]
    }

    fn observe(&mut self, seen: &Seen<'_, Plumtree>) {
        match *seen.observation {
            PlumtreeObservation::Started => self.delivered.forget(seen.slot),
            PlumtreeObservation::Delivered { broadcast, .. } => {
                self.delivered.add(seen.slot, broadcast);
            }
            _ => {}
        }
    }

    /// An attempt is a comparison between one that has and one that has not, a link, and a payload. Half of the new links are
    /// granted to others before they have served.
    fn pace(&self, timeout: Duration, core: &[Slot]) -> Pace {
        let kept = (1.0 - self.loss).max(0.0);
        let share = (core.len() as f64 / f64::from(self.members.max(1))).min(1.0);
        let windows = self.attempt().as_nanos() / timeout.as_nanos().max(1) + 2;
        let way = self.parameters.neighbor_timeout.min(timeout) / 4;
        let serve = timeout / (16 * u64::from(self.members.max(1)));
        let shares = Shares { way, sync: way, serve, ..Shares::of(timeout) };
        let windows = u32::try_from(windows).unwrap_or(u32::MAX);
        Pace { windows, chance: share / 4.0 * kept, wasted: 0, shares }
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Plumtree>>) -> Reach {
        let Some(seen) = seen else {
            self.owed = self.union(ground, core);
            self.awaited = vec![false; ground.places.len()];
            for slot in core {
                let place = ground.place(*slot);
                let lacks = !covers(self.delivered.get(*slot), self.owed);
                self.awaited[slot.index()] = place.runs() && place.honest && lacks;
            }
            self.missing = self.awaited.iter().filter(|awaited| **awaited).count() as u64;
            return if self.missing == 0 { Reach::All } else { Reach::Nothing };
        };
        let PlumtreeObservation::Delivered { broadcast, .. } = *seen.observation else {
            return Reach::Nothing;
        };
        self.delivered.add(seen.slot, broadcast);
        let Some(awaited) = self.awaited.get_mut(seen.slot.index()).filter(|awaited| **awaited) else {
            return Reach::Nothing;
        };
        if covers(self.delivered.get(seen.slot), self.owed) {
            *awaited = false;
            self.missing -= 1;
        }
        match self.missing {
            0 => Reach::All,
            _ if self.owed[(broadcast / 64) as usize] >> (broadcast % 64) & 1 == 1 => Reach::More,
            _ => Reach::Nothing,
        }
    }
}
