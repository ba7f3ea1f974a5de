//! What a cluster runs with: the preset, and what is written instead of it. And the published formulas.

use sim_core::math;
use sim_core::registry::Launch;
use sim_core::time::Duration;

use super::parameters::{Order, Parameters, Phase};
use super::plants::Plants;
use super::preset::Preset;
use super::stalling::Stalling;

/// Everything that members of one cluster share.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) probe_interval: Duration,
    pub(super) probe_timeout: Duration,
    pub(super) indirect_checks: u32,
    pub(super) nacks: bool,
    pub(super) fallback_ping: bool,
    pub(super) suspicion_mult: u32,
    pub(super) suspicion_max_mult: u32,
    /// How much of the time between the longest and the shortest suspicion so many confirmations take away.
    pub(super) shares: [f64; CONFIRMATIONS + 1],
    pub(super) dynamic_suspicion: bool,
    pub(super) local_health: u32,
    pub(super) buddy: bool,
    pub(super) retransmit_mult: u32,
    pub(super) gossip_interval: Duration,
    pub(super) gossip_nodes: u32,
    pub(super) gossip_to_dead: Duration,
    pub(super) push_pull_interval: Duration,
    pub(super) reconnect_interval: Duration,
    pub(super) join_retry: Duration,
    pub(super) tombstones: Duration,
    pub(super) leave_delay: Duration,
    pub(super) packet_bytes: u32,
    pub(super) order: Order,
    pub(super) phase: Phase,
    pub(super) seeds: u32,
    pub(super) plants: Plants,
    pub(super) stall: Option<Stalling>,
}

/// How many confirmations are remembered: more than this never count.
pub(super) const CONFIRMATIONS: usize = 5;

/// The rhythms of a preset.
struct Rhythm {
    probe: u64,
    timeout: u64,
    suspicion: u32,
    gossip: u64,
    nodes: u32,
    dead: u64,
    push_pull: u64,
}

const LAN: Rhythm = Rhythm {
    probe: 1_000,
    timeout: 500,
    suspicion: 4,
    gossip: 200,
    nodes: 3,
    dead: 30_000,
    push_pull: 30_000,
};
const WAN: Rhythm = Rhythm {
    probe: 5_000,
    timeout: 3_000,
    suspicion: 6,
    gossip: 500,
    nodes: 4,
    dead: 60_000,
    push_pull: 60_000,
};
const PURE: Rhythm = Rhythm { nodes: 0, dead: 0, push_pull: 0, ..LAN };

impl Settings {
    /// How often a member probes under these parameters.
    pub(super) fn interval(parameters: &Parameters) -> Duration {
        parameters.probe_interval.or(Duration::from_millis(rhythm(parameters.preset).probe))
    }

    /// What these parameters come to.
    pub fn of(parameters: &Parameters) -> Self {
        let of = parameters;
        let preset = rhythm(of.preset);
        let full = of.preset != Preset::Pure;
        let millis = Duration::from_millis;
        let suspicion_mult = of.suspicion_mult.or(preset.suspicion);
        Self {
            probe_interval: Self::interval(of),
            probe_timeout: of.probe_timeout.or(millis(preset.timeout)),
            indirect_checks: of.indirect_checks.or(3),
            nacks: of.nacks.or(full),
            fallback_ping: of.fallback_ping.or(full),
            suspicion_mult,
            shares: shares(confirmations_wanted(suspicion_mult)),
            suspicion_max_mult: of.suspicion_max_mult.or(6),
            dynamic_suspicion: of.dynamic_suspicion.or(full),
            local_health: of.local_health.or(if full { 8 } else { 1 }),
            buddy: of.buddy.or(full),
            retransmit_mult: of.retransmit_mult.or(4),
            gossip_interval: of.gossip_interval.or(millis(preset.gossip)),
            gossip_nodes: of.gossip_nodes.or(preset.nodes),
            gossip_to_dead: of.gossip_to_dead.or(millis(preset.dead)),
            push_pull_interval: of.push_pull_interval.or(millis(preset.push_pull)),
            reconnect_interval: of.reconnect_interval.or(if full { millis(30_000) } else { Duration::ZERO }),
            join_retry: of.join_retry,
            tombstones: of.tombstones,
            leave_delay: of.leave_delay,
            packet_bytes: of.packet_bytes,
            order: of.order,
            phase: of.phase,
            seeds: of.seeds,
            plants: Plants::default(),
            stall: None,
        }
    }

