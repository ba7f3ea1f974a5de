//! Counters.

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::Merge;

/// A counter that only grows: one count for each actor (G-counter).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GCounter(OrderedMap<NodeId, u64>);

impl GCounter {
    /// An actor counts so much more; saturating.
    pub fn add(&mut self, actor: NodeId, amount: u64) {
        if amount > 0 {
            let own = self.0.entry(actor).or_default();
            *own = own.saturating_add(amount);
        }
    }

    /// The sum of all that was counted.
    pub fn value(&self) -> u128 {
        self.0.values().map(|count| u128::from(*count)).sum()
    }
}

impl Merge for GCounter {
    fn merge(&mut self, other: &Self) {
        for (actor, count) in &other.0 {
            let own = self.0.entry(*actor).or_default();
            *own = (*own).max(*count);
        }
    }
}

/// A counter that goes both ways: two that grow (PN-counter).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PnCounter {
    up: GCounter,
    down: GCounter,
}

impl PnCounter {
    /// An actor counts up.
    pub fn add(&mut self, actor: NodeId, amount: u64) {
        self.up.add(actor, amount);
    }

    /// An actor counts down.
    pub fn subtract(&mut self, actor: NodeId, amount: u64) {
        self.down.add(actor, amount);
    }

    /// What was counted up, less what was counted down.
    pub fn value(&self) -> i128 {
        self.up.value().cast_signed() - self.down.value().cast_signed()
    }
}

impl Merge for PnCounter {
    fn merge(&mut self, other: &Self) {
        self.up.merge(&other.up);
        self.down.merge(&other.down);
    }
}
