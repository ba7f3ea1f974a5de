//! Deeds that wait for the disk: what a sync holds back, and what a failed sync lost.

use sim_core::process::SyncId;

use super::super::instance::Act;
use super::super::vocabulary::Broadcast;

/// Something that a member does in a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) broadcast: Broadcast,
    pub(super) act: Act,
}

/// The deeds of one incarnation that are not settled yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Deeds {
    last_sync: u64,
    /// Oldest first.
    syncing: Vec<(SyncId, Vec<Deed>)>,
    /// Lost by failed syncs, in order.
    stuck: Vec<Deed>,
}

impl Deeds {
    /// These deeds wait for a new sync.
    pub(super) fn begin(&mut self, deeds: Vec<Deed>) -> SyncId {
        self.last_sync += 1;
        let id = SyncId(self.last_sync);
        self.syncing.push((id, deeds));
        id
    }

    /// These deeds need no sync of their own, but wait for the youngest one that is under way, if there is one.
    pub(super) fn join(&mut self, deeds: &[Deed]) -> Option<SyncId> {
        let (id, waiting) = self.syncing.last_mut()?;
        waiting.extend_from_slice(deeds);
        Some(*id)
    }

    /// With no sync under way but lost deeds to do again, these deeds wait for that; false if there are none.
    pub(super) fn wait_for_disk(&mut self, deeds: &[Deed]) -> bool {
        let waits = !self.stuck.is_empty();
        if waits {
            self.stuck.extend_from_slice(deeds);
        }
        waits
    }

    /// A sync is done: its deeds are settled.
    pub(super) fn succeed(&mut self, id: SyncId) -> Vec<Deed> {
        let place = self.syncing.iter().position(|(syncing, _)| *syncing == id);
        place.map_or_else(Vec::new, |place| self.syncing.remove(place).1)
    }

    /// A sync failed: its deeds are lost and must be done again.
    pub(super) fn fail(&mut self, id: SyncId) {
        let lost = self.succeed(id);
        self.stuck.extend(lost);
    }

    /// What must be done again, now.
    pub(super) fn take_stuck(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.stuck)
    }
}
