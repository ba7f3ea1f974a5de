//! How messages travel, as a scenario says it.

use serde::{Deserialize, Serialize};

use crate::distribution::{Distribution, RegionMatrix};
use crate::graph::Topology;
use crate::network::HostLatency;
use crate::ratio::Ratio;
use crate::time::Duration;

/// How messages travel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkModel {
    /// One-way latency between any two slots.
    pub latency: Distribution,
    /// Latency by region instead, if given.
    pub regions: Option<RegionMatrix>,
    /// Latency by pair of hosts instead, if given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<HostLatency>,
    /// One-way latency between clients and members, if it differs (0 is allowed).
    pub client_latency: Option<Distribution>,
    /// Probability that a datagram is lost; on a stream it is a retransmission.
    pub loss: Ratio,
    /// Probability that a datagram arrives twice.
    pub duplicate: Ratio,
    /// Probability that a bit flips in a message; a checksum finds it.
    pub corrupt: Ratio,
    /// How long a stream waits before it sends a lost message again; doubles with each loss of the same message.
    pub retransmit_after: Duration,
    /// Bytes per second that a slot can send, if limited.
    pub bandwidth: Option<u64>,
    /// Bytes that may wait to be sent at a slot with limited bandwidth; what exceeds it is dropped (datagram) or waits
    /// (stream).
    pub queue_bytes: Option<u64>,
    /// How long the coalition of traitors may hold back messages between others; not at all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coalition_delay: Option<Duration>,
    /// Who is linked to whom; a full mesh if absent.
    pub topology: Option<Topology>,
}

impl Default for NetworkModel {
    fn default() -> Self {
        Self {
            latency: Distribution::Uniform { min: Duration::from_millis(1), max: Duration::from_millis(10) },
            regions: None,
            hosts: None,
            client_latency: None,
            loss: Ratio::ZERO,
            duplicate: Ratio::ZERO,
            corrupt: Ratio::ZERO,
            retransmit_after: Duration::from_millis(200),
            bandwidth: None,
            queue_bytes: None,
            coalition_delay: None,
            topology: None,
        }
    }
}
