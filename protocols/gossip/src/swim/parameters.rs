//! The parameters of SWIM, as they stand under `[cluster.swim]`.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

use super::preset::{Preset, Setting};
use super::settings::Settings;

/// How long a swarm makes the rhythms of a member.
const DRAWN_MILLIS: [u64; 4] = [200, 300, 500, 1_000];

/// How long a swarm lets members remember the dead, where it makes that short.
const DRAWN_TOMBSTONES: [u64; 3] = [1_000, 3_000, 8_000];

// A swarm makes all rhythms shorter, so that a run of some seconds has many periods, and leaves those alone that forfeit
// something when they are off.
sim_core::parameters! {
    /// How a SWIM cluster runs.
    pub struct Parameters {
        /// The published defaults that every setting follows which is not written.
        preset: Preset = "lan";
        /// What members know at genesis.
        start: Start = "warm", drawn |_, _, dice| dice.pick(&[Start::Warm, Start::Warm, Start::Cold]);
        /// How many of the first members are known to whoever must join; all if 0.
        seeds: u32 = 0;
        /// How long a member that joins waits for an answer before it asks somebody else.
        join_retry: Duration = "5s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(250), 1..=4);
        /// In which order members are probed.
        order: Order = "round-robin", forfeits "that a crash is noticed by everybody within a bounded number of periods";
        /// Where a member's periods begin.
        phase: Phase = "drawn";
        /// How often a member probes another one.
        probe_interval: Setting<Duration> = "preset",
            must |own| Settings::of(own).probe_interval > Duration::ZERO, "must be longer than 0s",
            drawn |_, _, dice| Setting::Own(Duration::from_millis(dice.pick(&DRAWN_MILLIS)));
        /// How long it waits for the answer before it asks others to probe, or gives up.
        probe_timeout: Setting<Duration> = "preset",
            must |own| {
                let Settings { probe_timeout, probe_interval, .. } = Settings::of(own);
                probe_timeout > Duration::ZERO && probe_timeout < probe_interval
            },
            "must be longer than 0s and shorter than probe_interval",
            drawn |_, drawn, dice| Setting::Own(dice.eighths(Settings::interval(drawn), 3..=5));
        /// How many others are asked to probe whoever does not answer; 0 turns indirect probes off.
        indirect_checks: Setting<u32> = "preset",
            must |own| Settings::of(own).indirect_checks <= 64, "must be at most 64",
            drawn |_, _, dice| Setting::Own(dice.within(1..=4) as u32);
        /// Whether who was asked to probe says that there was no answer.
        nacks: Setting<bool> = "preset", drawn |_, _, dice| Setting::Own(dice.pick(&[true, false]));
        /// Whether an unanswered probe is repeated over the stream lane.
        fallback_ping: Setting<bool> = "preset", drawn |_, _, dice| Setting::Own(dice.pick(&[true, false]));
        /// The suspicion timeout is this times log10 of the members times the probe interval; 0 declares dead at once.
        suspicion_mult: Setting<u32> = "preset",
            must |own| Settings::of(own).suspicion_mult <= 1_000, "must be at most 1000",
            drawn |_, _, dice| Setting::Own(dice.within(2..=6) as u32);
        /// Lifeguard: a suspicion that nobody confirms lasts this many times longer.
        suspicion_max_mult: Setting<u32> = "preset",
            must |own| (1..=1_000).contains(&Settings::of(own).suspicion_max_mult), "must be from 1 to 1000",
            drawn |_, _, dice| Setting::Own(dice.within(1..=6) as u32);
        /// Lifeguard: whether suspicions begin with the long timeout and each confirmation shortens it.
        dynamic_suspicion: Setting<bool> = "preset", drawn |_, _, dice| Setting::Own(dice.pick(&[true, false]));
        /// Lifeguard: a member that fails itself probes up to this many times more slowly; 1 turns local health off.
        local_health: Setting<u32> = "preset",
            must |own| (1..=1_000).contains(&Settings::of(own).local_health), "must be from 1 to 1000",
            drawn |_, _, dice| Setting::Own(dice.pick(&[1, 2, 8]));
        /// Lifeguard: whether a suspect is told of the suspicion with each probe.
        buddy: Setting<bool> = "preset", drawn |_, _, dice| Setting::Own(dice.pick(&[true, false]));
        /// An update is sent by one member at most this times ceil(log10(n + 1)) times.
        retransmit_mult: Setting<u32> = "preset",
            must |own| (1..=100).contains(&Settings::of(own).retransmit_mult), "must be from 1 to 100",
            drawn |_, _, dice| Setting::Own(dice.within(2..=5) as u32);
        /// How often updates are gossiped beside what probes carry.
        gossip_interval: Setting<Duration> = "preset",
            must |own| Settings::of(own).gossip_interval > Duration::ZERO, "must be longer than 0s",
            drawn |_, _, dice| Setting::Own(dice.times(Duration::from_millis(50), 1..=4));
        /// To how many members each time; 0 turns the gossip tick off.
        gossip_nodes: Setting<u32> = "preset",
            must |own| Settings::of(own).gossip_nodes <= 64, "must be at most 64",
            drawn |_, _, dice| Setting::Own(dice.within(1..=4) as u32);
        /// How long members that were declared dead are gossiped to.
        gossip_to_dead: Setting<Duration> = "preset",
            drawn |_, _, dice| Setting::Own(dice.times(Duration::from_secs(1), 0..=4));
        /// How often a member compares its view with another one's; 0s never. Longer in clusters above 32 members.
        push_pull_interval: Setting<Duration> = "preset", forfeits "that views converge after updates were lost",
            drawn |own, _, dice| match own.push_pull_interval {
                Setting::Own(never) if never.is_zero() => own.push_pull_interval,
                _ => Setting::Own(dice.times(Duration::from_millis(500), 1..=4)),
            };
        /// How often a member tries to reach one that was declared dead; 0s never.
        reconnect_interval: Setting<Duration> = "preset", forfeits "that the sides of a healed partition find each other",
            drawn |own, _, dice| match own.reconnect_interval {
                Setting::Own(never) if never.is_zero() => own.reconnect_interval,
                _ => Setting::Own(dice.times(Duration::from_millis(500), 1..=4)),
            };
        /// How long a member remembers who is dead or left. Sides of a partition that have forgotten each other need not find each other.
        tombstones: Duration = "24h", in ABOVE_ZERO,
            drawn |own, _, dice| {
                let short = Duration::from_millis(dice.pick(&DRAWN_TOMBSTONES));
                if dice.below(6) == 0 { short } else { own.tombstones }
            };
        /// How long a member that leaves goes on spreading that.
        leave_delay: Duration = "5s", drawn |_, _, dice| dice.times(Duration::from_millis(250), 0..=8);
        /// The longest datagram, headers included.
        packet_bytes: u32 = 1400, in 256..=65_507,
            drawn |_, _, dice| dice.pick(&[256, 512, 1_400]);
        /// A service level: how often members that run may be declared dead in a run, counted at each who does.
        most_false_deaths: u32 = 1_000_000_000;
    }
}

sim_core::choices! {
    /// What members know at genesis.
    pub enum Start {
        /// Each other: the cluster has been running.
        Warm = "warm",
        /// The seeds alone: they must join.
        Cold = "cold",
    }
}

sim_core::choices! {
    /// In which order members are probed.
    pub enum Order {
        /// Everybody once in each round, in an order drawn for the round.
        RoundRobin = "round-robin",
        /// Anybody, each time.
        Random = "random",
    }
}

sim_core::choices! {
    /// Where a member's periods begin.
    pub enum Phase {
        /// At a moment of its own, drawn when it starts.
        Drawn = "drawn",
        /// At multiples of the probe interval on its own clock.
        Aligned = "aligned",
    }
}
