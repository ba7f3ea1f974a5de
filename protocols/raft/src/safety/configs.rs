//! The configuration that each server uses: the last one in its log, as its observations tell.

use sim_core::check::Seen;
use sim_core::identity::{NodeId, Slot};

use crate::configuration::{Config, Configuration, genesis};
use crate::vocabulary::RaftObservation;
use sim_core::check::BySlot;
use sim_core::process::Protocol;

/// The configurations in each server's log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configs {
    genesis: Config,
    appended: BySlot<Vec<(u64, Config)>>,
}

impl Configs {
    /// Of a cluster whose members all vote but for the last few, who are learners.
    pub(crate) fn new(members: u32, learners: u32) -> Self {
        let genesis = genesis(&(0..members).map(NodeId).collect::<Vec<_>>(), learners).into();
        Self { genesis, appended: BySlot::default() }
    }

    /// Takes an observation of a server. Only a few kinds change a configuration.
    #[inline(never)]
    pub(crate) fn follow<P: Protocol<Observation = RaftObservation>>(&mut self, seen: &Seen<'_, P>) {
        match *seen.observation {
            RaftObservation::ConfigAppended { index, ref config, .. } => {
                let appended = self.appended.at(seen.slot);
                appended.retain(|(at, _)| *at < index);
                appended.push((index, config.clone()));
            }
            RaftObservation::Truncated { from } => self.appended.at(seen.slot).retain(|(at, _)| *at < from),
            RaftObservation::Recovered { .. } => self.appended.reset(seen.slot),
            _ => {}
        }
    }

    /// What the cluster begins with.
    pub(super) fn first(&self) -> &Configuration {
        &self.genesis.0
    }

    /// The configuration that a server uses.
    pub(super) fn of(&self, slot: Slot) -> &Configuration {
        self.last(slot).map_or(&self.genesis.0, |(_, config)| &config.0)
    }

    /// The last configuration in a server's log up to an index, and where, if that is known.
    pub(crate) fn up_to(&self, slot: Slot, index: u64) -> Option<&(u64, Config)> {
        self.appended.get(slot)?.iter().rev().find(|(at, _)| *at <= index)
    }

    /// The last configuration that a server appended, and where.
    pub(super) fn last(&self, slot: Slot) -> Option<&(u64, Config)> {
        self.appended.get(slot).and_then(|appended| appended.last())
    }
}
