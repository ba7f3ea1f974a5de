//! Calls and returns of one object as a doubly linked list in event order: placing an operation takes both out, taking
//! it back puts both in again.

use super::NONE;
use crate::history::object::Object;

#[derive(Clone, Copy)]
struct CallOrReturn {
    operation: u32,
    returns: bool,
    before: u32,
    after: u32,
}

pub(super) struct Events {
    events: Vec<CallOrReturn>,
    /// The event of each call and return; `NONE` for a return that never comes.
    call_at: Vec<u32>,
    return_at: Vec<u32>,
}

impl Events {
    pub(super) fn new(object: &Object<'_>) -> Self {
        let calls = &object.calls;
        let mut order: Vec<(u64, bool, u32)> = Vec::with_capacity(2 * calls.len());
        for (i, call) in (0..).zip(calls) {
            order.push((call.call, false, i));
            if call.returned != u64::MAX {
                order.push((call.returned, true, i));
            }
        }
        order.sort_unstable();
        let (mut call_at, mut return_at) = (vec![NONE; calls.len()], vec![NONE; calls.len()]);
        // Event 0 is the head of the list.
        let mut events = vec![CallOrReturn { operation: NONE, returns: false, before: NONE, after: NONE }];
        for (at, (_, returns, operation)) in (1..).zip(order) {
            let places = if returns { &mut return_at } else { &mut call_at };
            places[operation as usize] = at;
            events[at as usize - 1].after = at;
            events.push(CallOrReturn { operation, returns, before: at - 1, after: NONE });
        }
        Self { events, call_at, return_at }
    }

    /// How many operations return.
    pub(super) fn returns(&self) -> usize {
        self.return_at.iter().filter(|at| **at != NONE).count()
    }

    pub(super) fn returns_ever(&self, operation: u32) -> bool {
        self.return_at[operation as usize] != NONE
    }

    /// The operations that may come next: those that are called before the first return that is left, and the one
    /// that returns there.
    pub(super) fn open(&self) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.events[0].after;
        std::iter::from_fn(move || {
            let event = self.events.get(at as usize).filter(|event| !event.returns)?;
            at = event.after;
            Some(event.operation)
        })
    }

    pub(super) fn unlink(&mut self, operation: u32) {
        for at in [self.call_at[operation as usize], self.return_at[operation as usize]] {
            if at != NONE {
                let CallOrReturn { before, after, .. } = self.events[at as usize];
                self.events[before as usize].after = after;
                if after != NONE {
                    self.events[after as usize].before = before;
                }
            }
        }
    }

    /// Takes back the latest [`Events::unlink`].
    pub(super) fn link(&mut self, operation: u32) {
        for at in [self.return_at[operation as usize], self.call_at[operation as usize]] {
            if at != NONE {
                let CallOrReturn { before, after, .. } = self.events[at as usize];
                self.events[before as usize].after = at;
                if after != NONE {
                    self.events[after as usize].before = at;
                }
            }
        }
    }
}