    /// The same with the bugs that a launch switches on.
    pub(super) fn launched(self, launch: &Launch) -> Self {
        Self { plants: Plants::of(launch), stall: Stalling::of(launch), ..self }
    }

    /// How long a suspicion lasts at least among `n` members: a multiple of their logarithm, to a thousandth.
    pub fn suspicion_timeout(&self, n: u32) -> Duration {
        self.least_suspicion(Scale::of(n))
    }

    /// How long one lasts at least in a cluster of a size.
    pub(super) fn least_suspicion(&self, scale: Scale) -> Duration {
        suspicion_timeout(self.suspicion_mult, scale, self.probe_interval)
    }

    /// How long one may last at most.
    pub(super) fn longest_suspicion(&self, n: u32) -> Duration {
        self.most_suspicion(Scale::of(n))
    }

    /// How long one lasts in a cluster of a size that nobody confirms.
    pub(super) fn most_suspicion(&self, scale: Scale) -> Duration {
        let most = if self.dynamic_suspicion { self.suspicion_max_mult } else { 1 };
        self.least_suspicion(scale).saturating_mul(u64::from(most))
    }

    /// How long one lasts that confirmations shorten and that has so many of them.
    pub(super) fn confirmed_suspicion(&self, scale: Scale, confirmed: usize) -> Duration {
        let share = self.shares[confirmed.min(CONFIRMATIONS)];
        confirmed_suspicion(share, self.least_suspicion(scale), self.most_suspicion(scale))
    }

    /// How many members must confirm a suspicion until it lasts as short as it may; 0 if it does from the start.
    pub fn confirmations(&self, n: u32) -> u32 {
        let wanted = confirmations_wanted(self.suspicion_mult);
        let possible = n.saturating_sub(2);
        if self.dynamic_suspicion && possible >= wanted { wanted } else { 0 }
    }

    /// How often one member sends an update among `n` members; the last one, which leaves, as often as among one.
    pub fn transmit_limit(&self, n: u32) -> u32 {
        transmit_limit(self.retransmit_mult, n.max(1))
    }

    /// How often views are compared among `n` members: half as often for each doubling above 32.
    pub(super) fn push_pull_every(&self, n: u32) -> Duration {
        if n <= 32 {
            return self.push_pull_interval;
        }
        let doublings = (math::log2(f64::from(n)) - 5.0).ceil();
        self.push_pull_interval.saturating_mul(doublings as u64 + 1)
    }
}

const fn rhythm(preset: Preset) -> Rhythm {
    match preset {
        Preset::Lan => LAN,
        Preset::Wan => WAN,
        Preset::Pure => PURE,
    }
}

/// The logarithm of the size of a cluster, `max(1, log10(max(1, n)))`, cut to a thousandth: all that a suspicion keeps of
/// that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale(pub(super) u16);

impl Scale {
    /// Of `n` members.
    pub(super) fn of(n: u32) -> Self {
        Self((math::log10(f64::from(n.max(1))).max(1.0) * 1_000.0) as u16)
    }
}

/// `mult * scale * interval`.
fn suspicion_timeout(mult: u32, scale: Scale, interval: Duration) -> Duration {
    interval.saturating_mul(u64::from(mult).saturating_mul(u64::from(scale.0))) / 1_000
}

