//! How long a message takes over one link.

use crate::distribution::{RegionSampler, Sampler};
use crate::network::NetworkModel;
use crate::process::Role;
use crate::random::Draw;
use crate::time::Duration;

use super::NetworkError;
use super::cut::SlotSet;
use super::hosts::HostSampler;
use super::pairs::LinkSampler;

#[derive(Clone, Debug)]
enum Law {
    Everywhere(Sampler),
    Regions(RegionSampler),
    Hosts(HostSampler),
    Links(LinkSampler),
}

/// The latency of each pair of slots, without a table of pairs.
#[derive(Clone, Debug)]
pub(super) struct Latency {
    law: Law,
    to_clients: Option<Sampler>,
    clients: SlotSet,
}

impl Latency {
    pub(super) fn new(
        model: &NetworkModel,
        members: u32,
        clients: u32,
        seed: u64,
    ) -> Result<Self, NetworkError> {
        model.latency.validate().map_err(NetworkError::Latency)?;
        let law = if let Some(hosts) = &model.hosts {
            hosts.jitter.validate().map_err(NetworkError::Latency)?;
            Law::Hosts(HostSampler::new(hosts, members))
        } else if let Some(links) = &model.links {
            [&links.latency, &links.jitter]
                .into_iter()
                .try_for_each(|law| law.validate().map_err(NetworkError::Latency))?;
            Law::Links(LinkSampler::new(links, seed))
        } else if let Some(matrix) = &model.regions {
            Law::Regions(matrix.compile(members, clients)?)
        } else {
            Law::Everywhere(model.latency.compile())
        };
        if let Some(law) = &model.client_latency {
            law.validate().map_err(NetworkError::ClientLatency)?;
        }
        let to_clients = model.client_latency.as_ref().map(crate::distribution::Distribution::compile);
        let mut latency = Self { law, to_clients, clients: SlotSet::default() };
        for slot in members..members + clients {
            latency.assign(slot as usize, Role::Client);
        }
        Ok(latency)
    }

    pub(super) fn assign(&mut self, slot: usize, role: Role) {
        if role == Role::Client {
            self.clients.insert(slot);
        }
    }

    /// A latency over the link between two slots; the first word is given, further ones come from `more`.
    #[inline(always)]
    pub(super) fn hop(&self, from: usize, to: usize, word: u64, more: &mut Draw) -> Duration {
        if let Some(law) = &self.to_clients
            && (self.clients.has(from) || self.clients.has(to))
        {
            return law.sample(word, more);
        }
        match &self.law {
            Law::Everywhere(law) => law.sample(word, more),
            Law::Regions(regions) => regions.sample(from, to, word, more),
            Law::Hosts(hosts) => hosts.sample(from, to, word, more),
            Law::Links(links) => links.sample(from, to, word, more),
        }
    }
}
