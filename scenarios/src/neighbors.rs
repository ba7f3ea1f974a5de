//! Neighbors of a failing run: how often it still fails if everything happens slightly earlier or later.
//!
//! A fix that only moves a race out of sight makes the one recorded schedule pass. It does not make a hundred schedules
//! around it pass. Each neighbor keeps the seed, and with it the dice of all processes, and moves faults, their lengths
//! and the latencies a little; which way is a function of the seed and the neighbor's number alone.

mod pins;

use sim_core::distribution::{Distribution, Placement, RegionMatrix};
use sim_core::fault::Moment;
use sim_core::outcome::Outcome;
use sim_core::random::{Keyed, Purpose, below};
use sim_core::registry::{Launch, LaunchError};
use sim_core::setup::Setup;
use sim_core::stats::{Interval, wilson};
use sim_core::time::{Duration, Time};

use crate::explore::is_finding;
use crate::parallel::on_all_cores;
use crate::plan::Plan;
use crate::run::run;

pub(crate) use pins::PinnedMessages;

/// How far a fault is moved at most, either way, however slow the network is.
const MOVED: Duration = Duration::from_millis(1);

/// One part of so many of a usual latency is how far a fault is moved at most: a schedule in which it strikes a whole
/// message sooner is another one, not one nearby.
const HOP_SHARE: u64 = 4;

/// In a world of at most so many slots each link has a latency of its own.
const MOST_PLACES: u32 = 32;

/// How much latencies and the lengths of faults change at most, either way, in thousandths.
const CHANGED: u64 = 20;

/// Keeps the jitter of neighbors apart from everything else that is drawn from a seed.
const NEIGHBORS: u64 = 1 << 43;

/// The confidence of the interval of a rate.
const CONFIDENCE: f64 = 0.95;

/// What the runs around a run came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighborhood {
    /// How many were made.
    pub runs: u64,
    /// How many failed in the same way.
    pub failed: u64,
    /// How many failed in another way.
    pub failed_otherwise: u64,
    /// Where the true rate of the first lies (Wilson), with a confidence of 95 %.
    pub interval: Interval,
}

impl Neighborhood {
    /// The share that failed in the same way.
    pub fn rate(&self) -> f64 {
        self.failed as f64 / self.runs.max(1) as f64
    }
}

/// Runs so many neighbors of a plan and counts those that break a property with this fingerprint. On all cores, or on
/// so many threads; the counts do not depend on it.
///
/// # Errors
/// If the plan cannot be run.
pub fn neighbors(plan: &Plan, fingerprint: &str, count: u64) -> Result<Neighborhood, LaunchError> {
    let pinned = PinnedMessages::of(plan)?;
    let one = |index| run(&pinned.pin(neighbor(plan, index))?, &Launch::default());
    let numbers: Vec<u64> = (1..=count).collect();
    let judged = on_all_cores(numbers, |index| one(index).map(|outcome| judge(&outcome, fingerprint)));
    let judged: Vec<(bool, bool)> = judged.into_iter().collect::<Result<_, _>>()?;
    let sum = |pick: fn(&(bool, bool)) -> bool| judged.iter().filter(|both| pick(both)).count() as u64;
    let (failed, failed_otherwise) = (sum(|both| both.0), sum(|both| both.1));
    Ok(Neighborhood { runs: count, failed, failed_otherwise, interval: wilson(failed, count, CONFIDENCE) })
}

/// Whether a run failed in the same way, or in another.
fn judge(outcome: &Outcome, fingerprint: &str) -> (bool, bool) {
    let same = outcome.violations.iter().any(|violation| violation.fingerprint == fingerprint);
    (same, !same && is_finding(outcome.verdict))
}

/// Neighbor number `index` of a plan, with pins that name moments of the plan; number 0 is the plan itself, with more
/// time to fail in.
pub fn neighbor(plan: &Plan, index: u64) -> Plan {
    neighbor_at(plan, index, WHOLE)
}

/// The whole way from a plan to its neighbor.
pub(crate) const WHOLE: u64 = 1 << 20;

