//! First in, first out: what is put in as the n-th is taken out as the n-th. Real time leaves each take a few places, and so
//! each put: one that no take can match is found when it is placed, not a hundred operations later.

use crate::history::object::Object;
use crate::operation::{Operation, Reply};
use crate::ordered::OrderedMap;

/// The places that takes leave to values.
pub(super) struct Fifo {
    /// For each value, the first places that its takes may have, in order.
    first: OrderedMap<u64, Vec<usize>>,
    /// For each value, the last places that its takes may have, in order.
    last: OrderedMap<u64, Vec<usize>>,
    /// The values of the takes whose last place each place is.
    due: Vec<Vec<u64>>,
}

impl Fifo {
    /// `None` if some take may have got anything, or none, so that nobody knows how many there are.
    pub(super) fn new(object: &Object<'_>) -> Option<Self> {
        let mut takes = Vec::new();
        for call in &object.calls {
            match (&call.operation, call.reply) {
                (Operation::Dequeue { .. }, None) => return None,
                (Operation::Dequeue { .. }, Some(Reply::Value(Some(value)))) => takes.push((call, *value)),
                _ => {}
            }
        }
        let mut calls: Vec<u64> = takes.iter().map(|(call, _)| call.call).collect();
        let mut returns: Vec<u64> = takes.iter().map(|(call, _)| call.returned).collect();
        calls.sort_unstable();
        returns.sort_unstable();
        let mut fifo =
            Self { first: OrderedMap::new(), last: OrderedMap::new(), due: vec![Vec::new(); takes.len()] };
        for (call, value) in takes {
            let first = returns.partition_point(|returned| *returned < call.call);
            let last = calls.partition_point(|other| *other < call.returned) - 1;
            fifo.first.entry(value).or_default().push(first);
            fifo.last.entry(value).or_default().push(last);
            fifo.due[last].push(value);
        }
        fifo.first.values_mut().chain(fifo.last.values_mut()).for_each(|places| places.sort_unstable());
        Some(fifo)
    }

    /// Whether takes can match what was put in, once a value is put in at a place; `count` says how often each value was
    /// put in up to there.
    pub(super) fn allows(&self, value: u64, place: usize, count: impl Fn(u64) -> usize) -> bool {
        let Some(due) = self.due.get(place) else { return true };
        let up_to = |places: &OrderedMap<u64, Vec<usize>>, value: &u64| {
            places.get(value).map_or(0, |places| places.partition_point(|own| *own <= place))
        };
        count(value) <= up_to(&self.first, &value)
            && due.iter().all(|value| count(*value) >= up_to(&self.last, value))
    }
}
