//! The possible causes of an event.

use super::event::{WORLD, What};
use super::tracer::Trace;
use crate::hash::FixedMap;
use crate::identity::Slot;
use crate::ordered::{OrderedMap, OrderedSet};

impl Trace {
    /// The causal cone of an event: everything that happened before it at the same slot, the sends of all messages
    /// that were delivered there, and so on backward (the happened-before relation of Lamport 1978). What befell the
    /// world as a whole before the event is in it too, since it may have decided which messages arrived. Indexes in
    /// ascending order, the event itself last; empty if there is no such event.
    pub fn cone(&self, event: usize) -> Vec<usize> {
        if event >= self.events.len() {
            return Vec::new();
        }
        let sends = self.sends();
        // Up to which event each slot's past belongs to the cone.
        let mut reach: OrderedMap<Slot, usize> = OrderedMap::from([(self.events[event].slot, event)]);
        let mut cone = OrderedSet::from([event]);
        for index in (0..=event).rev() {
            let slot = self.events[index].slot;
            let inside = index == event || slot == WORLD || reach.get(&slot).is_some_and(|end| index <= *end);
            if !inside {
                continue;
            }
            cone.insert(index);
            if let What::Deliver { id, .. } = self.events[index].what
                && let Some(send) = sends.get(&id).filter(|send| **send < index)
            {
                let end = reach.entry(self.events[*send].slot).or_insert(*send);
                *end = (*end).max(*send);
            }
        }
        cone.into_iter().collect()
    }

    /// Where each message was sent.
    fn sends(&self) -> FixedMap<u64, usize> {
        let mut sends = FixedMap::default();
        for (index, event) in self.events.iter().enumerate() {
            if let What::Send { id, .. } = event.what {
                sends.insert(id, index);
            }
        }
        sends
    }
}
