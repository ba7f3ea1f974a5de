//! Swaps that saw a mismatch, fitted into the order that the zones give.

use super::super::nearly::sort_nearly;
use super::super::object::{Call, Object};
use super::chains::{Chains, mismatch};
use super::zones::Zones;
use super::{value_of, writes};
use crate::hash::FixedMap;
use crate::operation::Operation;

/// Whether each swap that saw a mismatch has a place in the order where its value is not in force. If one has not,
/// another order might have room for it.
pub(super) fn all_fit(object: &Object<'_>, chains: &Chains, zones: &Zones) -> bool {
    let swaps: Vec<&Call<'_>> = object.calls.iter().filter(|call| mismatch(call)).collect();
    swaps.is_empty() || Line::new(object, chains, zones).fit(&swaps)
}

/// The operations in a linear order; gap `g` is just before operation `g`.
struct Line {
    /// `(return, gaps from here on)` by return: what had returned stands before.
    after: Vec<(u64, u32)>,
    /// `(call, first gap not allowed)` by call, the least of all later calls.
    before: Vec<(u64, u32)>,
    /// The gaps at which each value is in force: from the first up to, not including, the second.
    in_force: FixedMap<Option<u64>, (u32, u32)>,
    gaps: u32,
}

impl Line {
    fn new(object: &Object<'_>, chains: &Chains, zones: &Zones) -> Self {
        let mut order: Vec<(u64, u32, u64, u64, u32)> = (0..)
            .zip(&object.calls)
            .filter_map(|(i, call)| {
                let (chain, place) = chains.place(i)?;
                Some((zones.all[chain as usize].point, chain, place, call.call, i))
            })
            .collect();
        sort_nearly(&mut order, |item| *item);
        let calls: Vec<&Call<'_>> = order.iter().map(|(.., i)| &object.calls[*i as usize]).collect();
        let gaps = calls.len() as u32 + 1;
        Self { after: after(&calls), before: before(&calls), in_force: in_force(&calls, gaps), gaps }
    }

    /// Places the swaps one by one, in the order of their calls, each as early as it may stand.
    fn fit(&self, swaps: &[&Call<'_>]) -> bool {
        // The gaps of swaps that had not returned at the call before, and the furthest of those that had.
        let (mut open, mut settled): (Vec<(u64, u32)>, u32) = (Vec::new(), 0);
        for swap in swaps {
            open.retain(|(returned, gap)| {
                let done = *returned < swap.call;
                settled = if done { settled.max(*gap) } else { settled };
                !done
            });
            let mut gap = settled.max(self.from(swap.call));
            let Operation::Cas { from, .. } = swap.operation else { return false };
            if let Some((start, end)) = self.in_force.get(&from)
                && (*start..*end).contains(&gap)
            {
                gap = *end;
            }
            if gap >= self.until(swap.returned) {
                return false;
            }
            open.push((swap.returned, gap));
        }
        true
    }

    /// The first gap after everything that had returned by then.
    fn from(&self, event: u64) -> u32 {
        let known = self.after.partition_point(|(returned, _)| *returned < event);
        known.checked_sub(1).map_or(0, |last| self.after[last].1)
    }

    /// The first gap that is after something called later than this.
    fn until(&self, event: u64) -> u32 {
        let later = self.before.partition_point(|(call, _)| *call <= event);
        self.before.get(later).map_or(self.gaps, |(_, gap)| *gap)
    }
}

fn after(calls: &[&Call<'_>]) -> Vec<(u64, u32)> {
    let mut after: Vec<(u64, u32)> = (1..).zip(calls).map(|(gap, call)| (call.returned, gap)).collect();
    sort_nearly(&mut after, |item| *item);
    let mut furthest = 0;
    for (_, gap) in &mut after {
        furthest = furthest.max(*gap);
        *gap = furthest;
    }
    after
}

fn before(calls: &[&Call<'_>]) -> Vec<(u64, u32)> {
    let mut before: Vec<(u64, u32)> = (1..).zip(calls).map(|(gap, call)| (call.call, gap)).collect();
    sort_nearly(&mut before, |item| *item);
    let mut nearest = u32::MAX;
    for (_, gap) in before.iter_mut().rev() {
        nearest = nearest.min(*gap);
        *gap = nearest;
    }
    before
}

fn in_force(calls: &[&Call<'_>], gaps: u32) -> FixedMap<Option<u64>, (u32, u32)> {
    let mut in_force = FixedMap::default();
    let (mut value, mut since) = (None, 0);
    for (gap, call) in (1..).zip(calls) {
        if writes(call) {
            in_force.insert(value, (since, gap));
            (value, since) = (value_of(call).flatten(), gap);
        }
    }
    in_force.insert(value, (since, gaps));
    in_force
}
