//! Deeds that wait for the disk. One sync is under way at a time; what is signed meanwhile waits for the next one, so that
//! a slow disk is asked once for many votes.

use sim_core::process::SyncId;

use super::super::instance::Act;
use super::super::vocabulary::Broadcast;

/// Something that a member does in a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) broadcast: Broadcast,
    pub(super) act: Act,
}

/// What becomes of deeds that are done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// They are shown at once: nothing that they rest on waits for the disk.
    Free,
    /// They are shown when this sync, which is under way, is done.
    Held(SyncId),
    /// They wait for a sync that has not begun.
    Waits,
}

/// The deeds of one incarnation that are not settled yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Deeds {
    last_sync: u64,
    /// The sync under way and what it settles.
    syncing: Option<(SyncId, Vec<Deed>)>,
    /// What the next sync will settle, in order.
    waiting: Vec<Deed>,
    /// Whether the last sync failed: the next one waits for a timer.
    failed: bool,
}

impl Deeds {
    /// Takes deeds in. If they wait, [`Deeds::begin`] may begin the sync that they wait for.
    pub(super) fn take(&mut self, deeds: &[Deed]) -> Fate {
        let signs = deeds.iter().any(|deed| matches!(deed.act, Act::Cast(..)));
        if signs || !self.waiting.is_empty() {
            self.waiting.extend_from_slice(deeds);
            return Fate::Waits;
        }
        match &mut self.syncing {
            Some((id, settles)) => {
                settles.extend_from_slice(deeds);
                Fate::Held(*id)
            }
            None => Fate::Free,
        }
    }

    /// Begins a sync for everything that waits, unless one is under way, nothing waits, or the disk has just failed.
    pub(super) fn begin(&mut self) -> Option<(SyncId, Vec<Deed>)> {
        if self.syncing.is_some() || self.waiting.is_empty() || self.failed {
            return None;
        }
        self.last_sync += 1;
        let begun = (SyncId(self.last_sync), std::mem::take(&mut self.waiting));
        self.syncing = Some(begun.clone());
        Some(begun)
    }

    /// The sync under way is done: what it settled.
    pub(super) fn succeed(&mut self, id: SyncId) -> Vec<Deed> {
        self.syncing.take_if(|(syncing, _)| *syncing == id).map_or_else(Vec::new, |(_, settled)| settled)
    }

    /// The sync under way failed: what it held back is lost to the world and waits again, before everything else.
    pub(super) fn fail(&mut self, id: SyncId) {
        let mut lost = self.succeed(id);
        lost.append(&mut self.waiting);
        self.waiting = lost;
        self.failed = true;
    }

    /// A failed disk is tried again.
    pub(super) fn retry(&mut self) {
        self.failed = false;
    }
}