/// A plan that is `strength` parts of [`WHOLE`] on the way to its neighbor number `index`.
pub(crate) fn neighbor_at(plan: &Plan, index: u64, strength: u64) -> Plan {
    let keyed = Keyed::new(plan.setup.seed, Purpose::Fault).labeled(NEIGHBORS);
    let jitter = Jitter { keyed, index, strength };
    let mut setup = plan.setup.clone();
    // What comes a little later must not come after the end.
    setup.duration = setup.duration.saturating_mul(2);
    if index > 0 && strength > 0 {
        jitter.faults(&mut setup);
        jitter.latencies(&mut setup);
    }
    Plan { setup, ..plan.clone() }
}

/// The little changes of one neighbor.
struct Jitter {
    keyed: Keyed,
    index: u64,
    strength: u64,
}

/// What the latency of a neighbor is drawn for; faults are drawn for by their ids, which are smaller.
const LATENCY: u64 = 1 << 40;

/// What the time of a sync is drawn for.
const SYNC: u64 = 1 << 41;

impl Jitter {
    /// A word for something.
    fn word(&self, what: u64) -> u64 {
        self.keyed.word(self.index, what)
    }

    /// A duration changed by at most so many thousandths, never to nothing.
    fn changed(&self, value: Duration, what: u64) -> Duration {
        Duration::from_nanos(self.moved(value.as_nanos(), value.as_nanos() / 1_000 * CHANGED, what).max(1))
    }

    /// A number of nanoseconds moved by at most so many, either way.
    fn moved(&self, nanos: u64, most: u64, what: u64) -> u64 {
        // Half the width is added and taken away, so that no strength moves the middle.
        let part = |by: u64| by / WHOLE * self.strength + by % WHOLE * self.strength / WHOLE;
        let by = below(self.word(what), 2 * most + 1);
        (nanos + part(by)).saturating_sub(part(most))
    }

    fn faults(&self, setup: &mut Setup) {
        setup.faults.number();
        let most = (setup.network.latency.usual() / HOP_SHARE).min(MOVED).as_nanos();
        for entry in &mut setup.faults.entries {
            let id = u64::from(entry.id.unwrap_or_default());
            if let Moment::At(at) = &mut entry.at {
                *at = Time::from_nanos(self.moved(at.as_nanos(), most, 2 * id));
            }
            // The end of a fault is a moment as well.
            let end = |lasts: Duration| (lasts.as_nanos() / 1_000 * CHANGED).min(most);
            entry.lasts = entry.lasts.map(|lasts| {
                Duration::from_nanos(self.moved(lasts.as_nanos(), end(lasts), 2 * id + 1).max(1))
            });
        }
        setup.faults.sort();
    }

    fn latencies(&self, setup: &mut Setup) {
        let places = setup.members + setup.clients;
        let network = &mut setup.network;
        match &network.latency {
            Distribution::Fixed(latency) if network.regions.is_none() && places <= MOST_PLACES => {
                network.regions = Some(self.links(*latency, setup.members, setup.clients));
            }
            latency => network.latency = self.spread(latency, LATENCY),
        }
        network.client_latency = network.client_latency.as_ref().map(|latency| self.spread(latency, LATENCY));
        if setup.disk.sync != Distribution::Fixed(Duration::ZERO) {
            setup.disk.sync = self.spread(&setup.disk.sync, SYNC);
        }
    }

    /// Each link is a little faster or slower, always the same. Drawn anew for each message it would change wildly with
    /// the least change of a time.
    fn links(&self, latency: Duration, members: u32, clients: u32) -> RegionMatrix {
        let places = members + clients;
        let link = |from: u32, to: u32| {
            let what = LATENCY + 2 + u64::from(from) * u64::from(MOST_PLACES) + u64::from(to);
            Distribution::Fixed(self.changed(latency, what))
        };
        let name = |place: u32| format!("place {place}");
        RegionMatrix {
            regions: (0..places).map(name).collect(),
            latency: (0..places).map(|from| (0..places).map(|to| link(from, to)).collect()).collect(),
            placement: Placement::RoundRobin,
            clients: Placement::Named((members..places).map(name).collect()),
        }
    }

