//! How messages travel, as a scenario says it.

use serde::{Deserialize, Serialize};

use crate::distribution::{Distribution, RegionMatrix};
use crate::graph::Topology;
use crate::network::{Bandwidth, HostLatency, LinkLatency};
use crate::process::Lane;
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
    /// Latency by link instead, drawn once and kept, if given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<LinkLatency>,
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
    /// Bytes per second that slots can send, if limited.
    pub bandwidth: Option<Bandwidth>,
    /// Bytes that may wait to be sent at a slot with limited bandwidth; what exceeds it is dropped (datagram) or waits
    /// (stream).
    pub queue_bytes: Option<u64>,
    /// How long the coalition of traitors may hold back messages between others; not at all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coalition_delay: Option<Duration>,
    /// Who is linked to whom; a full mesh if absent.
    pub topology: Option<Topology>,
    /// The lane of every message, whatever the protocol says of it. A protocol that counts on streams and gets datagrams has
    /// lost what it promises under: what is found then has the verdict assumption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
}

impl Default for NetworkModel {
    fn default() -> Self {
        Self {
            latency: Distribution::Uniform { min: Duration::from_millis(1), max: Duration::from_millis(10) },
            regions: None,
            hosts: None,
            links: None,
            client_latency: None,
            loss: Ratio::ZERO,
            duplicate: Ratio::ZERO,
            corrupt: Ratio::ZERO,
            retransmit_after: Duration::from_millis(200),
            bandwidth: None,
            queue_bytes: None,
            coalition_delay: None,
            topology: None,
            lane: None,
        }
    }
}

impl NetworkModel {
    /// The shortest and the longest time that a message takes, whatever is drawn, faults aside; no longest one where there is
    /// no bound. Where bandwidth is limited messages queue, and on a sparse topology they take several links: there is no
    /// bound either. Links of clients with a latency of their own do not count.
    pub fn bounds(&self) -> (Duration, Option<Duration>) {
        let (least, most) = self.bounds_of_links();
        (least, most.filter(|_| self.bandwidth.is_none() && self.topology.is_none()))
    }

    fn bounds_of_links(&self) -> (Duration, Option<Duration>) {
        let with = |(least, most): (Duration, Option<Duration>), jitter: &Distribution| {
            let (less, more) = jitter.bounds();
            (least.saturating_add(less), most.zip(more).map(|(most, more)| most.saturating_add(more)))
        };
        if let Some(hosts) = &self.hosts {
            let (least, most) = hosts.latency.bounds();
            return with((least, Some(most)), &hosts.jitter);
        }
        if let Some(links) = &self.links {
            return with(links.latency.bounds(), &links.jitter);
        }
        let Some(regions) = &self.regions else { return self.latency.bounds() };
        let all = regions.latency.iter().flatten().map(Distribution::bounds);
        let wider = |(least, most): (Duration, Option<Duration>),
                     (less, more): (Duration, Option<Duration>)| {
            (least.min(less), most.zip(more).map(|(most, more)| most.max(more)))
        };
        all.reduce(wider).unwrap_or_else(|| self.latency.bounds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::HostMatrix;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn bounds_are_those_of_whatever_decides_the_latency() {
        let between = |least, most| Distribution::Uniform { min: ms(least), max: ms(most) };
        let plain = NetworkModel { latency: between(2, 3), ..NetworkModel::default() };
        assert_eq!(plain.bounds(), (ms(2), Some(ms(3))));
        let narrow = NetworkModel { bandwidth: Some(Bandwidth::Everywhere(1_000)), ..plain.clone() };
        assert_eq!(narrow.bounds(), (ms(2), None), "messages queue");
        let latency = vec![vec![between(1, 2), between(7, 9)], vec![between(5, 6), between(3, 4)]];
        let matrix = RegionMatrix {
            regions: vec!["a".to_owned(), "b".to_owned()],
            latency,
            placement: Default::default(),
            clients: Default::default(),
        };
        let regions = NetworkModel { regions: Some(matrix), ..plain.clone() };
        assert_eq!(regions.bounds(), (ms(1), Some(ms(9))));
        let links = LinkLatency { latency: between(4, 8), jitter: between(1, 2), asymmetric: false };
        let links = NetworkModel { links: Some(links), ..regions.clone() };
        assert_eq!(links.bounds(), (ms(5), Some(ms(10))));
        let latency = HostMatrix::new(2, vec![6_000, 20_000, 30_000, 6_000]).unwrap();
        let endless = Distribution::Exponential { mean: ms(1) };
        let hosts = NetworkModel { hosts: Some(HostLatency { latency, jitter: endless }), ..links };
        assert_eq!(hosts.bounds(), (ms(6), None));
    }
}
