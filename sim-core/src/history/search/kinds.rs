//! Operations of one kind do the same: of several that may come next, only the one that must come first needs to be
//! tried. Whatever order has a later one here has the first one in its place, and the two exchanged it is an order as
//! well.

use super::NONE;
use crate::history::object::{Call, Object};
use crate::operation::{Operation, Reply};
use crate::ordered::OrderedMap;

/// The kind of each operation.
pub(super) struct Kinds {
    of: Vec<u32>,
    /// The step at which a kind was seen last.
    seen: Vec<u64>,
    step: u64,
}

impl Kinds {
    pub(super) fn new(object: &Object<'_>) -> Self {
        let mut known: OrderedMap<(u8, Option<u64>, u64), u32> = OrderedMap::new();
        let mut of = Vec::with_capacity(object.calls.len());
        for call in &object.calls {
            let next = u32::try_from(known.len()).unwrap_or(NONE);
            of.push(key(call).map_or(NONE, |key| *known.entry(key).or_insert(next)));
        }
        Self { of, seen: vec![0; known.len()], step: 0 }
    }

    /// Keeps of each kind the first operation. What changes nothing has no kind and is kept.
    pub(super) fn keep_first(&mut self, operations: &mut Vec<u32>, from: usize) {
        self.step += 1;
        let mut kept = from;
        for at in from..operations.len() {
            let operation = operations[at];
            let kind = self.of[operation as usize];
            if kind != NONE {
                let seen = &mut self.seen[kind as usize];
                if *seen == self.step {
                    continue;
                }
                *seen = self.step;
            }
            operations[kept] = operation;
            kept += 1;
        }
        operations.truncate(kept);
    }
}

/// What an operation does to whatever it may be applied to; `None` if it changes nothing.
fn key(call: &Call<'_>) -> Option<(u8, Option<u64>, u64)> {
    match (&call.operation, call.reply) {
        (_, Some(Reply::Mismatch)) => None,
        (Operation::Write { value, .. }, _) => Some((0, None, *value)),
        (Operation::Cas { from, to, .. }, _) => Some((1, *from, *to)),
        (Operation::Append { value, .. }, _) => Some((2, None, *value)),
        (Operation::Enqueue { value, .. }, _) => Some((3, None, *value)),
        (Operation::Dequeue { .. }, None) => Some((4, None, 0)),
        (Operation::Dequeue { .. }, Some(Reply::Value(Some(value)))) => Some((5, None, *value)),
        (Operation::Add { value, .. }, _) => Some((6, None, *value)),
        (Operation::Remove { value, .. }, _) => Some((7, None, *value)),
        (Operation::Transfer { from, to, amount, .. }, _) => {
            Some((8, Some((u64::from(*from) << 32) | u64::from(*to)), *amount))
        }
        _ => None,
    }
}