    /// One latency becomes a narrow range; a distribution is scaled.
    fn spread(&self, latency: &Distribution, whose: u64) -> Distribution {
        let changed = |value: Duration, what| self.changed(value, whose + what);
        match latency {
            Distribution::Fixed(value) => {
                let (one, other) = (changed(*value, 0), changed(*value, 1));
                Distribution::Uniform { min: one.min(other), max: one.max(other) }
            }
            Distribution::Uniform { min, max } => {
                let min = changed(*min, 0);
                Distribution::Uniform { min, max: changed(*max, 1).max(min) }
            }
            Distribution::Exponential { mean } => Distribution::Exponential { mean: changed(*mean, 0) },
            Distribution::Normal { mean, std_dev } => {
                Distribution::Normal { mean: changed(*mean, 0), std_dev: *std_dev }
            }
            Distribution::LogNormal { median, p99 } => {
                let median = changed(*median, 0);
                Distribution::LogNormal { median, p99: changed(*p99, 1).max(median) }
            }
            Distribution::Pareto { .. } | Distribution::Empirical(_) => latency.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> Setup {
        let mut setup = Setup::new(7, 3);
        setup.network.latency = Distribution::Fixed(Duration::from_millis(5));
        setup.faults.entries =
            vec![serde_json::from_str(r#"{"at":"1s","for":"100ms","crash":{"target":"n1"}}"#).unwrap()];
        setup
    }

    fn jittered(index: u64) -> Setup {
        at_strength(index, WHOLE)
    }

    fn at_strength(index: u64, strength: u64) -> Setup {
        let keyed = Keyed::new(7, Purpose::Fault).labeled(NEIGHBORS);
        let jitter = Jitter { keyed, index, strength };
        let mut setup = setup();
        jitter.faults(&mut setup);
        jitter.latencies(&mut setup);
        setup
    }

    #[test]
    fn the_way_to_a_neighbor_begins_at_the_plan() {
        for index in 1..50 {
            let start = at_strength(index, 0);
            assert_eq!(start.faults.entries[0].at, setup().faults.entries[0].at);
            let moment = |strength| match at_strength(index, strength).faults.entries[0].at {
                Moment::At(at) => at.as_nanos().abs_diff(1_000_000_000),
                Moment::On(_) => panic!("it waits for an event"),
            };
            let (half, whole) = (moment(WHOLE / 2), moment(WHOLE));
            assert!(half.abs_diff(whole / 2) <= 1, "{half} {whole}");
        }
    }

    #[test]
    fn a_neighbor_is_near_and_always_the_same() {
        for index in 1..200 {
            let near = jittered(index);
            assert_eq!(near, jittered(index));
            assert_ne!(near, jittered(index + 1));
            let entry = &near.faults.entries[0];
            let Moment::At(at) = entry.at else { panic!("it waits for an event") };
            assert!((999_000_000..=1_001_000_000).contains(&at.as_nanos()));
            assert!((99_000_000..=101_000_000).contains(&entry.lasts.unwrap().as_nanos()));
            let links: Vec<&Distribution> =
                near.network.regions.as_ref().unwrap().latency.iter().flatten().collect();
            assert_eq!(links.len(), 9);
            for link in links {
                let Distribution::Fixed(latency) = link else { panic!("it is drawn for each message") };
                assert!((4_900_000..=5_100_000).contains(&latency.as_nanos()));
            }
        }
    }

    #[test]
    fn syncs_take_a_little_more_or_less_if_they_take_any_time() {
        let jittered = |sync| {
            let jitter = Jitter { keyed: Keyed::new(7, Purpose::Fault), index: 1, strength: WHOLE };
            let mut setup = setup();
            setup.disk.sync = Distribution::Fixed(sync);
            jitter.latencies(&mut setup);
            setup.disk.sync
        };
        assert_eq!(jittered(Duration::ZERO), Distribution::Fixed(Duration::ZERO));
        let Distribution::Uniform { min, max } = jittered(Duration::from_millis(1)) else {
            panic!("all alike")
        };
        assert!(min < max && (980_000..=1_020_000).contains(&min.as_nanos()) && max.as_nanos() <= 1_020_000);
    }
}