/// `mult * ceil(log10(n + 1))`.
fn transmit_limit(mult: u32, n: u32) -> u32 {
    let scale = math::log10(f64::from(n) + 1.0).ceil();
    mult.saturating_mul(scale as u32)
}

/// How many confirmations make a suspicion as short as it may be, if there are members enough.
const fn confirmations_wanted(suspicion_mult: u32) -> u32 {
    suspicion_mult.saturating_sub(2)
}

/// What confirmations take away, by their number out of `wanted` (memberlist, `remainingSuspicionTime`).
fn shares(wanted: u32) -> [f64; CONFIRMATIONS + 1] {
    let all = math::ln(f64::from(wanted) + 1.0);
    std::array::from_fn(|confirmed| math::ln(confirmed as f64 + 1.0) / all)
}

/// How long a suspicion lasts in all of whose time such a share was taken away, to a millisecond.
fn confirmed_suspicion(share: f64, least: Duration, most: Duration) -> Duration {
    let seconds = most.as_secs_f64() - share * (most.as_secs_f64() - least.as_secs_f64());
    Duration::from_millis((seconds * 1_000.0).floor().max(0.0) as u64).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspicion_timeouts_grow_with_the_logarithm() {
        let second = Duration::from_secs(1);
        for (n, millis) in [(5, 1_000), (10, 1_000), (50, 1_698), (100, 2_000), (500, 2_698), (1_000, 3_000)]
        {
            assert_eq!(suspicion_timeout(1, Scale::of(n), second), Duration::from_millis(millis), "{n}");
        }
        assert_eq!(suspicion_timeout(3, Scale::of(50), second), Duration::from_millis(3 * 1_698));
        assert_eq!(suspicion_timeout(1, Scale::of(0), second), second);
    }

    #[test]
    fn updates_are_sent_in_proportion_to_the_logarithm() {
        for (n, limit) in [(0, 0), (1, 3), (9, 3), (10, 6), (99, 6), (100, 9), (99_999, 15)] {
            assert_eq!(transmit_limit(3, n), limit, "{n}");
        }
    }

    #[test]
    fn confirmations_shorten_a_suspicion() {
        let (least, most) = (Duration::from_secs(2), Duration::from_secs(30));
        for (confirmed, millis) in [(0, 30_000), (1, 16_000), (2, 7_810), (3, 2_000), (4, 2_000)] {
            let length = confirmed_suspicion(shares(3)[confirmed], least, most);
            assert_eq!(length, Duration::from_millis(millis), "{confirmed}");
        }
    }

    #[test]
    fn views_are_compared_less_often_in_large_clusters() {
        let settings = Settings::of(&Parameters::default());
        for (n, seconds) in [(1, 30), (32, 30), (33, 60), (64, 60), (65, 90), (100_000, 390)] {
            assert_eq!(settings.push_pull_every(n), Duration::from_secs(seconds), "{n}");
        }
    }

    #[test]
    fn presets_are_the_published_ones_and_give_way() {
        let of = |preset| Settings::of(&Parameters { preset, ..Parameters::default() });
        let (lan, wan, pure) = (of(Preset::Lan), of(Preset::Wan), of(Preset::Pure));
        assert_eq!(
            (lan.probe_interval, wan.probe_interval),
            (Duration::from_secs(1), Duration::from_secs(5))
        );
        assert_eq!((lan.suspicion_mult, wan.suspicion_mult), (4, 6));
        assert_eq!((lan.confirmations(10), wan.confirmations(10), pure.confirmations(10)), (2, 4, 0));
        assert_eq!((lan.confirmations(3), lan.confirmations(4)), (0, 2));
        assert_eq!((pure.gossip_nodes, pure.local_health), (0, 1));
        assert!(pure.push_pull_interval.is_zero() && !pure.buddy && !pure.fallback_ping);
        let nacks = super::super::preset::Setting::Own(true);
        assert!(Settings::of(&Parameters { preset: Preset::Pure, nacks, ..Parameters::default() }).nacks);
    }
}
