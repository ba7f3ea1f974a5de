//! How far the homes of each key are equal, as their observations tell.

use std::collections::BTreeMap;

use sim_core::check::Seen;
use sim_core::identity::{NodeId, Slot};

use super::ring::Ring;
use super::vocabulary::{Record, Store, StoreObservation, Version};

/// What the homes of each key hold, and what others keep for them.
#[derive(Clone, Debug)]
pub(super) struct Agreement {
    ring: Ring,
    rows: BTreeMap<u64, Row>,
    /// By member: whether it is in the healed core.
    core: Vec<bool>,
    /// How many keys are not settled in the core.
    unsettled: usize,
}

/// One key.
#[derive(Clone, Debug, Default)]
struct Row {
    homes: Vec<(NodeId, Option<Record>)>,
    /// By whom and for whom it is kept.
    hints: Vec<(NodeId, NodeId, Record)>,
    unsettled: bool,
}

/// What a reader sees: a tombstone looks like nothing.
fn visible(record: Option<&Record>) -> Option<Version> {
    record.filter(|record| record.value.is_some()).map(|record| record.version)
}

impl Row {
    /// Whether the homes in the core are equal, and nobody there keeps something for one of them that would change it.
    fn is_settled(&self, core: &[bool]) -> bool {
        let inside = |node: &NodeId| core.get(node.index()).copied().unwrap_or(false);
        let mut homes = self.homes.iter().filter(|(home, _)| inside(home));
        let Some((_, first)) = homes.next() else { return true };
        let seen = visible(first.as_ref());
        homes.all(|(_, record)| visible(record.as_ref()) == seen)
            && self.hints.iter().filter(|(keeper, target, _)| inside(keeper) && inside(target)).all(
                |(_, target, hint)| {
                    let held = self.homes.iter().find(|(home, _)| home == target);
                    let held = held.and_then(|(_, record)| record.as_ref());
                    held.is_some_and(|held| held.version >= hint.version)
                        || visible(Some(hint)) == visible(held)
                },
            )
    }
}

impl Agreement {
    /// The kinds of observations that it follows.
    pub(super) const HEARS: &'static [&'static str] = &["Started", "Stored", "Dropped", "Hinted", "Unhinted"];

    pub(super) fn new(ring: Ring) -> Self {
        Self { ring, rows: BTreeMap::new(), core: Vec::new(), unsettled: 0 }
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

    /// Takes an observation of a member.
    pub(super) fn follow(&mut self, seen: &Seen<'_, Store>) {
        let node = seen.node;
        match *seen.observation {
            StoreObservation::Started => self.forget(node),
            StoreObservation::Stored { record } => {
                self.change(record.key, |row| put(row, node, Some(record)));
            }
            StoreObservation::Dropped { key, .. } => self.change(key, |row| put(row, node, None)),
            StoreObservation::Hinted { target, record } => self.change(record.key, |row| {
                row.hints.retain(|(keeper, of, _)| (*keeper, *of) != (node, target));
                row.hints.push((node, target, record));
            }),
            StoreObservation::Unhinted { target, key } => self.change(key, |row| {
                row.hints.retain(|(keeper, of, _)| (*keeper, *of) != (node, target));
            }),
            _ => {}
        }
    }

    /// A member begins anew, and will tell what it has.
    fn forget(&mut self, node: NodeId) {
        for row in self.rows.values_mut() {
            row.hints.retain(|(keeper, ..)| *keeper != node);
            row.homes.iter_mut().filter(|(home, _)| *home == node).for_each(|(_, record)| *record = None);
        }
        self.count_all();
    }

    fn change(&mut self, key: u64, change: impl FnOnce(&mut Row)) {
        let ring = &self.ring;
        let row = self.rows.entry(key).or_insert_with(|| Row {
            homes: ring.homes(key).iter().map(|home| (*home, None)).collect(),
            ..Row::default()
        });
        change(row);
        let unsettled = !row.is_settled(&self.core);
        let before = std::mem::replace(&mut row.unsettled, unsettled);
        self.unsettled = self.unsettled + usize::from(row.unsettled) - usize::from(before);
    }
}

fn put(row: &mut Row, node: NodeId, record: Option<Record>) {
    row.homes.iter_mut().filter(|(home, _)| *home == node).for_each(|(_, held)| *held = record);
}
