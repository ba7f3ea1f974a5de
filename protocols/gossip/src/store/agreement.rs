//! How far the homes of each key are equal, as their observations tell.

use sim_core::check::Seen;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::holdings::Holdings;
use super::lineage::Lineage;
use super::parameters::Parameters;
use super::ring::Ring;
use super::vocabulary::{Record, Store, StoreObservation, Version};

/// What the homes of each key hold, and what others keep for them.
#[derive(Clone, Debug)]
pub(super) struct Agreement {
    ring: Ring,
    lineage: Lineage,
    rows: OrderedMap<u64, Row>,
    /// By member: whether it is in the healed core.
    core: Vec<bool>,
    /// How many keys are not settled in the core.
    unsettled: usize,
}

/// One key.
#[derive(Clone, Debug, Default)]
struct Row {
    homes: Vec<(NodeId, Vec<Record>)>,
    /// By whom and for whom it is kept.
    hints: Vec<(NodeId, NodeId, Record)>,
    unsettled: bool,
}

/// What a reader sees: a tombstone looks like nothing.
fn visible(records: &[Record]) -> impl Iterator<Item = Version> {
    records.iter().filter(|record| record.value.is_some()).map(|record| record.version)
}

/// Whether readers see the same in both.
fn look_alike(one: &[Record], other: &[Record]) -> bool {
    let among = |records: &[Record], version| visible(records).any(|known| known == version);
    visible(one).all(|version| among(other, version)) && visible(other).all(|version| among(one, version))
}

impl Row {
    /// What a home holds.
    fn held(&mut self, node: NodeId) -> Option<&mut Vec<Record>> {
        self.homes.iter_mut().find(|(home, _)| *home == node).map(|(_, held)| held)
    }

    /// Whether the homes in the core are equal, and nobody there keeps something for one of them.
    fn is_settled(&self, core: &[bool]) -> bool {
        let inside = |node: &NodeId| core.get(node.index()).copied().unwrap_or(false);
        let mut homes = self.homes.iter().filter(|(home, _)| inside(home));
        let Some((_, first)) = homes.next() else { return true };
        homes.all(|(_, records)| look_alike(records, first))
            && !self.hints.iter().any(|(keeper, target, _)| inside(keeper) && inside(target))
    }
}

impl Agreement {
    /// The kinds of observations that it follows.
    pub(super) const HEARS: &'static [&'static str] = &Holdings::HEARS;

    pub(super) fn new(parameters: &Parameters, ring: Ring) -> Self {
        let lineage = Lineage::new(parameters.conflicts);
        Self { ring, lineage, rows: OrderedMap::new(), core: Vec::new(), unsettled: 0 }
    }

    /// These are the core from now on.
    pub(super) fn set_core(&mut self, core: impl IntoIterator<Item = Slot>) {
        self.core = vec![false; self.ring.members()];
        for slot in core {
            if let Some(inside) = self.core.get_mut(slot.index()) {
                *inside = true;
            }
        }
        self.count_all();
    }

    /// How many keys are not equal at all homes in the core.
    pub(super) fn unsettled(&self) -> usize {
        self.unsettled
    }

    /// Keys that are not settled.
    pub(super) fn unsettled_keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.rows.iter().filter(|(_, row)| row.unsettled).map(|(key, _)| *key)
    }

    fn count_all(&mut self) {
        self.unsettled = 0;
        for row in self.rows.values_mut() {
            row.unsettled = !row.is_settled(&self.core);
            self.unsettled += usize::from(row.unsettled);
        }
    }

    /// Takes an observation of a member or client.
    pub(super) fn follow(&mut self, seen: &Seen<'_, Store>) {
        // Who comes after a lost disk runs in the same place.
        let node = NodeId(seen.slot.0);
        let siblings = self.lineage.keeps_siblings();
        match *seen.observation {
            StoreObservation::Started => self.forget(node),
            StoreObservation::Stored { record } => {
                self.change(record.key, |row| {
                    let Some(held) = row.held(node) else { return };
                    held.retain(|known| siblings && known.version != record.version);
                    held.push(record);
                });
            }
            StoreObservation::Superseded { key, version, .. }
            | StoreObservation::Dropped { key, version } => {
                self.change(key, |row| {
                    if let Some(held) = row.held(node) {
                        held.retain(|known| known.version != version);
                    }
                });
            }
            StoreObservation::Hinted { target, record } => self.change(record.key, |row| {
                let other = |version| siblings && version != record.version;
                row.hints
                    .retain(|(keeper, of, hint)| (*keeper, *of) != (node, target) || other(hint.version));
                row.hints.push((node, target, record));
            }),
            StoreObservation::Unhinted { target, key, version } => self.change(key, |row| {
                row.hints
                    .retain(|(keeper, of, hint)| (*keeper, *of, hint.version) != (node, target, version));
            }),
            _ => {
                self.lineage.follow(seen);
            }
        }
    }

    /// A member begins anew, and will tell what it has.
    fn forget(&mut self, node: NodeId) {
        for row in self.rows.values_mut() {
            row.hints.retain(|(keeper, ..)| *keeper != node);
            if let Some(held) = row.held(node) {
                held.clear();
            }
        }
        self.count_all();
    }

    fn change(&mut self, key: u64, change: impl FnOnce(&mut Row)) {
        let ring = &self.ring;
        let row = self.rows.entry(key).or_insert_with(|| Row {
            homes: ring.homes(key).iter().map(|home| (*home, Vec::new())).collect(),
            ..Row::default()
        });
        change(row);
        let unsettled = !row.is_settled(&self.core);
        let before = std::mem::replace(&mut row.unsettled, unsettled);
        self.unsettled = self.unsettled + usize::from(row.unsettled) - usize::from(before);
    }
}
