//! Queues whose values are enqueued once. A history without open dequeues is linearizable exactly if it has none of
//! four patterns (Bouajjani, Emmi, Enea and Hamza, "On reducing linearizability to state reachability", 2015): a value
//! out of nowhere, a value taken twice, a value overtaken by a later one, and an empty answer while the queue cannot
//! have been empty.
//!
//! An enqueue that never returned and was never taken is left out. An open dequeue may have taken any value: without
//! it a history that passes is linearizable all the same; one that fails for a value that nobody took may not be.

use super::conflict::{Conflict, Outcome, Reason};
use super::object::{Call, Object};
use crate::hash::FixedMap;
use crate::operation::{Operation, Reply};

/// One value's way through the queue.
#[derive(Clone, Copy)]
struct Item<'a> {
    value: u64,
    put: Call<'a>,
    taken: Option<Call<'a>>,
}

impl Item<'_> {
    /// From when on it may have been taken; never, if it was not.
    fn out(&self) -> u64 {
        self.taken.map_or(u64::MAX, |taken| taken.call)
    }
}

/// Judges a queue.
pub(super) fn judge(object: &Object<'_>) -> Outcome {
    let items = match items(object) {
        Ok(Some(items)) => items,
        Ok(None) => return Outcome::Unsure,
        Err(conflict) => return Outcome::Illegal(conflict),
    };
    let taken: Vec<Item<'_>> = items.iter().filter(|item| item.taken.is_some()).copied().collect();
    if let Some(conflict) = overtaken(&taken) {
        return Outcome::Illegal(conflict);
    }
    // From here on it counts who was not taken.
    let conflict = overtaken(&items).or_else(|| full(object, &items));
    let open = |call: &Call<'_>| call.reply.is_none() && matches!(call.operation, Operation::Dequeue { .. });
    match conflict {
        None => Outcome::Linearizable,
        Some(_) if object.calls.iter().any(open) => Outcome::Unsure,
        Some(conflict) => Outcome::Illegal(conflict),
    }
}

/// Every value that matters; `None` if a value was enqueued twice.
fn items<'a>(object: &Object<'a>) -> Result<Option<Vec<Item<'a>>>, Conflict> {
    let mut items: Vec<Item<'a>> = Vec::new();
    let mut places = FixedMap::default();
    for call in &object.calls {
        if let Operation::Enqueue { value, .. } = call.operation {
            if places.insert(value, items.len()).is_some() {
                return Ok(None);
            }
            items.push(Item { value, put: *call, taken: None });
        }
    }
    for call in &object.calls {
        let Some(Reply::Value(Some(value))) = call.reply else { continue };
        let unknown = || conflict(&[*call], Reason::NeverWritten { value: *value });
        let item = &mut items[*places.get(value).ok_or_else(unknown)?];
        if let Some(other) = item.taken.replace(*call) {
            return Err(conflict(&[other, *call], Reason::TakenTwice { value: *value }));
        }
        if call.returned < item.put.call {
            return Err(conflict(&[*call, item.put], Reason::NeverWritten { value: *value }));
        }
    }
    items.retain(|item| item.taken.is_some() || item.put.reply.is_some());
    Ok(Some(items))
}

fn conflict(calls: &[Call<'_>], reason: Reason) -> Conflict {
    Conflict { operations: calls.iter().map(|call| call.index).collect(), reason }
}

/// Two values of which the first was put in before the second, and the second taken out before the first.
fn overtaken(items: &[Item<'_>]) -> Option<Conflict> {
    let mut put: Vec<&Item<'_>> = items.iter().collect();
    put.sort_unstable_by_key(|item| item.put.returned);
    let mut put = put.into_iter().peekable();
    let mut slowest: Option<&Item<'_>> = None;
    // Items are in the order of the calls that put them in.
    for item in items {
        while let Some(before) = put.next_if(|before| before.put.returned < item.put.call) {
            if slowest.is_none_or(|slowest| slowest.out() < before.out()) {
                slowest = Some(before);
            }
        }
        let (Some(first), Some(taken)) = (slowest, item.taken) else { continue };
        if taken.returned < first.out() {
            let mut calls = vec![first.put, item.put, taken];
            calls.extend(first.taken);
            let reason = Reason::Overtaken { first: first.value, second: item.value };
            return Some(conflict(&calls, reason));
        }
    }
    None
}

/// An empty answer, given while at every moment some value was in the queue for sure.
fn full(object: &Object<'_>, items: &[Item<'_>]) -> Option<Conflict> {
    let mut inside: Vec<(u64, u64)> = items
        .iter()
        .map(|item| (item.put.returned, item.out()))
        .filter(|(since, until)| since < until)
        .collect();
    inside.sort_unstable();
    // Periods without a moment between them are one.
    let mut periods: Vec<(u64, u64)> = Vec::new();
    for (since, until) in inside {
        match periods.last_mut() {
            Some((_, end)) if since < *end => *end = (*end).max(until),
            _ => periods.push((since, until)),
        }
    }
    let empty = |call: &&Call<'_>| {
        matches!(call.operation, Operation::Dequeue { .. }) && call.reply == Some(&Reply::Value(None))
    };
    let covered = |call: &&Call<'_>| {
        let before = periods.partition_point(|(since, _)| *since < call.call);
        before.checked_sub(1).is_some_and(|i| call.returned < periods[i].1)
    };
    let call = object.calls.iter().filter(empty).find(covered)?;
    Some(conflict(&[*call], Reason::NotEmpty))
}
