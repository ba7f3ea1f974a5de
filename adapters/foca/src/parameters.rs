//! The parameters of foca, as they stand under `[cluster.foca]`: the fields of its configuration.

use std::num::{NonZeroU8, NonZeroUsize};

use foca::{Config, PeriodicParams};
use seedstorm::sim_core;
use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

/// How long a swarm makes a period.
const DRAWN_MILLIS: [u64; 4] = [200, 250, 300, 500];

// As in `Config::new_lan`, which a swarm makes faster: a run of some seconds must have many periods.
sim_core::parameters! {
    /// How members probe, gossip and come back.
    #[derive(Copy)]
    pub struct Parameters {
        /// What members know at genesis.
        start: Knows = "everybody", drawn |_, _, dice| dice.pick(&[Knows::Everybody, Knows::Everybody, Knows::Addresses]);
        /// How often a member probes another one.
        probe_period: Duration = "1s", in ABOVE_ZERO,
            drawn |_, _, dice| Duration::from_millis(dice.pick(&DRAWN_MILLIS));
        /// How long it waits for the answer before it asks others to probe.
        probe_rtt: Duration = "500ms", in ABOVE_ZERO,
            must |own| own.probe_rtt < own.probe_period, "must be shorter than probe_period",
            drawn |_, drawn, dice| dice.eighths(drawn.probe_period, 2..=4);
        /// How many others that are.
        indirect_probes: u32 = 3, in 1..=64, drawn |_, _, dice| dice.within(1..=4) as u32;
        /// How often an update is sent.
        max_transmissions: u8 = 3, in 1.., drawn |_, _, dice| dice.within(2..=6) as u8;
        /// How long a suspect has to refute.
        suspect_to_down_after: Duration = "4s", in ABOVE_ZERO,
            drawn |_, drawn, dice| dice.times(drawn.probe_period, 2..=5);
        /// How often updates are gossiped beside what probes carry; 0s never.
        gossip_every: Duration = "200ms", drawn |_, _, dice| dice.times(Duration::from_millis(100), 0..=3);
        /// How often somebody who is up is asked for all members; 0s never.
        announce_every: Duration = "30s", forfeits "that everybody comes to know of everybody",
            drawn |_, _, dice| dice.times(Duration::from_millis(250), 1..=4);
        /// How often somebody who is down is asked for all members; 0s never.
        announce_to_down_every: Duration = "65s", forfeits "that the sides of a healed partition find each other",
            drawn |_, _, dice| dice.times(Duration::from_millis(250), 1..=4);
        /// How many are asked at once who are down.
        announce_to_down: u32 = 2, in 1..=64, drawn |_, _, dice| dice.within(1..=3) as u32;
        /// The longest packet.
        packet_bytes: u32 = 1_400, in 256..=65_507, drawn |_, _, dice| dice.pick(&[256, 512, 1_400]);
        /// How long a member that knows nobody who is up waits before it asks the next one to let it join.
        join_retry: Duration = "1s", in ABOVE_ZERO, drawn |_, _, dice| dice.times(Duration::from_millis(250), 1..=4);
        /// Whether a member that was given a new identity looks at once whether it knows anybody who is up. The crate does not
        /// ask for it; without it a cluster may fall silent (see the tests).
        wakes_itself: bool = true, forfeits "that members that were declared down at once ever speak again";
        /// How many of the last members leave, unless they are restarted before.
        leaving: u32 = 0, drawn |_, _, dice| dice.pick(&[0, 0, 1]);
        /// When they leave.
        leave_at: Duration = "3s", drawn |_, _, dice| dice.times(Duration::from_millis(500), 1..=12);
    }
}

sim_core::choices! {
    /// What members know at genesis.
    pub enum Knows {
        /// Each other: the cluster has been running.
        Everybody = "everybody",
        /// Addresses: they must join.
        Addresses = "addresses",
    }
}

const fn std(duration: Duration) -> std::time::Duration {
    std::time::Duration::from_nanos(duration.as_nanos())
}

fn periodic(every: Duration, members: u32) -> Option<PeriodicParams> {
    let num_members = NonZeroUsize::new(members as usize)?;
    (!every.is_zero()).then(|| PeriodicParams { frequency: std(every), num_members })
}

impl Parameters {
    /// The crate's configuration. A member that is down is told so, and nobody is ever forgotten, as the crate recommends
    /// where identities renew themselves.
    pub fn config(&self) -> Config {
        Config {
            probe_period: std(self.probe_period),
            probe_rtt: std(self.probe_rtt),
            num_indirect_probes: NonZeroUsize::new(self.indirect_probes as usize)
                .unwrap_or(NonZeroUsize::MIN),
            max_transmissions: NonZeroU8::new(self.max_transmissions).unwrap_or(NonZeroU8::MIN),
            suspect_to_down_after: std(self.suspect_to_down_after),
            remove_down_after: None,
            max_packet_size: NonZeroUsize::new(self.packet_bytes as usize).unwrap_or(NonZeroUsize::MIN),
            notify_down_members: true,
            periodic_announce: periodic(self.announce_every, 1),
            periodic_announce_to_down_members: periodic(self.announce_to_down_every, self.announce_to_down),
            periodic_gossip: periodic(self.gossip_every, 3),
        }
    }

    /// About how long it takes among so many until views agree where nothing goes wrong: everybody is probed (two rounds are
    /// the most that this takes) and may refute, and everybody who is down is tried by everybody.
    pub fn round(&self, members: u32) -> Duration {
        let n = u64::from(members.max(2));
        [
            self.probe_period.saturating_mul(2 * n),
            self.suspect_to_down_after.saturating_mul(2),
            self.announce_every.saturating_mul(n),
            self.announce_to_down_every.saturating_mul(2 * n),
            self.join_retry.saturating_mul(8),
        ]
        .into_iter()
        .fold(Duration::ZERO, Duration::saturating_add)
    }
}
