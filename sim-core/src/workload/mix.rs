//! How often each kind of operation is asked for.

use serde::{Deserialize, Serialize};

use crate::operation::ObjectModel;

/// Weights of the kinds of operations; they need not sum to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// Read a register, a list, a set or a bank.
    #[serde(alias = "get", skip_serializing_if = "zero")]
    pub read: u32,
    /// Write a register.
    #[serde(alias = "put", skip_serializing_if = "zero")]
    pub write: u32,
    /// Compare and swap.
    #[serde(skip_serializing_if = "zero")]
    pub cas: u32,
    /// Append to a list.
    #[serde(skip_serializing_if = "zero")]
    pub append: u32,
    /// Put at the tail of a queue.
    #[serde(skip_serializing_if = "zero")]
    pub enqueue: u32,
    /// Take from the head of a queue.
    #[serde(skip_serializing_if = "zero")]
    pub dequeue: u32,
    /// Add to a set.
    #[serde(skip_serializing_if = "zero")]
    pub add: u32,
    /// Take out of a set.
    #[serde(skip_serializing_if = "zero")]
    pub remove: u32,
    /// Move money between two accounts of a bank.
    #[serde(skip_serializing_if = "zero")]
    pub transfer: u32,
}

fn zero(weight: &u32) -> bool {
    *weight == 0
}

/// A kind of operation, as a mix names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperationKind {
    Read,
    Write,
    Cas,
    Append,
    Enqueue,
    Dequeue,
    Add,
    Remove,
    Transfer,
}

impl OperationKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Cas => "cas",
            Self::Append => "append",
            Self::Enqueue => "enqueue",
            Self::Dequeue => "dequeue",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Transfer => "transfer",
        }
    }

    const fn of(model: ObjectModel) -> &'static [Self] {
        match model {
            ObjectModel::Register | ObjectModel::Kv => &[Self::Read, Self::Write],
            ObjectModel::CasRegister => &[Self::Read, Self::Write, Self::Cas],
            ObjectModel::Append => &[Self::Read, Self::Append],
            ObjectModel::Queue => &[Self::Enqueue, Self::Dequeue],
            ObjectModel::Set => &[Self::Read, Self::Add, Self::Remove],
            ObjectModel::Bank => &[Self::Read, Self::Transfer],
        }
    }
}

impl Mix {
    /// The same with so many times as many reads.
    #[must_use]
    pub const fn with_reads(self, times: u32) -> Self {
        Self { read: self.read.saturating_mul(times), ..self }
    }

    /// The mix that a model is used with unless the scenario says otherwise.
    pub fn default_of(model: ObjectModel) -> Self {
        let none = Self::default();
        match model {
            ObjectModel::Register | ObjectModel::Kv => Self { read: 50, write: 50, ..none },
            ObjectModel::CasRegister => Self { read: 40, write: 30, cas: 30, ..none },
            ObjectModel::Append => Self { read: 50, append: 50, ..none },
            ObjectModel::Queue => Self { enqueue: 50, dequeue: 50, ..none },
            ObjectModel::Set => Self { read: 30, add: 50, remove: 20, ..none },
            ObjectModel::Bank => Self { read: 30, transfer: 70, ..none },
        }
    }

    fn weights(&self) -> [(OperationKind, u32); 9] {
        [
            (OperationKind::Read, self.read),
            (OperationKind::Write, self.write),
            (OperationKind::Cas, self.cas),
            (OperationKind::Append, self.append),
            (OperationKind::Enqueue, self.enqueue),
            (OperationKind::Dequeue, self.dequeue),
            (OperationKind::Add, self.add),
            (OperationKind::Remove, self.remove),
            (OperationKind::Transfer, self.transfer),
        ]
    }

    fn total(&self) -> u64 {
        self.weights().iter().map(|(_, weight)| u64::from(*weight)).sum()
    }

    /// This mix, or the model's own if no weight is set.
    pub fn or_default(self, model: ObjectModel) -> Self {
        if self.total() == 0 { Self::default_of(model) } else { self }
    }

    /// The first operation with a weight that the model does not have.
    pub(super) fn foreign_to(&self, model: ObjectModel) -> Option<&'static str> {
        let foreign =
            |kind: &OperationKind, weight: u32| weight > 0 && !OperationKind::of(model).contains(kind);
        self.weights().iter().find(|(kind, weight)| foreign(kind, *weight)).map(|(kind, _)| kind.name())
    }

    /// The kind that a uniformly drawn word picks.
    pub(super) fn pick(&self, word: u64) -> OperationKind {
        let mut left = crate::random::below(word, self.total());
        for (kind, weight) in self.weights() {
            if left < u64::from(weight) {
                return kind;
            }
            left -= u64::from(weight);
        }
        OperationKind::Read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Keyed, Purpose};

    #[test]
    fn kinds_come_up_by_weight() {
        let mix = Mix { read: 60, write: 25, cas: 15, ..Mix::default() };
        let keyed = Keyed::new(1, Purpose::Workload);
        let mut counts = [0_u32; 3];
        for i in 0..10_000 {
            match mix.pick(keyed.word(i, 0)) {
                OperationKind::Read => counts[0] += 1,
                OperationKind::Write => counts[1] += 1,
                OperationKind::Cas => counts[2] += 1,
                other => panic!("{other:?} has no weight"),
            }
        }
        assert!(counts[0].abs_diff(6_000) < 200 && counts[1].abs_diff(2_500) < 200, "{counts:?}");
    }

    #[test]
    fn every_model_has_a_mix_of_its_own_operations() {
        for model in ObjectModel::ALL {
            let mix = Mix::default().or_default(model);
            assert!(mix.total() > 0);
            assert_eq!(mix.foreign_to(model), None);
        }
    }
}
