//! The zone of a chain: between its first return and its last call.

use super::super::conflict::{Conflict, Reason};
use super::super::nearly::sort_nearly;
use super::super::object::Object;
use super::chains::Chains;
use super::value_of;

/// The times of one chain. Places are counted from 1; the unwritten value was written at 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zone {
    /// The first return, and the call it belongs to.
    first_return: u64,
    first: Option<u32>,
    /// The last call.
    last_call: u64,
    last: Option<u32>,
    /// A place at which the whole chain may stand, in relation to all others.
    pub(super) point: u64,
}

impl Zone {
    /// All of the chain is in force from its first return to its last call; otherwise it needs one moment between.
    fn forward(&self) -> bool {
        self.first_return <= self.last_call
    }
}

/// The zone of each chain, and the index of the operations behind it.
pub(super) struct Zones {
    pub(super) all: Vec<Zone>,
    overlap: Option<[Edge; 2]>,
}

/// An operation and the value that it showed.
#[derive(Clone, Copy, Debug)]
struct Edge {
    first: Option<(usize, Option<u64>)>,
    last: Option<(usize, Option<u64>)>,
}

pub(super) fn zones(object: &Object<'_>, chains: &Chains) -> Zones {
    let fresh = Zone { first_return: u64::MAX, first: None, last_call: 0, last: None, point: 0 };
    let mut all = vec![fresh; chains.count()];
    // The chain of the unwritten value comes first, and began before everything.
    if let Some(unwritten) = all.first_mut() {
        unwritten.first_return = 0;
    }
    for (i, call) in (0..).zip(&object.calls) {
        let Some((chain, _)) = chains.place(i) else { continue };
        let zone = &mut all[chain as usize];
        let returned = call.returned.saturating_add(1);
        if returned < zone.first_return {
            (zone.first_return, zone.first) = (returned, Some(i));
        }
        if call.call + 1 > zone.last_call {
            (zone.last_call, zone.last) = (call.call + 1, Some(i));
        }
    }
    let overlap = settle(&mut all).map(|(one, other)| [edge(object, &all[one]), edge(object, &all[other])]);
    Zones { all, overlap }
}

fn edge(object: &Object<'_>, zone: &Zone) -> Edge {
    let show = |i: u32| {
        let call = &object.calls[i as usize];
        (call.index, value_of(call).flatten())
    };
    Edge { first: zone.first.map(show), last: zone.last.map(show) }
}

/// Gives every zone its point, or finds two of which each must precede the other.
fn settle(all: &mut [Zone]) -> Option<(usize, usize)> {
    let mut forward: Vec<usize> = (0..all.len()).filter(|i| all[*i].forward()).collect();
    sort_nearly(&mut forward, |i| (all[*i].first_return, *i));
    for pair in forward.windows(2) {
        if all[pair[1]].first_return < all[pair[0]].last_call {
            return Some((pair[0], pair[1]));
        }
    }
    for i in &forward {
        all[*i].point = all[*i].first_return;
    }
    for i in 0..all.len() {
        let zone = all[i];
        if zone.forward() {
            continue;
        }
        let before = forward.partition_point(|j| all[*j].first_return < zone.last_call);
        let around = before.checked_sub(1).map(|place| forward[place]);
        match around.filter(|j| zone.last_call < all[*j].last_call) {
            Some(j) if zone.first_return < all[j].last_call => return Some((j, i)),
            // It begins inside a forward zone, and must stand after it.
            Some(j) => all[i].point = all[j].last_call,
            None => all[i].point = zone.last_call,
        }
    }
    None
}

/// The contradiction between two chains, if there is one.
pub(super) fn conflict(zones: &Zones) -> Option<Conflict> {
    let [one, other] = zones.overlap?;
    let all = [one.first, other.last, other.first, one.last];
    let operations = all.iter().flatten().map(|(index, _)| *index).collect();
    let value = |edge: Edge| edge.first.or(edge.last).and_then(|(_, value)| value);
    let reason = Reason::BothFirst { one: value(one), other: value(other) };
    Some(Conflict { operations, reason })
}
