//! The parameters of iroh-gossip, as they stand under `[cluster.iroh-gossip]`: the fields of its configuration, and what the
//! application does.

use iroh_gossip::proto::{Config, HyparviewConfig, PlumtreeConfig};
use seedstorm::sim_core;
use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

// As in the crate's defaults, which a swarm makes faster: a run of some seconds must have many shuffles.
sim_core::parameters! {
    /// How members find each other and broadcast.
    #[derive(Copy)]
    pub struct Parameters {
        /// How many neighbors a member has at most.
        active_view: u32 = 5, in 1..=64, drawn |_, _, dice| dice.within(2..=5) as u32;
        /// How many others it keeps in mind.
        passive_view: u32 = 30, in 1..=1_024, drawn |_, _, dice| dice.pick(&[4, 8, 30]);
        /// How often it shuffles those.
        shuffle_every: Duration = "60s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(250), 1..=4);
        /// How long it waits for the answer of somebody whom it asks to be a neighbor.
        neighbor_timeout: Duration = "500ms", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(100), 1..=5);
        /// How long it waits for the payload of what was announced.
        graft_timeout: Duration = "80ms", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(40), 1..=4);
        /// How often each member joins another one, whether or not it has neighbors. The crate leaves it to applications to
        /// bring the sides of a healed partition together.
        join_every: Duration = "10s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(500), 1..=4);
        /// How often each member broadcasts.
        broadcast_every: Duration = "1s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(100), 2..=10);
    }
}

const fn std(duration: Duration) -> std::time::Duration {
    std::time::Duration::from_nanos(duration.as_nanos())
}

impl Parameters {
    /// The crate's configuration.
    pub fn config(&self) -> Config {
        Config {
            membership: HyparviewConfig {
                active_view_capacity: self.active_view as usize,
                passive_view_capacity: self.passive_view as usize,
                shuffle_interval: std(self.shuffle_every),
                neighbor_request_timeout: std(self.neighbor_timeout),
                ..HyparviewConfig::default()
            },
            broadcast: PlumtreeConfig {
                graft_timeout_1: std(self.graft_timeout),
                graft_timeout_2: std(self.graft_timeout / 2),
                ..PlumtreeConfig::default()
            },
            ..Config::default()
        }
    }

    /// About how long it takes among so many until everybody has joined everybody and broadcast a few times.
    pub fn round(&self, members: u32) -> Duration {
        let n = u64::from(members.max(2));
        let joins = self.join_every.saturating_mul(2 * n);
        joins
            .saturating_add(self.broadcast_every.saturating_mul(4))
            .saturating_add(self.neighbor_timeout.saturating_mul(4))
    }
}
